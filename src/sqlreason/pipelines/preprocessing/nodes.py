"""Nodes of preprocessing: from questions and traces to what the trainers and the evaluation read.

Databases are prepared, traces executed beside the gold and filtered; then come SFT's examples, the prompts of GRPO and
of the evaluation, and what became of every question.
"""

import itertools
import json
import logging
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from tqdm import tqdm

from sqlreason.data import leakage, splits
from sqlreason.data.agreement import agreement
from sqlreason.data.preparation_rows import preparation_rows
from sqlreason.data.tables import TABLES, records
from sqlreason.data.test_databases import database_row, usable_tasks
from sqlreason.data.trace_outcomes import count_yield
from sqlreason.environments.conversations import replay
from sqlreason.environments.session import SessionFactory, ToolLimits
from sqlreason.errors import BadInput
from sqlreason.options.distillation_options import DistillationOptions
from sqlreason.options.preprocessing_options import PreprocessingOptions
from sqlreason.options.sft_options import StudentOptions
from sqlreason.reasoning import format as grammar
from sqlreason.reasoning import plan
from sqlreason.reasoning.prompts import Prompt
from sqlreason.reporting import figures
from sqlreason.sql import ray_verifier
from sqlreason.sql import verifier as execution
from sqlreason.sql.databases.batch_preparation import Preparer
from sqlreason.sql.parsing import features, schema
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.prompting import StudentPrompts
from sqlreason.students.training_data import filtering
from sqlreason.students.training_data.prompt_tables import prompt_table
from sqlreason.students.training_data.self_repairs import write_self_repairs

logger = logging.getLogger(__name__)


def prepare_databases(
    sql_questions: pd.DataFrame,
    heldout_questions: pd.DataFrame,
    raw_prompts: pd.DataFrame,
    question_split: pd.DataFrame,
    prepared_questions: Path | None,
    options: PreprocessingOptions,
) -> pd.DataFrame:
    """Return the perturbed databases of every question that this run uses.

    Args:
        sql_questions: Question table of the training source.
        heldout_questions: Question table of the evaluation.
        raw_prompts: The questions that the teacher was asked.
        question_split: Which of the others are kept for GRPO.
        prepared_questions: Where questions that are prepared once are kept, by content; None prepares them anew.
        options: Number of test databases, workers, how many GRPO and evaluation prompts.

    Returns:
        Table `test_databases`.
    """
    asked = sql_questions[sql_questions["id"].isin(raw_prompts["id"])]
    for_grpo = splits.reserved_questions(sql_questions, question_split)
    used = pd.concat(
        [
            asked.assign(split="train"),
            splits.draw_rows(for_grpo, options.grpo_prompts, options.seed).assign(split="train"),
            splits.draw_rows(heldout_questions, options.evaluation_prompts, options.seed).assign(split="heldout"),
        ]
    ).drop_duplicates(["split", "id"])
    rows = {split: preparation_rows(records(used[used["split"] == split])) for split in ("train", "heldout")}
    with Preparer(options.databases, options.seed, options.workers, cache=prepared_questions) as preparer:
        # the train rows come first in the table
        found = itertools.chain(
            preparer.prepare(rows["train"], options.suite),
            preparer.prepare(rows["heldout"], options.evaluation_suite),
        )
        bar = tqdm(found, total=len(used), desc="databases", unit="question")
        frame = pd.DataFrame([database_row(id_, each) for id_, each in zip(used["id"], bar, strict=True)])
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


def verify_traces(
    cot_traces: pd.DataFrame,
    sql_questions: pd.DataFrame,
    test_databases: pd.DataFrame,
    options: PreprocessingOptions,
    distillation: DistillationOptions,
) -> pd.DataFrame:
    """Return the well-formed traces of usable questions, executed beside the gold.

    Where the teacher had tools, each of their calls is executed again, on the database that the student will see.

    Args:
        cot_traces: Table `cot_traces`.
        sql_questions: Question table.
        test_databases: Table `test_databases`.
        options: Workers, and whether they are Ray's.
        distillation: The limits of the teacher's tools.

    Returns:
        Table `verified_traces`.

    Raises:
        BadInput: If there are traces of questions that are not among the prompts.
    """
    _require_prompts_of(cot_traces, test_databases)
    tasks = usable_tasks(test_databases, "train")
    traces = cot_traces[cot_traces["well_formed"] & cot_traces["id"].isin(tasks)]
    contexts = dict(zip(sql_questions["id"], sql_questions["sql_context"], strict=True))
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
    if "conversation" in traces:
        limits = distillation.tools.limits
        said = [row["conversation"] for _, rows in groups for row in rows]
        frame = frame.assign(conversation=said, replay=_replay(said, frame["id"].tolist(), tasks, contexts, limits))
    logger.info("%d of %d traces answer like the gold", int(frame["agrees"].sum()), len(frame))
    return frame


