"""Texts of a large database that a question speaks of, looked up column by column where the database is.

The context of a database shows few rows of a table (`file_contexts`), and the name somebody asks for is seldom among
them. Each column of texts is read once, for as long as one is willing to wait.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sqlreason.sql.database_files import engine_of
from sqlreason.sql.parsing.schema import Schema, Table
from sqlreason.sql.parsing.tables import Column, Value, identifier, literal
from sqlreason.sql.verifier import Verifier

logger = logging.getLogger(__name__)

#: Texts of a column that are taken, the longest.
_MOST = 20


@dataclass(frozen=True)
class StoredText:
    """A text and the column that holds it."""

    table: str
    column: str
    text: str


def texts_of_question(
    verifier: Verifier, database: str, schema: Schema, question: str, seconds: float
) -> list[StoredText]:
    """Return the texts of a database that a question holds, whatever their letter case.

    Letters beyond ASCII are found as they are written: SQLite's lower() knows no others, nor PostgreSQL's in locale C.

    Args:
        verifier: In whose worker the database is read; its limits are those of a column.
        database: Its URL.
        schema: Its tables.
        question: In plain language.
        seconds: After which no further column is read.
    """
    began, engine = time.monotonic(), engine_of(database)
    found = []
    for table, column in _columns_of_texts(schema):
        if time.monotonic() - began > seconds:
            logger.warning("values were looked for in %.0f s, up to %s.%s; further ones not", seconds, table, column)
            break
        result = verifier.run(database, _query(engine, table, column, question), engine)
        if result.status != "ok":
            logger.warning("values of %s.%s could not be looked for: %s", table, column, result.reason)
        found += [StoredText(table, column, text) for (text,) in result.rows if isinstance(text, str)]
    return found


def with_texts(schema: Schema, texts: Iterable[StoredText]) -> Schema:
    """Return a schema among whose rows these texts stand: for who looks for values, not to be shown."""
    found = list(texts)

    def filled(table: Table) -> Table:
        return replace(table, rows=(*table.rows, *(_row(table, one) for one in found if one.table == table.name)))

    return replace(schema, tables=tuple(map(filled, schema.tables))) if found else schema


def _row(table: Table, found: StoredText) -> tuple[Value, ...]:
    return tuple(found.text if column.name == found.column else None for column in table.columns)


def _columns_of_texts(schema: Schema) -> Iterator[tuple[str, str]]:
    for table in schema.tables:
        yield from ((table.name, column.name) for column in table.columns if _holds_texts(column))


def _holds_texts(column: Column) -> bool:
    return column.computed is None and (not column.type or column.holds_texts)


def _query(engine: str, table: str, column: str, question: str) -> str:
    text = f"CAST({identifier(column)} AS TEXT)"
    find = "instr" if engine == "sqlite" else "strpos"
    held = f"{find}({literal(question.lower())}, lower({text})) > 0 OR {find}({literal(question)}, {text}) > 0"
    fits = f"length({text}) BETWEEN 2 AND {len(question)}"
    found = f"SELECT DISTINCT {text} AS held FROM {identifier(table)} WHERE {fits} AND ({held})"
    return f"SELECT held FROM ({found}) AS texts ORDER BY length(held) DESC LIMIT {_MOST}"
