"""Tables as values: columns, keys and rows, and how a value is written in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from math import isfinite, isnan
from typing import Any

from sqlreason.errors import BadInput

Value = int | float | str | bytes | bool | None


class SchemaError(BadInput):
    """A context from which no schema can be read; the message says which statement and why."""


@dataclass(frozen=True)
class Column:
    """A column: its name, its type as written, whether it may be NULL, and its comment."""

    name: str
    type: str
    nullable: bool = True
    comment: str | None = None


@dataclass(frozen=True)
class ForeignKey:
    """Columns that refer to the target columns of another table; an empty target means its primary key."""

    columns: tuple[str, ...]
    table: str
    target: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table with its keys, its comment and the rows that the context inserts, in column order."""

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    rows: tuple[tuple[Value, ...], ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    comment: str | None = None

    def column(self, name: str) -> Column | None:
        """Finds a column by name, whatever its letter case."""
        return next((column for column in self.columns if column.name.lower() == name.lower()), None)


def literal(value: Any) -> str:
    """Writes a Python value as a SQL literal, lists and maps by DuckDB's functions; any other by its text."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, bytes):
        return f"X'{value.hex()}'"
    if isinstance(value, float | Decimal) and not isfinite(value):
        return "NULL" if isnan(value) else "9e999" if value > 0 else "-9e999"
    if isinstance(value, list):
        return f"list_value({', '.join(map(literal, value))})"
    if isinstance(value, dict):
        return f"map({literal(list(value))}, {literal(list(value.values()))})"
    return str(value) if isinstance(value, int | float | Decimal) else "'" + str(value).replace("'", "''") + "'"
