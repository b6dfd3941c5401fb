"""The model card: what the model is, how it was made, what it scores, how certain that is, and what binds its user."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sqlreason.exports import cards

#: Stages of the bill that are no part of the SFT student.
BEHIND_SFT = ("initial_adapter", "forecast", "grpo")


def render_card(
    name: str,
    facts: Mapping[str, Any],
    metrics: pd.DataFrame | None,
    ledger: pd.DataFrame | None,
    duties: Sequence[str],
    system: str,
) -> str:
    """Return README.md of an exported model.

    Args:
        name: Of the model.
        facts: base, origin (what the base lost before, or None), teacher, traces (int), prompt (fingerprint), demo
            (bool), adapter (grpo or sft), stage (sft, grpo or distillation), after_sft (bool).
        metrics: `evaluation_metrics`; None where there was no evaluation.
        ledger: `costs`; likewise.
        duties: Of `licences.obligations`.
        system: System message that it was trained with.
    """
    adapter = facts["adapter"]
    tags = ["text-to-sql", adapter, "lora"]
    head = {"base_model": facts["base"].partition("@")[0], "tags": tags, "language": ["en"]}
    if adapter == "sft":  # what came behind it is no part of this model
        metrics = None if metrics is None else metrics[metrics["student"] != "GRPO"]
        ledger = None if ledger is None else ledger[~ledger["stage"].isin(BEHIND_SFT)]
    return cards.render(
        "model_card.md.j2",
        head=head,
        name=name,
        facts=facts,
        metrics=None if metrics is None else metrics.to_dict("records"),
        usd=None if ledger is None else ledger["cost"].sum(),
        hours=None if ledger is None else ledger["seconds"].sum() / 3600,
        duties=duties,
        system=system,
    )
