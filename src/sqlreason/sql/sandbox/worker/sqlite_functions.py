"""Functions that other dialects have and SQLite lacks, and a clock that stands still.

Gold and candidates both see them, so a reading never favours one side. All are pure; NULL in gives NULL out
unless the dialect says otherwise. Dialects differ in corners (week numbers, time zones); those are left out
rather than guessed.
"""

from __future__ import annotations

import math
import re
import statistics
from calendar import monthrange
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from . import dialect_functions, json_functions
from .drivers import Driver

#: "Now" for every query: results must not depend on the day on which they are computed.
NOW = "2024-06-15 12:00:00"
_CHARACTERS = 1_000_000
_SPREADS = (
    *(("stddev", 1), ("stddev_samp", 1), ("std", 1), ("variance", 1), ("var_samp", 1)),
    *(("stddev_pop", 1), ("var_pop", 1), ("median", 1), ("string_agg", 2)),
)
#: SQLite's functions of dates and times; which there are depends on its version.
_CLOCKS = {"date", "time", "datetime", "julianday", "strftime", "unixepoch", "timediff"}


#: Functions that came with SQLite 3.41 or later: figures of published benchmarks were made without them.
_LATE = frozenset(["concat", "concat_ws", "string_agg", "if", "unistr", "unhex", "octet_length", "timediff"])


def install(driver: Driver, real: Driver) -> frozenset[str]:
    """Register the functions on a connection; `real` is another one, whose dates and times are SQLite's own.

    Returns:
        Names that SQLite 3.40 did not know.
    """
    known = {name for (name,) in real.rows("SELECT DISTINCT name FROM pragma_function_list")}
    new = {**_SCALARS, **dialect_functions.SCALARS, **json_functions.SCALARS}
    # SQLite keeps a function in the small pool of memory from which statements are made; it is lent out meanwhile
    with driver.pool_in_use():
        for name, arity in [key for key in new if key[0] not in known]:
            driver.function(name, arity, new.pop((name, arity)))
    for (name, arity), function in new.items():
        driver.function(name, arity, function)
    for name, arity in _SPREADS:
        driver.aggregate(name, arity, _spread_of(name))
    driver.aggregate("concat_ordered", -1, dialect_functions.ConcatOrdered)
    _stop_the_clock(driver, real, _CLOCKS & known)
    own = {*_SCALARS, *dialect_functions.SCALARS, *json_functions.SCALARS, *_SPREADS}
    return frozenset({name for name, _ in own} - known | _LATE)


