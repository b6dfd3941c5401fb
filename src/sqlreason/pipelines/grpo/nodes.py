"""Nodes of GRPO: try the rewards, forecast what they can bring, improve the SFT student, draw how it went."""

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from sqlreason import figures, splits
from sqlreason.options import GRPOOptions, SFTOptions, StudentOptions
from sqlreason.reasoning.prompts import Prompt
from sqlreason.rewards import certification, make_rewards
from sqlreason.students.adapter import Adapter
from sqlreason.students.checkpoint import Checkpoint
from sqlreason.tables import TABLES, records

logger = logging.getLogger(__name__)

DEV_SHARE = 0.15
"""Share of the schemas of `grpo_prompts` from which the dev questions are drawn."""

NOT_OF_THE_TRAINER = {"rewards", "certification", "forecast", "method", "curriculum", "dev_prompts"}
"""Options that the nodes use up themselves."""


def certify_rewards(prompts: pd.DataFrame, options: GRPOOptions) -> pd.DataFrame:
    """Return how correct answers, mutants and exploits score under the configured rewards.

    Args:
        prompts: Table `grpo_prompts`, of which a sample is used.
        options: Rewards and weights; size of the sample and threshold.

    Returns:
        Table `certification`; the training looks at it before it starts.
    """
    sample = prompts.sample(min(options.certification.questions, len(prompts)), random_state=options.seed)
    certificate = certification.certify(
        options.rewards, records(sample), min_auc=options.certification.min_auc, seed=options.seed
    )
    logger.info("rewards: %s", certificate.summary())
    return pd.DataFrame([asdict(entry) for entry in certificate.entries])


def _check_certificate(table: pd.DataFrame, options: GRPOOptions) -> None:
    """Refuse to train on rewards that can be gamed, or only say so."""
    certificate = certification.Certificate(tuple(certification.Entry(**row) for row in records(table)))
    if options.certification.on_failure == "stop":
        certificate.require()
    elif certificate.faults:
        logger.warning("grpo: training on rewards that can be gamed: %s", "; ".join(certificate.faults))


