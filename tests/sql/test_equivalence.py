"""When two results are the same: named cases of real queries, and properties of the comparison itself."""

import math
import random
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sql_cases import load_cases

from sqlreason.sql.sandbox.worker.equivalence import Answer, canonical, canonical_rows, contained, same_bag, same_value
from sqlreason.sql.verifier import Limits, Task, Verifier

CONTEXT, CASES = load_cases("equivalence")


@pytest.fixture(scope="module")
def verifier(driver):
    with Verifier() as shared:
        yield shared


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_candidates_are_judged_as_a_reader_would(verifier, case) -> None:
    gold, candidate = case.texts
    (verdict,) = verifier.verify(Task(case.name, gold, (CONTEXT,)), [candidate])
    assert (verdict.status,) == case.statuses, verdict


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_gold_agrees_with_itself(verifier, case) -> None:
    (verdict,) = verifier.verify(Task(case.name, case.texts[0], (CONTEXT,)), [case.texts[0]])
    assert verdict.agrees


def test_a_cut_tie_is_flagged(verifier) -> None:
    task = Task("", "SELECT name FROM users ORDER BY age DESC LIMIT 1", (CONTEXT,))
    assert verifier.verify(task, ["SELECT 'Cy' FROM users LIMIT 1"])[0].flags == ("gold_ambiguous",)


FIFTY = (
    "CREATE TABLE t (id INT, x INT, y INT); INSERT INTO t WITH RECURSIVE c (i) AS "
    "(SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 50) SELECT i, i / 3, 0 FROM c;"
)


@pytest.mark.parametrize(
    ("gold", "candidate", "status", "ambiguous"),
    [
        ("SELECT id FROM t ORDER BY x LIMIT 4", "SELECT id FROM t ORDER BY x, id DESC LIMIT 4", "match", True),
        ("SELECT id FROM t ORDER BY x LIMIT 4", "SELECT id FROM t ORDER BY id DESC LIMIT 4", "mismatch", True),
        ("SELECT id FROM t ORDER BY x LIMIT 5", "SELECT id FROM t ORDER BY x, id DESC LIMIT 5", "match", False),
        ("SELECT id FROM t ORDER BY y LIMIT 1", "SELECT 5 FROM t LIMIT 1", "match", True),
        ("SELECT id FROM t ORDER BY y LIMIT 1", "SELECT -5 FROM t LIMIT 1", "mismatch", True),
        ("SELECT id FROM t LIMIT 2", "SELECT id FROM t WHERE id < 3 ORDER BY id DESC", "match", True),
        ("SELECT id FROM t LIMIT 2 OFFSET 40", "SELECT 83 - id FROM t LIMIT 2 OFFSET 40", "match", False),
        ("SELECT id FROM t ORDER BY id LIMIT 2 OFFSET 40", "SELECT 83 - id FROM t LIMIT 40, 2", "mismatch", False),
    ],
)
def test_ties_hold_among_more_rows_than_are_looked_at(gold, candidate, status, ambiguous) -> None:
    with Verifier(limits=Limits(max_rows=20)) as narrow:
        own, verdict = narrow.verify(Task("", gold, (FIFTY,)), [gold + " --", candidate])
    assert own.agrees
    assert (verdict.status, "gold_ambiguous" in verdict.flags) == (status, ambiguous)


def test_values_have_one_form() -> None:
    assert [canonical(v) for v in (True, 2.0, Decimal("3.00"), Decimal("0.5"))] == [1, 2, 3, 0.5]
    assert canonical(date(2024, 1, 2)) == canonical(datetime(2024, 1, 2)) == canonical("2024-01-02T00:00:00")
    assert canonical(datetime(2024, 1, 2, 3)) != canonical(date(2024, 1, 2))
    assert same_value(canonical(math.nan), canonical(-math.nan))
    assert not same_value("1", 1) and not same_value(None, 0) and not same_value(2**53, 2**53 + 1)


VALUES = st.one_of(st.none(), st.integers(-3, 3), st.sampled_from(["", "a", "1"]), st.floats(-2, 2, width=16))
ROWS = st.lists(st.tuples(VALUES, VALUES), max_size=7)


@given(ROWS, st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_a_bag_is_itself_in_any_order_and_up_to_noise(rows, rng: random.Random) -> None:
    ones = canonical_rows(rows)
    noisy = [tuple(v * (1 + 1e-9) if isinstance(v, float) else v for v in row) for row in rows]
    rng.shuffle(noisy)
    assert same_bag(ones, canonical_rows(noisy))
    assert same_bag(canonical_rows(noisy), ones)
    assert contained(ones[1:], ones)


@given(ROWS, st.tuples(VALUES, VALUES))
@settings(max_examples=100)
def test_a_bag_is_never_one_with_a_row_more(rows, extra) -> None:
    assert not same_bag(canonical_rows(rows), canonical_rows([*rows, extra]))


@given(ROWS, ROWS)
@settings(max_examples=150)
def test_sameness_is_symmetric(ones, others) -> None:
    one, other = canonical_rows(ones), canonical_rows(others)
    assert same_bag(one, other) == same_bag(other, one)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=8), st.integers(0, 4), st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_any_completion_of_a_tie_is_right(keys, limit, rng: random.Random) -> None:
    rows = [((key,), (i,)) for i, key in enumerate(sorted(keys))]
    gold = Answer(1, [row for _, row in rows[:limit]], ordered=True)
    gold.set_ties(rows, 0, limit)
    shuffled = sorted(rng.sample(rows, len(rows)), key=lambda pair: pair[0])
    assert gold.matches([row for _, row in shuffled[:limit]])
    if 0 < limit < len(rows) and rows[0][0] != rows[-1][0]:
        assert not gold.matches([row for _, row in reversed(rows)][:limit])


JUDGED = {engine: load_cases(f"judged_{engine}") for engine in ("sqlite", "duckdb", "postgres")}


def judged(verifier, engine, case):
    """The verdict is the case's, twice, since what a candidate did is taken back; and the gold agrees with itself."""
    gold, candidate = case.texts
    task = Task("", gold, (JUDGED[engine][0],), engine)
    for mark in ("", "\n--"):
        own, verdict = verifier.verify(task, [f"{gold}\n-- {mark}", candidate + mark])
        assert own.agrees, own
        assert (verdict.status,) == case.statuses, verdict


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_whatever_results_hold_and_golds_leave_behind_is_judged(verifier, engine, subtests):
    for case in JUDGED[engine][1]:
        with subtests.test(msg=case.name):
            judged(verifier, engine, case)


@pytest.mark.parametrize("database", ["postgres", "closed_postgres"])
def test_whatever_results_hold_and_golds_leave_behind_is_judged_on_a_server(request, database, subtests):
    with Verifier(server=request.getfixturevalue(database)) as on_server:
        for case in JUDGED["postgres"][1]:
            with subtests.test(msg=case.name):
                judged(on_server, "postgres", case)
