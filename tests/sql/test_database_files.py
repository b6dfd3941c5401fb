"""Database files as test databases: verdicts as on scripts, nothing changed, a sentence for what cannot be read."""

import hashlib
import os
import shutil
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from sql_cases import load_cases

from sqlreason.sql.database_files import DatabaseError, content_key, database_url, is_database_url
from sqlreason.sql.databases import cache
from sqlreason.sql.databases.batch_preparation import Preparer
from sqlreason.sql.databases.file_contexts import SAMPLED, context_of
from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.verifier import Limits, Task, Verifier

CONTEXT = (
    "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INT);"
    "INSERT INTO users VALUES (1, 'Ann', 30), (2, 'Bob', 40), (3, 'Cy', 40);"
)
GOLD = "SELECT name FROM users WHERE age > 35"
RIGHT, WRONG = "SELECT name FROM users WHERE NOT age <= 35", "SELECT name FROM users"
LIMITS = Limits(soft_seconds=0.3, hard_seconds=0.6)
#: Seconds by the wall, as in test_hostile.
BOUNDED = 12


def sqlite_file(path, script=CONTEXT):
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(script)
    return f"sqlite:///{path}"


def duckdb_file(path, script=CONTEXT):
    with closing(duckdb.connect(str(path))) as connection:
        connection.execute(script)
    return f"duckdb:///{path}"


MAKERS = {"sqlite": sqlite_file, "duckdb": duckdb_file}


def fingerprint(folder):
    """Names, content and times of all files of a folder."""
    return {
        path.name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(folder.iterdir())
    }


@pytest.fixture(scope="module")
def verifier(driver):
    with Verifier(limits=LIMITS) as shared:
        yield shared


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_a_file_is_judged_on_like_its_script(verifier, tmp_path, engine):
    task = Task("q", GOLD, (MAKERS[engine](tmp_path / "shop.db"),), engine)
    script = Task("q", GOLD, (CONTEXT,), engine)
    candidates = [RIGHT, WRONG, "SELECT nmae FROM users", "SELECT name FROM", "DELETE FROM users", "SELECT 'Bob'"]
    found, wanted = verifier.verify(task, candidates), verifier.verify(script, candidates)
    assert [(v.status, v.agrees, v.flags) for v in found] == [(v.status, v.agrees, v.flags) for v in wanted]
    assert verifier.run(task.databases[0], GOLD, engine).rows == (("Bob",), ("Cy",))
    assert verifier.group(task, [GOLD, WRONG, RIGHT, "SELECT"]) == [0, 1, 0, None]
    assert "Ann" in verifier.explain(task, WRONG)


def attacked(engine, preset, subtests, folder):
    """Judges every attack on a file of its own, with a neighbour behind it; neither the file nor its folder changes."""
    task = Task("", GOLD, (MAKERS[engine](folder / "shop.db"),), engine)
    before = fingerprint(folder)
    with Verifier(limits=LIMITS, preset=preset) as verifier:
        for case in load_cases(f"hostile_{engine}")[1]:
            with subtests.test(msg=case.name):
                started = time.monotonic()
                (attack,) = verifier.verify(task, [case.texts[0]])
                assert time.monotonic() - started < BOUNDED
                (neighbour,) = verifier.verify(task, [f"{GOLD} AND {len(case.name)} > 0"])
                assert neighbour.agrees
                assert preset != "strict" or (attack.status in case.statuses and not attack.agrees), attack
    assert fingerprint(folder) == before


@pytest.mark.parametrize("preset", ["strict", "spider"])
def test_hostile_candidates_change_nothing_of_a_sqlite_file(driver, preset, subtests, tmp_path):
    attacked("sqlite", preset, subtests, tmp_path)


def test_hostile_candidates_change_nothing_of_a_duckdb_file(subtests, tmp_path):
    attacked("duckdb", "strict", subtests, tmp_path)


def test_a_worker_reaches_no_other_file_than_its_own(verifier, tmp_path):
    urls = [sqlite_file(tmp_path / f"{name}.db", CONTEXT.replace("Ann", name)) for name in ("own", "other")]
    own = Task("", "SELECT name FROM users WHERE id = 1", (urls[0],))
    assert verifier.verify(own, [own.gold])[0].agrees
    (pid,) = [worker.pid for kind, idle in verifier._pool._idle.items() if len(kind[1]) == 1 for worker in idle][-1:]
    if sys.platform == "linux":
        held = {os.path.realpath(link) for link in Path(f"/proc/{pid}/fd").iterdir()} if os.geteuid() == 0 else set()
        assert not held or (str(tmp_path / "own.db") in held and str(tmp_path / "other.db") not in held)
    attach = [f"ATTACH '{tmp_path / 'other.db'}' AS o", urls[1]]
    assert [v.status for v in verifier.verify(own, attach)] == ["denied", "syntax_error"]


