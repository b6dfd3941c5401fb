"""What a query asks of the data, as values: conditions on columns, and which columns are linked, grouped, extreme."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from sqlreason.sql.parsing.schema import Value

#: A column of a table, both in lower case.
Place = tuple[str, str]
_NEGATED = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_NEGATED |= {"in": "not in", "not in": "in", "like": "not like", "not like": "like"}
_NEGATED |= {"null": "not null", "not null": "null", "between": "not between", "not between": "between"}


@dataclass(frozen=True)
class Condition:
    """A column compared with literals; `part` is "year", "month" or "day" where only that part counts."""

    place: Place
    operator: str
    values: tuple[Value, ...]
    part: str = ""

    def holds(self, value: Value) -> bool:
        """Whether a value meets the condition, where that is a matter of equality; otherwise it is taken to."""
        equal = value in self.values
        return {"=": equal, "in": equal, "!=": not equal, "not in": not equal}.get(self.operator, True)

    def negated(self) -> Condition:
        """The opposite."""
        return Condition(self.place, _NEGATED[self.operator], self.values, self.part)


@dataclass(frozen=True)
class Choice:
    """Conditions joined by AND (`all`) or OR."""

    parts: tuple[Condition | Choice, ...]
    all: bool = True

    def picked(self, rng: random.Random) -> list[Condition]:
        """Conditions that together satisfy the choice."""
        parts = self.parts if self.all else rng.sample(self.parts, 1) if self.parts else ()
        return [c for part in parts for c in (part.picked(rng) if isinstance(part, Choice) else [part])]

    def leaves(self) -> tuple[Condition, ...]:
        """All conditions in it."""
        return self._leaves

    @cached_property
    def _leaves(self) -> tuple[Condition, ...]:
        return tuple(leaf for part in self.parts for leaf in (part.leaves() if isinstance(part, Choice) else (part,)))

    @cached_property
    def _known(self) -> frozenset[Condition]:
        return frozenset(self._leaves)

    def deciding(self, leaf: Condition, rng: random.Random) -> list[Condition]:
        """Conditions under which one of its own alone decides: what stands beside it in an AND is met, in an OR not."""
        found: list[Condition] = []
        for part in self.parts:
            inner = list(part.leaves()) if isinstance(part, Choice) else [part]
            if isinstance(part, Choice) and leaf in part._known:
                found += part.deciding(leaf, rng)
            elif part != leaf and self.all:
                found += part.picked(rng) if isinstance(part, Choice) else inner
            elif part != leaf:
                found += [condition.negated() for condition in inner]
        return found


class Lookup(NamedTuple):
    """A scalar subquery that finds one row by a literal: the column compared, the literal, and the column put out."""

    place: Place
    value: Value
    shown: Place


class Bound(NamedTuple):
    """A column compared with the extreme ("max", "min") of one in a subquery, and that subquery's filter."""

    place: Place
    function: str
    extreme: Place
    choice: Choice


@dataclass
class Constraints:
    """All that a query asks of the data.

    Attributes:
        tables: The schema's tables that it names, in lower case.
        choices: One per SELECT with a filter.
        links: Pairs of columns that it compares for equality.
        grouped: Columns that it groups by.
        top: Columns that decide what a LIMIT keeps, or an extreme: ties there make a gold ambiguous.
        averaged: Columns whose average another value is compared with.
        bounded: Columns compared with an extreme that a subquery finds.
        totals: Columns whose aggregate over a group it compares with a number: function name, column, number.
        balanced: The same, where what is averaged is a group's aggregate: function name and column.
        group_size: The largest number that it compares a COUNT with.
        whole: Tables of whose rows it counts how many others have all.
        limit: The largest number of rows that it keeps.
        named: All columns that it names.
        outputs: Columns put out as they are.
        overlaps: Columns that stand at the same place of two branches of a set operation, or on the sides of a NOT IN:
            some of their values are to be the same, and some not.
        shown: Columns put out, or counted, where duplicates are lost: by DISTINCT, and by the branches of a set
            operation.
        lookups: Its scalar subqueries that find a row by a literal.
        clocked: Columns compared with something that is no literal, as a rule the clock.
    """

    tables: set[str] = field(default_factory=set)
    choices: list[Choice] = field(default_factory=list)
    links: list[tuple[Place, Place]] = field(default_factory=list)
    grouped: set[Place] = field(default_factory=set)
    top: set[Place] = field(default_factory=set)
    averaged: set[Place] = field(default_factory=set)
    bounded: list[Bound] = field(default_factory=list)
    totals: list[tuple[str, Place, float]] = field(default_factory=list)
    balanced: list[tuple[str, Place]] = field(default_factory=list)
    group_size: int = 0
    whole: set[str] = field(default_factory=set)
    limit: int = 0
    named: set[Place] = field(default_factory=set)
    outputs: set[Place] = field(default_factory=set)
    overlaps: list[tuple[Place, Place]] = field(default_factory=list)
    shown: set[Place] = field(default_factory=set)
    lookups: list[Lookup] = field(default_factory=list)
    clocked: set[Place] = field(default_factory=set)

    def conditions(self) -> list[Condition]:
        """All conditions, of all SELECTs."""
        return [leaf for choice in self.choices for leaf in choice.leaves()]

    def asked(self) -> set[Place]:
        """The columns whose values decide something: which rows there are, how they are grouped, which come first."""
        totals = {place for _, place, _ in self.totals} | {place for _, place in self.balanced}
        bounds = {place for bound in self.bounded for place in (bound.place, bound.extreme)}
        filtered = {leaf.place for leaf in self.conditions()} | {lookup.place for lookup in self.lookups}
        linked = {place for pair in (*self.links, *self.overlaps) for place in pair}
        return filtered | linked | totals | bounds | self.grouped | self.top | self.averaged | self.clocked
