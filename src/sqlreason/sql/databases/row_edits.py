"""Row edits: averages and totals that are hit, ties made or undone, NULLs, decoys, loose references."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlreason.sql.databases.styles import Style
from sqlreason.sql.databases.values import as_kind, fresh, later, meeting
from sqlreason.sql.parsing.constraints import Bound, Condition, Constraints, Place
from sqlreason.sql.parsing.keys import Reference
from sqlreason.sql.parsing.schema import Column, Value

Rows = dict[str, list[list[Value]]]
#: Places that hold the same things, the place that owns their values, and the values known.
Group = tuple[list[Place], Place | None, list[Value]]


@dataclass(frozen=True)
class Layout:
    """Where things stand in the rows of the tables that a gold uses.

    Attributes:
        constraints: What the gold asks.
        columns: The columns by place.
        index: Their positions.
        kinds: What they hold.
        pools: Values that they may take.
        keys: Per table the names of the columns that are unique together.
        groups: Linked places.
        references: Declared foreign keys; their parents have a place here too.
    """

    constraints: Constraints
    columns: dict[Place, Column]
    index: dict[Place, int]
    kinds: dict[Place, str]
    pools: dict[Place, list[Value]]
    keys: dict[str, list[tuple[str, ...]]]
    groups: list[Group]
    references: list[Reference]

    def fitting(self, place: Place, value: Value) -> Value:
        """The value as the column holds it."""
        return as_kind(value, self.kinds[place])

    def meeting(self, condition: Condition, rng: random.Random) -> Value:
        """A value of the condition's column that satisfies it, as far as one can be given."""
        return meeting(condition, self.kinds[condition.place], self.pools[condition.place], rng)

    def is_declared(self, place: Place) -> bool:
        """Whether the column is part of a declared foreign key."""
        return any(place[0] == reference.child and place[1] in reference.columns for reference in self.references)

    def parent(self, place: Place) -> Place | None:
        """The column to which a declared foreign key of this one column refers."""
        for reference in self.references:
            if place[0] == reference.child and (place[1],) == reference.columns:
                return reference.parent, reference.target[0]
        return None

    def is_key(self, place: Place) -> bool:
        """Whether the column is part of a key."""
        return any(place[1] in key for key in self.keys[place[0]])

    def is_sole_key(self, place: Place) -> bool:
        """Whether the column is a key by itself, so that no two rows may hold one value."""
        return (place[1],) in self.keys[place[0]]

    def is_free(self, place: Place) -> bool:
        """Whether the column is neither part of a key nor linked, so that any value may be put there."""
        return place in self.index and not self.is_key(place) and not self.is_linked(place)

    def is_linked(self, place: Place) -> bool:
        """Whether the column holds the same things as another."""
        return any(place in places for places, _, _ in self.groups)

    def is_number(self, place: Place) -> bool:
        """Whether the column holds numbers that may be set freely."""
        return self.kinds[place] in ("int", "real") and not self.is_key(place) and not self.is_linked(place)


def finish(rows: Rows, layout: Layout, style: Style, rng: random.Random) -> None:
    """Give drawn rows what their style asks for, in place."""
    if style.level:
        _hit_boundaries(rows, layout, rng)
    if style.nulls:
        _empty_cells(rows, layout, style.nulls, rng)
    if style.recased:
        _recase(rows, layout, style.recased, rng)
    if style.dangling:
        _loosen_references(rows, layout, style.dangling, rng)
    if style.barren:
        _unmatch_rows(rows, layout, rng)
    # a value on a subquery's extreme is no tie that leaves anything open
    levelled = {bound.extreme for bound in layout.constraints.bounded} if style.level else set()
    for place in sorted(layout.constraints.top & set(layout.index) - levelled):
        if not (style.ties and style.tied_maxima):
            _untie(rows[place[0]], place, layout)
        if style.ties:
            both = style.tied_maxima or layout.kinds[place] in ("date", "moment")
            _tie(rows[place[0]], layout.index[place], (max, min) if both else (min,), rng)


