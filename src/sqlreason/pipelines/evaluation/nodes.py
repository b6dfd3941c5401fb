"""Nodes of the evaluation: answers and scores of every student, the comparison, the bill, the report."""

from importlib.metadata import version
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from sqlreason.options.evaluation_options import EvaluationOptions, PriceOptions
from sqlreason.options.sft_options import StudentOptions
from sqlreason.reasoning.prompts import Prompt
from sqlreason.reporting import comparison, costs, examples, figures, report
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.prompting import prompt_fingerprint
from sqlreason.teachers.teacher import Teacher

REPORTED_PACKAGES = ("kedro", "distilabel", "trl", "peft", "transformers", "torch", "sqlglot", "duckdb")


def answer_as_base(
    base_model: Checkpoint, prompts: pd.DataFrame, student: StudentOptions, options: EvaluationOptions
) -> pd.DataFrame:
    """Return the untrained student's answers (table `answers`)."""
    return _answer(base_model, None, prompts, student, options)


def answer_with_adapter(
    base_model: Checkpoint,
    adapter: Adapter,
    prompts: pd.DataFrame,
    student_prompt: dict[str, Any],
    student: StudentOptions,
    options: EvaluationOptions,
) -> pd.DataFrame:
    """Return a trained student's answers (table `answers`).

    Raises:
        ValueError: If the adapter belongs to another base model or prompt.
    """
    spoken_to = base_model.spoken_to(**student.template)
    adapter.require(base_model.identity, prompt_fingerprint(Prompt.from_mapping(student_prompt), spoken_to))
    return _answer(base_model, adapter, prompts, student, options)


def _answer(
    base_model: Checkpoint,
    adapter: Adapter | None,
    prompts: pd.DataFrame,
    student: StudentOptions,
    options: EvaluationOptions,
) -> pd.DataFrame:
    from sqlreason.students import evaluation

    return evaluation.answer_questions(
        base_model.spoken_to(**student.template),
        adapter,
        prompts,
        dtype=student.dtype,
        quantization=student.quantization,
        max_completion_tokens=options.max_completion_tokens,
        batch_size=options.batch_size,
        processes=options.processes,
        votes=options.votes,
        temperature=options.vote_temperature,
        self_repairs=options.self_repairs,
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
    from sqlreason.students import evaluation

    return evaluation.score_answers(prompts, answers, options.workers)


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
    return comparison.compare_students(scores), comparison.by_complexity(scores)


def compute_costs(
    completions: pd.DataFrame,
    sft_history: pd.DataFrame,
    grpo_history: pd.DataFrame,
    base_answers: pd.DataFrame,
    sft_answers: pd.DataFrame,
    grpo_answers: pd.DataFrame,
    estimate: pd.DataFrame,
    filtered: pd.DataFrame,
    teacher: Teacher,
    prices: PriceOptions,
) -> pd.DataFrame:
    """Return the bill, one row a stage (see `accounting.compute_costs`)."""
    return costs.compute_costs(
        completions,
        {"sft": sft_history, "grpo": grpo_history},
        {"base": base_answers, "SFT": sft_answers, "GRPO": grpo_answers},
        teacher=teacher.name,
        usd_per_hour=prices.training_usd_per_hour,
        hardware=prices.hardware,
        estimated=float(estimate[["usd", "spent_usd"]].iloc[0].sum()),
        kept=len(filtered),
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
    tokens_page: str,
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
        ledger: `costs`.
        told: `evaluation_examples`.
        raw_prompts: What the teacher was asked.
        rejected: What fell out.
        filtered: What was kept.
        grpo_prompts: What GRPO trained on.
        prompts: The evaluation.
        tokens_page: A training example token by token, a page of its own.
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
            {"questions": "for the evaluation, on other schemas", "rows": len(prompts)},
        ],
        "notes": [costs.summarise_costs(ledger, len(filtered)) + "."],
    }
    yields = costs.count_yield(len(raw_prompts), rejected, len(filtered))
    return report.render_report(metrics, by_complexity, ledger, facts, told, plots, yields, tokens_page)
