"""What operators and casts of other dialects do, as functions; `translation` writes calls of them into a statement.

All are pure. NULL in gives NULL out, unless the name says otherwise. A value for which the dialect itself would fail,
or whose result SQLite has no type for (an interval), is an error, so that another engine is tried.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[ T]\d{2}:\d{2}.*)?")
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_TRUE, _FALSE = {"t", "true", "y", "yes", "on", "1"}, {"f", "false", "n", "no", "off", "0"}
_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
_LONGEST = 10_000


def _moment(value: Any) -> datetime | None:
    return datetime.fromisoformat(value.strip()) if isinstance(value, str) and _DATE.fullmatch(value.strip()) else None


def _certain_moment(value: Any) -> datetime:
    found = _moment(value)
    if found is None:
        raise ValueError(f"{value!r} is no date")
    return found


def _has_time(value: str) -> bool:
    return ":" in value


def _number(value: Any) -> int | float:
    """A number, or the one that a text is."""
    if isinstance(value, int | float):
        return value
    text = value.strip() if isinstance(value, str) else ""
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{value!r} is no number")
    return int(text) if text.lstrip("+-").isdecimal() else float(text)


def _moved(value: str, days: float) -> str:
    at = _certain_moment(value) + timedelta(days=days)
    return at.isoformat(" ", "seconds") if _has_time(value) else at.date().isoformat()


def _minus(left: Any, right: Any) -> int | float | str:
    """`left - right` by what they are: days between dates, an earlier date, or a difference of numbers."""
    one, two = _moment(left), _moment(right)
    if one is not None and two is not None:
        if _has_time(left) or _has_time(right):
            raise ValueError("the difference of two moments is an interval")
        return (one - two).days
    return _moved(left, -float(_number(right))) if one is not None else _number(left) - _number(right)


def _plus(left: Any, right: Any) -> int | float | str:
    """`left + right`: a later date, or a sum."""
    for date, days in ((left, right), (right, left)):
        if _moment(date) is not None:
            return _moved(date, float(_number(days)))
    return _number(left) + _number(right)


def _plus_text(left: Any, right: Any) -> int | float | str:
    """T-SQL's `+`: texts are joined."""
    return left + right if isinstance(left, str) and isinstance(right, str) else _plus(left, right)


def _minus_digits(left: Any, right: Any) -> int | float:
    """MySQL's `-`, for which a date is the number of its digits and a text the number that it begins with."""
    return _digits(left) - _digits(right)


def _digits(value: Any) -> int | float:
    at = _moment(value)
    if at is not None:
        return int(at.strftime("%Y%m%d%H%M%S" if _has_time(value) else "%Y%m%d"))
    return value if isinstance(value, int | float) else _leading_number(value)


def _leading_number(value: Any) -> int | float:
    found = _NUMBER.match(str(value))
    return _number(found[0]) if found else 0


def _whole_gap(unit: str, start: Any, end: Any) -> int:
    """Whole units from start to end, as MySQL's TIMESTAMPDIFF counts them."""
    one, two = _certain_moment(start), _certain_moment(end)
    if unit in _MONTHS:
        return int(_whole_months(one, two) / _MONTHS[unit])
    return int((two - one).total_seconds() / _SECONDS[unit])


def _whole_months(one: datetime, two: datetime) -> int:
    if two < one:
        return -_whole_months(two, one)
    months = (two.year - one.year) * 12 + two.month - one.month
    return months - ((two.day, two.time()) < (one.day, one.time()))


