"""Readings: how a statement of another dialect is rewritten for the engine that runs it.

The gold picks engine and reading once and candidates stay with it: two engines differ silently on plain queries
(`3/2`, LIKE, where NULLs sort). sqlglot translates; what its SQLite writer leaves as it was (EXTRACT, INTERVAL
arithmetic, schema prefixes, …) is rewritten here into functions that the worker offers.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from sqlglot import exp

from sqlreason.sql.statements import parse_all, written

logger = logging.getLogger(__name__)

_HINTS = {
    "mysql": re.compile(r"`|AUTO_INCREMENT|ENGINE\s*=|DATE_SUB|DATE_ADD|CURDATE|GROUP_CONCAT|INTERVAL\s+\d", re.I),
    "postgres": re.compile(r"::|\bSERIAL\b|\bILIKE\b|INTERVAL\s+'|DATE_TRUNC|EXTRACT\s*\(|\bARRAY\b|RETURNING", re.I),
    "tsql": re.compile(r"\bTOP\s*\(?\d|\[\w+\]|GETDATE|DATEADD|IDENTITY\s*\(|NVARCHAR|ISNULL\s*\(", re.I),
}


def readings(context: str, gold: str, published: bool = False) -> Iterator[tuple[str, str]]:
    """Engines and readings in the order in which they are tried: SQLite as it is, then by the look, DuckDB last."""
    yield "sqlite", ""  # mostly the last: a look at megabytes of rows is spared
    text = f"{context}\n{gold}"
    guessed = sorted(_HINTS, key=lambda name: -len(_HINTS[name].findall(text)))
    yield from (("sqlite", name) for name in guessed)
    yield from (("duckdb", ""), ("duckdb", guessed[0]))


def to_engine(sql: str, engine: str, reading: str, script: bool = False) -> list[str]:
    """The texts under which a statement is tried: rewritten by the reading, then as it is.

    Args:
        sql: One statement, or a script.
        engine: "sqlite" or "duckdb".
        reading: A dialect's name; "" leaves the text alone.
        script: Whether it is a context: CREATE SCHEMA and the like are then left out.
    """
    if not reading or (engine, reading) == ("sqlite", "sqlite"):
        return [sql]
    rewritten = _rewritten(sql, engine, reading, script)
    return [sql] if rewritten is None or rewritten == sql else [rewritten, sql]


@lru_cache(maxsize=1024)
def _rewritten(sql: str, engine: str, reading: str, script: bool) -> str | None:
    trees = parse_all(sql, reading)
    if trees is None:
        return None
    try:
        texts = [written(_adapted(t, engine), engine) for t in trees if not (script and _is_setting(t))]
    except Exception:
        logger.debug("a statement cannot be adapted for %s: %.200r", engine, sql, exc_info=True)
        return None
    return None if None in texts else ";\n".join(text for text in texts if text is not None)


def _is_setting(tree: exp.Expr) -> bool:
    """Whether a statement of a context only sets something up that the engines do without."""
    made = tree.args.get("kind") if isinstance(tree, exp.Create | exp.Drop) else ""
    return made in ("SCHEMA", "DATABASE") or isinstance(tree, exp.Use | exp.Set | exp.Command)


def _adapted(tree: exp.Expr, engine: str) -> exp.Expr:
    for table in tree.find_all(exp.Table):
        table.set("db", None)
        table.set("catalog", None)
    for column in tree.find_all(exp.Column):
        column.set("db", None)
        column.set("catalog", None)
    return tree.transform(_for_sqlite) if engine == "sqlite" else tree


def _for_sqlite(node: exp.Expr) -> exp.Expr:
    """One node in terms of the worker's functions; children are visited afterwards."""
    rewrite = _REWRITES.get(type(node))
    return node if rewrite is None else rewrite(node)


def _call(name: str, *arguments: exp.Expr | str | None) -> exp.Anonymous:
    given = [exp.Literal.string(a) if isinstance(a, str) else a for a in arguments if a is not None]
    return exp.Anonymous(this=name, expressions=given)


