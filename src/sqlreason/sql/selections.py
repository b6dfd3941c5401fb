"""The columns of a SELECT, where a text tells them: those of a CREATE TABLE … AS."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from sqlreason.sql.statements import parse
from sqlreason.sql.tables import Column, Table


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
