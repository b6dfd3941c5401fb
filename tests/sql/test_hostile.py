"""Hostile candidates on three engines: bounded in time, without a trace, and without harm to their neighbours."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sql_cases import load_cases

from sqlreason.sql.sandbox import pool
from sqlreason.sql.verifier import Limits, Task, Verifier

CONTEXT = (
    "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INT);"
    "INSERT INTO users VALUES (1, 'Ann', 30), (2, 'Bob', 40), (3, 'Cy', 40);"
)
GOLD = "SELECT name FROM users WHERE age > 35"
LIMITS = Limits(soft_seconds=0.3, hard_seconds=0.6)
#: Seconds by the wall; limits count what is computed, and this machine may be busy with twenty times as much.
BOUNDED = 12
CASES = {engine: load_cases(f"hostile_{engine}")[1] for engine in ("sqlite", "duckdb", "postgres")}


@pytest.fixture(scope="module")
def verifier(driver):
    with Verifier(limits=LIMITS) as shared:
        yield shared


@pytest.fixture(scope="module")
def on_server(postgres):
    with Verifier(limits=LIMITS, server=postgres) as shared:
        yield shared


def test_there_are_enough_attacks_and_none_twice():
    texts = [(engine, case.texts[0]) for engine, cases in CASES.items() for case in cases]
    assert len(set(texts)) == len(texts) >= 150


def attacked(verifier, engine, case, folder):
    """Judges an attack and its neighbour; nothing may have changed around them."""
    task = Task("", GOLD, (CONTEXT,), engine)
    verifier.verify(task, ["SELECT 1"])  # the worker is up and knows the task
    before = _surroundings()
    started = time.monotonic()
    (attack,) = verifier.verify(task, [case.texts[0]])
    seconds = time.monotonic() - started
    (neighbour,) = verifier.verify(task, [f"{GOLD} AND {len(case.name)} > 0"])
    assert attack.status in case.statuses, attack
    assert neighbour.agrees and not attack.agrees
    assert seconds < BOUNDED
    assert _surroundings() == before and not list(folder.iterdir())


def _surroundings() -> tuple[set[str], ...]:
    """Names of what an attack could leave behind: files here, at the root, among temporary files."""
    stolen = {name for name in os.listdir("/tmp") if name.startswith("stolen")}
    return set(os.listdir("/")), stolen, set(os.listdir("."))


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_attacks_end_in_a_verdict_and_leave_nothing_behind(verifier, engine, subtests, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for case in CASES[engine]:
        with subtests.test(msg=case.name):
            attacked(verifier, engine, case, tmp_path)


def test_attacks_on_a_server_end_in_a_verdict_and_leave_nothing_behind(on_server, subtests, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for case in CASES["postgres"]:
        with subtests.test(msg=case.name):
            attacked(on_server, "postgres", case, tmp_path)


def test_a_closed_server_refuses_by_itself_what_our_words_refuse(closed_postgres):
    import psycopg

    with Verifier(server=closed_postgres) as closed:
        closed.verify(Task("", GOLD, (CONTEXT,), "postgres"), ["SELECT 1"])
        assert "functions" in closed.stats()["guards"]
    called = ["pg_sleep(0)", "set_config('a.b', '1', true)", "pg_terminate_backend(0)", "random()", "lo_creat(0)"]
    with psycopg.connect(closed_postgres.replace("+psycopg", ""), autocommit=True) as connection:
        for call in [*called, "query_to_xml('SELECT 1', true, true, '')", "pg_advisory_lock(1)"]:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT {call}")


POWERS = ["CREATEDB", "CREATEROLE", "IN ROLE pg_signal_backend", "IN ROLE others", "BYPASSRLS"]


@pytest.mark.parametrize("power", POWERS)
def test_a_role_with_any_power_is_refused(postgres, power):
    import psycopg

    admin = postgres.replace("sandbox@", "postgres@").replace("+psycopg", "")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS able")
        connection.execute("DO $$ BEGIN CREATE ROLE others; EXCEPTION WHEN duplicate_object THEN NULL; END $$")
        connection.execute(f"CREATE ROLE able LOGIN {power}")
        able = postgres.replace("sandbox@", "able@")
        with Verifier(server=able) as none, pytest.raises(RuntimeError, match="is powerful"):
            none.verify(Task("", GOLD, (CONTEXT,), "postgres"), ["SELECT 1"])
        connection.execute("DROP ROLE able")


def test_a_worker_holds_nothing_open_and_knows_no_secret(verifier):
    verifier.verify(Task("", GOLD, (CONTEXT,)), ["SELECT 1"])
    (pid, *_) = verifier._pool.pids
    limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
    held = {line[:25].strip(): line[26:].split()[0] for line in limits}
    assert held["Max file size"] == "0" and held["Max core file size"] == "0"
    assert int(held["Max open files"]) <= len(os.listdir(f"/proc/{pid}/fd")) + 1
    assert int(held["Max address space"]) <= 1_024 * 1024 * 1024
    environment = Path(f"/proc/{pid}/environ").read_bytes()
    assert not any(word in environment.upper() for word in (b"TOKEN", b"SECRET", b"KEY", b"HOME"))


HIJACKED = """
import ctypes, json, os, resource, signal, socket, sys, threading
sys.path.insert(0, sys.argv[1])
from worker.confinement import confine
guards = confine(1024, None)
other = os.getppid()
attempts = {
    "read a file": lambda: open("/etc/passwd"),
    "write a file": lambda: open("/tmp/stolen", "w"),
    "unlink": lambda: os.unlink("/tmp/sqlreason-nothing"),
    "rename": lambda: os.rename("/tmp/sqlreason-nothing", "/tmp/stolen"),
    "list": lambda: os.listdir("/"),
    "socket": lambda: socket.socket(),
    "pair": lambda: socket.socketpair(),
    "fork": os.fork,
    "exec": lambda: os.execv("/bin/true", ["true"]),
    "spawn": lambda: os.posix_spawn("/bin/true", ["true"], {}),
    "kill": lambda: os.kill(other, 0),
    "limits of another": lambda: resource.prlimit(other, resource.RLIMIT_CPU),
    "trace": lambda: ctypes.CDLL(None, use_errno=True).ptrace(0, 0, 0, 0) == 0 or os.fspath(0),
    "raise a limit": lambda: resource.setrlimit(resource.RLIMIT_AS, (-1, -1)),
    "become root": lambda: os.setuid(0),
    "two gigabytes": lambda: bytearray(2 << 30),
    "change folder": lambda: os.chdir("/tmp"),
}
done = []
for name, attempt in attempts.items():
    try:
        attempt()
        done.append(name)
    except Exception:
        pass