def _interval_part(unit: str, end: Any, start: Any) -> int | float:
    """A field of `end - start` in PostgreSQL, where such an interval is days and seconds."""
    seconds = (_certain_moment(end) - _certain_moment(start)).total_seconds()
    days, rest = divmod(abs(seconds), 86_400)
    fields = {"epoch": abs(seconds), "day": days, "hour": rest // 3_600, "minute": rest // 60 % 60, "second": rest % 60}
    return math.copysign(fields[unit], seconds) if unit == "epoch" else int(math.copysign(fields[unit], seconds))


def _age_part(unit: str, end: Any, start: Any) -> int:
    """A field of PostgreSQL's AGE(end, start): years, months and days."""
    one, two = _certain_moment(start), _certain_moment(end)
    months = _whole_months(one, two)
    years, rest = divmod(abs(months), 12)
    return int(math.copysign({"year": years, "month": rest}[unit], months))


def _whole_number(value: Any) -> int:
    """A cast to a whole number that rounds halves away from zero; a text is cut off at what is no digit."""
    if isinstance(value, str):
        return int(_leading_number(value)) if _NUMBER.match(value) else int(_number(value))
    return int(math.copysign(math.floor(abs(value) + 0.5), value)) if isinstance(value, float) else int(value)


def _number_or_null(value: Any) -> int | float | None:
    try:
        return _number(value)
    except ValueError:
        return None


def _truth(value: Any) -> int:
    word = str(value).strip().lower()
    if word in _TRUE or (not isinstance(value, str) and value):
        return 1
    if word in _FALSE or not isinstance(value, str):
        return 0
    raise ValueError(f"{value!r} is neither true nor false")


def _truth_like(text: str, other: Any) -> Any:
    """The text, or its truth beside a number."""
    return _truth(text) if isinstance(other, int | float) else text


def _modulo(left: Any, right: Any) -> int | float | None:
    """The remainder with the sign of the dividend, of fractions too; by zero NULL."""
    one, two = _number(left), _number(right)
    if not two:
        return None
    return int(math.fmod(one, two)) if isinstance(one, int) and isinstance(two, int) else math.fmod(one, two)


@lru_cache(maxsize=256)
def _pattern(pattern: str, escape: str, classes: bool) -> re.Pattern[str]:
    """A LIKE pattern as a regular expression; the case counts unless there are classes, which T-SQL alone has."""
    found, place = [], 0
    while place < len(pattern):
        sign = pattern[place]
        closing = pattern.find("]", place + 2) if classes and sign == "[" else -1
        if escape and sign == escape and place + 1 < len(pattern):
            place += 1
            found.append(re.escape(pattern[place]))
        elif closing > 0:
            inner = pattern[place + 1 : closing]
            negated = inner.startswith("^")
            inside = re.sub(r"([\\\[\]&~|^])", r"\\\1", inner[negated:])
            found.append(f"[{'^' * negated}{inside}]")
            place = closing
        else:
            found.append({"%": ".*", "_": "."}.get(sign, re.escape(sign)))
        place += 1
    return re.compile(re.sub(r"(\.\*)+", ".*", "".join(found)), re.DOTALL | (re.IGNORECASE if classes else 0))


def _like(classes: bool, escape: str) -> Callable[..., int]:
    def like(value: Any, pattern: Any, sign: Any = escape) -> int:
        text, mould = str(value)[:_LONGEST], str(pattern)
        if len(mould) > 200:
            raise ValueError("a LIKE pattern of more than 200 characters")
        return int(_pattern(mould, str(sign), classes).fullmatch(text) is not None)

    return like


def _found_exactly(pattern: Any, value: Any) -> int:
    return int(re.search(str(pattern)[:500], str(value)[:_LONGEST]) is not None)


def _joined(*parts: Any) -> str:
    return "".join(_shown(part) for part in parts)


def _shown(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def null_safe(function: Callable[..., Any]) -> Callable[..., Any]:
    """NULL out where any argument is NULL."""
    return lambda *arguments: None if any(a is None for a in arguments) else function(*arguments)


SCALARS: dict[tuple[str, int], Callable[..., Any]] = {
    ("minus", 2): null_safe(_minus),
    ("plus", 2): null_safe(_plus),
    ("plus_text", 2): null_safe(_plus_text),
    ("minus_digits", 2): null_safe(_minus_digits),
    ("whole_gap", 3): null_safe(_whole_gap),
    ("interval_part", 3): null_safe(_interval_part),
    ("age_part", 3): null_safe(_age_part),
    ("whole_number", 1): null_safe(_whole_number),
    ("number_or_null", 1): null_safe(_number_or_null),
    ("truth", 1): null_safe(_truth),
    ("truth_like", 2): _truth_like,
    ("modulo", 2): null_safe(_modulo),
    ("like_exactly", 2): null_safe(_like(False, "\\")),
    ("like_exactly", 3): null_safe(_like(False, "\\")),
    ("like_class", 2): null_safe(_like(True, "")),
    ("like_class", 3): null_safe(_like(True, "")),
    ("regexp_exactly", 2): null_safe(_found_exactly),
    ("concat_all", -1): null_safe(_joined),
}

#: Values of a group kept for one ordered aggregate.
_MOST = 100_000


class ConcatOrdered:
    """GROUP_CONCAT with ORDER BY, which SQLite has from 3.44 on.

    Each row gives whether values are distinct, the separator, the value, then each sort key with its mode: 1 for
    descending, plus 2 where NULL comes last.
    """

    def __init__(self) -> None:
        self._rows: list[tuple[str, tuple[Any, ...]]] = []
        self._modes: tuple[int, ...] = ()
        self._separator, self._distinct = ",", False

    def step(self, distinct: Any, separator: Any, value: Any, *keys: Any) -> None:
        """Take one row; a NULL is left out."""
        if value is None:
            return
        if len(self._rows) >= _MOST:
            raise MemoryError(f"more than {_MOST} values in one group")
        self._distinct, self._separator, self._modes = bool(distinct), _shown(separator), keys[1::2]
        self._rows.append((_shown(value), keys[::2]))

    def finalize(self) -> str | None:
        """The texts in their order; NULL for a group without any."""
        rows = self._rows
        for place, mode in reversed(list(enumerate(self._modes))):
            held = sorted((r for r in rows if r[1][place] is not None), key=_sorting(place), reverse=bool(mode & 1))
            empty = [row for row in rows if row[1][place] is None]
            rows = held + empty if mode & 2 else empty + held
        texts = [text for text, _ in rows]
        return self._separator.join(dict.fromkeys(texts) if self._distinct else texts) if texts else None


def _sorting(place: int) -> Callable[[tuple[str, tuple[Any, ...]]], tuple[int, Any]]:
    """Numbers before texts before blobs, as SQLite has them."""

    def key(row: tuple[str, tuple[Any, ...]]) -> tuple[int, Any]:
        value = row[1][place]
        return (0 if isinstance(value, int | float) else 1 if isinstance(value, str) else 2), value

    return key
