"""Copies of rows, with keys of their own."""

from __future__ import annotations

import random

from sqlreason.sql.databases.row_edits import Layout, Rows
from sqlreason.sql.databases.values import fresh
from sqlreason.sql.parsing.constraints import Place
from sqlreason.sql.parsing.schema import Value


class Copies:
    """Copies rows of a test database.

    Args:
        layout: Of the test database's tables.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout, self._wishes, self._index = layout, layout.constraints, layout.index

    def copied(
        self,
        rows: Rows,
        name: str,
        row: list[Value],
        rng: random.Random,
        path: tuple[str, ...] = (),
        values: dict[Place, Value] | None = None,
    ) -> list[Value]:
        """A copy of a row with other values, and with a key of its own where these do not make it so.

        `path` are the tables whose copies ask for this one.
        """
        copy = list(row)
        for place, value in (values or {}).items():
            copy[self._index[place]] = value
        for key in self._layout.keys[name]:
            if len(key) == 1:
                place = (name, key[0])
                used = {there[self._index[place]] for there in rows[name]}
                copy[self._index[place]] = self._unused(rows, place, used, rng, path)
            else:
                self._renew(rows, name, key, copy, rng)
        return copy

    def _renew(self, rows: Rows, name: str, key: tuple[str, ...], copy: list[Value], rng: random.Random) -> None:
        """Give a copy a key of several columns of its own, by a part that nothing asks for, else by another link."""
        positions = [self._index[name, column] for column in key]
        used = {tuple(row[i] for i in positions) for row in rows[name]}
        if tuple(copy[i] for i in positions) not in used:
            return
        asked = {leaf.place for leaf in self._wishes.conditions()} | self._wishes.grouped
        free = [(name, column) for column in reversed(key) if (name, column) not in asked]
        for place in sorted(free, key=self._layout.is_linked):
            before = copy[self._index[place]]
            for value in self._others(rows, place, rng):
                copy[self._index[place]] = value
                if tuple(copy[i] for i in positions) not in used:
                    return
            copy[self._index[place]] = before

    def _others(self, rows: Rows, place: Place, rng: random.Random) -> list[Value]:
        """Values that a part of a key may take instead: fresh ones, or those of the rows it may refer to."""
        for places, owner, _ in self._layout.groups:
            if place in places:
                there = [row[self._index[owner]] for row in rows[owner[0]]] if owner not in (None, place) else []
                return [self._layout.fitting(place, value) for value in rng.sample(there, len(there))]
        kind, column = self._layout.kinds[place], self._layout.columns[place]
        return [fresh(kind, column, 200 + len(rows[place[0]]) + n, rng) for n in range(3)]

    def _unused(self, rows: Rows, place: Place, used: set[Value], rng: random.Random, path: tuple[str, ...]) -> Value:
        """A key that no row has; one that is a reference too is that of a parent, which is made where all are taken."""
        parent = self._layout.parent(place)
        if parent is not None and parent[0] not in (place[0], *path) and rows[parent[0]]:
            there = (self._layout.fitting(place, row[self._index[parent]]) for row in rows[parent[0]])
            if free := [value for value in there if value not in used]:
                return rng.choice(free)
            row = self.copied(rows, parent[0], rows[parent[0]][0], rng, (*path, place[0]))
            rows[parent[0]].append(row)
            return self._layout.fitting(place, row[self._index[parent]])
        number, last = len(used), len(used) + 200
        while (value := unique_value(self._layout, place, number, rng)) in used and number < last:
            number += 1
        return value


def unique_value(layout: Layout, place: Place, number: int, rng: random.Random) -> Value:
    """A value for a key, distinct for distinct numbers: from the data first, then fresh."""
    pool = [value for value in layout.pools[place] if value is not None]
    if number < len(pool):
        return pool[number]
    kind, top = layout.kinds[place], max((v for v in pool if isinstance(v, int)), default=0)
    return top + 1 + number if kind == "int" else fresh(kind, layout.columns[place], 100 + number, rng)
