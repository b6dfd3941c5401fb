"""A statement of another dialect in terms of SQLite and of the functions that the worker adds.

sqlglot translates the grammar; here is what its SQLite writer leaves as it was, or writes so that it runs and means
something else: dates that are subtracted, texts that are added, LIKE, casts, remainders, ordered aggregates, JSON
(`json_translation`). What has no counterpart is written as a call of a function that is not there, so that it fails
and the next reading is tried: what runs must be right. Not followed: MySQL and T-SQL compare texts without their case.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlglot import exp

from sqlreason.sql.json_translation import (
    JSON_REWRITES,
    as_value,
    beside_json,
    call,
    is_call,
    unnested,
    without_lambdas,
)

#: A rewriting of one kind of node in a reading; what is inside of the node is rewritten already.
Rewrite = Callable[[exp.Expr, str], exp.Expr]

_UNITS = {"second", "minute", "hour", "day", "week", "month", "quarter", "year"}
_PARTS = {"year", "month", "day", "hour", "minute", "second", "quarter", "doy", "week", "dow", "isodow"}
_AMOUNT = re.compile(r"([+-]?\d+(?:\.\d+)?)\s*([a-z]+)?", re.IGNORECASE)
_ABBREVIATED = {"d": "day", "h": "hour", "m": "minute", "s": "second", "mon": "month", "y": "year", "w": "week"}
_ABBREVIATED |= {"min": "minute", "sec": "second", "hr": "hour", "yr": "year"}
#: Styles of T-SQL's CONVERT that write a date as ISO does.
_ISO_STYLES = {"20", "21", "23", "120", "121", "126", "127"}
_TRUTHS = {"t", "f", "true", "false", "yes", "no", "on", "off"}

_Type = exp.DataType.Type
_INTEGERS = {_Type.INT, _Type.BIGINT, _Type.SMALLINT, _Type.TINYINT, _Type.MEDIUMINT, _Type.INT128}
_INTEGERS |= {_Type.UINT, _Type.UBIGINT, _Type.USMALLINT, _Type.UTINYINT, _Type.UMEDIUMINT}
_FLOATS = {_Type.FLOAT, _Type.DOUBLE}
_DECIMALS = {_Type.DECIMAL, _Type.MONEY, _Type.SMALLMONEY}
_TEXTS = {_Type.VARCHAR, _Type.NVARCHAR, _Type.CHAR, _Type.NCHAR, _Type.TEXT, _Type.BPCHAR}
_MOMENTS = {_Type.TIMESTAMP, _Type.TIMESTAMPTZ, _Type.TIMESTAMPNTZ}
_MOMENTS |= {_Type.DATETIME, _Type.DATETIME2, _Type.SMALLDATETIME}
#: Kept as the text that they are; SQLite would make a number of them.
_AS_TEXT = {_Type.JSON, _Type.JSONB, _Type.UUID, _Type.USERDEFINED, _Type.ENUM, _Type.INET, _Type.XML}

_NUMERIC = (
    exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg, exp.Count, exp.Sum, exp.Avg, exp.Round, exp.Abs, exp.Ceil,
    exp.Floor, exp.Length, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Add, exp.Sub, exp.Stddev, exp.Variance,
)  # fmt: skip
_NUMERIC_CALLS = {"date_part", "date_gap", "whole_gap", "interval_part", "age_part", "whole_number", "modulo", "round"}


def for_sqlite(tree: exp.Expr, reading: str) -> exp.Expr:
    """Rewrites a statement in place, from its leaves up.

    Args:
        tree: The statement, parsed in the dialect of the reading.
        reading: The dialect; "sqlite" for a text of a newer SQLite.
    """
    of_newer: dict[type[exp.Expr], Rewrite] = {exp.GroupConcat: _group_concat}
    table = of_newer if reading == "sqlite" else _REWRITES
    for node in reversed(list(without_lambdas(tree).walk(bfs=False))):
        rewrite = table.get(type(node))
        new = rewrite(node, reading) if rewrite is not None else node
        if new is not node:
            tree = new if node is tree else tree
            node.replace(new)
    return tree


def for_duckdb(tree: exp.Expr, reading: str) -> exp.Expr:
    """Rewrites in place what DuckDB would run with another meaning: whole numbers divide as such, LIKE ignores case."""
    for node in reversed(list(tree.walk(bfs=False))):
        if isinstance(node, exp.Div) and reading in ("postgres", "tsql"):
            node.replace(_whole_division(node))
        elif isinstance(node, exp.Like) and reading in ("mysql", "tsql"):
            node.replace(exp.ILike(**node.args))
    return tree


def _whole_division(node: exp.Expr) -> exp.Expr:
    whole = " AND ".join(f"TYPEOF({side.sql('duckdb')}) LIKE '%INT%'" for side in (node.this, node.expression))
    case = exp.Case().when(exp.maybe_parse(whole, dialect="duckdb"), call("trunc", node.copy()))
    return exp.paren(case.else_(node.copy()), copy=False)


def _unit(node: exp.Expr | None) -> str:
    """The name of a unit such as DAY; days where none is given."""
    name = node.name.lower() if node is not None and node.name else "day"
    return _ABBREVIATED.get(name, name if name in _UNITS else name.removesuffix("s"))


def _amounts(node: exp.Expr) -> list[tuple[exp.Expr, str]] | None:
    """The numbers and units of an interval, which may stand in one text ('1 year 2 days'); None for anything else."""
    node = unnested(node)
    if isinstance(node, exp.Mul):
        for one, other in ((node.this, node.expression), (node.expression, node.this)):
            if (inner := _amounts(one)) is not None:
                return [(exp.Mul(this=exp.paren(n), expression=exp.paren(other.copy())), unit) for n, unit in inner]
        return None
    if isinstance(node, exp.Cast) and node.to.this == _Type.INTERVAL:
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


def _shifted(date: exp.Expr, amounts: list[tuple[exp.Expr, str]], sign: int) -> exp.Expr:
    for number, unit in amounts:
        date = call("date_shift", date, number if sign > 0 else exp.Neg(this=exp.paren(number)), unit)
    return date


def _shift(sign: int) -> Rewrite:
    """DATE_ADD and its kin."""

    def rewrite(node: exp.Expr, reading: str) -> exp.Expr:
        amount, unit = node.args.get("expression"), node.args.get("unit")
        if amount is None:
            return node
        amounts = _amounts(amount)
        if amounts is None and not isinstance(amount, exp.Interval):
            amounts = _written_amounts(amount, _unit(unit))
        return node if amounts is None else _shifted(node.this, amounts, sign)

    return rewrite


def _is_number(node: exp.Expr) -> bool:
    """Whether a node is a number whatever the data: neither a date nor a text."""
    node = unnested(node)
    node = unnested(node.this) if isinstance(node, exp.Window | exp.Filter) else node
    literal = isinstance(node, exp.Literal) and not node.is_string and not node.is_int
    return literal or isinstance(node, _NUMERIC) or is_call(node, *_NUMERIC_CALLS)


def _plus(node: exp.Expr, reading: str) -> exp.Expr:
    for date, amount in ((node.this, node.expression), (node.expression, node.this)):
        if (amounts := _amounts(amount)) is not None:
            return _shifted(date, amounts, 1)
    if reading == "mysql" or _is_number(node.this) or _is_number(node.expression):
        return as_value(node)
    return call("plus_text" if reading == "tsql" else "plus", as_value(node).this, node.expression)


def _minus(node: exp.Expr, reading: str) -> exp.Expr:
    if (amounts := _amounts(node.expression)) is not None:
        return _shifted(node.this, amounts, -1)
    if _is_number(node.this) or _is_number(node.expression):
        return as_value(node)
    return call("minus_digits" if reading == "mysql" else "minus", as_value(node).this, node.expression)


def _extract(node: exp.Expr, reading: str) -> exp.Expr:
    unit, source = node.name.lower().removesuffix("s"), unnested(node.expression)
    if is_call(source, "minus"):
        return call("interval_part", unit, *source.expressions)
    if is_call(source, "age"):
        return call("age_part", unit, *source.expressions)
    if unit == "epoch":
        return call("interval_part", unit, node.expression, "1970-01-01")
    return call("date_part", unit, node.expression) if unit in _PARTS else node


def _part(name: str) -> Rewrite:
    return lambda node, reading: call("date_part", name, node.this)


def _gap(name: str) -> Rewrite:
    return lambda node, reading: call(name, _unit(node.args.get("unit")), node.expression, node.this)


def _truncated(node: exp.Expr, reading: str) -> exp.Expr:
    return call("date_trunc", _unit(node.args.get("unit")), node.this)


def _cast(node: exp.Expr, reading: str) -> exp.Expr:
    """CAST as its dialect has it: SQLite makes numbers of dates, cuts fractions off, and takes no notice of lengths."""
    node = as_value(node)
    kind, operand = node.args["to"].this, node.this
    sizes = [size.this for size in node.args["to"].expressions if isinstance(size, exp.DataTypeParam)]
    if isinstance(node, exp.TryCast) and kind in _INTEGERS | _FLOATS | _DECIMALS:
        operand = call("number_or_null", operand)
    if kind == _Type.DATE:
        return call("date", operand)
    if kind in _MOMENTS:
        return call("datetime", operand)
    if kind == _Type.TIME:
        return call("time", operand)
    if kind == _Type.BOOLEAN:
        return call("truth", operand)
    if kind in _AS_TEXT:
        return exp.paren(operand)
    if kind in _INTEGERS and reading in ("mysql", "postgres"):
        return call("whole_number", operand)
    if kind in _DECIMALS and (sizes or reading != "postgres"):
        places = sizes[1] if len(sizes) > 1 else exp.Literal.number(0)
        return call("round", exp.cast(operand, "double"), places)
    if kind in _TEXTS and sizes:
        return call("substr", exp.cast(operand, "text"), exp.Literal.number(1), sizes[0])
    return exp.Cast(this=operand, to=node.args["to"]) if isinstance(node, exp.TryCast) else node


def _convert(node: exp.Expr, reading: str) -> exp.Expr:
    style = node.args.get("style")
    if style is not None and style.name not in _ISO_STYLES and node.this.this in _TEXTS:
        return call("convert", node.expression, style)  # there is none: a date is written otherwise
    return _cast(exp.Cast(this=node.expression, to=node.this), reading)


def _like(node: exp.Expr, reading: str) -> exp.Expr:
    """LIKE minds the case in PostgreSQL alone; `[a-c]` is a class in T-SQL."""
    if isinstance(node.parent, exp.Escape):
        return node
    return _liked(node, reading, None)


def _escaped(node: exp.Expr, reading: str) -> exp.Expr:
    if not isinstance(node.this, exp.Like):
        return node
    new = _liked(node.this, reading, node.expression)
    return node if new is node.this else new


def _liked(node: exp.Expr, reading: str, escape: exp.Expr | None) -> exp.Expr:
    beside_json(node, reading)
    classes = reading == "tsql" and isinstance(node.expression, exp.Literal) and "[" in node.expression.this
    if reading != "postgres" and not classes:
        return node
    found = call("like_class" if classes else "like_exactly", node.this, node.expression, escape)
    return exp.Not(this=found) if node.args.get("negate") else found


def _ilike(node: exp.Expr, reading: str) -> exp.Expr:
    return exp.Like(**node.args)


def _concat(node: exp.Expr, reading: str) -> exp.Expr:
    return call("concat" if node.args.get("coalesce") else "concat_all", *node.expressions)


def _extreme(name: str) -> Rewrite:
    def rewrite(node: exp.Expr, reading: str) -> exp.Expr:
        return node if node.args.get("ignore_nulls") else call(name, node.this, *node.expressions)

    return rewrite


def _spread(sample: str, population: str) -> Rewrite:
    """MySQL's STDDEV and VARIANCE are those of a population."""
    return lambda node, reading: call(population if reading == "mysql" else sample, node.this)


