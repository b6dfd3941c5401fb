"""Rejection-sampling fine-tuning: the student learns from those of its own rollouts that are right.

Yuan et al. 2023 (arXiv:2308.01825). At the price of GRPO's rollouts it trains with SFT's loss; duplicates of a prompt
count once, and no prompt gives more than a few examples, so that easy ones do not crowd out the rest.
"""

from typing import Any

import pandas as pd

from sqlreason.errors import BadInput
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.training.sft import train_sft

PER_PROMPT = 4
"""Distinct right completions of a prompt that are used at most."""


def choose_examples(prompts: pd.DataFrame, rollouts: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return rows of id, prompt and completion for SFT.

    Args:
        prompts: Columns id and prompt.
        rollouts: Table `grpo_profile`.
        seed: Of the order.

    Raises:
        ValueError: If no rollout is right.
    """
    right = rollouts[rollouts["right"]].drop_duplicates(["id", "completion"])
    kept = right.groupby("id", sort=False).head(PER_PROMPT)
    examples = prompts[["id", "prompt"]].merge(kept[["id", "completion"]], on="id")
    if examples.empty:
        raise BadInput(
            f"none of {len(rollouts)} rollouts is right, so there is nothing to learn from; raise "
            "grpo.forecast.prompts and grpo.forecast.samples, or give the student more SFT"
        )
    return examples.sample(frac=1.0, random_state=seed).reset_index(drop=True)


def train_rft(
    checkpoint: Checkpoint, adapter: Adapter, prompts: pd.DataFrame, rollouts: pd.DataFrame, **options: Any
) -> tuple[Adapter, pd.DataFrame]:
    """Train an adapter further on its own right rollouts.

    Args:
        checkpoint: The base model.
        adapter: Whose rollouts they are, and with which the training goes on.
        prompts: Columns id and prompt.
        rollouts: Table `grpo_profile`.
        options: Of `sft.train_sft`.

    Returns:
        The adapter and the history of SFT.
    """
    examples = choose_examples(prompts, rollouts, options.get("seed", 0))
    return train_sft(checkpoint, examples, fingerprint=adapter.fingerprint, start=adapter, **options)
