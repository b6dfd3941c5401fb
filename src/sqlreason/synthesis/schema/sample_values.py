"""Plain values of a database's own, and values made up where the user's may not be shown.

What is made up comes from the hand-written schemas: their columns of the same name lend theirs. Where none lends, the
values are two neutral words.
"""

from __future__ import annotations

import datetime
import decimal
import re
import uuid
from functools import cache
from typing import Any

from sqlreason.synthesis.schema.annotated_schema import load_annotated_schemas

Value = int | float | str | bool | None

_LARGEST = 10**15
_LARGEST_KEY = 2**63
LONGEST = 60  # characters of a text that a question can quote
_DAY = re.compile(r"\d{4}-\d\d-\d\d(?!\d)(?!.*BC)")
_LENT = 12
_FIRST = (
    "Amber", "Birch", "Cedar", "Delta", "Ember", "Falcon", "Granite", "Harbour", "Indigo", "Juniper", "Kestrel",
    "Lunar",
)  # fmt: skip
_SECOND = ("Bay", "Crest", "Field", "Grove", "Line", "Point", "Ridge", "Vale")
_LEVELS = ("alpha", "beta", "gamma", "delta")
_SAYING_NOTHING = ("type", "category", "kind", "class")  # whose values are those of quite other things
_PARTS = {"first": 0, "given": 0, "last": -1, "family": -1, "sur": -1}
_PEOPLE = frozenset(["employee", "person", "contact", "customer", "user", "staff", "staff member", "member"])
# What only looks right in its own form: word of the phrase -> a pattern with the number of the value.
_PATTERNS = {
    "email": "person{0}@example.org", "mail": "person{0}@example.org", "phone": "+1 555 01{0:02d}",
    "fax": "+1 555 02{0:02d}", "mobile": "+1 555 03{0:02d}", "url": "https://example.org/{0}",
    "website": "https://example.org/{0}", "zip": "10{0:03d}", "postal": "10{0:03d}", "postcode": "10{0:03d}",
    "iban": "DE00{0:04d}", "sku": "SKU-{0:03d}", "isbn": "978-0-{0:05d}", "address": "{0} Mill Lane",
    "street": "{0} Mill Lane", "code": "C{0:03d}", "number": "N{0:03d}", "username": "user{0}", "login": "user{0}",
}  # fmt: skip


def plain(value: Any) -> Value:
    """Return a driver's value as number, text, truth value or None.

    What has no such form (bytes, lists) is None, and so are numbers that no question can name: NaN, infinity, and what
    is so large that arithmetic on it would be.
    """
    if isinstance(value, decimal.Decimal):
        if not value.is_finite() or abs(value) > _LARGEST:
            return None
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if abs(value) <= _LARGEST else None  # NaN compares as false
    if isinstance(value, int) and not isinstance(value, bool):
        return value if abs(value) < _LARGEST_KEY else None
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, datetime.datetime):
        return value.replace(tzinfo=None, microsecond=0).isoformat(" ")
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else None


def is_measure(value: Value) -> bool:
    """Return whether a value is a number of a size with which one calculates; a key may be larger."""
    return isinstance(value, int | float) and abs(value) <= _LARGEST


def is_day(value: Value) -> bool:
    """Return whether a text begins with a day, written YYYY-MM-DD; the years 1 to 9999 are all there is."""
    if not isinstance(value, str) or not _DAY.match(value):
        return False
    try:
        datetime.date.fromisoformat(value[:10])
    except ValueError:
        return False
    return True


def make_up(phrase: str, noun: str, category: bool) -> tuple[str, ...]:
    """Return values for a column of texts whose own are not to be shown.

    Args:
        phrase: What the column is called in English.
        noun: What a row of its table is called.
        category: Whether few values are wanted, else as many as are lent.
    """
    words = phrase.split()
    for word in words:
        if word in _PATTERNS:
            return tuple(_PATTERNS[word].format(number) for number in range(1, _LENT + 1))
    if words[-1] == "name" and words[0] in _PARTS:
        return tuple(dict.fromkeys(name.split()[_PARTS[words[0]]] for name in _lenders(False)["full name"]))
    lent = _lend(words, noun, category)
    if lent:
        return lent
    if category:
        return tuple(f"{word} {words[-1]}" for word in _LEVELS)
    return tuple(f"{first} {_SECOND[place % len(_SECOND)]}" for place, first in enumerate(_FIRST))


def _lend(words: list[str], noun: str, category: bool) -> tuple[str, ...]:
    """Return the values of a hand-written column of that name; of a mere name, those of a table of that noun."""
    last = words[-1]
    if last in ("name", "label"):
        wanted: tuple[str, ...] = (noun, " ".join(words[:-1]) or noun.split()[-1])
    elif last == "state":  # of a country here, not of an order
        wanted = ("region", "province")
    elif last == "title" and noun in _PEOPLE:
        wanted = ("job title", "position", "role")
    else:
        wanted = (f"{noun} {last}", " ".join(words), last)
    wanted = tuple(name for name in wanted if name not in _SAYING_NOTHING)
    lent = (_lenders(kind).get(name) for name in wanted for kind in (category, not category))
    return next(filter(None, lent), ())


@cache
def _lenders(category: bool) -> dict[str, tuple[str, ...]]:
    """Return values by phrase, by last word of a phrase, and by the noun of a table's only name."""
    found: dict[str, tuple[str, ...]] = {}
    for annotated_schema in load_annotated_schemas():
        for table in annotated_schema.tables:
            for column in table.columns:
                if column.kind == ("category" if category else "name"):
                    for name in (column.phrase, column.phrase.split()[-1], *(() if category else (table.singular,))):
                        found.setdefault(name, column.values)
    return found


def presentable(value: Value) -> bool:
    """Return whether a question can quote the value: a text must be short, on one line and without outer blanks."""
    if not isinstance(value, str):
        return True
    return 0 < len(value) <= LONGEST and value == value.strip() and value.isprintable()
