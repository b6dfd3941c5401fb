"""Nodes of the examination: the same questions, the same engine, greedy answers, for every student.

The verdict is execution accuracy on every instance of the database. Before a figure is believed, the gold
itself is scored: it must reach 100 %.
"""

import json
import logging
from importlib.metadata import version
from typing import Any

import pandas as pd
import plotly.graph_objects as go
from tqdm import tqdm

from sqlreason import accounting, examples, figures, report, statistics
from sqlreason.options import EvaluationOptions, PriceOptions, StudentOptions
from sqlreason.reasoning import format as grammar
from sqlreason.reasoning import plan
from sqlreason.reasoning.prompts import Prompt
from sqlreason.sql import execution, schema
from sqlreason.students.adapter import Adapter
from sqlreason.students.checkpoint import Checkpoint
from sqlreason.tables import TABLES, records
from sqlreason.teachers.teacher import Teacher

logger = logging.getLogger(__name__)

REPORTED_PACKAGES = ("kedro", "distilabel", "trl", "peft", "transformers", "torch", "sqlglot", "duckdb")


def answer_as_base(
    base_model: Checkpoint, prompts: pd.DataFrame, student: StudentOptions, options: EvaluationOptions
) -> pd.DataFrame:
    """Return the untrained student's greedy answers (table `answers`)."""
    return _answer(base_model, None, prompts, student, options)


def answer_with_adapter(
    base_model: Checkpoint,
    adapter: Adapter,
    prompts: pd.DataFrame,
    student_prompt: dict[str, Any],
    student: StudentOptions,
    options: EvaluationOptions,
) -> pd.DataFrame:
    """Return a trained student's greedy answers (table `answers`).

    Raises:
        ValueError: If the adapter belongs to another base model or prompt.
    """
    adapter.require(base_model.identity, Prompt.from_mapping(student_prompt).fingerprint)
    return _answer(base_model, adapter, prompts, student, options)


def _answer(
    base_model: Checkpoint,
    adapter: Adapter | None,
    prompts: pd.DataFrame,
    student: StudentOptions,
    options: EvaluationOptions,
) -> pd.DataFrame:
    from sqlreason.students import generation

    model = base_model.load_model(student.dtype, quantization=student.quantization)
    if adapter is not None:
        model = adapter.apply(model)
    with tqdm(total=len(prompts), desc="answers", unit="answer") as bar:
        answers = generation.generate(
            model,
            base_model.load_tokenizer(),
            [json.loads(prompt) for prompt in prompts["prompt"]],
            max_new_tokens=options.max_completion_tokens,
            batch_size=options.batch_size,
            progress=bar.update,
        )
    return pd.DataFrame(
        {
            "id": prompts["id"].to_numpy(),
            "text": [answer.text for answer in answers],
            "tokens": [answer.tokens for answer in answers],
            "finished": [answer.finished for answer in answers],
            "seconds": [answer.seconds for answer in answers],
        }
    )


def score_answers(prompts: pd.DataFrame, answers: pd.DataFrame, options: EvaluationOptions) -> pd.DataFrame:
    """Return the verdict on every answer.

    Args:
        prompts: Table `evaluation_prompts`.
        answers: Table `answers` of one student, for the same questions in any order.
        options: Workers.

    Returns:
        Table `scores`.

    Raises:
        ValueError: If the answers are not to these questions.
        RuntimeError: If a gold query does not agree with itself: then no figure could be believed.
    """
    if set(answers["id"]) != set(prompts["id"]):
        raise ValueError(
            f"{len(answers)} answers do not belong to these {len(prompts)} questions; the examination was changed "
            "after the student answered: run the evaluation pipeline as a whole"
        )
    rows = records(prompts.merge(answers, on="id", validate="one_to_one"))
    readings = [grammar.parse(row["text"]) for row in rows]
    tasks = [execution.Task.from_json(row["task"]) for row in rows]
    pairs = [(task, [reading.sql, task.gold]) for task, reading in zip(tasks, readings, strict=True)]
    with (
        execution.Verifier(workers=options.workers) as verifier,
        tqdm(total=len(pairs), desc="scoring", unit="answer") as bar,
    ):
        verdicts = verifier.verify_batch(pairs, progress=lambda done: bar.update(done - bar.n))
    _require_gold(rows, [gold for _, gold in verdicts])
    frame = pd.DataFrame(
        [_score(row, reading, verdict) for row, reading, (verdict, _) in zip(rows, readings, verdicts, strict=True)]
    )
    logger.info("%.1f %% agree, %.1f %% run", 100 * frame["agrees"].mean(), 100 * frame["runs"].mean())
    return frame[list(TABLES["scores"].columns)]


