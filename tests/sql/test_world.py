"""Questions as the world writes them: every case of `fixtures/world*.sql`, through both drivers of SQLite."""

import pytest
from world_cases import WorldCase, load_world

from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.parsing.dialects import to_engine
from sqlreason.sql.verifier import Verifier

CASES = load_world()


@pytest.fixture(scope="module")
def verifier(driver):
    with Verifier() as shared:
        yield shared


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_question_gets_the_right_rows_or_a_reason(case: WorldCase, verifier) -> None:
    prepared = prepare(verifier, case.name, case.context, case.gold)
    assert prepared.status == case.status, prepared
    if case.status != "ok":
        assert case.reason in prepared.reason
        return
    task = prepared.task
    if case.reading is not None:
        assert f"{task.engine} {task.reading}".strip() == case.reading
    if case.rows is not None:
        gold = to_engine(task.gold, task.engine, task.reading)[0]
        found = verifier.run(task.databases[0], gold, task.engine)
        assert found.status == "ok", found
        assert ordered(found.rows, case.gold) == ordered(case.rows, case.gold), found
    verdicts = verifier.verify(task, [*case.agrees, *case.differs])
    expected = [True] * len(case.agrees) + [False] * len(case.differs)
    assert [verdict.agrees for verdict in verdicts] == expected, verdicts


def ordered(rows, gold: str) -> list[tuple]:
    """The rows with numbers by their value, in their order where the gold's last words say so."""
    plain = [tuple(round(v, 6) if isinstance(v, int | float) else v for v in row) for row in rows]
    return plain if "ORDER BY" in gold.rpartition(")")[2].upper() else sorted(plain, key=repr)
