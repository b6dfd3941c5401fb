"""Tables read from the tokens of DDL.

Working on tokens, not on trees, types stay as they are written, odd ones (`INTEGRER`, none at all) are no
obstacle, and it costs a third. Whether a definition is valid is for the database to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from sqlglot.tokenizer_core import Token, TokenType

from sqlreason.sql.parsing.statements import text_of
from sqlreason.sql.parsing.tables import Column, ForeignKey, SchemaError, Table

#: Words that end a column's type and begin its constraints.
_CONSTRAINTS = frozenset(
    [
        *("PRIMARY", "NOT", "NULL", "DEFAULT", "UNIQUE", "REFERENCES", "CHECK", "COMMENT", "COLLATE", "CHARSET"),
        *("CONSTRAINT", "AUTO_INCREMENT", "AUTOINCREMENT", "GENERATED", "IDENTITY", "AS", "ON", "KEY"),
    ]
)
#: Words with which an item that is no column begins.
_TABLE_CONSTRAINTS = frozenset(
    ("PRIMARY", "FOREIGN", "UNIQUE", "CHECK", "CONSTRAINT", "KEY", "INDEX", "EXCLUDE", "FULLTEXT", "SPATIAL")
)
#: Types after which `key` or `index` is a column's name after all.
_TYPES = frozenset(("INT", "INTEGER", "TEXT", "VARCHAR", "REAL", "FLOAT", "BIGINT", "SMALLINT", "CHAR"))
_BRACKETS = re.compile(r"\[([A-Za-z_]\w*)\]")


def read_table(text: str, tokens: list[Token]) -> Table:
    """A table read from its tokens: types stay as written and no dialect's grammar is in the way."""
    opened = opening(tokens)
    items = next(iter(cells(tokens[opened:])), None) if opened else None
    if not items:
        raise SchemaError(f"the definition {text_of(text, tokens)[:60]!r} has no list of columns")
    read = Definition()
    for item in items:
        if item:
            read.take(text, item)
    if not read.columns:
        raise SchemaError(f"the definition {text_of(text, tokens)[:60]!r} has no column")
    return read.table(tokens[opened - 1].text)


class Definition:
    """What the items between the parentheses of a CREATE TABLE add up to, and what an ALTER TABLE makes of it."""

    def __init__(self, table: Table | None = None) -> None:
        known = table or Table("", ())
        self.columns = list(known.columns)
        self.primary = list(known.primary_key)
        self.foreign = list(known.foreign_keys)
        self.unique = list(known.unique)
        self.checks = list(known.checks)
        self._comment = known.comment

    def table(self, name: str) -> Table:
        """The table that it defines."""
        primary = {column.lower() for column in self.primary}
        columns = tuple(replace(c, nullable=c.nullable and c.name.lower() not in primary) for c in self.columns)
        columns = tuple(map(self._counted, columns))
        keys = tuple(self.primary), tuple(self.foreign)
        unique, checks = tuple(dict.fromkeys(self.unique)), tuple(dict.fromkeys(self.checks))
        return Table(name, columns, *keys, unique=unique, comment=self._comment, checks=checks)

    def _counted(self, column: Column) -> Column:
        """SQLite counts up what is called INTEGER PRIMARY KEY, and nothing else."""
        alone = [column.name.lower()] == [name.lower() for name in self.primary]
        counts = column.counted or ((1, 1) if alone and column.type.upper() == "INTEGER" else None)
        return replace(column, counted=counts)

    def take(self, text: str, item: list[Token]) -> None:
        """Add one item: a column or a constraint."""
        words = [word_of(token) for token in item]
        if _is_constraint(item, words):
            self._take_constraint(text, item, words)
        else:
            self._take_column(text, item)

    def _take_constraint(self, text: str, item: list[Token], words: list[str]) -> None:
        kind = next((word for word in words[:3] if word in ("PRIMARY", "FOREIGN", "UNIQUE", "CHECK")), "")
        names = bracketed(item)
        if kind == "PRIMARY":
            self.primary = self.primary or list(names)
        elif kind == "UNIQUE":
            self.unique.append(names)
        elif kind == "FOREIGN":
            self._take_reference(names, item, words)
        elif kind == "CHECK":
            self._take_check(text, item)

    def _take_check(self, text: str, tokens: list[Token]) -> None:
        if condition := inner(text, tokens):
            self.checks.append(condition)

    def _take_column(self, text: str, item: list[Token]) -> None:
        head, clauses = _clauses(item)
        name, found = item[0].text, dict(reversed(clauses))
        written = _BRACKETS.sub(r"\1", " ".join(text_of(text, head).split())) if head else ""
        comment = found["COMMENT"][0].text if found.get("COMMENT") else None
        default = text_of(text, found["DEFAULT"]) if found.get("DEFAULT") else None
        default = default or ("NULL" if ("NULL", []) in clauses[_after(clauses, "DEFAULT") :][:1] else None)
        computed = inner(text, found["AS"]) if "AS" in found else ""
        nullable = not any(one == ("NOT", []) and two == "NULL" for one, (two, _) in pairwise(clauses))
        counted = _counting(written, found, default or "")
        default = default if not counted or (default and "(" in default) else None
        self.columns.append(Column(name, written, nullable, comment, default, computed or None, counted))
        if "PRIMARY" in found or ("KEY" in found and "UNIQUE" not in found):
            self.primary.append(name)
        if "UNIQUE" in found:
            self.unique.append((name,))
        if "CHECK" in found:
            for word, tokens in clauses:
                if word == "CHECK":
                    self._take_check(text, tokens)
        if "REFERENCES" in found:
            self._take_reference((name,), item, [word_of(token) for token in item])

    def _take_reference(self, names: tuple[str, ...], item: list[Token], words: list[str]) -> None:
        if "REFERENCES" in words[:-1]:
            rest = item[words.index("REFERENCES") + 1 :]
            start = qualified(rest)
            named = bracketed(rest) if len(rest) > start + 1 and word_of(rest[start + 1]) == "(" else ()
            self.foreign.append(ForeignKey(names, rest[start].text, named))


