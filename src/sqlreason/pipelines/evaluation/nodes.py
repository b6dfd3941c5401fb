"""Nodes of the evaluation: answers and scores of every student, the comparison, the costs, the report."""

import logging
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from sqlreason.benchmarks import prediction_exports
from sqlreason.benchmarks.prediction_files import Predictions
from sqlreason.benchmarks.question_table import benchmark_of
from sqlreason.benchmarks.scoring import score_predictions
from sqlreason.data.tables import TABLES, records
from sqlreason.data.trace_outcomes import count_kept, count_yield
from sqlreason.options.evaluation_options import EvaluationOptions, PriceOptions
from sqlreason.options.grpo_options import GRPOOptions
from sqlreason.options.sft_options import StudentOptions
from sqlreason.reasoning import format as grammar
from sqlreason.reasoning.prompts import Prompt
from sqlreason.reporting import benchmark_report, comparison, examples, figures, report
from sqlreason.reporting import costs as stage_costs
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.prompting import prompt_fingerprint
from sqlreason.teachers.teacher import Teacher

logger = logging.getLogger(__name__)

REPORTED_PACKAGES = ("kedro", "distilabel", "trl", "peft", "transformers", "torch", "sqlglot", "duckdb")


def answer_as_base(
    base_model: Checkpoint,
    evaluation_prompts: pd.DataFrame,
    checkpoints: Path,
    student: StudentOptions,
    options: EvaluationOptions,
) -> pd.DataFrame:
    """Return the untrained student's answers (table `answers`); after a kill it goes on with those that it has."""
    return _answer(base_model, None, evaluation_prompts, checkpoints, student, options)


def answer_with_adapter(
    base_model: Checkpoint,
    adapter: Adapter,
    evaluation_prompts: pd.DataFrame,
    student_prompt: dict[str, Any],
    checkpoints: Path,
    student: StudentOptions,
    options: EvaluationOptions,
) -> pd.DataFrame:
    """Return a trained student's answers (table `answers`); after a kill it goes on with those that it has.

    One that was trained with tools has them here too, with the same limits.

    Raises:
        ValueError: If the adapter belongs to another base model or prompt.
    """
    spoken_to = base_model.spoken_to(**student.template)
    adapter.require(base_model.identity, prompt_fingerprint(Prompt.from_mapping(student_prompt), spoken_to))
    return _answer(base_model, adapter, evaluation_prompts, checkpoints, student, options)


def _answer(
    base_model: Checkpoint,
    adapter: Adapter | None,
    prompts: pd.DataFrame,
    checkpoints: Path,
    student: StudentOptions,
    options: EvaluationOptions,
) -> pd.DataFrame:
    from sqlreason.students import evaluation
    from sqlreason.students.checkpoints.tool_chat import tool_limits
    from sqlreason.students.generation.answer_store import kept_until_done

    with kept_until_done(checkpoints, adapter.digest if adapter else "base") as kept:
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
            tools=tool_limits(adapter),
            kept=kept,
        )


def score_answers(evaluation_prompts: pd.DataFrame, answers: pd.DataFrame, options: EvaluationOptions) -> pd.DataFrame:
    """Return the verdict on every answer.

    Args:
        evaluation_prompts: Table `evaluation_prompts`.
        answers: Table `answers` of one student, for the same questions in any order.
        options: Workers.

    Returns:
        Table `scores`.

    Raises:
        ValueError: If the answers are not to these questions.
        RuntimeError: If a gold query does not agree with itself: then no figure could be believed.
    """
    from sqlreason.students import evaluation

    return evaluation.score_answers(evaluation_prompts, answers, options.workers)


