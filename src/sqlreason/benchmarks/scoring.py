"""Verdicts on predictions for a benchmark, in its own terms and in ours.

Of each prediction it is said whether it answers like the gold

* on the one database, by the benchmark's own rules: what is published as EX (execution accuracy);
* on every database of the test suite, by the same rules, where there is a suite;
* by the same rules on the one database and on some that are drawn for the gold, which tell it from queries beside it;
* by our rules ("strict") on those.

What passes the one database and fails the drawn ones was right by luck, and a row of a drawn database shows it. A gold
for which no databases can be drawn is judged on the one database alone. Nothing here knows Kedro or prints.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from sqlreason.benchmarks.benchmark_folder import Benchmark, BenchmarkQuestion
from sqlreason.benchmarks.efficiency import time_rewards
from sqlreason.benchmarks.prediction_files import Predictions
from sqlreason.sql.databases.batch_preparation import Preparer
from sqlreason.sql.databases.preparation import Prepared
from sqlreason.sql.verdicts import Limits, Task, Verdict
from sqlreason.sql.verifier import Verifier

#: BIRD's script gives each query so long; Spider's has no limit that fires.
QUERY_SECONDS = 30.0
#: Largest result of a gold, and what its sorts may take, in MiB; Spider's largest table has 510,000 rows.
_MAX_ROWS, _HEAP = 1_000_000, 256
#: What becomes of a query that comes to no end on the drawn databases: it is not right there, and was not lucky.
_STOPPED = ("timeout", "oom")
#: So many lucky answers of a run are explained with rows.
_EXPLAINED = 200

Progress = Callable[[str, int, int], None]
Key = tuple[str, str]  # database and gold: questions that share both are judged once


class ScoredAnswer(NamedTuple):
    """The verdicts on one prediction.

    Attributes:
        id: The question's.
        db_id: Its database's name.
        difficulty: Its class; "" where the benchmark has none.
        question: Its words.
        gold: The gold query.
        sql: The prediction; "" where there is none.
        status: What became of it on the one database: a status of `Verdict`, or missing, empty; of a question that
            cannot be judged no_database, database_error (it cannot be read), no_gold, gold_error.
        reason: Why it does not agree, or why the question cannot be judged.
        ex: Whether it agrees on the one database by the benchmark's rules; None: the question cannot be judged.
        suite: Likewise on the test suite; None for all predictions where there is none, or its gold fails there.
        drawn: Likewise on the drawn databases.
        strict: Whether it agrees on the drawn databases by our rules; what does not run on the one database does not.
        lucky: For what passes the one database alone: the first drawn database that shows it, with the rows of both.
        efficiency: BIRD's reward for its time; None where times were not taken.
        stopped: Why it came to no end on the drawn databases: timeout or oom; "" where it did.
    """

    id: str
    db_id: str
    difficulty: str
    question: str
    gold: str
    sql: str
    status: str
    reason: str
    ex: bool | None
    suite: bool | None
    drawn: bool | None
    strict: bool | None
    lucky: str = ""
    efficiency: float | None = None
    stopped: str = ""

    @property
    def is_lucky(self) -> bool:
        """Whether it passes the one database and fails the drawn ones, by what it answers and not by what it takes."""
        return bool(self.ex) and self.drawn is False and not self.stopped


@dataclass(frozen=True)
class ScoredRun:
    """A run with its verdicts, one a question, in the benchmark's order."""

    name: str
    answers: tuple[ScoredAnswer, ...]
    problems: Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Scores:
    """What became of all runs, and of the golds.

    Attributes:
        benchmark: What was asked.
        runs: In the order given.
        unjudged: Ids of the questions that cannot be judged, by status.
        undrawn: Ids of those that are judged on the one database alone, by status of their preparation.
        unsuited: Ids of those whose gold fails on their test suite, so that nothing is judged there.
        suite_databases: Databases of all test suites together.
        databases: Drawn databases beside the one, at most.
        seed: Of their draws.
    """

    benchmark: Benchmark
    runs: tuple[ScoredRun, ...]
    unjudged: Mapping[str, Sequence[str]]
    undrawn: Mapping[str, Sequence[str]]
    unsuited: Sequence[str]
    suite_databases: int
    databases: int
    seed: int


