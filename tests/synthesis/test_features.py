"""The grammar covers SQL as the issue lists it, on the hand-written schemas and on a database of one's own."""

import random

import pytest
from sqlglot import exp

from sqlreason.synthesis.queries.grammar import compose
from sqlreason.synthesis.schema.annotated_schema import load_annotated_schemas
from sqlreason.synthesis.schema.from_database import read_source
from sqlreason.synthesis.schema.rows import sample_contents

SHOP = """
CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT, referrer_id INTEGER REFERENCES
  customers, joined_at TIMESTAMP NOT NULL);
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers, status TEXT NOT
  NULL, placed_on DATE NOT NULL, total REAL NOT NULL);
CREATE TABLE lines (line_id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders, product_id INTEGER NOT
  NULL REFERENCES products, quantity INTEGER NOT NULL);
CREATE TABLE products (product_id INTEGER PRIMARY KEY, title TEXT NOT NULL, price REAL NOT NULL,
  category TEXT NOT NULL);
"""


def tables_read(tree):
    return len({table.name for table in tree.find_all(exp.Table)})


def correlated(tree):
    """Whether a subquery names a table that only the query around it reads."""
    for inner in tree.find_all(exp.Subquery, exp.Exists):
        select = inner.this
        if isinstance(select, exp.Select):
            here = {table.alias_or_name for table in select.find_all(exp.Table)}
            if any(column.table and column.table not in here for column in select.find_all(exp.Column)):
                return True
    return False


def scalar(tree):
    return any(isinstance(inner.parent, exp.Binary) for inner in tree.find_all(exp.Subquery))


def self_join(tree):
    return any(
        join.this.name == tree.args["from_"].this.name
        for join in tree.args.get("joins") or ()
        if isinstance(join.this, exp.Table) and isinstance(tree.args["from_"].this, exp.Table)
    )


FEATURES = {
    "range": lambda t: t.find(exp.Between), "IN": lambda t: any(i.expressions for i in t.find_all(exp.In)),
    "LIKE": lambda t: t.find(exp.Like), "NULL": lambda t: t.find(exp.Is), "OR": lambda t: t.find(exp.Or),
    "date": lambda t: any(lit.is_string and lit.this[:2] in ("19", "20") for lit in t.find_all(exp.Literal)),
    "DISTINCT": lambda t: t.args.get("distinct"), "ORDER": lambda t: t.args.get("order"),
    "LIMIT": lambda t: t.args.get("limit"), "aggregate": lambda t: t.find(exp.AggFunc),
    "GROUP": lambda t: t.find(exp.Group), "HAVING": lambda t: t.find(exp.Having),
    "two tables": lambda t: t.find(exp.Join) and tables_read(t) == 2,
    "three tables": lambda t: t.find(exp.Join) and tables_read(t) == 3,
    "four tables": lambda t: t.find(exp.Join) and tables_read(t) == 4,
    "left join": lambda t: any(join.side == "LEFT" for join in t.find_all(exp.Join)), "self join": self_join,
    "scalar subquery": scalar, "correlated subquery": correlated, "EXISTS": lambda t: t.find(exp.Exists),
    "IN subquery": lambda t: any(i.args.get("query") for i in t.find_all(exp.In)),
    "UNION": lambda t: isinstance(t, exp.Union), "INTERSECT": lambda t: isinstance(t, exp.Intersect),
    "EXCEPT": lambda t: isinstance(t, exp.Except), "CASE": lambda t: t.find(exp.Case), "CTE": lambda t: t.find(exp.CTE),
    "window": lambda t: t.find(exp.Window), "INSERT": lambda t: isinstance(t, exp.Insert),
    "UPDATE": lambda t: isinstance(t, exp.Update), "DELETE": lambda t: isinstance(t, exp.Delete),
}  # fmt: skip


def features(draw):
    """The features of queries that are drawn until none is missing."""
    missing = set(FEATURES)
    for _ in range(3000):
        tree = draw()
        missing -= {name for name in missing if FEATURES[name](tree)}
        if not missing:
            break
    return set(FEATURES) - missing


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    path = tmp_path_factory.mktemp("features") / "shop.sql"
    path.write_text(SHOP)
    source = read_source(str(path))
    rng = random.Random(1)
    contents = source.fill(rng)
    return features(lambda: compose(source.annotated_schema, rng, None, contents).tree)


@pytest.fixture(scope="module")
def embedded():
    rng, annotated_schemas = random.Random(1), load_annotated_schemas()

    def draw():
        annotated_schema = rng.choice(annotated_schemas)
        joins_often = {"joins": 8}  # of four tables: few of the hand-written schemas have as many in a row
        return compose(annotated_schema, rng, joins_often, sample_contents(annotated_schema, rng)).tree

    return features(draw)


@pytest.mark.parametrize("name", FEATURES)
def test_a_feature_occurs_for_one_s_own_database(own, name):
    assert name in own


@pytest.mark.parametrize("name", FEATURES)
def test_a_feature_occurs_in_the_hand_written_schemas(embedded, name):
    assert name in embedded
