"""The model card: what the model is, how it was made, what it scores, how certain that is, and what binds its user."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import yaml

from sqlreason.text.cells import cell, code_block, line


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
        facts: base, teacher, traces (int), prompt (fingerprint), demo (bool), adapter (grpo or sft).
        metrics: `evaluation_metrics`; None where there was no evaluation.
        ledger: `costs`; likewise.
        duties: Of `licences.obligations`.
        system: System message that it was trained with.
    """
    stages = {"sft": "", "grpo": ", then by GRPO on execution rewards"}
    tags = ["text-to-sql", facts["adapter"], "lora"]
    head = {"base_model": facts["base"].partition("@")[0], "tags": tags, "language": ["en"]}
    parts = [
        f"---\n{yaml.safe_dump(head, sort_keys=False)}---",
        f"# {line(name)}",
        f"Answers a question about a SQL schema with `<think>…</think><sql>…</sql>`. Base model {line(facts['base'])}; "
        f"taught by supervised fine-tuning on {facts['traces']:,} verified traces of {line(facts['teacher'])}"
        f"{stages[facts['adapter']]}, with sqlreason.",
        "## Results",
        *_results(metrics, facts["adapter"]),
        "## Cost",
        _costs(ledger, facts["adapter"]),
        "## Limits",
        *(f"- {limit}" for limit in _limits(bool(facts["demo"]))),
        "## Conditions",
        *(f"- {line(duty)}" for duty in duties),
        "## Prompt",
        f"System message (fingerprint of the prompt: `{facts['prompt']}`):\n\n{code_block(system)}",
    ]
    return "\n\n".join(parts) + "\n"


def _results(metrics: pd.DataFrame | None, adapter: str) -> list[str]:
    if metrics is None:
        return ["Not evaluated: how often it is right is not known (`kedro run --pipelines=evaluation` tells)."]
    lines = [
        "| student | n | answers in the format | execution accuracy (95 %) |",
        "| --- | --- | --- | --- |",
    ]
    shown = metrics if adapter == "grpo" else metrics[metrics["student"] != "GRPO"]
    for row in shown.to_dict("records"):
        span = f"{100 * row['accuracy_low']:.1f} … {100 * row['accuracy_high']:.1f}"
        shares = f"{100 * row['format_rate']:.1f} % | {100 * row['accuracy']:.1f} % ({span})"
        lines.append(f"| {cell(row['student'])} | {row['n']} | {shares} |")
    how = (
        "A query is right if its results equal the gold's on the original database and on perturbed ones. Intervals "
        "are of the questions' chance; the training was run once."
    )
    return ["\n".join(lines), how]


def _costs(ledger: pd.DataFrame | None, adapter: str) -> str:
    if ledger is None:
        return "Not added up: that is done with the evaluation."
    spent = ledger if adapter == "grpo" else ledger[ledger["stage"] != "grpo"]
    return f"{spent['cost'].sum():.2f} USD and {spent['seconds'].sum() / 3600:.2f} h in all stages."


def _limits(demo: bool) -> list[str]:
    known = [
        "It was evaluated on generated questions over small schemas; on real databases it may do much worse.",
        "Its SQL has to be run with read-only rights: nothing keeps it from writing other statements.",
    ]
    own = "It is the demo's tiny student, taught by a script: it shows that the chain works and is of no other use."
    return [own, *known] if demo else known