@dataclass
class _Gold:
    """A gold on its database with what was predicted for it, itself among these, and what is found by their texts."""

    key: Key
    suite: tuple[str, ...]
    candidates: dict[str, None] = field(default_factory=dict)
    prepared: Prepared | None = None
    one: dict[str, Verdict] = field(default_factory=dict)
    drawn: dict[str, Verdict] = field(default_factory=dict)
    strict: dict[str, Verdict] = field(default_factory=dict)
    whole: dict[str, Verdict] = field(default_factory=dict)
    lucky: dict[str, str] = field(default_factory=dict)
    rewards: dict[str, float] | None = None

    @property
    def alone(self) -> Task:
        """The gold on the one database."""
        return Task("", self.key[1], (self.key[0],))

    @property
    def task(self) -> Task:
        """The gold on the drawn databases; on the one where there are none."""
        return self.prepared.task if self.prepared is not None and self.prepared.task is not None else self.alone

    @property
    def fails_its_suite(self) -> bool:
        """Whether the gold itself comes to no result on the test suite."""
        verdict = self.whole.get(self.key[1])
        return verdict is not None and verdict.status == "gold_error"

    def stopped(self, sql: str) -> str:
        """Return why a prediction came to no end on the drawn databases; "" where it did, or was not asked there."""
        return self.drawn[sql].status if sql in self.drawn and self.drawn[sql].status in _STOPPED else ""

    def judged(self, sql: str) -> bool:
        """Return whether a prediction passes the one database."""
        return sql in self.one and self.one[sql].agrees


def score_predictions(
    benchmark: Benchmark,
    runs: Sequence[Predictions],
    *,
    databases: int = 3,
    seed: int = 0,
    workers: int = 1,
    seconds: float = QUERY_SECONDS,
    rounds: int = 0,
    cache: str | Path | None = None,
    progress: Progress = lambda stage, done, total: None,
) -> Scores:
    """Judge predictions.

    Args:
        benchmark: The questions.
        runs: The predictions of each run; the drawn databases are the same for all.
        databases: Drawn databases beside the one; 0 judges on the one alone.
        seed: Of their draws.
        workers: Processes that prepare golds, and sandboxed ones that run queries.
        seconds: Computing time of a query on a database.
        rounds: How often gold and prediction are timed at most for BIRD's R-VES (there 100); 0 takes no times.
        cache: A file that keeps prepared golds for the next call.
        progress: Called with what is being done, how many of it are done, and how many there are.

    Raises:
        WorkerError: No sandboxed process can be started.
    """
    golds = _golds(benchmark.questions, runs)
    _prepare(golds, benchmark.format, databases, seed, workers, cache, progress)
    most = max([1 + databases, *(len(gold.suite) for gold in golds.values())])
    with Verifier(workers, _limits(seconds), benchmark.format) as verifier:
        _verify(verifier, "one", [(gold, gold.alone, list(gold.candidates)) for gold in golds.values()], progress)
        if rounds:
            _time(golds, verifier, rounds, progress)
    with Verifier(workers, _limits(most * seconds), benchmark.format) as verifier:
        _verify(verifier, "drawn", [(gold, gold.task, _passing(gold)) for gold in golds.values()], progress)
        suites = [(gold, Task("", gold.key[1], gold.suite), _passing(gold)) for gold in golds.values() if gold.suite]
        _verify(verifier, "whole", suites, progress)
        _explain(golds, verifier, progress)
    with Verifier(workers, _limits(most * seconds)) as verifier:
        ran = [(gold, [sql for sql, verdict in gold.one.items() if verdict.runs]) for gold in golds.values()]
        _verify(verifier, "strict", [(gold, gold.task, texts) for gold, texts in ran], progress)
    return _scores(benchmark, runs, golds, databases, seed)


def _golds(questions: Iterable[BenchmarkQuestion], runs: Sequence[Predictions]) -> dict[Key, _Gold]:
    golds: dict[Key, _Gold] = {}
    for question in questions:
        if question.status == "ok":
            key = question.url, question.gold
            gold = golds.setdefault(key, _Gold(key, question.suite_urls, {question.gold: None}))
            gold.candidates.update(dict.fromkeys(text for run in runs if (text := run.sql.get(question.id))))
    return golds


def _prepare(
    golds: Mapping[Key, _Gold],
    preset: str,
    databases: int,
    seed: int,
    workers: int,
    cache: str | Path | None,
    progress: Progress,
) -> None:
    """Draw the databases of each gold."""
    if not databases:
        return
    rows = [("", *key) for key in golds]
    with Preparer(databases, seed, workers, preset, cache) as preparer:
        for done, (gold, prepared) in enumerate(zip(golds.values(), preparer.prepare(rows), strict=True), 1):
            gold.prepared = prepared
            progress("drawing databases", done, len(golds))


def _limits(seconds: float) -> Limits:
    """Limits of a query over all its databases together."""
    return Limits(soft_seconds=seconds, hard_seconds=1.5 * seconds, heap_mb=_HEAP, max_rows=_MAX_ROWS)


def _passing(gold: _Gold) -> list[str]:
    return [sql for sql in gold.candidates if gold.judged(sql)]


#: What is being done, by the attribute in which its verdicts are kept.
_STAGES = {"one": "the one database", "drawn": "drawn databases", "strict": "our rules", "whole": "the test suite"}


