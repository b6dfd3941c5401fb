"""Values for the columns of a test database: from the data, beside the gold's literals, and fresh ones."""

from __future__ import annotations

import random
import re
from datetime import date, timedelta

from sqlreason.sql.databases.json_documents import altered, is_document
from sqlreason.sql.parsing.check_constraints import compare
from sqlreason.sql.parsing.constraints import Condition
from sqlreason.sql.parsing.schema import Column, Value

_DATE = re.compile(r"\d{4}-\d\d-\d\d$")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d")
#: The worker's pinned clock; columns compared with "now" get days around it.
TODAY = date(2024, 6, 15)
#: Truth values, natively or by custom: MySQL's TINYINT(1), SQL Server's BIT.
_FLAGS = re.compile(r"(BOOL|BOOLEAN|BIT(\s*\(\s*1\s*\))?|TINYINT\s*\(\s*1\s*\))(\s+UNSIGNED)?")
_NESTED = re.compile(r"\]\s*$|^\s*(?:STRUCT|MAP|UNION|LIST)\b", re.IGNORECASE)
_TRUE = frozenset(("1", "t", "true", "y", "yes", "on"))
_TEXT_TYPES = ("CHAR", "TEXT", "CLOB", "STRING", "ENUM", "UUID")
_REAL_TYPES = ("REAL", "FLOA", "DOUB", "DEC", "NUM", "MONEY")


def kind_of(column: Column, data: list[Value]) -> str:
    """What a column holds ("int", "real", "text", "date", "moment", "bool", "json"): by its data, else by its type."""
    seen = [value for value in data if value is not None]
    if column.counted and all(isinstance(value, int) for value in seen):
        return "int"
    if _FLAGS.fullmatch(column.type.strip().upper()) and all(_is_flag(value) for value in seen):
        return "bool"
    if seen and all(isinstance(value, str) for value in seen):
        texts = [str(value) for value in seen]
        if all(map(is_document, texts)):
            return "json"
        return "date" if all(map(_DATE.match, texts)) else "moment" if all(map(_MOMENT.match, texts)) else "text"
    if seen and all(isinstance(value, int) for value in seen):
        return "int" if not any(mark in column.type.upper() for mark in _REAL_TYPES) else "real"
    return "real" if seen else _kind_by_type(column.type.upper())


def is_nested(column: Column) -> bool:
    """Whether DuckDB keeps lists, structs or maps in a column, of which no value is drawn: it holds NULL."""
    return bool(_NESTED.search(column.type))


def _is_flag(value: Value) -> bool:
    return isinstance(value, int | float) and value in (0, 1)


def _kind_by_type(name: str) -> str:
    if "INT" in name.partition("(")[0] or "SERIAL" in name or name.startswith(("YEAR", "BIT")):
        return "int"
    if name.startswith("JSON"):
        return "json"
    if any(mark in name for mark in _TEXT_TYPES):
        return "text"
    if "DATETIME" in name or "TIMESTAMP" in name:
        return "moment"
    if "DATE" in name:
        return "date"
    return "real" if any(mark in name for mark in _REAL_TYPES) else "text"


def as_kind(value: Value, kind: str) -> Value:
    """The value as a column of that kind holds it: '1' is 1 among whole numbers, and 1 is '1' among texts."""
    if kind == "bool" and value is not None:
        return value.lower() in _TRUE if isinstance(value, str) else bool(value)
    if isinstance(value, bool | bytes) or value is None:
        return value
    if kind == "text":
        return value if isinstance(value, str) else str(value)
    if kind in ("int", "real") and isinstance(value, str):
        try:
            return int(value) if kind == "int" else float(value)
        except ValueError:
            return value
    return value


