"""Readers of a user's database: SQLite and PostgreSQL through SQLAlchemy, DuckDB, a file of DDL; none can write.

Each gives a schema and rows as plain values. Sessions are read-only by the engine's own means, not by good manners:
SQLite opens the file with mode=ro, DuckDB with READ_ONLY, PostgreSQL starts read-only transactions. (DuckDB is read
by its own client: duckdb-engine 0.17 cannot reflect a table of DuckDB 2.0.)
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from sqlreason.errors import BadInput
from sqlreason.sql.parsing.dumps import decoded
from sqlreason.sql.parsing.schema import Schema, SchemaError, Table, parse_schema
from sqlreason.synthesis.schema.sample_values import plain

logger = logging.getLogger(__name__)

Rows = list[tuple[Any, ...]]

ACCEPTED = "sqlite:///FILE, duckdb:///FILE, postgresql://USER@HOST/NAME or a file of CREATE TABLE statements (.sql)"


class SourceError(BadInput):
    """A database that cannot be used; the message says which, why, and what to do."""


class Reader(Protocol):
    """An open source."""

    def schema(self) -> Schema:
        """Return tables, keys and comments, without rows."""

    def rows(self, table: str, columns: Sequence[str], limit: int) -> Rows:
        """Return at most `limit` rows of a table, each value a plain one."""

    def rows_by(self, table: str, columns: Sequence[str], key: str, values: Sequence[Any]) -> Rows:
        """Return the rows whose `key` is one of the values."""


def dialect_of_place(database: str) -> str:
    """Return the engine whose SQL a database speaks: "duckdb", "postgres", and "sqlite" for all else."""
    return {"duckdb": "duckdb", "postgresql": "postgres"}.get(_kind_of(database), "sqlite")


def _kind_of(database: str) -> str:
    """Return what a place is: by its URL, "file" without one."""
    kind = database.partition("://")[0].partition("+")[0].lower() if "://" in database else "file"
    return {"postgres": "postgresql"}.get(kind, kind)


@contextmanager
def open_source(database: str, timeout_seconds: float) -> Iterator[Reader]:
    """Open a database for reading.

    Args:
        database: One of `ACCEPTED`.
        timeout_seconds: For connecting, for a lock and for each statement.

    Raises:
        SourceError: It cannot be opened, or fails while it is read.
    """
    kind = _kind_of(database)
    openers = {"sqlite": _open_sqlite, "duckdb": _open_duckdb, "postgresql": _open_postgres, "file": _open_file}
    opener = openers.get(kind)
    if opener is None:
        raise SourceError(f"synthesis.database is of the kind {kind!r}; accepted are {ACCEPTED}")
    with opener(database, timeout_seconds) as reader:
        yield reader


def _file_of(database: str) -> Path:
    """Return the file behind sqlite:/// or duckdb:///, or a bare path.

    Raises:
        SourceError: There is none.
    """
    path = Path(database.partition(":///")[2].partition("?")[0] if "://" in database else database)
    if not path.is_file():
        raise SourceError(f"there is no file {path} (synthesis.database={database}); accepted are {ACCEPTED}")
    return path


# ------------------------------------------------------------------------------------------------ a file of DDL
class _DdlReader:
    """Reads what a file's CREATE TABLE and INSERT statements say."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema

    def schema(self) -> Schema:
        return self._schema

    def rows(self, table: str, columns: Sequence[str], limit: int) -> Rows:
        found = self._schema.table(table)
        assert found is not None
        places = [[column.name for column in found.columns].index(name) for name in columns]
        return [tuple(plain(row[place]) for place in places) for row in found.rows[:limit]]

    def rows_by(self, table: str, columns: Sequence[str], key: str, values: Sequence[Any]) -> Rows:
        rows = self.rows(table, [*columns, key], 10**9)
        return [row[:-1] for row in rows if row[-1] in values]


@contextmanager
def _open_file(database: str, timeout_seconds: float) -> Iterator[Reader]:
    path = _file_of(database)
    try:
        text, whole = decoded(path.read_bytes())
        if not whole:
            logger.warning("%s holds texts that are no UTF-8; what cannot be read is shown as \ufffd", path.name)
        yield _DdlReader(parse_schema(text))
    except (SchemaError, OSError) as error:
        raise SourceError(f"{path} cannot be read as DDL: {error}; accepted are {ACCEPTED}") from error


