"""The evaluation of one student: greedy answers to the same questions, judged by the same engine.

The verdict is execution accuracy on every test database of the database. Before a figure is believed, the gold
itself is scored: it must reach 100 %.
"""

import json
import logging
from dataclasses import replace
from typing import Any

import pandas as pd
from tqdm import tqdm

from sqlreason.data.tables import TABLES, records
from sqlreason.environments.session import ToolLimits
from sqlreason.errors import BadInput, SqlReasonError
from sqlreason.reasoning import format as grammar
from sqlreason.reasoning import plan
from sqlreason.sql import verifier as execution
from sqlreason.sql.parsing import schema
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.generation import generator, self_repair, voting
from sqlreason.students.generation.answer_store import AnswerStore
from sqlreason.students.generation.episodes import USED, Conversation, databases_of

logger = logging.getLogger(__name__)

#: On how many databases published benchmarks look, None for all: Spider's script on a suite, BIRD's on one.
PUBLISHED: dict[str, int | None] = {"spider": None, "bird": 1}


class GoldError(SqlReasonError, RuntimeError):
    """Gold queries do not agree with themselves, so that no figure could be believed."""


def answer_questions(
    checkpoint: Checkpoint,
    adapter: Adapter | None,
    prompts: pd.DataFrame,
    *,
    dtype: str,
    quantization: str | None,
    max_completion_tokens: int,
    batch_size: int,
    processes: int = 1,
    votes: int = 1,
    temperature: float = 0.7,
    self_repairs: int = 0,
    tools: ToolLimits | None = None,
    kept: AnswerStore | None = None,
) -> pd.DataFrame:
    """Return a student's answers (table `answers`): greedy ones, or winners of a vote by execution.

    The database of corrections and of the vote is the original one; the gold is not looked at.

    Args:
        checkpoint: The base model.
        adapter: What it was taught; None for the untrained student.
        prompts: Table `evaluation_prompts`.
        dtype: One of `checkpoint.DTYPES`.
        quantization: None or "nf4".
        max_completion_tokens: Limit of an answer; of a student with tools, that of all that follows the prompt.
        batch_size: Answers in flight.
        processes: How many share the work; more than one pays on a CPU alone.
        votes: Samples of which `voting.elect` chooses the answer; 1 answers greedily. Tokens and seconds are those of
            all samples.
        temperature: Of the samples.
        self_repairs: How often at most the student is told what the engine says of a query that does not run, and
            answers again. Where there is a vote, each sample is corrected before it.
        tools: Limits of the tools that the student may call on the original database (`tool_limits` of one that was
            trained with them); None for single answers.
        kept: Where finished batches outlast a kill; None for nowhere.

    Raises:
        AdapterError: If the adapter belongs to another base model.
    """
    conversations = [json.loads(prompt) for prompt in prompts["prompt"]]
    tasks = [execution.Task.from_json(text) for text in prompts["task"]]
    with (
        generator.Generator(
            checkpoint,
            adapter,
            dtype=dtype,
            quantization=quantization,
            batch_size=batch_size,
            processes=processes,
            tools=tools,
            kept=kept,
        ) as student,
        tqdm(total=len(prompts) * votes, desc="answers", unit="answer") as bar,
    ):
        answers = self_repair.answer(
            student,
            conversations,
            tasks,
            samples=votes,
            temperature=temperature,
            max_new_tokens=max_completion_tokens,
            attempts=self_repairs,
            progress=bar.update,
            rows=databases_of(prompts),
        )
    groups = [answers[start : start + votes] for start in range(0, len(answers), votes)]
    chosen = _elect(tasks, groups) if votes > 1 else answers
    table = pd.DataFrame(
        {
            "id": prompts["id"].to_numpy(),
            "text": [corrected.answer.text for corrected in chosen],
            "tokens": [sum(corrected.answer.tokens for corrected in group) for group in groups],
            "finished": [corrected.answer.finished for corrected in chosen],
            "seconds": [sum(corrected.answer.seconds for corrected in group) for group in groups],
            "first": [corrected.first for corrected in chosen],
            "retries": [corrected.retries for corrected in chosen],
            "too_long": [corrected.too_long for corrected in chosen],
            "adapter": "" if adapter is None else adapter.digest,
            "votes": votes,
        }
    )
    return table.assign(**_told(groups, chosen))


def _told(groups: list[list[self_repair.Repaired]], chosen: list[self_repair.Repaired]) -> dict[str, list[Any]]:
    """What students with tools did, in columns: the figures of all samples, the conversation of the chosen one."""
    told = [[found.answer for found in group if isinstance(found.answer, Conversation)] for group in groups]
    if not all(told):
        return {}
    columns: dict[str, list[Any]] = {
        name: [sum(getattr(one, name) for one in group) for group in told] for name in USED
    }
    return {**columns, "conversation": [getattr(found.answer, "conversation", "") for found in chosen]}


