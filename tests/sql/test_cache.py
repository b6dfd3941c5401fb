"""Prepared questions are kept by content, survive a stop in the middle, and never outlive what made them."""

import sqlite3
from contextlib import closing

import pytest

from sqlreason.sql.databases import cache as caching
from sqlreason.sql.databases.batch_preparation import prepare_all
from sqlreason.sql.databases.cache import Cache, key_of
from sqlreason.sql.databases.preparation import Prepared
from sqlreason.sql.parsing.statements import parse
from sqlreason.sql.sandbox.worker.shelf import Shelf
from sqlreason.sql.verifier import Task, Verifier

PETS = """
CREATE TABLE pets (id INT PRIMARY KEY, kind TEXT, age INT);
INSERT INTO pets VALUES (1, 'cat', 3), (2, 'dog', 5);
"""
ROWS = [(str(i), PETS, f"SELECT kind FROM pets WHERE age > {i}") for i in range(4)]
ROWS.append(("broken", PETS, "SELECT nope FROM pets"))


def test_what_was_prepared_is_not_prepared_again(tmp_path, monkeypatch) -> None:
    path = tmp_path / "new" / "prepared.sqlite"
    first = list(prepare_all(ROWS, cache=path))
    assert [found.status for found in first] == ["ok"] * 4 + ["gold_error"]
    assert first == list(prepare_all(ROWS))
    monkeypatch.setattr(
        "sqlreason.sql.databases.batch_preparation.prepare", lambda *_, **__: pytest.fail("prepared again")
    )
    assert list(prepare_all(ROWS, cache=path)) == first


def test_a_run_that_stops_keeps_what_it_has_done(tmp_path) -> None:
    path = tmp_path / "prepared.sqlite"
    running = prepare_all(ROWS, cache=path)
    next(running), next(running)
    running.close()
    with Cache(path) as kept:
        assert len(kept) == 2
    assert [found.task and found.task.id for found in prepare_all(ROWS, cache=path)] == ["0", "1", "2", "3", None]


def test_another_id_gets_its_own(tmp_path) -> None:
    path = tmp_path / "prepared.sqlite"
    (one,) = prepare_all(ROWS[:1], cache=path)
    (two,) = prepare_all([("other", *ROWS[0][1:])], cache=path)
    assert (one.task.id, two.task.id) == ("0", "other") and one.task.databases == two.task.databases


def test_settings_and_engine_are_part_of_the_key(monkeypatch) -> None:
    before = key_of(PETS, "SELECT 1", 3, 0, "lenient", "strict")
    assert before == key_of(PETS, "SELECT 1", 3, 0, "lenient", "strict")
    assert before != key_of(PETS, "SELECT 1", 3, 0, "strict", "strict") != key_of(PETS, "SELECT 1", 2, 0, "lenient", "")
    monkeypatch.setattr(caching, "_engine", lambda: "another engine")
    assert before != key_of(PETS, "SELECT 1", 3, 0, "lenient", "strict")


def filled(path):
    with Cache(path) as new:
        for i in range(200):
            new.put(f"key {i}", Prepared(Task(str(i), "SELECT 1", (PETS * 20,)), "ok", "", 1, 1))
    return path.read_bytes()


def foreign(path, statement):
    path.unlink()
    with closing(sqlite3.connect(path)) as other:
        other.execute(statement)
        other.commit()