def fresh(kind: str, column: Column, number: int, rng: random.Random) -> Value:
    """A value that the data may not have; distinct for distinct numbers."""
    if kind == "int":
        return number + 1
    if kind == "bool":
        return number % 2 == 0
    if kind == "real":
        return round(number * 10.5 + rng.randint(1, 9), 2)
    if kind in ("date", "moment"):
        day = (date(2019, 1, 10) + timedelta(days=number * 37 + rng.randint(0, 20))).isoformat()
        return day if kind == "date" else f"{day} 0{number % 9}:30:00"
    if kind == "json":
        return f'{{"value": {number + 1}}}'
    if column.type.endswith("]"):  # DuckDB reads a list from its text
        return f"[{number + 1}]" if _kind_by_type(column.type.upper()) == "int" else f"[{column.name} {number + 1}]"
    return f"{column.name} {number + 1}"


def neighbours(value: Value, kind: str) -> list[Value]:
    """The value and what lies next to it."""
    if isinstance(value, bool) or value is None or isinstance(value, bytes):
        return [value]
    if isinstance(value, int | float):
        return [value, value + 1, value - 1] if kind == "int" else [value, value + 1, value - 1, value + 0.5]
    if _DATE.match(value):
        return [value, *(_shifted(value, days) for days in (1, -1, 31, -366))]
    others = [altered(value, steps) for steps in (1, -1)] if is_document(value) else [f"{value}x", f"x{value}x"]
    return [value, *others]


def later(value: Value, steps: int) -> Value:
    """The value so many steps on: a number plus, a day after, a text with a mark; NULL stays."""
    if isinstance(value, bool) or value is None or isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return altered(value, steps) or (
            _shifted(value, steps) if _DATE.match(value) or _MOMENT.match(value) else f"{value} {steps}"
        )
    return value + steps


def _shifted(day: str, days: int) -> str:
    try:
        return (date.fromisoformat(day[:10]) + timedelta(days=days)).isoformat() + day[10:]
    except (ValueError, OverflowError):
        return day


def around_today(kind: str) -> list[Value]:
    """Days before and after the pinned clock."""
    days = [(TODAY + timedelta(days=gap)).isoformat() for gap in (0, -1, -6, -20, -45, -200, -400, -1000, 5, 40)]
    return [day if kind == "date" else f"{day} 09:00:00" for day in days]


def meeting(condition: Condition, kind: str, pool: list[Value], rng: random.Random) -> Value:
    """A value that satisfies a condition, as far as one can be given."""
    operator, values = condition.operator, condition.values
    if operator == "null":
        return None
    if kind == "bool":
        return rng.choice(_met(condition)[0] or [True, False])
    if condition.part:
        return _dated(condition, rng)
    if operator in ("=", "in", ">=", "<="):
        bound = rng.choice(values)
        return bound if operator in ("=", "in") or rng.random() < 0.5 else _beyond(bound, operator, kind, rng)
    if operator in (">", "<"):
        return _beyond(values[0], operator, kind, rng)
    if operator == "between":
        return _within(values, kind, rng)
    if operator == "like":
        return _liked(str(values[0]), rng)
    return _other(operator, values, kind, pool, rng)


def edges(condition: Condition, kind: str) -> tuple[list[Value], list[Value]]:
    """The values that only just satisfy a condition, and those that only just do not.

    For the parts of dates there are none.
    """
    operator, values = condition.operator, condition.values
    if condition.part:
        return [], []
    if kind == "bool" and "null" not in operator:
        return _met(condition)
    if operator.startswith("not ") or operator == "!=":
        return edges(condition.negated(), kind)[::-1]
    if operator == "null":
        return [None], []
    if operator == "like":
        return _like_edges(str(values[0]))
    low, high = values[0], values[-1]
    below, above = _beside(low, -1, kind), _beside(high, 1, kind)
    within: dict[str, tuple[list[Value], list[Value]]] = {
        "<": ([*below], [low]),
        "<=": ([low], [*above]),
        ">": ([*above], [low]),
        ">=": ([low], [*below]),
        "between": ([low, high], [*below, *above]),
    }
    return within.get(operator, (list(values[:2]), [*below, *above]))


