"""Predictions in the formats that published scripts read: Spider's, BIRD's, and IBM's text2sql-eval-toolkit's."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlreason.benchmarks.prediction_files import BIRD_MARK

#: Strings and names in quotes stay; comments and what ends a line become a space.
_LINES = re.compile(r"""('(?:[^']|'')*'|"[^"]*"|`[^`]*`)|(?:\s|--[^\n]*|/\*.*?\*/)+""", re.S)


def spider_lines(queries: Sequence[str]) -> str:
    """Return `pred.txt`: a query a line, in the order of the questions; an empty line is no prediction."""
    return "".join(f"{one_line(sql)}\n" for sql in queries)


def bird_predictions(queries: Sequence[str], db_ids: Sequence[str]) -> dict[str, str]:
    """Return `predict_dev.json`: by the question's place, its query and its database."""
    pairs = zip(queries, db_ids, strict=True)
    return {str(place): f"{sql}{BIRD_MARK}{db_id}" for place, (sql, db_id) in enumerate(pairs)}


def ibm_records(questions: Sequence[Mapping[str, str]], runs: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Return the records of text2sql-eval-toolkit.

    Args:
        questions: Each with `id`, `question`, `gold_sql`, `db_id`, in their order.
        runs: By pipeline its query for each question.
    """
    return [
        {
            "id": question["id"],
            "question": question["question"],
            "sql": [question["gold_sql"]],
            "db_id": question["db_id"],
            "predictions": {name: {"predicted_sql": queries[place]} for name, queries in runs.items()},
        }
        for place, question in enumerate(questions)
    ]


def one_line(sql: str) -> str:
    """Return a query on one line, without comments."""
    kept = _LINES.sub(lambda found: found.group(1) or " ", sql)
    return " ".join(kept.splitlines()).strip()
