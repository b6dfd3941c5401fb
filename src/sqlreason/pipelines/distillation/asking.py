"""The nodes that meet the teacher: what asking will cost, and asking.

Every answer is in the journal before its worker asks again, so that running the stage again asks only for what is
missing.
"""

import json
import logging
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from sqlreason.data.tables import TABLES, records
from sqlreason.errors import BadInput
from sqlreason.options.distillation_options import DistillationOptions
from sqlreason.pipelines.distillation.reading import read_answer
from sqlreason.sql import verifier as execution
from sqlreason.teachers.teacher import Teacher

logger = logging.getLogger(__name__)


def estimate_teaching(
    raw_prompts: pd.DataFrame, questions: pd.DataFrame, teacher: Teacher, journal: Path, options: DistillationOptions
) -> pd.DataFrame:
    """Return what asking is going to cost, before the first call.

    Hinted questions of `blind_then_hinted` are not in it: how many fail blind is not known yet.

    Args:
        raw_prompts: Table `raw_prompts`.
        questions: Question table; for the scripted teacher alone.
        teacher: The catalog's teacher.
        journal: Where answers are kept.
        options: Samples, concurrency, assumed length of an answer.

    Returns:
        Table `teacher_estimate`.

    Raises:
        ValueError: If nobody has entered the teacher's price: neither estimate nor budget would mean anything.
    """
    from sqlreason.teachers.asking import keys_of
    from sqlreason.teachers.estimate import estimate
    from sqlreason.teachers.journal.journal import Journal

    if teacher.prices.unknown:
        raise BadInput(
            f"The price of {teacher.name} is unknown, so budget.max_usd={options.budget.max_usd} could not stop it: "
            "enter your provider's price in the catalog entry `teacher`, such as prices: {usd_per_million_input: 0.88, "
            "usd_per_million_output: 0.88, source: …, date: …}, or usd_per_hour; usd_per_hour: 0 where nobody bills."
        )
    requests = _requests(records(raw_prompts), "messages", options.samples)
    keys = keys_of(teacher, requests, _answer_key(teacher, raw_prompts, questions))
    with Journal(journal) as known:
        found = estimate(
            teacher, requests, keys, known, answer_tokens=options.answer_tokens, concurrency=options.concurrency
        )
    logger.info(
        "%d of %d answers are to be asked for: about %.2f USD and %.2f hours (%s); budget %s USD",
        found.missing, found.requests, found.usd, found.hours, found.basis, options.budget.max_usd,
    )  # fmt: skip
    if not teacher.prices.free and found.total_usd > options.budget.max_usd:
        logger.warning(
            "The estimate of %.2f USD is above budget.max_usd=%s: the teacher will be stopped there, after about %d of "
            "%d answers.", found.total_usd, options.budget.max_usd,
            found.requests * options.budget.max_usd / found.total_usd, found.requests,
        )  # fmt: skip
    return pd.DataFrame([asdict(found)], columns=list(TABLES["teacher_estimate"].columns))


def ask_teacher(
    raw_prompts: pd.DataFrame,
    questions: pd.DataFrame,
    teacher: Teacher,
    estimated: pd.DataFrame,
    journal: Path,
    options: DistillationOptions,
) -> pd.DataFrame:
    """Return the teacher's answers; only questions that the journal does not know are asked.

    Args:
        raw_prompts: Table `raw_prompts`.
        questions: Question table. The scripted teacher, and it alone, is given its gold queries; where what fails
            blind is asked again with a hint, answers are compared with the gold's.
        teacher: The catalog's teacher.
        estimated: Table `teacher_estimate`; that it is there means that the cost was told before the first call.
        journal: Where answers are kept.
        options: Concurrency, attempts, budget.

    Returns:
        Table `cot_completions`.

    Raises:
        TeacherError: If too many questions failed, the budget's end included; what was answered is kept.
    """
    if len(estimated) != 1:
        raise BadInput(f"teacher_estimate has one row, not {len(estimated)}; run estimate_teaching again")
    asked = records(raw_prompts[raw_prompts["reason"] == ""])
    ask = _asking(raw_prompts, questions, teacher, journal, options)
    completions = [_row(done, row["mode"]) for done, row in ask(asked, "messages")]
    if options.mode == "blind_then_hinted":
        failed = _failed_blind(completions, asked, questions, options.workers)
        logger.info("%d of %d questions failed blind and are asked with a hint", len(failed), len(asked))
        completions += [_row(done, "hinted") for done, _ in ask(failed, "hinted_messages")]
    return pd.DataFrame(completions, columns=list(TABLES["cot_completions"].columns))