def _is_constraint(item: list[Token], words: list[str]) -> bool:
    """Whether an item is no column, though its first word could be one's name."""
    if item[0].token_type is TokenType.IDENTIFIER or words[0] not in _TABLE_CONSTRAINTS:
        return False
    after = words[1] if len(words) > 1 else ""
    if words[0] in ("FULLTEXT", "SPATIAL"):
        return after in ("KEY", "INDEX", "(")
    return not (words[0] in ("KEY", "INDEX") and after in _TYPES)


def _clauses(item: list[Token]) -> tuple[list[Token], list[tuple[str, list[Token]]]]:
    """The tokens of a column's type, and its clauses: each begins with a known word outside of parentheses."""
    head: list[Token] = []
    clauses: list[tuple[str, list[Token]]] = []
    depth = 0
    words = [word_of(token) for token in item] + [""]
    for place, token in enumerate(item[1:], 1):
        word = words[place]
        starts = word in _CONSTRAINTS or (word == "CHARACTER" and words[place + 1] == "SET")
        if starts and depth == 0 and not (word == "NULL" and words[place - 1] == "SET"):
            clauses.append((word, []))
        else:
            (clauses[-1][1] if clauses else head).append(token)
        depth += (token.token_type is TokenType.L_PAREN) - (token.token_type is TokenType.R_PAREN)
    return head, clauses


def _after(clauses: list[tuple[str, list[Token]]], word: str) -> int:
    """Where the clause behind the one of that word stands; behind the last if there is none."""
    return next((i + 1 for i, (name, _) in enumerate(clauses) if name == word), len(clauses))


def _counting(kind: str, clauses: dict[str, list[Token]], default: str) -> tuple[int, int] | None:
    """From which number and by which step a column is counted up; None if the database does not."""
    counts = {"IDENTITY", "AUTO_INCREMENT", "AUTOINCREMENT"} & set(clauses)
    if not counts and "SERIAL" not in kind.upper() and not default.lower().startswith("nextval"):
        return None
    return counting([token.text.upper() for token in clauses.get("IDENTITY", ())])


def counting(words: list[str]) -> tuple[int, int]:
    """First number and step, from the words behind IDENTITY or a sequence's name: `(10, 5)`, `START WITH 10`."""
    said = [word for word in words if word not in "(),="]
    named = {one: two for one, two in pairwise(said) if two not in ("WITH", "BY")}
    first = named.get("WITH" if "WITH" in named else "START", said[0] if said else "")
    step = named.get("BY" if "BY" in named else "INCREMENT", said[1] if len(said) == 2 and said[0].isdecimal() else "")
    return _number(first), _number(step) or 1


def _number(text: str) -> int:
    """A number of ordinary size; 1 for anything else."""
    return int(text) if text.isdecimal() and len(text) < 16 else 1


def word_of(token: Token) -> str:
    """The token as an upper-case word; a quoted name or a literal is no word."""
    quoted = token.token_type in (TokenType.IDENTIFIER, TokenType.STRING, TokenType.NATIONAL_STRING)
    first = "" if quoted else token.text.upper().split()[:1]
    return first[0] if first else ""


def qualified(tokens: list[Token]) -> int:
    """Where the last part of a qualified name stands that the tokens begin with: in `shop.orders` at 2."""
    place = 0
    while len(tokens) > place + 2 and tokens[place + 1].token_type is TokenType.DOT:
        place += 2
    return place


def bracketed(item: list[Token]) -> tuple[str, ...]:
    """The names in the first parentheses of an item: `(a, b DESC)` gives a and b."""
    first = next(iter(cells(item[opening(item) :])), [])
    return tuple(cell[0].text for cell in first if cell)


def inner(text: str, tokens: list[Token]) -> str:
    """What stands between the first parenthesis and the one that closes it; "" if there is none."""
    start, depth = opening(tokens), 0
    if not tokens or tokens[start].token_type is not TokenType.L_PAREN:
        return ""
    for place in range(start, len(tokens)):
        kind = tokens[place].token_type
        depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
        if depth == 0:
            return text_of(text, tokens[start + 1 : place]) if place > start + 1 else ""
    return ""


def opening(tokens: list[Token]) -> int:
    """Where the first opening parenthesis stands; 0 if nowhere."""
    return next((i for i, token in enumerate(tokens) if token.token_type is TokenType.L_PAREN), 0)


def cells(tokens: list[Token]) -> Iterator[list[list[Token]]]:
    """Groups what stands in parentheses at the top into rows of cells."""
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
