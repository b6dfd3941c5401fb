"""The judge of the benchmarks: many large databases, drawn without looking at how the engine draws its own.

What a verdict is worth can only be told by test databases that had no part in it. These come from another generator
than `sql/databases/population.py` (no witnesses, no near misses: every cell is drawn by itself), with other sizes and
seeds, in the manner of Zhong et al. 2020 (values of the database, literals of the gold and what lies beside them,
random ones; keys unique, references kept).
"""

from __future__ import annotations

import calendar
import random
import sqlite3
import string
from contextlib import closing
from dataclasses import dataclass

from sqlglot import exp

from sqlreason.sql.databases.values import later
from sqlreason.sql.parsing.queries import read_query
from sqlreason.sql.parsing.schema import Column, Schema, Table, Value, parse_schema
from sqlreason.sql.parsing.statements import split_statements, statement_kind
from sqlreason.sql.parsing.tables import literal
from sqlreason.sql.verifier import Limits, Task, Verifier

DATABASES = 60
#: Rows of a table, in turn: a handful, a page, more than any HAVING of the questions asks for.
SIZES = (4, 9, 18, 30, 55, 80)
#: Judging takes longer than a reward may: sixty databases, some with eighty rows a table.
LIMITS = Limits(soft_seconds=20.0, hard_seconds=40.0)
#: Functions that give tied rows the same value, if no frame cuts between them.
_TIES_ALIKE = (exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Sum, exp.Avg, exp.Count, exp.Max, exp.Min)
Place = tuple[str, str]


@dataclass(frozen=True)
class Setting:
    """Which databases the judge draws.

    Attributes:
        nulls: Share of NULL in columns that may hold it, whether the data has any or not.
        dangling: Share of references of undeclared foreign keys that lead nowhere.
        ties: Whether rows may be tied in numbers by which the gold orders, or of which it takes an extreme.
    """

    nulls: float = 0.0
    dangling: float = 0.0
    ties: bool = True


def judge_of(verifier: Verifier, task: Task, setting: Setting, seed: int, count: int = DATABASES) -> Task | None:
    """The task on the original and many databases of the judge's own; None if the gold fails or tells nothing there."""
    scripts = [task.databases[0], *draw_databases(task.databases[0], task.gold, setting, seed, count)]
    judged = Task(task.id, task.gold, tuple(scripts), task.engine, task.reading)
    (verdict,) = verifier.verify(judged, [task.gold])
    return judged if verdict.agrees and "vacuous" not in verdict.flags else None


def allows(script: str, context: str, gold: str, setting: Setting) -> bool:
    """Whether a database may decide: then one on which two queries differ proves that they are not the same.

    The original may. Another must load with every declared constraint; where it changed the rows of a table, references
    lead somewhere (undeclared ones too, unless the setting lets them dangle); where the setting has no NULL, one stands
    only in columns that are NULL somewhere in the data, or whose NULLs the gold asks about; where it has no ties,
    numbers and days that decide a top are tied only if the data's are. What the original breaks binds nobody. Whether
    ties leave the gold's result open is told by its verdict.
    """
    if script == context:
        return True
    schema, held = parse_schema(context), parse_schema(script)
    changed = {t.name.lower() for t in held.tables if (old := schema.table(t.name)) is None or old.rows != t.rows}
    if (_loose_ends(script) - _loose_ends(context)) & changed:
        return False
    drawer = _Drawer(schema, gold, setting)
    apart = setting.ties or drawer.keeps_apart(held)
    return apart and drawer.keeps_references(held, changed) and (setting.nulls > 0 or drawer.keeps_nulls(held))


def _loose_ends(script: str) -> set[str]:
    """Tables with declared references that lead nowhere; none where SQLite finds no key that they could lead to."""
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(script)
        try:
            return {str(table).lower() for table, *_ in connection.execute("PRAGMA foreign_key_check")}
        except sqlite3.OperationalError:
            return set()


