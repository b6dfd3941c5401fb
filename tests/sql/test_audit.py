"""The audit of a source: per row and in sum."""

import pytest

from sqlreason.sql.audit import audit
from sqlreason.sql.execution import Verifier

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
