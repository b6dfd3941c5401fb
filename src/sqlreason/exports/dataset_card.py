"""A set of traces for others: the rows, and the card that says what they are, what they cost and what they oblige to.

The obligations are reminders with their source, not legal advice; the licence of the whole is for the user to choose.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import yaml

from sqlreason.text.cells import cell, line

# What providers ask of those who train on a model's answers, by a word in the model's name.
OBLIGATIONS = {
    "llama": (
        "Llama Community License, section 1.b: a model trained on these answers carries 'Llama' at the beginning of "
        "its name, 'Built with Llama' is displayed, and the Acceptable Use Policy applies."
    ),
    "gpt": "OpenAI's terms of use forbid to use the answers to develop models that compete with OpenAI.",
    "claude": "Anthropic's commercial terms forbid to use the answers to train competing models without approval.",
    "gemini": "Google's Gemini API terms forbid to use the answers to develop models that compete with the service.",
    "deepseek": "DeepSeek's models are under the MIT licence, which allows distillation.",
    "qwen": "Qwen's models are mostly under Apache-2.0; look at the licence of the size that answered.",
    "mistral": "Mistral's terms and licences differ from model to model; look at that of the one that answered.",
    "scripted": "None: the traces were written by rule from the gold queries, not by a language model.",
}


UNKNOWN = "Unknown for this teacher: read its licence and its provider's terms before you publish."


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
    ordered = lost.sort_values("n", ascending=False)
    table = "\n".join(f"| {cell(row.stage)} | {cell(row.reason)} | {row.n:,} |" for row in ordered.itertuples())
    hinted, wrong = int((kept["mode"] == "hinted").sum()), int((~kept["agrees"].astype(bool)).sum())
    return f"""---
{yaml.safe_dump(head, sort_keys=False, allow_unicode=True).strip()}
---

# {line(title)}

{len(kept):,} reasoning traces in the form `<think>…</think><sql>…</sql>`, one conversation a row (`messages`). Each
query was executed beside the gold query on perturbed copies of its database.

- **Teacher**: {line(teacher)}. {hinted:,} traces were written with the gold query shown (`mode` is `hinted`).
- **Wrong on purpose**: {wrong:,} traces whose query does not answer like the gold (`agrees` is false).
- **Questions**: {line(source)}
- **Yield**: {len(kept):,} of {len(outcomes):,} questions ({len(kept) / max(len(outcomes), 1):.1%}).
- **Cost**: {usd:,.2f} US dollars for {tokens:,} written tokens, {usd / max(len(kept), 1):.4f} per trace kept.

## What it obliges to

{_obligations(teacher)}

## What fell out

| stage | reason | questions |
| --- | --- | --- |
{table}

Made with sqlreason.
"""


def _obligations(teacher: str) -> str:
    found = [text for word, text in OBLIGATIONS.items() if word in teacher.lower()]
    return found[0] if found else UNKNOWN


def _size(rows: int) -> str:
    """The hub's name for a number of rows."""
    bounds = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
    return next((name for bound, name in bounds if rows < bound), "n>1M")
