"""Tables with the rows that a script puts into them: defaults, counted keys and types as the database applies them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sqlglot.tokenizer_core import Token, TokenType

from sqlreason.sql.parsing.inserts import DEFAULT, Cell, value_of
from sqlreason.sql.parsing.statements import split_tokens
from sqlreason.sql.parsing.tables import Column, Table

_PLAIN: frozenset[type] = frozenset((int, float, bool, type(None)))
_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]{1,3})?", re.IGNORECASE)
_BYTES = 8  # of a number
_FLAGS = ("BOOL", "BIT")
_BITS: dict[str, Cell] = {"0": False, "1": True}
_TRUTHS = _BITS | dict.fromkeys(("t", "true", "y", "yes", "on"), True)
_TRUTHS |= dict.fromkeys(("f", "false", "n", "no", "off"), False)
_NUMERIC = ("REAL", "FLOA", "DOUB", "DEC", "NUM")


@dataclass
class Filled:
    """A table with the rows inserted so far, each as long as the table has columns.

    Attributes:
        numbers: The next number of each counted column, by name in lower case.
        is_known: Whether these are its rows: no statement that only a database can run has changed them.
        keeps_zero: Whether MySQL was told to store a 0 in a counted column instead of the next number.
    """

    table: Table
    rows: list[list[Cell]] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)
    is_known: bool = True
    keeps_zero: bool = False

    def put(self, columns: tuple[str, ...], given: list[list[Cell]], dialect: str) -> list[list[Cell]]:
        """Add rows, with what the database fills in, and return them; one of another length is left out."""
        own = [column.name for column in self.table.columns if not column.computed]
        order = list(columns) or own
        if not columns and given and len(given[0]) < len(own):  # SQL Server's: its identity is never given
            order = [column.name for column in self.table.columns if not (column.computed or column.counted)]
        places = {name.lower(): place for place, name in enumerate(order)}
        sources = []
        for column in self.table.columns:
            kept: set[type] = set() if column.counted or column.computed else set(_PLAIN)
            kept |= {str} if kept and not _converts(column, dialect) else set()
            sources.append((column, places.get(column.name.lower(), len(order)), kept))
        rows = [
            [row[at] if type(row[at]) in kept else self.cell(column, row[at], dialect) for column, at, kept in sources]
            for row in ([*row, DEFAULT] for row in given if len(row) == len(order))
        ]
        self.rows += rows
        return rows

    def cell(self, column: Column, cell: Cell, dialect: str) -> Cell:
        """What the database puts into a column that is given this."""
        asked = cell is None or cell == DEFAULT or (cell == 0 and dialect == "mysql" and not self.keeps_zero)
        if column.counted and asked:
            return self._counted(column, column.counted)
        if column.computed:
            return None
        if cell == DEFAULT:
            return default_of(column, dialect)
        cell = _fitting(column, cell, dialect)
        if column.counted and isinstance(cell, int):
            key = column.name.lower()
            self.numbers[key] = max(self.numbers.get(key, column.counted[0]), cell + column.counted[1])
        return cell

    def start(self, tokens: list[Token]) -> None:
        """Take the first number that MySQL's table option says: AUTO_INCREMENT=50."""
        counted = next((column for column in self.table.columns if column.counted), None)
        said = [token.text for token in tokens[:3] if token.text != "="]
        if counted is not None and len(said) > 1 and said[0].upper() == "AUTO_INCREMENT" and _WHOLE.fullmatch(said[1]):
            self.numbers[counted.name.lower()] = int(said[1])

    def _counted(self, column: Column, counting: tuple[int, int]) -> int | None:
        if not self.is_known:  # the database knows the next number
            return None
        if (key := column.name.lower()) not in self.numbers:
            place = self.table.columns.index(column)
            given = [cell for row in self.rows if isinstance(cell := row[place], int)]
            self.numbers[key] = max(given) + counting[1] if given else counting[0]
        number = self.numbers[key]
        self.numbers[key] = number + counting[1]
        return number


def default_of(column: Column, dialect: str) -> Cell:
    """What a column holds that an INSERT leaves out."""
    if column.default is None:
        return None
    tokens = (split_tokens(column.default, dialect) or [[]])[0]
    while tokens and tokens[0].token_type is TokenType.L_PAREN and tokens[-1].token_type is TokenType.R_PAREN:
        tokens = tokens[1:-1]
    return _fitting(column, value_of(column.default, tokens), dialect)


def _fitting(column: Column, cell: Cell, dialect: str) -> Cell:
    """A cell as its column holds it: a number in quotes, or 0x1F, is one, and 't' is true where PostgreSQL wrote it."""
    if isinstance(cell, bytes) and len(cell) < _BYTES and _converts(column, dialect):
        return int.from_bytes(cell)
    if not isinstance(cell, str) or not _converts(column, dialect):
        return cell
    if column.type.upper().startswith(_FLAGS):
        return _TRUTHS.get(cell.strip().lower(), cell) if dialect in ("postgres", "tsql") else _BITS.get(cell, cell)
    return (int if _WHOLE.fullmatch(cell) else float)(cell) if _NUMBER.fullmatch(cell) else cell


def _converts(column: Column, dialect: str) -> bool:
    """Whether a column makes something else of some texts."""
    kind = column.type.upper()
    numeric = kind.startswith(_NUMERIC) or "SERIAL" in kind or "INT" in kind.partition("(")[0]
    return numeric or kind.startswith(_FLAGS)