def write_predictions(heldout_questions: pd.DataFrame, answers: pd.DataFrame) -> tuple[str, dict[str, str]]:
    """Return a student's queries as Spider's script and as BIRD's read them.

    Args:
        heldout_questions: Question table of the evaluation; what was not asked is an empty prediction.
        answers: Table `answers` of the student.

    Returns:
        `pred.txt`, a line a question, and `predict_dev.json`.
    """
    found = _queries(answers)
    queries = [found.get(id_, "") for id_ in heldout_questions["id"]]
    return prediction_exports.spider_lines(queries), prediction_exports.bird_predictions(
        queries, _databases(heldout_questions)
    )


def write_ibm_records(
    heldout_questions: pd.DataFrame, base_answers: pd.DataFrame, sft_answers: pd.DataFrame, grpo_answers: pd.DataFrame
) -> list[dict[str, Any]]:
    """Return the queries of all students as the records of IBM's text2sql-eval-toolkit.

    Args:
        heldout_questions: Question table of the evaluation.
        base_answers: Table `answers` of the untrained student.
        sft_answers: The same after SFT.
        grpo_answers: The same after GRPO.
    """
    answers = {"base": base_answers, "SFT": sft_answers, "GRPO": grpo_answers}
    found = {student: _queries(table) for student, table in answers.items()}
    asked = heldout_questions[["id", "sql_prompt", "sql"]].set_axis(["id", "question", "gold_sql"], axis=1)
    questions = records(asked.assign(db_id=_databases(heldout_questions)))
    runs = {student: [sql.get(row["id"], "") for row in questions] for student, sql in found.items()}
    return prediction_exports.ibm_records(questions, runs)


def score_benchmark(
    heldout_questions: pd.DataFrame,
    base_answers: pd.DataFrame,
    sft_answers: pd.DataFrame,
    grpo_answers: pd.DataFrame,
    options: EvaluationOptions,
) -> tuple[dict[str, Any], str]:
    """Return what a published benchmark says of the students, in its own terms, and a page about it.

    Args:
        heldout_questions: Question table of the evaluation; of a `BenchmarkDataset`, or there is nothing to say.
        base_answers: Table `answers` of the untrained student.
        sft_answers: The same after SFT.
        grpo_answers: The same after GRPO.
        options: Workers; how often queries are timed for BIRD's R-VES.

    Returns:
        `benchmark_metrics` and `benchmark_report`.
    """
    asked = benchmark_of(heldout_questions)
    if asked is None:
        return {}, "<p>The evaluation asked no published benchmark.</p>\n"
    answers = {"base": base_answers, "SFT": sft_answers, "GRPO": grpo_answers}
    runs = [Predictions(student, _queries(table)) for student, table in answers.items()]
    rounds = options.ves_rounds if asked.format == "bird" else 0
    scores = score_predictions(asked, runs, workers=options.workers, rounds=rounds)
    summary = benchmark_report.summarise_scores(scores)
    return summary, benchmark_report.render_scores(summary, scores)


def _queries(answers: pd.DataFrame) -> dict[str, str]:
    """Return the query of each question that was answered, "" where the answer is not well formed."""
    readings = zip(answers["id"], map(grammar.parse, answers["text"]), answers["finished"], strict=True)
    return {id_: reading.sql if reading.well_formed and finished else "" for id_, reading, finished in readings}


def _databases(questions: pd.DataFrame) -> list[str]:
    """Return the name of each question's database, "" where the source has none."""
    return list(questions["db_id"]) if "db_id" in questions else [""] * len(questions)


