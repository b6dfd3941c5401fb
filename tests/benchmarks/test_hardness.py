"""Spider's classes of hardness, counted on our own tree, are those of its published rules."""

import json

import pytest
from benchmark_layouts import SPIDER

from sqlreason.benchmarks.hardness import hardness

CASES = [
    ("SELECT count(*) FROM t", "easy"),
    ("SELECT a FROM t WHERE b = 1", "easy"),
    ("SELECT a, b FROM t", "medium"),
    ("SELECT max(a), min(a) FROM t", "medium"),
    ("SELECT a FROM t WHERE b = 1 AND c = 2", "medium"),
    ("SELECT a FROM t WHERE b LIKE '%x%'", "medium"),
    ("SELECT a FROM t JOIN u ON t.id = u.id WHERE b = 1", "medium"),
    ("SELECT a FROM t WHERE b = 1 OR c = 2", "medium"),
    ("SELECT a, b FROM t JOIN u ON t.id = u.id GROUP BY a ORDER BY count(*) DESC LIMIT 1", "extra"),
    ("SELECT a FROM t GROUP BY a ORDER BY count(*) DESC LIMIT 1", "hard"),
    ("SELECT a FROM t WHERE b > (SELECT avg(b) FROM t)", "hard"),
    ("SELECT a, b FROM t WHERE b > (SELECT avg(b) FROM t)", "extra"),
    ("SELECT a FROM t WHERE b NOT IN (SELECT b FROM u)", "hard"),
    ("SELECT a FROM t UNION SELECT a FROM u UNION SELECT a FROM v", "hard"),
    ("SELECT a FROM t EXCEPT SELECT a FROM u ORDER BY a LIMIT 3", "hard"),
    ("SELECT a FROM t WHERE b IN (SELECT b FROM u) INTERSECT SELECT a FROM v", "extra"),
    ("SELECT count(*) FROM (SELECT a FROM t GROUP BY a)", "easy"),
    ("SELECT avg(a) FROM t GROUP BY b HAVING count(*) > 1", "easy"),
    # a peculiarity: the AND of HAVING counts as an aggregate
    ("SELECT avg(a) FROM t GROUP BY b HAVING count(*) > 1 AND count(*) < 9", "medium"),
]


@pytest.mark.parametrize(("sql", "expected"), [*CASES, *((gold, found) for _, _, gold, found in SPIDER)])
def test_a_query_has_the_hardness_that_spiders_script_gives_it(sql, expected):
    assert hardness(sql) == expected


def test_what_is_no_query_has_no_hardness():
    assert [hardness(text) for text in ("", "DROP TABLE t", "no sql at (all")] == ["", "", ""]


def published_hardness(tree):
    """The published rules on Spider's own parse of a query, which its files hold beside the text."""

    def aggregates(units):
        return sum(unit[0] != 0 for unit in units)

    conditions = [*tree["from"]["conds"], *tree["where"], *tree["having"]]
    joints, single = [c for c in conditions if isinstance(c, str)], [c for c in conditions if not isinstance(c, str)]
    clauses = sum(bool(tree[name]) for name in ("where", "groupBy", "orderBy")) + (tree["limit"] is not None)
    clauses += max(0, len(tree["from"]["table_units"]) - 1) + joints.count("or") + sum(c[1] == 9 for c in single)
    nested = sum(isinstance(value, dict) for c in single for value in c[3:5])
    nested += sum(tree[name] is not None for name in ("intersect", "union", "except"))
    keys = [unit for key in (tree["orderBy"] or [0, []])[1] for unit in key[1:3] if unit]
    counted = (tree["select"][1], tree["where"][::2], tree["groupBy"], keys, tree["having"])
    several = sum(map(aggregates, counted)), len(tree["select"][1]), len(tree["where"]), len(tree["groupBy"])
    extras = sum(number > 1 for number in several)
    if not nested and clauses <= 1 and not extras:
        return "easy"
    if not nested and ((clauses <= 1 and extras <= 2) or (clauses <= 2 and extras < 2)):
        return "medium"
    if not nested and ((clauses <= 2 and extras > 2) or (clauses == 3 and extras <= 2)):
        return "hard"
    return "hard" if clauses <= 1 and not extras and nested <= 1 else "extra"


def test_it_is_that_of_the_published_rules_on_spiders_own_parse(real_folder):
    asked = json.loads((real_folder / "spider3/dev.json").read_text())
    assert len(asked) == 128
    assert [q["query"] for q in asked if hardness(q["query"]) != published_hardness(q["sql"])] == []