def _unit(node: exp.Expr | None) -> str:
    """The name of a unit such as DAY; days where none is given."""
    return node.name.lower() if node is not None and node.name else "day"


def _shift(sign: int) -> Callable[[exp.Expr], exp.Expr]:
    """`date ± amount unit`, written as a function or as arithmetic with an INTERVAL."""

    def rewrite(node: exp.Expr) -> exp.Expr:
        amount, unit = node.args.get("expression"), node.args.get("unit")
        if isinstance(node, exp.Add | exp.Sub) and not isinstance(amount, exp.Interval):
            return node
        if isinstance(amount, exp.Interval):
            amount, unit = amount.this, amount.args.get("unit") or unit
        if amount is None:
            return node
        number, written = _amount(amount, _unit(unit))
        return _call("date_shift", node.this, number if sign > 0 else exp.Neg(this=exp.paren(number)), written)

    return rewrite


def _amount(amount: exp.Expr, unit: str) -> tuple[exp.Expr, str]:
    """The number and the unit of an interval, which may stand in one text: '3 days'."""
    if isinstance(amount, exp.Literal) and amount.is_string:
        number, _, rest = amount.this.strip().partition(" ")
        return exp.Literal.number(number), rest.strip() or unit
    return amount.copy(), unit


def _difference(node: exp.Expr) -> exp.Expr:
    return _call("date_gap", _unit(node.args.get("unit")), node.expression, node.this)


def _part(name: str) -> Callable[[exp.Expr], exp.Expr]:
    return lambda node: _call("date_part", name, node.this)


def _bare_date(node: exp.Expr) -> exp.Expr:
    """CAST(x AS DATE): SQLite would make a number of it."""
    kind = node.args["to"].this
    if kind == exp.DataType.Type.DATE:
        return _call("date", node.this)
    moments = (exp.DataType.Type.TIMESTAMP, exp.DataType.Type.DATETIME, exp.DataType.Type.TIMESTAMPTZ)
    return _call("datetime", node.this) if kind in moments else node


_REWRITES: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr]] = {
    exp.Extract: lambda node: _call("date_part", node.name.lower(), node.expression),
    exp.Year: _part("year"),
    exp.Month: _part("month"),
    exp.Day: _part("day"),
    exp.DayOfMonth: _part("day"),
    exp.Quarter: _part("quarter"),
    exp.Week: _part("week"),
    exp.DateAdd: _shift(1),
    exp.DateSub: _shift(-1),
    exp.TsOrDsAdd: _shift(1),
    exp.DatetimeAdd: _shift(1),
    exp.DatetimeSub: _shift(-1),
    exp.TimestampAdd: _shift(1),
    exp.TimestampSub: _shift(-1),
    exp.Add: _shift(1),
    exp.Sub: _shift(-1),
    exp.DateDiff: _difference,
    exp.TimestampDiff: _difference,
    exp.DatetimeDiff: _difference,
    exp.DateTrunc: lambda node: _call("date_trunc", _unit(node.args.get("unit")), node.this),
    exp.TimestampTrunc: lambda node: _call("date_trunc", _unit(node.args.get("unit")), node.this),
    exp.TsOrDsToDate: lambda node: _call("date", node.this),
    exp.Cast: _bare_date,
    exp.ILike: lambda node: exp.Like(this=node.this, expression=node.expression),
    exp.RegexpLike: lambda node: _call("regexp", node.expression, node.this),
    exp.Concat: lambda node: _call("concat", *node.expressions),
    exp.ConcatWs: lambda node: _call("concat_ws", *node.expressions),
    exp.GroupConcat: lambda node: _call("group_concat", node.this, node.args.get("separator")),
    exp.Stddev: lambda node: _call("stddev", node.this),
    exp.StddevSamp: lambda node: _call("stddev", node.this),
    exp.StddevPop: lambda node: _call("stddev_pop", node.this),
    exp.Variance: lambda node: _call("variance", node.this),
    exp.VariancePop: lambda node: _call("var_pop", node.this),
    exp.Greatest: lambda node: _call("greatest", node.this, *node.expressions),
    exp.Least: lambda node: _call("least", node.this, *node.expressions),
}