def _require_prompts_of(cot_traces: pd.DataFrame, test_databases: pd.DataFrame) -> None:
    """Refuse traces beside which other prompts were written since, as an estimate under other parameters does."""
    prompted = test_databases.loc[test_databases["split"] == "train", "id"]
    strange = sorted(set(cot_traces["id"]) - set(prompted))
    if strange:
        raise BadInput(
            f"cot_traces holds answers to {len(strange)} questions that are not in raw_prompts ({strange[0]}, …): the "
            "prompts were written anew since the teacher was asked. Run the pipeline distillation again with the "
            "parameters you mean; what the teacher has answered is not paid twice"
        )


def _replay(
    said: list[str],
    ids: list[str],
    tasks: dict[str, execution.Task],
    contexts: dict[str, str],
    limits: ToolLimits,
) -> list[str]:
    """Return of each conversation what its tools do not say again."""
    with SessionFactory(limits=limits) as sessions:
        bar = tqdm(zip(said, ids, strict=True), total=len(ids), desc="calls of tools", unit="trace")
        return [
            replay(json.loads(text), sessions.open(task=tasks[id_], sql_context=contexts[id_])) if text else ""
            for text, id_ in bar
        ]


def _verified_row(trace: dict[str, Any], verdict: execution.Verdict, share: float, context: str) -> dict[str, Any]:
    named = plan.check_plan(trace["think"], trace["sql"], schema.find_definitions(context))
    return {
        **{column: trace[column] for column in ("id", "sample", "mode", "think", "sql")},
        **{column: getattr(verdict, column) for column in ("runs", "agrees", "status", "reason")},
        "agreement": share,
        "plan_consistency": named.consistency,
        "unknown_names": len(named.unknown),
    }