def test_a_gold_that_writes_is_judged_on_drawn_databases_alone(verifier, tmp_path):
    url = sqlite_file(tmp_path / "shop.db")
    before = fingerprint(tmp_path)
    (refused,) = verifier.verify(Task("", "DELETE FROM users", (url,)), ["DELETE FROM users"])
    assert refused.status == "gold_error" and "only read" in refused.reason
    prepared = prepare(verifier, "q", url, "UPDATE users SET age = 1 WHERE name = 'Ann'")
    assert prepared.status == "ok" and "read_only_original" in prepared.flags
    assert not prepared.task.files and len(prepared.task.databases) >= 2
    right, wrong = verifier.verify(
        prepared.task, ["UPDATE users SET age = 1 WHERE name IN ('Ann')", "DELETE FROM users"]
    )
    assert right.agrees and not wrong.agrees
    assert fingerprint(tmp_path) == before


def unreadable(folder):
    """Files that no question can be asked about, by what their reason says."""
    good = folder / "good.db"
    sqlite_file(good)
    garbled = folder / "garbled.db"
    garbled.write_bytes(b"SQLite format 3\0" + b"\x17" * 4_000)
    (folder / "empty.db").touch()
    (folder / "text.db").write_text("CREATE TABLE t (a INT);")
    shutil.copy(good, folder / "wal.db")
    (folder / "wal.db-wal").write_bytes(b"x" * 100)
    shutil.copy(good, folder / "hot.db")
    (folder / "hot.db-journal").write_bytes(bytes.fromhex("d9d505f920a163d7") + b"\0" * 504)
    (folder / "future.duckdb").write_bytes(b"\0" * 8 + b"DUCK" + (9_999).to_bytes(8, "little") + b"\0" * 12_288)
    (folder / "none.duckdb").write_bytes(b"nothing that DuckDB has written" * 500)
    return {
        "sqlite:///" + str(folder / "missing.db"): "there is no such file",
        "sqlite:///" + str(folder / "empty.db"): "it is empty",
        "sqlite:///" + str(folder / "text.db"): "no SQLite database, or an encrypted one",
        "sqlite:///" + str(garbled): "cannot be read",
        "sqlite:///" + str(folder / "wal.db"): "wal.db-wal holds changes",
        "sqlite:///" + str(folder / "hot.db"): "hot.db-journal holds a change",
        "sqlite:///" + str(folder): "cannot be read",
        "duckdb:///" + str(folder / "future.duckdb"): "cannot be read",
        "duckdb:///" + str(folder / "none.duckdb"): "cannot be read",
    }


def test_what_cannot_be_read_is_a_status_with_a_sentence(verifier, tmp_path, subtests):
    for url, told in unreadable(tmp_path).items():
        engine = url.partition(":")[0]
        with subtests.test(msg=url):
            prepared = prepare(verifier, "q", url, GOLD)
            assert prepared.status == "database_error" and told in prepared.reason and "\n" not in prepared.reason
            (verdict,) = verifier.verify(Task("q", GOLD, (url,), engine), [GOLD])
            assert verdict.status == "gold_error" and told in verdict.reason
            result = verifier.run(url, GOLD, engine)
            assert result.status == "context_error" and told in result.reason
    assert verifier.stats()["died"] == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_told_of(verifier, tmp_path):
    url = sqlite_file(tmp_path / "shop.db")
    (tmp_path / "shop.db").chmod(0)
    assert "may not be read" in prepare(verifier, "q", url, GOLD).reason


def test_a_database_in_wal_mode_is_read_once_its_log_is_empty(verifier, tmp_path):
    url = sqlite_file(tmp_path / "shop.db", "PRAGMA journal_mode = WAL;" + CONTEXT)
    before = fingerprint(tmp_path)
    assert verifier.verify(Task("q", GOLD, (url,)), [RIGHT])[0].agrees
    assert fingerprint(tmp_path) == before


