"""Rows for one instance: ordinary rows, linked and grouped, among them witnesses, and duplicates of both.

The tables that the gold names are drawn, and those to which they refer, so that declared references lead somewhere.
"""

from __future__ import annotations

import random
from collections import Counter

from sqlreason.sql.keys import Reference, distinct, keys_of, references_of, united, with_parents
from sqlreason.sql.rules import Rules
from sqlreason.sql.schema import Schema, Table, Value
from sqlreason.sql.styles import Style
from sqlreason.sql.touches import Group, Layout, Rows, bait, finish
from sqlreason.sql.values import around_today, as_kind, fresh, kind_of, neighbours
from sqlreason.sql.wishes import Place, Wishes
from sqlreason.sql.witnesses import Witnesses, unique_value

#: Groups are evened out by so many rows at most.
_EVENED = 8
#: A row is linked with all rows of another table if they are no more than this.
_CROSSED = 16


class Populator:
    """Draws instances of the tables that a gold query uses.

    Args:
        schema: With the original rows.
        wishes: What the gold asks of the data.
    """

    def __init__(self, schema: Schema, wishes: Wishes) -> None:
        self._wishes = wishes
        references = references_of(schema)
        drawn = with_parents(wishes.tables, references)
        self.tables = [table for table in schema.tables if table.name.lower() in drawn]
        self._index = {(t.name.lower(), c.name.lower()): i for t in self.tables for i, c in enumerate(t.columns)}
        self._keys = {table.name.lower(): keys_of(table) for table in self.tables}
        data = {
            (table.name.lower(), column.name.lower()): [row[i] for row in table.rows]
            for table in schema.tables
            for i, column in enumerate(table.columns)
        }
        self._columns = {(t.name.lower(), c.name.lower()): c for t in self.tables for c in t.columns}
        self._kinds = {place: kind_of(self._columns[place], data[place]) for place in self._index}
        self._pools = {
            place: list(dict.fromkeys(as_kind(value, "bool") for value in data[place]))
            if self._kinds[place] == "bool"
            else list(dict.fromkeys(data[place]))
            for place in self._index
        }
        self._enrich()
        self._rules = Rules(self.tables, self._kinds, self._pools)
        self._references = [reference for reference in references if reference.child in drawn]
        self._groups = self._linked(data)
        self._layout = Layout(
            wishes, self._columns, self._index, self._kinds, self._pools, self._keys, self._groups, self._references
        )
        self._witnesses = Witnesses(self._layout)

    def _enrich(self) -> None:
        """Adds to each column's pool the gold's literals and what lies beside them."""
        for condition in self._wishes.conditions():
            if condition.place in self._pools and not condition.part and condition.operator not in ("like", "not like"):
                kind = self._kinds[condition.place]
                near = [v for value in condition.values for v in neighbours(value, kind)] if kind != "bool" else []
                self._pools[condition.place] = list(dict.fromkeys([*self._pools[condition.place], *near]))
        for place in self._wishes.clocked & set(self._pools):
            if self._kinds[place] in ("date", "moment"):
                self._pools[place] = around_today(self._kinds[place])

    def _linked(self, data: dict[Place, list[Value]]) -> list[Group]:
        """Groups of columns that hold the same things: its places, the one that owns the values, the values."""
        pairs = list(self._wishes.links)
        for child, columns, parent, target in self._references:
            pairs += [((child, here), (parent, there)) for here, there in zip(columns, target, strict=True)]
        found = []
        for group in united(pairs):
            places = sorted(place for place in group if place in self._index)
            owners = [place for place in places if (place[1],) in self._keys[place[0]]]
            values: list[Value] = [v for place in sorted(group) for v in data.get(place, ()) if v is not None]
            if places:
                found.append((places, owners[0] if owners else None, list(dict.fromkeys(values))))
        return found

    def draw(self, rng: random.Random, style: Style = Style()) -> Rows:  # noqa: B008 - it is frozen
        """Draws the rows of each table, in column order."""
        size = rng.randint(*style.rows)
        rows = {
            table.name.lower(): [self._plain(table, i, style.original, rng) for i in range(size)]
            for table in self.tables
        }
        self._link(rows, size, rng)
        self._group(rows, rng)
        self._witnesses.place(rows, rng)
        self._witnesses.stand_alone(rows, rng)
        if style.edges:
            self._witnesses.edge(rows, rng)
        self._repeat(rows, rng)
        finish(rows, self._layout, style, rng)
        if style.ties and self._wishes.limit and self._wishes.grouped:
            self._even(rows, rng)
        fixed = {place for place in self._index if self._layout.is_key(place) or self._layout.is_linked(place)}
        self._rules.obey(rows, fixed, rng, keep=False)
        most = style.most + 3 * self._wishes.group_size + self._wishes.limit
        for name in rows:
            rows[name] = self._unique(rows, name)[:most]
        self._mend(rows, rng)
        for held in rows.values():
            rng.shuffle(held)
        bait(rows, self._layout, rng)
        self._rules.obey(rows, fixed, rng, keep=True)
        return rows

    def _plain(self, table: Table, number: int, original: float, rng: random.Random) -> list[Value]:
        """An original row with some values changed, or one drawn column by column."""
        base = list(rng.choice(table.rows)) if table.rows and rng.random() < original else None
        row = []
        for i, column in enumerate(table.columns):
            place = (table.name.lower(), column.name.lower())
            keep = base is not None and rng.random() < 0.7
            row.append(base[i] if keep and base is not None else self._value(place, number, rng))
        for key in self._keys[table.name.lower()]:
            if len(key) == 1:
                row[self._index[table.name.lower(), key[0]]] = unique_value(
                    self._layout, (table.name.lower(), key[0]), number, rng
                )
        return row

    def _value(self, place: Place, number: int, rng: random.Random) -> Value:
        pool = self._pools[place]
        if pool and (len(pool) > 2 or rng.random() < 0.6):
            return rng.choice(pool)
        return fresh(self._kinds[place], self._columns[place], rng.randint(0, 5), rng)

    def _link(self, rows: Rows, size: int, rng: random.Random) -> None:
        """Gives linked columns values of one domain; row i of every table refers to the i-th value for low i."""
        for places, owner, known in self._groups:
            kind, column = self._kinds[owner or places[0]], self._columns[owner or places[0]]
            extra = [fresh(kind, column, 50 + n, rng) for n in range(size)]
            domain = list(dict.fromkeys(as_kind(value, kind) for value in [*known, *extra]))[: max(size, len(known))]
            owned = rng.sample(domain, min(size, len(domain))) if owner else domain[: rng.randint(2, 4)]
            for place in places:
                alone = (place[1],) in self._keys[place[0]]
                some = owned if alone or rng.random() < 0.6 else owned[: max(1, len(owned) // 2)]
                some = [self._layout.fitting(place, value) for value in some]
                self._spread(rows[place[0]], self._index[place], some, alone, rng)
                if None in self._pools[place] and not alone:
                    self._cut(rows[place[0]], self._index[place], rng)

    def _spread(
        self, rows: list[list[Value]], position: int, owned: list[Value], alone: bool, rng: random.Random
    ) -> None:
        for i, row in enumerate(rows):
            row[position] = owned[i % len(owned)] if alone or i < 3 or rng.random() < 0.3 else rng.choice(owned)

    def _cut(self, rows: list[list[Value]], position: int, rng: random.Random) -> None:
        """References to nothing, where the data has them; the first rows, of which witnesses are made, keep theirs."""
        for row in rows[3:]:
            if rng.random() < 0.2:
                row[position] = None

    def _group(self, rows: Rows, rng: random.Random) -> None:
        """Lets columns that are grouped by repeat their values."""
        linked = {place for places, _, _ in self._groups for place in places}
        for place in sorted(self._wishes.grouped & set(self._index) - linked):
            if (place[1],) not in self._keys[place[0]]:
                position, held = self._index[place], rows[place[0]]
                wanted = (3 if self._wishes.balanced else rng.randint(2, 3)) + self._wishes.limit
                few = list(dict.fromkeys(row[position] for row in held))[:wanted]
                few += [fresh(self._kinds[place], self._columns[place], 60 + n, rng) for n in range(wanted - len(few))]
                for row in held:
                    row[position] = rng.choice(few)
                # a group of its own for the row that nothing refers to
                if not self._wishes.balanced and rng.random() < 0.5:
                    held[-1][position] = fresh(self._kinds[place], self._columns[place], 70, rng)

    def _repeat(self, rows: Rows, rng: random.Random) -> None:
        """Adds duplicates, groups of the size that the gold asks for, and one row's links to all others."""
        for table in self.tables:
            name = table.name.lower()
            if rows[name] and rng.random() < 0.6:
                rows[name].append(self._witnesses.copied(rows, name, rng.choice(rows[name]), rng))
            if self._wishes.group_size and rows[name]:
                self._size_groups(rows, name, rng)
            many = self._wishes.limit > 1 and rows[name] and any(place[0] == name for place in self._wishes.top)
            for _ in range(self._wishes.limit + 1 if many else 0):
                rows[name].append(self._witnesses.copied(rows, name, rows[name][0], rng))
        for table in self.tables:
            self._cross(rows, table.name.lower(), rng)

    def _size_groups(self, rows: Rows, name: str, rng: random.Random) -> None:
        """Groups one row short of the size that the gold asks for, of that size, and one row over it."""
        size, held = self._wishes.group_size, rows[name]
        place, values = self._group_keys(rows, name, rng)
        if place is None:
            return
        position = self._index[place]
        for row in held:  # what else holds these values would change the sizes
            if row[position] in values and len(values) > 3:
                row[position] = values[3]
        for value, count in zip(values, (size + 1, size, size - 1), strict=False):
            for _ in range(count):
                copy = self._witnesses.copied(rows, name, held[0], rng)
                copy[position] = value
                held.append(copy)

    def _even(self, rows: Rows, rng: random.Random) -> None:
        """Gives the two largest groups of each table the same size: how the gold's top then falls is open."""
        for name, held in rows.items():
            place, _ = self._group_keys(rows, name, rng)
            sizes = Counter(row[self._index[place]] for row in held).most_common(2) if place is not None else []
            if place is not None and len(sizes) == 2:
                (_, most), (value, fewer) = sizes
                template = next(row for row in held if row[self._index[place]] == value)
                for _ in range(min(most - fewer, _EVENED)):
                    copy = self._witnesses.copied(rows, name, template, rng)
                    copy[self._index[place]] = value
                    held.append(copy)

    def _group_keys(self, rows: Rows, name: str, rng: random.Random) -> tuple[Place | None, list[Value]]:
        """A column of the table by which its rows are counted, and values of which each may make a group."""
        for place in sorted(self._wishes.grouped & set(self._index)):
            if place[0] == name and not self._layout.is_key(place) and not self._layout.is_linked(place):
                return place, [fresh(self._kinds[place], self._columns[place], 80 + n, rng) for n in range(4)]
        for places, owner, _ in self._groups:
            for place in places:
                if place[0] == name and owner is not None and place != owner and not self._layout.is_key(place):
                    there = [row[self._index[owner]] for row in rows[owner[0]]]
                    return place, [self._layout.fitting(place, value) for value in dict.fromkeys(there)][:4]
        return None, []

    def _cross(self, rows: Rows, name: str, rng: random.Random) -> None:
        """In a table between two others, links one row of one with all rows of the other, another with nearly all."""
        linked = [
            (p, owner) for places, owner, _ in self._groups for p in places if p[0] == name and owner not in (None, p)
        ]
        if len(linked) < 2 or not rows[name] or rng.random() < 0.4:
            return
        place, owner = rng.choice(linked)
        values = [row[self._index[owner]] for row in rows[owner[0]]] if owner is not None else []
        # one that has all, and one that has as many but not all: COUNT(*) does not tell them apart
        crossed: list[list[Value]] = []
        for template, wanted in zip(rows[name][:2], (values, [*values[1:], *values[1:2]]), strict=False):
            for value in wanted if len(values) <= _CROSSED else values[:8]:
                copy = self._witnesses.copied({**rows, name: [*rows[name], *crossed]}, name, template, rng)
                copy[self._index[place]] = self._layout.fitting(place, value)
                crossed.append(copy)
        rows[name][2:2] = crossed  # in front: what stands last may fall off

    def _unique(self, rows: Rows, name: str) -> list[list[Value]]:
        """The rows of a table whose keys were not there before; a key's value is compared as its column holds it."""
        keyed = {place for place in self._index if place[0] == name and self._layout.is_key(place)}
        for row in rows[name]:
            for place in keyed:
                row[self._index[place]] = self._layout.fitting(place, row[self._index[place]])
        return distinct(rows[name], [self._positions(name, key) for key in self._keys[name]])

    def _mend(self, rows: Rows, rng: random.Random) -> None:
        """Lets declared references lead somewhere, which copies and the cut to size may have undone."""
        for _ in self.tables:  # a row that goes may have been another's parent
            if not any([self._is_mended(rows, reference, rng) for reference in self._references]):
                return

    def _is_mended(self, rows: Rows, reference: Reference, rng: random.Random) -> bool:
        """Whether something had to be done: loose rows take another parent, or go where that would change a key."""
        here, there = (self._positions(reference.child, reference.columns),
                       self._positions(reference.parent, reference.target))  # fmt: skip
        fit = [(reference.child, column) for column in reference.columns]
        parents = [
            tuple(self._layout.fitting(place, row[i]) for place, i in zip(fit, there, strict=True))
            for row in rows[reference.parent]
        ]
        known, loose = set(parents), []
        for row in rows[reference.child]:
            values = tuple(self._layout.fitting(place, row[i]) for place, i in zip(fit, here, strict=True))
            loose += [row] if None not in values and values not in known else []
        if loose and parents and not any(map(self._layout.is_key, fit)):
            for row in loose:
                for i, value in zip(here, rng.choice(parents), strict=True):
                    row[i] = value
        elif loose:
            gone = set(map(id, loose))
            rows[reference.child] = [row for row in rows[reference.child] if id(row) not in gone]
        return bool(loose)

    def _positions(self, name: str, key: tuple[str, ...]) -> list[int]:
        return [self._index[name, column] for column in key]
