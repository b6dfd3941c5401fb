"""Keys and links of a test database's tables."""

from __future__ import annotations

from typing import NamedTuple

from sqlreason.sql.parsing.constraints import Place
from sqlreason.sql.parsing.schema import Schema, Table, Value

#: Tables that are drawn for the sake of their references to the gold's.
_CHILDREN = 6


class Reference(NamedTuple):
    """A declared foreign key: a table and its columns, the parent and its columns, all in lower case."""

    child: str
    columns: tuple[str, ...]
    parent: str
    target: tuple[str, ...]


def references_of(schema: Schema) -> list[Reference]:
    """The foreign keys whose tables and columns exist; one that names no target columns means the primary key."""
    found = []
    for table in schema.tables:
        for key in table.foreign_keys:
            parent = schema.table(key.table)
            target = (key.target or parent.primary_key) if parent is not None else ()
            known = parent is not None and all(parent.column(name) for name in target)
            if parent is not None and known and len(target) == len(key.columns) and all(map(table.column, key.columns)):
                lowered = (tuple(name.lower() for name in names) for names in (key.columns, target))
                columns, there = lowered
                found.append(Reference(table.name.lower(), columns, parent.name.lower(), there))
    return found


def with_children(tables: set[str], references: list[Reference]) -> set[str]:
    """The tables and those that refer to them, of which a superfluous join would lose or multiply rows."""
    found = dict.fromkeys(r.child for r in references if r.parent in tables and r.child not in tables)
    return tables | set(list(found)[:_CHILDREN])


def with_parents(tables: set[str], references: list[Reference]) -> set[str]:
    """The tables, those to which they refer, and so on."""
    parents = {reference.parent for reference in references if reference.child in tables}
    return tables if parents <= tables else with_parents(tables | parents, references)


def keys_of(table: Table) -> list[tuple[str, ...]]:
    """Columns that are unique together: declared, or by the look of an id whose values are all distinct."""
    known = {c.name.lower() for c in table.columns}
    declared = [tuple(name.lower() for name in key) for key in (table.primary_key, *table.unique) if key]
    keys = [key for key in declared if set(key) <= known]
    for place, column in enumerate(table.columns):
        values = [row[place] for row in table.rows]
        if column.counted and (column.name.lower(),) not in keys and len(set(values)) == len(values):
            keys.append((column.name.lower(),))
    first = table.columns[0].name.lower()
    if not keys and (first == "id" or first in (f"{table.name.lower().rstrip('s')}_id", f"{table.name.lower()}_id")):
        values = [row[0] for row in table.rows]
        keys += [(first,)] if len(set(values)) == len(values) else []
    return keys


def united(pairs: list[tuple[Place, Place]]) -> list[set[Place]]:
    """Columns that are linked, directly or by way of others, in one set each."""
    groups: list[set[Place]] = []
    for pair in pairs:
        touched = [group for group in groups if group & set(pair)]
        groups = [group for group in groups if group not in touched] + [set(pair).union(*touched)]
    return groups


def distinct(rows: list[list[Value]], keys: list[list[int]]) -> list[list[Value]]:
    """The rows without those whose key is NULL or was there before."""
    kept = rows
    for key in keys:
        seen: set[tuple[Value, ...]] = set()
        fresh_rows = []
        for row in kept:
            values = tuple(row[i] for i in key)
            if values not in seen and None not in values:
                seen.add(values)
                fresh_rows.append(row)
        kept = fresh_rows
    return kept
