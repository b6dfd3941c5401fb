"""Published benchmarks' own rules, on the cases that their own scripts were tried with (docs/sql-engine.md, section 1).

Each case stands in `fixtures/equivalence.sql`; here is what BIRD's EX and Spider's test-suite script (default flags)
said about it.
"""

import pytest
from sql_cases import load_cases

from sqlreason.sql.presets import as_published
from sqlreason.sql.sandbox.worker.benchmark_rules import same_up_to_columns
from sqlreason.sql.verifier import Task, Verifier

CONTEXT, CASES = load_cases("equivalence")
BY_NAME = {case.name: case for case in CASES}
# name: (BIRD, Spider)
PUBLISHED = {
    "identical": (1, 1),
    "alias and column name differ": (1, 1),
    "row order is free where the gold does not order": (1, 1),
    "the gold orders and the candidate orders the other way": (1, 0),
    "the gold orders and the candidate does not": (1, 0),
    "ties are broken differently": (1, 0),
    "LIMIT cuts a tie": (0, 0),
    "order of a subquery is no order": (1, 0),
    "order by in a string is no order": (1, 0),
    "duplicates dropped": (1, 1),
    "duplicates added": (1, 1),
    "same set and length with other counts": (1, 0),
    "UNION against UNION ALL": (1, 0),
    "columns permuted": (0, 1),
    "columns permuted, rows inconsistent": (0, 0),
    "extra column": (0, 0),
    "missing column": (0, 0),
    "integer 1 and real 1.0": (1, 1),
    "float noise": (0, 0),
    "rounded against full": (0, 0),
    "integer against real division": (0, 0),
    "NULL and NULL": (1, 1),
    "NULL and zero": (0, 0),
    "NULL and empty text": (0, 0),
    "text and number": (0, 0),
    "letter case": (0, 0),
    "neighbours beyond 2^53": (0, 0),
    "both empty": (1, 1),
    "both empty with other columns": (1, 1),
    "constant guess": (1, 1),
    "the candidate deletes": (1, 0),
    "the candidate updates": (1, 0),
    "a second statement": (0, 1),
    "a trailing semicolon and a comment": (1, 1),
    "gold updates and candidate has the same effect": (1, 1),
    "gold updates and candidate has another effect": (1, 1),
    "gold deletes and candidate does nothing": (1, 1),
    "gold creates a view": (0, 0),
}


@pytest.fixture(scope="module", params=["bird", "spider"])
def verifier(request):
    with Verifier(preset=request.param) as shared:
        yield shared


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_preset_says_what_the_benchmarks_script_said(verifier, name) -> None:
    gold, candidate = BY_NAME[name].texts
    (verdict,) = verifier.verify(Task(name, gold, (CONTEXT,)), [candidate])
    wanted = PUBLISHED[name][verifier.preset == "spider"]
    assert verdict.agrees == bool(wanted), verdict


def test_a_destructive_candidate_harms_nobody_after_it(verifier) -> None:
    task = Task("", "SELECT name FROM users WHERE age > 35", (CONTEXT,))
    verdicts = verifier.verify(task, ["DROP TABLE users", task.gold, "DELETE FROM users", task.gold + " "])
    assert [verdict.agrees for verdict in verdicts][1::2] == [True, True]


def test_an_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'wikisql'.*strict, spider, bird"):
        Verifier(preset="wikisql")


@pytest.mark.parametrize(
    ("sql", "rewritten"),
    [
        ("SELECT DISTINCT a, COUNT(distinct b) FROM t", "SELECT  a, COUNT( b) FROM t"),
        ("SELECT 'distinct' FROM t; DROP TABLE t", "SELECT 'distinct' FROM t"),
        ("SELECT a FROM t WHERE a > = 3 AND b ! = 2", "SELECT a FROM t WHERE a >= 3 AND b != 2"),
    ],
)
def test_spiders_script_rewrites_queries_first(sql, rewritten) -> None:
    assert (as_published(sql, "spider"), as_published(sql, "bird")) == (rewritten, sql)


@pytest.mark.parametrize(
    ("ones", "others", "ordered", "same"),
    [
        ([(1, 2), (3, 4)], [(2, 1), (4, 3)], True, True),
        ([(1, 2), (3, 4)], [(4, 3), (2, 1)], False, True),
        ([(1, 2), (3, 4)], [(4, 3), (2, 1)], True, False),
        ([(1, 2), (2, 1)], [(1, 1), (2, 2)], False, False),
        ([(1, 1, 2)] * 2, [(1, 2, 1)] * 2, False, True),
        ([], [], False, True),
        ([(None, "a")], [("a", None)], False, True),
    ],
)
def test_columns_may_stand_in_any_order_but_one_for_all_rows(ones, others, ordered, same) -> None:
    assert same_up_to_columns(ones, others, ordered) == same_up_to_columns(others, ones, ordered) == same
