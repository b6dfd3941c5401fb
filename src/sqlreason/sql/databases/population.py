"""Rows for one test database: ordinary rows, linked and grouped, among them witnesses, and duplicates of both.

The tables that the gold names are drawn, and those to which they refer, so that declared references lead somewhere.
"""

from __future__ import annotations

import random
from collections import Counter

from sqlreason.sql.databases.groups import Groups
from sqlreason.sql.databases.row_copies import Copies, unique_value
from sqlreason.sql.databases.row_edits import Group, Layout, Rows, add_decoys, finish
from sqlreason.sql.databases.styles import Style
from sqlreason.sql.databases.table_rules import Rules
from sqlreason.sql.databases.values import around_today, as_kind, fresh, kind_of, neighbours
from sqlreason.sql.databases.witnesses import Witnesses
from sqlreason.sql.parsing.constraints import Constraints, Place
from sqlreason.sql.parsing.keys import Reference, distinct, keys_of, references_of, united, with_children, with_parents
from sqlreason.sql.parsing.schema import Schema, Table, Value

#: A row is linked with all rows of another table if they are no more than this.
_CROSSED = 16
#: Rows of a table that is drawn only because it refers to one of the gold's.
_BESIDE = 6


class Populator:
    """Draws test databases of the tables that a gold query uses.

    Args:
        schema: With the original rows.
        constraints: What the gold asks of the data.
    """

    def __init__(self, schema: Schema, constraints: Constraints) -> None:
        self._wishes = constraints
        references = references_of(schema)
        drawn = with_parents(with_children(constraints.tables, references), references)
        self._needed = with_parents(constraints.tables, references)
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
            place: list(dict.fromkeys([*(as_kind(value, "bool") for value in data[place]), True, False]))
            if self._kinds[place] == "bool"
            else list(dict.fromkeys(data[place]))
            for place in self._index
        }
        self._enrich()
        self._rules = Rules(self.tables, self._kinds, self._pools)
        self._references = [reference for reference in references if reference.child in drawn]
        self._groups = self._linked(data)
        self._layout = Layout(
            constraints,
            self._columns,
            self._index,
            self._kinds,
            self._pools,
            self._keys,
            self._groups,
            self._references,
        )
        self._copies = Copies(self._layout)
        self._witnesses = Witnesses(self._layout, self._copies)
        self._gatherings = Groups(self._layout, self._copies)

    def _enrich(self) -> None:
        """Add to each column's pool the gold's literals and what lies beside them."""
        for condition in self._wishes.conditions():
            if condition.place in self._pools and not condition.part and condition.operator not in ("like", "not like"):
                kind = self._kinds[condition.place]
                near = [v for value in condition.values for v in neighbours(value, kind)] if kind != "bool" else []
                self._pools[condition.place] = list(dict.fromkeys([*self._pools[condition.place], *near]))
        for place in [place for place, kind in self._kinds.items() if kind == "json"]:
            near = [v for value in self._pools[place] if value is not None for v in neighbours(value, "json")]
            self._pools[place] = list(dict.fromkeys([*self._pools[place], *near]))
        for place in self._wishes.clocked & set(self._pools):
            if self._kinds[place] in ("date", "moment"):
                self._pools[place] = around_today(self._kinds[place])

    def _linked(self, data: dict[Place, list[Value]]) -> list[Group]:
        """Groups of columns that hold the same things: its places, the one that owns the values, the values."""
        alone = {(name, key[0]) for name, keys in self._keys.items() for key in keys if len(key) == 1}
        pairs = [*self._wishes.links, *(pair for pair in self._wishes.overlaps if alone & set(pair))]
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
        """Draw the rows of each table, in column order."""
        size = rng.randint(*style.rows)
        sizes = {name: size if name in self._needed else min(size, _BESIDE) for name in self._keys}
        rows = {
            table.name.lower(): [self._plain(table, i, style.original, rng) for i in range(sizes[table.name.lower()])]
            for table in self.tables
        }
        self._link(rows, size, rng)
        self._group(rows, rng)
        self._witnesses.place(rows, rng)
        self._witnesses.resemble(rows, rng)
        self._witnesses.stand_alone(rows, rng)
        if style.edges:
            self._witnesses.edge(rows, rng)
        self._overlap(rows, rng)
        self._repeat(rows, rng)
        finish(rows, self._layout, style, rng)
        if style.ties and self._wishes.limit and self._wishes.grouped:
            self._gatherings.even(rows, rng)
        fixed = {place for place in self._index if self._layout.is_key(place) or self._layout.is_linked(place)}
        self._rules.obey(rows, fixed, rng, keep=False)
        most = style.most + 3 * self._wishes.group_size + self._wishes.limit
        for name in rows:
            rows[name] = self._unique(rows, name)[:most]
        self._mend(rows, rng)
        for held in rows.values():
            rng.shuffle(held)
        add_decoys(rows, self._layout, rng)
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
        """Give linked columns values of one domain; row i of every table refers to the i-th value for low i."""
        for places, owner, known in self._groups:
            kind, column = self._kinds[owner or places[0]], self._columns[owner or places[0]]
            extra = [fresh(kind, column, 50 + n, rng) for n in range(size)]
            domain = list(dict.fromkeys(as_kind(value, kind) for value in [*known, *extra]))
            if kind == "int":  # references may be violated by other things; an id that is a text would not load
                domain = [value for value in domain if isinstance(value, int)]
            domain = domain[: max(size, len(known))]
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
        """Let columns that are grouped by repeat their values."""
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

    def _overlap(self, rows: Rows, rng: random.Random) -> None:
        """Let columns that the gold sets against each other share some values, and not all of them."""
        uses: Counter[Place] = Counter()
        for pair in self._wishes.overlaps:
            free = [place for place in reversed(pair) if self._layout.is_free(place)]
            if not free or not set(pair) <= set(self._index):
                continue
            here = free[0]
            there = pair[0] if here == pair[1] else pair[1]
            turn, uses[there] = uses[there], uses[there] + 1
            if self._layout.is_free(there) and len(rows[there[0]]) > 1:
                alone = fresh(self._kinds[there], self._columns[there], 180 + rng.randint(0, 9), rng)
                rows[there[0]][-1][self._index[there]] = alone
            known = dict.fromkeys(row[self._index[there]] for row in rows[there[0]])
            values = [value for value in known if value is not None]
            shared = values[turn % 2 :: 2] or values  # the witness's first of all, and others with the next column
            first = turn % max(1, len(rows[here[0]]))
            for number, row in enumerate(rows[here[0]] if shared else ()):
                if number == first or rng.random() < 0.3:
                    value = shared[0] if number == first else rng.choice(shared)
                    row[self._index[here]] = self._layout.fitting(here, value)

    def _repeat(self, rows: Rows, rng: random.Random) -> None:
        """Add duplicates, groups of the size that the gold asks for, and one row's links to all others."""
        for table in self.tables:
            name = table.name.lower()
            if name not in self._needed:
                continue
            if rows[name] and rng.random() < 0.6:
                rows[name].append(self._copies.copied(rows, name, rng.choice(rows[name]), rng))
            if self._wishes.group_size and rows[name]:
                self._gatherings.size(rows, name, rng)
            many = self._wishes.limit > 1 and rows[name] and any(place[0] == name for place in self._wishes.top)
            for _ in range(self._wishes.limit + 1 if many else 0):
                rows[name].append(self._copies.copied(rows, name, rows[name][0], rng))
        if self._wishes.grouped and rng.random() < 0.6:
            self._gatherings.namesakes(rows, rng)
        for name in sorted(self._needed & set(rows)):
            self._cross(rows, name, rng)

    def _cross(self, rows: Rows, name: str, rng: random.Random) -> None:
        """In a table between two others, links one row of one with all rows of the other, another with nearly all."""
        linked = [
            (p, owner) for places, owner, _ in self._groups for p in places if p[0] == name and owner not in (None, p)
        ]
        wanted = [pair for pair in linked if pair[1] is not None and pair[1][0] in self._wishes.whole]
        if len(linked) < 2 or not rows[name] or (not wanted and rng.random() < 0.4):
            return
        place, owner = rng.choice(wanted or linked)
        values = [row[self._index[owner]] for row in rows[owner[0]]] if owner is not None else []
        # one that has all, and one that has as many but not all: COUNT(*) does not tell them apart
        crossed: list[list[Value]] = []
        for template, ours in zip(rows[name][:2], (values, [*values[1:], *values[1:2]]), strict=False):
            for value in ours if wanted or len(values) <= _CROSSED else values[:8]:
                copy = self._copies.copied({**rows, name: [*rows[name], *crossed]}, name, template, rng)
                copy[self._index[place]] = self._layout.fitting(place, value)
                crossed.append(copy)
        rows[name][2:2] = crossed  # in front: what stands last may fall off

    def _unique(self, rows: Rows, name: str) -> list[list[Value]]:
        """The rows of a table whose keys were not there before; a key's value is compared as its column holds it."""
        keyed = {place for place in self._index if place[0] == name and self._layout.is_key(place)}
        for row in rows[name]:
            for place in keyed:
                row[self._index[place]] = self._layout.fitting(place, row[self._index[place]])
        whole = [self._index[p] for p in keyed if self._kinds[p] == "int" and self._layout.is_sole_key(p)]
        # a key of whole numbers that refers to texts cannot take one
        held = [row for row in rows[name] if not any(isinstance(row[i], str) for i in whole)]
        return distinct(held, [self._positions(name, key) for key in self._keys[name]])

    def _mend(self, rows: Rows, rng: random.Random) -> None:
        """Let declared references lead somewhere, which copies and the cut to size may have undone."""
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
