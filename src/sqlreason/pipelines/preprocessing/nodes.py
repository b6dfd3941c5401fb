"""Nodes of preprocessing: prepare databases, execute traces beside the gold, show what became of them."""

import itertools
import logging
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from tqdm import tqdm

from sqlreason.data.tables import TABLES, records
from sqlreason.options.preprocessing_options import PreprocessingOptions
from sqlreason.pipelines.preprocessing.inputs import reserved_questions, sample, usable_tasks
from sqlreason.pipelines.preprocessing.sampling import agreement
from sqlreason.reasoning import plan
from sqlreason.reporting import costs, figures
from sqlreason.sql import ray_verifier
from sqlreason.sql import verifier as execution
from sqlreason.sql.databases import preparation
from sqlreason.sql.databases.batch_preparation import Preparer
from sqlreason.sql.parsing import schema

logger = logging.getLogger(__name__)


def prepare_databases(
    questions: pd.DataFrame,
    heldout: pd.DataFrame,
    raw_prompts: pd.DataFrame,
    split: pd.DataFrame,
    prepared: Path | None,
    options: PreprocessingOptions,
) -> pd.DataFrame:
    """Return the perturbed databases of every question that this run uses.

    Args:
        questions: Question table of the training source.
        heldout: Question table of the evaluation.
        raw_prompts: Table `raw_prompts`: the questions that the teacher was asked.
        split: Table `question_split`.
        prepared: Where questions that are prepared once are kept, by content; None prepares them anew.
        options: Number of test databases, workers, how many GRPO and evaluation prompts.

    Returns:
        Table `test_databases`.
    """
    asked = questions[questions["id"].isin(raw_prompts["id"])]
    for_grpo = reserved_questions(questions, split)
    used = pd.concat(
        [
            asked.assign(split="train"),
            sample(for_grpo, options.grpo_prompts, options.seed).assign(split="train"),
            sample(heldout, options.evaluation_prompts, options.seed).assign(split="heldout"),
        ]
    ).drop_duplicates(["split", "id"])
    rows = {split: used[used["split"] == split][["id", "sql_context", "sql"]] for split in ("train", "heldout")}
    with Preparer(options.databases, options.seed, options.workers, cache=prepared) as preparer:
        # the train rows come first in the table
        found = itertools.chain(
            preparer.prepare(rows["train"].itertuples(index=False, name=None), options.suite),
            preparer.prepare(rows["heldout"].itertuples(index=False, name=None), options.evaluation_suite),
        )
        bar = tqdm(found, total=len(used), desc="databases", unit="question")
        frame = pd.DataFrame([_database_row(id_, each) for id_, each in zip(used["id"], bar, strict=True)])
    frame.insert(1, "split", used["split"].to_numpy())
    usable = frame["status"] == "ok"
    logger.info(
        "databases: %d of %d questions usable; %d of %d mutants told apart",
        int(usable.sum()),
        len(frame),
        int(frame["killed"].sum()),
        int(frame["mutants"].sum()),
    )
    return frame


def _database_row(id_: str, prepared: preparation.Prepared) -> dict[str, Any]:
    return {
        "id": id_,
        "status": prepared.status,
        "reason": prepared.reason,
        "task": prepared.task.to_json() if prepared.task else "",
        "databases": len(prepared.task.databases) if prepared.task else 0,
        "mutants": prepared.mutants,
        "killed": prepared.killed,
    }


def verify_traces(
    cot_traces: pd.DataFrame, questions: pd.DataFrame, databases: pd.DataFrame, options: PreprocessingOptions
) -> pd.DataFrame:
    """Return the well-formed traces of usable questions, executed beside the gold.

    Args:
        cot_traces: Table `cot_traces`.
        questions: Question table.
        databases: Table `test_databases`.
        options: Workers, and whether they are Ray's.

    Returns:
        Table `verified_traces`.
    """
    tasks = usable_tasks(databases, "train")
    traces = cot_traces[cot_traces["well_formed"] & cot_traces["id"].isin(tasks)]
    contexts = dict(zip(questions["id"], questions["sql_context"], strict=True))
    groups = [(tasks[str(id_)], records(group)) for id_, group in traces.groupby("id", sort=False)]
    pairs = [(task, [row["sql"] for row in rows]) for task, rows in groups]
    kind: type[execution.Verifier | ray_verifier.RayVerifier]
    kind = ray_verifier.RayVerifier if options.verifier == "ray" else execution.Verifier
    with (
        kind(workers=options.workers) as verifier,
        tqdm(total=len(pairs), desc="traces", unit="question") as bar,
    ):
        found = verifier.verify_batch(pairs, progress=lambda done: bar.update(done - bar.n))
        shares = agreement(verifier, [task for task, _ in groups], [queries for _, queries in pairs], found)
    verified = [
        _verified_row(row, verdict, share, contexts[row["id"]])
        for (_, rows), verdicts, alike in zip(groups, found, shares, strict=True)
        for row, verdict, share in zip(rows, verdicts, alike, strict=True)
    ]
    frame = pd.DataFrame(verified, columns=list(TABLES["verified_traces"].columns))
    logger.info("%d of %d traces answer like the gold", int(frame["agrees"].sum()), len(frame))
    return frame


def _verified_row(trace: dict[str, Any], verdict: execution.Verdict, share: float, context: str) -> dict[str, Any]:
    named = plan.check_plan(trace["think"], trace["sql"], schema.find_definitions(context))
    return {
        **{column: trace[column] for column in ("id", "sample", "mode", "think", "sql")},
        **{column: getattr(verdict, column) for column in ("runs", "agrees", "status", "reason")},
        "agreement": share,
        "plan_consistency": named.consistency,
        "unknown_names": len(named.unknown),
    }


def plot_outcomes(outcomes: pd.DataFrame) -> go.Figure:
    """Return the flow of the questions from the teacher to what is kept, and where the others fall out."""
    return figures.trace_outcomes(outcomes)


def plot_yield(raw_prompts: pd.DataFrame, rejected: pd.DataFrame, filtered: pd.DataFrame) -> go.Figure:
    """Return the funnel from questions asked to traces kept."""
    return figures.trace_yield(costs.count_yield(len(raw_prompts), rejected, len(filtered)))