def _requests(rows: list[dict[str, Any]], column: str, samples: int) -> list[Any]:
    from sqlreason.teachers.asking import Request

    asked = [row for row in rows if row[column]]
    return [Request(row["id"], row[column], sample) for row in asked for sample in range(samples)]


def _asking(
    raw_prompts: pd.DataFrame, questions: pd.DataFrame, teacher: Teacher, path: Path, options: DistillationOptions
) -> Callable[[list[dict[str, Any]], str], list[tuple[Any, dict[str, Any]]]]:
    """How to ask rows of `raw_prompts` by one of their columns: completions, each with its row."""
    from sqlreason.teachers import asking
    from sqlreason.teachers.journal.journal import Journal

    key = _answer_key(teacher, raw_prompts, questions)

    def ask(rows: list[dict[str, Any]], column: str) -> list[tuple[Any, dict[str, Any]]]:
        with Journal(path) as journal:
            completions = asking.ask(
                teacher,
                _requests(rows, column, options.samples),
                journal,
                answer_key=key,
                concurrency=options.concurrency,
                attempts=options.attempts,
                timeout_seconds=options.timeout_seconds,
                stop_after_failures=options.stop_after_failures,
                max_usd=options.budget.max_usd,
                max_hours=options.budget.max_hours,
                max_failed_share=options.max_failed_share,
                accept=lambda entry: read_answer(asdict(entry)).status == "ok",
            )
        by_id = {row["id"]: row for row in rows}
        return [(completion, by_id[completion.id]) for completion in completions]

    return ask


def _row(completion: Any, mode: str) -> dict[str, Any]:
    return {**asdict(completion), "mode": mode}


def _answer_key(teacher: Teacher, raw_prompts: pd.DataFrame, questions: pd.DataFrame) -> dict[str, str] | None:
    """User message -> gold, for the scripted teacher; the same question may be asked of two schemas."""
    if teacher.kind != "scripted":
        return None
    golds = dict(zip(questions["id"], questions["sql"], strict=True))
    return {
        json.loads(row[column])[-1]["content"]: golds[row["id"]]
        for row in records(raw_prompts)
        for column in ("messages", "hinted_messages")
        if row[column]
    }


def _failed_blind(
    completions: list[dict[str, Any]], asked: list[dict[str, Any]], questions: pd.DataFrame, workers: int
) -> list[dict[str, Any]]:
    """The rows none of whose blind answers is well-formed and answers like the gold on the original database.

    The perturbed databases come later, in preprocessing; what passes here and fails there is not asked again.
    """
    by_id = {row["id"]: row for row in records(questions)}
    queries: dict[str, list[str]] = {row["id"]: [] for row in asked}
    for completion in completions:
        reading = read_answer(completion)
        if reading.status == "ok":
            queries[completion["id"]].append(reading.sql)
    pairs = [
        (execution.Task(id_, by_id[id_]["sql"], (by_id[id_]["sql_context"],)), found) for id_, found in queries.items()
    ]
    with execution.Verifier(workers=workers) as verifier:
        verdicts = verifier.verify_batch(pairs)
    return [row for row, found in zip(asked, verdicts, strict=True) if not any(verdict.agrees for verdict in found)]
