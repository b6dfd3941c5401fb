"""Rows placed on purpose among drawn ones: such as meet the gold's conditions, and such as only just miss one.

Witness rows of all tables are linked, so that joins find them. A near miss copies a witness and breaks one condition.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from sqlreason.sql.databases.row_copies import Copies
from sqlreason.sql.databases.row_edits import Layout, Rows
from sqlreason.sql.databases.values import edges, fresh
from sqlreason.sql.parsing.constraints import Choice, Condition, Place
from sqlreason.sql.parsing.keys import with_parents
from sqlreason.sql.parsing.schema import Value

#: Rows that resemble each other, one for each SELECT's filter.
_ALIKE = 4
#: Bounds of a query at which one database has rows; each row is made to fit all of the conditions, so that they cost
#: their square, and of more rows most would be cut off again.
_BOUNDS = 16
#: Rows that are set apart: one for the largest value, one for the smallest.
_APART = 2


class Witnesses:
    """Places witnesses in the rows of a test database.

    Args:
        layout: Of the test database's tables.
        copies: Of rows.
    """

    def __init__(self, layout: Layout, copies: Copies) -> None:
        self._layout, self._wishes, self._index = layout, layout.constraints, layout.index
        self._copies = copies
        self._followed = with_parents(layout.constraints.tables, layout.references)

    def place(self, rows: Rows, rng: random.Random) -> None:
        """Make the first rows of all tables meet the gold's conditions, and add rows that just miss them."""
        if rng.random() < 0.5:
            self._set_apart(rows, rng)
        choices = self._wishes.choices
        for number in range(rng.randint(2, 3)):
            whole = number == 0 or rng.random() < 0.6
            taken = choices if whole else rng.sample(choices, min(1, len(choices)))
            conditions: list[Condition] = []
            for choice in taken:
                picked = [c for c in choice.picked(rng) if c.place in self._index]
                if {c.place for c in picked} & {c.place for c in conditions}:
                    self._beside(rows, number, picked, rng)
                else:
                    conditions += picked
                    for condition in picked:
                        self._meet(rows, number, condition, rng)
            if conditions and (number or rng.random() < 0.9):
                self._miss(rows, number, rng.choice(conditions), rng)

    def stand_alone(self, rows: Rows, rng: random.Random) -> None:
        """Where duplicates are lost, rows that meet or just miss a filter, with an output that no other row has.

        Those that meet it come twice: EXCEPT loses the second, NOT IN keeps it.
        """
        places = sorted(p for p in self._wishes.shown & set(self._index) if not self._layout.is_linked(p))
        for number, choice in enumerate(self._wishes.choices * 3 if places else ()):
            row = self._copies.copied(rows, places[0][0], rng.choice(rows[places[0][0]]), rng)
            conditions = choice.picked(rng)
            if number >= len(self._wishes.choices) and conditions:
                missed = rng.randrange(len(conditions))
                conditions[missed] = conditions[missed].negated()
            self._adapt(row, places[0][0], conditions, rng)
            self._own_outputs(row, places[0][0], 90 + number, rng)
            rows[places[0][0]].append(row)
            if number < len(self._wishes.choices):
                rows[places[0][0]].append(self._copies.copied(rows, places[0][0], row, rng))

    def _set_apart(self, rows: Rows, rng: random.Random) -> None:
        """Let the first rows of each table be at the extremes and like no other where the gold asks for nothing.

        So that a superfluous filter loses them, and a superfluous join too: no table that the gold does not name refers
        to them.
        """
        unasked = self._wishes.outputs - self._wishes.asked()
        for place, position in self._index.items():
            free = place not in self._wishes.named or (place in unasked and self._layout.kinds[place] != "bool")
            if place[0] in self._wishes.tables and free and self._layout.is_free(place):
                kind, column = self._layout.kinds[place], self._layout.columns[place]
                usual = self._layout.pools[place][0] if kind == "bool" else None
                other = fresh(kind, column, 160 + rng.randint(0, 9), rng) if usual is None else not usual
                for row in rows[place[0]][:_APART]:
                    row[position] = other
        for place in sorted(self._wishes.top & set(self._index)):
            if place[0] in self._wishes.tables and self._layout.is_number(place):
                self._put_at_ends(rows[place[0]], self._index[place], rng)
        for places, owner, _ in self._layout.groups:
            for place in places if owner is not None and owner[0] in self._wishes.tables else ():
                if owner is not None and place[0] not in self._wishes.tables and not self._layout.is_sole_key(place):
                    keys = [row[self._index[owner]] for row in rows[owner[0]]]
                    apart = {self._layout.fitting(place, key) for key in keys[: min(_APART, len(keys) - 1)]}
                    for row in rows[place[0]]:
                        if row[self._index[place]] in apart:
                            row[self._index[place]] = self._layout.fitting(place, keys[-1])

    def _put_at_ends(self, held: list[list[Value]], position: int, rng: random.Random) -> None:
        """Give the first rows the largest and the smallest value of a column, whichever a query may ask for."""
        known = [value for row in held if isinstance(value := row[position], int | float)]
        if known:
            ends = [max(known) + 1, min(known) - 1]
            for row, end in zip(held, rng.sample(ends, 2), strict=False):
                row[position] = end

    def resemble(self, rows: Rows, rng: random.Random) -> None:
        """Where duplicates are lost, rows with the same outputs, of which each meets another SELECT's filter, one none.

        So that a set operation over what is shown differs from one over the keys behind it.
        """
        shown = [place for place in sorted(self._wishes.shown) if self._layout.is_free(place)]
        asked = {leaf.place for leaf in self._wishes.conditions()}
        for name in dict.fromkeys(place[0] for place in shown):
            template = list(rows[name][0])
            for place in shown:
                if place[0] == name and place not in asked:
                    kind, column = self._layout.kinds[place], self._layout.columns[place]
                    template[self._index[place]] = fresh(kind, column, 120 + rng.randint(0, 9), rng)
            for choice in [*self._wishes.choices[:_ALIKE], None]:
                row = self._copies.copied(rows, name, template, rng)
                conditions = [c.negated() for o in self._wishes.choices if o is not choice for c in o.picked(rng)]
                conditions += choice.picked(rng) if choice is not None else []
                self._adapt(row, name, conditions, rng)
                rows[name].append(row)
                if choice is not None or rng.random() < 0.5:
                    self._refer(rows, 0, row, (name,), rng, conditions)

    def edge(self, rows: Rows, rng: random.Random) -> None:
        """For each bound of a filter rows on either side of it, in which nothing but this bound decides."""
        placed = 0
        for choice, leaf in self._bounds(rows, rng):
            inside, outside = edges(leaf, self._layout.kinds[leaf.place])
            for value in [*rng.sample(inside, len(inside)), *rng.sample(outside, len(outside))]:
                for apart in self._stances(choice, leaf.place[0]):
                    placed += 1
                    self._put(rows, choice, leaf, value, apart, placed, rng)

    def _bounds(self, rows: Rows, rng: random.Random) -> list[tuple[Choice, Condition]]:
        """The bounds that rows can be put at; of many some, which are others in another database."""
        found = [
            (choice, leaf)
            for choice in self._wishes.choices
            for leaf in choice.leaves()
            if leaf.place in self._index and not self._layout.is_sole_key(leaf.place) and rows[leaf.place[0]]
        ]
        return found if len(found) <= _BOUNDS else rng.sample(found, _BOUNDS)

    def _stances(self, choice: Choice, name: str) -> tuple[bool, ...]:
        """Whether rows are to miss what the other SELECTs of the query ask of the table, or to meet it: both."""
        others = [other for other in self._wishes.choices if other is not choice]
        return (True, False) if any(leaf.place[0] == name for o in others for leaf in o.leaves()) else (True,)

    def _put(
        self, rows: Rows, choice: Choice, leaf: Condition, value: Value, apart: bool, number: int, rng: random.Random
    ) -> None:
        name = leaf.place[0]
        row = self._copies.copied(rows, name, rows[name][0], rng)
        for other in self._wishes.choices:
            if other is not choice:
                self._adapt(row, name, [c.negated() if apart else c for c in other.picked(rng)], rng)
        self._adapt(row, name, choice.deciding(leaf, rng), rng)
        row[self._index[leaf.place]] = value
        self._own_outputs(row, name, 100 + number, rng)
        self._stand_out(rows, row, name, 1.0, rng)
        rows[name].append(row)
        self._refer(rows, 0, row, (name,), rng)

    def _adapt(self, row: list[Value], name: str, conditions: Sequence[Condition], rng: random.Random) -> None:
        """Let a row meet those conditions that are about its table."""
        for condition in conditions:
            place = condition.place
            if place in self._index and place[0] == name and not self._layout.is_sole_key(place):
                row[self._index[place]] = self._layout.meeting(condition, rng)

    def _own_outputs(self, row: list[Value], name: str, number: int, rng: random.Random) -> None:
        """Where duplicates are lost, gives a row outputs that no other row has."""
        filtered = {leaf.place for leaf in self._wishes.conditions()}
        for place in sorted(self._wishes.shown & set(self._index) - filtered):
            free = not self._layout.is_key(place) and not self._layout.is_linked(place)
            if place[0] == name and free and rng.random() < 0.8:
                row[self._index[place]] = fresh(self._layout.kinds[place], self._layout.columns[place], number, rng)

    def _meet(self, rows: Rows, number: int, condition: Condition, rng: random.Random) -> None:
        place = condition.place
        held = rows[place[0]]
        if number < len(held):
            self._set(rows, place, held[number], self._layout.meeting(condition, rng))

    def _beside(self, rows: Rows, number: int, conditions: list[Condition], rng: random.Random) -> None:
        """Where another SELECT asks otherwise of the same columns: copies of the witness meet it, with its links."""
        for name in dict.fromkeys(condition.place[0] for condition in conditions):
            if number < len(rows[name]):
                values: dict[Place, Value] = {}
                for condition in conditions:
                    if condition.place[0] == name and not self._layout.is_sole_key(condition.place):
                        value = self._layout.meeting(condition, rng)
                        self._refer_to(rows, condition.place, value, rng)
                        values[condition.place] = self._layout.fitting(condition.place, value)
                rows[name].append(self._copies.copied(rows, name, rows[name][number], rng, values=values))

    def _refer_to(self, rows: Rows, place: Place, value: Value, rng: random.Random) -> None:
        """Sees to it that what a linked value refers to is there."""
        for places, owner, _ in self._layout.groups:
            if place in places and owner not in (None, place) and value is not None and rows[owner[0]]:
                position, wanted = self._index[owner], self._layout.fitting(owner, value)
                if all(row[position] != wanted for row in rows[owner[0]]):
                    parent = self._copies.copied(rows, owner[0], rows[owner[0]][0], rng)
                    parent[position] = wanted
                    rows[owner[0]].append(parent)

    def _set(self, rows: Rows, place: Place, row: list[Value], value: Value) -> None:
        """Set a value; a linked one changes places with the old one in all tables, so that links and keys hold."""
        before = row[self._index[place]]
        for places, owner, _ in self._layout.groups:
            if place in places and value is not None:
                for other in places:
                    self._swap(rows[other[0]], other, before, value, first=owner is None)
        row[self._index[place]] = self._layout.fitting(place, value)

    def _swap(self, held: list[list[Value]], place: Place, one: Value, other: Value, first: bool) -> None:
        """Exchanges two values in a column; where nothing owns them, only in the first row that has the one."""
        position = self._index[place]
        one, other = self._layout.fitting(place, one), self._layout.fitting(place, other)
        for row in held:
            if row[position] == one:
                row[position] = other
                if first:
                    return
            elif row[position] == other and not first:
                row[position] = one

    def _miss(self, rows: Rows, number: int, condition: Condition, rng: random.Random) -> None:
        name, held = condition.place[0], rows[condition.place[0]]
        if number >= len(held):
            return
        copy = self._copies.copied(rows, name, held[number], rng)
        if (condition.place[1],) not in self._layout.keys[name]:
            copy[self._index[condition.place]] = self._layout.meeting(condition.negated(), rng)
        self._stand_out(rows, copy, name, 0.6, rng)
        held.append(copy)
        self._refer(rows, number, copy, (name,), rng)

    def _refer(
        self,
        rows: Rows,
        number: int,
        copy: list[Value],
        path: tuple[str, ...],
        rng: random.Random,
        conditions: Sequence[Condition] = (),
    ) -> None:
        """A copy has a key of its own: lets someone refer to it, and so on, or joins would not find it."""
        for places, owner, _ in self._layout.groups:
            for place in places if owner is not None and owner[0] == path[-1] else ():
                others = rows[place[0]]
                if owner is not None and place[0] in self._followed - set(path) and number < len(others):
                    follower = self._copies.copied(rows, place[0], others[number], rng)
                    follower[self._index[place]] = self._layout.fitting(place, copy[self._index[owner]])
                    self._adapt(follower, place[0], conditions, rng)
                    self._lead(rows, follower, place[0], conditions, path, rng)
                    self._stand_out(rows, follower, place[0], 0.6, rng)
                    others.append(follower)
                    self._refer(rows, number, follower, (*path, place[0]), rng, conditions)

    def _lead(
        self,
        rows: Rows,
        row: list[Value],
        name: str,
        conditions: Sequence[Condition],
        path: tuple[str, ...],
        rng: random.Random,
    ) -> None:
        """Let a row refer to rows of its own where conditions are about them."""
        for places, owner, _ in self._layout.groups:
            for place in [p for p in places if p[0] == name] if owner is not None and owner[0] != name else ():
                asked = [condition for condition in conditions if owner is not None and condition.place[0] == owner[0]]
                if owner is not None and owner[0] not in path and asked and rows[owner[0]]:
                    parent = self._copies.copied(rows, owner[0], rows[owner[0]][0], rng)
                    self._adapt(parent, owner[0], asked, rng)
                    rows[owner[0]].append(parent)
                    row[self._index[place]] = self._layout.fitting(place, parent[self._index[owner]])

    def _stand_out(self, rows: Rows, row: list[Value], name: str, share: float, rng: random.Random) -> None:
        """Give a near miss the extreme of its columns, where an extreme is asked for: then it shows in the result."""
        for place in sorted(self._wishes.top & set(self._index)):
            if place[0] == name and self._layout.is_number(place) and rng.random() < share:
                known = [v for there in rows[name] if isinstance(v := there[self._index[place]], int | float)]
                if known:
                    row[self._index[place]] = rng.choice((max(known) + 1, min(known) - 1))
