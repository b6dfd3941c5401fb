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
from sqlglot.errors import UnsupportedError

from sqlreason.sql.parsing.date_translation import DATE_REWRITES, amounts_of, interval, shifted
from sqlreason.sql.parsing.json_translation import (
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

#: Styles of T-SQL's CONVERT that write a date as ISO does.
_ISO_STYLES = {"20", "21", "23", "120", "121", "126", "127"}
_TRUTHS = {"t", "f", "true", "false", "yes", "no", "y", "n", "on", "off"}

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
    """Rewrite a statement in place, from its leaves up.

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
    """Rewrite in place what DuckDB would run with another meaning: whole numbers divide as such, LIKE ignores case."""
    for node in reversed(list(tree.walk(bfs=False))):
        if isinstance(node, exp.Div) and reading in ("postgres", "tsql"):
            node.replace(_whole_division(node))
        elif isinstance(node, exp.SimilarTo) and isinstance(node.expression, exp.Literal):
            pattern = exp.Literal.string(similar_pattern(node.expression.this))
            node.replace(exp.RegexpLike(this=node.this, expression=pattern))
        elif isinstance(node, exp.Fetch | exp.Limit):
            _limited(node, reading)
        elif isinstance(node, exp.Like) and reading in ("mysql", "tsql"):
            node.replace(exp.ILike(**node.args))
    return tree


def _whole_division(node: exp.Expr) -> exp.Expr:
    whole = " AND ".join(f"TYPEOF({side.sql('duckdb')}) LIKE '%INT%'" for side in (node.this, node.expression))
    case = exp.Case().when(exp.maybe_parse(whole, dialect="duckdb"), call("trunc", node.copy()))
    return exp.paren(case.else_(node.copy()), copy=False)


def _is_number(node: exp.Expr) -> bool:
    """Whether a node is a number whatever the data: neither a date nor a text."""
    node = unnested(node)
    node = unnested(node.this) if isinstance(node, exp.Window | exp.Filter) else node
    literal = isinstance(node, exp.Literal) and not node.is_string and not node.is_int
    return literal or isinstance(node, _NUMERIC) or is_call(node, *_NUMERIC_CALLS)


def _plus(node: exp.Expr, reading: str) -> exp.Expr:
    for date, amount in ((node.this, node.expression), (node.expression, node.this)):
        if (amounts := amounts_of(amount)) is not None:
            return shifted(date, amounts, 1)
    literal = all(isinstance(side, exp.Literal) and not side.is_string for side in (node.this, node.expression))
    if literal or reading == "mysql" or _is_number(node.this) or _is_number(node.expression):
        return as_value(node)
    return call("plus_text" if reading == "tsql" else "plus", as_value(node).this, node.expression)


def _minus(node: exp.Expr, reading: str) -> exp.Expr:
    if (amounts := amounts_of(node.expression)) is not None:
        return shifted(node.this, amounts, -1)
    if _is_number(node.this) or _is_number(node.expression):
        return as_value(node)
    return call("minus_digits" if reading == "mysql" else "minus", as_value(node).this, node.expression)


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


#: What takes the meaning from a sign of a pattern, where the query names nothing else.
_BACKSLASH = exp.Literal.string("\\")


def _liked(node: exp.Expr, reading: str, escape: exp.Expr | None) -> exp.Expr:
    beside_json(node, reading)
    classes = reading == "tsql" and isinstance(node.expression, exp.Literal) and "[" in node.expression.this
    pattern = node.expression
    if reading == "mysql" and escape is None and isinstance(pattern, exp.Literal) and "\\" in pattern.this:
        plain: exp.Expr = exp.Escape(this=exp.Like(this=node.this, expression=pattern), expression=_BACKSLASH.copy())
        return exp.Not(this=plain) if node.args.get("negate") else plain
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
    """`flag = 'true'` in PostgreSQL and T-SQL, where the text is read as what stands beside it."""
    beside_json(node, reading)
    text = node.expression
    known = _TRUTHS if reading == "postgres" else {"true", "false"} if reading == "tsql" else ()
    if isinstance(text, exp.Literal) and text.is_string and text.this.lower() in known:
        text.replace(call("truth_like", text.copy(), node.this.copy()))
    return node


def _beside(node: exp.Expr, reading: str) -> exp.Expr:
    return beside_json(node, reading)


def _value_inside(node: exp.Expr, reading: str) -> exp.Expr:
    return as_value(node)


def _cast_or_interval(node: exp.Expr, reading: str) -> exp.Expr:
    return interval(node, reading) if node.args["to"].this == _Type.INTERVAL else _cast(node, reading)


_IN_BRACKETS_OR_ONE = re.compile(r"\\(?P<plain>.)|(?P<set>\[[^\]]*\])|(?P<sign>.)", re.DOTALL)


def _similar(node: exp.Expr, reading: str) -> exp.Expr:
    """SIMILAR TO, whose patterns are those of LIKE and of regular expressions in one; of a literal alone."""
    pattern = node.expression
    if not (isinstance(pattern, exp.Literal) and pattern.is_string):
        return call("similar_to", node.this, pattern)
    return call("regexp_exactly", exp.Literal.string(similar_pattern(pattern.this)), node.this)


def similar_pattern(pattern: str) -> str:
    """The regular expression that a pattern of SIMILAR TO stands for."""
    found = []
    for piece in _IN_BRACKETS_OR_ONE.finditer(pattern):
        sign = piece["sign"]
        if piece["plain"] or sign in (".", "^", "$", "\\"):
            found.append(re.escape(piece["plain"] or sign))
        else:
            found.append({"%": "(?s:.*)", "_": "(?s:.)"}.get(sign, piece.group()))
    return f"^(?:{''.join(found)})$"


def _limited(node: exp.Expr, reading: str) -> exp.Expr:
    """TOP and FETCH FIRST: WITH TIES is no LIMIT, and of a share SQL Server keeps one row more than others do."""
    options = node.args.get("limit_options")
    if options is not None and any(options.args.get(name) for name in ("with_ties", "percent")):
        raise UnsupportedError("WITH TIES and PERCENT have no counterpart")
    return node


def _unbounded(node: exp.Expr, reading: str) -> exp.Expr:
    """NVARCHAR(MAX) without its MAX."""
    if any(isinstance(size.this, exp.Var) for size in node.expressions if isinstance(size, exp.DataTypeParam)):
        node.set("expressions", [])
    return node


_REWRITES: dict[type[exp.Expr], Rewrite] = {
    exp.Add: _plus,
    exp.Sub: _minus,
    exp.DataType: _unbounded,
    exp.National: lambda node, reading: exp.Literal.string(node.name),
    **dict.fromkeys((exp.Cast, exp.TryCast), _cast_or_interval),
    exp.Convert: _convert,
    exp.Like: _like,
    exp.Escape: _escaped,
    exp.ILike: _ilike,
    exp.RegexpLike: lambda node, reading: call(
        "regexp_exactly" if reading == "postgres" else "regexp", node.expression, node.this
    ),
    exp.RegexpILike: lambda node, reading: call("regexp", node.expression, node.this),
    exp.SimilarTo: _similar,
    **dict.fromkeys((exp.Fetch, exp.Limit), _limited),
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
    **DATE_REWRITES,
    **JSON_REWRITES,
}
