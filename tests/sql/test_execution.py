"""Verification by execution: verdicts, robustness, and what the parent does when a worker dies."""

import os
import pickle

import pytest

from sqlreason.sql.sandbox.worker.quotes import quoted_strings
from sqlreason.sql.sandbox.worker.sqlite_engine import SqliteEngine
from sqlreason.sql.verifier import Limits, Task, Verifier

USERS = (
    "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INT);"
    "INSERT INTO users VALUES (1, 'Ann', 30), (2, 'Bob', 40), (3, 'Cy', 40);"
)
OTHERS = USERS.replace("'Ann', 30", "'Ann', 50")
TASK = Task("1", "SELECT name FROM users WHERE age > 35", (USERS, OTHERS))
ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x FROM c) SELECT * FROM c WHERE x > 1"
UNINTERRUPTIBLE = "SELECT 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' REGEXP '^(a+)+$'"


@pytest.fixture(scope="module")
def verifier(driver):
    with Verifier(limits=Limits(soft_seconds=0.3, hard_seconds=0.6)) as shared:
        yield shared


@pytest.mark.parametrize(
    ("candidate", "status", "parses", "runs"),
    [
        ("SELECT name FROM users WHERE age >= 36;", "match", True, True),
        ("SELECT name FROM users", "mismatch", True, True),
        ("SELEC name", "syntax_error", False, False),
        ("SELECT nope FROM users", "exec_error", True, False),
        ('SELECT "nope" FROM users', "exec_error", True, False),
        ("DROP TABLE users", "denied", True, False),
        ("SELECT name FROM users; DROP TABLE users", "multi_statement", False, False),
        ("  -- nothing\n;", "empty", False, False),
        (ENDLESS, "timeout", True, False),
        (UNINTERRUPTIBLE, "timeout", True, False),
        ("SELECT '" + "x" * 60_000 + "'", "too_big", True, False),
        ("SELECT 1 \0", "syntax_error", False, False),
        ("SELECT '\ud800'", "syntax_error", False, False),
    ],
)
def test_every_outcome_is_a_value(verifier, candidate, status, parses, runs) -> None:
    (verdict,) = verifier.verify(TASK, [candidate])
    assert (verdict.status, verdict.parses, verdict.runs, verdict.agrees) == (status, parses, runs, status == "match")
    assert bool(verdict.reason) == (status != "match")


def test_workers_use_the_driver_that_is_installed(verifier, driver) -> None:
    verifier.verify(TASK, ["SELECT 1"])
    (library,) = verifier.stats()["libraries"]
    assert library.startswith("SQLite 3.") and library.endswith(f"({driver})")


def test_a_guess_that_reads_no_table_does_not_agree(verifier) -> None:
    single = Task("2", "SELECT COUNT(*) FROM users", (USERS, OTHERS))
    (verdict,) = verifier.verify(single, ["SELECT 3"])
    assert (verdict.status, verdict.flags) == ("mismatch", ("no_table_read",))


def test_a_hard_coded_answer_fails_on_the_second_instance(verifier) -> None:
    (verdict,) = verifier.verify(TASK, ["SELECT name FROM users WHERE name IN ('Bob', 'Cy')"])
    assert (verdict.status, verdict.databases_passed, verdict.databases) == ("mismatch", 1, 2)


def test_a_broken_gold_is_the_golds_fault(verifier) -> None:
    for gold in ("SELECT nope FROM users", "SELECT random() FROM users", UNINTERRUPTIBLE):
        (verdict,) = verifier.verify(Task("3", gold, (USERS,)), ["SELECT 1"])
        assert verdict.status == "gold_error"


def test_nothing_on_all_instances_is_not_agreement(verifier) -> None:
    gold = "SELECT name FROM users WHERE age > 100"
    (alone,) = verifier.verify(Task("4", gold, (USERS,)), ["SELECT name FROM users WHERE age > 200"])
    (suite,) = verifier.verify(Task("4", gold, (USERS, OTHERS)), ["SELECT name FROM users WHERE age > 200"])
    assert (alone.agrees, alone.flags, suite.agrees, suite.flags) == (True, ("vacuous",), False, ("vacuous",))


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
@pytest.mark.parametrize("gold", ["CREATE TABLE IF NOT EXISTS users (id INT)", "DROP VIEW IF EXISTS nowhere"])
def test_a_definition_that_changes_nothing_says_nothing(verifier, engine, gold) -> None:
    (alone,) = verifier.verify(Task("", gold, (USERS,), engine), [gold + " --"])
    (suite,) = verifier.verify(Task("", gold, (USERS, OTHERS), engine), [gold + " --"])
    assert (alone.agrees, alone.flags, suite.agrees, suite.flags) == (True, ("vacuous",), False, ("vacuous",))


def test_rows_come_back_as_they_are(verifier) -> None:
    result = verifier.run(USERS, "SELECT name, age / 4.0, NULL, x'00ff' FROM users ORDER BY id LIMIT 1")
    assert (result.status, result.rows) == ("ok", (("Ann", 7.5, None, b"\x00\xff"),))
    assert verifier.run(USERS, "SELECT nope FROM users").status == "exec_error"
    assert verifier.run("CREATE TABEL x", "SELECT 1").status == "context_error"
    assert verifier.run(USERS, UNINTERRUPTIBLE).status == "timeout"


