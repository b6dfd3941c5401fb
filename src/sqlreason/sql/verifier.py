"""Verification by execution: does a candidate parse, run, and answer like the gold on every test database?

The `Verifier` owns worker processes in which alone SQL is run. Whatever a candidate is, its outcome is a
value.
"""

from __future__ import annotations

import hashlib
import threading
import weakref
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any, NamedTuple

from sqlreason.sql.comparison_rules import Comparison, comparison_of, published_comparison
from sqlreason.sql.database_files import DatabaseError, DatabaseFile, engine_of, files_of
from sqlreason.sql.explanations import Explanation
from sqlreason.sql.parsing.dialects import to_engine
from sqlreason.sql.parsing.statements import statement_kind
from sqlreason.sql.presets import as_published, require_preset
from sqlreason.sql.sandbox.pool import Job, Pool
from sqlreason.sql.sandbox.worker.shelf import Shelf
from sqlreason.sql.sandbox.worker.wire_values import unpacked
from sqlreason.sql.verdicts import Limits, Result, Task, Verdict
from sqlreason.text.printable import printable

__all__ = ["Limits", "Result", "Task", "Trial", "Verdict", "Verifier"]

_REMEMBERED_VERDICTS = 20_000
#: Characters of the tasks that are kept as workers read them.
_REMEMBERED_TASKS = 64_000_000
#: A longer candidate is remembered by its hash.
_BRIEF = 300
#: Verdicts that may be the machine's fault are not remembered.
_CHANCE = {"timeout", "crash", "oom", "gold_error"}


class Trial(NamedTuple):
    """How a gold and its mutants did on one test database.

    Attributes:
        failure: Why the gold failed there, or "".
        informative: Whether it yields more than nothing, NULL and zero.
        killed: Indices of the mutants that ran and answered otherwise.
        ambiguous: Whether LIMIT cuts a tie.
        broken: Indices of the mutants that did not run.
    """

    failure: str
    informative: bool
    killed: list[int]
    ambiguous: bool
    broken: list[int]