def add_decoys(rows: Rows, layout: Layout, rng: random.Random) -> None:
    """Let a scalar subquery that looks up a row by a literal meet another one first, which only resembles it.

    First is what SQLite reads first: the smallest whole number of a key, else the row inserted first.
    """
    for place, value, shown in layout.constraints.lookups:
        held = rows.get(place[0], [])
        if len(held) < 2 or place not in layout.index or layout.is_key(place) or layout.is_linked(place):
            continue
        first, last = _ends(held, place[0], layout)
        column, output = layout.index[place], layout.index[shown]
        if first[column] == value:
            free = [i for p, i in layout.index.items() if p[0] == place[0] and not layout.is_key(p)]
            for position in free:
                first[position], last[position] = last[position], first[position]
        if layout.kinds[place] == "bool":
            first[column] = not layout.fitting(place, value)
        else:
            is_text = layout.kinds[place] != "json"
            first[column] = f"x{value}x" if isinstance(value, str) and is_text else later(value, 1)
        if not layout.is_key(shown) and not layout.is_linked(shown):
            found = {row[output] for row in held if row[column] == value}
            others = [row[output] for row in held if row[output] not in found]
            other = fresh(layout.kinds[shown], layout.columns[shown], 95, rng)
            first[output] = rng.choice(others) if others else other


def _ends(held: list[list[Value]], name: str, layout: Layout) -> tuple[list[Value], list[Value]]:
    """The rows that are read first and last."""
    keys = [layout.index[name, key[0]] for key in layout.keys[name] if len(key) == 1]
    if keys and all(isinstance(row[keys[0]], int) for row in held):
        held = sorted(held, key=lambda row: row[keys[0]])  # type: ignore[arg-type,return-value]
    return held[0], held[-1]


def _hit_boundaries(rows: Rows, layout: Layout, rng: random.Random) -> None:
    """Put rows on the average of their column, and a group's total on the number it is compared with."""
    for place in sorted(layout.constraints.averaged & set(layout.index)):
        if layout.is_number(place):
            _balance(rows[place[0]], layout.index[place], rng)
    for bound in layout.constraints.bounded:
        if {bound.place, bound.extreme} <= set(layout.index) and layout.is_number(bound.place):
            _bound(rows, bound, layout)
    for function, place in layout.constraints.balanced:
        if place in layout.index and layout.is_number(place):
            groups = _gatherings(rows, place, layout)
            middle, step, whole = rng.randint(20, 60), rng.randint(1, 9), len(groups) - len(groups) % 3
            for number, members in enumerate(groups):
                aim = middle + step * (number % 3 - 1) if number < whole else middle
                _reach(members, layout.index[place], function, aim)
    for function, place, total in layout.constraints.totals:
        if place in layout.index and layout.is_number(place):
            exact = int(total) if layout.kinds[place] == "int" and float(total).is_integer() else total
            for off, members in zip((0, 1, -1), _gatherings(rows, place, layout), strict=False):
                _reach(members, layout.index[place], function, exact + off)


