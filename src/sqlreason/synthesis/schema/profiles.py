"""What the rows of a column say, summed up, so that rows can be made up that look alike."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlreason.synthesis.schema.sample_values import Value, is_day, is_measure, presentable

SHARED_BY = 5  # rows that must hold a text before it counts as a value of the column and not of somebody
_TOLD_FROM = 20  # numbers or days of which the middle nine tenths leave the least and the greatest out
_FEW, _FEW_SHARE = 30, 0.2  # different texts at most that make a category, and their share of the rows
_NUMBER = re.compile(r"\s*-?\d+([.,]\d+)?\s*")
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_AS_DAY = re.compile(r"[-+]?\d{4,}-\d\d-\d\d|[-+]?infinity")  # also such as no calendar of Python's has
_DATETIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")
_MIDNIGHT = "00:00:00"
_NO_DAYS = ("0001", "9999")  # years of days that stand for "always" and "never"


@dataclass(frozen=True)
class Profile:
    """A column's rows in a few figures.

    Attributes:
        rows: How many were looked at.
        known: How many of them are not NULL.
        distinct: Different values.
        low: A number or date below which 5 % lie, rounded; None for other values, and where they are few.
        high: A number or date above which 5 % lie, rounded; None for other values, and where they are few.
        shared: Texts that at least `SHARED_BY` rows hold, the most frequent first.
        form: `int`, `real`, `text`, `date`, `datetime`, `flag` (all 0 or 1), or "" where there is nothing to see.
        dated: Share of the values, empty texts aside, that are written as days.
        timed: Whether some day carries a time of day.
        times: The one time of day that all days carry, where it is midnight.
        numeric: Whether texts are all numbers in digits.
        quotable: Share of the values that a question can quote.
    """

    rows: int
    known: int
    distinct: int
    low: int | float | str | None
    high: int | float | str | None
    shared: tuple[str, ...]
    form: str
    dated: float
    timed: bool
    times: tuple[str, ...]
    numeric: bool
    quotable: float

    def is_few(self, share: float = _FEW_SHARE) -> bool:
        """Return whether the texts repeat, as those of a category do; `share` bounds the different ones of the rows."""
        return 1 < self.distinct <= max(2, min(_FEW, share * self.known))


def profile(values: Sequence[Value]) -> Profile:
    """Return the profile of a column."""
    known = [value for value in values if value is not None]
    form = _form(known)
    low, high = _bounds(known)
    counts = Counter(value for value in known if isinstance(value, str))
    shared = tuple(text for text, count in counts.most_common(_FEW) if count >= SHARED_BY and presentable(text))
    days = [value for value in known if is_day(value)]
    blank = sum(isinstance(value, str) and not value.strip() for value in known)
    times = {str(day)[11:19].ljust(8, "0") for day in days}
    return Profile(
        rows=len(values),
        known=len(known),
        distinct=len(set(known)),
        low=low,
        high=high,
        shared=shared if form == "text" else (),
        form=form,
        dated=sum(_AS_DAY.match(str(value)) is not None for value in known) / max(1, len(known) - blank),
        timed=any(_DATETIME.fullmatch(str(day)) for day in days),
        times=(_MIDNIGHT,) if times == {_MIDNIGHT} else (),
        numeric=form == "text" and all(_NUMBER.fullmatch(str(value)) for value in known),
        quotable=sum(map(presentable, known)) / len(known) if known else 1.0,
    )


def _form(known: Sequence[Value]) -> str:
    """Return what the values have in common."""
    if not known:
        return ""
    if all(isinstance(value, bool) for value in known) or set(known) <= {0, 1}:
        return "flag"
    if all(isinstance(value, int) for value in known):
        return "int"
    if all(isinstance(value, int | float) for value in known):
        return "real"
    texts = [str(value) for value in known]
    if all(map(_DATE.fullmatch, texts)):
        return "date"
    return "datetime" if all(_DATE.fullmatch(text) or _DATETIME.fullmatch(text) for text in texts) else "text"


def _bounds(known: Sequence[Any]) -> tuple[int | float | str | None, int | float | str | None]:
    """Return the middle nine tenths of the numbers or days that most values are: nobody's extreme is told."""
    days = sorted(value for value in known if is_day(value) and not value.startswith(_NO_DAYS))
    numbers = sorted(filter(is_measure, known))
    ordered: list[Any] = max(days, numbers, key=len)
    if len(ordered) < max(_TOLD_FROM, len(known) / 2):
        return None, None
    low, high = ordered[len(ordered) // 20], ordered[-1 - len(ordered) // 20]
    if ordered is days:
        return f"{low[:4]}-01-01", f"{high[:4]}-12-31"
    whole = all(isinstance(value, int) for value in ordered)
    if whole and 1500 <= low <= high <= 2100:
        return low, high
    return _rounded(low, whole), _rounded(high, whole)


def _rounded(value: float, whole: bool) -> int | float:
    """Return a number with two significant digits."""
    text = float(f"{value:.2g}")
    return round(text) if whole else text