def first_answers(answers: pd.DataFrame) -> pd.DataFrame:
    """Return table `answers` as it was before any correction; tokens and seconds stay those of all."""
    return answers.assign(text=answers["first"]) if "first" in answers else answers


def _elect(tasks: list[execution.Task], groups: list[list[self_repair.Repaired]]) -> list[self_repair.Repaired]:
    """The winner of each question's samples."""
    chosen = []
    with execution.Verifier() as verifier:
        for task, group in zip(tasks, groups, strict=True):
            finished = [corrected.answer.text if corrected.answer.finished else "" for corrected in group]
            winner, _ = voting.elect(verifier, task.databases[0], finished, task.engine, task.reading)
            chosen.append(group[winner])
    return chosen


def score_answers(prompts: pd.DataFrame, answers: pd.DataFrame, workers: int) -> pd.DataFrame:
    """Return the verdict on every answer.

    Args:
        prompts: Table `evaluation_prompts`.
        answers: Table `answers` of one student, for the same questions in any order.
        workers: Sandboxed processes that execute SQL.

    Returns:
        Table `scores`.

    Raises:
        ValueError: If the answers are not to these questions.
        GoldError: If a gold query does not agree with itself: then no figure could be believed.
    """
    if set(answers["id"]) != set(prompts["id"]):
        raise BadInput(
            f"{len(answers)} answers do not belong to these {len(prompts)} questions; the evaluation was changed "
            "after the student answered: run the evaluation pipeline as a whole"
        )
    rows = records(prompts.merge(answers, on="id", validate="one_to_one"))
    readings = [grammar.parse(row["text"]) for row in rows]
    tasks = [execution.Task.from_json(row["task"]) for row in rows]
    pairs = [(task, [reading.sql, task.gold]) for task, reading in zip(tasks, readings, strict=True)]
    with (
        execution.Verifier(workers=workers) as verifier,
        tqdm(total=len(pairs), desc="scoring", unit="answer") as bar,
    ):
        verdicts = verifier.verify_batch(pairs, progress=lambda done: bar.update(done - bar.n))
    _require_gold(rows, [gold for _, gold in verdicts])
    frame = pd.DataFrame(
        [_score(row, reading, verdict) for row, reading, (verdict, _) in zip(rows, readings, verdicts, strict=True)]
    )
    for preset, databases in PUBLISHED.items():
        published = _published(tasks, [reading.sql for reading in readings], preset, databases, workers)
        frame[f"agrees_{preset}"] = frame["well_formed"] & pd.Series(published, dtype=bool)
    rates = [100 * frame[column].mean() for column in ("agrees", "runs", "agrees_spider", "agrees_bird")]
    logger.info("%.1f %% agree, %.1f %% run; Spider's script would count %.1f %%, BIRD's %.1f %%", *rates)
    return frame[[*TABLES["scores"].columns, *(name for name in USED if name in frame)]]


def _published(
    tasks: list[execution.Task], queries: list[str], preset: str, databases: int | None, workers: int
) -> list[bool]:
    """Whether the script of a published benchmark would count each query right; what it takes wrongly included."""
    judged = [replace(task, databases=task.databases[:databases]) for task in tasks]
    with execution.Verifier(workers=workers, preset=preset) as verifier:
        verdicts = verifier.verify_batch([(task, [sql]) for task, sql in zip(judged, queries, strict=True)])
    return [verdict.agrees for (verdict,) in verdicts]


def _require_gold(rows: list[dict[str, Any]], verdicts: list[execution.Verdict]) -> None:
    wrong = [f"{row['id']} ({v.status}: {v.reason})" for row, v in zip(rows, verdicts, strict=True) if not v.agrees]
    if wrong:
        raise GoldError(
            f"{len(wrong)} gold queries do not agree with themselves, so the engine cannot be trusted here: "
            f"{', '.join(wrong[:5])}. Run the preprocessing pipeline again; if it stays, report it."
        )


def _score(row: dict[str, Any], reading: grammar.ParsedAnswer, verdict: execution.Verdict) -> dict[str, Any]:
    well_formed = reading.well_formed and bool(row["finished"])
    told = {
        "status": verdict.status,
        "reason": verdict.reason,
        "runs": verdict.runs,
        "agrees": verdict.agrees,
    }
    if not well_formed:
        reason = reading.reason or "truncated"
        told = {"status": "", "reason": f"format: {reason}", "runs": False, "agrees": False}
    consistency = plan.check_plan(reading.think, reading.sql, schema.find_definitions(row["sql_context"])).consistency
    return {
        "retries": 0,
        **row,
        "well_formed": well_formed,
        **told,
        "plan_consistency": consistency if well_formed else 0.0,
    }
