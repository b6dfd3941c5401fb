"""Nodes of GRPO: try the rewards, forecast what they can bring, improve the SFT student, draw how it went."""

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from sqlreason.data import splits
from sqlreason.data.tables import TABLES, records
from sqlreason.errors import BadInput
from sqlreason.options.grpo_options import GRPOOptions
from sqlreason.options.sft_options import SFTOptions, StudentOptions
from sqlreason.reasoning.prompts import Prompt
from sqlreason.reporting import figures
from sqlreason.rewards import make_rewards
from sqlreason.rewards.certification import Certificate, Entry, certify
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.prompting import prompt_fingerprint
from sqlreason.students.training import initial_adapters

logger = logging.getLogger(__name__)


def certify_rewards(grpo_prompts: pd.DataFrame, options: GRPOOptions) -> pd.DataFrame:
    """Return how correct answers, mutants and exploits score under the configured rewards.

    Args:
        grpo_prompts: Table `grpo_prompts`, of which a sample is used.
        options: Rewards and weights; size of the sample and threshold.

    Returns:
        Table `certification`; the training looks at it again before it starts.

    Raises:
        CertificationError: If they can be gamed, and that stops the run (`certification.on_failure`).
        ValueError: If likeness to the teacher is to be paid and the teacher answered none of the prompts.
    """
    if "teacher_similarity" in options.rewards and not grpo_prompts["teacher_think"].any():
        raise BadInput(
            f"the teacher answered none of {len(grpo_prompts)} prompts, so that teacher_similarity has nothing to "
            "compare with; set split.grpo_share: 0, as the article does, or leave the reward out"
        )
    sample = grpo_prompts.sample(min(options.certification.questions, len(grpo_prompts)), random_state=options.trl.seed)
    certificate = certify(
        options.rewards, records(sample), min_auc=options.certification.min_auc, seed=options.trl.seed
    )
    logger.info("rewards: %s", certificate.summary())
    _heed(certificate, options)
    return pd.DataFrame([asdict(entry) for entry in certificate.entries])


def _heed(certificate: Certificate, options: GRPOOptions) -> None:
    """Refuse rewards that can be gamed, or only say so."""
    if options.certification.on_failure == "stop":
        certificate.require()
    elif certificate.faults:
        logger.warning("rewards that can be gamed: %s", "; ".join(certificate.faults))


def choose_start(
    base_model: Checkpoint,
    sft_adapter: Adapter,
    sft_examples: pd.DataFrame,
    student_prompt: dict[str, Any],
    checkpoints: Path,
    student: StudentOptions,
    sft: SFTOptions,
    options: GRPOOptions,
) -> Adapter:
    """Return the adapter with which GRPO begins: that of SFT, one that knows the grammar alone, or an untrained one.

    Args:
        base_model: The student before training.
        sft_adapter: After SFT.
        sft_examples: Table `sft_examples`; the start `format_only` sees the first few.
        student_prompt: The student's prompt text.
        checkpoints: The folder of the checkpoints.
        student: Backend, quantisation, precision.
        sft: Shape of a new adapter, and how `format_only` is trained.
        options: Which start.
    """
    if options.initial_adapter == "full":
        return sft_adapter
    base_model = base_model.spoken_to(**student.template)
    fingerprint = prompt_fingerprint(Prompt.from_mapping(student_prompt), base_model)
    if options.initial_adapter == "none":
        return initial_adapters.untrained(
            base_model, fingerprint, sft.lora.model_dump(), student.dtype, options.trl.seed
        )
    return initial_adapters.format_only(
        base_model,
        sft_examples,
        options.format_examples,
        fingerprint=fingerprint,
        workdir=checkpoints / "sft",
        lora=sft.lora.model_dump(),
        setup=student.setup,
        tools=options.tool_limits if "conversation" in sft_examples else None,
        trl=sft.trl.arguments,
    )