def draw_databases(context: str, gold: str, setting: Setting, seed: int, count: int = DATABASES) -> list[str]:
    """Scripts of databases of the context's schema."""
    schema = parse_schema(context)
    kept = [text for text in split_statements(context) if statement_kind(text) != "insert"]
    rng = random.Random(f"judge/{seed}/{gold}")
    drawer = _Drawer(schema, gold, setting)
    return [";\n".join([*kept, *drawer.draw(rng, SIZES[i % len(SIZES)])]) + ";" for i in range(count)]


class _Drawer:
    def __init__(self, schema: Schema, gold: str, setting: Setting) -> None:
        self._schema, self._setting = schema, setting
        tree = read_query(gold, schema)
        found = list(tree.find_all(exp.Literal)) if tree is not None else []
        self._texts = sorted({n.this for n in found if n.is_string})
        self._numbers = sorted({float(n.this) for n in found if not n.is_string})
        self._owners = self._references(tree)
        tests = list(tree.find_all(exp.Is)) if tree is not None else []
        self._asked = {column.name.lower() for test in tests for column in test.find_all(exp.Column)}
        deciding = _deciding(tree) if tree is not None and not setting.ties else []
        self._apart = {column.name.lower() for node in deciding for column in node.find_all(exp.Column)}

    def _references(self, tree: exp.Expr | None) -> dict[Place, tuple[Place, bool]]:
        """Of each referring column where it points and whether that is declared."""
        keys = {t.primary_key[0].lower(): t.name.lower() for t in self._schema.tables if len(t.primary_key) == 1}
        owners: dict[Place, tuple[Place, bool]] = {}
        for table in self._schema.tables:
            for column in table.columns:
                place = table.name.lower(), column.name.lower()
                home = keys.get(place[1])
                if home is not None and column.name not in table.primary_key:
                    owners[place] = (home, place[1]), False
            for key in table.foreign_keys:
                target = self._schema.table(key.table)
                wanted = key.target or (target.primary_key if target else ())
                for column_name, aim in zip(key.columns, wanted, strict=False):
                    owners[table.name.lower(), column_name.lower()] = (key.table.lower(), aim.lower()), True
        return owners

    def keeps_references(self, held: Schema, changed: set[str]) -> bool:
        """Whether what refers to another table's key finds it there, in the tables that were changed."""
        for (table, column), (owner, declared) in self._owners.items():
            if table not in changed:
                continue
            referring, referred = _values(held, table, column), _values(held, *owner)
            # a reference that the data breaks, or that the setting lets dangle, binds nobody
            known = _values(self._schema, table, column) <= _values(self._schema, *owner)
            if known and (declared or not self._setting.dangling) and not referring <= referred:
                return False
        return True

    def keeps_apart(self, held: Schema) -> bool:
        """Whether what decides a top is tied only where the data's is."""
        for table in held.tables:
            original = self._schema.table(table.name)
            for position, column in enumerate(table.columns):
                values = [row[position] for row in table.rows]
                comparable = all(v is None or isinstance(v, int | float) or _is_date(str(v)) for v in values)
                before = [row[position] for row in original.rows] if original is not None else []
                if column.name.lower() in self._apart and comparable and _tied(values) and not _tied(before):
                    return False
        return True

    def keeps_nulls(self, held: Schema) -> bool:
        """Whether NULL stands only where the data has it, or where the gold asks for it."""
        for table in held.tables:
            original = self._schema.table(table.name)
            for position, column in enumerate(table.columns):
                data = [row[position] for row in original.rows] if original is not None else []
                new = any(row[position] is None for row in table.rows) and None not in data
                if new and column.name.lower() not in self._asked:
                    return False
        return True

    def draw(self, rng: random.Random, size: int) -> list[str]:
        """INSERT statements for all tables, referred ones first."""
        held: dict[str, list[list[Value]]] = {}
        for table in self._ordered():
            few = {c.name: rng.randint(1, 4) for c in table.columns if rng.random() < 0.35}
            number = max(2, size // rng.choice((1, 2, 3)))
            held[table.name.lower()] = self._rows(table, number, few, held, rng)
        return [text for table in self._schema.tables if (text := _insert(table, held[table.name.lower()]))]

    def _ordered(self) -> list[Table]:
        done: list[Table] = []
        waiting = list(self._schema.tables)
        while waiting:
            names = {table.name.lower() for table in waiting}
            ready = [t for t in waiting if not self._needs(t) & (names - {t.name.lower()})] or waiting[:1]
            done += ready
            waiting = [table for table in waiting if table not in ready]
        return done

    def _needs(self, table: Table) -> set[str]:
        return {owner[0] for place, (owner, _) in self._owners.items() if place[0] == table.name.lower()}

    def _rows(
        self, table: Table, number: int, few: dict[str, int], held: dict[str, list[list[Value]]], rng: random.Random
    ) -> list[list[Value]]:
        columns = []
        for position, column in enumerate(table.columns):
            data = [row[position] for row in table.rows]
            drawn = self._column(table, column, data, number, held, rng)
            if column.name in few and column.name not in table.primary_key:
                pool = rng.sample(drawn, min(few[column.name], len(drawn)))
                drawn = [rng.choice(pool) for _ in drawn]
            if column.name.lower() in self._apart:
                drawn = _nudged(drawn)
            columns.append(drawn)
        rows = [list(row) for row in zip(*columns, strict=True)]
        for key in [key for key in (table.primary_key, *table.unique) if key]:
            rows = _unique(rows, [i for i, c in enumerate(table.columns) if c.name.lower() in {k.lower() for k in key}])
        return rows

    def _column(
        self,
        table: Table,
        column: Column,
        data: list[Value],
        number: int,
        held: dict[str, list[list[Value]]],
        rng: random.Random,
    ) -> list[Value]:
        owner, declared = self._owners.get((table.name.lower(), column.name.lower()), (None, True))
        if owner is not None and owner[0] in held:
            target = self._schema.table(owner[0])
            position = next((i for i, c in enumerate(target.columns) if c.name.lower() == owner[1]), 0) if target else 0
            there = [row[position] for row in held[owner[0]]]
            found: list[Value] = [rng.choice(there) for _ in range(number)] if there else [None] * number
            loose = 0.0 if declared else self._setting.dangling
            drawn = [self._value(column, data, rng) if rng.random() < loose else value for value in found]
        else:
            drawn = [self._value(column, data, rng) for _ in range(number)]
        if (column.name,) == table.primary_key or (column.name,) in table.unique:
            return drawn
        share = self._setting.nulls if column.nullable and column.name not in table.primary_key else 0.0
        share = max(share, 0.1 if None in data else 0.0)
        return [None if rng.random() < share else value for value in drawn]

    def _value(self, column: Column, data: list[Value], rng: random.Random) -> Value:
        seen = [value for value in data if value is not None]
        roll = rng.random()
        if seen and roll < 0.4:
            return rng.choice(seen)
        kind = column.type.upper()
        if "BOOL" in kind:
            return rng.random() < 0.5
        number = any(mark in kind for mark in ("INT", "REAL", "FLO", "DOU", "DEC", "NUM", "SERIAL", "YEAR"))
        if seen:
            number = isinstance(seen[0], int | float)
        return self._number(seen, roll, rng) if number else self._text(seen, column, roll, rng)

    def _number(self, seen: list[Value], roll: float, rng: random.Random) -> Value:
        whole = all(isinstance(value, int) for value in seen)
        if self._numbers and roll < 0.75:
            near = rng.choice(self._numbers) + rng.choice((0, 0, 1, -1, 3))
        else:
            known = [float(value) for value in seen if isinstance(value, int | float)] or [0.0, 100.0]
            spread = max(max(known) - min(known), 10.0)
            near = rng.uniform(min(known) - spread / 4, max(known) + spread / 4)
        return int(near) if whole else round(near, 2)

    def _text(self, seen: list[Value], column: Column, roll: float, rng: random.Random) -> Value:
        known = [str(value) for value in seen]
        if (known and all(_is_date(text) for text in known)) or (not known and "DATE" in column.type.upper()):
            near = [text[:10] for text in [*self._texts, *known] if _is_date(text)] or ["2023-06-15"]
            return _nearby_day(rng.choice(near), rng)
        if self._texts and roll < 0.75:
            text = rng.choice(self._texts)
            fill = rng.choice(("", "", "x", "Lo "))
            return text.replace("%", fill).replace("_", "a") if "%" in text else text + rng.choice(("", "", "", " II"))
        base = rng.choice(known) if known and roll < 0.85 else ""
        return (base + "".join(rng.choices(string.ascii_letters, k=rng.randint(1, 4)))).strip()


def _tied(values: list[Value]) -> bool:
    known = [value for value in values if value is not None]
    return len(set(known)) < len(known)


def _values(schema: Schema, table: str, column: str) -> set[Value]:
    """What a column holds, without NULL."""
    held = schema.table(table)
    position = next((i for i, c in enumerate(held.columns) if c.name.lower() == column), None) if held else None
    return {row[position] for row in held.rows} - {None} if held is not None and position is not None else set()


def _deciding(tree: exp.Expr) -> list[exp.Expr]:
    """What decides which rows are kept or how they are numbered; RANK and running totals treat tied rows alike."""
    return [*(order for order in tree.find_all(exp.Order) if _decides(order.parent)), *tree.find_all(exp.Max, exp.Min)]


def _decides(ordered: exp.Expr | None) -> bool:
    if isinstance(ordered, exp.Window):
        return ordered.args.get("spec") is not None or not isinstance(ordered.this, _TIES_ALIKE)
    return ordered is not None and ordered.args.get("limit") is not None


def _nudged(values: list[Value]) -> list[Value]:
    """The values with numbers and days moved on until no two are equal."""
    seen: set[Value] = set()
    moved = []
    for value in values:
        while value in seen and (isinstance(value, int | float) or _is_date(str(value))):
            value = later(value, 1)
        seen.add(value)
        moved.append(value)
    return moved


def _is_date(text: str) -> bool:
    return len(text) >= 10 and text[4] == text[7] == "-" and text[:4].isdigit()


def _nearby_day(day: str, rng: random.Random) -> str:
    year, month, number = int(day[:4]), int(day[5:7]), int(day[8:10])
    year += rng.choice((0, 0, 0, 1, -1))
    month, number = (
        rng.choice((month, rng.randint(1, 12))),
        rng.choice((number, number + 1, number - 1, rng.randint(1, 31))),
    )
    return f"{year:04d}-{month:02d}-{min(max(number, 1), calendar.monthrange(year, month)[1]):02d}"


def _unique(rows: list[list[Value]], positions: list[int]) -> list[list[Value]]:
    """The rows with the first of each key; whole numbers move up instead of falling out."""
    seen: set[tuple[Value, ...]] = set()
    kept = []
    for row in rows:
        for _ in range(400):
            key = tuple(row[i] for i in positions)
            if key not in seen or len(positions) != 1 or not isinstance(row[positions[0]], int):
                break
            row[positions[0]] = row[positions[0]] + 1  # type: ignore[operator]
        if key not in seen and None not in key:
            seen.add(key)
            kept.append(row)
    return kept


def _insert(table: Table, rows: list[list[Value]]) -> str:
    names = ", ".join('"' + column.name.replace('"', '""') + '"' for column in table.columns)
    values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
    return f'INSERT INTO "{table.name}" ({names}) VALUES {values}' if rows else ""
