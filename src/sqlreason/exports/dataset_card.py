"""A set of traces for others: the rows, and the card that says what they are, what they cost and what they oblige to.

The obligations are reminders with their source, not legal advice; the licence of the whole is for the user to choose.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from sqlreason.exports import cards, licences


@dataclass(frozen=True)
class Publication:
    """A dataset to publish.

    Attributes:
        rows: One conversation a row, with what is known about it.
        card: The dataset card, Markdown with a YAML head.
    """

    rows: Sequence[Mapping[str, Any]]
    card: str


def dataset_card(
    kept: pd.DataFrame,
    outcomes: pd.DataFrame,
    *,
    title: str,
    license: str,
    source: str,
    teacher: str,
    usd: float,
    tokens: int,
) -> str:
    """Return the dataset card.

    Args:
        kept: Table `filtered_traces`.
        outcomes: Table `trace_outcomes`.
        title: Name of the dataset.
        license: Identifier of its licence as the hub knows it.
        source: Where the questions come from, with their licence.
        teacher: Name of the model that answered.
        usd: What the answers cost, US dollars.
        tokens: That were written for them.
    """
    head = {
        "license": license,
        "language": ["en"],
        "task_categories": ["text-generation"],
        "tags": ["text-to-sql", "reasoning", "distillation", "synthetic"],
        "pretty_name": title,
        "size_categories": [_size(len(kept))],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "data/train.parquet"}]}],
    }
    lost = outcomes[outcomes["outcome"] != "kept"].groupby(["stage", "reason"]).size().reset_index(name="n")
    return cards.render(
        "dataset_card.md.j2",
        head=head,
        title=title,
        kept=len(kept),
        asked=len(outcomes),
        hinted=int((kept["mode"] == "hinted").sum()),
        wrong=int((~kept["agrees"].astype(bool)).sum()),
        teacher=teacher,
        source=source,
        usd=usd,
        tokens=tokens,
        duty=licences.duty_of_data(teacher),
        lost=lost.sort_values("n", ascending=False).to_dict("records"),
    )


def _size(rows: int) -> str:
    """The hub's name for a number of rows."""
    bounds = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
    return next((name for bound, name in bounds if rows < bound), "n>1M")
