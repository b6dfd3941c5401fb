"""When two results are the same: values, bags of rows, and orders with ties.

Rows are compared as bags unless the gold orders them; rows with equal sort keys are a bag among themselves,
and where LIMIT cuts such a group any of its rows will do. Columns count by position, names do not matter.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

Row = tuple[Any, ...]

#: Relative and absolute tolerance of inexact numbers (docs/sql-engine.md, section 1).
RELATIVE, ABSOLUTE = 1e-6, 1e-9
_MIDNIGHT = (" 00:00:00", "T00:00:00", " 00:00:00.000", " 00:00:00.000000", " 00:00:00+00:00", " 00:00:00+00")
_EXACT = 2**53
#: Decimals with more digits before or behind the point are compared as they are written.
_DIGITS = 5_000
_AS_IS = frozenset([int, bytes, type(None)])
#: The shortest text that may be a midnight.
_DATED = len("2024-01-01 00:00:00")


def canonical(value: Any) -> Any:
    """The value in the form in which it is compared.

    Booleans and whole floats become integers, decimals numbers, dates and times ISO texts, midnight timestamps dates,
    NaN a mark that equals itself, lists and maps marked tuples. Text never equals a number, NULL never anything else;
    no value has a tuple's form by itself, so that none can pass for a mark.
    """
    kind = type(value)
    if kind is int or value is None or kind is bytes:
        return value
    if kind is str:
        return value[:10] if len(value) >= _DATED and value[4] == "-" and value[10:] in _MIDNIGHT else value
    if kind is float:
        return _canonical_float(value)
    if kind is bool:
        return int(value)
    return _canonical_other(value)


def _canonical_float(value: float) -> Any:
    if value != value:
        return ("nan",)
    return int(value) if abs(value) < _EXACT and value == int(value) else value


def _canonical_other(value: Any) -> Any:
    if isinstance(value, Decimal):
        return _canonical_decimal(value)
    if isinstance(value, datetime | date | time):
        return canonical(value.isoformat().replace("T", " "))
    if isinstance(value, timedelta):
        return canonical(value.total_seconds())
    if isinstance(value, list | tuple):
        return ("list", *map(canonical, value))
    if isinstance(value, dict):  # a struct's fields, and a document's, are found by name
        pairs = [(canonical(key), canonical(item)) for key, item in value.items()]
        return ("map", *sorted(pairs, key=lambda pair: repr(pair[0])))
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    return str(value)


def _canonical_decimal(value: Decimal) -> Any:
    if not value.is_finite():
        return ("nan",) if value.is_nan() else float(value)
    if abs(value.adjusted()) > _DIGITS:
        return ("number", str(value))
    if value == value.to_integral_value():
        return int(value)
    near = float(value)
    return int(value) if math.isinf(near) else _canonical_float(near)


def canonical_rows(rows: Iterable[Sequence[Any]]) -> list[Row]:
    """The rows with every value in its compared form; most values have it, and are not asked twice."""
    return [
        tuple([v if type(v) in _AS_IS or (type(v) is str and len(v) < _DATED) else canonical(v) for v in row])
        for row in rows
    ]


def same_value(one: Any, other: Any) -> bool:
    """Equality of two canonical values; numbers agree within tolerance unless both are exact integers."""
    if one == other:
        return type(one) is type(other) or (_is_number(one) and _is_number(other))
    if type(one) is tuple and type(other) is tuple:
        return same_row(one, other)
    if not (_is_number(one) and _is_number(other)) or (type(one) is int and type(other) is int):
        return False
    try:
        return math.isclose(one, other, rel_tol=RELATIVE, abs_tol=ABSOLUTE)
    except OverflowError:  # an integer beyond every float
        return False


def same_row(one: Row, other: Row) -> bool:
    """Equality of two canonical rows by position."""
    return len(one) == len(other) and all(map(same_value, one, other))


def same_bag(ones: Sequence[Row], others: Sequence[Row]) -> bool:
    """Whether two bags of canonical rows are equal within tolerance."""
    return len(ones) == len(others) and contained(ones, others)


def contained(ones: Sequence[Row], others: Sequence[Row]) -> bool:
    """Whether every row of the first bag has a partner of its own in the second."""
    rest = Counter(ones)
    rest.subtract(others)
    missing = [row for row, count in rest.items() for _ in range(count) if count > 0]
    if not missing:
        return True
    spare = [row for row, count in rest.items() for _ in range(-count) if count < 0]
    return len(missing) <= len(spare) and _inexact(missing + spare) and _paired(missing, spare)


def _inexact(rows: Iterable[Row]) -> bool:
    """Whether there is a float, or a list that may hold one, without which there is no tolerance."""
    return any(float in kinds or tuple in kinds for kinds in (set(map(type, row)) for row in rows))


def _paired(missing: list[Row], spare: list[Row]) -> bool:
    """Pairs rows that differ by float noise: exactly for few rows of a shape, in sorted order for many."""
    shapes: dict[Row, tuple[list[Row], list[Row]]] = {}
    for side, rows in enumerate((missing, spare)):
        for row in rows:
            shapes.setdefault(_shape(row), ([], []))[side].append(row)
    return all(_matched(wanted, offered) for wanted, offered in shapes.values() if wanted)


def _shape(row: Row) -> Row:
    """What must agree exactly: the row with every number replaced by a mark, in lists too."""
    return tuple(
        ("number",) if _is_number(value) else _shape(value) if type(value) is tuple else value for value in row
    )


def _matched(wanted: list[Row], offered: list[Row]) -> bool:
    if len(wanted) > len(offered):
        return False
    if len(wanted) * len(offered) > 40_000:
        order = sorted(offered, key=_numbers)
        return all(map(same_row, sorted(wanted, key=_numbers), order)) and len(wanted) == len(offered)
    taken: dict[int, int] = {}
    partners = [[j for j, other in enumerate(offered) if same_row(row, other)] for row in wanted]
    return all(_augmented(i, partners, taken, set()) for i in range(len(wanted)))


def _numbers(row: Row) -> list[float]:
    nested = ([value] if _is_number(value) else _numbers(value) if type(value) is tuple else [] for value in row)
    return [number for numbers in nested for number in numbers]


def _augmented(start: int, partners: list[list[int]], taken: dict[int, int], seen: set[int]) -> bool:
    """One step of bipartite matching: finds `start` a partner, moving others where needed."""
    for j in partners[start]:
        if j not in seen:
            seen.add(j)
            if j not in taken or _augmented(taken[j], partners, taken, seen):
                taken[j] = start
                return True
    return False


def _is_number(value: Any) -> bool:
    return type(value) is int or type(value) is float


class Answer:
    """The gold's result on one test database, ready to be compared with.

    Attributes:
        columns: How many columns it has.
        rows: Its canonical rows.
        ambiguous: Whether LIMIT cuts a group of tied rows, so that several results are right.
        partial: Whether of that group only some rows are known, so that a right result may be taken for a wrong one.
    """

    def __init__(self, columns: int, rows: Sequence[Row], ordered: bool = False) -> None:
        self.columns = columns
        self.rows = list(rows)
        self.ambiguous = self.partial = False
        self._groups: list[tuple[list[Row], int]] | None = None
        self._ordered = ordered
        self._counts = Counter(self.rows)

    def set_ties(self, keyed: Sequence[tuple[Row, Row]], offset: int, limit: int | None, more: bool = False) -> None:
        """Refines the order by sort keys.

        Args:
            keyed: The rows before LIMIT, in order, each with its sort key; no key makes all rows tied.
            offset: Rows that OFFSET skips.
            limit: Rows that LIMIT keeps; None keeps all.
            more: Whether further rows follow, so that the last group may go on behind what is known of it.
        """
        end = len(keyed) if limit is None else min(len(keyed), offset + limit)
        if more and offset + len(self.rows) > end:
            return  # the answer lies behind the rows that are known
        groups, start = [], 0
        for _, members in groupby(keyed, key=lambda pair: pair[0]):
            rows = [row for _, row in members]
            wanted = min(start + len(rows), end) - max(start, offset)
            is_open = more and start + len(rows) == len(keyed)
            if wanted > 0:
                place = max(start - offset, 0)
                groups.append((self._with_own(rows, place, wanted) if is_open else rows, wanted))
                self.ambiguous |= is_open or (wanted < len(rows) and any(row != rows[0] for row in rows))
                self.partial |= is_open
            start += len(rows)
        self._groups = groups
        if not self.matches(self.rows):  # the rewritten gold is not the gold: only the plain order is sure
            self._groups, self.ambiguous, self.partial = None, False, False

    def _with_own(self, known: list[Row], place: int, wanted: int) -> list[Row]:
        """The known rows of a group that goes on, and the answer's own: another plan may have taken it from the end."""
        seen = set(known)
        return known + [row for row in self.rows[place : place + wanted] if row not in seen]

    def matches(self, rows: Sequence[Row]) -> bool:
        """Whether canonical rows of the right width are a right answer."""
        if len(rows) != len(self.rows):
            return False
        if self._groups is not None:
            return self._matches_groups(rows)
        if self._ordered:
            return all(map(same_row, self.rows, rows))
        strange = next((row for row in rows if row not in self._counts), None)
        if strange is not None and not any(same_row(strange, row) for row in self._counts):
            return False  # most wrong answers end here
        return dict.__eq__(Counter(rows), self._counts) or contained(rows, self.rows)

    def _matches_groups(self, rows: Sequence[Row]) -> bool:
        start = 0
        for members, wanted in self._groups or ():
            part = rows[start : start + wanted]
            alone = len(members) == len(part) == 1
            if not (same_row(part[0], members[0]) if alone else len(part) == wanted and contained(part, members)):
                return False
            start += wanted
        return start == len(rows)