thread = threading.Thread(target=lambda: done.append("thread"))
thread.start(); thread.join()
os.write(1, json.dumps([guards, done]).encode())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the filter of system calls is Linux's")
def test_a_hijacked_worker_can_compute_and_nothing_else():
    folder = Path(pool.__file__).parent
    told = subprocess.run([sys.executable, "-c", HIJACKED, str(folder)], capture_output=True, text=True, timeout=30)
    guards, done = json.loads(told.stdout)
    if "system_calls" not in guards:
        pytest.skip("this kernel takes no filter of system calls")
    assert done == ["thread"] and {"file_size", "memory", "descriptors"} <= set(guards)


def test_contexts_are_untrusted_too(verifier) -> None:
    for context in ("ATTACH 'stolen.db' AS s; CREATE TABLE s.t (x)", "CREATE VIRTUAL TABLE t USING fts5(x)"):
        assert verifier.run(context, "SELECT 1").status == "context_error"
    bomb = "CREATE TABLE t AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c"
    assert verifier.run(bomb, "SELECT 1").status in ("context_error", "timeout", "crash")
    pragma = "PRAGMA foreign_keys = ON; BEGIN TRANSACTION; CREATE TABLE t (x); INSERT INTO t VALUES (1); COMMIT;"
    assert verifier.run(pragma, "SELECT x FROM t").rows == ((1,),)
