"""What the engine says of a query, without any gold."""

import pytest

from sqlreason.sql.execution_errors import describe_errors
from sqlreason.sql.verifier import Task, Verifier

CONTEXT = "CREATE TABLE users (name TEXT, age INT); INSERT INTO users VALUES ('Ann', 30), ('Bob', 40);"
CASES = [
    ("SELECT name FROM users", ""),
    ("SELECT 'not what anybody asked'", ""),
    ("SELECT * FROM users a, users b, users c", ""),
    ("SELECT nam FROM users", "no such column: nam"),
    ("SELECT name FROM user", "no such table: user"),
    ("SELEC", 'near "SELEC": syntax error'),
    ("INSERT INTO users VALUES ('Cy', 50)", ""),
    ("INSERT INTO users VALUES ('Cy')", "table users has 2 columns but 1 values were supplied"),
    ("UPDATE users SET years = 1", "no such column: years"),
    ("DROP TABLE users; SELECT 1", "not authorized"),
    ("ATTACH 'out.db' AS o", "not authorized"),
    ("WITH RECURSIVE a(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM a) SELECT COUNT(*) FROM a", "time limit"),
]


@pytest.fixture(scope="module")
def verifier():
    with Verifier() as verifier:
        yield verifier


@pytest.fixture(scope="module")
def told(verifier):
    return describe_errors(verifier, [(Task("", "", (CONTEXT,)), sql) for sql, _ in CASES])


@pytest.mark.parametrize("number", range(len(CASES)), ids=[sql for sql, _ in CASES])
def test_a_query_that_runs_has_no_complaint_and_another_has_the_engines(told, number):
    expected = CASES[number][1]
    assert expected in told[number] and bool(told[number]) == bool(expected)


def test_a_database_that_cannot_be_built_is_not_the_querys_fault(verifier):
    assert describe_errors(verifier, [(Task("", "", ("CREATE TABLE (",)), "SELECT 1")]) == [""]
