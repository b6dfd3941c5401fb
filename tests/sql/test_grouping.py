"""Queries in groups of equal results: one equality for verdicts, votes and samples."""

import pytest

from sqlreason.reasoning.format import render
from sqlreason.sql.verifier import Limits, Task, Verifier
from sqlreason.students.generation.voting import elect

USERS = (
    "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INT);"
    "INSERT INTO users VALUES (1, 'Ann', 30), (2, 'Bob', 40), (3, 'Cy', 40);"
)
OTHERS = USERS.replace("'Ann', 30", "'Ann', 50")
STUCK = "SELECT 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' REGEXP '^(a+)+$'"
QUERIES = [
    *("SELECT 2", "SELECT 2.0", "SELECT nope", "SELECT name FROM users", "SELECT 2.0000000001", "SELECT '2'"),
    *("SELECT name FROM users ORDER BY name DESC", "SELECT NULL", "SELECT 2, 2", "DROP TABLE users", "SELECT 2"),
]
GROUPS = [0, 0, None, 1, 0, 2, 1, 3, 4, None, 0]


@pytest.fixture(scope="module")
def verifier(driver):
    with Verifier(limits=Limits(soft_seconds=0.3, hard_seconds=0.6)) as shared:
        yield shared


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_results_are_equal_as_a_verdict_would_have_them(verifier, engine) -> None:
    assert verifier.group(Task("", "", (USERS,), engine), QUERIES) == GROUPS
    for one, other in ((0, 1), (0, 4), (3, 6), (0, 5), (0, 8)):
        gold, candidate = QUERIES[one], QUERIES[other]
        (verdict,) = verifier.verify(Task("", gold, (USERS,), engine), [candidate])
        assert verdict.agrees == (GROUPS[one] == GROUPS[other])


def test_lists_and_moments_have_groups_too(verifier) -> None:
    lists = ["SELECT [1, 2.0]", "SELECT [1.0, 2]", "SELECT {'blob': 'zz'}", "SELECT MAP {[1]: 2}", "SELECT now()"]
    assert verifier.group(Task("", "", (USERS,), "duckdb"), [*lists, "SELECT 'nan'::DOUBLE"]) == [0, 0, 1, 2, 3, 4]


def test_every_instance_has_its_say(verifier) -> None:
    pair = ["SELECT name FROM users WHERE age > 35", "SELECT name FROM users WHERE id > 1"]
    assert verifier.group(Task("", "", (USERS,)), pair) == [0, 0]
    assert verifier.group(Task("", "", (USERS, OTHERS)), pair) == [0, 1]


def test_a_query_that_hangs_is_in_no_group_and_harms_no_other(verifier) -> None:
    killed = verifier.stats()["killed"]
    queries = ["SELECT 1", STUCK, "SELECT 1.0", STUCK + ", 1"]
    assert verifier.group(Task("", "", (USERS,)), queries) == [0, None, 0, None]
    assert verifier.stats()["killed"] >= killed + 2  # on a busy machine one more may be, which is tried again


def test_a_context_that_cannot_be_loaded_has_no_groups(verifier) -> None:
    assert verifier.group(Task("", "", ("CREATE TABEL x",)), ["SELECT 1", "SELECT 1"]) == [None, None]
    assert verifier.group(Task("", "", (USERS,)), []) == []


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_whole_and_real_numbers_vote_together(verifier, engine) -> None:
    answers = [render("So.", sql) for sql in ("SELECT 3", "SELECT 2", "SELECT 2.0", "SELECT 3 +", "SELECT 2e0")]
    assert elect(verifier, USERS, ["no answer", *answers], engine) == (2, 3)
    assert elect(verifier, USERS, ["no answer", answers[3]], engine) == (1, 0)


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_a_result_that_holds_nothing_wins_only_alone(verifier, engine) -> None:
    none, null, ann = (
        render("So.", f"SELECT {what} FROM users WHERE name = '{name}'")
        for what, name in (("age", "ann"), ("MAX(age)", "Anna"), ("age", "Ann"))
    )
    assert elect(verifier, USERS, [none, null, null, ann, none], engine) == (3, 1)
    assert elect(verifier, USERS, [none, null, none], engine) == (0, 2)
    assert elect(verifier, USERS, [null, none, null], engine) == (0, 2)
    assert elect(verifier, USERS, [ann, none, none, ann], engine) == (0, 2)
