"""The default reward: does the query of an answer return what the gold query returns?

The scale, and why it is cut so:

* 0.00: the answer breaks the grammar or was cut off; the query reads no table, writes where the gold reads,
  is denied by the sandbox or holds several statements. Each pleases a laxer reward without answering.
* 0.02: the query is SQL but does not run (syntax is learned first), or exceeds its time or memory.
* 0.10: it runs and reads a table of the schema. Paying more for running alone is what makes `SELECT 1 FROM t`
  a policy; a tenth is enough to order the answers of a group in which none is right.
* 0.10 … 0.50: the query is wrong, but near: up to 0.2 for the share of database instances on which it agrees
  before the first on which it does not, and up to 0.2 for the overlap of its cells with the gold's on the
  original rows. The cap lies far below 1 on purpose: always nearly right must earn less than right every other
  time.
* 1.00: it agrees with the gold on every instance.

A row whose gold query cannot be verified gets `None` (TRL: not applicable), whatever the completion is.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from sqlreason.reasoning.format import parse
from sqlreason.rewards.format import completion_text
from sqlreason.rewards.tasks import Assignment, Assignments
from sqlreason.sql.dialects import to_engine
from sqlreason.sql.execution import Limits, Task, Verdict, Verifier
from sqlreason.sql.statements import parse as parse_sql
from sqlreason.sql.statements import statement_kind

PARSES = 0.02
RUNS = 0.10
INSTANCES = 0.20
OVERLAP = 0.20
AGREES = 1.0
WORTHLESS_FLAGS = ("no_table_read", "write_for_read")
WORTHLESS_STATUSES = frozenset({"denied", "multi_statement", "empty", "crash"})
DIGITS = 6
"""Significant digits to which numbers are compared in the overlap of cells."""


@dataclass(frozen=True)
class _Answer:
    """One completion on its way to a score; `reason` is empty while its verdict is open."""

    task: Task | None
    sql: str
    reason: str


class ExecutionReward:
    """Reward in [0, 1] by execution; see the module for the scale.

    Columns of the batch: `task` (JSON of a `Task`), or `sql_context` and `sql`, from which a task is prepared
    once and kept. Optional: `finished` (bool per completion), or TRL's `completion_ids` together with
    `end_ids`, tell cut-off completions.

    Attributes:
        last_reasons: Code beside each score of the last call: `agrees`, `mismatch`, `malformed:<why>`,
            `clipped`, `unusable:<why>`, a worthless flag or the verdict's status.
    """

    __name__ = "execution"

    def __init__(
        self,
        workers: int = 1,
        limits: Limits | None = None,
        end_ids: Sequence[int] = (),
        instances: int = 3,
        seed: int = 0,
    ) -> None:
        """Keep the settings; nothing is started before the first call.

        Args:
            workers: Worker processes of the verifier.
            limits: Of the sandbox.
            end_ids: Token ids that end a completion (end of turn, padding); if empty, ids are not looked at.
            instances: Perturbed instances to prepare where the batch brings no `task`.
            seed: Of those instances.
        """
        self.end_ids = frozenset(end_ids)
        self.last_reasons: list[str] = []
        self._verifier = Verifier(workers, limits or Limits())
        self._assignments = Assignments(self._verifier, instances, seed)
        self._gold_cells: dict[Task, Counter[Any]] = {}

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Score the completions of a batch; one reward per completion, in order.

        Raises:
            ValueError: If the batch has neither `task` nor `sql_context` and `sql`.
        """
        finished = self._finished(len(completions), columns)
        answers = list(map(_read, completions, self._assignments.of(columns), finished))
        verdicts = self._verdicts(answers)
        scored = [self._score(answer, verdicts) for answer in answers]
        self.last_reasons = [reason for _, reason in scored]
        self._log(columns)
        return [score for score, _ in scored]

    def explain(self, completion: Any, **row: Any) -> str:
        """Say what one completion earns and why; for a mismatch also where the rows differ.

        Args:
            completion: As in a batch.
            row: The columns of its row, e.g. `sql_context=…, sql=…`.
        """
        columns = {name: [value] for name, value in row.items()}
        score = self([completion], **columns)[0]
        reason = self.last_reasons[0]
        summary = f"{reason}: {'not applicable' if score is None else f'{score:.2f}'}"
        task = self._assignments.of(columns)[0].task
        if task is None or reason != "mismatch":
            return summary
        return f"{summary}\n{self._verifier.explain(task, parse(completion_text(completion)).sql)}"

    def close(self) -> None:
        """Stop the worker processes; the next call starts them again."""
        self._verifier.close()

    def _finished(self, n: int, columns: Mapping[str, Any]) -> list[bool]:
        if columns.get("finished") is not None:
            return [bool(value) for value in columns["finished"]]
        if self.end_ids and columns.get("completion_ids") is not None:
            return [len(ids) > 0 and int(ids[-1]) in self.end_ids for ids in columns["completion_ids"]]
        return [True] * n

    def _verdicts(self, answers: Sequence[_Answer]) -> dict[tuple[Task, str], Verdict]:
        """Verify each distinct query of each task once, all in one batch."""
        queries: dict[Task, dict[str, None]] = {}
        for answer in answers:
            if answer.task is not None and not answer.reason:
                queries.setdefault(answer.task, {})[answer.sql] = None
        pairs = [(task, list(texts)) for task, texts in queries.items()]
        batch = self._verifier.verify_batch(pairs) if pairs else []
        return {
            (task, sql): verdict
            for (task, texts), verdicts in zip(pairs, batch, strict=True)
            for sql, verdict in zip(texts, verdicts, strict=True)
        }

    def _score(self, answer: _Answer, verdicts: dict[tuple[Task, str], Verdict]) -> tuple[float | None, str]:
        if answer.task is None:
            return None, answer.reason
        if answer.reason:
            return 0.0, answer.reason
        verdict = verdicts[answer.task, answer.sql]
        if verdict.status == "gold_error":
            return None, "unusable:gold_error"
        if verdict.agrees:
            return AGREES, "agrees"
        return self._wrong(answer, verdict)

    def _wrong(self, answer: _Answer, verdict: Verdict) -> tuple[float, str]:
        flag = next((flag for flag in WORTHLESS_FLAGS if flag in verdict.flags), "")
        if flag or verdict.status in WORTHLESS_STATUSES:
            return 0.0, flag or verdict.status
        if verdict.runs and not _names_table(answer.sql):
            return 0.0, "no_table_read"  # the verdict tells it only of a query that else would agree
        if not verdict.runs:
            return (PARSES if verdict.parses else 0.0), verdict.status
        if verdict.status != "mismatch" or answer.task is None:
            return RUNS, verdict.status
        share = min(verdict.instances_passed / max(verdict.instances, 1), 1.0)
        return RUNS + INSTANCES * share + OVERLAP * self._overlap(answer.task, answer.sql), "mismatch"

    def _overlap(self, task: Task, sql: str) -> float:
        """F1 of the bags of cells on the original rows; 0 where the gold is no query."""
        if statement_kind(task.gold) != "select":
            return 0.0
        if task not in self._gold_cells:
            self._gold_cells[task] = self._cells(task, task.gold)
        gold, found = self._gold_cells[task], self._cells(task, sql)
        total = gold.total() + found.total()
        return 2 * (gold & found).total() / total if total else 0.0

    def _cells(self, task: Task, sql: str) -> Counter[Any]:
        text = to_engine(sql, task.engine, task.reading)[0]
        result = self._verifier.run(task.instances[0], text, task.engine)
        return Counter(_comparable(cell) for row in result.rows for cell in row)

    def _log(self, columns: Mapping[str, Any]) -> None:
        """Hand reasons and the share of agreement to TRL's log where it offers one, on every call alike."""
        if callable(columns.get("log_extra")):
            columns["log_extra"]("execution_reason", list(self.last_reasons))
        if callable(columns.get("log_metric")) and self.last_reasons:
            share = self.last_reasons.count("agrees") / len(self.last_reasons)
            columns["log_metric"]("execution/agrees", share)


def _read(completion: Any, assignment: Assignment, finished: bool) -> _Answer:
    if assignment.task is None:
        return _Answer(None, "", assignment.reason)
    if not finished:
        return _Answer(assignment.task, "", "clipped")
    reading = parse(completion_text(completion))
    return _Answer(assignment.task, reading.sql, f"malformed:{reading.reason}" if reading.reason else "")


def _names_table(sql: str) -> bool:
    """Whether a query names a table that it does not define itself in a WITH."""
    tree = parse_sql(sql)
    if tree is None:
        return False
    own = {definition.alias.lower() for definition in tree.find_all(exp.CTE)}
    return any(table.name and table.name.lower() not in own for table in tree.find_all(exp.Table))


def _comparable(cell: Any) -> Any:
    """A cell as it is counted: numbers by value to some digits, all else by type and text."""
    if isinstance(cell, bool | int | float):
        return ("number", f"{float(cell):.{DIGITS}g}")
    return (type(cell).__name__, str(cell))
