"""Questions that name their database instead of carrying it: what of it stands in their prompts, and where it lies.

A question's `database` is a SQLite or DuckDB file, by a path within the project or by a URL, or a PostgreSQL database,
by its URL. Its schema is read, with keys, comments and a few rows, into `sql_context` where that is empty; so
everything that reads a context reads it, and the privacy of rows is decided where it is for all questions
(`sample_rows`). Verdicts are made on the database itself.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from sqlreason.errors import BadInput
from sqlreason.sql.database_files import DatabaseError, database_url, dialect_of, engine_of
from sqlreason.sql.databases.file_contexts import UNSERVED_DATABASE, context_of, with_descriptions
from sqlreason.sql.verifier import Verifier
from sqlreason.text.cells import as_text
from sqlreason.text.counts import counted

logger = logging.getLogger(__name__)


def with_databases(questions: pd.DataFrame, folder: Path | None = None) -> pd.DataFrame:
    """Return the questions with absolute URLs as `database`, contexts read from them, `dialect` and `database_fault`.

    A database has one dialect: where it can be read, that is the question's, whatever the column said.

    Args:
        questions: With the column `database`, perhaps with `column_descriptions`.
        folder: Where relative paths begin; None is the working folder.
    """
    given = questions.get("sql_context", pd.Series("", index=questions.index, dtype=object))
    descriptions = questions.get("column_descriptions", pd.Series("", index=questions.index, dtype=object))
    said = questions.get("dialect", pd.Series("", index=questions.index, dtype=object))
    rows = []
    with Verifier() as verifier:
        known: dict[tuple[str, str], tuple[str, str, str]] = {}
        asked = zip(questions["database"], descriptions, given, said, strict=True)
        for database, described, context, dialect in asked:
            key = as_text(database).strip(), _as_json(described)
            if key not in known:
                known[key] = _read(verifier, *key, folder or Path.cwd())
            url, read, fault = known[key]
            own = dialect_of(url) if url and not fault else as_text(dialect)
            rows.append((url, as_text(context) or read, own, fault))
    columns = ["database", "sql_context", "dialect", "database_fault"]
    found = pd.DataFrame(rows, columns=columns, index=questions.index, dtype=str)
    for fault in found.loc[found["database_fault"] != "", "database_fault"].unique():
        logger.warning(
            "%s cannot be used: %s", counted(int((found["database_fault"] == fault).sum()), "question"), fault
        )
    return questions.assign(**{column: found[column].astype(object) for column in found.columns})


def _read(verifier: Verifier, database: str, descriptions: str, folder: Path) -> tuple[str, str, str]:
    """The URL of a database, what of it is shown, and why it cannot be read."""
    if not database:
        return "", "", ""
    url = database
    try:
        url = database_url(database, folder)
        if engine_of(url) == "postgres" and not verifier.server:
            return url, "", UNSERVED_DATABASE
        return url, with_descriptions(context_of(verifier, url).shown, described_columns(descriptions)), ""
    except DatabaseError as error:
        return url, "", str(error)
    except BadInput as error:
        return url, "", f"column_descriptions: {error}"


def _as_json(cell: object) -> str:
    """A cell of descriptions as text: JSON already, or an object of a file of JSON lines."""
    return json.dumps(cell) if isinstance(cell, Mapping) else as_text(cell)


def described_columns(text: str) -> dict[tuple[str, str], str]:
    """Read what columns mean: a JSON object from tables to objects from columns to texts.

    Raises:
        BadInput: It is none.
    """
    if not text.strip():
        return {}
    try:
        tables = json.loads(text)
        return {
            (table, column): " ".join(meaning.split())
            for table, columns in tables.items()
            for column, meaning in columns.items()
            if meaning
        }
    except (ValueError, AttributeError, RecursionError) as error:
        given = f"{text[:60]!r} cannot be read ({error})"
        raise BadInput(f'{given}; give JSON such as {{"users": {{"dob": "date of birth"}}}}') from None
