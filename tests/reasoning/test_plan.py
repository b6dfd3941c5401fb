import json
import random

import pytest

from sqlreason.reasoning.explanation import explain_query
from sqlreason.reasoning.plan import check_plan
from sqlreason.sql.parsing.schema import SchemaError, parse_schema

SCHEMA = parse_schema(
    "CREATE TABLE orders (id INT, city TEXT, total REAL); CREATE TABLE users (id INT, full_name TEXT);"
)
SQL = 'SELECT city, SUM(total) AS amount FROM orders AS o WHERE city <> "Lyon" GROUP BY city ORDER BY amount'


def test_a_plan_that_names_everything_is_fully_consistent():
    check = check_plan("From orders, group by city and add up total.", SQL, SCHEMA)
    assert (check.tables_named, check.tables_used, check.columns_named, check.columns_used) == (1, 1, 2, 2)
    assert check.unknown == () and check.consistency == 1.0


def test_each_missing_name_lowers_the_consistency():
    assert check_plan("Group by city.", SQL, SCHEMA).consistency == pytest.approx(1 / 3)
    assert check_plan("I just know it.", SQL, SCHEMA).consistency == 0.0


def test_a_name_inside_a_longer_word_does_not_count():
    assert check_plan("The totals of preorders by velocity.", SQL, SCHEMA).consistency == 0.0


def test_invented_names_are_found_but_aliases_values_and_real_names_are_not():
    plan = "Read `orders` as o, o.city is not 'New_York', users.full_name is not needed, join ship_to, x.zip."
    check = check_plan(plan + " Total them.", SQL, SCHEMA)
    assert check.unknown == ("ship_to", "x.zip")
    assert check.consistency == pytest.approx(3 / 5)


def test_without_a_schema_the_query_alone_says_what_is_known():
    check = check_plan("orders, city and total", SQL, None)
    assert (check.tables_used, check.columns_used) == (1, 3)


def test_names_of_ctes_are_no_tables():
    sql = "WITH big_ones AS (SELECT id FROM orders) SELECT id FROM big_ones"
    check = check_plan("big_ones from orders", sql, SCHEMA)
    assert (check.tables_named, check.tables_used, check.unknown) == (1, 1, ())


@pytest.mark.parametrize("sql", ["", "nonsense here", "SELECT 1", "SELECT ((("])
def test_a_query_without_names_earns_nothing(sql):
    assert check_plan("From orders, group by city.", sql, SCHEMA).consistency == 0.0


def test_explanations_of_real_queries_are_consistent_with_them(real_folder):
    lines = (real_folder / "ambrosia_800.jsonl").read_text(encoding="utf-8").splitlines()
    checked = 0
    for number, line in enumerate(lines[:300]):
        row = json.loads(line)
        try:
            schema = parse_schema(row["sql_context"])
        except SchemaError:
            continue
        check = check_plan(explain_query(row["sql"], random.Random(number)), row["sql"], schema)
        assert check.consistency == 1.0, (row["sql"], check)
        checked += 1
    assert checked > 200