def test_a_file_that_is_changed_or_deleted_is_looked_at_anew(verifier, tmp_path):
    path = tmp_path / "shop.db"
    task = Task("q", GOLD, (sqlite_file(path),))
    assert [v.agrees for v in verifier.verify(task, [RIGHT, "SELECT name FROM users WHERE id > 1"])] == [True, True]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT INTO users VALUES (4, 'Di', 3)")
        connection.commit()
    assert [v.agrees for v in verifier.verify(task, [RIGHT, "SELECT name FROM users WHERE id > 1"])] == [True, False]
    path.unlink()
    (gone,) = verifier.verify(task, [RIGHT])
    assert gone.status == "gold_error" and "no such file" in gone.reason


def test_many_files_share_the_workers(tmp_path):
    tasks = [Task(str(i), GOLD, (sqlite_file(tmp_path / f"{i}.db"),)) for i in range(40)]
    with Verifier(workers=2) as both:
        found = both.verify_batch([(task, [RIGHT, WRONG]) for _ in range(2) for task in tasks])
        assert [[v.agrees for v in group] for group in found] == [[True, False]] * 80
        assert len(both._pool.pids) <= 27
        assert both.stats()["died"] == both.stats()["killed"] == 0


def test_a_task_on_several_files_and_scripts_passes_all_of_them(verifier, tmp_path):
    files = [sqlite_file(tmp_path / f"{i}.db", CONTEXT.replace("30", str(30 + 4 * i))) for i in range(3)]
    verdicts = verifier.verify(Task("q", GOLD, (*files, CONTEXT)), [RIGHT, "SELECT name FROM users WHERE age >= 39"])
    assert [(v.agrees, v.databases_passed, v.databases) for v in verdicts] == [(True, 4, 4), (False, 2, 4)]


def test_a_worker_that_hangs_on_a_file_is_replaced_and_the_file_opened_again(verifier, tmp_path):
    task = Task("q", GOLD, (sqlite_file(tmp_path / "shop.db"),))
    stuck = "SELECT 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!' REGEXP '^(a+)+$'"
    killed = verifier.stats()["killed"]
    assert [v.status for v in verifier.verify(task, [RIGHT, stuck, WRONG])] == ["match", "timeout", "mismatch"]
    assert verifier.stats()["killed"] > killed


def test_texts_that_are_no_utf8_are_read_with_replacements(verifier, tmp_path):
    script = CONTEXT + "INSERT INTO users VALUES (4, CAST(X'ff41' AS TEXT), 50);"
    url = sqlite_file(tmp_path / "shop.db", script)
    assert verifier.run(url, "SELECT name FROM users WHERE id = 4").rows == (("\ufffdA",),)
    assert [v.agrees for v in verifier.verify(Task("q", GOLD, (url,)), [RIGHT, WRONG])] == [True, False]


