"""Rows of a large database that a question speaks of: its texts, looked up column by column where the database is.

The context of a database shows few rows of a table (`file_contexts`), and the name somebody asks for is seldom among
them. Each column of texts is read once, for as long as one is willing to wait.
"""

import logging
import time
from collections.abc import Iterator

from sqlreason.sql.database_files import engine_of
from sqlreason.sql.parsing.schema import Schema
from sqlreason.sql.parsing.tables import Column, identifier, literal
from sqlreason.sql.verifier import Verifier

logger = logging.getLogger(__name__)

#: Texts of a column that are taken, the longest.
_MOST = 20
_TEXTS = ("CHAR", "TEXT", "CLOB", "STRING", "ENUM")
_FIND = {"sqlite": "instr", "duckdb": "strpos", "postgres": "strpos"}


def rows_of_question(verifier: Verifier, database: str, schema: Schema, question: str, seconds: float) -> str:
    """Return INSERT statements of rows with one text each, of those that a question holds, whatever their letter case.

    Args:
        verifier: In whose worker the database is read; its limits are those of a column.
        database: Its URL.
        schema: Its tables.
        question: In plain language.
        seconds: After which no further column is read.
    """
    began, engine = time.monotonic(), engine_of(database)
    statements = []
    for table in schema.tables:
        columns = [column for column in table.columns if _holds_texts(column)]
        if time.monotonic() - began > seconds:
            logger.warning("values were looked for in %.0f s, up to table %s; further ones not", seconds, table.name)
            break
        queries = [_query(engine, table.name, column.name, question) for column in columns]
        (results,) = verifier.run_batch([(database, queries, engine)]) if queries else [[]]
        for column, result in zip(columns, results, strict=True):
            statements += _inserts(table.name, column.name, (row[0] for row in result.rows))
    return "\n".join(statements)


def _holds_texts(column: Column) -> bool:
    return column.computed is None and (not column.type or any(word in column.type.upper() for word in _TEXTS))


def _query(engine: str, table: str, column: str, question: str) -> str:
    text = f"CAST({identifier(column)} AS TEXT)"
    held = f"{_FIND[engine]}({literal(question.lower())}, lower({text})) > 0"
    fits = f"length({text}) BETWEEN 2 AND {len(question)}"
    found = f"SELECT DISTINCT {text} AS held FROM {identifier(table)} WHERE {fits} AND {held}"
    return f"SELECT held FROM ({found}) AS texts ORDER BY length(held) DESC LIMIT {_MOST}"


def _inserts(table: str, column: str, texts: Iterator[object]) -> list[str]:
    into = f"INSERT INTO {identifier(table)} ({identifier(column)})"
    return [f"{into} VALUES ({literal(text)});" for text in texts if isinstance(text, str)]
