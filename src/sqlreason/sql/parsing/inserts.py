"""Rows read from the tokens of INSERT statements."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlglot.tokenizer_core import Token, TokenType

from sqlreason.sql.parsing.ddl import bracketed, cells, opening, qualified, word_of
from sqlreason.sql.parsing.statements import text_of
from sqlreason.sql.parsing.tables import Value


@dataclass(frozen=True)
class Computed:
    """A cell that only a database could compute, as it is written; an empty text asks for the column's default."""

    text: str


Cell = Value | Computed
DEFAULT = Computed("")

#: A row of defaults is given as one cell of a column that no table has.
_NO_COLUMN = ""
_PREFIXES = frozenset(("DATE", "TIMESTAMP", "TIME", "E", "N", "B", "X", "_UTF8", "_UTF8MB4", "_LATIN1"))
_TEXTS = frozenset((TokenType.STRING, TokenType.NATIONAL_STRING, TokenType.IDENTIFIER, TokenType.BYTE_STRING))
_LAST_NUMBER = re.compile(r"(?:(?:last_insert_(?:row)?id|scope_identity|lastval)\s*\(\s*\)|@@identity)\s*$", re.I)
#: SQLite holds whole numbers up to here; beyond they are real ones.
_LARGEST = 2**63


@dataclass(frozen=True)
class Inserted:
    """What one `INSERT … VALUES` says: the table, the columns if it names them, the rows."""

    table: str
    columns: tuple[str, ...]
    rows: list[list[Cell]]


def read_insert(text: str, tokens: list[Token]) -> Inserted | None:
    """Read one statement; None for an INSERT of anything but values."""
    kinds = [token.token_type for token in tokens]
    if TokenType.VALUES not in kinds or TokenType.SELECT in kinds[: kinds.index(TokenType.VALUES)]:
        return None
    values = kinds.index(TokenType.VALUES)
    named = kinds.index(TokenType.INTO, 0, values) + 1 if TokenType.INTO in kinds[:values] else 1
    named += qualified(tokens[named:])
    if word_of(tokens[values - 1]) == "DEFAULT":
        return Inserted(tokens[named].text, (_NO_COLUMN,), [[DEFAULT]])
    given = bracketed(tokens[named + 1 : values]) if TokenType.L_PAREN in kinds[named:values] else ()
    rows = [
        [_literal(text, cell[0]) if len(cell) == 1 else value_of(text, cell) for cell in row]
        for row in cells(tokens[values + 1 :])
    ]
    return Inserted(tokens[named].text, given, rows)


def written_table(tokens: list[Token]) -> str:
    """The table, in lower case, that an INSERT, UPDATE or DELETE writes; "" for any other statement."""
    if word_of(tokens[0]) not in ("INSERT", "UPDATE", "DELETE", "REPLACE"):
        return ""
    words = [word_of(token) for token in tokens[:4]]
    place = next((words.index(word) + 1 for word in ("INTO", "FROM") if word in words), 1)
    place += qualified(tokens[place:])
    return tokens[place].text.lower() if place < len(tokens) else ""


def value_of(text: str, cell: list[Token]) -> Cell:
    """The literal that a cell holds, casts taken off."""
    if not cell:
        return None
    if len(cell) == 1:
        return _literal(text, cell[0])
    first, second, word = cell[0], cell[1], word_of(cell[0])
    signed = first.token_type in (TokenType.DASH, TokenType.PLUS)
    if len(cell) == 2 and signed and second.token_type is TokenType.NUMBER:
        number = _number(second.text)
        return -number if isinstance(number, int | float) and first.token_type is TokenType.DASH else number
    if len(cell) == 2 and second.token_type is TokenType.STRING and word in _PREFIXES:
        return _prefixed(word, second.text)
    if TokenType.DCOLON in (kinds := [token.token_type for token in cell]):
        before = value_of(text, cell[: kinds.index(TokenType.DCOLON)])
        return before if not isinstance(before, Computed) else Computed(text_of(text, cell))
    if word == "CAST" and kinds[-1] is TokenType.R_PAREN and TokenType.ALIAS in kinds:
        inside = value_of(text, cell[opening(cell) + 1 : len(kinds) - 1 - kinds[::-1].index(TokenType.ALIAS)])
        return inside if not isinstance(inside, Computed) else Computed(text_of(text, cell))
    return Computed(text_of(text, cell))


def _literal(text: str, token: Token) -> Cell:
    kind = token.token_type
    if kind is TokenType.NUMBER:
        return _number(token.text)
    if kind in _TEXTS:
        return token.text
    if kind is TokenType.NULL:
        return None
    if kind in (TokenType.TRUE, TokenType.FALSE):
        return kind is TokenType.TRUE
    if kind is TokenType.HEX_STRING:
        is_number = text[token.start : token.start + 2].lower() == "0x"  # which may have an odd number of digits
        return _prefixed("X", "0" * (is_number and len(token.text) % 2) + token.text)
    if kind is TokenType.BIT_STRING:
        return _prefixed("B", token.text)
    return DEFAULT if word_of(token) == "DEFAULT" else Computed(text_of(text, [token]))


def _prefixed(prefix: str, content: str) -> Cell:
    """A literal by the word before its quotes: E'…', N'…', x'…', b'…', DATE '…'."""
    try:
        if prefix == "X":
            return bytes.fromhex(content)
        return int(content or "0", 2) if prefix == "B" else content
    except ValueError:
        return Computed(f"{prefix}'{content}'")


def is_last_number(cell: Cell) -> bool:
    """Whether a cell asks for the number that was last given to a counted column."""
    return isinstance(cell, Computed) and _LAST_NUMBER.match(cell.text) is not None


def _number(written: str) -> Cell:
    """A number as SQLite holds it; what is none (`1e`) stays as it is written."""
    try:
        whole = int(written) if written.isdecimal() and len(written) < 40 else None
        return whole if whole is not None and whole < _LARGEST else float(written)
    except ValueError:
        return Computed(written)
