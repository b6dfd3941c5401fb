"""The model card: what the model is, how it was made, what it scores, how certain that is, and what binds its user."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sqlreason.exports import cards


def render_card(
    name: str,
    facts: Mapping[str, Any],
    metrics: pd.DataFrame,
    ledger: pd.DataFrame,
    duties: Sequence[str],
    system: str,
) -> str:
    """Return README.md of an exported model.

    Args:
        name: Of the model.
        facts: base, teacher, traces (int), prompt (fingerprint), demo (bool).
        metrics: `evaluation_metrics`.
        ledger: `costs`.
        duties: Of `licences.obligations`.
        system: System message that it was trained with.
    """
    head = {"base_model": facts["base"].partition("@")[0], "tags": ["text-to-sql", "grpo", "lora"], "language": ["en"]}
    return cards.render(
        "model_card.md.j2",
        head=head,
        name=name,
        facts=facts,
        metrics=metrics.to_dict("records"),
        usd=ledger["cost"].sum(),
        hours=ledger["seconds"].sum() / 3600,
        duties=duties,
        system=system,
    )
