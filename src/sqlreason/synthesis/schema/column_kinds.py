"""The kind of each column of a user's schema, from its type, its name and its profile: see `annotated schema.KINDS`."""

import re
from dataclasses import dataclass

from sqlreason.sql.parsing.schema import Column
from sqlreason.synthesis.english import is_plural
from sqlreason.synthesis.schema.profiles import Profile

# Types as SQLite, DuckDB, PostgreSQL, MySQL and SQL Server write them; the first that fits counts.
_FAMILIES = (
    ("flag", r"BOOL|BIT$|TINYINT ?\(1\)"),
    ("datetime", r"DATETIME|TIMESTAMP|SMALLDATETIME"),
    ("date", r"DATE(?!\w*RANGE)"),
    ("int", r"(TINY|SMALL|MEDIUM|BIG|HUGE|U|UBIG|USMALL)?INT(EGER|\d+)?\b|(SMALL|BIG)?SERIAL|YEAR"),
    ("real", r"REAL|FLOAT|DOUBLE|NUMERIC|DECIMAL|DEC\b|(SMALL)?MONEY|NUMBER"),
    ("text", r"N?(VAR)?CHAR|CHARACTER|(TINY|MEDIUM|LONG)?TEXT|N?CLOB|STRING|ENUM|CITEXT|NAME$|UUID|N?TEXT"),
)
_CATEGORIES = frozenset([
    "status", "type", "category", "kind", "gender", "sex", "country", "city", "state", "region", "color", "colour",
    "currency", "language", "level", "class", "role", "department", "segment", "priority", "method", "mode", "brand",
    "genre", "format", "size", "district", "province", "stage", "channel", "source", "reason", "shift", "severity",
    "position", "job", "team", "group", "plan", "tier", "nationality", "continent", "industry", "sector",
])  # fmt: skip
_LONG_TEXTS = frozenset([
    "description", "notes", "note", "comment", "comments", "body", "content", "text", "bio", "biography", "message",
    "remarks", "abstract", "json", "html", "xml", "hash", "password", "token", "salt", "picture", "image", "photo",
])  # fmt: skip
# Words of whole numbers that name and do not measure.
_NAMING = frozenset(["id", "no", "number", "code", "zip", "phone", "key", "ref", "nr", "pk", "fk", "uid", "guid"])
# Likely ranges by a word of the phrase, where no row may be looked at.
_RANGES: dict[str, tuple[float, float]] = {
    "year": (1990, 2024), "age": (18, 80), "quantity": (1, 20), "count": (0, 200), "price": (1, 500),
    "cost": (1, 500), "total": (5, 2000), "amount": (5, 2000), "salary": (20000, 120000), "percent": (0, 100),
    "rate": (0, 100), "rating": (1, 5), "score": (0, 100), "stars": (1, 5), "duration": (1, 300), "weight": (1, 500),
    "height": (1, 300), "length": (1, 300), "stock": (0, 500), "balance": (0, 5000), "discount": (0, 50),
    "capacity": (10, 1000), "population": (1000, 1000000), "grade": (1, 12), "level": (1, 10),
    "rank": (1, 100), "floor": (1, 20), "days": (1, 60), "hours": (1, 24), "pages": (50, 900),
    "milliseconds": (1000, 600000), "bytes": (1000, 5000000),
}  # fmt: skip
_MEASURES = frozenset([*_RANGES, "number", "level", "size", "rank", "order", "version", "floor"])
_WHOLE = r"(NUMERIC|DECIMAL|DEC|NUMBER)( ?\( ?\d+ ?(, ?0 ?)?\))?"
_QUOTABLE = 0.8  # of a column's texts; below, questions leave it alone
_MOMENTS = frozenset(["date", "time", "datetime", "timestamp", "day"])  # words of texts that are none, if not by rows
_LATELY, _LIVES = ("2020-01-01", "2024-12-31"), ("1950-01-01", "2004-12-31")
_BORN = frozenset(["birth", "born", "birthday", "birthdate"])
_DATED = 0.5  # of a column's moments; below, they are numbers of seconds or written in a way of their own
_SOUNDING = 0.5  # different texts, as a share of the rows, in a column that is called like a category
_FLAGS = ("is_", "has_", "was_")
_FLAGGED = 20  # rows of 0 and 1 alone that make whole numbers flags, unless their name counts or measures