def _bound(rows: Rows, bound: Bound, layout: Layout) -> None:
    """Put rows just above, on and just below the extreme that a subquery finds; those it looks at stay as they are."""
    column, name = layout.index[bound.extreme], bound.extreme[0]
    asked = [leaf for leaf in bound.choice.leaves() if leaf.place[0] == name and leaf.place in layout.index]
    seen = [row for row in rows[name] if all(leaf.holds(row[layout.index[leaf.place]]) for leaf in asked)]
    known = [value for row in seen if isinstance(value := row[column], int | float)]
    free = [row for row in rows[bound.place[0]] if not any(row is other for other in seen)]
    for number, row in enumerate(free[: len(free) // 2 + 1] if known else ()):
        row[layout.index[bound.place]] = (max if bound.function == "max" else min)(known) + (1, 0, -1)[number % 3]


def _reach(members: list[list[Value]], position: int, function: str, aim: float) -> None:
    """Let an aggregate over some rows be a number; for an extreme the other rows lie far off, and apart."""
    away = {"min": 1_000, "max": -1_000}.get(function, 0)
    for i, row in enumerate(members):
        row[position] = aim if i == 0 or function == "avg" else 0 if function == "sum" else aim + away * i


def _balance(rows: list[list[Value]], position: int, rng: random.Random) -> None:
    """Below, on and above the same average; rows beyond a multiple of three stand on it."""
    middle, step = rng.randint(20, 60), rng.randint(1, 9)
    whole = len(rows) - len(rows) % 3
    for i, row in enumerate(rows):
        row[position] = middle + step * (i % 3 - 1) if i < whole else middle


def _gatherings(rows: Rows, place: Place, layout: Layout) -> list[list[list[Value]]]:
    """The rows of a place's table by the group that they fall into, or by what they are linked to."""
    found: dict[tuple[Value, ...], list[list[Value]]] = {}
    for row in rows[place[0]]:
        found.setdefault(_membership(rows, place[0], row, layout, set()), []).append(row)
    return list(found.values())


def _membership(rows: Rows, name: str, row: list[Value], layout: Layout, seen: set[str]) -> tuple[Value, ...]:
    """The values by which a row is grouped: its own, else those of the rows it refers to, else its references."""
    own = [p for p in layout.index if p[0] == name and not layout.is_key(p)]
    if grouped := [p for p in own if p in layout.constraints.grouped]:
        return tuple(row[layout.index[p]] for p in grouped)
    references = [(p, o) for places, o, _ in layout.groups for p in places if p in own and o is not None]
    for place, owner in references:
        if owner[0] not in seen:
            there = (r for r in rows[owner[0]] if r[layout.index[owner]] == row[layout.index[place]])
            home = next(there, None)
            found = _membership(rows, owner[0], home, layout, {*seen, name}) if home is not None else ()
            if found:
                return found
    alone = () if seen else tuple(row[layout.index[p]] for p in own if layout.is_linked(p))
    keys = tuple(row[layout.index[p]] for p in layout.index if p[0] == name and p in layout.constraints.grouped)
    return keys or alone


def _empty_cells(rows: Rows, layout: Layout, share: float, rng: random.Random) -> None:
    for place, position in layout.index.items():
        if layout.columns[place].nullable and not layout.is_key(place):
            for row in rows[place[0]]:
                if rng.random() < share:
                    row[position] = None


def _recase(rows: Rows, layout: Layout, share: float, rng: random.Random) -> None:
    """Turn letter case in texts: LIKE does not see it, `=` does."""
    for place, position in layout.index.items():
        if not layout.is_key(place) and not layout.is_linked(place):
            for row in rows[place[0]]:
                if isinstance(row[position], str) and rng.random() < share:
                    row[position] = str(row[position]).swapcase()


def _loosen_references(rows: Rows, layout: Layout, share: float, rng: random.Random) -> None:
    """Let undeclared references lead nowhere."""
    for places, owner, _ in layout.groups:
        for place in places:
            if owner is not None and place != owner and not layout.is_key(place) and not layout.is_declared(place):
                for row in rows[place[0]]:
                    if rng.random() < share and row[layout.index[place]] is not None:
                        row[layout.index[place]] = later(row[layout.index[place]], 9_000)


def _unmatch_rows(rows: Rows, layout: Layout, rng: random.Random) -> None:
    """Let no row meet a condition; a linked value that is asked for gives way to another everywhere."""
    for leaf in layout.constraints.conditions():
        if leaf.place not in layout.index:
            continue
        for places in [group for group, _, _ in layout.groups if leaf.place in group]:
            for place in places if leaf.operator in ("=", "in") else ():
                asked = [layout.fitting(place, value) for value in leaf.values]
                for row in rows[place[0]]:
                    if row[layout.index[place]] in asked:
                        row[layout.index[place]] = later(row[layout.index[place]], 9_000)
        if not layout.is_sole_key(leaf.place) and not layout.is_linked(leaf.place):
            for row in rows[leaf.place[0]]:
                row[layout.index[leaf.place]] = layout.meeting(leaf.negated(), rng)


def _tie(rows: list[list[Value]], position: int, extremes: Sequence[Callable[..., Value]], rng: random.Random) -> None:
    """Give another row the extreme value at some ends."""
    held = [row for row in rows if row[position] is not None]
    for extreme in extremes if len(held) > 2 else ():
        value = extreme((row[position] for row in held), key=lambda v: (isinstance(v, str), v))
        others = [row for row in held if row[position] != value]
        if others:
            rng.choice(others)[position] = value


def _untie(rows: list[list[Value]], place: Place, layout: Layout) -> None:
    """Make values distinct: ties would make several answers right."""
    if layout.is_linked(place) or layout.kinds[place] == "bool":
        return
    # a text that a filter asks for stays as it is: then it decides nothing that the filter has not decided
    asked = {value for leaf in layout.constraints.conditions() if leaf.place == place for value in leaf.values}
    asked = asked if layout.kinds[place] == "text" else set()
    seen: set[Value] = set()
    for row in rows:
        value = row[layout.index[place]]
        for step in range(len(rows) if value is not None and value not in asked else 0):
            if value not in seen:
                break
            value = later(value, step + 1 if isinstance(value, str) else 1)
        seen.add(value)
        row[layout.index[place]] = value