def filter_traces(
    cot_traces: pd.DataFrame,
    verified_traces: pd.DataFrame,
    test_databases: pd.DataFrame,
    sql_questions: pd.DataFrame,
    question_split: pd.DataFrame,
    student_prompt: dict[str, Any],
    base_model: Checkpoint,
    student: StudentOptions,
    options: PreprocessingOptions,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split the questions into those with a trace that is kept and those that fell out, each with one reason.

    Args:
        cot_traces: Table `cot_traces`.
        verified_traces: Table `verified_traces`.
        test_databases: Table `test_databases`.
        sql_questions: Question table.
        question_split: Table `question_split`, for the schemas.
        student_prompt: The student's prompt text.
        base_model: The student, for its tokenizer.
        student: How its chat template is used.
        options: Token budgets, near-duplicates, and the share of incorrect traces to keep.

    Returns:
        Tables `filtered_traces` and `rejected_traces`.

    Raises:
        BadInput: If no trace is left; the message counts the reasons.
    """
    kept, rejected = filtering.filter_traces(
        cot_traces,
        verified_traces,
        test_databases,
        sql_questions,
        question_split,
        _student_prompts(student_prompt, base_model, student, options),
        filtering.Limits(
            options.max_completion_tokens, options.max_unknown_names, options.near_duplicates, options.incorrect_share
        ),
    )
    if not kept:
        reasons = pd.Series([row["reason"] for row in rejected]).value_counts().to_dict()
        raise BadInput(
            f"no trace is left for the student; {len(rejected)} rows fell out for: {reasons}. Raise "
            f"preprocessing.max_prompt_tokens={options.max_prompt_tokens} where they are over_budget, ask more "
            "questions, or see what the teacher wrote in the catalog entry `cot_completions`."
        )
    logger.info("%d traces kept, %d questions fell out", len(kept), len(rejected))
    return (
        pd.DataFrame(kept, columns=_columns("filtered_traces", verified_traces)),
        pd.DataFrame(rejected, columns=list(TABLES["rejected_traces"].columns)),
    )


def _columns(table: str, source: pd.DataFrame) -> list[str]:
    """The columns of a table, with the conversation where its source has one."""
    return [*TABLES[table].columns, *(["conversation"] if "conversation" in source else [])]


def extract_features(sql_questions: pd.DataFrame, filtered_traces: pd.DataFrame) -> pd.DataFrame:
    """Return features of the gold query of every kept trace, by its syntax tree (table `sql_features`)."""
    kept = sql_questions[sql_questions["id"].isin(filtered_traces["id"])]
    return pd.DataFrame([_features(question) for question in records(kept)])


def _features(question: dict[str, Any]) -> dict[str, Any]:
    try:
        parsed = schema.parse_schema(question["sql_context"])
    except schema.SchemaError:
        parsed = schema.Schema(())
    return {
        "id": question["id"],
        "schema_fingerprint": parsed.fingerprint,
        **features.features(question["sql"], parsed),
    }


def build_sft_examples(
    filtered_traces: pd.DataFrame,
    sql_features: pd.DataFrame,
    verified_traces: pd.DataFrame,
    test_databases: pd.DataFrame,
    student_prompt: dict[str, Any],
    base_model: Checkpoint,
    student: StudentOptions,
    options: PreprocessingOptions,
) -> pd.DataFrame:
    """Return at most `options.examples` traces, spread over the SQL templates, and self-repairs of them, shuffled.

    The first trace of every template is taken before the second of any, so that a small set still shows every
    kind of query.
    """
    shuffled = filtered_traces.sample(frac=1.0, random_state=options.seed)
    templates = shuffled["id"].map(sql_features.set_index("id")["template"])
    rank = shuffled.groupby(templates).cumcount()
    chosen = shuffled.loc[rank.sort_values(kind="stable").index[: options.examples]].assign(kind="trace")
    if options.self_repairs:
        repairs = write_self_repairs(
            chosen,
            verified_traces,
            usable_tasks(test_databases, "train"),
            _student_prompts(student_prompt, base_model, student, options),
            share=options.self_repairs,
            max_completion_tokens=options.max_completion_tokens,
            workers=options.workers,
            seed=options.seed,
        )
        chosen = pd.concat([chosen, repairs], ignore_index=True)
    if "conversation" in chosen:
        chosen = chosen.assign(conversation=chosen["conversation"].fillna(""))  # a self-repair has none
    return chosen.sample(frac=1.0, random_state=options.seed)[_columns("sft_examples", filtered_traces)]


def build_grpo_prompts(
    sql_questions: pd.DataFrame,
    question_split: pd.DataFrame,
    test_databases: pd.DataFrame,
    filtered_traces: pd.DataFrame,
    student_prompt: dict[str, Any],
    base_model: Checkpoint,
    student: StudentOptions,
    options: PreprocessingOptions,
) -> pd.DataFrame:
    """Return prompts for GRPO from schemas (or templates) that the teacher was not asked about.

    Where nothing is kept back from the teacher, its reasoning stands beside the prompts that it answered.

    Raises:
        BadInput: If no usable question is left.
    """
    reserved = splits.reserved_questions(sql_questions, question_split)
    candidates = splits.draw_rows(reserved, options.grpo_prompts, options.seed)
    thoughts = {row["id"]: grammar.parse(row["completion"]).think for row in records(filtered_traces) if row["agrees"]}
    return prompt_table(
        "grpo_prompts",
        candidates.assign(teacher_think=candidates["id"].map(thoughts).fillna("")),
        usable_tasks(test_databases, "train"),
        _student_prompts(student_prompt, base_model, student, options),
    )


def build_evaluation_prompts(
    heldout_questions: pd.DataFrame,
    test_databases: pd.DataFrame,
    student_prompt: dict[str, Any],
    base_model: Checkpoint,
    student: StudentOptions,
    options: PreprocessingOptions,
) -> pd.DataFrame:
    """Return the evaluation: held-out questions whose gold can be trusted.

    Raises:
        BadInput: If no usable question is left.
    """
    return prompt_table(
        "evaluation_prompts",
        splits.draw_rows(heldout_questions, options.evaluation_prompts, options.seed),
        usable_tasks(test_databases, "heldout"),
        _student_prompts(student_prompt, base_model, student, options),
    )


def _student_prompts(
    student_prompt: dict[str, Any], base_model: Checkpoint, student: StudentOptions, options: PreprocessingOptions
) -> StudentPrompts:
    return StudentPrompts(
        Prompt.from_mapping(student_prompt),
        base_model.spoken_to(**student.template).load_chat(),
        **options.prompt_limits,
    )


def plot_outcomes(trace_outcomes: pd.DataFrame) -> go.Figure:
    """Return the flow of the questions from the teacher to what is kept, and where the others fall out."""
    return figures.trace_outcomes(trace_outcomes)


def plot_yield(trace_outcomes: pd.DataFrame) -> go.Figure:
    """Return the funnel from questions asked to traces kept."""
    return figures.trace_yield(count_yield(trace_outcomes))


def audit_leakage(
    sql_questions: pd.DataFrame,
    raw_prompts: pd.DataFrame,
    grpo_prompts: pd.DataFrame,
    evaluation_prompts: pd.DataFrame,
    benchmark_questions: pd.DataFrame,
    options: PreprocessingOptions,
) -> pd.DataFrame:
    """Return what training, evaluation and a named benchmark have in common, one row a pair of them.

    Args:
        sql_questions: Question table of the training source.
        raw_prompts: What SFT may learn from.
        grpo_prompts: What GRPO learns from.
        evaluation_prompts: The evaluation.
        benchmark_questions: Question table of a benchmark.
        options: Threshold for near-duplicates.

    Returns:
        Table `leakage_audit`.
    """
    taught = sql_questions.rename(columns={"sql": "gold_sql"})
    parts = {
        "sft": taught[taught["id"].isin(raw_prompts["id"])],
        "grpo": taught[taught["id"].isin(grpo_prompts["id"])],
        "evaluation": evaluation_prompts,
        "benchmark": benchmark_questions.rename(columns={"sql": "gold_sql"}),
    }
    contexts = pd.concat([part["sql_context"] for part in parts.values()]).drop_duplicates()
    known = splits.fingerprints(contexts)  # and not the split's groups, which are SQL templates where schemas are few
    found = {name: part.assign(schema=part["sql_context"].map(known)) for name, part in parts.items()}
    return leakage.find_shared(found, options.near_duplicates)
