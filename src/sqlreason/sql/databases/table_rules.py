"""What the rows of a table must obey beside keys and references: CHECKs, lists of values, NOT NULL, truth values.

A row that breaks a rule takes other values where some can be found that pass; otherwise it is left out.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, product

from sqlglot import exp
from sqlglot.tokenizer_core import TokenType

from sqlreason.sql.databases.values import as_kind, fresh, later
from sqlreason.sql.parsing.check_constraints import Unreadable, columns_of, condition_of, holds, is_readable, suggested
from sqlreason.sql.parsing.constraints import Place
from sqlreason.sql.parsing.schema import Schema, Table, Value
from sqlreason.sql.parsing.statements import split_tokens
from sqlreason.sql.parsing.tables import Column, identifier, literal

#: A column has so many values to try at most, and several columns together so many combinations.
_VALUES, _COMBINED = 90, 4_000


@dataclass(frozen=True)
class Rule:
    """A condition on the rows of a table, with the columns that it names."""

    condition: exp.Expr
    columns: tuple[str, ...]


def rules_of(table: Table) -> tuple[list[Rule], int]:
    """The rules that can be evaluated, and how many cannot."""
    texts = [*table.checks, *filter(None, map(listing, table.columns))]
    conditions = [condition_of(text) for text in texts]
    known = {column.name.lower() for column in table.columns}
    found = [
        Rule(condition, tuple(columns_of(condition)))
        for condition in conditions
        if condition is not None and is_readable(condition) and set(columns_of(condition)) <= known
    ]
    return [rule for rule in found if rule.columns], len(texts) - len(found)


def listing(column: Column) -> str:
    """What a column of a listed type (ENUM) may hold, as a condition; "" for any other type."""
    if not column.type.upper().startswith(("ENUM", "SET(", "SET (")):
        return ""
    tokens = (split_tokens(column.type, "mysql") or [[]])[0]
    listed = [literal(token.text) for token in tokens if token.token_type in (TokenType.STRING, TokenType.IDENTIFIER)]
    return f"{identifier(column.name)} IN ({', '.join(listed)})" if listed else ""


def unread_rules(schema: Schema, gold: str) -> int:
    """How many rules of a gold's tables cannot be evaluated here: drawn rows may break them, and are then refused."""
    text = gold.lower()
    return sum(rules_of(table)[1] for table in schema.tables if table.name.lower() in text)


