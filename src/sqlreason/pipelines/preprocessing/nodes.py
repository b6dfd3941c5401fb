"""Nodes of preprocessing: prepare databases, execute traces beside the gold, keep what was proven.

Every question that falls out does so with exactly one reason (`rejected_traces`).
"""

import itertools
import logging
from collections.abc import Iterator
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from tqdm import tqdm

from sqlreason import accounting, figures
from sqlreason.options import PreprocessingOptions
from sqlreason.pipelines.preprocessing.inputs import reserved_questions, sample, student_prompts, usable_tasks
from sqlreason.reasoning import format as grammar
from sqlreason.reasoning import plan
from sqlreason.reasoning.prompts import PromptOverBudget
from sqlreason.sql import execution, instances, schema
from sqlreason.sql.preparation import Preparer
from sqlreason.students.checkpoint import Checkpoint
from sqlreason.students.prompting import StudentPrompts
from sqlreason.tables import TABLES, records, to_json

logger = logging.getLogger(__name__)


def prepare_databases(
    questions: pd.DataFrame,
    heldout: pd.DataFrame,
    raw_prompts: pd.DataFrame,
    split: pd.DataFrame,
    options: PreprocessingOptions,
) -> pd.DataFrame:
    """Return the perturbed databases of every question that this run uses.

    Args:
        questions: Question table of the training source.
        heldout: Question table of the examination.
        raw_prompts: Table `raw_prompts`: the questions that the teacher was asked.
        split: Table `question_split`.
        options: Number of instances, workers, how many GRPO and evaluation prompts.

    Returns:
        Table `database_instances`.
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
    with Preparer(options.instances, options.seed, options.workers, cache=options.cache) as preparer:
        # the train rows come first in the table
        prepared = itertools.chain(
            preparer.prepare(rows["train"].itertuples(index=False, name=None), options.suite),
            preparer.prepare(rows["heldout"].itertuples(index=False, name=None), options.examination_suite),
        )
        bar = tqdm(prepared, total=len(used), desc="databases", unit="question")
        frame = pd.DataFrame([_database_row(id_, found) for id_, found in zip(used["id"], bar, strict=True)])
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


def _database_row(id_: str, prepared: instances.Prepared) -> dict[str, Any]:
    return {
        "id": id_,
        "status": prepared.status,
        "reason": prepared.reason,
        "task": prepared.task.to_json() if prepared.task else "",
        "instances": len(prepared.task.instances) if prepared.task else 0,
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
        databases: Table `database_instances`.
        options: Workers.

    Returns:
        Table `verified_traces`.
    """
    tasks = usable_tasks(databases, "train")
    traces = cot_traces[cot_traces["well_formed"] & cot_traces["id"].isin(tasks)]
    contexts = dict(zip(questions["id"], questions["sql_context"], strict=True))
    rows = records(traces)
    pairs = [(tasks[row["id"]], [row["sql"]]) for row in rows]
    with (
        execution.Verifier(workers=options.workers) as verifier,
        tqdm(total=len(pairs), desc="traces", unit="trace") as bar,
    ):
        found = verifier.verify_batch(pairs, progress=lambda done: bar.update(done - bar.n))
    verified = [
        _verified_row(row, verdict, contexts[row["id"]]) for row, (verdict,) in zip(rows, found, strict=True)
    ]
    frame = pd.DataFrame(verified, columns=list(TABLES["verified_traces"].columns))
    logger.info("%d of %d traces answer like the gold", int(frame["agrees"].sum()), len(frame))
    return frame


def _verified_row(trace: dict[str, Any], verdict: execution.Verdict, context: str) -> dict[str, Any]:
    return {
        **{column: trace[column] for column in ("id", "mode", "think", "sql")},
        **{column: getattr(verdict, column) for column in ("runs", "agrees", "status", "reason")},
        "plan_consistency": plan.check_plan(trace["think"], trace["sql"], schema.find_schema(context)).consistency,
    }


