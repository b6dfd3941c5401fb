"""The node that makes a dataset of the kept traces; the catalog entry writes it, and pushes it where it says so."""

import json
import logging

import pandas as pd

from sqlreason.data.tables import records
from sqlreason.exports import dataset_card
from sqlreason.options.export_options import PublicationOptions
from sqlreason.teachers.teacher import Teacher

logger = logging.getLogger(__name__)


def publish_traces(
    filtered_traces: pd.DataFrame,
    trace_outcomes: pd.DataFrame,
    cot_completions: pd.DataFrame,
    teacher: Teacher,
    options: PublicationOptions,
) -> dataset_card.Publication:
    """Return the kept traces as conversations, with a dataset card.

    Args:
        filtered_traces: Table `filtered_traces`.
        trace_outcomes: Table `trace_outcomes`.
        cot_completions: Table `cot_completions`.
        teacher: Who answered.
        options: Name, licence, source.
    """
    rows = [
        {
            "id": row["id"],
            "messages": [*json.loads(row["prompt"]), {"role": "assistant", "content": row["completion"]}],
            **{name: row[name] for name in ("mode", "agrees", "agreement", "plan_consistency", "sql_complexity")},
        }
        for row in records(filtered_traces)
    ]
    card = dataset_card.dataset_card(
        filtered_traces,
        trace_outcomes,
        teacher=teacher.name,
        usd=float(cot_completions["usd"].sum()),
        tokens=int(cot_completions["completion_tokens"].sum()),
        **options.model_dump(),
    )
    logger.info("%d traces to publish as %s", len(rows), options.title)
    return dataset_card.Publication(rows, card)