class Rules:
    """The rules of some tables, for their drawn rows.

    Args:
        tables: Whose rows are drawn.
        kinds: What their columns hold, by place.
        pools: Values that the columns may take; those that break a rule of one column are taken out, and others that
            pass are put in.
    """

    def __init__(self, tables: Sequence[Table], kinds: Mapping[Place, str], pools: dict[Place, list[Value]]) -> None:
        self._kinds, self._pools = kinds, pools
        self._tables = {table.name.lower(): table for table in tables}
        self._rules = {name: rules_of(table)[0] for name, table in self._tables.items()}
        self._flags: dict[str, list[int]] = {}
        self._needed: dict[str, list[tuple[int, Column]]] = {}
        for name, table in self._tables.items():
            columns = list(enumerate(table.columns))
            self._flags[name] = [i for i, column in columns if kinds[name, column.name.lower()] == "bool"]
            given = {*table.primary_key, *(column.name for column in table.columns if column.computed)}
            self._needed[name] = [(i, c) for i, c in columns if not c.nullable and c.name not in given]
        self._ruled = [n for n in self._tables if self._flags[n] or self._needed[n] or self._rules[n]]
        for name, rules in self._rules.items():
            for rule in rules:
                if len(rule.columns) == 1:
                    self._fill((name, rule.columns[0]), rule)

    def _fill(self, place: Place, rule: Rule) -> None:
        wanted = (as_kind(value, self._kinds[place]) for value in suggested(rule.condition))
        values = [*self._pools[place], *islice(wanted, _VALUES)]
        kind = self._kinds[place]
        passing = [v for v in dict.fromkeys(values) if _is_of(v, kind) and _passes(rule, {place[1]: v})]
        self._pools[place] = list(passing) or self._pools[place]

    def obey(
        self, rows: dict[str, list[list[Value]]], fixed: Collection[Place], rng: random.Random, keep: bool
    ) -> None:
        """Let rows obey, in place.

        Args:
            rows: By table.
            fixed: Columns whose values must stay, since keys and references hang on them.
            rng: For the choice among values that pass.
            keep: Whether a row that cannot be made to obey stays nevertheless.
        """
        for name in self._ruled:
            names = [column.name.lower() for column in self._tables[name].columns]
            free = [i for i, column in enumerate(names) if (name, column) not in fixed]
            kept = []
            for row in rows[name]:
                self._tidy(row, name, rng)
                if not self._rules[name] or self._repair(row, names, free, name, rng) or keep:
                    kept.append(row)
            rows[name] = kept

    def _tidy(self, row: list[Value], table: str, rng: random.Random) -> None:
        """Truth values are true, false or NULL, and what may not be NULL is not."""
        for place in self._flags[table]:
            value = row[place]
            if value is not None and value is not True and value is not False:
                row[place] = as_kind(value, "bool")
        for place, column in self._needed[table]:
            if row[place] is None:
                known = [value for value in self._pools[table, column.name.lower()] if value is not None]
                kind = self._kinds[table, column.name.lower()]
                row[place] = rng.choice(known) if known else fresh(kind, column, rng.randint(0, 9), rng)

    def _repair(self, row: list[Value], names: list[str], free: list[int], table: str, rng: random.Random) -> bool:
        """Whether the row obeys, with other values in its free columns if need be."""
        for _ in range(2):  # one repair may break what another rule asks for
            broken = [rule for rule in self._rules[table] if not _passes(rule, _named(row, names))]
            if not broken:
                return True
            for rule in broken:
                places = [i for i in free if names[i] in rule.columns]
                self._try(row, names, places, rule, table, rng)
        return all(_passes(rule, _named(row, names)) for rule in self._rules[table])

    def _try(
        self, row: list[Value], names: list[str], places: list[int], rule: Rule, table: str, rng: random.Random
    ) -> None:
        """Put the first values into the places with which the row obeys the rule and all others that it obeyed."""
        before = list(row)
        asked = [r for r in self._rules[table] if r is rule or _passes(r, _named(row, names))]
        beside = [value for column in rule.columns for value in _near(before[names.index(column)])]
        suggestions = [*beside, *islice(suggested(rule.condition), _VALUES)]
        tried = []
        for place in places:
            kind = self._kinds[table, names[place]]
            values = [*self._pools[table, names[place]], *(as_kind(value, kind) for value in suggestions)]
            fitting = [value for value in dict.fromkeys(values) if _is_of(value, kind)]
            tried.append(rng.sample(fitting, len(fitting)))
        alone = (((place, value),) for place, values in zip(places, tried, strict=True) for value in values)
        several = (tuple(zip(places, values, strict=True)) for values in product(*tried)) if len(places) > 1 else ()
        for change in islice(chain(alone, several), _COMBINED):
            row[:] = before
            for place, value in change:
                row[place] = value
            named = _named(row, names)
            if all(_passes(r, named) for r in asked):
                return
        row[:] = before


def _named(row: Sequence[Value], names: Sequence[str]) -> dict[str, Value]:
    return dict(zip(names, row, strict=True))


def _passes(rule: Rule, row: Mapping[str, Value]) -> bool:
    try:
        return holds(rule.condition, row)
    except Unreadable:  # of values that do not go together; the database decides
        return True


def _near(value: Value) -> Iterator[Value]:
    """A value and its neighbours, for columns that are compared with one another."""
    yield value
    if value is not None and not isinstance(value, bool | bytes):
        yield from (later(value, step) for step in (1, -1, 30, -30))


def _is_of(value: Value, kind: str) -> bool:
    """Whether a value is one of a column of that kind, or may as well be."""
    if value is None:
        return False
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return {"int": isinstance(value, int), "real": number, "bool": isinstance(value, bool)}.get(kind, not number)
