"""Whether training, evaluation and a benchmark share anything that they must not share."""

import logging
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import pandas as pd

from sqlreason.data import splits
from sqlreason.data.duplicates import Index
from sqlreason.data.tables import TABLES
from sqlreason.text.cells import line

logger = logging.getLogger(__name__)

#: Jaccard index of word triples from which on questions are near-duplicates, where the options name none.
SIMILAR = 0.8


def find_shared(parts: Mapping[str, pd.DataFrame], threshold: float | None) -> pd.DataFrame:
    """Return what each pair of parts has in common, one row a pair.

    Args:
        parts: Name -> questions with columns `sql_prompt`, `gold_sql` and `schema` (its fingerprint); those of the
            training are `sft` and `grpo`, the others `evaluation` and `benchmark`.
        threshold: Jaccard index for near-duplicates; `SIMILAR` for None.

    Returns:
        Table `leakage_audit`.
    """
    rows = [_shared(*pair, parts, threshold or SIMILAR) for pair in combinations(parts, 2)]
    table = pd.DataFrame(rows, columns=list(TABLES["leakage_audit"].columns))
    training = table[table["left"].isin(["sft", "grpo"]) & table["right"].isin(["evaluation", "benchmark"])]
    schemas, repeated, near = (
        int(training[column].sum()) for column in ("schemas", "same_questions", "near_duplicates")
    )
    logger.log(
        logging.WARNING if repeated else logging.INFO,
        "leakage from training: %d shared schemas, %d questions word for word, %d near-duplicates%s",
        *(schemas, repeated, near),
        " (leakage_audit has examples): accuracy on them tells nothing about new questions" if repeated else "",
    )
    return table


def _shared(left: str, right: str, parts: Mapping[str, pd.DataFrame], threshold: float) -> dict[str, Any]:
    first, second = parts[left], parts[right]
    index = Index(threshold)
    texts, others = (frame["sql_prompt"].fillna("").tolist() for frame in (first, second))
    for place, text in enumerate(texts):
        index.add(place, text, "")
    found = [(text, known) for text in others if (known := index.find(text)) is not None]
    same = set(map(_plain, texts)) & set(map(_plain, others)) - {""}
    golds = set(map(_plain, first["gold_sql"].fillna(""))) - {""}
    return {
        "left": left,
        "right": right,
        "left_questions": len(first),
        "right_questions": len(second),
        "schemas": splits.overlap(first["schema"], second["schema"]),
        "same_questions": sum(_plain(text) in same for text in others),
        "near_duplicates": len(found),
        "same_queries": sum(_plain(text) in golds for text in second["gold_sql"].fillna("")),
        "example": line(f"{texts[found[0][1]]} | {found[0][0]}") if found else "",
    }


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
