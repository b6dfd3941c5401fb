"""Hostile candidates: bounded in time, without a trace, and without harm to their neighbours."""

import os
import time
from pathlib import Path

import pytest
from sql_cases import load_cases

from sqlreason.sql.execution import Limits, Task, Verifier

CONTEXT = (
    "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INT);"
    "INSERT INTO users VALUES (1, 'Ann', 30), (2, 'Bob', 40), (3, 'Cy', 40);"
)
TASK = Task("", "SELECT name FROM users WHERE age > 35", (CONTEXT,))
DUCK = Task("", TASK.gold, (CONTEXT,), "duckdb")
_, CASES = load_cases("hostile")


@pytest.fixture(scope="module")
def verifier():
    with Verifier(limits=Limits(soft_seconds=0.3, hard_seconds=0.7)) as shared:
        yield shared


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_attacks_end_in_a_verdict_and_leave_nothing_behind(verifier, case, monkeypatch, tmp_path) -> None:
    monkeypatch.chdir(tmp_path)
    started = time.monotonic()
    attack, neighbour = verifier.verify(TASK, [case.texts[0], f"{TASK.gold} AND {len(case.name)} > 0"])
    assert attack.status in case.statuses, attack
    assert neighbour.agrees
    assert not attack.agrees and not list(tmp_path.iterdir()) and not Path("/stolen.db").exists()
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("attack", "statuses"),
    [
        ("COPY users TO '/tmp/stolen.csv'", {"denied"}),
        ("SELECT * FROM read_csv('/etc/passwd')", {"denied"}),
        ("SELECT * FROM '/etc/passwd'", {"exec_error", "denied"}),
        ("SELECT * FROM gold_rows", {"exec_error"}),
        ("INSTALL httpfs", {"denied"}),
        ("SET enable_external_access = true", {"denied"}),
        ("ATTACH '/tmp/stolen.db'", {"denied"}),
        ("COMMIT", {"denied"}),
        ("SELECT name FROM users; DROP TABLE users", {"denied"}),
        ("SELECT name FROM users; SELECT 1", {"multi_statement"}),
        ("SELECT random()", {"denied"}),
        ("SELECT COUNT(*) FROM range(100000000000) a, range(1000000) b", {"timeout"}),
        ("SELECT repeat('x', 1000000000)", {"timeout", "oom"}),
        ("SELEC name", {"syntax_error"}),
    ],
)
def test_duckdb_is_as_closed(verifier, attack, statuses) -> None:
    verdict, neighbour = verifier.verify(DUCK, [attack, f"{TASK.gold} AND {len(attack)} > 0"])
    assert verdict.status in statuses, verdict
    assert neighbour.agrees
    assert not Path("/tmp/stolen.csv").exists() and not Path("/tmp/stolen.db").exists()


def test_a_worker_can_open_nothing(verifier) -> None:
    verifier.verify(TASK, ["SELECT 1"])
    (pid, *_) = verifier._pool.pids
    limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
    held = {line[:25].strip(): line[26:].split()[0] for line in limits}
    assert held["Max file size"] == "0" and held["Max core file size"] == "0"
    assert int(held["Max open files"]) <= len(os.listdir(f"/proc/{pid}/fd")) + 1
    assert int(held["Max address space"]) <= 1_024 * 1024 * 1024
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    assert not any(word in environment.upper() for word in (b"TOKEN", b"SECRET", b"KEY", b"HOME"))


def test_contexts_are_untrusted_too(verifier) -> None:
    for context in ("ATTACH 'stolen.db' AS s; CREATE TABLE s.t (x)", "CREATE VIRTUAL TABLE t USING fts5(x)"):
        assert verifier.run(context, "SELECT 1").status == "context_error"
    bomb = "CREATE TABLE t AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"
    assert verifier.run(bomb, "SELECT 1").status in ("context_error", "timeout", "crash")
    pragma = "PRAGMA foreign_keys = ON; BEGIN TRANSACTION; CREATE TABLE t (x); INSERT INTO t VALUES (1); COMMIT;"
    assert verifier.run(pragma, "SELECT x FROM t").rows == ((1,),)
