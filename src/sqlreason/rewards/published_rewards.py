"""Rewards as others published them, over our stricter verdicts; for comparison and for reproducing their recipes.

Only the formulas are theirs. Agreement is ours (several test databases, bags, the sandbox), so a query that their
comparison of sets or a single database would let pass earns less here.

Example:
    >>> from sqlreason.reasoning.format import render
    >>> reward = ArcticReward()
    >>> answers = [render("…", sql) for sql in ("SELECT SUM(a) FROM t", "SELECT MAX(a) FROM t", "SELECT b FROM t")]
    >>> rows = "CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2)"
    >>> reward(answers, sql_context=[rows] * 3, gold_sql=["SELECT SUM(a) FROM t"] * 3)
    [1.0, 0.1, 0.0]
    >>> reward.close()
"""

from collections.abc import Sequence
from functools import partial

from sqlreason.rewards.execution import comparable, find_worthless
from sqlreason.rewards.judging import Judge, JudgedReward, Judgement, Rows
from sqlreason.sql.comparison_rules import comparison_of
from sqlreason.sql.parsing.dialects import to_engine
from sqlreason.sql.parsing.statements import statement_kind

#: Length of thought and answer at which SQL-R1's reward for length is full.
SQL_R1_CHARACTERS = 2048


def score_arctic(judgement: Judgement, judge: Judge) -> tuple[float, str]:
    """Return 1 for the gold's result, 0.1 for a query that runs, else 0.

    Yao et al. 2025, "Arctic-Text2SQL-R1: Simple Rewards, Strong Reasoning in Text-to-SQL" (arXiv:2505.20315),
    section 3: execution correctness and syntax validity alone.
    """
    verdict = judgement.verdict
    if verdict is None:
        return 0.0, judgement.reason
    if verdict.agrees:
        return 1.0, "agrees"
    return (0.1 if verdict.runs else 0.0), verdict.status


def score_sql_r1(judgement: Judgement, judge: Judge) -> tuple[float, str]:
    """Return the sum of SQL-R1's four parts, from -1 to 7.5.

    Ma et al. 2025, "SQL-R1: Training Natural Language to SQL Reasoning Model By Reinforcement Learning"
    (arXiv:2504.08600), section 3.2: format 1 or -1; execution 2 or -2 (0 outside of the format); result 3 or -3 (0 for
    what does not run); and for a right result length, 0.5 x min(characters of thought and answer / 2048, 1) + share of
    the query in the answer. Our answer is the `<sql>` block.
    """
    verdict = judgement.verdict
    if verdict is None:
        return -1.0, judgement.reason
    if not verdict.runs:
        return 1.0 - 2.0, verdict.status
    if not verdict.agrees:
        return 1.0 + 2.0 - 3.0, verdict.status
    answer = judgement.text[judgement.text.find("<sql>") :]
    length = 0.5 * min(len(judgement.text) / SQL_R1_CHARACTERS, 1.0) + len(judgement.sql) / len(answer)
    return 1.0 + 2.0 + 3.0 + length, "agrees"


def score_partial(judgement: Judgement, judge: Judge) -> tuple[float, str]:
    """Return how near the rows are to the gold's, in [0, 0.9]; 1 where they agree on every test database.

    The mean of cell precision, cell recall, tuple cardinality and, where the gold orders, tuple order, on the original
    rows: Papicchio, Papotti and Cagliero 2023, "QATCH" (NeurIPS, datasets and benchmarks), section 4; as a reward in
    Papicchio et al. 2025, "Think2SQL" (arXiv:2504.15077). Two things are ours: near is never worth as much as right
    (x 0.9), because equal rows on one database prove nothing, and a query that reads no table earns nothing.
    """
    task, verdict = judgement.task, judgement.verdict
    if task is None or verdict is None:
        return 0.0, judgement.reason
    if verdict.agrees:
        return 1.0, "agrees"
    if fault := find_worthless(judgement):
        return 0.0, fault
    if not verdict.runs or statement_kind(task.gold) != "select":
        return 0.0, verdict.status
    gold, *_ = to_engine(task.gold, task.engine, task.reading)
    ordered = comparison_of(gold, task.engine).ordered
    return 0.9 * _nearness(judge.gold_rows(task), judge.rows(task, judgement.sql), ordered), verdict.status


def _nearness(gold: Rows, found: Rows, ordered: bool) -> float:
    if not gold or not found:
        return 0.0
    wanted = {comparable(cell) for row in gold for cell in row}
    given = {comparable(cell) for row in found for cell in row}
    parts = [
        len(wanted & given) / len(given),
        len(wanted & given) / len(wanted),
        min(len(gold), len(found)) / max(len(gold), len(found)),
        *([_order(gold, found)] if ordered else []),
    ]
    return sum(parts) / len(parts)


def _order(gold: Rows, found: Rows) -> float:
    """Spearman's rank correlation of the rows that both have, as a share in [0, 1]; 0 where they share none."""
    places = {tuple(map(comparable, row)): place for place, row in reversed(list(enumerate(gold)))}
    kept = dict.fromkeys(row for row in (tuple(map(comparable, row)) for row in found) if row in places)
    ranks = _ranks([places[row] for row in kept])
    n = len(ranks)
    if n < 2:
        return float(n)
    squares = sum((rank - place) ** 2 for place, rank in enumerate(ranks))
    return (2.0 - 6.0 * squares / (n * (n * n - 1))) / 2.0


def _ranks(places: Sequence[int]) -> list[int]:
    rank_of = {place: rank for rank, place in enumerate(sorted(places))}
    return [rank_of[place] for place in places]


ArcticReward = partial(JudgedReward, "arctic", score_arctic)
SqlR1Reward = partial(JudgedReward, "sql_r1", score_sql_r1)
PartialReward = partial(JudgedReward, "partial", score_partial)