def test_a_batch_keeps_its_order_and_tells_its_progress(verifier) -> None:
    ended = []
    other = Task("5", "SELECT MAX(age) FROM users", (USERS, OTHERS))
    first, second = ["SELECT 1, 7", TASK.gold], ["SELECT MAX(age) FROM users u", "SELECT 7"]
    verdicts = verifier.verify_batch([(TASK, first), (other, second), (TASK, [])], ended.append)
    statuses = [[v.status for v in group] for group in verdicts]
    assert statuses == [["mismatch", "match"], ["match", "mismatch"], []]
    assert ended == [1, 2]


def test_tasks_survive_json(verifier) -> None:
    assert Task.from_json(TASK.to_json()) == TASK
    with pytest.raises(ValueError, match=r"Task\.to_json"):
        Task.from_json("{}")


def test_explanations_show_both_results(verifier) -> None:
    text = verifier.explain(TASK, "SELECT name FROM users WHERE id > 1")
    assert "database 2 of 2" in text and "('Ann',)" in text
    assert verifier.explain(TASK, TASK.gold).startswith("agrees")


def test_several_workers_share_a_batch() -> None:
    texts = [f"SELECT name FROM users WHERE age > 35 AND {i} = {i}" for i in range(40)]
    with Verifier(workers=2) as both:
        verdicts = both.verify_batch([(TASK, [text]) for text in texts])
        assert all(group[0].agrees for group in verdicts) and len(both._pool.pids) == 2


def test_threads_may_share_a_verifier(verifier) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as threads:
        texts = [f"SELECT name FROM users WHERE age > 35 AND {i} < {i + 1}" for i in range(60)]
        verdicts = list(threads.map(lambda text: verifier.verify(TASK, [text, "SELECT 1"]), texts))
    assert all(group[0].agrees and not group[1].agrees for group in verdicts)


@pytest.mark.parametrize(
    ("candidate", "status"),
    [
        ('SELECT "name" FROM "users" WHERE "AGE" > 35', "match"),
        ('SELECT name AS "who" FROM users WHERE age > 35 ORDER BY "who"', "match"),
        ('SELECT name AS who FROM users WHERE age > 35 ORDER BY "who"', "match"),
        ('SELECT name "who" FROM users u WHERE "u".age > 35 ORDER BY "who"', "match"),
        ("SELECT name FROM users WHERE age > 35 AND name <> '\"odd\"'", "match"),
        ('SELECT name FROM users WHERE age > 35 AND name <> "odd"', "exec_error"),
        ('SELECT "nmae" FROM users WHERE age > 35', "exec_error"),
    ],
)
def test_double_quotes_name_things(verifier, candidate, status) -> None:
    assert verifier.verify(TASK, [candidate])[0].status == status


@pytest.mark.parametrize(
    ("sql", "strings"),
    [
        ('SELECT "value" FROM t, json_each(t.a)', []),
        ('SELECT json_tree."fullkey", "j"."atom" FROM t, json_tree(t.a) j', []),
        ('SELECT "value" FROM t', ["value"]),
        ('SELECT "rowid" FROM t WHERE a IN ("x", a)', ["x"]),
        ('CREATE TABLE u ("x" INT DEFAULT (1), "y" AS (a || "z"), CHECK ("x" > "w"))', ["z", "w"]),
        ('CREATE TABLE u ("x y" INT); INSERT INTO u ("x y") VALUES ("v")', ["v"]),
        ('SELECT \'WITH c ("x") AS (\', "x" FROM t', ["x"]),
    ],
)
def test_what_a_statement_defines_is_no_string(sql, strings) -> None:
    assert quoted_strings(sql, {"t", "a"}) == strings


def test_settings_travel_by_pickle_and_workers_do_not(verifier) -> None:
    with pickle.loads(pickle.dumps(verifier)) as copy:
        assert copy.limits == verifier.limits
        assert copy.verify(TASK, [TASK.gold])[0].agrees


def test_a_fork_starts_workers_of_its_own(verifier) -> None:
    verifier.verify(TASK, ["SELECT 1"])
    before = verifier._pool.pids
    child = os.fork()
    if child == 0:
        verdict = verifier.verify(TASK, ["SELECT name FROM users WHERE age > 37"])[0]
        own = verifier._pool.pids
        verifier.close()
        os._exit(0 if verdict.agrees and not set(own) & set(before) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert verifier._pool.pids == before
    assert verifier.verify(TASK, ["SELECT name FROM users WHERE age > 38"])[0].agrees


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_a_view_without_end_is_no_matter_to_a_write(verifier, engine) -> None:
    endless = "CREATE VIEW e AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n;"
    task = Task("", "DELETE FROM users WHERE age > 35", (USERS + endless,), engine)
    verdicts = verifier.verify(task, ["DELETE FROM users WHERE age >= 36", "DELETE FROM users WHERE age > 20"])
    assert [verdict.status for verdict in verdicts] == ["match", "mismatch"]


def test_the_engines_functions_leave_sqlites_fast_memory_to_queries() -> None:
    apsw = pytest.importorskip("apsw")
    connection = SqliteEngine(64, 50_000, "apsw")._driver._connection
    used, most = connection.status(apsw.SQLITE_DBSTATUS_LOOKASIDE_USED)
    assert used < most / 2