def compare_students(
    base_scores: pd.DataFrame, sft_scores: pd.DataFrame, grpo_scores: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the table of students with intervals and paired tests, and accuracy by class of query.

    Args:
        base_scores: Table `scores` of the untrained student.
        sft_scores: The same after SFT.
        grpo_scores: The same after GRPO.

    Returns:
        `evaluation_metrics` and `complexity_metrics`.
    """
    scores = {"base": base_scores, "SFT": sft_scores, "GRPO": grpo_scores}
    return comparison.compare_students(scores), comparison.by_complexity(scores)


def check_forecast(
    grpo_forecast: pd.DataFrame,
    sft_scores: pd.DataFrame,
    grpo_scores: pd.DataFrame,
    sft_adapter: Adapter,
    grpo_adapter: Adapter,
    forecast_calibration: Path | None,
) -> pd.DataFrame:
    """Return what became of all forecasts, this run's among them (table `forecast_check`), and keep it for the next.

    Args:
        grpo_forecast: Table `grpo_forecast`; where it is empty, nothing is added.
        sft_scores: Verdicts before the training.
        grpo_scores: And after it.
        sft_adapter: Of the verdicts before; a training that began elsewhere has none, so that nothing is added.
        grpo_adapter: Of the verdicts after it.
        forecast_calibration: Where the finished runs are kept; None keeps none.
    """
    from sqlreason.students.training import forecast
    from sqlreason.students.training import forecast_calibration as calibration

    runs = calibration.read_runs(forecast_calibration)
    went_on = grpo_adapter.facts.get("options", {}).get("start") == sft_adapter.digest
    if not grpo_forecast.empty and went_on:
        pairs = sft_scores.merge(grpo_scores, on="id", suffixes=("_before", "_after"))
        gained = 100 * (pairs["agrees_after"].astype(float) - pairs["agrees_before"].astype(float)).mean()
        advice = forecast.advise(grpo_forecast)
        run = calibration.FinishedRun(
            run=grpo_adapter.digest,
            way=str(grpo_adapter.facts.get("stage", "grpo")),
            headroom=advice.headroom,
            points=advice.gain.points,
            low=advice.gain.low,
            high=advice.gain.high,
            go=advice.go,
            gained=float(gained),
            questions=len(pairs),
        )
        runs = [run] if forecast_calibration is None else calibration.add_run(forecast_calibration, run)
        logger.info("forecast: %+.1f points expected, %+.1f gained; %s", run.points, gained, calibration.describe(runs))
    known = list(TABLES["forecast_check"].columns)
    rows = [{**asdict(run), "inside": run.inside, "well_advised": run.well_advised} for run in runs]
    return pd.DataFrame(rows, columns=known)


def compute_costs(
    cot_completions: pd.DataFrame,
    teacher_estimate: pd.DataFrame,
    trace_outcomes: pd.DataFrame,
    sft_history: pd.DataFrame,
    initial_adapter: Adapter,
    grpo_profile: pd.DataFrame,
    grpo_history: pd.DataFrame,
    evaluation_metrics: pd.DataFrame,
    teacher: Teacher,
    prices: PriceOptions,
    grpo: GRPOOptions,
) -> pd.DataFrame:
    """Return what the run cost, one row a stage (see `reporting.costs.compute_costs`)."""
    return stage_costs.compute_costs(
        cot_completions,
        {
            "sft": stage_costs.of_training(sft_history),
            **_costs_before_grpo(initial_adapter, grpo_profile, grpo),
            "grpo": stage_costs.of_training(grpo_history),
            "evaluation": stage_costs.of_answers(evaluation_metrics),
        },
        teacher=teacher.name,
        usd_per_hour=prices.training_usd_per_hour,
        hardware=prices.hardware,
        estimated=float(teacher_estimate[["usd", "spent_usd"]].iloc[0].sum()),
        kept=count_kept(trace_outcomes),
    )


def _costs_before_grpo(
    initial_adapter: Adapter, profile: pd.DataFrame, options: GRPOOptions
) -> dict[str, stage_costs.MachineTime]:
    """What was paid for between SFT and GRPO: a start of its own, which SFT's bill does not hold, and a forecast."""
    stages = {}
    if options.initial_adapter == "format_only":
        stages["initial_adapter"] = stage_costs.MachineTime(float(initial_adapter.facts["seconds"]))
    if not profile.empty:
        stages["forecast"] = stage_costs.of_rollouts(profile)
    return stages


def plot_results(
    evaluation_metrics: pd.DataFrame, complexity_metrics: pd.DataFrame, costs: pd.DataFrame
) -> tuple[go.Figure, go.Figure, go.Figure]:
    """Return the figures: accuracy with intervals, accuracy by class of query, costs."""
    return (
        figures.accuracy(evaluation_metrics),
        figures.accuracy_by_complexity(complexity_metrics),
        figures.costs(costs),
    )


def choose_examples(
    evaluation_prompts: pd.DataFrame,
    sft_answers: pd.DataFrame,
    sft_scores: pd.DataFrame,
    grpo_answers: pd.DataFrame,
    grpo_scores: pd.DataFrame,
    options: EvaluationOptions,
) -> pd.DataFrame:
    """Return telling answers, good and bad (table `evaluation_examples`)."""
    return examples.telling_examples(
        evaluation_prompts,
        {"SFT": sft_answers, "GRPO": grpo_answers},
        {"SFT": sft_scores, "GRPO": grpo_scores},
        limit=options.examples,
    )


def describe_run(
    teacher: Teacher,
    base_model: Checkpoint,
    grpo_prompts: pd.DataFrame,
    evaluation_prompts: pd.DataFrame,
    prices: PriceOptions,
    options: EvaluationOptions,
) -> dict[str, Any]:
    """Return who taught whom, on what, with which versions: what the report says beside its figures."""
    return {
        "teacher": teacher.name,
        "teacher_scripted": teacher.kind == "scripted",
        "demo": options.demo,
        "base_model": base_model.identity,
        "hardware": prices.hardware,
        "versions": {package: version(package) for package in REPORTED_PACKAGES},
        "data": [
            {"questions": "for GRPO, on other schemas", "rows": len(grpo_prompts)},
            {"questions": "for the evaluation, on other schemas", "rows": len(evaluation_prompts)},
        ],
        "notes": [base_model.origin] if base_model.origin else [],
    }


def write_report(
    evaluation_metrics: pd.DataFrame,
    complexity_metrics: pd.DataFrame,
    evaluation_examples: pd.DataFrame,
    trace_outcomes: pd.DataFrame,
    costs: pd.DataFrame,
    sft_loss_plot: go.Figure,
    grpo_reward_plot: go.Figure,
    sft_tokens_page: str,
    report_facts: dict[str, Any],
) -> str:
    """Return the report as one HTML page that needs no network.

    Args:
        evaluation_metrics: Table of students.
        complexity_metrics: Accuracy by class of query.
        evaluation_examples: Telling answers.
        trace_outcomes: What became of the questions that the teacher was asked.
        costs: One row a stage.
        sft_loss_plot: How SFT went.
        grpo_reward_plot: How GRPO went.
        sft_tokens_page: A training example token by token, a page of its own.
        report_facts: Who taught whom, on what.
    """
    yields = count_yield(trace_outcomes)
    asked = {"questions": "asked of the teacher", "rows": len(trace_outcomes)}
    timed = costs.dropna(subset=["seconds"])
    facts = {
        **report_facts,
        "data": [asked, *report_facts["data"]],
        "seconds": dict(zip(timed["stage"], timed["seconds"], strict=True)),
        "notes": [stage_costs.summarise_costs(costs, count_kept(trace_outcomes)) + ".", *report_facts["notes"]],
    }
    plots = {
        "accuracy": figures.accuracy(evaluation_metrics),
        "accuracy_by_complexity": figures.accuracy_by_complexity(complexity_metrics),
        "trace_yield": figures.trace_yield(yields),
        "training_loss": sft_loss_plot,
        "grpo_rewards": grpo_reward_plot,
        "costs": figures.costs(costs),
    }
    return report.render_report(
        evaluation_metrics,
        complexity_metrics,
        costs,
        facts,
        evaluation_examples,
        plots,
        yields,
        sft_tokens_page,
    )
