"""A DuckDB database as a script, for a sandbox that is given text and no file; the counterpart of `sqlite_script`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sqlglot import exp

from sqlreason.sql.parsing.statements import parse, written
from sqlreason.sql.parsing.tables import identifier, literal

if TYPE_CHECKING:
    import duckdb

_TABLES = (
    "SELECT schema_name, table_name, sql FROM duckdb_tables() WHERE NOT internal "
    "AND database_name = current_database() ORDER BY schema_name <> 'main', schema_name, table_oid"
)
_VIEWS = "SELECT sql FROM duckdb_views() WHERE NOT internal AND schema_name = 'main' ORDER BY view_oid"
_ROWS_AT_ONCE = 500


def script_of_file(path: Path) -> str:
    """Return a database file, which is opened read-only, as CREATE and INSERT statements.

    Values are written as texts, which DuckDB reads as what their columns hold. A table of another schema than `main` is
    called by its own name alone; of two of one name the first is kept.

    Raises:
        duckdb.Error: It cannot be opened or read.
    """
    import duckdb

    with duckdb.connect(str(path), read_only=True, config={"enable_external_access": "false"}) as connection:
        found = connection.execute(_TABLES).fetchall()
        tables = {name: (schema, sql) for schema, name, sql in reversed(found)}
        statements = [_definition(tables[name][1]) for name in reversed(tables)]
        for name in reversed(tables):
            statements += _rows(connection, tables[name][0], name)
        statements += [sql.rstrip(";") for (sql,) in connection.execute(_VIEWS).fetchall()]
    return ";\n".join(statements) + ";"


def _definition(sql: str) -> str:
    tree = parse(sql, "duckdb")
    if tree is None or not any(table.args.get("db") for table in tree.find_all(exp.Table)):
        return sql.rstrip(";")
    own = tree.copy()
    for table in own.find_all(exp.Table):
        table.set("db", None)
    return written(own, "duckdb") or sql.rstrip(";")


def _rows(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> Iterator[str]:
    """INSERT statements, some rows each, of the columns that are not computed."""
    given = (
        "SELECT column_name FROM information_schema.columns WHERE table_schema = ? AND table_name = ? "
        "AND coalesce(is_generated, 'NEVER') = 'NEVER' ORDER BY ordinal_position"
    )
    columns = [column for (column,) in connection.execute(given, [schema, name]).fetchall()]
    shown = ", ".join(f"CAST({identifier(column)} AS VARCHAR)" for column in columns)
    cursor = connection.execute(f"SELECT {shown} FROM {identifier(schema)}.{identifier(name)}")
    names = ", ".join(map(identifier, columns))
    while rows := cursor.fetchmany(_ROWS_AT_ONCE):
        values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
        yield f"INSERT INTO {identifier(name)} ({names}) VALUES {values}"
