"""SQLite and PostgreSQL seen through SQLAlchemy: read-only engines, and their tables as a `Schema`."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa

from sqlreason.sql.schema import Column, ForeignKey, Schema, Table
from sqlreason.synthesis.sources.values import plain

_WAL = 2  # the read version in bytes 18 and 19 of an SQLite file in WAL mode (sqlite.org/fileformat2, section 1.3.3)


def sqlite_engine(path: Path, timeout_seconds: float) -> sa.Engine:
    """Return an engine whose one connection cannot write the file and gives a statement so many seconds."""
    deadline = [0.0]

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(_read_only_uri(path), uri=True, timeout=timeout_seconds)
        connection.set_progress_handler(lambda: time.monotonic() > deadline[0], 10_000)
        return connection

    engine = sa.create_engine("sqlite://", creator=connect, poolclass=sa.StaticPool)
    sa.event.listen(
        engine, "before_cursor_execute", lambda *_: deadline.__setitem__(0, time.monotonic() + timeout_seconds)
    )
    return engine


def _read_only_uri(path: Path) -> str:
    """Return the URI that leaves file and folder alone.

    A reader of a database in WAL mode makes files beside it, unless it is told that nobody writes; nobody does where
    the log is missing or empty.
    """
    with path.open("rb") as file:
        header = file.read(20)
    log = path.with_name(path.name + "-wal")
    quiet = header[18:20] == bytes([_WAL, _WAL]) and not (log.exists() and log.stat().st_size)
    return f"file:{quote(str(path.resolve()))}?mode=ro{'&immutable=1' if quiet else ''}"


def postgres_engine(database: str, timeout_seconds: float) -> sa.Engine:
    """Return an engine whose transactions are read-only and whose statements and locks have a time limit."""
    milliseconds = int(timeout_seconds * 1000)
    settings = {
        "default_transaction_read_only": "on",
        "statement_timeout": milliseconds,
        "lock_timeout": milliseconds,
        "idle_in_transaction_session_timeout": 0,
    }
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    return sa.create_engine(
        sa.make_url(database).set(drivername="postgresql+psycopg"),
        connect_args={"options": options, "connect_timeout": max(2, int(timeout_seconds))},
        execution_options={"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
    )


class SqlReader:
    """Reads a database through one SQLAlchemy connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def schema(self) -> Schema:
        """Return the tables of the default schema; without any, the names of its views."""
        inspector = sa.inspect(self._connection)
        tables = tuple(self._table(inspector, name) for name in inspector.get_table_names())
        return Schema(tables, () if tables else tuple(inspector.get_view_names()))

    def _table(self, inspector: sa.Inspector, name: str) -> Table:
        keys = inspector.get_foreign_keys(name)
        try:
            comment = inspector.get_table_comment(name)["text"]
        except NotImplementedError:  # SQLite has no comments
            comment = None
        return Table(
            name,
            tuple(self._column(column) for column in inspector.get_columns(name)),
            tuple(inspector.get_pk_constraint(name)["constrained_columns"]),
            tuple(_foreign_key(key) for key in keys),
            unique=tuple(tuple(found["column_names"]) for found in inspector.get_unique_constraints(name)),
            comment=comment,
        )

    def _column(self, column: Mapping[str, Any]) -> Column:
        kind = column["type"]
        if isinstance(kind, sa.Enum) and kind.enums:
            text = f"ENUM({', '.join(repr(value) for value in kind.enums)})"
        elif isinstance(kind, sa.types.NullType):
            text = ""
        else:
            text = kind.compile(self._connection.dialect)
        return Column(column["name"], text, bool(column["nullable"]), column.get("comment"))

    def rows(self, table: str, columns: Sequence[str], limit: int) -> list[tuple[Any, ...]]:
        """Return at most `limit` rows."""
        return self._ask(_select(table, columns).limit(limit))

    def rows_by(self, table: str, columns: Sequence[str], key: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return the rows whose `key` is one of the values."""
        return self._ask(_select(table, columns).where(_name(key).in_(list(values))))

    def _ask(self, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
        return [tuple(map(plain, row)) for row in self._connection.execute(query)]


def _foreign_key(key: Mapping[str, Any]) -> ForeignKey:
    return ForeignKey(tuple(key["constrained_columns"]), key["referred_table"], tuple(key["referred_columns"]))


def _name(name: str) -> sa.ColumnClause[Any]:
    return sa.column(sa.quoted_name(name, quote=True))


def _select(table: str, columns: Sequence[str]) -> sa.Select[Any]:
    return sa.select(*map(_name, columns)).select_from(sa.table(sa.quoted_name(table, quote=True)))


def with_comments(
    schema: Schema, tables: Mapping[str, str], columns: Mapping[tuple[str, str], str]
) -> Schema:
    """Return the schema with comments on tables, by name, and on columns, by table and name."""
    return replace(
        schema,
        tables=tuple(
            replace(
                table,
                comment=tables.get(table.name),
                columns=tuple(replace(c, comment=columns.get((table.name, c.name), c.comment)) for c in table.columns),
            )
            for table in schema.tables
        ),
    )
