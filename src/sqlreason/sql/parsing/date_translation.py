"""Dates of other dialects in terms of the worker's functions: intervals, units, and parts of dates and differences."""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from sqlreason.sql.parsing.json_translation import call, is_call, unnested

_UNITS = {"second", "minute", "hour", "day", "week", "month", "quarter", "year"}
_PARTS = {"year", "month", "day", "hour", "minute", "second", "quarter", "doy", "week", "dow", "isodow"}
_AMOUNT = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*([a-z]+)?", re.IGNORECASE)
_ABBREVIATED = {"d": "day", "h": "hour", "m": "minute", "s": "second", "mon": "month", "y": "year", "w": "week"}
_ABBREVIATED |= {"min": "minute", "sec": "second", "hr": "hour", "yr": "year"}


def _unit(node: exp.Expr | None) -> str:
    """The name of a unit such as DAY; days where none is given."""
    name = node.name.lower() if node is not None and node.name else "day"
    return _ABBREVIATED.get(name, name if name in _UNITS else name.removesuffix("s"))


def amounts_of(node: exp.Expr) -> list[tuple[exp.Expr, str]] | None:
    """The numbers and units of an interval, which may stand in one text ('1 year 2 days'); None for anything else."""
    node = unnested(node)
    if isinstance(node, exp.Mul):
        for one, other in ((node.this, node.expression), (node.expression, node.this)):
            if (inner := amounts_of(one)) is not None:
                return [(exp.Mul(this=exp.paren(n), expression=exp.paren(other.copy())), unit) for n, unit in inner]
        return None
    if isinstance(node, exp.Cast) and node.to.this == exp.DataType.Type.INTERVAL:
        return _written_amounts(node.this, "")
    if isinstance(node, exp.Interval) and node.this is not None:
        return _written_amounts(node.this, _unit(node.args.get("unit")))
    return None


def _written_amounts(amount: exp.Expr, unit: str) -> list[tuple[exp.Expr, str]] | None:
    if not (isinstance(amount, exp.Literal) and amount.is_string):
        return [(amount.copy(), unit)] if unit in _UNITS else None
    found = [(number, _unit(exp.var(name)) if name else unit) for number, name in _AMOUNT.findall(amount.this)]
    if not found or _AMOUNT.sub("", amount.this).strip() or any(name not in _UNITS for _, name in found):
        return None
    return [(exp.Literal.number(number), name) for number, name in found]


def shifted(date: exp.Expr, amounts: list[tuple[exp.Expr, str]], sign: int) -> exp.Expr:
    """The date moved by all amounts of an interval, forward or (sign -1) back."""
    for number, unit in amounts:
        date = call("date_shift", date, number if sign > 0 else exp.Neg(this=exp.paren(number)), unit)
    return date


def _shift(sign: int) -> Callable[[exp.Expr, str], exp.Expr]:
    """DATE_ADD and its kin."""

    def rewrite(node: exp.Expr, reading: str) -> exp.Expr:
        amount, unit = node.args.get("expression"), node.args.get("unit")
        if amount is None:
            return node
        amounts = amounts_of(amount)
        if amounts is None and not isinstance(amount, exp.Interval):
            amounts = _written_amounts(amount, _unit(unit))
        return node if amounts is None else shifted(node.this, amounts, sign)

    return rewrite


def _extract(node: exp.Expr, reading: str) -> exp.Expr:
    unit, source = node.name.lower().removesuffix("s"), unnested(node.expression)
    if is_call(source, "minus"):
        return call("interval_part", unit, *source.expressions)
    if is_call(source, "age"):
        return call("age_part", unit, *source.expressions)
    if unit == "epoch":
        return call("interval_part", unit, node.expression, "1970-01-01")
    return call("date_part", unit, node.expression) if unit in _PARTS else node


def _part(name: str) -> Callable[[exp.Expr, str], exp.Expr]:
    return lambda node, reading: call("date_part", name, node.this)


def _gap(name: str) -> Callable[[exp.Expr, str], exp.Expr]:
    return lambda node, reading: call(name, _unit(node.args.get("unit")), node.expression, node.this)


def _truncated(node: exp.Expr, reading: str) -> exp.Expr:
    return call("date_trunc", _unit(node.args.get("unit")), node.this)


def interval(node: exp.Expr, reading: str) -> exp.Expr:
    """An interval that is part of a sum is told with it; any other SQLite has no value for."""
    parent = node.parent
    while isinstance(parent, exp.Paren | exp.Mul):
        parent = parent.parent
    return node if isinstance(parent, exp.Add | exp.Sub | exp.Func) else call("interval", node.this)


DATE_REWRITES: dict[type[exp.Expr], Callable[[exp.Expr, str], exp.Expr]] = {
    exp.Extract: _extract,
    **{kind: _part(kind.__name__.lower()) for kind in (exp.Year, exp.Month, exp.Day, exp.Quarter, exp.Week)},
    exp.DayOfMonth: _part("day"),
    **dict.fromkeys((exp.DateAdd, exp.TsOrDsAdd, exp.DatetimeAdd, exp.TimestampAdd), _shift(1)),
    **dict.fromkeys((exp.DateSub, exp.DatetimeSub, exp.TimestampSub), _shift(-1)),
    **dict.fromkeys((exp.DateDiff, exp.DatetimeDiff), _gap("date_gap")),
    exp.TimestampDiff: _gap("whole_gap"),
    **dict.fromkeys((exp.DateTrunc, exp.TimestampTrunc), _truncated),
    exp.TsOrDsToDate: lambda node, reading: call("date", node.this),
    exp.Interval: interval,
}