def _group_concat(node: exp.Expr, reading: str) -> exp.Expr:
    """With ORDER BY, which SQLite has from 3.44 on, a function of ours; it may stand behind either argument."""
    value, separator, keys = node.this, node.args.get("separator"), []
    if isinstance(separator, exp.Order):
        separator, keys = separator.this, separator.expressions
    if isinstance(value, exp.Order):
        value, keys = value.this, value.expressions
    if not keys:
        return node if reading == "sqlite" else call("group_concat", value, separator)
    distinct = isinstance(value, exp.Distinct)
    arguments = [value.expressions[0] if distinct else value]
    for key in keys:
        mode = (1 if key.args.get("desc") else 0) + (2 if _nulls_last(key) else 0)
        arguments += [key.this, exp.Literal.number(mode)]
    arguments = [exp.Literal.number(int(distinct)), separator or exp.Literal.string(","), *arguments]
    return call("concat_ordered", *arguments)


def _nulls_last(key: exp.Expr) -> bool:
    first = key.args.get("nulls_first")
    return bool(key.args.get("desc")) if first is None else not first


def _equal(node: exp.Expr, reading: str) -> exp.Expr:
    """`flag = 'true'` in PostgreSQL, where the text is read as what stands beside it."""
    beside_json(node, reading)
    text = node.expression
    if reading == "postgres" and isinstance(text, exp.Literal) and text.is_string and text.this.lower() in _TRUTHS:
        text.replace(call("truth_like", text.copy(), node.this.copy()))
    return node


