"""The columns of a SELECT where a text tells them, as of a CREATE TABLE … AS, and its rows where it only copies."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from sqlreason.sql.parsing.filled_tables import Filled
from sqlreason.sql.parsing.inserts import Cell
from sqlreason.sql.parsing.statements import parse
from sqlreason.sql.parsing.tables import Column, Table

#: Parts of a SELECT that copies and does nothing else.
_COPYING = {"expressions", "from_"}


def shown_columns(query: str, tables: Mapping[str, Table], dialect: str) -> tuple[Column, ...]:
    """The columns that a query puts out, with the types of those that it only passes on; () where it cannot be told.

    Args:
        query: A SELECT.
        tables: What it may read, by name in lower case.
        dialect: How it is read.
    """
    tree = parse(query, dialect) or parse(query)
    select = tree.find(exp.Select) if tree is not None else None
    if select is None:
        return ()
    sources = [tables.get(table.name.lower()) for table in select.find_all(exp.Table) if table.parent_select is select]
    known = [column for table in sources if table is not None for column in table.columns]
    found: list[Column] = []
    for item in select.expressions:
        if isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star)):
            if None in sources or not sources:
                return ()
            found += [Column(column.name, column.type) for column in known]
            continue
        inner = item.this if isinstance(item, exp.Alias) else item
        name = inner.name.lower() if isinstance(inner, exp.Column) else ""
        kind = next((column.type for column in known if column.name.lower() == name), "")
        found.append(Column(item.alias_or_name or item.sql("sqlite"), kind))
    return tuple(found)


def copied_rows(query: str, tables: Mapping[str, Filled], dialect: str) -> list[list[Cell]] | None:
    """The rows of a query that passes on columns of one table, all its rows; None for any other, and where not sure.

    Args:
        query: A SELECT.
        tables: What it may read, by name in lower case.
        dialect: How it is read.
    """
    select = parse(query, dialect) or parse(query)
    if not isinstance(select, exp.Select) or {name for name, part in select.args.items() if part} - _COPYING:
        return None
    source = select.find(exp.Table)
    filled = tables.get(source.name.lower()) if source is not None else None
    if filled is None or not filled.is_known:
        return None
    names = [column.name.lower() for column in filled.table.columns if not column.computed]
    places: list[int] = []
    order = [column.name.lower() for column in filled.table.columns]
    for item in select.expressions:
        inner = item.unalias()
        if isinstance(inner, exp.Star) or (isinstance(inner, exp.Column) and isinstance(inner.this, exp.Star)):
            places += [order.index(name) for name in names]
        elif isinstance(inner, exp.Column) and inner.name.lower() in names:
            places.append(order.index(inner.name.lower()))
        else:
            return None
    return [[row[place] for place in places] for row in filled.rows]
