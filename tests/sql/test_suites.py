"""What drawn databases show: wrong queries that rows of one database, or of badly drawn ones, let through.

Each case of `fixtures/suites.sql` was accepted, or refused, wrongly on a good share of seeds before it was mended.
"""

import pytest
from sql_cases import load_suite_cases

from sqlreason.sql.databases import preparation
from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.verifier import Task, Verifier

SEEDS = range(8)
CASES = [(case, suite) for case in load_suite_cases() for suite in case.suites]


@pytest.fixture(scope="module")
def verifiers():
    with Verifier() as ours, Verifier(preset="spider") as spiders:
        yield {"lenient": ours, "strict": ours, "spider": spiders}


@pytest.mark.parametrize(("case", "suite"), CASES, ids=[f"{case.name}-{suite}" for case, suite in CASES])
def test_drawn_databases_tell_wrong_from_right(verifiers, case, suite) -> None:
    """A wrong query may slip through on one seed, since three databases cannot show everything; a right one never."""
    verifier, own = verifiers[suite], "" if suite == "spider" else suite
    prepared = [prepare(verifier, "", case.context, case.gold, seed=seed, suite=own) for seed in SEEDS]
    assert all(found.status == "ok" and "few_databases" not in found.flags for found in prepared)
    texts = [case.gold, *(text for text, _ in case.candidates)]
    verdicts = [[verdict.agrees for verdict in verifier.verify(found.task, texts)] for found in prepared]
    accepted = [sum(column) for column in zip(*verdicts, strict=True)]
    assert accepted[0] == len(SEEDS)
    for number, (text, right) in zip(accepted[1:], case.candidates, strict=True):
        assert number == len(SEEDS) if right else number <= 1, text


PAIRS = f"""CREATE TABLE dot (id INTEGER PRIMARY KEY, hue TEXT, size INTEGER);
INSERT INTO dot VALUES {", ".join(f"({i}, 'hue {i % 7}', {i % 11})" for i in range(1, 301))};"""


def test_an_answer_too_large_on_the_original_is_judged_on_drawn_databases(verifiers) -> None:
    gold = "SELECT a.hue, b.size FROM dot AS a, dot AS b WHERE a.size >= 0"
    found = prepare(verifiers["lenient"], "", PAIRS, gold)
    assert (found.status, "too_big_on_original" in found.flags, len(found.task.databases)) == ("ok", True, 3)
    right, wrong = verifiers["lenient"].verify(
        found.task, [gold.replace("a.size >= 0", "NOT a.size < 0"), gold.replace("b.size", "a.size")]
    )
    assert (right.agrees, wrong.agrees) == (True, False)


def test_more_databases_than_a_dozen_are_drawn_where_they_are_asked_for(verifiers) -> None:
    found = prepare(verifiers["lenient"], "", PAIRS, "SELECT hue FROM dot WHERE size > 4 ORDER BY id", n=15)
    assert len(found.task.databases) == 16 and "few_databases" not in found.flags


def test_a_gold_that_finds_nothing_on_drawn_databases_keeps_them(verifiers) -> None:
    """The original tells something; a wrong query may find rows where the gold finds none."""
    gold = "SELECT hue FROM dot WHERE size * id = 598 AND length(hue) = 5 AND id * 3 = 897"
    found = prepare(verifiers["lenient"], "", PAIRS, gold)
    assert found.status == "ok" and len(found.task.databases) == 4


def test_a_question_without_a_drawn_database_is_not_used(verifiers, monkeypatch) -> None:
    """Drawn rows that break what the context demands of them, as a CHECK that nobody can meet."""
    broken = PAIRS.replace("size INTEGER", "size INTEGER CHECK (size * id < 0)")
    monkeypatch.setattr(preparation, "draw_databases", lambda *_: [broken] * 3)
    found = prepare(verifiers["lenient"], "", PAIRS, "SELECT hue FROM dot WHERE size > 4")
    assert (found.task, found.status) == (None, "undrawn") and "CHECK" in found.reason


@pytest.mark.parametrize("given", [(), [], "", ("CREATE TABLE t (x INT);", None)])
def test_a_task_without_databases_is_refused(given) -> None:
    with pytest.raises(ValueError, match="has no database on which to judge"):
        Task("q7", "SELECT 1", given)
    with pytest.raises(ValueError, match="no task can be read"):
        Task.from_json('{"id": "q7", "gold": "SELECT 1", "databases": []}')


NO_TASKS = ["[]", "null", "7", "[" * 100_000, '{"id": "q7", "gold": "SELECT 1", "databases": "CREATE TABLE t (x INT)"}']
NO_TASKS += ['{"id": "q7", "gold": null, "databases": ["x"]}', '{"id": "q7", "gold": 5, "databases": ["x"]}']
NO_TASKS += ['{"id": "q7", "gold": "SELECT 1", "databases": ["x"], "engine": "oracle"}']


@pytest.mark.parametrize("text", NO_TASKS, ids=lambda text: text[:70])
def test_what_is_no_task_is_refused_where_it_is_read(text) -> None:
    with pytest.raises(ValueError, match="no task can be read"):
        Task.from_json(text)
