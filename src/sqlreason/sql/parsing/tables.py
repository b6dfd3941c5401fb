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
    """A column: its name, its type as written, whether it may be NULL, and its comment.

    Attributes:
        default: Its DEFAULT as written; None without one.
        computed: The expression of a generated column; None for one that holds what it is given.
        counted: First number and step of a key that the database counts up where an INSERT leaves it out.
    """

    name: str
    type: str
    nullable: bool = True
    comment: str | None = None
    default: str | None = None
    computed: str | None = None
    counted: tuple[int, int] | None = None

    @property
    def holds_texts(self) -> bool:
        """Whether its type is one of texts."""
        return any(word in self.type.upper() for word in ("CHAR", "TEXT", "CLOB", "STRING", "ENUM"))


@dataclass(frozen=True)
class ForeignKey:
    """Columns that refer to the target columns of another table; an empty target means its primary key."""

    columns: tuple[str, ...]
    table: str
    target: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table with its keys, its comment and the rows that the context inserts, in column order.

    Attributes:
        checks: The conditions of its CHECKs as written.
    """

    name: str
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...] = ()
    foreign_keys: tuple[ForeignKey, ...] = ()
    rows: tuple[tuple[Value, ...], ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()
    comment: str | None = None
    checks: tuple[str, ...] = ()

    def column(self, name: str) -> Column | None:
        """Find a column by name, whatever its letter case."""
        return next((column for column in self.columns if column.name.lower() == name.lower()), None)


def literal(value: Any) -> str:
    """Write a Python value as a SQL literal, lists and maps by DuckDB's functions; any other by its text.

    Infinity is a number too large, and what is no number NULL.
    """
    if type(value) is str:  # the most frequent ones first: drawn databases hold hundreds of thousands
        return "'" + value.replace("'", "''") + "'"
    if type(value) is int:
        return repr(value)
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


def identifier(name: str) -> str:
    """Write a name in quotes, as every engine reads it."""
    return '"' + name.replace('"', '""') + '"'