# ------------------------------------------------------------------------------------------- DuckDB's own client
class _DuckdbReader:
    """Reads DuckDB's own DDL, and interrupts statements that take too long."""

    def __init__(self, connection: Any, timeout_seconds: float) -> None:
        self._connection = connection
        self._timeout = timeout_seconds
        self._places: dict[str, tuple[str, str]] = {}
        self._days: set[tuple[str, str]] = set()

    def schema(self) -> Schema:
        from sqlreason.synthesis.schema.reflection import with_comments

        found = self._ask(f"SELECT schema_name, table_name, sql FROM duckdb_tables() WHERE {_OWN} ORDER BY table_oid")
        if not found:
            return Schema((), tuple(name for (name,) in self._ask("SELECT view_name FROM duckdb_views()")))
        self._places = {_label(schema, name): (schema, name) for schema, name, _ in found}
        tables = tuple(self._table(*row) for row in found)
        comments = self._ask(f"SELECT schema_name, table_name, comment FROM duckdb_tables() WHERE {_OWN} AND {_TOLD}")
        columns = self._ask(
            f"SELECT schema_name, table_name, column_name, comment FROM duckdb_columns() WHERE {_OWN} AND {_TOLD}"
        )
        return with_comments(
            Schema(tables),
            {_label(schema, table): text for schema, table, text in comments},
            {(_label(schema, table), column): text for schema, table, column, text in columns},
        )

    def _table(self, schema: str, name: str, text: str) -> Table:
        (table,) = parse_schema(text, "duckdb").tables
        keys = tuple(replace(key, table=_label(schema, key.table)) for key in table.foreign_keys)
        label = _label(schema, name)
        self._days |= {(label, c.name) for c in table.columns if c.type.upper().startswith(("DATE", "TIMESTAMP"))}
        return replace(table, name=label, foreign_keys=keys)

    def rows(self, table: str, columns: Sequence[str], limit: int) -> Rows:
        return self._ask(f"SELECT {self._shown(table, columns)} FROM {self._place(table)} LIMIT {int(limit)}")

    def rows_by(self, table: str, columns: Sequence[str], key: str, values: Sequence[Any]) -> Rows:
        marks = ", ".join("?" * len(values))
        return self._ask(
            f"SELECT {self._shown(table, columns)} FROM {self._place(table)} WHERE {_quoted(key)} IN ({marks})", values
        )

    def _place(self, table: str) -> str:
        return ".".join(map(_quoted, self._places.get(table, (table,))))

    def _shown(self, table: str, columns: Sequence[str]) -> str:
        """Return the columns; days as texts, since DuckDB knows more of them (infinity, 44 BC) than Python."""
        return ", ".join(
            f"left(CAST({_quoted(name)} AS VARCHAR), 19)" if (table, name) in self._days else _quoted(name)
            for name in columns
        )

    def _ask(self, query: str, values: Sequence[Any] = ()) -> Rows:
        alarm = threading.Timer(self._timeout, self._connection.interrupt)
        alarm.start()
        try:
            return [tuple(map(plain, row)) for row in self._connection.execute(query, list(values)).fetchall()]
        finally:
            alarm.cancel()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _label(schema: str, name: str) -> str:
    """Return what a table is called: by its schema too, where that is not the first."""
    return name if schema == "main" else f"{schema}.{name}"


_OWN = "NOT internal AND database_name = current_database()"
_TOLD = "comment IS NOT NULL"


@contextmanager
def _open_duckdb(database: str, timeout_seconds: float) -> Iterator[Reader]:
    import duckdb

    path = _file_of(database)
    try:
        with duckdb.connect(str(path), read_only=True, config={"enable_external_access": "false"}) as connection:
            yield _DuckdbReader(connection, timeout_seconds)
    except duckdb.Error as error:
        raise SourceError(_told(str(path), error, timeout_seconds)) from error


# ---------------------------------------------------------------------------------------------- SQLAlchemy
@contextmanager
def _open_sqlite(database: str, timeout_seconds: float) -> Iterator[Reader]:
    from sqlreason.synthesis.schema.reflection import SqlReader, sqlite_engine

    path = _file_of(database)
    with _reflecting(str(path), timeout_seconds), sqlite_engine(path, timeout_seconds).connect() as connection:
        yield SqlReader(connection)


@contextmanager
def _open_postgres(database: str, timeout_seconds: float) -> Iterator[Reader]:
    from sqlreason.synthesis.schema.reflection import SqlReader, postgres_engine

    try:
        engine = postgres_engine(database, timeout_seconds)
    except ModuleNotFoundError as error:
        raise SourceError("PostgreSQL needs its driver: pip install -e '.[postgresql]'") from error
    with _reflecting(engine.url.render_as_string(), timeout_seconds), engine.connect() as connection:
        yield SqlReader(connection)


@contextmanager
def _reflecting(name: str, timeout_seconds: float) -> Iterator[None]:
    """Turn what SQLAlchemy and its drivers raise into a `SourceError`."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except SQLAlchemyError as error:
        raise SourceError(_told(name, getattr(error, "orig", None) or error, timeout_seconds)) from error


_ADVICE = {
    "permission denied": "grant the role SELECT, or set synthesis.rows=never, which reads no row",
    "locked": "end the program that holds it, or give a copy",
    "lock on file": "end the program that holds it, or give a copy",
    "timeout": "raise synthesis.timeout_seconds, or name fewer tables in synthesis.tables",
    "interrupt": "raise synthesis.timeout_seconds, or name fewer tables in synthesis.tables",
    "not a database": "give an SQLite file",
    "password": "set PGPASSWORD or write ~/.pgpass",
}


def _told(name: str, error: BaseException, timeout_seconds: float) -> str:
    """Return what happened and what to do."""
    cause = " ".join(str(error).split())
    advice = next((text for sign, text in _ADVICE.items() if sign in cause.lower()), "")
    advice = advice or "see that it is there and may be read, then run the same command again"
    return f"{name} cannot be read ({cause}; timeout {timeout_seconds:g} s); {advice}. Nothing was written to it."