# --------------------------------------------------------------------------------------------------- preparation
SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT CHECK (city <> ''));
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), amount REAL);
CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);
CREATE VIEW big AS SELECT * FROM orders WHERE amount > 10;
INSERT INTO customers VALUES (1, 'Ann', 'Bern'), (2, 'Bob', 'Oslo'), (3, 'Cy', 'Bern'), (4, 'Di', NULL);
INSERT INTO orders VALUES (1, 1, 5.5), (2, 1, 20), (3, 2, 7), (4, 3, 11), (5, NULL, 3);
INSERT INTO notes VALUES (1, 'a'), (2, 'b');
"""
JOIN = "SELECT c.name, SUM(o.amount) FROM customers c JOIN orders o ON o.customer_id = c.id GROUP BY c.id, c.name"


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_databases_are_drawn_from_a_file_and_it_stays_the_first(verifier, tmp_path, engine):
    url = MAKERS[engine](tmp_path / "shop.db", SHOP)
    prepared = prepare(verifier, "q", url, JOIN)
    assert prepared.status == "ok", prepared
    assert prepared.task.databases[0] == url and prepared.task.engine == engine and len(prepared.task.databases) == 4
    assert prepared.killed / prepared.mutants > 0.8
    left = "SELECT c.name, SUM(o.amount) FROM customers c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY 1"
    assert [v.agrees for v in verifier.verify(prepared.task, [JOIN, left])] == [True, False]


def test_a_small_file_is_prepared_like_its_script(verifier, tmp_path):
    url = sqlite_file(tmp_path / "shop.db", SHOP)
    found, wanted = prepare(verifier, "q", url, JOIN), prepare(verifier, "q", SHOP, JOIN)
    assert (found.status, found.mutants, found.killed) == (wanted.status, wanted.mutants, wanted.killed)
    assert len(found.task.databases) == len(wanted.task.databases)


def test_of_a_large_table_some_rows_are_read_at_equal_distances(verifier, tmp_path):
    rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) "
    script = f"CREATE TABLE t (rowid TEXT, a INT); {rows} INSERT INTO t SELECT 'r' || i, i FROM n;"
    script += f"CREATE TABLE w (k INT PRIMARY KEY) WITHOUT ROWID; {rows} INSERT INTO w SELECT i FROM n;"
    script += "CREATE TABLE gaps (id INTEGER PRIMARY KEY); INSERT INTO gaps VALUES (1), (900000), (-50);"
    context = context_of(verifier, sqlite_file(tmp_path / "large.db", script))
    values = [row[1] for row in context.schema.table("t").rows]
    assert len(values) == SAMPLED and values == sorted(set(values)) and values[0] == 1 and values[-1] > 4_700
    assert len(context.schema.table("w").rows) == SAMPLED and len(context.schema.table("gaps").rows) == 3
    large = "CREATE TABLE t (a INTEGER); INSERT INTO t SELECT i FROM range(100000) r(i);"
    context = context_of(verifier, duckdb_file(tmp_path / "large.duckdb", large))
    values = [row[0] for row in context.schema.table("t").rows]
    assert len(set(values)) == SAMPLED and max(values) > 80_000


def test_a_definition_that_cannot_be_read_is_written_from_what_the_engine_tells(verifier, tmp_path):
    odd = "CREATE TABLE odd (a INTEGER PRIMARY KEY ON CONFLICT REPLACE DEFAULT (1+(2)) /* ( */, b 'no type' NOT NULL);"
    url = sqlite_file(tmp_path / "odd.db", odd + "INSERT INTO odd VALUES (1, 2);")
    table = context_of(verifier, url).schema.table("odd")
    assert [column.name for column in table.columns] == ["a", "b"] and table.primary_key == ("a",)
    assert prepare(verifier, "q", url, "SELECT b FROM odd WHERE a = 1").status == "ok"


def test_a_file_without_tables_says_so(verifier, tmp_path):
    url = sqlite_file(tmp_path / "none.db", "CREATE TABLE t (a INT); DROP TABLE t;")
    assert "has no table" in prepare(verifier, "q", url, "SELECT 1").reason


def test_prepared_questions_are_kept_by_the_state_of_the_file(tmp_path):
    url = sqlite_file(tmp_path / "shop.db", SHOP)
    rows = [("q", url, JOIN)]
    with Preparer(cache=tmp_path / "kept.db") as preparer:
        (first,) = preparer.prepare(rows)
        assert len(preparer._cache) == 1
        (again,) = preparer.prepare(rows)
        assert again == first and len(preparer._cache) == 1
        before = cache.key_of(url, JOIN)
        with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
            connection.execute("DELETE FROM notes")
            connection.commit()
        assert cache.key_of(url, JOIN) != before
        (changed,) = preparer.prepare(rows)
        assert changed.status == "ok" and len(preparer._cache) == 2


# ---------------------------------------------------------------------------------------------------------- names
def test_a_path_becomes_the_url_of_its_engine(tmp_path):
    sqlite_file(tmp_path / "a.db")
    duckdb_file(tmp_path / "b.db")
    assert database_url("a.db", tmp_path) == f"sqlite:///{tmp_path}/a.db"
    assert database_url("b.db", tmp_path) == f"duckdb:///{tmp_path}/b.db"
    assert database_url("missing.duckdb", tmp_path) == f"duckdb:///{tmp_path}/missing.duckdb"
    assert database_url("sqlite:///a.db", tmp_path) == f"sqlite:///{tmp_path}/a.db"
    assert database_url(f"sqlite:///{tmp_path}/a.db", Path("/elsewhere")) == f"sqlite:///{tmp_path}/a.db"
    with pytest.raises(DatabaseError, match="mysql://… is of no known kind"):
        database_url("mysql://role:secret@host/shop", tmp_path)


def test_only_absolute_urls_name_files():
    assert is_database_url("sqlite:////data/shop.db") and is_database_url("duckdb:////data/shop.db")
    assert not any(map(is_database_url, ["sqlite:///shop.db", "mysql://host/data", CONTEXT, ""]))
    assert content_key(CONTEXT) == CONTEXT


def test_a_task_refuses_files_of_another_engine():
    with pytest.raises(ValueError, match="is for sqlite, which does not read duckdb"):
        Task("q", GOLD, ("duckdb:////data/shop.db",))