def filter_traces(
    cot_traces: pd.DataFrame,
    verified: pd.DataFrame,
    databases: pd.DataFrame,
    questions: pd.DataFrame,
    student_prompt: dict[str, Any],
    base_model: Checkpoint,
    options: PreprocessingOptions,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split the traces into those that are kept and those that fell out, each with one reason.

    Args:
        cot_traces: Table `cot_traces`.
        verified: Table `verified_traces`.
        databases: Table `database_instances`.
        questions: Question table.
        student_prompt: The catalog's prompt text for the student.
        base_model: The student, for its tokenizer.
        options: Token budgets and the share of incorrect traces to keep.

    Returns:
        Tables `filtered_traces` and `rejected_traces`.

    Raises:
        ValueError: If no trace is left; the message counts the reasons.
    """
    build = student_prompts(student_prompt, base_model, options)
    rejected = list(_lost_before_execution(cot_traces, databases))
    kept: list[dict[str, Any]] = []
    by_id = {row["id"]: row for row in records(questions)}
    for trace in tqdm(records(verified), desc="student prompts", unit="trace"):
        row = _filtered_row(build, by_id[trace["id"]], trace, options)
        (rejected if "stage" in row else kept).append(row)
    kept, wrong = _share_of_incorrect(kept, options)
    rejected += wrong
    if not kept:
        reasons = pd.Series([row["reason"] for row in rejected]).value_counts().to_dict()
        raise ValueError(
            f"no trace is left for the student; {len(rejected)} rows fell out for: {reasons}. Raise "
            f"preprocessing.max_prompt_tokens={options.max_prompt_tokens} where they are over_budget, ask more "
            "questions, or see what the teacher wrote in the catalog entry `cot_completions`."
        )
    logger.info("%d traces kept, %d fell out", len(kept), len(rejected))
    return (
        pd.DataFrame(kept, columns=list(TABLES["filtered_traces"].columns)),
        pd.DataFrame(rejected, columns=list(TABLES["rejected_traces"].columns)),
    )


def _lost_before_execution(cot_traces: pd.DataFrame, databases: pd.DataFrame) -> Iterator[dict[str, Any]]:
    train = databases[databases["split"] == "train"].set_index("id")
    for trace in records(cot_traces):
        database = train.loc[trace["id"]]
        if database["status"] != "ok":
            yield _rejection(trace["id"], "databases", database["status"], database["reason"])
        elif not trace["well_formed"]:
            yield _rejection(trace["id"], "teacher", trace["reason"].split(":")[0], trace["reason"])


def _rejection(id_: str, stage: str, reason: str, detail: str) -> dict[str, Any]:
    return {"id": id_, "stage": stage, "reason": reason, "detail": detail}


def _share_of_incorrect(
    kept: list[dict[str, Any]], options: PreprocessingOptions
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Keep all right traces and so many wrong ones that they make up `incorrect_share` of the whole."""
    right = [row for row in kept if row["agrees"]]
    wrong = [row for row in kept if not row["agrees"]]
    allowed = int(len(right) * options.incorrect_share / (1 - options.incorrect_share))
    rejected = [_rejection(row["id"], "execution", row["status"], row["verdict"]) for row in wrong[allowed:]]
    return right + wrong[:allowed], rejected


def _filtered_row(
    build: StudentPrompts, question: dict[str, Any], trace: dict[str, Any], options: PreprocessingOptions
) -> dict[str, Any]:
    """Return the row of `filtered_traces` for a verified trace, or its rejection."""
    try:
        messages = build.messages(question["sql_prompt"], question["sql_context"], question["sql"])
    except ValueError as error:  # a gold may read what the prompt cannot show, such as a view
        reason = "over_budget" if isinstance(error, PromptOverBudget) else "schema_error"
        return _rejection(question["id"], "prompt", reason, str(error))
    completion = grammar.render(trace["think"], trace["sql"])
    tokens = build.count_completion(messages, completion)
    if tokens > options.max_completion_tokens:
        return _rejection(question["id"], "prompt", "too_long", f"{tokens} completion tokens")
    return {
        "id": question["id"],
        "mode": trace["mode"],
        "prompt": to_json(messages),
        "completion": completion,
        "agrees": trace["agrees"],
        "status": trace["status"],
        "verdict": trace["reason"],
        "prompt_tokens": build.count_prompt(messages),
        "completion_tokens": tokens,
        "plan_consistency": trace["plan_consistency"],
        "sql_complexity": question["sql_complexity"],
    }


def plot_yield(raw_prompts: pd.DataFrame, rejected: pd.DataFrame, filtered: pd.DataFrame) -> go.Figure:
    """Return the funnel from questions asked to traces kept."""
    return figures.trace_yield(accounting.count_yield(len(raw_prompts), rejected, len(filtered)))
