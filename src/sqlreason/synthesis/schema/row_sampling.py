"""Real rows, a few at a time and with everything that they refer to: what `rows: sampled` puts into contexts."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from sqlreason.synthesis.schema.annotated_schema import AnnotatedSchema, ColumnPlan, TablePlan
from sqlreason.synthesis.schema.readers import Reader
from sqlreason.synthesis.schema.rows import Contents, Row, Value
from sqlreason.synthesis.schema.sample_values import is_day, is_measure

POOL = 2000  # rows of a table that are read
_ASKED_AT_ONCE = 500  # keys in one IN list
_TRUTH = dict.fromkeys(("1", "t", "true", "y", "yes", "on"), True) | dict.fromkeys(
    ("0", "f", "false", "n", "no", "off"), False
)
_CLUSTERS = 3  # rows that share a parent come together, so that groups have more than one row


def read_pool(reader: Reader, annotated_schema: AnnotatedSchema, rows: Mapping[str, Sequence[Row]]) -> Contents:
    """Return the rows of every table, completed by the rows that they refer to.

    Args:
        reader: The open database, for the rows that are missing.
        annotated_schema: Its tables.
        rows: The first rows of each table.

    Returns:
        Rows whose references all lead to a row; those whose do not are left out.
    """
    pool = {name: list(found) for name, found in rows.items()}
    for table in reversed(annotated_schema.creation_order):
        for reference in table.references:
            _fetch_parents(reader, annotated_schema.table(reference.target), reference.name, pool[table.name], pool)
    return _closed(annotated_schema, pool)


def _fetch_parents(reader: Reader, parent: TablePlan, reference: str, children: list[Row], pool: Contents) -> None:
    """Read the rows of a table that are referred to and not there yet."""
    here = {row[parent.key_name] for row in pool[parent.name]}
    missing = sorted({row[reference] for row in children} - here - {None}, key=str)
    names = [column.name for column in parent.columns]
    for start in range(0, len(missing), _ASKED_AT_ONCE):
        found = reader.rows_by(parent.name, names, parent.key_name, missing[start : start + _ASKED_AT_ONCE])
        pool[parent.name] += [as_row(parent, values) for values in found]


def as_row(table: TablePlan, values: Sequence[Any]) -> Row:
    """Return a database's row as a row of the annotated schema; a value that is none of its column's kind is NULL."""
    return {column.name: _as_kind(column, value) for column, value in zip(table.columns, values, strict=True)}


def _as_kind(column: ColumnPlan, value: Any) -> Value:
    """Return a value as its column holds it: flags as truth values, days of the calendar, numbers."""
    if value is None or column.kind in ("key", "ref"):
        return value
    if column.kind == "bool":
        return _TRUTH.get(value.strip().lower()) if isinstance(value, str) else bool(value)
    if column.kind == "date":
        return (value.replace("T", " ")[:19] if column.has_time else value) if is_day(value) else None
    if column.kind in ("int", "real"):
        return value if is_measure(value) else None
    return value if isinstance(value, str) else str(value)


def _closed(annotated_schema: AnnotatedSchema, pool: Contents) -> Contents:
    """Leave out rows that refer to none, until all references lead somewhere."""
    while True:
        keys = {t.name: {row[t.key_name] for row in pool[t.name]} for t in annotated_schema.tables if t.key_name}
        kept = {
            table.name: [
                row for row in pool[table.name]
                if all(row[r.name] is None or row[r.name] in keys[r.target] for r in table.references)
            ]
            for table in annotated_schema.tables
        }  # fmt: skip
        if all(len(kept[name]) == len(pool[name]) for name in pool):
            return kept
        pool = kept


def draw_rows(
    annotated_schema: AnnotatedSchema, pool: Contents, rng: random.Random, rows: tuple[int, int] = (4, 8)
) -> Contents:
    """Return a few real rows of every table with the rows that they refer to, in the order of the pool."""
    chosen: dict[str, dict[int, Row]] = {table.name: {} for table in annotated_schema.tables}
    by_key = {t.name: {row[t.key_name]: row for row in pool[t.name]} for t in annotated_schema.tables if t.key_name}

    def take(table: TablePlan, row: Row) -> None:
        if id(row) not in chosen[table.name]:
            chosen[table.name][id(row)] = row
            for reference in table.references:
                if row[reference.name] is not None:
                    take(annotated_schema.table(reference.target), by_key[reference.target][row[reference.name]])

    for table in reversed(annotated_schema.creation_order):
        wanted = rng.randint(*rows) - len(chosen[table.name])
        for row in _clustered(table, pool[table.name], rng, wanted):
            take(table, row)
    return {name: [row for row in pool[name] if id(row) in chosen[name]] for name in pool}


def _clustered(table: TablePlan, rows: list[Row], rng: random.Random, wanted: int) -> list[Row]:
    """Return so many rows, where possible such that some share what they refer to."""
    if wanted <= 0 or not rows:
        return []
    if not table.references:
        return rng.sample(rows, min(wanted, len(rows)))
    reference = rng.choice(table.references).name
    parents = {row[reference] for row in rng.sample(rows, min(_CLUSTERS, len(rows)))}
    alike = [row for row in rows if row[reference] in parents]
    chosen = rng.sample(alike, min(wanted, len(alike)))
    more = rng.sample(rows, min(wanted - len(chosen), len(rows)))
    return chosen + more
