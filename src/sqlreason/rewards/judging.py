"""From a batch of completions to verdicts: what every reward that looks at results has in common.

`Judge` reads the answers, finds their tasks and has the engine judge each distinct query once. `JudgedReward` is what
TRL calls; what a verdict is worth is a function of its own (`execution.score`, `published_rewards.score_arctic`, …), so
that a new reward is a new function and nothing else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlreason.reasoning.format import parse
from sqlreason.rewards.format_reward import completion_text
from sqlreason.rewards.tasks import Assignment, Assignments
from sqlreason.sql.parsing.dialects import to_engine
from sqlreason.sql.sandbox.worker.shelf import Shelf
from sqlreason.sql.verifier import Limits, Result, Task, Verdict, Verifier

Rows = tuple[tuple[Any, ...], ...]
#: A result so many times longer than the gold's, and so much beyond that, is not near it, and is not fetched.
_TIMES, _ROWS, _CHARACTERS = 10, 100, 20_000
#: Characters of gold queries' rows that are kept.
_KEPT = 32_000_000


@dataclass(frozen=True)
class Judgement:
    """One completion, read and judged.

    Attributes:
        task: What it is judged by; None where the row has nothing that can be verified.
        text: The whole completion.
        sql: Its query; empty where it breaks the grammar.
        reason: Why it was not executed, `malformed:<why>`, `clipped` or `unusable:<why>`; empty if it was.
        verdict: The engine's; None where it was not executed.
    """

    task: Task | None
    text: str
    sql: str
    reason: str
    verdict: Verdict | None = None


class Judge:
    """Judges the completions of a batch; keeps tasks, gold queries and worker processes from call to call."""

    def __init__(
        self,
        workers: int = 1,
        limits: Limits | None = None,
        end_ids: Sequence[int] = (),
        databases: int = 3,
        seed: int = 0,
    ) -> None:
        """Keep the settings; nothing is started before the first batch.

        Args:
            workers: Worker processes of the verifier.
            limits: Of the sandbox.
            end_ids: Token ids that end a completion (end of turn, padding); if empty, ids are not looked at.
            databases: Perturbed test databases to prepare where the batch brings no `task`.
            seed: Of those test databases.
        """
        self.end_ids = frozenset(end_ids)
        self.verifier = Verifier(workers, limits or Limits())
        self._assignments = Assignments(self.verifier, databases, seed)
        self._gold_rows: Shelf[Task, Rows] = Shelf(_KEPT)
        self._rows: dict[tuple[Task, str], Rows] = {}
        self._wrong: list[tuple[Task, str]] = []

    def judge(self, completions: Sequence[Any], columns: Mapping[str, Any]) -> list[Judgement]:
        """Return the judgement of each completion, in order.

        Raises:
            ValueError: If the batch has neither `task` nor `sql_context` and a gold query.
        """
        finished = self._finished(len(completions), columns)
        answers = list(map(_read, completions, self._assignments.of(columns), finished))
        verdicts = self._verdicts(answers)
        self._rows, self._wrong = {}, [key for key, verdict in verdicts.items() if verdict.status == "mismatch"]
        return [
            answer if answer.reason or answer.task is None else _judged(answer, verdicts[answer.task, answer.sql])
            for answer in answers
        ]

    def gold_rows(self, task: Task) -> Rows:
        """Return the gold's rows on the original database; run once, unless it fails, which may be chance."""
        return self._golds([task])[task]

    def _golds(self, tasks: Sequence[Task]) -> dict[Task, Rows]:
        """Return the rows of the tasks' gold queries; those that fail have none, and are not kept so."""
        golds = {task: rows for task in tasks if (rows := self._gold_rows.get(task)) is not None}
        missing = [task for task in tasks if task not in golds]
        for task, (found,) in zip(missing, self._run([(task, [task.gold]) for task in missing]), strict=True):
            golds[task] = _rows(found)
            if found.status == "ok":
                self._gold_rows.put(task, found.rows, _characters(found.rows))
        return golds

    def rows(self, task: Task, sql: str) -> Rows:
        """Return the rows of a reading query on the original database; none where it fails or gives far too many.

        The first question after a batch runs all of its wrong queries, and their gold queries, at once.
        """
        if (task, sql) not in self._rows:
            self._fetch([*self._wrong, (task, sql)])
            self._wrong = []
        return self._rows[task, sql]

    def _fetch(self, wanted: Sequence[tuple[Task, str]]) -> None:
        queries: dict[Task, dict[str, None]] = {}
        for task, sql in wanted:
            queries.setdefault(task, {})[sql] = None
        golds = self._golds(list(queries))
        pairs = [(task, list(texts)) for task, texts in queries.items()]
        bounds = [_bound(golds[task]) for task in queries]
        for (task, texts), results in zip(pairs, self._run(pairs, bounds), strict=True):
            self._rows.update({(task, sql): _rows(found) for sql, found in zip(texts, results, strict=True)})

    def _run(
        self, pairs: Sequence[tuple[Task, Sequence[str]]], most: Sequence[tuple[int, int]] | None = None
    ) -> list[list[Result]]:
        """Run queries on their tasks' original databases."""
        groups = [
            (task.databases[0], [to_engine(sql, task.engine, task.reading)[0] for sql in texts], task.engine)
            for task, texts in pairs
        ]
        return self.verifier.run_batch(groups, most)

    def _finished(self, n: int, columns: Mapping[str, Any]) -> list[bool]:
        if columns.get("finished") is not None:
            return [bool(value) for value in columns["finished"]]
        if self.end_ids and columns.get("completion_ids") is not None:
            return [len(ids) > 0 and int(ids[-1]) in self.end_ids for ids in columns["completion_ids"]]
        return [True] * n

    def _verdicts(self, answers: Sequence[Judgement]) -> dict[tuple[Task, str], Verdict]:
        """Verify each distinct query of each task once, all in one batch."""
        queries: dict[Task, dict[str, None]] = {}
        for answer in answers:
            if answer.task is not None and not answer.reason:
                queries.setdefault(answer.task, {})[answer.sql] = None
        pairs = [(task, list(texts)) for task, texts in queries.items()]
        batch = self.verifier.verify_batch(pairs) if pairs else []
        return {
            (task, sql): verdict
            for (task, texts), verdicts in zip(pairs, batch, strict=True)
            for sql, verdict in zip(texts, verdicts, strict=True)
        }


