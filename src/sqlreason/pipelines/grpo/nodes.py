"""Nodes of GRPO: improve the SFT student on execution rewards, and draw how the rewards went."""

from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from sqlreason import figures
from sqlreason.options import GRPOOptions, StudentOptions
from sqlreason.reasoning.prompts import Prompt
from sqlreason.rewards import REWARDS
from sqlreason.students.adapter import Adapter
from sqlreason.students.checkpoint import Checkpoint


def train_student(
    base_model: Checkpoint,
    sft_adapter: Adapter,
    prompts: pd.DataFrame,
    student_prompt: dict[str, Any],
    student: StudentOptions,
    options: GRPOOptions,
) -> tuple[Adapter, pd.DataFrame, pd.DataFrame]:
    """Return the SFT adapter trained further by GRPO, its history and its rollouts.

    Args:
        base_model: The student before training.
        sft_adapter: The adapter to go on from; the reference of the KL where `beta` > 0.
        prompts: Table `grpo_prompts`.
        student_prompt: The catalog's prompt text; the adapter must have been trained with the same.
        student: Backend, quantisation, precision, where checkpoints lie.
        options: Rewards, group size, loss, optimiser, length of training.

    Returns:
        The adapter and tables `grpo_history` and `grpo_rollouts`.

    Raises:
        ValueError: If the adapter belongs to another base model or prompt.
    """
    from sqlreason.students import grpo

    fingerprint = Prompt.from_mapping(student_prompt).fingerprint
    sft_adapter.require(base_model.identity, fingerprint)
    return grpo.train_grpo(
        base_model,
        sft_adapter,
        prompts,
        rewards=[REWARDS[name]() for name in options.rewards],
        weights=list(options.rewards.values()),
        workdir=Path(student.checkpoints) / "grpo",
        **student.model_dump(exclude={"checkpoints"}),
        **options.model_dump(exclude={"rewards"}),
    )


def plot_rewards(history: pd.DataFrame) -> go.Figure:
    """Return reward, its components and the KL over steps."""
    return figures.grpo_rewards(history)
