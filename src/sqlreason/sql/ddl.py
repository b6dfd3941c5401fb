"""Tables read from the tokens of DDL and INSERT statements.

Working on tokens, not on trees, types stay as they are written, odd ones (`INTEGRER`, none at all) are no
obstacle, and it costs a third. Whether a definition is valid is for the database to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlglot.tokenizer_core import Token, TokenType

from sqlreason.sql.statements import number_of, text_of
from sqlreason.sql.tables import Column, ForeignKey, SchemaError, Table, Value

#: Words that end a column's type and begin its constraints.
_CONSTRAINTS = frozenset(
    [
        *("PRIMARY", "NOT", "NULL", "DEFAULT", "UNIQUE", "REFERENCES", "CHECK", "COMMENT", "COLLATE"),
        *("CONSTRAINT", "AUTO_INCREMENT", "AUTOINCREMENT", "GENERATED", "IDENTITY", "AS", "ON"),
    ]
)
#: Words with which an item that is no column begins.
_TABLE_CONSTRAINTS = frozenset(("PRIMARY", "FOREIGN", "UNIQUE", "CHECK", "CONSTRAINT", "KEY", "INDEX", "EXCLUDE"))
#: Types after which `key` or `index` is a column's name after all.
_TYPES = frozenset(("INT", "INTEGER", "TEXT", "VARCHAR", "REAL", "FLOAT", "BIGINT", "SMALLINT", "CHAR"))


def read_table(text: str, tokens: list[Token]) -> Table:
    """A table read from its tokens: types stay as written and no dialect's grammar is in the way."""
    opened = _opening(tokens)
    items = next(iter(_cells(tokens[opened:])), None) if opened else None
    if not items:
        raise SchemaError(f"the definition {text_of(text, tokens)[:60]!r} has no list of columns")
    read = _Definition()
    for item in items:
        if item:
            read.take(text, item)
    if not read.columns:
        raise SchemaError(f"the definition {text_of(text, tokens)[:60]!r} has no column")
    primary = {name.lower() for name in read.primary}
    columns = tuple(replace(c, nullable=c.nullable and c.name.lower() not in primary) for c in read.columns)
    name = tokens[opened - 1].text
    return Table(name, columns, tuple(read.primary), tuple(read.foreign), unique=tuple(read.unique))


class _Definition:
    """What the items between the parentheses of a CREATE TABLE add up to."""

    def __init__(self) -> None:
        self.columns: list[Column] = []
        self.primary: list[str] = []
        self.foreign: list[ForeignKey] = []
        self.unique: list[tuple[str, ...]] = []

    def take(self, text: str, item: list[Token]) -> None:
        words = [_word(token) for token in item]
        named = item[0].token_type is not TokenType.IDENTIFIER and words[0] in _TABLE_CONSTRAINTS
        if named and not (len(item) > 1 and words[0] in ("KEY", "INDEX") and words[1] in _TYPES):
            self._take_constraint(item, words)
        else:
            self._take_column(text, item, words)

    def _take_constraint(self, item: list[Token], words: list[str]) -> None:
        kind = next((word for word in words[:3] if word in ("PRIMARY", "FOREIGN", "UNIQUE")), "")
        names = _bracketed(item)
        if kind == "PRIMARY":
            self.primary = self.primary or list(names)
        elif kind == "UNIQUE":
            self.unique.append(names)
        elif kind == "FOREIGN":
            self._take_reference(names, item, words)

    def _take_column(self, text: str, item: list[Token], words: list[str]) -> None:
        name = item[0].text
        end = next((i for i, word in enumerate(words) if i and word in _CONSTRAINTS), len(item))
        written = " ".join(text_of(text, item[1:end]).split()) if end > 1 else ""
        marks = words[end:]
        comment = item[end:][marks.index("COMMENT") + 1].text if "COMMENT" in marks[:-1] else None
        self.columns.append(Column(name, written, "NOT" not in marks or "NULL" not in marks, comment))
        if "PRIMARY" in marks:
            self.primary.append(name)
        if "UNIQUE" in marks:
            self.unique.append((name,))
        self._take_reference((name,), item, words)

    def _take_reference(self, names: tuple[str, ...], item: list[Token], words: list[str]) -> None:
        if "REFERENCES" in words[:-1]:
            rest = item[words.index("REFERENCES") + 1 :]
            named = [i for i, token in enumerate(rest[:-1]) if token.token_type is TokenType.DOT]
            start = named[0] + 1 if named[:1] == [1] else 0
            bracketed = _bracketed(rest) if len(rest) > start + 1 and _word(rest[start + 1]) == "(" else ()
            self.foreign.append(ForeignKey(names, rest[start].text, bracketed))


