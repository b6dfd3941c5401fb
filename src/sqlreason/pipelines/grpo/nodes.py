"""Nodes of GRPO: try the rewards, improve the SFT student on them, and draw how they went."""

import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from sqlreason import figures
from sqlreason.options import GRPOOptions, StudentOptions
from sqlreason.reasoning.prompts import Prompt
from sqlreason.rewards import certification, make_rewards
from sqlreason.students.adapter import Adapter
from sqlreason.students.checkpoint import Checkpoint
from sqlreason.tables import records

logger = logging.getLogger(__name__)


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


def train_student(
    base_model: Checkpoint,
    sft_adapter: Adapter,
    prompts: pd.DataFrame,
    certificate: pd.DataFrame,
    student_prompt: dict[str, Any],
    student: StudentOptions,
    options: GRPOOptions,
) -> tuple[Adapter, pd.DataFrame, pd.DataFrame]:
    """Return the SFT adapter trained further by GRPO, its history and its rollouts.

    Args:
        base_model: The student before training.
        sft_adapter: The adapter to go on from; the reference of the KL where `beta` > 0.
        prompts: Table `grpo_prompts`.
        certificate: Table `certification` of the rewards.
        student_prompt: The catalog's prompt text; the adapter must have been trained with the same.
        student: Backend, quantisation, precision, where checkpoints lie.
        options: Rewards, group size, loss, optimiser, length of training.

    Returns:
        The adapter and tables `grpo_history` and `grpo_rollouts`.

    Raises:
        ValueError: If the adapter belongs to another base model or prompt.
        CertificationError: If the rewards can be gamed and `certification.on_failure` is "stop".
    """
    from sqlreason.students import grpo

    _check_certificate(certificate, options)
    fingerprint = Prompt.from_mapping(student_prompt).fingerprint
    sft_adapter.require(base_model.identity, fingerprint)
    return grpo.train_grpo(
        base_model,
        sft_adapter,
        prompts,
        rewards=make_rewards(list(options.rewards), options.max_completion_tokens),
        weights=list(options.rewards.values()),
        workdir=Path(student.checkpoints) / "grpo",
        **student.model_dump(exclude={"checkpoints"}),
        **options.model_dump(exclude={"rewards", "certification"}),
    )


def plot_rewards(history: pd.DataFrame) -> go.Figure:
    """Return reward, its components and the KL over steps."""
    return figures.grpo_rewards(history)