DAMAGES = {
    "noise": lambda path, whole: path.write_bytes(b"no database" * 400),
    "half": lambda path, whole: path.write_bytes(whole[: len(whole) // 2]),
    "only its head": lambda path, whole: path.write_bytes(whole[:100]),
    "pages in the middle": lambda path, whole: path.write_bytes(whole[:8192] + b"?" * 90_000 + whole[98_192:]),
    "another program's": lambda path, whole: foreign(path, "CREATE TABLE users (name)"),
    "another cache's": lambda path, whole: foreign(path, "CREATE TABLE prepared (key, content, made)"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_file_that_cannot_be_read_is_set_aside_and_begun_anew(tmp_path, caplog, damage) -> None:
    path = tmp_path / "prepared.sqlite"
    DAMAGES[damage](path, filled(path))
    before = path.read_bytes()
    with Cache(path) as cache:
        assert [cache.get(f"key {i}", "id") for i in range(200)].count(None) > 0
    assert [found.status for found in prepare_all(ROWS[:2], cache=path)] == ["ok"] * 2
    (aside,) = tmp_path.glob("*.unreadable-1")
    assert aside.read_bytes() == before
    (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert str(path) in warning.getMessage() and aside.name in warning.getMessage()
    with Cache(path) as cache:
        assert len(cache) == 2


def test_a_full_disk_ends_the_keeping_and_not_the_run(tmp_path, caplog) -> None:
    path = tmp_path / "prepared.sqlite"
    with Cache(path) as cache:
        cache.put("kept", Prepared(None, "vacuous", "", 0, 0))
        cache._connection.execute("PRAGMA max_page_count = 4")  # the error of SQLite's that a full disk makes
        for i in range(9):
            cache.put(f"key {i}", Prepared(Task("", "SELECT 1", (PETS * 200,)), "ok", "", 1, 1))
        assert cache.get("kept", "id").status == "vacuous"
    (warning,) = caplog.records
    assert str(path) in warning.getMessage() and "full" in warning.getMessage()


@pytest.mark.parametrize("place", ["prepared.sqlite", "prepared.sqlite/within"])
def test_where_no_file_can_be_nothing_is_kept(tmp_path, caplog, place) -> None:
    if place == "prepared.sqlite":
        (tmp_path / place).mkdir()
    else:
        (tmp_path / "prepared.sqlite").write_text("a file where a folder should be")
    assert [found.status for found in prepare_all(ROWS[:2], cache=tmp_path / place)] == ["ok"] * 2
    assert [str(tmp_path / place) in record.getMessage() for record in caplog.records] == [True]


def test_an_entry_that_makes_no_sense_is_prepared_again(tmp_path) -> None:
    path = tmp_path / "prepared.sqlite"
    first = list(prepare_all(ROWS, cache=path))
    contents = ["{", "[]", '{"task": null}', '{"task": {"id": 1}, "flags": []}', "null"]
    with closing(sqlite3.connect(path)) as file:
        keys = [key for (key,) in file.execute("SELECT key FROM prepared")]
        file.executemany("UPDATE prepared SET content = ? WHERE key = ?", zip(contents, keys, strict=True))
        file.commit()
    assert list(prepare_all(ROWS, cache=path)) == first


def test_what_is_kept_is_bounded_by_its_size() -> None:
    shelf = Shelf(100)
    for i in range(30):
        shelf.put(i, str(i), 10)
    assert len(shelf) == 10 and shelf.get(0) is None and shelf.get(20) == "20"
    shelf.put("new", "", 10)
    assert shelf.get(20) == "20" and 21 not in shelf  # what was asked for last stays
    shelf.put("huge", "", 1_000)
    assert len(shelf) == 1 and shelf.get("huge") == ""


def test_long_queries_make_way_for_others() -> None:
    """300 queries of 3 KB, each another: their trees and verdicts once took 210 MB for good."""
    terms = [" OR ".join(f"age > {i}{j}" for j in range(220)) for i in range(10, 80)]
    queries = [f"SELECT kind FROM pets WHERE {condition}" for condition in terms]
    assert min(map(len, queries)) > 3_000
    trees = list(map(parse, queries))
    assert parse(queries[-1]) is trees[-1] and parse(queries[0]) is not trees[0]
    with Verifier() as one:
        one.verify(Task("", "SELECT kind FROM pets", (PETS,)), queries)
        assert one.verify(Task("", "SELECT kind FROM pets", (PETS,)), queries) and one.stats()["remembered"] == 70
        assert sum(len(text) for _, text in one._verdicts) < 100 * len(queries)


@pytest.mark.parametrize("status", ["fault", "too_costly"])
def test_what_another_machine_may_prepare_is_not_kept(tmp_path, monkeypatch, status) -> None:
    monkeypatch.setattr(
        "sqlreason.sql.databases.batch_preparation.prepare", lambda *_, **__: Prepared(None, status, "by chance", 0, 0)
    )
    path = tmp_path / "prepared.sqlite"
    assert [found.status for found in prepare_all(ROWS[:2], cache=path)] == [status] * 2
    with Cache(path) as cache:
        assert len(cache) == 0
