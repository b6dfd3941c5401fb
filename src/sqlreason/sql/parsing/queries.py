"""Queries read against their schema: what a name in them stands for."""

from __future__ import annotations

from sqlglot import exp

from sqlreason.sql.parsing.schema import Schema
from sqlreason.sql.parsing.statements import parse


def read_query(sql: str, schema: Schema, dialect: str | None = None) -> exp.Expr | None:
    """Parse a statement into a tree of its own, with double-quoted strings as literals.

    SQLite takes `"Orlando"` for a string where no column has that name, and many gold queries are written so;
    without this their literals would pass for columns. Returns None for a text that cannot be parsed.
    """
    parsed = parse(sql, dialect)
    if parsed is None:
        return None
    tree = parsed.copy()
    known = {column.name.lower() for table in schema.tables for column in table.columns}
    known |= {alias.alias.lower() for alias in tree.find_all(exp.Alias, exp.TableAlias) if alias.alias}
    known |= {name.name.lower() for alias in tree.find_all(exp.TableAlias) for name in alias.columns}
    for column in list(tree.find_all(exp.Column)):
        quoted = isinstance(column.this, exp.Identifier) and column.this.quoted
        if quoted and not column.table and column.name.lower() not in known:
            column.replace(exp.Literal.string(column.name))
    return tree


def tables_of(sql: str) -> frozenset[str]:
    """The names of the tables that a statement reads or writes, CTEs left out; empty if it does not parse."""
    return frozenset(tables_in_order(sql))


def tables_in_order(sql: str) -> tuple[str, ...]:
    """Like `tables_of`, outermost first: what a `CREATE VIEW` defines stands before what it reads."""
    tree = parse(sql)
    if tree is None:
        return ()
    ctes = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    return tuple(table.name for table in tree.find_all(exp.Table) if table.name.lower() not in ctes)
