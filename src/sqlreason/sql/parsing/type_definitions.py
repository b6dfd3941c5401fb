"""What a script defines for its columns to use, written out there: types (ENUM), domains and sequences."""

from __future__ import annotations

import re
from dataclasses import replace

from sqlglot.tokenizer_core import Token

from sqlreason.sql.parsing.ddl import Definition, counting, inner, qualified, word_of
from sqlreason.sql.parsing.statements import split_tokens
from sqlreason.sql.parsing.tables import Column, Table, identifier

_SEQUENCE = re.compile(r"""nextval\s*\(\s*'(?:[^'.]*\.)?"?([^'"]+)"?'""", re.IGNORECASE)


class Kinds:
    """The types of a script."""

    def __init__(self) -> None:
        self._columns: dict[str, Column] = {}
        self._checks: dict[str, tuple[str, ...]] = {}
        self._sequences: dict[str, tuple[int, int]] = {}

    def take(self, text: str, tokens: list[Token]) -> None:
        """Add the type or sequence that a statement defines."""
        words = [word_of(token) for token in tokens]
        place = words.index("EXISTS") + 1 if "EXISTS" in words[:6] else 2
        place += qualified(tokens[place:])
        name = tokens[place].text.lower()
        if "SEQUENCE" in words[:3]:
            self._sequences[name] = counting([token.text.upper() for token in tokens[place + 1 :]])
        elif "ENUM" in words:
            self._columns[name] = Column(name, f"ENUM({' '.join(inner(text, tokens).split())})")
        elif words[1] == "DOMAIN":
            read = Definition()
            read.take(text, [tokens[place], *tokens[place + 1 + (words[place + 1] == "AS") :]])
            self._columns[name] = read.columns[0]
            self._checks[name] = tuple(read.checks)

    def resolved(self, table: Table) -> Table:
        """The table with these types written out."""
        columns, checks = [], list(table.checks)
        for column in table.columns:
            if column.counted and (named := _SEQUENCE.match(column.default or "")):
                column = replace(column, counted=self._sequences.get(named[1].lower(), column.counted))
            key = column.type.rpartition(".")[2].strip('"').lower()
            if key in self._columns:
                kind = self._columns[key]
                column = replace(column, type=kind.type, default=column.default or kind.default)
                checks += [_of_column(check, column.name) for check in self._checks.get(key, ())]
            columns.append(column)
        return replace(table, columns=tuple(columns), checks=tuple(checks))


def _of_column(check: str, name: str) -> str:
    """A domain's condition as one of a column: what it calls VALUE is the column."""
    tokens = split_tokens(check, "postgres")
    for token in reversed(tokens[0] if tokens else []):
        if word_of(token) == "VALUE":
            check = f"{check[: token.start]}{identifier(name)}{check[token.end + 1 :]}"
    return check
