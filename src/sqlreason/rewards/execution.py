"""The default reward: does the query of an answer return what the gold query returns?

The scale, and why it is cut so:

* 0.00: the answer breaks the grammar or was cut off; the query reads no table, writes where the gold reads,
  is denied by the sandbox or holds several statements. Each pleases a laxer reward without answering.
* 0.02: the query is SQL but does not run (syntax is learned first), or exceeds its time or memory.
* 0.10: it runs and reads a table of the schema. Paying more for running alone is what makes `SELECT 1 FROM t`
  a policy; a tenth is enough to order the answers of a group in which none is right.
* 0.10 … 0.50: the query is wrong, but near: up to 0.2 for the share of test databases on which it agrees
  before the first on which it does not, and up to 0.2 for the overlap of its cells with the gold's on the
  original rows. The cap lies far below 1 on purpose: always nearly right must earn less than right every other
  time.
* 1.00: it agrees with the gold on every test database.

A row whose gold query cannot be verified gets `None` (TRL: not applicable), whatever the completion is.
"""

import math
from collections import Counter
from contextlib import suppress
from decimal import Decimal
from functools import partial
from typing import Any

from sqlreason.rewards.judging import Judge, JudgedReward, Judgement, Rows
from sqlreason.sql.parsing.statements import statement_kind

PARSES = 0.02
RUNS = 0.10
DATABASES = 0.20
OVERLAP = 0.20
AGREES = 1.0
WORTHLESS_FLAGS = ("no_table_read", "write_for_read")
WORTHLESS_STATUSES = frozenset({"denied", "multi_statement", "empty", "crash"})
#: Significant digits to which numbers are compared in the overlap of cells.
DIGITS = 6


def score(judgement: Judgement, judge: Judge) -> tuple[float, str]:
    """Return reward in [0, 1] and reason: `agrees`, `mismatch`, `malformed:<why>`, `clipped`, a flag or a status."""
    if judgement.task is None or judgement.verdict is None:
        return 0.0, judgement.reason
    verdict = judgement.verdict
    if verdict.agrees:
        return AGREES, "agrees"
    if fault := find_worthless(judgement):
        return 0.0, fault
    if not verdict.runs:
        return (PARSES if verdict.parses else 0.0), verdict.status
    if verdict.status != "mismatch":
        return RUNS, verdict.status
    share = min(verdict.databases_passed / max(verdict.databases, 1), 1.0)
    overlap = 0.0
    if statement_kind(judgement.task.gold) == "select":
        rows = judge.rows(judgement.task, judgement.sql)
        overlap = _overlap(judge.gold_rows(judgement.task), rows)
    return RUNS + DATABASES * share + OVERLAP * overlap, "mismatch"


ExecutionReward = partial(JudgedReward, "execution", score)


def find_worthless(judgement: Judgement) -> str:
    """Return why a wrong query pleases without answering: it reads no table, writes, is denied …; empty if not."""
    verdict = judgement.verdict
    if verdict is None:
        return judgement.reason
    flag = next((flag for flag in WORTHLESS_FLAGS if flag in verdict.flags), "")
    return flag or (verdict.status if verdict.status in WORTHLESS_STATUSES else "")


def comparable(cell: Any) -> Any:
    """Return a cell as it is counted: numbers by value to some digits, all else by type and text."""
    if isinstance(cell, bool | int | float | Decimal):
        return ("number", _rounded(cell))
    return (type(cell).__name__, str(cell))


def _rounded(number: float | Decimal) -> str:
    with suppress(OverflowError):  # an integer beyond every float; a decimal beyond them becomes infinite
        near = float(number)
        if near == number or not math.isinf(near):
            return f"{near:.{DIGITS}g}"
    return f"{Decimal(number):.{DIGITS - 1}e}"


def _overlap(gold: Rows, found: Rows) -> float:
    """F1 of the bags of cells."""
    bags = [Counter(comparable(cell) for row in rows for cell in row) for rows in (gold, found)]
    total = bags[0].total() + bags[1].total()
    return 2 * (bags[0] & bags[1]).total() / total if total else 0.0
