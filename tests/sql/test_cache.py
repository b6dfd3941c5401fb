"""Prepared questions are kept by content, survive a stop in the middle, and never outlive what made them."""

import pytest

from sqlreason.sql import cache as caching
from sqlreason.sql.cache import Cache, key_of
from sqlreason.sql.instances import Prepared
from sqlreason.sql.preparation import prepare_all

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
    monkeypatch.setattr("sqlreason.sql.preparation.prepare", lambda *_, **__: pytest.fail("prepared again"))
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
    assert (one.task.id, two.task.id) == ("0", "other") and one.task.instances == two.task.instances


def test_settings_and_engine_are_part_of_the_key(monkeypatch) -> None:
    before = key_of(PETS, "SELECT 1", 3, 0, "lenient", "strict")
    assert before == key_of(PETS, "SELECT 1", 3, 0, "lenient", "strict")
    assert before != key_of(PETS, "SELECT 1", 3, 0, "strict", "strict") != key_of(PETS, "SELECT 1", 2, 0, "lenient", "")
    monkeypatch.setattr(caching, "_engine", lambda: "another engine")
    assert before != key_of(PETS, "SELECT 1", 3, 0, "lenient", "strict")


@pytest.mark.parametrize("status", ["fault", "too_costly"])
def test_what_another_machine_may_prepare_is_not_kept(tmp_path, monkeypatch, status) -> None:
    monkeypatch.setattr("sqlreason.sql.preparation.prepare", lambda *_, **__: Prepared(None, status, "by chance", 0, 0))
    path = tmp_path / "prepared.sqlite"
    assert [found.status for found in prepare_all(ROWS[:2], cache=path)] == [status] * 2
    with Cache(path) as cache:
        assert len(cache) == 0
