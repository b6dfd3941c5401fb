"""The audit of a source: per row and in sum."""

import pytest

from sqlreason.sql.audit import audit
from sqlreason.sql.sandbox.process import WorkerError
from sqlreason.sql.verifier import Verifier

PETS = """
CREATE TABLE pets (id INT PRIMARY KEY, kind TEXT, age INT);
INSERT INTO pets VALUES (1, 'cat', 3), (2, 'dog', 5);
"""
ROWS = [
    ("1", PETS, "SELECT kind FROM pets WHERE age > 4"),
    ("2", PETS, "SELECT nope FROM pets"),
    ("3", PETS, "SELECT other FROM pets"),
    ("4", "nothing here", "SELECT 1"),
]


@pytest.fixture(scope="module")
def found():
    done = []
    with Verifier() as verifier:
        result = audit(verifier, ROWS, progress=done.append)
    assert done == [1, 2, 3, 4]
    return result


def test_every_row_has_a_status_and_the_others_a_reason(found) -> None:
    assert [row.status for row in found.rows] == ["ok", "gold_error", "gold_error", "schema_error"]
    assert found.rows[0].engine == "sqlite" and found.rows[0].killed > 0
    assert all(row.reason and not row.engine for row in found.rows[1:])


def test_the_matrix_counts_alike_reasons_together(found) -> None:
    cells = {(cell["status"], cell["engine"]): cell["rows"] for cell in found.matrix()}
    assert cells == {("ok", "sqlite"): 1, ("gold_error", "none"): 2, ("schema_error", "none"): 1}


def test_the_summary_adds_up(found) -> None:
    summary = found.summary()
    assert (summary["rows"], summary["usable"], summary["usable_share"]) == (4, 1, 0.25)
    assert 0 < summary["kill_rate"] <= 1


def test_rows_that_nobody_thought_of_are_rows_with_a_reason(monkeypatch) -> None:
    half, long = "\ud800", "9" * 5_000
    rows = [
        ("no gold", PETS, None),
        ("nan", PETS, float("nan")),
        ("no context", None, "SELECT 1"),
        ("half a character", PETS.replace("cat", half), "SELECT kind FROM pets"),
        ("digits", f"CREATE TABLE t (a INT); INSERT INTO t VALUES ({long})", f"SELECT a FROM t LIMIT {long}"),
        ("torn", "CREATE TABLE t (a INT, b TEXT DEFAULT x'zz'", "SELECT a FROM t"),
        *ROWS[:1],
    ]  # fmt: skip
    with Verifier() as verifier:
        result = audit(verifier, rows)
    statuses = [row.status for row in result.rows]
    assert statuses == ["no_gold", "no_gold", "schema_error", "schema_error", "gold_error", "schema_error", "ok"]
    assert all(row.reason.encode() for row in result.rows[:-1])
    assert sum(cell["rows"] for cell in result.matrix()) == len(rows)


def test_an_error_of_ours_is_that_rows_status_and_the_log_says_where(monkeypatch, caplog) -> None:
    def stumble(*_, **__):
        raise KeyError("nobody thought of it")

    monkeypatch.setattr("sqlreason.sql.databases.preparation.draw_databases", stumble)
    with caplog.at_level("DEBUG", "sqlreason.sql.databases.preparation"), Verifier() as verifier:
        result = audit(verifier, ROWS[:2])
    assert [(row.status, row.reason) for row in result.rows] == [("fault", "KeyError: 'nobody thought of it'")] * 2
    assert "in stumble" in caplog.text


def test_where_no_worker_starts_the_run_ends(monkeypatch) -> None:
    def refuse(*_):
        raise WorkerError("three workers in a row")

    with Verifier() as verifier, pytest.raises(WorkerError):
        monkeypatch.setattr(verifier._pool, "work", refuse)
        audit(verifier, ROWS)


def test_an_audit_says_nothing_of_what_another_dialect_lacks(capfd, caplog):
    context = (
        "CREATE TABLE t (id INT NOT NULL AUTO_INCREMENT, n VARCHAR(20) CHARACTER SET utf8, PRIMARY KEY (id)) "
        "ENGINE=InnoDB DEFAULT CHARSET=utf8 ROW_FORMAT=DYNAMIC COMMENT='x'; INSERT INTO t (n) VALUES ('a'), ('b');"
    )
    golds = ("SELECT n FROM t", "SELECT n FROM t AS x (a, n) FOR UPDATE", "SELECT n FROM t TABLESAMPLE (9)")
    with Verifier() as verifier:
        audit(verifier, [(gold, context, gold) for gold in golds])
    assert caplog.text == "" and capfd.readouterr() == ("", "")