@dataclass(frozen=True)
class Guess:
    """A kind with its bounds; an empty kind is a column that no question mentions, for the reason given."""

    kind: str
    low: int | float | str | None = None
    high: int | float | str | None = None
    has_time: bool = False
    reason: str = ""


def guess(column: Column, phrase: str, unit: str, seen: Profile | None) -> Guess:
    """Return the kind of a column that is neither key nor reference.

    Args:
        column: Its name and declared type.
        phrase: What it is called.
        unit: In what it is measured; empty where nothing says so.
        seen: Its rows; None where they may not be looked at, or there are none.
    """
    if not phrase.split():
        return Guess("", reason="a name without words")
    if column.computed is not None:
        return Guess("", reason="computed by the database")
    family = family_of(column.type) or (seen.form if seen and not column.type else "")
    seen = seen if seen and seen.known else None
    if family == "text" and seen and seen.form in ("date", "datetime"):
        family = seen.form
    if family == "flag" and seen and not _is_flag(seen):
        family = seen.form
    if family == "flag" or (family == "int" and column.name.lower().startswith(_FLAGS)):
        return Guess("bool")
    if family in ("int", "real"):
        return _number(family, phrase, unit, seen)
    if family in ("date", "datetime"):
        return _date(family, phrase, seen)
    return _text(column, phrase, seen) if family == "text" else Guess("", reason=f"type {column.type or 'unknown'}")


def _is_flag(seen: Profile) -> bool:
    """Return whether a column that is declared as a flag is one: SQLite takes any value, MySQL any small number."""
    return seen.form in ("flag", "")


def family_of(declared: str) -> str:
    """Return what a declared type holds: one of the families, or nothing for types that questions leave alone."""
    text = declared.strip().upper()
    if text.endswith("]") or text.startswith("INTERVAL"):
        return ""
    return next((family for family, pattern in _FAMILIES if re.match(pattern, text)), "")


def is_whole(declared: str, seen: Profile | None) -> bool:
    """Return whether numbers have no decimals: by their rows, else by a type such as NUMERIC(10, 0) or DECIMAL."""
    if seen and seen.known:
        return seen.form in ("int", "flag")
    return family_of(declared) == "int" or re.fullmatch(_WHOLE, declared.strip().upper()) is not None


def likely_range(phrase: str) -> tuple[float, float] | None:
    """Return within which numbers of that name lie, where a word of it says so."""
    return next((_RANGES[word] for word in reversed(phrase.split()) if word in _RANGES), None)


def _number(family: str, phrase: str, unit: str, seen: Profile | None) -> Guess:
    words = phrase.split()
    if family == "int" and words[-1] in _NAMING:
        return Guess("", reason="a number that names and does not measure")
    if seen and seen.form == "flag" and family == "int":
        counts = unit or is_plural(phrase) or not _MEASURES.isdisjoint(words)
        if seen.distinct == 2:
            return Guess("int", 0, 1) if counts or seen.known < _FLAGGED else Guess("bool")
    if seen and isinstance(seen.low, int | float) and isinstance(seen.high, int | float):
        low, high = seen.low, seen.high if seen.high > seen.low else seen.low + 1
    else:
        low, high = likely_range(phrase) or (1, 1000)
    return Guess(family, int(low), int(high)) if family == "int" else Guess(family, low, high)


def _date(family: str, phrase: str, seen: Profile | None) -> Guess:
    if seen and seen.dated < _DATED:
        return Guess("", reason="moments that are not written as days")
    told = seen is not None and isinstance(seen.low, str) and isinstance(seen.high, str)
    low, high = (seen.low, seen.high) if told and seen else _LIVES if _BORN.intersection(phrase.split()) else _LATELY
    with_time = seen.timed if seen else family == "datetime"
    return Guess("date", low, high, has_time=with_time)


def _text(column: Column, phrase: str, seen: Profile | None) -> Guess:
    words = phrase.split()
    if column.type.upper().startswith("ENUM"):
        return Guess("category")
    if words[-1] in _LONG_TEXTS or column.type.upper().startswith("UUID") or (seen and seen.quotable < _QUOTABLE):
        return Guess("", reason="texts too long to quote")
    if words[-1] in _MOMENTS:
        return Guess("", reason="texts that stand for moments")
    if seen and seen.distinct < 2:
        return Guess("", reason="one value only")
    sounds = words[-1] in _CATEGORIES or words[0] in _CATEGORIES
    few = seen.is_few(*(_SOUNDING,) if sounds else ()) if seen else sounds
    return Guess("category" if few else "name")