def _require_gold(rows: list[dict[str, Any]], verdicts: list[execution.Verdict]) -> None:
    wrong = [f"{row['id']} ({v.status}: {v.reason})" for row, v in zip(rows, verdicts, strict=True) if not v.agrees]
    if wrong:
        raise RuntimeError(
            f"{len(wrong)} gold queries do not agree with themselves, so the engine cannot be trusted here: "
            f"{', '.join(wrong[:5])}. Run the preprocessing pipeline again; if it stays, report it."
        )


def _score(row: dict[str, Any], reading: grammar.Reading, verdict: execution.Verdict) -> dict[str, Any]:
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
    consistency = plan.check_plan(reading.think, reading.sql, schema.find_schema(row["sql_context"])).consistency
    return {
        **row,
        "well_formed": well_formed,
        **told,
        "plan_consistency": consistency if well_formed else 0.0,
    }


def compare_students(base: pd.DataFrame, sft: pd.DataFrame, grpo: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table of students with intervals and paired tests, and accuracy by class of query.

    Args:
        base: Table `scores` of the untrained student.
        sft: Scores after SFT.
        grpo: Scores after GRPO.

    Returns:
        `evaluation_metrics` and `complexity_metrics`.
    """
    scores = {"base": base, "SFT": sft, "GRPO": grpo}
    return statistics.compare_students(scores), statistics.by_complexity(scores)


def settle_bill(
    completions: pd.DataFrame,
    sft_history: pd.DataFrame,
    grpo_history: pd.DataFrame,
    base_answers: pd.DataFrame,
    sft_answers: pd.DataFrame,
    grpo_answers: pd.DataFrame,
    teacher: Teacher,
    prices: PriceOptions,
) -> pd.DataFrame:
    """Return the bill, one row a stage (see `accounting.settle_bill`)."""
    return accounting.settle_bill(
        completions,
        {"sft": sft_history, "grpo": grpo_history},
        {"base": base_answers, "SFT": sft_answers, "GRPO": grpo_answers},
        teacher=teacher.name,
        usd_per_hour=prices.training_usd_per_hour,
        hardware=prices.hardware,
    )


def plot_results(
    metrics: pd.DataFrame, by_complexity: pd.DataFrame, ledger: pd.DataFrame
) -> tuple[go.Figure, go.Figure, go.Figure]:
    """Return the figures: accuracy with intervals, accuracy by class of query, costs."""
    return figures.accuracy(metrics), figures.accuracy_by_complexity(by_complexity), figures.costs(ledger)


def choose_examples(
    prompts: pd.DataFrame,
    sft_answers: pd.DataFrame,
    sft_scores: pd.DataFrame,
    grpo_answers: pd.DataFrame,
    grpo_scores: pd.DataFrame,
    options: EvaluationOptions,
) -> pd.DataFrame:
    """Return telling answers, good and bad (table `evaluation_examples`)."""
    return examples.telling_examples(
        prompts,
        {"SFT": sft_answers, "GRPO": grpo_answers},
        {"SFT": sft_scores, "GRPO": grpo_scores},
        limit=options.examples,
    )


def write_report(
    metrics: pd.DataFrame,
    by_complexity: pd.DataFrame,
    ledger: pd.DataFrame,
    told: pd.DataFrame,
    raw_prompts: pd.DataFrame,
    rejected: pd.DataFrame,
    filtered: pd.DataFrame,
    grpo_prompts: pd.DataFrame,
    prompts: pd.DataFrame,
    teacher: Teacher,
    base_model: Checkpoint,
    prices: PriceOptions,
    options: EvaluationOptions,
    **plots: go.Figure,
) -> str:
    """Return the report as one HTML page that needs no network.

    Args:
        metrics: `evaluation_metrics`.
        by_complexity: `complexity_metrics`.
        ledger: `cost_ledger`.
        told: `evaluation_examples`.
        raw_prompts: What the teacher was asked.
        rejected: What fell out.
        filtered: What was kept.
        grpo_prompts: What GRPO trained on.
        prompts: The examination.
        teacher: The teacher.
        base_model: The student before training.
        prices: For the name of the hardware.
        options: Whether this is the demo.
        plots: Figures by the names that the report knows.
    """
    facts = {
        "teacher": teacher.name,
        "teacher_scripted": teacher.kind == "scripted",
        "demo": options.demo,
        "base_model": base_model.identity,
        "hardware": prices.hardware,
        "seconds": dict(zip(ledger["stage"], ledger["seconds"], strict=True)),
        "versions": {package: version(package) for package in REPORTED_PACKAGES},
        "data": [
            {"questions": "asked of the teacher", "rows": len(raw_prompts)},
            {"questions": "for GRPO, on other schemas", "rows": len(grpo_prompts)},
            {"questions": "for the examination, on other schemas", "rows": len(prompts)},
        ],
        "notes": [accounting.summarise_bill(ledger, len(filtered)) + "."],
    }
    yields = accounting.count_yield(len(raw_prompts), rejected, len(filtered))
    return report.render_report(metrics, by_complexity, ledger, facts, told, plots, yields)
