"""Splitting, naming and reducing statements."""

import pytest

from sqlreason.sql.parsing.features import features
from sqlreason.sql.parsing.schema import parse_schema
from sqlreason.sql.parsing.statements import split_statements, statement_kind, template


def test_semicolons_inside_literals_do_not_split() -> None:
    text = "INSERT INTO t VALUES ('a;b'); -- c;d\nSELECT \";\" FROM t;;"
    assert split_statements(text) == ["INSERT INTO t VALUES ('a;b')", 'SELECT ";" FROM t']


def test_mysql_escapes_are_split_too() -> None:
    assert len(split_statements("INSERT INTO t VALUES ('it\\'s; so'); SELECT 1")) == 2


def test_an_open_literal_stays_one_statement() -> None:
    assert split_statements("SELECT 'a; SELECT 1") == ["SELECT 'a; SELECT 1"]


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT 1", "select"),
        ("WITH a AS (SELECT 1) SELECT * FROM a", "select"),
        ("WITH a AS (SELECT 1) DELETE FROM t", "delete"),
        ("(SELECT 1) UNION (SELECT 2)", "select"),
        ("insert into t values (1)", "insert"),
        ("UPDATE t SET a = 1", "update"),
        ("CREATE VIEW v AS SELECT 1", "create"),
        ("DROP TABLE t", "drop"),
        ("ALTER TABLE t ADD COLUMN a INT", "alter"),
        ("PRAGMA x", "other"),
        ("", "other"),
        ("SELECT FROM WHERE", "unparsable"),
        ("SELECT 'a", "unparsable"),
    ],
)
def test_kinds(sql: str, kind: str) -> None:
    assert statement_kind(sql) == kind


def test_templates_forget_names_literals_and_aliases() -> None:
    one = template("SELECT a.name AS n FROM artists AS a JOIN songs s ON a.id = s.artist WHERE a.age IN (1, 2, 3)")
    two = template("select b.title from books b join pages on b.id = pages.book where b.year in (7);")
    assert one == two
    assert template("SELECT MAX(a) FROM t") != template("SELECT MIN(a) FROM t")


def test_the_table_of_an_insert_is_a_name_like_any_other() -> None:
    one = template("INSERT INTO orders (id, total) VALUES (1, 2.5)")
    assert one == template('INSERT INTO "Customer" ("no", "name") VALUES (7, \'Bo\')')
    assert one == template("INSERT INTO shop.orders(id, total) VALUES (1, 2)") == "INSERT INTO _ ( _ , _ ) VALUES ( ? )"
    assert template("WITH best (n) AS (SELECT MAX(a) FROM t) SELECT n FROM best").startswith(
        "WITH _ ( _ ) AS ( SELECT MAX ("
    )


def test_features_count_clauses() -> None:
    schema = parse_schema("CREATE TABLE a (x INT, y INT); CREATE TABLE b (x INT)")
    found = features(
        "SELECT y, COUNT(*) FROM a JOIN b ON a.x = b.x WHERE a.x > 1 AND (y = 2 OR y = 3) GROUP BY y "
        "HAVING COUNT(*) > 1 ORDER BY 2 LIMIT 3",
        schema,
    )
    assert (found["n_tables"], found["n_joins"], found["n_filters"], found["n_aggregates"]) == (2, 1, 3, 2)
    assert found["has_group"] and found["has_having"] and found["has_order"] and found["has_limit"]
    assert not found["has_subquery"] and not found["has_set_operation"] and not found["has_window"]
    union = features("SELECT x FROM a UNION SELECT x FROM b", schema)
    assert union["has_set_operation"] and not union["has_subquery"]
    assert features("SELECT x FROM a WHERE x IN (SELECT x FROM b)", schema)["has_subquery"]
    assert features("SELECT FROM", schema)["kind"] == "unparsable"
