"""Large schemas cut to what questions can be asked about: tables near by foreign keys, columns up to a number."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from sqlreason.sql.parsing.schema import Column, ForeignKey, Schema, Table, distances
from sqlreason.sql.parsing.undeclared_keys import with_inferred_keys
from sqlreason.synthesis.english import phrase_of
from sqlreason.synthesis.schema.readers import SourceError

logger = logging.getLogger(__name__)


def cut(schema: Schema, focus: Sequence[str], max_tables: int, max_columns: int) -> Schema:
    """Return the schema with at most `max_tables` tables of at most `max_columns` columns.

    Args:
        schema: Schema of the whole database.
        focus: Tables around which the nearest by foreign keys are kept; without any, the one with most foreign keys.
        max_tables: Tables to keep.
        max_columns: Columns of a table to keep: its keys, its references, then the first others.

    Raises:
        SourceError: There is no table, or the focus names one that is not there.
    """
    schema = replace(schema, tables=tuple(table for table in schema.tables if phrase_of(table.name)))  # "" has no noun
    if not schema.tables:
        views = f", only the views {', '.join(map(str, schema.views[:5]))}" if schema.views else ""
        raise SourceError(f"the database has no table{views}; questions are made from tables, so give one with tables")
    missing = [name for name in focus if schema.table(name) is None]
    if missing:
        known = ", ".join(table.name for table in schema.tables[:20])
        raise SourceError(f"synthesis.tables names {', '.join(missing)}; the database has {known}")
    linked = with_inferred_keys(schema)
    _tell_inferred(schema, linked)
    away = distances(linked, focus or [max(linked.tables, key=lambda table: _degree(linked, table)).name])
    order = [table.name for table in linked.tables]
    near = sorted(order, key=lambda name: (away.get(name.lower(), len(order)), order.index(name)))[:max_tables]
    if len(near) < len(order):
        logger.info("%d of %d tables are kept, the nearest by foreign keys: %s", len(near), len(order), ", ".join(near))
    return Schema(tuple(_narrow(linked, table, near, max_columns) for table in linked.tables if table.name in near))


def _degree(schema: Schema, table: Table) -> int:
    return sum(table.name in (key.table, other.name) for other in schema.tables for key in other.foreign_keys)


def _tell_inferred(schema: Schema, linked: Schema) -> None:
    found = [
        f"{table.name}.{key.columns[0]} -> {key.table}"
        for given, table in zip(schema.tables, linked.tables, strict=True)
        for key in table.foreign_keys
        if key.columns not in {declared.columns for declared in given.foreign_keys}
    ]
    if found:
        logger.info("%d foreign keys are not declared and were read from names: %s", len(found), ", ".join(found[:10]))


def _narrow(schema: Schema, table: Table, kept: Sequence[str], max_columns: int) -> Table:
    """Return a table with the references that hold among the kept tables, and so many columns."""
    keys = tuple(key for key in table.foreign_keys if _refers_to_key(schema, key) and key.table in kept)
    needed = {*table.primary_key, *(name for key in keys for name in key.columns)}
    others = [column.name for column in table.columns if column.name not in needed]
    shown = needed | set(others[: max(0, max_columns - len(needed))])
    if len(shown) < len(table.columns):
        logger.info("table %s: %d of %d columns are kept", table.name, len(shown), len(table.columns))
    columns: tuple[Column, ...] = tuple(column for column in table.columns if column.name in shown)
    return replace(table, columns=columns, foreign_keys=keys)


def _refers_to_key(schema: Schema, key: ForeignKey) -> bool:
    """Return whether a foreign key is one column that points to a primary key of one column."""
    target = schema.table(key.table)
    return target is not None and len(key.columns) == 1 and (key.target or target.primary_key) == target.primary_key