#: Worth of a completion whose row can be verified, with a reason code; must be a function of a module (pickle).
Score = Callable[[Judgement, Judge], tuple[float, str]]


class JudgedReward:
    """A reward of TRL's contract over judgements; `None` where a row cannot be verified.

    Columns of the batch: `task` (JSON of a `Task`), or `sql_context` and `gold_sql`, from which a task is prepared once
    and kept. Optional: `finished` (bool per completion), or TRL's `completion_ids` together with `end_ids`, tell
    cut-off completions.

    Attributes:
        last_reasons: Code beside each score of the last call.

    Example:
        >>> from sqlreason.reasoning.format import render
        >>> from sqlreason.rewards import REWARDS
        >>> reward = REWARDS["execution"]()
        >>> answers = [render("…", sql) for sql in ("SELECT SUM(a) FROM t", "SELECT MAX(a) FROM t", "SELECT 3")]
        >>> rows = "CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2)"
        >>> reward(answers, sql_context=[rows] * 3, gold_sql=["SELECT SUM(a) FROM t"] * 3)
        [1.0, 0.1, 0.0]
        >>> reward.last_reasons
        ['agrees', 'mismatch', 'no_table_read']
        >>> reward.close()
    """

    def __init__(self, name: str, score: Score, **judging: Any) -> None:
        """Keep the settings; nothing is started before the first call.

        Args:
            name: Under which the trainer logs it.
            score: What a judgement is worth.
            judging: Arguments of `Judge`.
        """
        self.__name__ = name
        self.last_reasons: list[str] = []
        self._score = score
        self._judge = Judge(**judging)

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Score the completions of a batch; one reward per completion, in order.

        Raises:
            ValueError: If the batch has neither `task` nor `sql_context` and a gold query.
        """
        scored = [self._worth(judgement) for judgement in self._judge.judge(completions, columns)]
        self.last_reasons = [reason for _, reason in scored]
        self._log(columns)
        return [score for score, _ in scored]

    def explain(self, completion: Any, **row: Any) -> str:
        """Say what one completion earns and why; for a mismatch also where the rows differ.

        Args:
            completion: As in a batch.
            row: The columns of its row, e.g. `sql_context=…, gold_sql=…`.
        """
        (judgement,) = self._judge.judge([completion], {name: [value] for name, value in row.items()})
        score, reason = self._worth(judgement)
        summary = f"{reason}: {'not applicable' if score is None else f'{score:.2f}'}"
        if judgement.task is None or judgement.verdict is None or judgement.verdict.status != "mismatch":
            return summary
        return f"{summary}\n{self._judge.verifier.explain(judgement.task, judgement.sql)}"

    def close(self) -> None:
        """Stop the worker processes; the next call starts them again."""
        self._judge.verifier.close()

    def _worth(self, judgement: Judgement) -> tuple[float | None, str]:
        return (None, judgement.reason) if judgement.task is None else self._score(judgement, self._judge)

    def _log(self, columns: Mapping[str, Any]) -> None:
        """Hand reasons and the share of agreement to TRL's log where it offers one, on every call alike."""
        if callable(columns.get("log_extra")):
            columns["log_extra"](f"{self.__name__}_reason", list(self.last_reasons))
        if callable(columns.get("log_metric")) and self.last_reasons:
            share = self.last_reasons.count("agrees") / len(self.last_reasons)
            columns["log_metric"](f"{self.__name__}/agrees", share)


def _rows(found: Result) -> Rows:
    return found.rows if found.status == "ok" else ()


def _characters(rows: Rows) -> int:
    return sum(len(cell) if isinstance(cell, str | bytes) else 10 for row in rows for cell in row)


def _bound(gold: Rows) -> tuple[int, int]:
    """Return rows and characters up to which a result may be near the gold's."""
    return _TIMES * len(gold) + _ROWS, _TIMES * _characters(gold) + _CHARACTERS


def _read(completion: Any, assignment: Assignment, finished: bool) -> Judgement:
    text = completion_text(completion)
    if assignment.task is None:
        return Judgement(None, text, "", assignment.reason)
    if not finished:
        return Judgement(assignment.task, text, "", "clipped")
    reading = parse(text)
    return Judgement(assignment.task, text, reading.sql, f"malformed:{reading.reason}" if reading.reason else "")


def _judged(answer: Judgement, verdict: Verdict) -> Judgement:
    if verdict.status == "gold_error":
        return replace(answer, task=None, reason="unusable:gold_error")
    return replace(answer, verdict=verdict)
