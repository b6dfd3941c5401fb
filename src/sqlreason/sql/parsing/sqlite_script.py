"""An SQLite database as a script, for a sandbox that is given text and no file."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator

from sqlreason.sql.parsing.scripts import SHADOWS
from sqlreason.sql.parsing.tables import Value, identifier, literal

logger = logging.getLogger(__name__)

_OBJECTS = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"


class Decoder:
    """Reads texts that SQLite holds; one that is no UTF-8 is read with replacements, and told of once.

    Args:
        name: Of the database, for the message.
    """

    def __init__(self, name: str) -> None:
        self._name, self._is_told = name, False

    def __call__(self, content: bytes) -> str:
        """Return the text."""
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError:
            if not self._is_told:
                self._is_told = True
                logger.warning("%s holds texts that are no UTF-8; what cannot be read is shown as \ufffd", self._name)
            return content.decode("utf-8", errors="replace")


def is_shadow(name: str, virtual: set[str]) -> bool:
    """Whether a table belongs to one of the virtual ones, by its name."""
    own, _, part = name.rpartition("_")
    return own in virtual and part in SHADOWS


def script_of(connection: sqlite3.Connection, name: str) -> str:
    """The database as CREATE and INSERT statements.

    Virtual tables and the tables behind them are left out: a sandbox has no modules. Columns that are computed are
    left to be computed.

    Args:
        connection: To the database; its texts may be broken.
        name: Of the database, for the message about that.
    """
    connection.text_factory = Decoder(name)
    objects = connection.execute(_OBJECTS).fetchall()
    virtual = {name for kind, name, sql in objects if kind == "table" and "VIRTUAL" in sql.upper().split()[:2]}
    left_out = virtual | {name for kind, name, _ in objects if kind == "table" and is_shadow(name, virtual)}
    tables = [(name, sql) for kind, name, sql in objects if kind == "table" and name not in left_out]
    statements = [f"{sql};" for _, sql in tables]
    for table, _ in tables:
        statements += _rows(connection, table)
    indices = dict(connection.execute("SELECT name, tbl_name FROM sqlite_master WHERE type <> 'table'").fetchall())
    statements += [f"{sql};" for kind, name, sql in objects if kind != "table" and indices[name] not in left_out]
    return "\n".join(statements)


def _rows(connection: sqlite3.Connection, table: str) -> Iterator[str]:
    columns = connection.execute(f"PRAGMA table_xinfo({identifier(table)})")
    given = [name for _, name, *_, hidden in columns if not hidden]
    names = ", ".join(map(identifier, given))
    for row in connection.execute(f"SELECT {names} FROM {identifier(table)}"):
        yield f"INSERT INTO {identifier(table)} ({names}) VALUES ({', '.join(map(cell, row))});"


def cell(value: Value) -> str:
    """A value as a literal; a text with NUL characters cannot be written as one."""
    if isinstance(value, str) and "\0" in value:
        return f"CAST(X'{value.encode().hex()}' AS TEXT)"
    return literal(value)
