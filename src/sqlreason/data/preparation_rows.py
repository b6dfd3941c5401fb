"""What preparing a question takes from a row of a table of questions; of no table in particular."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlreason.sql.database_files import is_database_url
from sqlreason.sql.databases.batch_preparation import Row
from sqlreason.text.cells import as_text


def preparation_rows(questions: Iterable[Mapping[str, Any]]) -> list[Row]:
    """Return what preparing each question needs.

    Args:
        questions: Rows with id, sql_context, sql, and perhaps database, other_golds and dialect.
    """
    return [
        Row(
            question["id"],
            original_of(question),
            question["sql"],
            further_golds(question.get("other_golds")),
            as_text(question.get("dialect")),
        )
        for question in questions
    ]


def original_of(question: Mapping[str, Any]) -> str:
    """Return the database on which a question is judged: the one that it names, else its context."""
    return as_text(question.get("database")).strip() or as_script(question["sql_context"])


def as_script(context: Any) -> Any:
    """Return a context as a script, whatever it is.

    One that is itself the URL of a database is not followed: it comes with the data, and whoever wrote it may not
    choose among the files of this machine, nor the servers that it can reach.
    """
    return f"-- {context}" if isinstance(context, str) and is_database_url(context) else context


def further_golds(cell: Any) -> tuple[str, ...]:
    """Read further golds of a question from a list, or a text that is a JSON list or one query."""
    if isinstance(cell, str):
        try:
            cell = json.loads(cell) if cell.lstrip().startswith("[") else [cell]
        except ValueError:
            cell = [cell]
    if cell is None or (not isinstance(cell, Sequence) and not hasattr(cell, "tolist")):
        return ()
    return tuple(text for each in cell if (text := as_text(each)).strip())
