"""Database schemas as values, read from a context and written for a prompt.

A schema is what the whole script comes to (see `scripts`). What only a database can compute (generated columns,
`INSERT … SELECT`) is not computed here.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from functools import cache

from sqlglot.errors import SqlglotError

from sqlreason.sql.parsing.dumps import cleaned, dialects_of
from sqlreason.sql.parsing.filled_tables import Filled
from sqlreason.sql.parsing.inserts import Computed
from sqlreason.sql.parsing.scripts import Script
from sqlreason.sql.parsing.tables import Column, ForeignKey, SchemaError, Table, Value, identifier, literal
from sqlreason.sql.sandbox.worker.shelf import remembering

__all__ = [
    "Column", "ForeignKey", "Schema", "SchemaError", "Table", "Value", "as_postgres", "distances",
    "find_definitions", "find_schema", "parse_schema", "quoted", "render_ddl", "schema_of", "spelled",
]  # fmt: skip

logger = logging.getLogger(__name__)

#: Words that are no bare names in SQLite.
_RESERVED = frozenset(
    [
        *("ADD", "ALL", "ALTER", "AND", "AS", "BETWEEN", "BY", "CASE", "CHECK", "COLLATE", "COMMIT"),
        *("CONSTRAINT", "CREATE", "DEFAULT", "DELETE", "DISTINCT", "DROP", "ELSE", "ESCAPE", "EXCEPT"),
        *("EXISTS", "FOREIGN", "FROM", "GROUP", "HAVING", "IN", "INDEX", "INSERT", "INTERSECT", "INTO"),
        *("IS", "ISNULL", "JOIN", "LIMIT", "NOT", "NOTHING", "NOTNULL", "NULL", "ON", "OR", "ORDER"),
        *("PRIMARY", "REFERENCES", "RETURNING", "SELECT", "SET", "TABLE", "THEN", "TO", "TRANSACTION"),
        *("UNION", "UNIQUE", "UPDATE", "USING", "VALUES", "WHEN", "WHERE", "WITH"),
    ]
)

#: Words that are no bare names in PostgreSQL beyond DuckDB's own.
_RESERVED_IN_POSTGRES = frozenset(
    [
        *("between", "current_catalog", "current_date", "current_role", "current_schema", "current_time"),
        *(
            "current_timestamp",
            "current_user",
            "grant",
            "localtime",
            "localtimestamp",
            "session_user",
            "user",
            "values",
        ),
    ]
)
_PLAIN_WORD = re.compile(r"[a-z_][a-z0-9_]*")

# An INSERT of plain values up to its semicolon; anything else between the values (a word, a comment) is no match, so
# that what could be a definition is never taken away. Quotes are doubled inside a literal.
_ROWS = re.compile(
    r"""(?<![^;])\s*INSERT\s+INTO\s+[\w"`.]+\s*(?:\([^()';]*\))?\s*VALUES(?:'(?:[^']|'')*'|NULL|TRUE|FALSE|[-+.,()\s\d])*+(?:;|\Z)""",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Schema:
    """The tables of a context, in the order of their definition, and the texts of its views.

    Attributes:
        partial: Whether the script goes on to change rows (`UPDATE`, `INSERT … SELECT`), so that only a database knows
            which there are in the end.
    """

    tables: tuple[Table, ...]
    views: tuple[str, ...] = ()
    partial: bool = False

    def table(self, name: str) -> Table | None:
        """Find a table by name, whatever its letter case."""
        return next((table for table in self.tables if table.name.lower() == name.lower()), None)

    @property
    def fingerprint(self) -> str:
        """A hash of the sorted table and column names, without rows: other data, same fingerprint."""
        names = sorted((t.name.lower(), *sorted(c.name.lower() for c in t.columns)) for t in self.tables)
        return hashlib.blake2b(repr(names).encode(), digest_size=16).hexdigest()


@remembering(4_000_000)  # many questions share a context, and one with thousands of rows takes seconds
def parse_schema(context: str, dialect: str | None = None) -> Schema:
    """Read the tables, keys and rows of a context.

    Args:
        context: DDL and INSERT statements.
        dialect: How to read them (a sqlglot name); otherwise each of `DIALECTS` is tried in turn, first the one of
            which the text shows signs.

    Raises:
        SchemaError: No reading yields a table.
    """
    reasons = []
    text = cleaned(context)
    for name in (dialect,) if dialect else dialects_of(text):
        try:
            return _read(text, name)
        except (SchemaError, SqlglotError) as error:
            reasons.append(f"as {name}: {str(error).partition(chr(10))[0] or type(error).__name__}")
        except Exception as error:  # a definition as nobody thought of: for the caller no schema, like any other
            logger.debug("a context cannot be read as %s: %.200r", name, context, exc_info=True)
            reasons.append(f"as {name}: {type(error).__name__}")
    given = f"no schema can be read from {context[:80]!r}"
    raise SchemaError(f"{given} ({'; '.join(reasons)}); give CREATE TABLE statements")


def schema_of(context: str, reading: str) -> Schema:
    """The schema of a context as its reading has it; as any dialect has it where that one cannot read it.

    Args:
        context: DDL and INSERT statements.
        reading: A sqlglot name; "" takes each of `DIALECTS` in turn.

    Raises:
        SchemaError: None can.
    """
    try:
        return parse_schema(context, reading) if reading else parse_schema(context)
    except SchemaError:
        return parse_schema(context)


def as_postgres(schema: Schema, context: str) -> Schema:
    """Return a schema with its names as PostgreSQL keeps them: in lower case, unless the context has them in quotes."""

    def kept(name: str) -> str:
        return name if identifier(name) in context else name.lower()

    def table(found: Table) -> Table:
        keys = (ForeignKey(named(key.columns), kept(key.table), named(key.target)) for key in found.foreign_keys)
        return replace(
            found,
            name=kept(found.name),
            columns=tuple(replace(column, name=kept(column.name)) for column in found.columns),
            primary_key=named(found.primary_key),
            foreign_keys=tuple(keys),
            unique=tuple(map(named, found.unique)),
        )

    def named(names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(kept, names))

    return replace(schema, tables=tuple(map(table, schema.tables)))


def find_schema(context: str) -> Schema | None:
    """The schema of a context, or None where `parse_schema` would refuse it."""
    try:
        return parse_schema(context)
    except SchemaError:
        return None


def find_definitions(context: str) -> Schema | None:
    """The schema of a context without its rows; contexts that differ in their rows alone are parsed once."""
    without_rows = _ROWS.sub("", context)
    return _definitions(without_rows) or (_definitions(context) if without_rows != context else None)


@remembering(1_000_000)
def _definitions(context: str) -> Schema | None:
    return find_schema(context)


def _read(text: str, dialect: str) -> Schema:
    script = Script(text, dialect)
    if not script.tables:
        raise SchemaError("it defines no table")
    return Schema(tuple(map(_filled, script.tables.values())), tuple(script.views.values()), script.partial)


def _filled(filled: Filled) -> Table:
    """The table with its rows; a cell that only a database could compute is unknown."""
    rows = (tuple(None if isinstance(cell, Computed) else cell for cell in row) for row in filled.rows)
    return replace(filled.table, rows=tuple(rows))


def distances(schema: Schema, start: Collection[str]) -> dict[str, int]:
    """How many foreign keys away each reachable table is from the nearest of `start`, by lower-case name."""
    neighbours: dict[str, set[str]] = {}
    for table in schema.tables:
        for key in table.foreign_keys:
            neighbours.setdefault(table.name.lower(), set()).add(key.table.lower())
            neighbours.setdefault(key.table.lower(), set()).add(table.name.lower())
    found = {name.lower(): 0 for name in start}
    queue = deque(found)
    while queue:
        name = queue.popleft()
        for other in neighbours.get(name, set()) - set(found):
            found[other] = found[name] + 1
            queue.append(other)
    return found


def render_ddl(schema: Schema, tables: Collection[str] | None = None, sample_rows: int = 0, dialect: str = "") -> str:
    """Write the schema compactly for a prompt: one CREATE TABLE a line, then its first rows as a comment.

    Args:
        schema: What to write.
        tables: Names of the tables to keep, whatever their letter case; None keeps all. Foreign keys to the others go
            with them: who does not know a table shall not join it.
        sample_rows: How many rows a table shows, each as a tuple of SQL literals.
        dialect: By whose rules names need quotes (`spelled`).
    """
    kept = None if tables is None else {name.lower() for name in tables}
    lines = []
    for table in schema.tables:
        if kept is None or table.name.lower() in kept:
            keys = tuple(key for key in table.foreign_keys if kept is None or key.table.lower() in kept)
            parts = _parts(replace(table, foreign_keys=keys), dialect)
            lines.append(f"CREATE TABLE {spelled(table.name, dialect)} ({', '.join(parts)});")
            lines += [f"-- ({', '.join(map(literal, row))})" for row in table.rows[:sample_rows]]
    views = [" ".join(view.split()) + ";" for view in schema.views]
    return "\n".join(lines + [view for view in views if kept is None or any(n in view.lower() for n in kept)])


def _parts(table: Table, dialect: str) -> Iterable[str]:
    def names(of: Iterable[str]) -> str:
        return ", ".join(spelled(name, dialect) for name in of)

    alone = table.primary_key if len(table.primary_key) == 1 else ()
    for column in table.columns:
        words = [spelled(column.name, dialect), column.type]
        words += ["PRIMARY KEY"] if column.name in alone else [] if column.nullable else ["NOT NULL"]
        words += [f"/* {column.comment.replace('*/', '* /')} */"] if column.comment else []
        yield " ".join(word for word in words if word)
    if len(table.primary_key) > 1:
        yield f"PRIMARY KEY ({names(table.primary_key)})"
    for key in table.foreign_keys:
        target = f" ({names(key.target)})" if key.target else ""
        yield f"FOREIGN KEY ({names(key.columns)}) REFERENCES {spelled(key.table, dialect)}{target}"


def spelled(name: str, dialect: str = "") -> str:
    """Write a name as an engine reads it back.

    Args:
        name: As the engine keeps it.
        dialect: "postgres", where names with capitals need quotes too, "duckdb", or another for `quoted`.
    """
    if dialect not in ("duckdb", "postgres"):
        return quoted(name)
    word = name if dialect == "postgres" else name.lower()  # DuckDB finds a name in any case
    plain = _PLAIN_WORD.fullmatch(word) and word not in _reserved_words()
    return name if plain else identifier(name)


@cache
def _reserved_words() -> frozenset[str]:
    """Words that name no column in DuckDB, which tells them itself, or in PostgreSQL, whose parser it has."""
    import duckdb

    taken = "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category IN ('reserved', 'type_function')"
    with duckdb.connect() as connection:
        return _RESERVED_IN_POSTGRES.union(word for (word,) in connection.execute(taken).fetchall())


def quoted(name: str) -> str:
    """Write a name as SQL reads it back: quoted where it is not a plain word or a reserved one."""
    plain = name.isidentifier() and name.isascii() and name.upper() not in _RESERVED
    return name if plain else '"' + name.replace('"', '""') + '"'