class Verifier:
    """Judge candidates against tasks in worker processes; a context manager.

    It may be used from several threads (one at a time gets served) and after a fork; pickling carries its
    settings, not its workers.

    Args:
        workers: Worker processes at most.
        limits: Bounds of one candidate.
        preset: Whose rules decide: "strict" (ours), "spider" or "bird"; see `presets`.
        server: For tasks of the engine "postgres": SQLAlchemy URL of a database of a role without powers, e.g.
            `postgresql+psycopg://sandbox@localhost/sandbox`.

    Raises:
        ValueError: There is no such preset.

    Example:
        >>> rows = "CREATE TABLE users (name TEXT, age INT); INSERT INTO users VALUES ('Ada', 36), ('Bob', 20)"
        >>> task = Task("q1", "SELECT name FROM users WHERE age > 30", (rows,))
        >>> candidates = ["SELECT name FROM users WHERE NOT age <= 30", "SELECT name FROM users"]
        >>> with Verifier() as verifier:
        ...     verdicts = verifier.verify(task, candidates)
        >>> [(verdict.agrees, verdict.status) for verdict in verdicts]
        [(True, 'match'), (False, 'mismatch')]
    """

    def __init__(
        self,
        workers: int = 1,
        limits: Limits = Limits(),  # noqa: B008 - it is frozen
        preset: str = "strict",
        server: str = "",
    ) -> None:
        self.workers, self.limits, self.preset, self.server = workers, limits, require_preset(preset), server
        self._pool = Pool(workers, limits, server)
        self._lock = threading.RLock()
        self._demands: Shelf[str, dict[str, Any]] = Shelf(_REMEMBERED_TASKS)
        self._verdicts: OrderedDict[tuple[str, str | bytes], Verdict] = OrderedDict()
        self._statuses: Counter[str] = Counter()
        self._finalizer = weakref.finalize(self, self._pool.close)

    def __enter__(self) -> Verifier:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return Verifier, (self.workers, self.limits, self.preset, self.server)

    def close(self) -> None:
        """End the workers; a later call starts new ones."""
        self._pool.close()

    def stats(self) -> dict[str, Any]:
        """Return what it has done so far.

        Returns:
            `verdicts` (counts by status of what was run), `remembered` (verdicts answered without a run), and of the
            workers: how many were `started`, `killed` (for a candidate that hung) and `died` (by themselves), what
            `guards` hold them, which `libraries` they run, and the `seconds` spent waiting for them.
        """
        counts = {status: n for status, n in sorted(self._statuses.items()) if status != "remembered"}
        return {"verdicts": counts, "remembered": self._statuses["remembered"], **self._pool.stats()}

    def verify(self, task: Task, candidates: Sequence[str]) -> list[Verdict]:
        """Judge the candidates of one task, in their order."""
        return self.verify_batch([(task, candidates)])[0]

    def verify_batch(
        self, pairs: Sequence[tuple[Task, Sequence[str]]], progress: Callable[[int], None] | None = None
    ) -> list[list[Verdict]]:
        """Judge many groups.

        Args:
            pairs: Tasks with their candidates.
            progress: Called after each group that was run with the number of groups ended so far.
        """
        with self._lock:
            found = self._verify_batch(pairs, progress)
            for place, (task, candidates) in enumerate(pairs):
                for other in task.by_gold if task.other_golds else ():
                    found[place] = self._judged_again(other, candidates, found[place])
            return found

    def _judged_again(self, other: Task, candidates: Sequence[str], verdicts: list[Verdict]) -> list[Verdict]:
        """Return the verdicts, with those by another gold in place of those on candidates that agree with this one."""
        left = [text for text, verdict in zip(candidates, verdicts, strict=True) if not verdict.agrees]
        (found,) = self._verify_batch([(other, left)], None)
        again = dict(zip(left, found, strict=True))
        return [
            again[text] if text in again and again[text].agrees else verdict
            for text, verdict in zip(candidates, verdicts, strict=True)
        ]

    def _verify_batch(
        self, pairs: Sequence[tuple[Task, Sequence[str]]], progress: Callable[[int], None] | None
    ) -> list[list[Verdict]]:
        fresh: dict[tuple[str, str], Verdict] = {}
        asked: dict[Job, tuple[Task, list[str]]] = {}
        ended = count(1)
        keys = [_key(task) for task, _ in pairs]

        def jobs() -> Iterator[Job]:
            for (task, candidates), (key, files) in zip(pairs, keys, strict=True):
                new = [
                    text
                    for text in dict.fromkeys(candidates)
                    if (key, text if len(text) <= _BRIEF else _brief(text)) not in self._verdicts
                ]
                if new:
                    job = self._job(task, new, key, files)
                    asked[job] = task, new
                    yield job

        def note(job: Job) -> None:
            task, texts = asked.pop(job)
            fresh.update({(job.key, text): self._verdict(job, i, task) for i, text in enumerate(texts)})
            if progress:
                progress(next(ended))

        self._pool.work(jobs(), note)
        found = [
            [fresh.get((key, c)) or self._verdicts[key, _brief(c)] for c in texts]
            for (_, texts), (key, _) in zip(pairs, keys, strict=True)
        ]
        self._remember(fresh)
        self._statuses.update(verdict.status for verdict in fresh.values())
        self._statuses["remembered"] += sum(map(len, found)) - len(fresh)
        return found

    def _job(self, task: Task, candidates: list[str], key: str = "", files: tuple[DatabaseFile, ...] = ()) -> Job:
        published = [as_published(text, self.preset) for text in candidates]
        texts = [to_engine(text, task.engine, task.reading) for text in published]
        body = {"candidates": texts}
        return Job(task.engine, "judge", body, len(texts), key or task.key, self._comparison(task), files=files)

    def _comparison(self, task: Task) -> dict[str, Any]:
        """Return the task as a worker reads it; parsed once."""
        comparison: dict[str, Any] | None = self._demands.get(task.key)
        if comparison is None:
            comparison = _wire(task, self.preset)
            self._demands.put(task.key, comparison, len(task.gold) + sum(map(len, task.databases)))
        return comparison

    def _verdict(self, job: Job, index: int, task: Task) -> Verdict:
        size = len(task.databases)
        if job.failure is not None:
            status, reason = job.failure
            return Verdict("gold_error", False, False, False, (), printable(f"{status}: {reason}"), 0, size)
        if index in job.failures:
            status = job.failures[index]
            return Verdict(status, True, False, False, (), "its worker had to be replaced", 0, size)
        verdict = Verdict.from_wire(job.verdicts[index])
        return verdict._replace(flags=tuple(sorted({*verdict.flags, *task.flags}))) if task.flags else verdict

    def _remember(self, fresh: dict[tuple[str, str], Verdict]) -> None:
        for (key, text), verdict in fresh.items():
            if verdict.status not in _CHANCE:
                self._verdicts[key, text if len(text) <= _BRIEF else _brief(text)] = verdict
        while len(self._verdicts) > _REMEMBERED_VERDICTS:
            self._verdicts.popitem(last=False)

    def run(self, context: str, sql: str, engine: str = "sqlite") -> Result:
        """Run one reading query on a context, a script or a database file, in a worker, and return its rows."""
        return self.run_batch([(context, [sql], engine)])[0][0]

    def run_batch(
        self, groups: Sequence[tuple[str, Sequence[str], str]], most: Sequence[tuple[int, int]] | None = None
    ) -> list[list[Result]]:
        """Run many reading queries and return their rows.

        Args:
            groups: A context, queries that are run on it, and their engine; the context is loaded once for all of them.
            most: Per group, rows and characters that a result may have; the limits where it is None. What has more is
                "too_big".
        """
        most = most or [(self.limits.max_rows, self.limits.max_characters)] * len(groups)
        jobs = [
            Job(
                engine,
                "run",
                {"context": context, "queries": list(queries), **_most(bounds)},
                len(queries),
                files=files_of([context]),
            )
            for (context, queries, engine), bounds in zip(groups, most, strict=True)
        ]
        self._pool.work(jobs)
        return [[_result(job, index) for index in range(job.size)] for job in jobs]

    def group(self, task: Task, candidates: Sequence[str]) -> list[int | None]:
        """Say which candidates answer alike on every test database, by the equality of verdicts, without the gold.

        Rows count as bags: without a gold nobody knows whether their order was asked for.

        Returns:
            Per candidate the number of its group, from 0 in the order in which they first appear; None for one that
            does not run.
        """
        texts = list(dict.fromkeys(candidates))
        readings = [to_engine(as_published(text, self.preset), task.engine, task.reading) for text in texts]
        body = {"contexts": list(task.databases), "queries": readings}
        job = Job(task.engine, "group", body, len(texts), files=files_of(task.files))
        self._pool.work([job])
        found = dict(zip(texts, job.reply["groups"], strict=True)) if job.failure is None else {}
        order: dict[int, int] = {}
        numbers = [found.get(text) for text in candidates]
        return [None if number is None else order.setdefault(number, len(order)) for number in numbers]

    def trial(self, task: Task, mutants: Sequence[str], probes: Sequence[str] = ()) -> list[Trial]:
        """Run gold and mutants on each test database of a task, for choosing among them.

        Args:
            task: With the test databases to choose among.
            mutants: One that answered otherwise on three test databases is not tried on further ones.
            probes: Further queries, with indices behind those of the mutants, that are tried on all test databases.
        """
        texts = [as_published(text, self.preset) for text in (*mutants, *probes)]
        body = {"mutants": texts, "spared": len(mutants)}
        job = Job(task.engine, "trial", body, len(texts), "", _wire(task, self.preset), files=files_of(task.files))
        self._pool.work([job])
        if job.failure is not None:
            return [Trial(printable(": ".join(job.failure)), False, [], False, []) for _ in task.databases]
        return [Trial(printable(failure), *found) for failure, *found in job.reply["trial"]]

    def describe(self, database: str) -> dict[str, Any]:
        """Return what defines a database file, as its engine tells it in a worker (`file_contexts` makes SQL of it).

        Raises:
            DatabaseError: It cannot be opened or read.
        """
        job = Job(engine_of(database), "describe", {"context": database}, 0, files=files_of([database]))
        self._pool.work([job])
        if job.failure is not None:
            raise DatabaseError(printable(job.failure[1]))
        found: dict[str, Any] = job.reply["description"]
        return found

    def times(
        self, context: str, gold: str, candidates: Sequence[str], rounds: int, engine: str = "sqlite"
    ) -> list[list[float]]:
        """Run each candidate and the gold in turn, and return how their times compare.

        Args:
            context: A script or a database file.
            gold: The query to which the others are compared.
            candidates: Queries that only read.
            rounds: How often each pair is run, after once for nothing; less often, but three times, where that takes
                more than a second.
            engine: Where they run.

        Returns:
            Per candidate the ratios, the gold's time over its own; none where one of the two did not run.
        """
        published = [as_published(text, self.preset) for text in (gold, *candidates)]
        body = {"context": context, "gold": published[0], "queries": published[1:], "rounds": rounds}
        job = Job(engine, "time", body, len(candidates), files=files_of([context]))
        self._pool.work([job])
        return [job.verdicts.get(index, []) for index in range(len(candidates))]

    def explain(self, task: Task, candidate: str) -> str:
        """Say in words where a candidate first differs from the gold, with both results side by side."""
        return self.explanation(task, candidate).to_text()

    def explanation(self, task: Task, candidate: str) -> Explanation:
        """Judge one candidate and look up the first test database on which it differs."""
        (verdict,) = self.verify(task, [candidate])
        if verdict.status != "mismatch":
            return Explanation(verdict)
        passed = min(verdict.databases_passed, verdict.databases - 1)
        database, comparison = task.databases[passed], self._comparison(task)
        if statement_kind(task.gold) != "select":
            return Explanation(verdict, passed + 1, database)
        published = [as_published(text, self.preset) for text in (task.gold, candidate)]
        texts = [to_engine(text, task.engine, task.reading)[0] for text in published]
        ((gold, other),) = self.run_batch([(database, texts, task.engine)])
        return Explanation(verdict, passed + 1, database, gold, other, comparison["ordered"])