def _verify(verifier: Verifier, kept: str, work: Sequence[tuple[_Gold, Task, list[str]]], progress: Progress) -> None:
    if not work:
        return
    pairs = [(task, texts) for _, task, texts in work]
    found = verifier.verify_batch(pairs, lambda done: progress(_STAGES[kept], done, len(work)))
    for (gold, _, texts), verdicts in zip(work, found, strict=True):
        getattr(gold, kept).update(zip(texts, verdicts, strict=True))


def _explain(golds: Mapping[Key, _Gold], verifier: Verifier, progress: Progress) -> None:
    """Show for what passed by luck the first drawn database on which it differs."""
    lucky = [
        (gold, sql)
        for gold in golds.values()
        for sql in _passing(gold)
        if not _drawn(gold, sql) and not gold.stopped(sql)
    ]
    for done, (gold, sql) in enumerate(lucky[:_EXPLAINED], 1):
        gold.lucky[sql] = verifier.explanation(gold.task, sql).to_text()
        progress("explaining luck", done, min(len(lucky), _EXPLAINED))


def _time(golds: Mapping[Key, _Gold], verifier: Verifier, rounds: int, progress: Progress) -> None:
    work = [(gold, _passing(gold)) for gold in golds.values()]
    for done, (gold, texts) in enumerate(work, 1):
        gold.rewards = time_rewards(verifier, gold.alone, texts, rounds)
        progress("taking times", done, len(work))


def _drawn(gold: _Gold, sql: str) -> bool:
    """Return whether a prediction that passes the one database passes the drawn ones; where there are none it does."""
    verdict = gold.drawn.get(sql)
    return gold.judged(sql) and (verdict is None or verdict.status == "gold_error" or verdict.agrees)


def _scores(
    benchmark: Benchmark, runs: Sequence[Predictions], golds: Mapping[Key, _Gold], databases: int, seed: int
) -> Scores:
    failures = {key: reason for key, gold in golds.items() if (reason := _failure(gold))}
    unjudged: dict[str, list[str]] = {}
    undrawn: dict[str, list[str]] = {}
    unsuited: list[str] = []
    for question in benchmark.questions:
        gold = golds.get((question.url, question.gold))
        status = question.status if question.status != "ok" or gold is None else _status(gold, failures)
        if status != "ok":
            unjudged.setdefault(status, []).append(question.id)
        elif gold is not None and gold.prepared is not None and gold.prepared.task is None:
            undrawn.setdefault(gold.prepared.status, []).append(question.id)
        if status == "ok" and gold is not None and gold.fails_its_suite:
            unsuited.append(question.id)
    asked = benchmark.questions
    scored = tuple(
        ScoredRun(run.name, tuple(_answer(question, run, golds, failures) for question in asked), run.problems)
        for run in runs
    )
    suites = {url for gold in golds.values() for url in gold.suite}
    return Scores(benchmark, scored, unjudged, undrawn, unsuited, len(suites), databases, seed)


def _failure(gold: _Gold) -> str:
    """Return why a gold fails on the one database; "" if it does not."""
    verdict = gold.one[gold.key[1]]
    return verdict.reason or verdict.status if verdict.status == "gold_error" else ""


def _status(gold: _Gold, failures: Mapping[Key, str]) -> str:
    if gold.key not in failures:
        return "ok"
    unreadable = gold.prepared is not None and gold.prepared.status == "database_error"
    return "database_error" if unreadable else "gold_error"


def _answer(
    question: BenchmarkQuestion, run: Predictions, golds: Mapping[Key, _Gold], failures: Mapping[Key, str]
) -> ScoredAnswer:
    sql = run.sql.get(question.id, "")
    asked = question.id, question.db_id, question.difficulty, question.question, question.gold, sql
    if question.status != "ok":
        return ScoredAnswer(*asked, question.status, question.reason, None, None, None, None)
    gold = golds[question.url, question.gold]
    if gold.key in failures:
        return ScoredAnswer(*asked, _status(gold, failures), failures[gold.key], None, None, None, None)
    has_suite = bool(gold.suite) and not gold.fails_its_suite
    if not sql:
        missing = question.id not in run.sql
        told = ("missing", "there is no prediction") if missing else ("empty", "the prediction is empty")
        reward = None if gold.rewards is None else 0.0
        return ScoredAnswer(*asked, *told, False, False if has_suite else None, False, False, "", reward)
    one, whole, strict = gold.one[sql], gold.whole.get(sql), gold.strict.get(sql)
    suite = whole is not None and whole.agrees
    reward = None if gold.rewards is None else gold.rewards.get(sql, 0.0)
    return ScoredAnswer(
        *asked, one.status, one.reason, one.agrees, suite if has_suite else None, _drawn(gold, sql),
        strict is not None and strict.agrees, gold.lucky.get(sql, ""), reward, gold.stopped(sql),
    )  # fmt: skip
