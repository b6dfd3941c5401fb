"""English for the names of a user's schema: nouns of tables, phrases and units of columns; a short comment wins."""

import re

from sqlreason.synthesis.english import phrase_of, pluralise
from sqlreason.text.singular import IRREGULAR, singularise

_TABLE_PREFIXES = frozenset(["tbl", "t", "tab", "table", "dim", "fact", "fct", "stg", "tb", "lkp", "ref"])
_TABLE_SUFFIXES = frozenset(["table", "tbl", "data", "records", "list", "info", "master", "mst"])
# Beyond the abbreviations of `english`, which the hand-written schemas live by.
_ABBREVIATIONS = {
    "acct": "account", "acc": "account", "bal": "balance", "cat": "category", "cd": "code", "cnt": "count",
    "ctry": "country", "curr": "currency", "dt": "date", "fname": "first name", "lname": "last name", "inv": "invoice",
    "lang": "language", "loc": "location", "mfr": "manufacturer", "mgr": "manager", "nbr": "number", "nr": "number",
    "ord": "order", "org": "organisation", "prod": "product", "rep": "representative", "stat": "status",
    "tel": "phone", "ts": "time", "txn": "transaction", "trx": "transaction", "typ": "type", "usr": "user",
    "val": "value", "whs": "warehouse", "yr": "year", "dob": "birth date",
}  # fmt: skip
# Last word of a name -> unit; the word itself says no more then.
UNITS = {
    "kg": "kilograms", "g": "grams", "lb": "pounds", "lbs": "pounds", "km": "kilometres", "m": "metres",
    "cm": "centimetres", "mm": "millimetres", "mi": "miles", "ft": "feet", "ms": "milliseconds", "sec": "seconds",
    "secs": "seconds", "seconds": "seconds", "min": "minutes", "mins": "minutes", "minutes": "minutes", "hrs": "hours",
    "hours": "hours", "days": "days", "eur": "euros", "usd": "dollars", "gbp": "pounds", "pct": "percent",
    "percent": "percent", "kwh": "kilowatt hours", "kw": "kilowatts", "mb": "megabytes", "gb": "gigabytes",
}  # fmt: skip
# Words of which a unit consists that stands in the brackets of a comment; anything else there explains.
_UNIT_WORDS = frozenset([
    *UNITS, *(word for unit in UNITS.values() for word in unit.split()), "per", "square", "cubic", "of", "us",
    "metre", "meter", "meters", "kilometer", "kilometers", "centimeters", "millimeters", "mile", "inch", "inches",
    "feet", "foot", "yards", "acres", "hectares", "litre", "litres", "liter", "liters", "millilitres", "gallons",
    "ounces", "tons", "tonnes", "second", "minute", "hour", "day", "week", "weeks", "month", "months", "year",
    "years", "degrees", "celsius", "fahrenheit", "kelvin", "watts", "volts", "amperes", "hertz", "bytes",
    "kilobytes", "megabits", "pixels", "points", "yen", "francs", "cents", "rupees", "yuan", "thousands",
    "millions", "people", "pieces", "kilogram", "gram", "calories",
])  # fmt: skip
_PLURALS = {one: many for many, one in IRREGULAR.items()}
_TIMES = frozenset([
    "time", "duration", "length", "runtime", "delay", "wait", "waiting", "travel", "flight", "prep", "preparation",
    "cook", "cooking", "break", "walk", "session", "call", "talk", "ride", "trip", "lag", "played", "elapsed",
    "late",
])  # fmt: skip
_EXTREMES = {"min": "minimum", "max": "maximum"}
# Endings of words that are no nouns, so that what is left of `medical_records` is one record and not a medical.
_ADJECTIVES = ("al", "ic", "ous", "ive")
_MOST_WORDS = 4  # of a comment that names rather than explains


def nouns_of(table: str, comment: str | None = None) -> tuple[str, str]:
    """Return what a row, and what rows, of a table are called: `tbl_order_lines` -> order line, order lines."""
    told = _name_in(comment)
    words = (told or _spelled_out(table.rpartition(".")[2] or table)).split()
    if not told:
        words = words[1:] if len(words) > 1 and words[0] in _TABLE_PREFIXES else words
        if len(words) > 1 and words[-1] in _TABLE_SUFFIXES:
            words = [*words[:-1], *(("record",) if words[-2].endswith(_ADJECTIVES) else ())]
    singular = " ".join([*words[:-1], singularise(words[-1])])
    return singular, _plural(singular)


def _plural(noun: str) -> str:
    """Return the plural of a table's noun; `english` knows no irregular ones, whose words the stored questions keep."""
    start, _, last = noun.rpartition(" ")
    return f"{start} {_PLURALS[last]}".strip() if last in _PLURALS else pluralise(noun)


def phrase_and_unit(column: str, comment: str | None = None) -> tuple[str, str]:
    """Return what a column is called and in what it is measured: `weight_kg` -> weight, kilograms."""
    told = _name_in(comment)
    unit = _unit_in(comment)
    if told:
        return told, UNITS.get(unit, unit)
    words = phrase_of(column).split()
    if len(words) > 1 and words[-1] in _EXTREMES and not (words[-1] == "min" and _TIMES.intersection(words)):
        words = [_EXTREMES[words[-1]], *words[:-1]]
    found = unit or (words[-1] if len(words) > 1 and words[-1] in UNITS else "")
    if words[-1:] == [found]:
        words.pop()
    return _in_full(words), UNITS.get(found, found)


def _unit_in(comment: str | None) -> str:
    """Return what stands in the brackets of a comment, where it is a unit: `order value (euros)`."""
    found = re.search(r"\((?:in )?([a-z ]+)\)", (comment or "").lower())
    return found[1] if found and _UNIT_WORDS.issuperset(found[1].split()) else ""


def _spelled_out(name: str) -> str:
    return _in_full(phrase_of(name).split()) or name.lower()


def _in_full(words: list[str]) -> str:
    return " ".join(_ABBREVIATIONS.get(word, word) for word in words)


def _name_in(comment: str | None) -> str:
    """Return a comment that is a name: a few plain words, without what stands in brackets."""
    text = re.sub(r"\([^)]*\)", "", comment or "").strip(" .").lower()
    words = re.sub(r"^(the|a|an) ", "", text).split()
    plain = all(word.replace("-", "").replace("'", "").isalpha() for word in words)
    return " ".join(words) if 0 < len(words) <= _MOST_WORDS and plain else ""