def _word(token: Token) -> str:
    """The token as an upper-case word; a quoted name or a literal is no word."""
    quoted = token.token_type in (TokenType.IDENTIFIER, TokenType.STRING)
    return "" if quoted or not token.text.strip() else token.text.upper().split()[0]


def _bracketed(item: list[Token]) -> tuple[str, ...]:
    """The names in the first parentheses of an item: `(a, b DESC)` gives a and b."""
    first = next(iter(_cells(item[_opening(item) :])), [])
    return tuple(cell[0].text for cell in first if cell)


def _opening(tokens: list[Token]) -> int:
    """Where the first opening parenthesis stands; 0 if nowhere."""
    return next((i for i, token in enumerate(tokens) if token.token_type is TokenType.L_PAREN), 0)


def read_rows(tokens: list[Token], tables: dict[str, Table]) -> tuple[str, list[tuple[Value, ...]]]:
    """The table's name (lower case) and the rows of one `INSERT … VALUES`; no rows for any other INSERT."""
    kinds = [token.token_type for token in tokens]
    if TokenType.VALUES not in kinds:
        return "", []
    values = kinds.index(TokenType.VALUES)
    opened = kinds.index(TokenType.L_PAREN) if TokenType.L_PAREN in kinds[:values] else values
    name = tokens[opened - 1].text.lower()
    table = tables.get(name)
    given = [t.text.lower() for t in tokens[opened:values] if t.text not in "(),"]
    read = [tuple(_value(cell) for cell in row) for row in _cells(tokens[values + 1 :])]
    if table is None:
        return name, []
    order = given or [column.name.lower() for column in table.columns]
    return name, [_arranged(row, order, table) for row in read if len(row) == len(order)]


def _arranged(row: tuple[Value, ...], order: list[str], table: Table) -> tuple[Value, ...]:
    values = dict(zip(order, row, strict=True))
    return tuple(values.get(column.name.lower()) for column in table.columns)


def _cells(tokens: list[Token]) -> Iterable[list[list[Token]]]:
    """Groups the tokens after VALUES into rows of cells."""
    depth = 0
    row: list[list[Token]] = []
    for token in tokens:
        kind = token.token_type
        depth += kind is TokenType.L_PAREN
        if kind is TokenType.L_PAREN and depth == 1:
            row = [[]]
        elif kind is TokenType.R_PAREN and depth == 1:
            yield row
        elif kind is TokenType.COMMA and depth == 1:
            row.append([])
        elif depth:
            row[-1].append(token)
        elif kind is not TokenType.COMMA:
            return  # ON CONFLICT, RETURNING …
        depth -= kind is TokenType.R_PAREN
    if depth:
        raise SchemaError("its parentheses do not close")


def _bytes(digits: str) -> bytes | None:
    try:
        return bytes.fromhex(digits)
    except ValueError:  # x'zz': for the engine to refuse
        return None


def _value(cell: list[Token]) -> Value:
    """The literal that a cell holds; None for NULL and for what only a database could compute."""
    if not cell or len(cell) > 2:
        return None
    kind, text = cell[-1].token_type, cell[-1].text
    if kind is TokenType.NUMBER:
        number = number_of(text)
        return -number if number is not None and cell[0].token_type is TokenType.DASH else number
    if kind is TokenType.HEX_STRING:
        return _bytes(text)
    if kind in (TokenType.TRUE, TokenType.FALSE):
        return kind is TokenType.TRUE
    return text if kind in (TokenType.STRING, TokenType.NATIONAL_STRING, TokenType.IDENTIFIER) else None