def _beside(node: exp.Expr, reading: str) -> exp.Expr:
    return beside_json(node, reading)


def _value_inside(node: exp.Expr, reading: str) -> exp.Expr:
    return as_value(node)


def _interval(node: exp.Expr, reading: str) -> exp.Expr:
    """An interval that is part of a sum is told with it; any other SQLite has no value for."""
    parent = node.parent
    while isinstance(parent, exp.Paren | exp.Mul):
        parent = parent.parent
    return node if isinstance(parent, exp.Add | exp.Sub | exp.Func) else call("interval", node.this)


def _cast_or_interval(node: exp.Expr, reading: str) -> exp.Expr:
    return _interval(node, reading) if node.args["to"].this == _Type.INTERVAL else _cast(node, reading)


def _unbounded(node: exp.Expr, reading: str) -> exp.Expr:
    """NVARCHAR(MAX) without its MAX."""
    if any(isinstance(size.this, exp.Var) for size in node.expressions if isinstance(size, exp.DataTypeParam)):
        node.set("expressions", [])
    return node


_REWRITES: dict[type[exp.Expr], Rewrite] = {
    exp.Extract: _extract,
    **{kind: _part(kind.__name__.lower()) for kind in (exp.Year, exp.Month, exp.Day, exp.Quarter, exp.Week)},
    exp.DayOfMonth: _part("day"),
    **dict.fromkeys((exp.DateAdd, exp.TsOrDsAdd, exp.DatetimeAdd, exp.TimestampAdd), _shift(1)),
    **dict.fromkeys((exp.DateSub, exp.DatetimeSub, exp.TimestampSub), _shift(-1)),
    exp.Add: _plus,
    exp.Sub: _minus,
    **dict.fromkeys((exp.DateDiff, exp.DatetimeDiff), _gap("date_gap")),
    exp.TimestampDiff: _gap("whole_gap"),
    **dict.fromkeys((exp.DateTrunc, exp.TimestampTrunc), _truncated),
    exp.TsOrDsToDate: lambda node, reading: call("date", node.this),
    exp.DataType: _unbounded,
    exp.National: lambda node, reading: exp.Literal.string(node.name),
    **dict.fromkeys((exp.Cast, exp.TryCast), _cast_or_interval),
    exp.Convert: _convert,
    exp.Interval: _interval,
    exp.Like: _like,
    exp.Escape: _escaped,
    exp.ILike: _ilike,
    exp.RegexpLike: lambda node, reading: call(
        "regexp_exactly" if reading == "postgres" else "regexp", node.expression, node.this
    ),
    exp.RegexpILike: lambda node, reading: call("regexp", node.expression, node.this),
    exp.Concat: _concat,
    exp.ConcatWs: lambda node, reading: call("concat_ws", *node.expressions),
    exp.GroupConcat: _group_concat,
    exp.Stddev: _spread("stddev", "stddev_pop"),
    exp.StddevSamp: lambda node, reading: call("stddev", node.this),
    exp.StddevPop: lambda node, reading: call("stddev_pop", node.this),
    exp.Variance: _spread("variance", "var_pop"),
    exp.VariancePop: lambda node, reading: call("var_pop", node.this),
    exp.Greatest: _extreme("greatest"),
    exp.Least: _extreme("least"),
    exp.Mod: lambda node, reading: call("modulo", as_value(node).this, node.expression),
    **dict.fromkeys((exp.EQ, exp.NEQ), _equal),
    **dict.fromkeys((exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.In), _beside),
    **dict.fromkeys((exp.Mul, exp.Div, exp.IntDiv, exp.Neg, exp.Ordered, exp.Round, exp.Abs), _value_inside),
    **dict.fromkeys((exp.Sum, exp.Avg, exp.Min, exp.Max), _value_inside),
    **JSON_REWRITES,
}
