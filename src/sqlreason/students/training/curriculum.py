"""Which prompts GRPO learns from: those that are sometimes right, where a curriculum is asked for."""

import logging

import pandas as pd

from sqlreason.students.training import forecast

logger = logging.getLogger(__name__)


def choose_curriculum(
    prompts: pd.DataFrame, profile: pd.DataFrame, curriculum: str, temperature: float, fewest: int
) -> pd.DataFrame:
    """Return the prompts of a curriculum; all where it is off or leaves too few for a step.

    Args:
        prompts: Table `grpo_prompts`.
        profile: Table `grpo_profile`: rollouts of the student before GRPO.
        curriculum: `off`, or how `forecast.choose_prompts` chooses.
        temperature: At which the training samples.
        fewest: Groups of a step.
    """
    if curriculum == "off":
        return prompts
    rates = forecast.pass_rates(profile, temperature)
    chosen = forecast.choose_prompts(prompts, rates, curriculum)
    if len(chosen) < fewest:
        logger.warning(
            "grpo: only %d of %d profiled prompts are sometimes right; training on all", len(chosen), len(rates)
        )
        return prompts
    logger.info("grpo: curriculum of %d prompts that are sometimes right (%s)", len(chosen), curriculum)
    return chosen