def forecast_gains(
    base_model: Checkpoint,
    initial_adapter: Adapter,
    grpo_prompts: pd.DataFrame,
    student_prompt: dict[str, Any],
    checkpoints: Path,
    forecast_calibration: Path | None,
    student: StudentOptions,
    options: GRPOOptions,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return rollouts of the student before GRPO, and what they say about its chances.

    Args:
        base_model: The student before training.
        initial_adapter: What it was taught before.
        grpo_prompts: Table `grpo_prompts`.
        student_prompt: The student's prompt text; the adapter must have been trained with the same.
        checkpoints: Where the rollouts are until all are there, so that a kill costs a batch of them.
        forecast_calibration: What became of earlier forecasts; None for no account of them.
        student: Precision and quantisation.
        options: Prompts, samples and temperatures of the forecast.

    Returns:
        Tables `grpo_profile` and `grpo_forecast`, both empty where the forecast is off, or nothing is learned from
        rewards (method distillation).
    """
    from sqlreason.students.training import forecast
    from sqlreason.students.training.forecast_calibration import describe, read_runs

    base_model = base_model.spoken_to(**student.template)
    initial_adapter.require(base_model.identity, prompt_fingerprint(Prompt.from_mapping(student_prompt), base_model))
    if not options.forecast.prompts or options.method == "distillation":
        empty = [pd.DataFrame(columns=list(TABLES[name].columns)) for name in ("grpo_profile", "grpo_forecast")]
        return empty[0], empty[1]
    profile = _sample_rollouts(base_model, initial_adapter, grpo_prompts, checkpoints, student, options)
    runs = read_runs(forecast_calibration)
    table = forecast.summarise(profile, options.trl.num_generations, runs)
    logger.info("grpo: %s (%s)", forecast.advise(table).sentence, describe(runs))
    return profile, table


def _sample_rollouts(
    base_model: Checkpoint,
    initial_adapter: Adapter,
    grpo_prompts: pd.DataFrame,
    checkpoints: Path,
    student: StudentOptions,
    options: GRPOOptions,
) -> pd.DataFrame:
    """The student's rollouts at each temperature, and its greedy ones, to some of the prompts that are trained on."""
    from sqlreason.students.generation.answer_store import kept_until_done
    from sqlreason.students.training import forecast

    trained, _ = _split_dev(grpo_prompts, options)
    profiled = trained.sample(min(options.forecast.prompts, len(trained)), random_state=options.trl.seed)
    drawn = [(options.forecast.samples, options.forecast.temperatures), (1, (0.0,))]  # and greedily, once
    with kept_until_done(checkpoints, f"forecast-{initial_adapter.digest}") as kept:
        parts = [
            forecast.sample_rollouts(
                base_model,
                initial_adapter,
                profiled,
                rewards=options.rewards,
                samples=samples,
                temperatures=temperatures,
                max_completion_tokens=options.trl.max_completion_length,
                # what a rank writes at once in a step fits into memory
                batch_size=options.trl.rows_of_a_step // student.ranks,
                seed=options.trl.seed,
                dtype=student.dtype,
                quantization=student.quantization,
                processes=options.forecast.processes,
                tools=options.tool_limits,
                kept=kept,
            )
            for samples, temperatures in drawn
        ]
    return pd.concat(parts, ignore_index=True)


def train_student(
    base_model: Checkpoint,
    initial_adapter: Adapter,
    grpo_prompts: pd.DataFrame,
    certification: pd.DataFrame,
    grpo_profile: pd.DataFrame,
    grpo_forecast: pd.DataFrame,
    sft_examples: pd.DataFrame,
    distillation_teacher: Checkpoint,
    student_prompt: dict[str, Any],
    checkpoints: Path,
    student: StudentOptions,
    sft: SFTOptions,
    options: GRPOOptions,
) -> tuple[Adapter, pd.DataFrame, pd.DataFrame]:
    """Return the adapter trained further on its own rollouts, the history and the rollouts.

    Args:
        base_model: The student before training.
        initial_adapter: The adapter to go on from; the reference of the KL where `beta` > 0.
        grpo_prompts: Table `grpo_prompts`.
        certification: Table `certification` of the rewards.
        grpo_profile: Table `grpo_profile`.
        grpo_forecast: Table `grpo_forecast`.
        sft_examples: Table `sft_examples`; method distillation prepares its teacher by them.
        distillation_teacher: The teacher of method distillation.
        student_prompt: The student's prompt text; the adapter must have been trained with the same.
        checkpoints: The folder of the checkpoints.
        student: Backend, quantisation, precision.
        sft: How that teacher is prepared.
        options: Method, rewards, group size, loss, optimiser, length of training.

    Returns:
        The adapter and tables `grpo_history` and `grpo_rollouts`.

    Raises:
        ValueError: If the adapter belongs to another base model or prompt, or the forecast says no and
            `forecast.on_no_go` is "stop".
        CertificationError: If the rewards can be gamed and `certification.on_failure` is "stop"; distillation, which
            only looks at them, does not mind.
        VocabularyError: If the catalog's teacher has another vocabulary than the student.
    """
    base_model = base_model.spoken_to(**student.template)
    initial_adapter.require(base_model.identity, prompt_fingerprint(Prompt.from_mapping(student_prompt), base_model))
    if options.method == "distillation":
        return distil(
            base_model,
            initial_adapter,
            grpo_prompts,
            sft_examples,
            distillation_teacher,
            checkpoints,
            student,
            sft,
            options,
        )
    _heed(Certificate(tuple(Entry(**row) for row in records(certification))), options)
    _check_forecast(grpo_forecast, options)
    trained, dev = _split_dev(grpo_prompts, options)
    chosen = _choose_prompts(trained, grpo_profile, options)
    return train_on(base_model, initial_adapter, chosen, dev, checkpoints, student, options)


def _split_dev(grpo_prompts: pd.DataFrame, options: GRPOOptions) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    return splits.split_dev(grpo_prompts, options.dev_prompts, _groups_of_a_step(options), options.trl.seed)


def _choose_prompts(prompts: pd.DataFrame, profile: pd.DataFrame, options: GRPOOptions) -> pd.DataFrame:
    from sqlreason.students.training.curriculum import choose_curriculum

    fewest = _groups_of_a_step(options)
    return choose_curriculum(prompts, profile, options.curriculum, options.trl.temperature, fewest)


def _groups_of_a_step(options: GRPOOptions) -> int:
    """Return the groups of a step; fewer prompts than this make no step."""
    return options.trl.rows_of_a_step // options.trl.num_generations


def train_on(
    base_model: Checkpoint,
    start: Adapter,
    prompts: pd.DataFrame,
    dev: pd.DataFrame | None,
    checkpoints: Path,
    student: StudentOptions,
    options: GRPOOptions,
) -> tuple[Adapter, pd.DataFrame, pd.DataFrame]:
    """Train by GRPO on all of the prompts, with the dev evaluation given."""
    from sqlreason.students.training import grpo
    from sqlreason.students.training.dev_evaluator import DevSet

    return grpo.train_grpo(
        base_model,
        start,
        prompts,
        rewards=make_rewards(list(options.rewards), options.trl.max_completion_length),
        weights=list(options.rewards.values()),
        workdir=checkpoints / "grpo",
        dev_set=DevSet(dev, options.dev_steps, options.patience),
        shuffle=options.curriculum != "easiest_first",
        token_budget=options.token_budget,
        tools=options.tool_limits,
        setup=student.setup,
        trl=options.trl.arguments,
    )


def distil(
    base_model: Checkpoint,
    start: Adapter,
    prompts: pd.DataFrame,
    examples: pd.DataFrame,
    distillation_teacher: Checkpoint,
    checkpoints: Path,
    student: StudentOptions,
    sft: SFTOptions,
    options: GRPOOptions,
) -> tuple[Adapter, pd.DataFrame, pd.DataFrame]:
    """Teach the student on its own answers, one to a prompt.

    Args:
        base_model: The student before training.
        start: With which the training goes on, and the teacher where that is the student itself.
        prompts: Table `grpo_prompts`.
        examples: Table `sft_examples`, by which the teacher is prepared.
        distillation_teacher: Used if the options name it.
        checkpoints: The folder of the checkpoints.
        student: Precision and quantisation, of the teacher too.
        sft: How the teacher is prepared.
        options: Teacher, hint, divergence, length of training.

    Raises:
        VocabularyError: If another teacher has another vocabulary.
    """
    from sqlreason.students.training import on_policy_distillation, teacher_preparation
    from sqlreason.students.training.dev_evaluator import DevSet

    shown = options.distillation
    teacher = teacher_preparation.prepare_teacher(
        base_model,
        start,
        None if shown.teacher == "self" else distillation_teacher,
        examples if shown.teacher_epochs else None,
        shown.hint,
        checkpoints / "distillation_teacher",
        lora=sft.lora.model_dump(),
        share_prefixes=sft.share_prefixes,
        setup=student.setup,
        trl=sft.trl.model_copy(update={"num_train_epochs": shown.teacher_epochs, "max_steps": None}).arguments,
    )
    worded = teacher_preparation.word_for_teacher(prompts["prompt"], prompts["gold_sql"], shown.hint)
    trained, dev = _split_dev(prompts.assign(teacher_prompt=worded), options)
    improved = on_policy_distillation.train_distillation(
        base_model,
        start,
        teacher,
        trained,
        rewards=make_rewards(list(options.rewards), options.trl.max_completion_length),
        weights=list(options.rewards.values()),
        workdir=checkpoints / "distillation",
        dev_set=DevSet(dev, options.dev_steps, options.patience),
        token_budget=options.token_budget,
        setup=student.setup,
        trl={**options.trl.of_distillation, "beta": shown.beta},
    )
    taught = teacher.adapter.facts["seconds"] if shown.teacher_epochs and teacher.adapter else 0.0
    return teacher_preparation.add_seconds(improved, taught)


def _check_forecast(forecast_table: pd.DataFrame, options: GRPOOptions) -> None:
    """Stop, or only say so, where the forecast says that the training will not pay."""
    from sqlreason.students.training import forecast

    if forecast_table.empty:
        return
    advice = forecast.advise(forecast_table)
    if not advice.go and options.forecast.on_no_go == "stop":
        raise BadInput(f"{advice.sentence}. To train all the same: grpo.forecast.on_no_go=warn")
    if not advice.go:
        logger.warning("grpo: %s", advice.sentence)


def plot_rewards(grpo_history: pd.DataFrame, grpo_adapter: Adapter) -> go.Figure:
    """Return reward, its components and the KL over steps, and which of them the adapter is of."""
    return figures.grpo_rewards(grpo_history, grpo_adapter.facts.get("best_step"))
