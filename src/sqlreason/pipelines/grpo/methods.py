"""How rewards improve the student after its start: GRPO, its dev evaluation and its curriculum."""

import logging
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from sqlreason.data import splits
from sqlreason.options.grpo_options import GRPOOptions
from sqlreason.options.sft_options import StudentOptions
from sqlreason.rewards import make_rewards
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.checkpoint import Checkpoint

logger = logging.getLogger(__name__)

DEV_SHARE = 0.25
"""No more of `grpo_prompts` than this is kept from the training for the dev evaluation."""

Improved = tuple[Adapter, pd.DataFrame, pd.DataFrame]
"""The adapter and tables `grpo_history` and `grpo_rollouts`."""


def train_grpo(
    base_model: Checkpoint,
    start: Adapter,
    prompts: pd.DataFrame,
    profile: pd.DataFrame,
    checkpoints: Path,
    student: StudentOptions,
    options: GRPOOptions,
) -> Improved:
    """Train by GRPO on the prompts of the curriculum, with a dev evaluation on schemas that are held back."""
    trained, dev = split_dev(prompts, options)
    chosen = _choose_prompts(trained, profile, options)
    return train_on(base_model, start, chosen, dev, checkpoints, student, options)


def train_on(
    base_model: Checkpoint,
    start: Adapter,
    prompts: pd.DataFrame,
    dev: pd.DataFrame | None,
    checkpoints: Path,
    student: StudentOptions,
    options: GRPOOptions,
) -> Improved:
    """Train on all of the prompts, with the dev evaluation given."""
    from sqlreason.students.training import grpo

    return grpo.train_grpo(
        base_model,
        start,
        prompts,
        rewards=make_rewards(list(options.rewards), options.trl.max_completion_length),
        weights=list(options.rewards.values()),
        workdir=checkpoints / "grpo",
        dev=dev,
        dev_steps=options.dev_steps,
        patience=options.patience,
        shuffle=options.curriculum != "easiest_first",
        **student.training,
        trl=options.trl.arguments,
    )


def sample_profile(
    base_model: Checkpoint,
    adapter: Adapter,
    prompts: pd.DataFrame,
    student: StudentOptions,
    options: GRPOOptions,
    temperatures: Sequence[float],
) -> pd.DataFrame:
    """Return rollouts of some of the prompts (table `grpo_profile`)."""
    from sqlreason.students.training import forecast

    return forecast.sample_rollouts(
        base_model,
        adapter,
        prompts.sample(min(options.forecast.prompts, len(prompts)), random_state=options.trl.seed),
        rewards=options.rewards,
        samples=options.forecast.samples,
        temperatures=temperatures,
        max_completion_tokens=options.trl.max_completion_length,
        batch_size=options.trl.rows_of_a_step,  # what a step writes at once fits into memory
        seed=options.trl.seed,
        dtype=student.dtype,
        quantization=student.quantization,
        processes=options.forecast.processes,
    )


def split_dev(prompts: pd.DataFrame, options: GRPOOptions) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """The prompts to train on and those of the dev evaluation, which share no schema."""
    if not options.dev_prompts:
        return prompts, None
    held = splits.hold_back(splits.group_keys(prompts), options.dev_prompts, DEV_SHARE, options.trl.seed)
    if not held.any() or (~held).sum() < _groups(options):
        logger.warning("grpo: too few prompts to hold some schemas back: training without a dev evaluation")
        return prompts, None
    dev = prompts[held]
    return prompts[~held], dev.sample(min(options.dev_prompts, len(dev)), random_state=options.trl.seed)


def _groups(options: GRPOOptions) -> int:
    """Groups of a step; fewer prompts than this make no step."""
    return options.trl.rows_of_a_step // options.trl.num_generations


def _choose_prompts(prompts: pd.DataFrame, profile: pd.DataFrame, options: GRPOOptions) -> pd.DataFrame:
    """The prompts of the curriculum; all where it is off or leaves too few for a step."""
    from sqlreason.students.training import forecast

    if options.curriculum == "off":
        return prompts
    chosen = forecast.choose_prompts(prompts, forecast.pass_rates(profile, options.trl.temperature), options.curriculum)
    if len(chosen) < _groups(options):
        logger.warning(
            "grpo: only %d of %d profiled prompts are sometimes right; training on all", len(chosen), len(prompts)
        )
        return prompts
    logger.info("grpo: curriculum of %d prompts that are sometimes right (%s)", len(chosen), options.curriculum)
    return chosen
