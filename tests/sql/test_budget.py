"""What preparing costs is bounded: by the size of the gold, and by computing time."""

import time

import pytest

from sqlreason.sql.databases import preparation, preparation_budget
from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.databases.preparation_budget import Budget, OverBudget, check_size
from sqlreason.sql.sandbox.process import _computed as computed
from sqlreason.sql.verifier import Limits, Task, Verifier

USERS = """CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INT);
INSERT INTO users VALUES (1, 'Ann', 30), (2, 'Bob', 40);"""


@pytest.fixture(scope="module")
def verifier():
    with Verifier() as shared:
        yield shared


@pytest.mark.parametrize("connective", ["AND", "OR"])
@pytest.mark.parametrize("terms", [90, 200, 400, 800, 3_000])
def test_many_conditions_are_prepared_or_left_out_in_seconds(verifier, terms, connective):
    gold = "SELECT name FROM users WHERE " + f" {connective} ".join(f"age > {i}" for i in range(terms))
    start = time.thread_time()
    prepared = prepare(verifier, "", USERS, gold)
    assert time.thread_time() - start < 10
    assert (prepared.status == "ok") == (terms == 90) and (prepared.status == "ok") == (prepared.reason == "")


@pytest.mark.parametrize("gold", [
    f"SELECT {'(' * 2_000}1{')' * 2_000} FROM users",
    f"SELECT * FROM {'(' * 300}SELECT name FROM users{')' * 300}",
    f"SELECT {'CASE WHEN age > 1 THEN ' * 60}1{' END' * 60} FROM users",
    f"SELECT name FROM users WHERE {'NOT ' * 900}age > 3",
    f"SELECT {'- ' * 900}age FROM users",
], ids=["parentheses", "subqueries", "cases", "negations", "signs"])  # fmt: skip
def test_what_is_nested_too_deeply_is_left_out(verifier, gold):
    prepared = prepare(verifier, "", USERS, gold)
    assert prepared.status == "too_costly" and "at most" in prepared.reason


@pytest.mark.parametrize(
    ("gold", "part", "between", "parts"),
    [
        ("SELECT name, CASE {} END FROM users", "WHEN age = {i} THEN '{i}x'", " ", 320),
        ("SELECT name FROM users ORDER BY CASE {} END", "WHEN name = '{i}' THEN {i}", " ", 300),
        ("SELECT {} FROM users", "SUM(CASE WHEN age > {i} AND name <> '{i}' THEN 1 ELSE 0 END)", ", ", 90),
        ("SELECT {} FROM users", "COUNT(*) FILTER (WHERE age > {i})", ", ", 140),
        ("SELECT {} FROM users", "(SELECT MAX(age) FROM users WHERE name = '{i}') AS a{i}", ", ", 100),
        ("SELECT name FROM users WHERE {}", "age IN ({i}, {i}1)", " OR ", 90),
        ("{}", "SELECT name FROM users WHERE age = {i}", " UNION ", 30),
    ],
    ids=["branches", "order", "sums", "filters", "subqueries", "alternatives", "set operations"],
)
def test_what_is_wide_but_within_its_size_is_prepared_in_seconds(verifier, gold, part, between, parts):
    wide = gold.format(between.join(part.format(i=i) for i in range(parts)))
    start = time.thread_time()
    prepared = prepare(verifier, "", USERS, wide)
    assert time.thread_time() - start < 10 and prepared.status == "ok"


def test_a_mutant_without_end_is_tried_on_one_database():
    endless = "WITH RECURSIVE n(x) AS (SELECT age FROM users UNION ALL SELECT x FROM n) SELECT COUNT(*) FROM n"
    task = Task("", "SELECT name FROM users", tuple(f"{USERS} -- {i}" for i in range(8)))
    with Verifier(limits=Limits(soft_seconds=0.3, hard_seconds=2)) as one:
        one.verify(task, [task.gold])
        (pid,) = one._pool.pids
        before = computed(pid)
        trial = one.trial(task, [endless, "SELECT age FROM users"])
        assert computed(pid) - before < 3 * 0.3
    assert [found.broken for found in trial] == [[0]] + [[]] * 7 and all(not found.failure for found in trial)


def test_where_the_computing_time_is_over_the_question_is_left_out(verifier, monkeypatch):
    monkeypatch.setattr(preparation, "Budget", lambda context: Budget(context, seconds=-1))
    prepared = prepare(verifier, "", USERS, "SELECT name FROM users WHERE age > 35")
    assert (prepared.status, prepared.task) == ("too_costly", None) and "computing" in prepared.reason


def test_a_large_context_is_allowed_more_time(monkeypatch):
    moment = [0.0]
    monkeypatch.setattr(preparation_budget.time, "thread_time", lambda: moment[0])
    small, large = Budget("x", seconds=10), Budget("x" * 2_000_000, seconds=10)
    moment[0] = 20.0
    large.check()
    with pytest.raises(OverBudget, match="10 s"):
        small.check()


def test_a_usual_gold_is_within_its_size():
    check_size("SELECT a FROM t WHERE b IN (" + ", ".join(map(str, range(900))) + ") AND ((c > 1 OR (d < 2)) AND e)")
