"""The script that stands for a database file, or a PostgreSQL database: its definitions, and some of its rows.

From it a schema is read, a prompt is written and test databases are drawn, as from any other context; the database
itself stays the one on which verdicts begin. A table of few rows is read whole, of a larger one some rows at equal
distances (of a server's the first that it gives), so that a gigabyte costs a few looks. Rows are read in a sandboxed
worker, once for each state of a file, and once in a process from a server.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from sqlreason.sql.database_files import DatabaseError, DatabaseFile, engine_of, files_of, shown_name
from sqlreason.sql.databases.plain_scripts import definition, scripts_of
from sqlreason.sql.databases.values import is_nested
from sqlreason.sql.databases.written_values import as_document, written_rows
from sqlreason.sql.parsing.keys import references_of
from sqlreason.sql.parsing.postgres_tables import describe_postgres
from sqlreason.sql.parsing.schema import Schema, SchemaError, as_postgres, parse_schema
from sqlreason.sql.parsing.sqlite_script import cell, is_shadow
from sqlreason.sql.parsing.tables import Column, ForeignKey, Table, Value, identifier, literal
from sqlreason.sql.sandbox.named_server import VARIABLE
from sqlreason.sql.sandbox.worker.opening import STATUS as UNREADABLE
from sqlreason.sql.sandbox.worker.shelf import Shelf
from sqlreason.sql.verdicts import Result
from sqlreason.sql.verifier import Verifier

logger = logging.getLogger(__name__)

#: Rows of a table that are read, and characters of them.
SAMPLED, _CHARACTERS = 400, 200_000
#: Of these, rows of a table that drawn databases keep where they do not draw it.
KEPT = 50
#: Rows of a table that stand in the context of a question, of which a prompt shows the first.
_SHOWN = 20
#: DuckDB reads rows that lie together; so many stretches of them are read.
_STRETCHES = 10
#: Characters of the scripts that are kept.
_REMEMBERED = 32_000_000

#: Why a question on a PostgreSQL database is not used.
UNSERVED_DATABASE = (
    "test databases of a PostgreSQL database are made on a server beside it, and none is named: "
    f"set {VARIABLE} (docs/sandbox.md)"
)

Bounds = tuple[int, int]


class FileContext(NamedTuple):
    """What stands for a database.

    Attributes:
        script: Definitions and rows in the engine's dialect; of each table first the rows that drawn databases keep.
        schema: Read from it.
        shown: The same with few rows, and with comments as COMMENT statements: for prompts and what else reads schemas.
    """

    script: str
    schema: Schema
    shown: str


class _Found(NamedTuple):
    """A table of a database: its definition as it is run, and as a value."""

    sql: str
    table: Table


_scripts: Shelf[DatabaseFile, FileContext] = Shelf(_REMEMBERED)


def context_of(verifier: Verifier, database: str) -> FileContext:
    """Read the script that stands for a database.

    Args:
        verifier: In whose workers it is read.
        database: Its URL.

    Raises:
        DatabaseError: It cannot be opened or read, or has no table.
    """
    (file,) = files_of([database])
    found: FileContext | None = _scripts.get(file)
    if found is None:
        found = _read(verifier, database)
        _scripts.put(file, found, len(found.script))
    return found


def _read(verifier: Verifier, database: str) -> FileContext:
    engine = engine_of(database)
    described = describe_postgres(database) if engine == "postgres" else verifier.describe(database)
    virtual = {name for name, sql, *_ in described["tables"] if "VIRTUAL" in sql.upper().split()[:2]}
    hidden = virtual | {name for name, *_ in described["tables"] if is_shadow(name, virtual)}
    types = described["before"] if engine == "postgres" else []
    found = [_table(engine, types, *table) for table in described["tables"] if table[0] not in hidden]
    if not found:
        raise DatabaseError(f"the database has no table that can be read ({shown_name(database)})")
    filled = _sampled(verifier, database, [each.table for each in found])
    before = [*described["before"], *(each.sql for each in found)]
    after = [sql for owner, sql in described["after"] if owner not in hidden]
    kept = filled if engine == "sqlite" else _closed(filled)
    rows = [insert for table in kept for insert in _inserts(table, engine)]
    few = [insert for table in filled for insert in _inserts(replace(table, rows=table.rows[:_SHOWN]), engine)]
    comments = list(map(_comment, described["comments"]))
    shown = _written([*before, *few, *after, *comments])
    if engine == "postgres":
        script = _that_runs(verifier, [*before, *rows], after)
    else:
        script = _written([*before, *rows, *after])
    return FileContext(script, _schema(script, engine, filled), shown)


def _that_runs(verifier: Verifier, tables: Sequence[str], views: Sequence[str]) -> str:
    """The script without foreign keys, and without views where the server of the sandbox does not run them."""
    whole, bare = (scripts_of(_written(parts), "postgres", "postgres")[0] for parts in ([*tables, *views], tables))
    if not views or not verifier.server or verifier.run(whole, "SELECT 1", "postgres").status == "ok":
        return whole
    return bare


def _written(statements: Iterable[str]) -> str:
    return "\n".join(f"{statement.rstrip().rstrip(';')};" for statement in statements)


def _schema(script: str, engine: str, tables: Sequence[Table]) -> Schema:
    """The schema of the script with the tables as they were read one by one."""
    try:
        views = parse_schema(script, engine).views
    except SchemaError:
        views = ()
    return Schema(tuple(tables), views)


def _table(
    engine: str, types: Sequence[str], name: str, sql: str, columns: list[list[Any]], keys: list[list[Any]]
) -> _Found:
    """A table by its definition; by what the engine tells of its columns where that cannot be read."""
    shown = [column for column in columns if column[4] != 1]
    try:
        (table,) = _parsed(sql, engine, types).tables
        if [column.name.lower() for column in table.columns] == [column[0].lower() for column in shown]:
            return _Found(sql, replace(table, name=name))
    except (SchemaError, ValueError):
        logger.debug("a definition cannot be read: %.200r", sql, exc_info=True)
    ranked = sorted((column for column in shown if column[3]), key=lambda column: column[3])
    plain = Table(
        name,
        tuple(Column(column[0], column[1], not column[2]) for column in shown if column[4] == 0),
        tuple(column[0] for column in ranked),
        tuple(_foreign_keys(keys)),
    )
    return _Found(definition(plain, engine, []), plain)


def _parsed(sql: str, engine: str, types: Sequence[str]) -> Schema:
    if engine != "postgres":
        return parse_schema(sql, engine)
    return as_postgres(parse_schema(_written([*types, sql]), engine), sql)


def _foreign_keys(rows: list[list[Any]]) -> Iterable[ForeignKey]:
    for number in dict.fromkeys(row[0] for row in rows):
        own = [row for row in rows if row[0] == number]
        target = tuple(row[3] for row in own if row[3] is not None)
        yield ForeignKey(tuple(row[2] for row in own), own[0][1], target)


# ------------------------------------------------------------------------------------------------------- rows
def _sampled(verifier: Verifier, database: str, tables: Sequence[Table]) -> list[Table]:
    """The tables with their rows, all of them or some at equal distances."""
    first = _asked(verifier, database, [f"{_select(table)} LIMIT {SAMPLED + 1}" for table in tables])
    numbered = engine_of(database) != "postgres"
    large = [
        i for i, result in enumerate(first) if numbered and (len(result.rows) > SAMPLED or result.status == "too_big")
    ]
    bounds = _bounds(verifier, database, [tables[i] for i in large])
    strided = [_strided(tables[i], engine_of(database), found) for i, found in zip(large, bounds, strict=True) if found]
    spread = iter(_asked(verifier, database, strided))
    for i, found in zip(large, bounds, strict=True):
        if found is not None and (result := next(spread)).rows:
            first[i] = result
    read = [_given(table, result) for table, result in zip(tables, first, strict=True)]
    strict_types = engine_of(database) != "sqlite"
    return [
        replace(table, rows=unnested(table, rows) if strict_types else rows)
        for table, rows in zip(tables, read, strict=True)
    ]


def _asked(verifier: Verifier, database: str, queries: Sequence[str]) -> list[Result]:
    if not queries:
        return []
    most = [(SAMPLED + 1, _CHARACTERS)]
    (results,) = verifier.run_batch([(database, queries, engine_of(database))], most)
    for query, result in zip(queries, results, strict=True):
        if result.status == "context_error":
            raise DatabaseError(result.reason.removeprefix(f"{UNREADABLE}: "))
        if result.status not in ("ok", "too_big"):
            logger.debug("%s: %s: %s (%.200s)", database, result.status, result.reason, query)
    return list(results)


def _bounds(verifier: Verifier, database: str, tables: Sequence[Table]) -> list[Bounds | None]:
    """The lowest and the highest number of a row of each table; None where rows have none."""
    queries = [f"SELECT MIN({_number(t)}), MAX({_number(t)}) FROM {identifier(t.name)}" for t in tables]
    rows = [result.rows for result in _asked(verifier, database, queries)]
    return [(found[0][0], found[0][1]) if found and isinstance(found[0][0], int) else None for found in rows]


def _strided(table: Table, engine: str, bounds: Bounds) -> str:
    """A query for rows at equal distances; SQLite finds each by its number, DuckDB skips what it need not read."""
    name, number, (low, high) = identifier(table.name), _number(table), bounds
    if engine == "sqlite":
        stride = max(1, (high - low + 1) // SAMPLED)
        return (
            f"WITH RECURSIVE step(place) AS (SELECT {low} UNION ALL SELECT place + {stride} FROM step "
            f"WHERE place + {stride} <= {high}) {_select(table)} WHERE {number} IN (SELECT (SELECT r.{number} "
            f"FROM {name} AS r WHERE r.{number} >= place ORDER BY r.{number} LIMIT 1) FROM step LIMIT {SAMPLED}) "
            f"ORDER BY {number}"
        )
    length = SAMPLED // _STRETCHES
    starts = [low + i * (high - low + 1) // _STRETCHES for i in range(_STRETCHES)]
    return " UNION ALL ".join(f"{_select(table)} WHERE rowid BETWEEN {at} AND {at + length - 1}" for at in starts)


def _number(table: Table) -> str:
    """The name of the number that SQLite and DuckDB give a row, which a column of that name would hide."""
    return next(name for name in ("rowid", "_rowid_", "oid") if table.column(name) is None)


def _select(table: Table) -> str:
    return f"SELECT {', '.join(identifier(name) for name in _stored(table))} FROM {identifier(table.name)}"


def _stored(table: Table) -> list[str]:
    """The columns that hold what they are given."""
    return [column.name for column in table.columns if not column.computed]


def _given(table: Table, result: Result) -> tuple[tuple[Value, ...], ...]:
    """The rows of a result with NULL for columns that are computed."""
    places = [None if column.computed else _stored(table).index(column.name) for column in table.columns]
    return tuple(tuple(None if i is None else row[i] for i in places) for row in result.rows[:SAMPLED])


def unnested(table: Table, rows: Sequence[tuple[Value, ...]]) -> tuple[tuple[Value, ...], ...]:
    """Return rows of a strict engine with documents as texts, and NULL for lists, structs and maps."""
    documents = ["JSON" in column.type.upper() for column in table.columns]

    def plain(value: Value, is_document: bool) -> Any:
        return as_document(value) if is_document else None if isinstance(value, list | dict) else value

    return tuple(tuple(map(plain, row, documents)) for row in rows)


def _closed(tables: Sequence[Table]) -> list[Table]:
    """The tables without the rows that refer to a row that was not read: DuckDB refuses these."""
    kept = {table.name.lower(): table for table in tables}
    references = references_of(Schema(tuple(tables)))
    while True:
        before = sum(len(table.rows) for table in kept.values())
        for reference in references:
            child, parent = kept[reference.child], kept[reference.parent]
            known = set(_columns(parent, reference.target))
            pairs = zip(child.rows, _columns(child, reference.columns), strict=True)
            rows = tuple(row for row, key in pairs if None in key or key in known)
            kept[reference.child] = replace(child, rows=rows)
        if sum(len(table.rows) for table in kept.values()) == before:
            return list(kept.values())


def _columns(table: Table, names: Collection[str]) -> list[tuple[Value, ...]]:
    order = [column.name.lower() for column in table.columns]
    places = [order.index(name) for name in names]
    return [tuple(row[place] for place in places) for row in table.rows]


def _inserts(table: Table, engine: str) -> Iterable[str]:
    """The rows as INSERTs, first those that drawn databases keep."""
    places = [i for i, column in enumerate(table.columns) if not column.computed]
    names = ", ".join(identifier(table.columns[i].name) for i in places)
    for rows in (table.rows[:KEPT], table.rows[KEPT:]):
        if rows:
            yield f"INSERT INTO {identifier(table.name)} ({names}) VALUES {_rows_of(table, rows, places, engine)}"


def _rows_of(table: Table, rows: Sequence[Sequence[Value]], places: Sequence[int], engine: str) -> str:
    """Those places of rows as what follows VALUES; lists, structs and maps of strict engines are left out."""
    nested = {i for i in places if engine != "sqlite" and is_nested(table.columns[i])}
    if engine == "postgres":
        return written_rows([[None if i in nested else row[i] for i in places] for row in rows], engine)
    write = _duckdb_cell if engine == "duckdb" else cell
    written = (", ".join("NULL" if i in nested else write(row[i]) for i in places) for row in rows)
    return ", ".join(f"({row})" for row in written)


def _duckdb_cell(value: Value) -> str:
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    return f"unhex('{value.hex()}')" if isinstance(value, bytes) else literal(value)


def _comment(described: Sequence[str]) -> str:
    table, column, text = described
    place = f"COLUMN {identifier(table)}.{identifier(column)}" if column else f"TABLE {identifier(table)}"
    return f"COMMENT ON {place} IS {literal(text)}"


def with_descriptions(script: str, columns: Mapping[tuple[str, str], str]) -> str:
    """The script with comments on its columns, by table and column; these come after any others and so replace them."""
    comments = [_comment((table, column, text)) for (table, column), text in columns.items()]
    return f"{script}\n{_written(comments)}" if comments else script