def _met(condition: Condition) -> tuple[list[Value], list[Value]]:
    """The truth values that satisfy a condition on a flag, and those that do not."""
    values = [value for value in condition.values if value is not None]
    low, high = (values[0], values[-1]) if values else (1, 1)
    sign = condition.operator.removeprefix("not ")

    def holds(flag: int) -> bool:
        if sign in ("=", "in", "!="):
            return any(compare("=", flag, value) for value in values) == (sign != "!=")
        if sign == "between":
            return compare(">=", flag, low) and compare("<=", flag, high)
        return sign == "null" or (sign in ("<", "<=", ">", ">=") and compare(sign, flag, low))

    met = {flag: holds(flag) != condition.operator.startswith("not ") for flag in (1, 0)}
    return [bool(flag) for flag in met if met[flag]], [bool(flag) for flag in met if not met[flag]]


def _beside(value: Value, sign: int, kind: str) -> list[Value]:
    """What lies next to a value on one side: half a step where the column is not of whole numbers."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [value + sign * (1 if kind == "int" else 0.5)]
    if not isinstance(value, str):
        return []
    dated = _DATE.match(value) or _MOMENT.match(value)
    return [_shifted(value, sign) if dated else f"{value}x" if sign > 0 else f"x{value}x"]


def _like_edges(pattern: str) -> tuple[list[Value], list[Value]]:
    bare = pattern.replace("_", "k")
    short = bare.replace("%", "")
    outside = [] if bare.startswith("%") else [f"x{short}"]
    outside += [] if bare.endswith("%") else [f"{short}x"]
    return [short, bare.replace("%", "ab")], [*(outside or [short[1:]])]


def _beyond(bound: Value, operator: str, kind: str, rng: random.Random) -> Value:
    sign = 1 if ">" in operator else -1
    if isinstance(bound, int | float) and not isinstance(bound, bool):
        step = rng.choice((1, 1, 2, 7))
        return bound + sign * (step if kind == "int" or rng.random() < 0.7 else step + 0.5)
    if isinstance(bound, str) and (_DATE.match(bound) or _MOMENT.match(bound)):
        return _shifted(bound, sign * rng.choice((1, 1, 20, 400)))
    return f"{bound}x" if sign > 0 and isinstance(bound, str) else bound


def _within(values: tuple[Value, ...], kind: str, rng: random.Random) -> Value:
    low, high = values[0], values[-1]
    if isinstance(low, int) and isinstance(high, int) and low <= high:
        return rng.choice((low, high, rng.randint(low, high)))
    if isinstance(low, str) and isinstance(high, str) and _DATE.match(low):
        return rng.choice((low, high, _shifted(low, 1), _shifted(high, -1)))
    return rng.choice((low, high))


def _liked(pattern: str, rng: random.Random) -> str:
    """A text that matches a LIKE pattern."""
    filling = rng.choice(("", "ab", "x "))
    return pattern.replace("%", filling).replace("_", "k")


def _other(operator: str, values: tuple[Value, ...], kind: str, pool: list[Value], rng: random.Random) -> Value:
    """A value for the negative operators: another one from the pool, or next to the excluded one."""
    if operator == "not between" and values:
        return _beyond(values[-1], ">", kind, rng) if rng.random() < 0.5 else _beyond(values[0], "<", kind, rng)
    bare = [str(value).strip("%_") for value in values] if operator == "not like" else []
    others = [v for v in pool if v is not None and v not in values]
    if any(bare):
        others = [v for v in others if not any(b and b in str(v) for b in bare)]
    if others:
        return rng.choice(others)
    first = values[0] if values else 1
    return first + 1 if isinstance(first, int | float) else "other"


def _dated(condition: Condition, rng: random.Random) -> str:
    """A day whose year, month or day satisfies the condition."""
    bounds = [int(str(value)) for value in condition.values if str(value).isdigit()] or [2022]
    low, high = bounds[0], bounds[-1]
    wanted = {">": low + 1, "<": low - 1, "!=": low + 1, "not in": high + 1}.get(condition.operator, rng.choice(bounds))
    fields = {"year": rng.choice((2021, 2022, 2023)), "month": rng.randint(1, 12), "day": rng.randint(1, 28)}
    fields[condition.part] = wanted
    month, day = min(max(fields["month"], 1), 12), min(max(fields["day"], 1), 28)
    return f"{max(fields['year'], 1):04d}-{month:02d}-{day:02d}"
