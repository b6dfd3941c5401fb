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

from sqlreason.sql.parsing.schema import Column, ForeignKey, Schema, Table
from sqlreason.sql.parsing.sqlite_script import Decoder, is_shadow
from sqlreason.sql.parsing.tables import literal
from sqlreason.synthesis.schema.sample_values import plain

_WAL = 2  # the read version in bytes 18 and 19 of an SQLite file in WAL mode (sqlite.org/fileformat2, section 1.3.3)


def sqlite_engine(path: Path, timeout_seconds: float) -> sa.Engine:
    """Return an engine whose one connection cannot write the file and gives a statement so many seconds."""
    deadline = [0.0]

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(_read_only_uri(path), uri=True, timeout=timeout_seconds)
        connection.set_progress_handler(lambda: time.monotonic() > deadline[0], 10_000)
        connection.text_factory = Decoder(path.name)
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
    """Reads a database through one SQLAlchemy connection.

    A table of another schema than the connection's own is called `schema.table`. What belongs to another table is no
    table here: PostgreSQL's partitions, what SQLite keeps behind a virtual table, and that table itself.
    """

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._places: dict[str, tuple[str | None, str]] = {}
        self._moments: set[tuple[str, str]] = set()
        self._padded: set[tuple[str, str]] = set()

    def schema(self) -> Schema:
        """Return the tables of all schemas; without any, the names of the default one's views."""
        inspector = sa.inspect(self._connection)
        self._places = {_label(schema, name): (schema, name) for schema, name in self._names(inspector)}
        tables = tuple(self._table(inspector, label) for label in self._places)
        return Schema(tables, () if tables else tuple(inspector.get_view_names()))

    def _names(self, inspector: sa.Inspector) -> list[tuple[str | None, str]]:
        if self._connection.dialect.name == "postgresql":
            return [(schema, name) for schema, name in self._connection.execute(sa.text(_POSTGRES_TABLES))]
        listed = sqlite3.sqlite_version_info >= (3, 37)  # since then SQLite tells itself
        hidden = {name for (name,) in self._connection.execute(sa.text(_SQLITE_HIDDEN))} if listed else set()
        virtual = {name for (name,) in self._connection.execute(sa.text(_SQLITE_VIRTUAL))}
        names = inspector.get_table_names()
        return [(None, name) for name in names if name not in hidden | virtual and not is_shadow(name, virtual)]

    def _table(self, inspector: sa.Inspector, label: str) -> Table:
        schema, name = self._places[label]
        try:
            comment = inspector.get_table_comment(name, schema)["text"]
        except NotImplementedError:  # SQLite has no comments
            comment = None
        return Table(
            label,
            self._columns(inspector, label),
            self._primary_key(inspector, label),
            self._foreign_keys(inspector, label),
            unique=tuple(tuple(found["column_names"]) for found in inspector.get_unique_constraints(name, schema)),
            comment=comment,
        )

    def _columns(self, inspector: sa.Inspector, label: str) -> tuple[Column, ...]:
        schema, name = self._places[label]
        if self._connection.dialect.name != "sqlite":
            return tuple(self._column(column, label) for column in inspector.get_columns(name, schema))
        # as its own table says it: reflection makes INTEGER of TINYINT(1), and warns of it
        query = sa.text('SELECT name, type, "notnull", hidden FROM pragma_table_xinfo(:name) WHERE hidden <> 1')
        found = self._connection.execute(query, {"name": name})
        return tuple(
            Column(column, kind or "", not needed, computed="" if hidden else None)  # by what, it does not say
            for column, kind, needed, hidden in found
        )

    def _primary_key(self, inspector: sa.Inspector, label: str) -> tuple[str, ...]:
        schema, name = self._places[label]
        if self._connection.dialect.name != "sqlite":
            return tuple(inspector.get_pk_constraint(name, schema)["constrained_columns"])
        query = sa.text("SELECT name FROM pragma_table_xinfo(:name) WHERE pk > 0 ORDER BY pk")
        return tuple(column for (column,) in self._connection.execute(query, {"name": name}))

    def _foreign_keys(self, inspector: sa.Inspector, label: str) -> tuple[ForeignKey, ...]:
        schema, name = self._places[label]
        if self._connection.dialect.name != "sqlite":
            return tuple(map(_foreign_key, inspector.get_foreign_keys(name, schema)))
        # as its own table says it: reflection looks for a key's columns in the letter case of its definition
        query = sa.text('SELECT id, "from", "table", "to" FROM pragma_foreign_key_list(:name) ORDER BY id DESC, seq')
        found: dict[int, list[tuple[str, str, str | None]]] = {}
        for number, *parts in self._connection.execute(query, {"name": name}):
            found.setdefault(number, []).append((parts[0], parts[1], parts[2]))
        return tuple(_sqlite_key(parts) for parts in found.values())

    def _column(self, column: Mapping[str, Any], label: str) -> Column:
        kind = column["type"]
        if isinstance(kind, sa.Date | sa.DateTime) and self._connection.dialect.name == "postgresql":
            self._moments.add((label, column["name"]))
        if isinstance(kind, sa.CHAR) and self._connection.dialect.name == "postgresql":
            self._padded.add((label, column["name"]))
        if isinstance(kind, sa.Enum) and kind.enums:
            text = f"ENUM({', '.join(map(literal, kind.enums))})"
        elif isinstance(kind, sa.types.NullType):
            text = ""
        else:
            text = kind.compile(self._connection.dialect)
        computed = (column.get("computed") or {}).get("sqltext")
        return Column(column["name"], text, bool(column["nullable"]), column.get("comment"), computed=computed)

    def rows(self, table: str, columns: Sequence[str], limit: int) -> list[tuple[Any, ...]]:
        """Return at most `limit` rows."""
        return self._ask(self._select(table, columns).limit(limit))

    def rows_by(self, table: str, columns: Sequence[str], key: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Return the rows whose `key` is one of the values."""
        return self._ask(self._select(table, columns).where(_name(key).in_(list(values))))

    def _select(self, table: str, columns: Sequence[str]) -> sa.Select[Any]:
        schema, name = self._places.get(table, (None, table))
        place = sa.table(
            sa.quoted_name(name, quote=True), schema=None if schema is None else sa.quoted_name(schema, quote=True)
        )
        return sa.select(*(self._shown(table, column) for column in columns)).select_from(place)

    def _shown(self, table: str, column: str) -> sa.ColumnElement[Any]:
        """Return a column; a day as text, since PostgreSQL knows more of them (infinity, 44 BC) than Python.

        A text of CHAR(n) comes without the blanks that fill it up, and which PostgreSQL compares as if they were not.
        """
        if (table, column) in self._padded:
            return sa.cast(_name(column), sa.Text)
        if (table, column) not in self._moments:
            return _name(column)
        return sa.func.left(sa.cast(_name(column), sa.Text), 19)

    def _ask(self, query: sa.Select[Any]) -> list[tuple[Any, ...]]:
        return [tuple(map(plain, row)) for row in self._connection.execute(query)]


_POSTGRES_TABLES = """
SELECT CASE WHEN n.nspname = current_schema() THEN NULL ELSE n.nspname END, c.relname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname <> 'information_schema'
  AND n.nspname NOT LIKE 'pg\\_%' AND (n.nspname = current_schema()
    OR has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'))
ORDER BY n.nspname <> current_schema(), n.nspname, c.relname
"""
_SQLITE_HIDDEN = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('shadow', 'virtual')"
_SQLITE_VIRTUAL = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE VIRTUAL TABLE%'"


def _label(schema: str | None, name: str) -> str:
    return name if schema is None else f"{schema}.{name}"


def _foreign_key(key: Mapping[str, Any]) -> ForeignKey:
    target = _label(key.get("referred_schema"), key["referred_table"])
    return ForeignKey(tuple(key["constrained_columns"]), target, tuple(key["referred_columns"]))


def _sqlite_key(parts: Sequence[tuple[str, str, str | None]]) -> ForeignKey:
    """Return a foreign key from its (column, table, target); without targets it leads to the primary key."""
    target = tuple(target for _, _, target in parts if target is not None)
    return ForeignKey(tuple(column for column, _, _ in parts), parts[0][1], target)


def _name(name: str) -> sa.ColumnClause[Any]:
    return sa.column(sa.quoted_name(name, quote=True))


def with_comments(schema: Schema, tables: Mapping[str, str], columns: Mapping[tuple[str, str], str]) -> Schema:
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
