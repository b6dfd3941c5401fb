"""Which clauses of a query differ from the gold's, and where query and plan speak of them."""

import pytest

from sqlreason.reasoning.clause_blame import blamed_spans, differing_clauses, segments, sentence_clause
from sqlreason.reasoning.format import render
from sqlreason.reasoning.vocabulary import ABSENCES, SENTENCES

PAIRS = [
    ("SELECT a FROM t WHERE b = 1", "SELECT a FROM t WHERE b = 2", {"filters"}),
    ("SELECT a FROM t WHERE c = 2 AND b = 1", "SELECT a FROM t WHERE b = 1 AND 2 = c", set()),
    ("select A from T", "SELECT t.a FROM t", set()),
    ("SELECT x.a FROM t AS x JOIN u AS y ON x.id = y.tid", "SELECT t.a FROM t JOIN u ON u.tid = t.id", set()),
    ("SELECT x.a FROM t AS x JOIN u AS y ON x.id = y.id", "SELECT t.a FROM t JOIN u ON u.tid = t.id", {"joins"}),
    ("SELECT t.a FROM t LEFT JOIN u ON u.tid = t.id", "SELECT t.a FROM t JOIN u ON u.tid = t.id", {"joins"}),
    ("SELECT y.a FROM t AS x JOIN u AS y ON x.id = y.id", "SELECT t.a FROM t JOIN u ON t.id = u.id", {"output"}),
    ("SELECT a FROM v", "SELECT a FROM t", {"tables"}),
    ("SELECT a FROM t", "SELECT a FROM t WHERE b > 3", {"filters"}),
    ("SELECT a, b FROM t", "SELECT b, a FROM t", {"output"}),
    ("SELECT a FROM t", "SELECT DISTINCT a FROM t", {"output"}),
    ("SELECT a AS n FROM t", "SELECT a FROM t", set()),
    ("SELECT a FROM t GROUP BY a HAVING COUNT(*) > 1", "SELECT a FROM t GROUP BY a HAVING COUNT(*) > 2", {"grouping"}),
    ("SELECT a FROM t ORDER BY b LIMIT 1", "SELECT a FROM t ORDER BY b DESC LIMIT 1", {"order"}),
    ("SELECT a FROM t UNION SELECT a FROM u", "SELECT a FROM t INTERSECT SELECT a FROM u", {"combination"}),
    (
        "WITH w AS (SELECT a FROM t WHERE b = 1) SELECT a FROM w",
        "WITH w AS (SELECT a FROM t) SELECT a FROM w",
        {"filters"},
    ),
    ("SELECT a FROM t WHERE b IN (SELECT c FROM u)", "SELECT a FROM t WHERE b IN (SELECT d FROM u)", {"filters"}),
    ("SELECT FROM WHERE", "SELECT a FROM t", set()),
    ("DELETE FROM t", "SELECT a FROM t", set()),
]


@pytest.mark.parametrize(("candidate", "gold", "wanted"), PAIRS)
def test_clauses_that_differ_are_told_whatever_the_aliases(candidate, gold, wanted):
    assert differing_clauses(candidate, gold) == wanted
    assert differing_clauses(gold, candidate) == wanted


def test_every_sentence_that_the_teacher_writes_is_known_by_its_head():
    kinds = {"table": "tables", "joined": "tables", "filter": "filters", "qualify": "filters", "group": "grouping",
             "having": "grouping", "output": "output", "distinct": "output", "order": "order", "offset": "order",
             "limit": "order"}  # fmt: skip
    kinds |= {kind: "joins" for kind in SENTENCES if kind.endswith("join")}
    kinds |= dict.fromkeys(("union", "union_all", "intersect", "except"), "combination")
    told = {(kind, sentence_clause(f"3. {text.format('order_date')}")) for kind in kinds for text in SENTENCES[kind]}
    assert told == set(kinds.items())
    none = {(kind, sentence_clause(text)) for kind, texts in ABSENCES for text in texts}
    assert none == {(kind, kinds[kind]) for kind, _ in ABSENCES}


def test_a_query_is_cut_where_its_own_clauses_begin():
    named, joined = "WITH w AS (SELECT a FROM t)", "JOIN (SELECT b FROM u WHERE c = ')') AS d ON d.b = w.a"
    sql = f"{named} SELECT COUNT(*) FROM w {joined} LIMIT 2"
    cut = [(part.clause, sql[part.start : part.end]) for part in segments(sql)]
    assert cut[:2] == [("output", "SELECT a"), ("tables", "FROM t")]
    assert [clause for clause, _ in cut[2:]] == ["output", "tables", "joins", "order"]
    assert cut[2][1] == "SELECT COUNT(*)" and cut[4][1] == joined
    assert segments("SELECT 'open") == []


def test_blame_is_on_the_clause_and_on_the_sentence_that_speaks_of_it():
    plan = "1. Read the rows of t.\n2. Keep rows where t.b is 1.5.\n3. Return a."
    answer = render(plan, "SELECT a FROM t WHERE t.b = 1.5")
    said = [answer[start:end].strip() for start, end in blamed_spans(answer, "SELECT a FROM t WHERE t.b = 2")]
    assert said == ["WHERE t.b = 1.5", "Keep rows where t.b is 1.5."]


def test_what_is_missing_is_blamed_on_what_stands_in_its_place():
    grouped, plain = (render("Read t.", sql) for sql in ("SELECT a FROM t GROUP BY a", "SELECT a FROM t"))
    gold = "SELECT a FROM t WHERE b = 1"
    assert [grouped[a:b] for a, b in blamed_spans(grouped, f"{gold} GROUP BY a")] == ["G"]
    ((start, end),) = blamed_spans(plain, gold)
    assert plain[:start].endswith("FROM t") and plain[start:end] == "\n"
    told = render("Read t. No filter is needed.", "SELECT a FROM t")
    assert [told[a:b] for a, b in blamed_spans(told, gold)] == ["\n", "No filter is needed."]


@pytest.mark.parametrize("text", ["no tags", render("Read t.", "SELECT a FROM t"), render("Read t.", "SELECT FROM")])
def test_nothing_is_blamed_where_nothing_can_be_told(text):
    assert blamed_spans(text, "SELECT a FROM t") == []