def _stop_the_clock(driver: Driver, real: Driver, clocks: set[str]) -> None:
    """Replace SQLite's date functions by themselves with `now` replaced."""

    def still(name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            if not all(a is None or isinstance(a, str | int | float) for a in arguments):
                return None
            start = 1 if name == "strftime" else 0
            times = [NOW if isinstance(a, str) and a.strip().lower() == "now" else a for a in arguments[start:]]
            given = [*arguments[:start], *times]
            if len(given) <= start or (name != "timediff" and _is_fraction(given[start])):
                given.insert(start, NOW)  # a time that is left out is the present one
            return real.rows(f"SELECT {name}({','.join('?' * len(given))})", given)[0][0]

        return call

    for name in clocks:
        driver.function(name, 2 if name == "timediff" else -1, still(name))
    driver.function("current_timestamp", 0, lambda: NOW)
    driver.function("current_date", 0, lambda: NOW[:10])
    driver.function("current_time", 0, lambda: NOW[11:])


def _is_fraction(value: Any) -> bool:
    """Whether an argument is the modifier that asks for fractions of a second, which may stand without a time."""
    return isinstance(value, str) and value.strip().lower() in ("subsec", "subsecond")


def _moment(value: Any) -> datetime | None:
    """A date or timestamp written in ISO form; None for anything else."""
    try:
        return datetime.fromisoformat(str(value).strip())
    except ValueError:
        return None


def _part(unit: str, value: Any) -> int | None:
    """One field of a date, as EXTRACT gives it; `dow` counts from Sunday = 0 as PostgreSQL does."""
    at = _moment(value)
    if at is None:
        return None
    fields: dict[str, int] = {
        **{"year": at.year, "month": at.month, "day": at.day, "hour": at.hour, "minute": at.minute},
        **{"second": at.second, "quarter": (at.month + 2) // 3, "doy": at.timetuple().tm_yday},
        **{"week": at.isocalendar().week, "dow": at.isoweekday() % 7, "isodow": at.isoweekday()},
    }
    return fields.get(unit.lower().rstrip("s") if unit.lower() != "s" else "s")


def _written(at: datetime, like: Any) -> str:
    """The moment in the form of the value it comes from: a date stays a date."""
    bare = len(str(like).strip()) <= 10 and at.hour == at.minute == at.second == 0
    return at.date().isoformat() if bare else at.replace(microsecond=0).isoformat(" ")


def _shifted(value: Any, amount: Any, unit: str) -> str | None:
    """The date moved by so many units; the day is clipped to the month's end as MySQL and PostgreSQL do."""
    at, unit = _moment(value), unit.lower().rstrip("s")
    if at is None or amount is None:
        return None
    months = {"month": 1, "quarter": 3, "year": 12}.get(unit)
    if months:
        year, month = divmod(at.year * 12 + at.month - 1 + int(amount) * months, 12)
        day = min(at.day, monthrange(year, month + 1)[1])
        return _written(at.replace(year=year, month=month + 1, day=day), value)
    length = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}.get(unit)
    return _written(at + timedelta(seconds=float(amount) * length), value) if length else None


def _truncated(unit: str, value: Any) -> str | None:
    at, unit = _moment(value), unit.lower()
    if at is None:
        return None
    month = {"year": 1, "quarter": 3 * ((at.month - 1) // 3) + 1}.get(unit, at.month)
    if unit in ("year", "quarter", "month"):
        return date(at.year, month, 1).isoformat()
    if unit == "week":
        return (at.date() - timedelta(days=at.weekday())).isoformat()
    kept = {"day": 10, "hour": 13, "minute": 16, "second": 19}.get(unit)
    whole = at.replace(microsecond=0).isoformat(" ")
    return None if kept is None else (whole[:kept] + "0000-01-01 00:00:00"[kept:] if kept > 10 else whole[:10])


def _gap(unit: str, start: Any, end: Any) -> int | None:
    """Unit boundaries between two dates, end minus start, as T-SQL's DATEDIFF counts them."""
    one, two, unit = _moment(start), _moment(end), unit.lower().rstrip("s")
    if one is None or two is None:
        return None
    months = (two.year - one.year) * 12 + two.month - one.month
    days = (two.date() - one.date()).days
    seconds = int((two - one).total_seconds())
    counted = {"year": two.year - one.year, "month": months, "day": days, "week": days // 7}
    return {**counted, "hour": seconds // 3_600, "minute": seconds // 60, "second": seconds}.get(unit)


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _joined(separator: Any, *parts: Any) -> str | None:
    return None if separator is None else _text(separator).join(_text(p) for p in parts if p is not None)


def _padded(left: bool) -> Callable[[Any, Any, Any], str]:
    def pad(value: Any, length: Any, fill: Any = " ") -> str:
        text, length = _text(value), min(int(length), _CHARACTERS)
        filling = (_text(fill) * length)[: max(0, length - len(text))]
        return (filling + text if left else text + filling)[:length]

    return pad


def _place_among(value: str, listed: str) -> int:
    """Where a value stands in a list with commas, from 1; 0 where it does not."""
    members = listed.split(",") if listed else []
    return members.index(value) + 1 if value in members else 0


def _up_to(value: str, separator: str, count: int) -> str:
    """What stands before the count-th separator; from the end for a negative one."""
    parts = value.split(separator) if separator else []
    return separator.join(parts[:count] if count > 0 else parts[count:] if count else [])


def _found(pattern: Any, value: Any) -> bool:
    """`value REGEXP pattern`; letter case does not matter, as in MySQL."""
    return re.search(_text(pattern)[:500], _text(value)[:10_000], re.IGNORECASE) is not None


def _formatted(value: Any, pattern: str) -> str | None:
    at = _moment(value)
    names = {"%i": "%M", "%s": "%S", "%M": "%B", "%W": "%A", "%e": f"{at.day}", "%c": f"{at.month}"} if at else {}
    return at.strftime(re.sub("%[a-zA-Z]", lambda m: names.get(m.group(), m.group()), pattern)) if at else None


def _null_safe(function: Callable[..., Any]) -> Callable[..., Any]:
    """NULL out where any argument is NULL."""
    return lambda *arguments: None if any(a is None for a in arguments) else function(*arguments)


_DATE_PARTS = {name: name for name in ("year", "month", "day", "hour", "minute", "second", "quarter")}
_SCALARS: dict[tuple[str, int], Callable[..., Any]] = {
    **{(name, 1): _null_safe(lambda v, unit=unit: _part(unit, v)) for name, unit in _DATE_PARTS.items()},
    ("dayofmonth", 1): _null_safe(lambda v: _part("day", v)),
    ("dayofyear", 1): _null_safe(lambda v: _part("doy", v)),
    ("weekday", 1): _null_safe(lambda v: (_part("isodow", v) or 0) - 1),
    ("dayofweek", 1): _null_safe(lambda v: (_part("dow", v) or 0) + 1),
    ("dayname", 1): _null_safe(lambda v: _formatted(v, "%W")),
    ("monthname", 1): _null_safe(lambda v: _formatted(v, "%M")),
    ("date_format", 2): _null_safe(_formatted),
    ("date_part", 2): _null_safe(_part),
    ("date_trunc", 2): _null_safe(_truncated),
    ("date_shift", 3): _null_safe(_shifted),
    ("date_gap", 3): _null_safe(_gap),
    ("datediff", 2): _null_safe(lambda end, start: _gap("day", start, end)),
    ("now", 0): lambda: NOW,
    ("getdate", 0): lambda: NOW,
    ("curdate", 0): lambda: NOW[:10],
    ("concat", -1): lambda *parts: "".join(_text(p) for p in parts if p is not None),
    ("concat_ws", -1): _joined,
    ("left", 2): _null_safe(lambda v, n: _text(v)[: max(0, int(n))]),
    ("right", 2): _null_safe(lambda v, n: _text(v)[-int(n) :] if int(n) > 0 else ""),
    ("lpad", 2): _null_safe(_padded(True)),
    ("lpad", 3): _null_safe(_padded(True)),
    ("rpad", 2): _null_safe(_padded(False)),
    ("rpad", 3): _null_safe(_padded(False)),
    ("reverse", 1): _null_safe(lambda v: _text(v)[::-1]),
    ("repeat", 2): _null_safe(lambda v, n: _text(v) * min(max(0, int(n)), _CHARACTERS // (len(_text(v)) + 1))),
    ("locate", 2): _null_safe(lambda part, v: _text(v).lower().find(_text(part).lower()) + 1),
    ("find_in_set", 2): _null_safe(lambda v, listed: _place_among(_text(v), _text(listed))),
    ("substring_index", 3): _null_safe(lambda v, by, n: _up_to(_text(v), _text(by), int(n))),
    ("strpos", 2): _null_safe(lambda v, part: _text(v).find(_text(part)) + 1),
    ("initcap", 1): _null_safe(lambda v: _text(v).title()),
    ("char_length", 1): _null_safe(lambda v: len(_text(v))),
    ("character_length", 1): _null_safe(lambda v: len(_text(v))),
    ("len", 1): _null_safe(lambda v: len(_text(v).rstrip(" "))),
    ("ucase", 1): _null_safe(lambda v: _text(v).upper()),
    ("lcase", 1): _null_safe(lambda v: _text(v).lower()),
    ("split_part", 3): _null_safe(lambda v, by, n: [*_text(v).split(_text(by)), *[""] * int(n)][int(n) - 1]),
    ("if", 3): lambda condition, yes, no: yes if condition else no,
    ("nvl", 2): lambda value, other: other if value is None else value,
    ("greatest", -1): _null_safe(max),
    ("least", -1): _null_safe(min),
    ("truncate", 2): _null_safe(lambda v, n: math.trunc(v * 10 ** int(n)) / 10 ** int(n)),
    ("regexp", 2): _null_safe(_found),
}


class _Spread:
    """An aggregate that keeps its group; sizes are bounded by the deadline and the memory limit."""

    name = ""

    def __init__(self) -> None:
        self._values: list[Any] = []
        self._separator = ","

    def step(self, value: Any, separator: Any = None) -> None:
        """Take one row's value."""
        if value is not None:
            self._values.append(value)
        self._separator = self._separator if separator is None else _text(separator)

    def finalize(self) -> Any:
        """The group's result; NULL for too few values."""
        values, name = self._values, self.name
        if name == "string_agg":
            return self._separator.join(map(_text, values)) if values else None
        numbers = [float(value) for value in values]
        if name == "median":
            return statistics.median(numbers) if numbers else None
        population = name in ("std", "stddev_pop", "var_pop")
        if len(numbers) < (1 if population else 2):
            return None
        variance = statistics.pvariance(numbers) if population else statistics.variance(numbers)
        return variance if name.startswith("var") else math.sqrt(variance)


@cache
def _spread_of(name: str) -> type[_Spread]:
    return type(f"_Spread_{name}", (_Spread,), {"name": name})