def _key(task: Task) -> tuple[str, tuple[DatabaseFile, ...]]:
    """Return what a task's verdicts are remembered by, and its files; other content of a file is another task."""
    if not task.files:
        return task.key, ()
    files = files_of(task.files)
    return f"{task.key} {hash(files):x}", files


def _brief(text: str) -> str | bytes:
    """Return a key for a candidate's text that is not large."""
    return text if len(text) <= _BRIEF else hashlib.blake2b(text.encode("utf-8", "surrogatepass")).digest()


def _wire(task: Task, preset: str = "strict") -> dict[str, Any]:
    gold = to_engine(as_published(task.gold, preset), task.engine, task.reading)[0]
    comparison: Comparison = (
        comparison_of(gold, task.engine) if preset == "strict" else published_comparison(gold, preset)
    )
    return {**comparison.to_wire(), "databases": list(task.databases)}


def _result(job: Job, index: int) -> Result:
    if job.failure is not None:
        return Result(job.failure[0], (), (), printable(job.failure[1]))
    if index in job.failures:
        return Result(job.failures[index], (), (), "its worker had to be replaced")
    status, columns, rows, reason = job.verdicts[index]
    return Result(status, tuple(columns), tuple(tuple(map(unpacked, row)) for row in rows), printable(reason))


def _most(bounds: tuple[int, int]) -> dict[str, int]:
    """Return the largest result of a job, as a worker reads it."""
    rows, characters = bounds
    return {"most_rows": rows, "most_characters": characters}
