"""Tables with the rows that a script puts into them: defaults, counted keys and types as the database applies them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sqlglot.tokenizer_core import TokenType

from sqlreason.sql.inserts import DEFAULT, Cell, value_of
from sqlreason.sql.statements import split_tokens
from sqlreason.sql.tables import Column, Table

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]{1,3})?", re.IGNORECASE)
_NUMERIC = ("REAL", "FLOA", "DOUB", "DEC", "NUM")


@dataclass
class Filled:
    """A table with the rows inserted so far, each as long as the table has columns."""

    table: Table
    rows: list[list[Cell]] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def put(self, columns: tuple[str, ...], cells_: list[Cell], dialect: str) -> bool:
        """Adds a row, with what the database fills in; whether it has as many cells as it needs."""
        own = [column.name for column in self.table.columns if not column.computed]
        counted = [column.name for column in self.table.columns if column.counted]
        order = list(columns) or own
        if not columns and len(cells_) == len(own) - len(counted):
            order = [name for name in own if name not in counted]  # SQL Server's: its identity is never given
        if len(cells_) != len(order) and not (not cells_ and not columns):
            return False
        given = {name.lower(): cell for name, cell in zip(order, cells_, strict=False)}
        self.rows.append([self.cell(c, given.get(c.name.lower(), DEFAULT), dialect) for c in self.table.columns])
        return True

    def cell(self, column: Column, cell: Cell, dialect: str) -> Cell:
        """What the database puts into a column that is given this."""
        if column.counted and (cell is None or cell == DEFAULT):
            return self._counted(column, column.counted)
        if column.computed:
            return None
        if cell == DEFAULT:
            return _default_of(column, dialect)
        cell = _fitting(column, cell, dialect)
        if column.counted and isinstance(cell, int):
            key = column.name.lower()
            self.numbers[key] = max(self.numbers.get(key, column.counted[0]), cell + column.counted[1])
        return cell

    def _counted(self, column: Column, counting: tuple[int, int]) -> int:
        number = self.numbers.get(column.name.lower(), counting[0])
        self.numbers[column.name.lower()] = number + counting[1]
        return number


def _default_of(column: Column, dialect: str) -> Cell:
    if column.default is None:
        return None
    tokens = (split_tokens(column.default, dialect) or [[]])[0]
    while tokens and tokens[0].token_type is TokenType.L_PAREN and tokens[-1].token_type is TokenType.R_PAREN:
        tokens = tokens[1:-1]
    return _fitting(column, value_of(column.default, tokens), dialect)


def _fitting(column: Column, cell: Cell, dialect: str) -> Cell:
    """A cell as its column holds it: a number in quotes is one, and 't' is true where PostgreSQL wrote it."""
    if not isinstance(cell, str):
        return cell
    kind = column.type.upper()
    if dialect == "postgres" and kind.startswith("BOOL"):
        return {"t": True, "true": True, "f": False, "false": False}.get(cell.lower(), cell)
    if kind.startswith(_NUMERIC) or "SERIAL" in kind or "INT" in kind.partition("(")[0]:
        return (int if _WHOLE.fullmatch(cell) else float)(cell) if _NUMBER.fullmatch(cell) else cell
    return cell
