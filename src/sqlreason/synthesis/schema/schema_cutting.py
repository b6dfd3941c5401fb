"""Large schemas cut to what questions can be asked about: tables near by foreign keys, columns up to a number.

What ties the tables comes first: keys in the letter case of what they name, and keys that nobody declared.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlreason.sql.parsing.schema import Column, ForeignKey, Schema, Table, distances
from sqlreason.sql.parsing.undeclared_keys import with_inferred_keys
from sqlreason.synthesis.english import phrase_of
from sqlreason.synthesis.schema.naming import nouns_of
from sqlreason.synthesis.schema.readers import SourceError

logger = logging.getLogger(__name__)


def cut(schema: Schema, focus: Sequence[str], max_tables: int, max_columns: int, likely_keys: bool = False) -> Schema:
    """Return the schema with at most `max_tables` tables of at most `max_columns` columns.

    Args:
        schema: Schema of the whole database.
        focus: Tables around which the nearest by foreign keys are kept; without any, the one with most foreign keys.
        max_tables: Tables to keep.
        max_columns: Columns of a table to keep: its keys, its references, then the first others.
        likely_keys: Whether a column that is called like a key is one where none is declared; see `confirm`.

    Raises:
        SourceError: There is no table, or the focus names one that is not there, or more than are kept.
    """
    schema = replace(schema, tables=tuple(table for table in schema.tables if phrase_of(table.name)))  # "" has no noun
    if not schema.tables:
        views = f", only the views {', '.join(map(str, schema.views[:5]))}" if schema.views else ""
        raise SourceError(f"the database has no table{views}; questions are made from tables, so give one with tables")
    missing = [name for name in focus if schema.table(name) is None]
    if missing:
        known = ", ".join(table.name for table in schema.tables[:20])
        raise SourceError(f"synthesis.tables names {', '.join(missing)}; the database has {known}")
    if len(focus) > max_tables:
        raise SourceError(
            f"synthesis.tables names {len(focus)} tables, of which max_tables={max_tables} would drop some; raise it"
        )
    schema = _spelled(schema)
    linked = with_inferred_keys(_with_keys(schema, likely_keys))
    _tell_inferred(schema, linked)
    away = distances(linked, focus or [max(linked.tables, key=lambda table: _degree(linked, table)).name])
    order = [table.name for table in linked.tables]
    near = sorted(order, key=lambda name: (away.get(name.lower(), len(order)), order.index(name)))[:max_tables]
    if len(near) < len(order):
        logger.info("%d of %d tables are kept, the nearest by foreign keys: %s", len(near), len(order), ", ".join(near))
    kept = tuple(_narrow(linked, table, near, max_columns) for table in linked.tables if table.name in near)
    return _with_followed(replace(linked, tables=kept))


def confirm(schema: Schema, given: Schema, is_unique: Callable[[Table, str], bool]) -> Schema:
    """Return a cut schema without the keys that were assumed and that the rows deny, and without references to them.

    Args:
        schema: What `cut` returned.
        given: What it was cut from, whose primary keys are declared.
        is_unique: Whether no two rows share a value of the column, and none lacks one.
    """

    def hold(table: Table) -> Table:
        known = given.table(table.name)
        declared = known.primary_key if known else ()
        same = [name.lower() for name in declared] == [name.lower() for name in table.primary_key]
        return table if same or is_unique(table, table.primary_key[0]) else replace(table, primary_key=declared)

    return _with_followed(replace(schema, tables=tuple(map(hold, schema.tables))))


def _spelled(schema: Schema) -> Schema:
    """Return the schema whose keys write tables and columns as these are defined; SQLite knows them in any case."""

    def names(table: Table | None, given: tuple[str, ...]) -> tuple[str, ...]:
        exact = {column.name for column in table.columns} if table else set(given)
        found = (None if name in exact or not table else table.column(name) for name in given)
        return tuple(column.name if column else name for name, column in zip(given, found, strict=True))

    def target(key: ForeignKey) -> Table | None:
        return next((table for table in schema.tables if table.name == key.table), schema.table(key.table))

    def spell(table: Table) -> Table:
        keys = ((key, target(key)) for key in table.foreign_keys)
        return replace(
            table,
            primary_key=names(table, table.primary_key),
            foreign_keys=tuple(
                ForeignKey(names(table, key.columns), to.name if to else key.table, names(to, key.target))
                for key, to in keys
            ),
        )

    return replace(schema, tables=tuple(map(spell, schema.tables)))


def _with_keys(schema: Schema, likely: bool) -> Schema:
    """Return the schema in which a table's key is the one column that others refer to, or that is called like a key.

    A foreign key may lead to a UNIQUE column; a table that was imported from a file has no primary key.
    """

    def complete(table: Table) -> Table:
        referred = {
            key.target or table.primary_key
            for other in schema.tables
            for key in other.foreign_keys
            if key.table == table.name and len(key.columns) == 1
        }
        if len(referred) == 1 and (key := referred.pop()):
            return replace(table, primary_key=key)
        noun = nouns_of(table.name, table.comment)[0].replace(" ", "")
        called = (c.name for c in table.columns if c.name.lower().replace("_", "") in ("id", f"{noun}id"))
        return table if table.primary_key or not likely else replace(table, primary_key=tuple(called)[:1])

    return replace(schema, tables=tuple(map(complete, schema.tables)))


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
    """Return a table with the references to kept tables, and so many columns."""
    keys = tuple(key for key in table.foreign_keys if key.table in kept)
    needed = {*table.primary_key, *(name for key in keys for name in key.columns)}
    others = [column.name for column in table.columns if column.name not in needed]
    shown = needed | set(others[: max(0, max_columns - len(needed))])
    if len(shown) < len(table.columns):
        logger.info("table %s: %d of %d columns are kept", table.name, len(shown), len(table.columns))
    columns: tuple[Column, ...] = tuple(column for column in table.columns if column.name in shown)
    return replace(table, columns=columns, foreign_keys=keys)


def _with_followed(schema: Schema) -> Schema:
    """Return the schema with the references that questions can follow, and tell of the others."""
    lost = [
        f"{table.name}({', '.join(key.columns)}) -> {key.table}({', '.join(key.target)})"
        for table in schema.tables
        for key in table.foreign_keys
        if not _refers_to_key(schema, key)
    ]
    if lost:
        logger.info(
            "no question joins by %d foreign keys, which are of several columns or lead to none that is the key: %s",
            len(lost),
            ", ".join(lost[:10]),
        )
    return replace(
        schema,
        tables=tuple(
            replace(table, foreign_keys=tuple(key for key in table.foreign_keys if _refers_to_key(schema, key)))
            for table in schema.tables
        ),
    )


def _refers_to_key(schema: Schema, key: ForeignKey) -> bool:
    """Return whether a foreign key is one column that points to a primary key of one column."""
    target = schema.table(key.table)
    return target is not None and len(key.columns) == 1 and (key.target or target.primary_key) == target.primary_key
