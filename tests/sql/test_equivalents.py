"""Rules for changes that change nothing: named cases, and a check of every claim on drawn databases."""

import pytest
from sqlglot import exp

from sqlreason.sql.databases.preparation import draw_databases
from sqlreason.sql.databases.styles import SUITES
from sqlreason.sql.mutation.equivalents import Equivalents
from sqlreason.sql.parsing.queries import read_query
from sqlreason.sql.parsing.schema import parse_schema
from sqlreason.sql.verifier import Task, Verifier

SHOP = """
CREATE TABLE shops (shop_id INTEGER PRIMARY KEY, town TEXT, area INT);
CREATE TABLE staff (staff_id INTEGER PRIMARY KEY, shop_id INT NOT NULL, name TEXT, hours INT, boss_id INT,
    FOREIGN KEY (shop_id) REFERENCES shops(shop_id));
INSERT INTO shops VALUES (1, 'Rome', 50), (2, 'Oslo', 80), (3, 'Rome', 80);
INSERT INTO staff VALUES (1, 1, 'Ann', 20, NULL), (2, 1, 'Bob', 40, 1), (3, 2, 'Ann', 40, 1);
"""
SCHEMA = parse_schema(SHOP)
JOIN = "FROM staff JOIN shops ON staff.shop_id = shops.shop_id"
# query, whether DISTINCT changes nothing in its outermost SELECT
DISTINCTS = [
    ("SELECT shop_id, town FROM shops", True),
    ("SELECT * FROM shops", True),
    ("SELECT town FROM shops", False),
    ("SELECT town FROM shops WHERE shop_id = 2", True),
    ("SELECT town FROM shops WHERE shop_id > 1", False),
    ("SELECT town, COUNT(*) FROM shops GROUP BY town", True),
    ("SELECT COUNT(*) FROM shops GROUP BY town", False),
    ("SELECT MAX(area) FROM shops", True),
    (f"SELECT staff.staff_id, shops.town {JOIN}", True),
    (f"SELECT shops.shop_id, shops.town {JOIN}", False),
    (f"SELECT staff.name, shops.town {JOIN}", False),
    ("SELECT shops.shop_id FROM shops LEFT JOIN staff ON staff.shop_id = shops.shop_id", False),
    ("SELECT staff.staff_id FROM shops LEFT JOIN staff ON staff.shop_id = shops.shop_id", False),
    ("SELECT staff.staff_id FROM staff LEFT JOIN shops ON staff.shop_id = shops.shop_id", True),
    ("SELECT staff.staff_id FROM staff, shops", False),
    ("SELECT town FROM shops UNION SELECT name FROM staff", True),
    ("SELECT town FROM shops UNION ALL SELECT name FROM staff", False),
]
# query, whether INNER and LEFT are the same for its first join
SIDES = [
    (f"SELECT staff.name {JOIN}", True),
    ("SELECT shops.town FROM shops JOIN staff ON staff.shop_id = shops.shop_id", False),
    ("SELECT shops.town FROM shops JOIN staff ON staff.shop_id = shops.shop_id WHERE staff.hours > 30", True),
    ("SELECT shops.town FROM shops JOIN staff ON staff.shop_id = shops.shop_id WHERE shops.area > 50", False),
    ("SELECT shops.town FROM shops JOIN staff ON staff.shop_id = shops.shop_id WHERE COALESCE(hours, 0) < 9", False),
    ("SELECT s.name FROM staff s JOIN staff b ON s.boss_id = b.staff_id", False),
    (f"SELECT staff.name {JOIN} AND shops.area > 60", False),
]


@pytest.fixture(scope="module")
def verifier():
    with Verifier() as shared:
        yield shared


def _agree(verifier: Verifier, sql: str, changed: exp.Expr) -> bool:
    task = Task("", sql, (SHOP,))
    scripts = [text for seed in range(3) for text in draw_databases(task, SCHEMA, SUITES["strict"], seed)]
    (verdict,) = verifier.verify(Task("", sql, (SHOP, *scripts)), [changed.sql("sqlite")])
    return verdict.agrees


@pytest.mark.parametrize(("sql", "same"), DISTINCTS)
def test_distinct_is_known_to_change_nothing(verifier, sql, same) -> None:
    tree = read_query(sql, SCHEMA)
    select = next(tree.find_all(exp.Select))
    assert Equivalents(SCHEMA).keeps_distinct(select) == same
    select.set("distinct", exp.Distinct())
    assert _agree(verifier, sql, tree) == same


@pytest.mark.parametrize(("sql", "same"), SIDES)
def test_an_outer_join_is_known_to_change_nothing(verifier, sql, same) -> None:
    tree = read_query(sql, SCHEMA)
    join = next(tree.find_all(exp.Join))
    assert Equivalents(SCHEMA).keeps_side(join) == same
    join.set("side", "LEFT")
    assert _agree(verifier, sql, tree) == same


def test_what_the_data_shows_counts_only_where_references_hold() -> None:
    loose = parse_schema(SHOP.replace("shop_id INT NOT NULL", "shop_id INT"))
    join = next(read_query(f"SELECT staff.name {JOIN}", loose).find_all(exp.Join))
    assert [Equivalents(loose, hold).keeps_side(join) for hold in (False, True)] == [False, True]


@pytest.mark.parametrize(("groups", "same"), [("shop_id, town", True), ("town, area", False), ("town, shop_id", False)])
def test_a_key_implies_the_rest_of_its_row(groups, same) -> None:
    group = next(read_query(f"SELECT COUNT(*) FROM shops GROUP BY {groups}", SCHEMA).find_all(exp.Group))
    assert Equivalents(SCHEMA).implies(group.expressions[1], group) == same


def test_a_null_test_after_an_outer_join_may_ask_any_column_that_is_never_null() -> None:
    sql = "SELECT town FROM shops LEFT JOIN staff ON staff.shop_id = shops.shop_id WHERE staff.staff_id IS NULL"
    column = next(read_query(sql, SCHEMA).find_all(exp.Is)).this
    same = Equivalents(SCHEMA)
    assert [same.keeps_null_test(column, name) for name in ("shop_id", "hours")] == [True, False]


def test_extremes_are_mutants_only_where_ties_are_drawn(verifier) -> None:
    from sqlreason.sql.mutation.mutants import mutants

    sql = "SELECT town FROM shops ORDER BY area DESC LIMIT 1"
    tied, apart = (" ".join(mutants(sql, SCHEMA, 50, ties=ties)) for ties in (True, False))
    assert "area = (SELECT MAX(area) FROM shops)" in tied and "MAX" not in apart