def forecast_gains(
    base_model: Checkpoint,
    sft_adapter: Adapter,
    prompts: pd.DataFrame,
    student_prompt: dict[str, Any],
    student: StudentOptions,
    options: GRPOOptions,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return rollouts of the student before GRPO, and what they say about its chances.

    Args:
        base_model: The student before training.
        sft_adapter: What it was taught.
        prompts: Table `grpo_prompts`.
        student_prompt: The catalog's prompt text; the adapter must have been trained with the same.
        student: Precision and quantisation.
        options: Prompts, samples and temperatures of the forecast.

    Returns:
        Tables `grpo_profile` and `grpo_forecast`, both empty where the forecast is off.
    """
    from sqlreason.students import forecast

    sft_adapter.require(base_model.identity, Prompt.from_mapping(student_prompt).fingerprint)
    if not options.forecast.prompts:
        empty = [pd.DataFrame(columns=list(TABLES[name].columns)) for name in ("grpo_profile", "grpo_forecast")]
        return empty[0], empty[1]
    trained, _ = _split_dev(prompts, options)
    sample = trained.sample(min(options.forecast.prompts, len(trained)), random_state=options.seed)
    profile = forecast.sample_rollouts(
        base_model,
        sft_adapter,
        sample,
        rewards=options.rewards,
        samples=options.forecast.samples,
        temperatures=options.forecast.temperatures,
        max_completion_tokens=options.max_completion_tokens,
        batch_size=options.batch_size * options.gradient_accumulation,  # what a step writes at once fits into memory
        seed=options.seed,
        dtype=student.dtype,
        quantization=student.quantization,
        processes=options.forecast.processes,
    )
    table = forecast.summarise(profile, options.num_generations)
    logger.info("grpo: %s", forecast.advise(table).sentence)
    return profile, table


def train_student(
    base_model: Checkpoint,
    sft_adapter: Adapter,
    prompts: pd.DataFrame,
    certificate: pd.DataFrame,
    profile: pd.DataFrame,
    outlook: pd.DataFrame,
    student_prompt: dict[str, Any],
    student: StudentOptions,
    options: GRPOOptions,
) -> tuple[Adapter, pd.DataFrame, pd.DataFrame]:
    """Return the SFT adapter trained further on its own rollouts, the history and the rollouts.

    Args:
        base_model: The student before training.
        sft_adapter: The adapter to go on from; the reference of the KL where `beta` > 0.
        prompts: Table `grpo_prompts`.
        certificate: Table `certification` of the rewards.
        profile: Table `grpo_profile`.
        outlook: Table `grpo_forecast`.
        student_prompt: The catalog's prompt text; the adapter must have been trained with the same.
        student: Backend, quantisation, precision, where checkpoints lie.
        options: Method, rewards, group size, loss, optimiser, length of training.

    Returns:
        The adapter and tables `grpo_history` and `grpo_rollouts`.

    Raises:
        ValueError: If the adapter belongs to another base model or prompt, or the forecast says no and
            `forecast.on_no_go` is "stop".
        CertificationError: If the rewards can be gamed and `certification.on_failure` is "stop".
    """
    _check_certificate(certificate, options)
    _check_forecast(outlook, options)
    fingerprint = Prompt.from_mapping(student_prompt).fingerprint
    sft_adapter.require(base_model.identity, fingerprint)
    train = {"grpo": _train_grpo, "rft": _train_rft}[options.method]
    return train(base_model, sft_adapter, prompts, profile, student, options)


def _train_grpo(
    base_model: Checkpoint,
    sft_adapter: Adapter,
    prompts: pd.DataFrame,
    profile: pd.DataFrame,
    student: StudentOptions,
    options: GRPOOptions,
) -> tuple[Adapter, pd.DataFrame, pd.DataFrame]:
    from sqlreason.students import grpo

    trained, dev = _split_dev(prompts, options)
    return grpo.train_grpo(
        base_model,
        sft_adapter,
        _choose_prompts(trained, profile, options),
        rewards=make_rewards(list(options.rewards), options.max_completion_tokens),
        weights=list(options.rewards.values()),
        workdir=Path(student.checkpoints) / "grpo",
        dev=dev,
        shuffle=options.curriculum != "easiest_first",
        **student.model_dump(exclude={"checkpoints"}),
        **options.model_dump(exclude=NOT_OF_THE_TRAINER),
    )


def _train_rft(
    base_model: Checkpoint,
    sft_adapter: Adapter,
    prompts: pd.DataFrame,
    profile: pd.DataFrame,
    student: StudentOptions,
    options: GRPOOptions,
) -> tuple[Adapter, pd.DataFrame, pd.DataFrame]:
    """Learn from the right rollouts of the profile; one row a step, with the profile's mean reward."""
    from sqlreason.students import rft

    schedule = options.model_dump(include=set(SFTOptions.model_fields) - {"lora"})
    adapter, history = rft.train_rft(
        base_model,
        sft_adapter,
        prompts,
        profile,
        workdir=Path(student.checkpoints) / "rft",
        **student.model_dump(exclude={"checkpoints"}),
        **schedule,
    )
    return adapter, history.assign(stage="rft", reward=profile["reward"].mean(), kl=0.0), profile.assign(step=0)


def _split_dev(prompts: pd.DataFrame, options: GRPOOptions) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """The prompts to train on and those of the dev examination, which share no schema."""
    if not options.dev_prompts:
        return prompts, None
    held = splits.reserve(splits.group_keys(prompts), DEV_SHARE, options.seed)
    if not held.any() or (~held).sum() < _groups(options):
        logger.warning("grpo: too few prompts to hold some schemas back: training without a dev examination")
        return prompts, None
    dev = prompts[held]
    return prompts[~held], dev.sample(min(options.dev_prompts, len(dev)), random_state=options.seed)


def _groups(options: GRPOOptions) -> int:
    """Groups of a step; fewer prompts than this make no step."""
    return options.batch_size * options.gradient_accumulation // options.num_generations


def _choose_prompts(prompts: pd.DataFrame, profile: pd.DataFrame, options: GRPOOptions) -> pd.DataFrame:
    """The prompts of the curriculum; all where it is off or leaves too few for a step."""
    from sqlreason.students import forecast

    if options.curriculum == "off":
        return prompts
    chosen = forecast.choose_prompts(prompts, forecast.pass_rates(profile, options.temperature), options.curriculum)
    if len(chosen) < _groups(options):
        logger.warning(
            "grpo: only %d of %d profiled prompts are sometimes right; training on all", len(chosen), len(prompts)
        )
        return prompts
    logger.info("grpo: curriculum of %d prompts that are sometimes right (%s)", len(chosen), options.curriculum)
    return chosen


def _check_forecast(outlook: pd.DataFrame, options: GRPOOptions) -> None:
    """Stop, or only say so, where the forecast says that the training will not pay."""
    from sqlreason.students import forecast

    if outlook.empty:
        return
    advice = forecast.advise(outlook)
    if not advice.go and options.forecast.on_no_go == "stop":
        raise ValueError(f"{advice.sentence}. To train all the same: grpo.forecast.on_no_go=warn")
    if not advice.go:
        logger.warning("grpo: %s", advice.sentence)


def plot_rewards(history: pd.DataFrame) -> go.Figure:
    """Return reward, its components and the KL over steps."""
    return figures.grpo_rewards(history)
