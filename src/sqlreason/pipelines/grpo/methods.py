"""How rewards improve the student after its start: GRPO, in phases with a curriculum each, or rejection sampling."""

import dataclasses
import logging
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import pandas as pd

from sqlreason.data import splits
from sqlreason.options.grpo_options import GRPOOptions
from sqlreason.options.sft_options import StudentOptions
from sqlreason.options.trl_options import SFTArguments
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
    """Train by GRPO; before each phase but the first the curriculum is chosen anew, by what the student can do then."""
    trained, dev = split_dev(prompts, options)
    adapter, done, phases, seed = start, 0, [], options.trl.seed
    for number, steps in enumerate(_steps(options)):
        trl = options.trl.model_copy(update={"max_steps": steps, "seed": seed + number})
        phase = options.model_copy(update={"trl": trl})
        if number:
            profile = sample_profile(base_model, adapter, trained, student, phase, [phase.trl.temperature])
        chosen = _choose_prompts(trained, profile, phase)
        adapter, history, rollouts = train_phase(base_model, adapter, chosen, dev, checkpoints, student, phase)
        adapter = _counted_on(adapter, done)
        phases.append([table.assign(step=table["step"] + done) for table in (history, rollouts)])
        done += int(history["step"].iloc[-1])
    histories, every_rollout = (pd.concat(tables, ignore_index=True) for tables in zip(*phases, strict=True))
    return adapter, histories, every_rollout


def _steps(options: GRPOOptions) -> list[int | None]:
    """The steps of each phase, as even as can be; None where the length is given in epochs, of one phase then."""
    if options.trl.max_steps is None:
        return [None]
    ends = [options.trl.max_steps * phase // options.phases for phase in range(options.phases + 1)]
    return [end - begin for begin, end in pairwise(ends)]


def train_phase(
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


def _counted_on(adapter: Adapter, done: int) -> Adapter:
    """The adapter of a phase with its steps counted from the first phase on."""
    counted = {name: adapter.facts[name] + done for name in ("steps", "best_step")}
    return dataclasses.replace(adapter, facts={**adapter.facts, **counted}) if done else adapter


def train_rft(
    base_model: Checkpoint,
    start: Adapter,
    prompts: pd.DataFrame,
    profile: pd.DataFrame,
    checkpoints: Path,
    student: StudentOptions,
    options: GRPOOptions,
) -> Improved:
    """Learn from the right rollouts of the profile; one row a step, with the profile's mean reward."""
    from sqlreason.students.training import rft

    schedule = {name: value for name, value in options.trl.arguments.items() if name in SFTArguments.model_fields}
    adapter, history = rft.train_rft(
        base_model,
        start,
        prompts,
        profile,
        workdir=checkpoints / "rft",
        **student.training,
        trl=schedule,
    )
    return adapter, history.assign(stage="rft", reward=profile["reward"].mean(), kl=0.0), profile.assign(step=0)


METHODS: dict[str, Callable[..., Improved]] = {"grpo": train_grpo, "rft": train_rft}
"""By `grpo.method`: those that learn from rewards; distillation, which learns from a teacher, is `on_policy.py`."""


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
