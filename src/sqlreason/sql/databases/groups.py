"""Groups of rows: of the sizes that the gold asks for, even ones at the top, and such as share a name but not a key.

A table's rows are counted by a column of their own, or by what they refer to.
"""

from __future__ import annotations

import random
from collections import Counter

from sqlreason.sql.databases.row_copies import Copies
from sqlreason.sql.databases.row_edits import Layout, Rows
from sqlreason.sql.databases.values import fresh
from sqlreason.sql.parsing.constraints import Place
from sqlreason.sql.parsing.schema import Value

#: Groups are evened out by so many rows at most.
_EVENED = 8
#: Where rows are put in, behind the first witnesses.
_FRONT = 2
#: A group at the top of a ranking has so many rows at most when namesakes are to pass it together.
_TOPPED = 12


class Groups:
    """Makes groups in the rows of a test database.

    Args:
        layout: Of the test database's tables.
        copies: Of rows.
    """

    def __init__(self, layout: Layout, copies: Copies) -> None:
        self._layout, self._copies = layout, copies
        self._wishes, self._index = layout.constraints, layout.index
        self._numbers = 0

    def size(self, rows: Rows, name: str, rng: random.Random) -> None:
        """Groups one row short of the size that the gold asks for, of that size, and one row over it."""
        if not self._is_counted(name):
            return
        size = self._wishes.group_size
        place = self._place(name)
        if place is not None:
            for value, count in zip(self._values(rows, place, rng), (size + 1, size, size - 1), strict=False):
                self._add(rows, place, value, count, rng)

    def even(self, rows: Rows, rng: random.Random) -> None:
        """Give the two largest groups of each table the same size: how the gold's top then falls is open."""
        for name, held in rows.items():
            place = self._place(name)
            sizes = Counter(row[self._index[place]] for row in held).most_common(2) if place is not None else []
            if place is not None and len(sizes) == 2:
                (_, most), (value, fewer) = sizes
                like = next(i for i, row in enumerate(held) if row[self._index[place]] == value)
                self._add(rows, place, value, min(most - fewer, _EVENED), rng, like)

    def namesakes(self, rows: Rows, rng: random.Random) -> None:
        """Two rows that show the same, each with too few others that refer to it, but together enough.

        Enough for the size that the gold asks for, or to pass the top of a ranking.
        """
        for name in sorted(self._wishes.tables & set(rows)):
            place = self._place(name) if self._is_counted(name) else None
            owner = self._owner(place) if place is not None else None
            shown = [p for p in sorted(self._wishes.outputs | self._wishes.grouped) if self._layout.is_free(p)]
            if place is None or owner is None or not rows[name] or all(p[0] != owner[0] for p in shown):
                continue
            counted = Counter(v for row in rows[name] if (v := row[self._index[place]]) is not None)
            value, top = counted.most_common(1)[0] if counted else (rows[owner[0]][0][self._index[owner]], 0)
            if top < 3 and not self._wishes.group_size:
                self._add(rows, place, value, 3 - top, rng)
            each = rng.choice((1, 0)) if self._wishes.group_size else 1
            wanted = max(1, (self._wishes.group_size or max(top, 3)) - each)
            pair = [self._parent(rows, owner[0], rng) for _ in range(2)]
            for p in shown:
                if p[0] == owner[0]:
                    pair[1][self._index[p]] = pair[0][self._index[p]]
            for parent in pair if wanted <= max(_TOPPED, self._wishes.group_size) else ():
                self._add(rows, place, self._layout.fitting(place, parent[self._index[owner]]), wanted, rng)

    def _add(self, rows: Rows, place: Place, value: Value, count: int, rng: random.Random, like: int = 0) -> None:
        """So many copies of a row, by default of the witness, with a value in one column."""
        held = rows[place[0]]
        template = held[like]
        for _ in range(count):  # in front: what stands last may fall off
            held.insert(_FRONT, self._copies.copied(rows, place[0], template, rng, values={place: value}))

    def _is_counted(self, name: str) -> bool:
        """Whether the gold may count rows of the table: it names it, and no table that refers to it."""
        if name not in self._wishes.tables:
            return False
        return not any(
            owner is not None and owner[0] == name and place[0] != name and place[0] in self._wishes.tables
            for places, owner, _ in self._layout.groups
            for place in places
        )

    def _owner(self, place: Place) -> Place | None:
        """The key to which a linked column refers."""
        return next((o for places, o, _ in self._layout.groups if place in places and o != place), None)

    def _place(self, name: str) -> Place | None:
        """The column of the table by which its rows are counted: one that is grouped by, else one on the way there."""
        for place in sorted(self._wishes.grouped & set(self._index)):
            if place[0] == name and self._layout.is_free(place):
                return place
        linked = [
            place
            for places, owner, _ in self._layout.groups
            for place in places
            if place[0] == name and owner not in (None, place) and not self._layout.is_sole_key(place)
        ]
        return min(linked, key=self._remoteness, default=None)

    def _remoteness(self, place: Place) -> int:
        """How many tables lie between a reference and what is grouped by."""
        owner, steps, seen = self._owner(place), 1, {place[0]}
        if place in self._wishes.grouped or owner in self._wishes.grouped:
            return 0
        ahead = {owner[0]} if owner is not None else set()
        while ahead - seen:
            if any(grouped[0] in ahead for grouped in self._wishes.grouped):
                return steps
            seen |= ahead
            ahead = {parent[0] for name in ahead for _, parent in self._references(name)}
            steps += 1
        return steps + len(self._index)

    def _references(self, name: str) -> list[tuple[Place, Place]]:
        """The linked columns of a table with the keys to which they refer."""
        return [
            (place, owner)
            for places, owner, _ in self._layout.groups
            for place in places
            if place[0] == name and owner is not None and owner[0] != name
        ]

    def _values(self, rows: Rows, place: Place, rng: random.Random) -> list[Value]:
        """Three values of the column by which rows are counted, each of which makes a group of its own."""
        owner = self._owner(place)
        if owner is None:
            return [self._fresh(place, rng) for _ in range(3)]
        parents = [self._parent(rows, owner[0], rng) for _ in range(3 if rows[owner[0]] else 0)]
        return [self._layout.fitting(place, parent[self._index[owner]]) for parent in parents]

    def _parent(self, rows: Rows, name: str, rng: random.Random, path: tuple[str, ...] = ()) -> list[Value]:
        """A copy of the witness that falls into a group of its own, by its columns or by what it refers to."""
        grouped = [place for place in sorted(self._wishes.grouped) if place[0] == name]
        values = {place: self._fresh(place, rng) for place in grouped if self._layout.is_free(place)}
        for place, owner in self._references(name) if not grouped else ():
            further = owner[0] not in path and owner[0] in self._wishes.tables and rows[owner[0]]
            if further and not self._layout.is_sole_key(place):
                parent = self._parent(rows, owner[0], rng, (*path, name))
                values[place] = self._layout.fitting(place, parent[self._index[owner]])
        row = self._copies.copied(rows, name, rows[name][0], rng, values=values)
        rows[name].insert(_FRONT, row)
        return row

    def _fresh(self, place: Place, rng: random.Random) -> Value:
        """A value that no other row has; no two of a test database are the same."""
        self._numbers = self._numbers % 500 + 1
        return fresh(self._layout.kinds[place], self._layout.columns[place], 300 + self._numbers, rng)
