"""Conditions on one row, as CHECKs hold them: read, evaluated on values, and written for the plain engines.

Evaluating is for drawing rows, not for judging: a condition of another kind is told to be unreadable, and the database
has the last word.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from math import isfinite
from typing import Any

from sqlglot import exp

from sqlreason.sql.parsing.dumps import dialect_of
from sqlreason.sql.parsing.statements import parse
from sqlreason.sql.parsing.tables import Value


class Unreadable(ValueError):
    """A condition that is not among those that can be evaluated here."""


#: Of whole numbers beside a bound so many are tried, and so many texts of one length.
_TRIED = 40
_LETTERS = "abcdefghjkmnprstuvwxyz"


@lru_cache(maxsize=1024)
def condition_of(text: str, dialect: str | None = None) -> exp.Expr | None:
    """The tree of a condition, casts and PostgreSQL's arrays taken off; None if it cannot be parsed."""
    tree = parse(f"SELECT {text}", dialect or dialect_of(text)) or parse(f"SELECT {text}")
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1 or tree.args.get("from_"):
        return None
    root = exp.Paren(this=tree.expressions[0].copy())
    for node in reversed(list(root.find_all(exp.Cast, exp.EQ))):  # the inner ones first
        node.replace(_plain(node))
    return root.this


def plain_condition(text: str, dialect: str | None = None) -> str:
    """A condition as SQLite and DuckDB read it; "" for one that cannot be parsed."""
    tree = condition_of(text, dialect)
    return "" if tree is None else tree.sql("sqlite")


def _plain(node: exp.Expr) -> exp.Expr:
    """`x = ANY (ARRAY[…])` as `x IN (…)`, and what is cast without its cast."""
    if isinstance(node, exp.Cast):
        return node.this
    listed = node.expression.find(exp.Array) if isinstance(node.expression, exp.Any) else None
    return node if listed is None else exp.In(this=node.this, expressions=listed.expressions)


def columns_of(condition: exp.Expr) -> list[str]:
    """The columns that a condition names, in lower case."""
    return list(dict.fromkeys(column.name.lower() for column in condition.find_all(exp.Column)))


def is_readable(condition: exp.Expr) -> bool:
    """Whether a condition is made of what is known here."""
    numbers = (node.this for node in condition.find_all(exp.Literal) if not node.is_string)
    return all(isinstance(node, _KNOWN) for node in condition.walk()) and all(map(_is_number, numbers))


def holds(condition: exp.Expr, row: Mapping[str, Value]) -> bool:
    """Whether a row passes, as a CHECK lets it: what is unknown passes.

    Raises:
        Unreadable: The condition uses what is not known here.
    """
    found = _value(condition, row)
    return found is None or bool(found)


def compare(sign: str, left: Any, right: Any) -> bool:
    """Compare two values that are not NULL as SQLite does: any number is less than any text."""
    ranks = [1 if isinstance(value, str) else 2 if isinstance(value, bytes) else 0 for value in (left, right)]
    one, two = (left, right) if ranks[0] == ranks[1] else (ranks[0], ranks[1])
    return bool(_COMPARED[sign](one, two))


_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_SIGNS: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "!=", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip
_ARITHMETIC: dict[type[exp.Expr], Callable[[Any, Any], Any]] = {
    exp.Add: operator.add, exp.Sub: operator.sub, exp.Mul: operator.mul,
    exp.Div: lambda a, b: None if not b else a // b if isinstance(a, int) and isinstance(b, int) else a / b,
    exp.Mod: lambda a, b: a % b if b else None,
}  # fmt: skip
_FUNCTIONS: dict[type[exp.Expr], Callable[[Any], Any]] = {
    exp.Length: lambda value: len(str(value)),
    exp.Upper: lambda value: str(value).upper(),
    exp.Lower: lambda value: str(value).lower(),
    exp.Trim: lambda value: str(value).strip(),
    exp.Abs: abs,
}


_KNOWN = (
    *_SIGNS, *_ARITHMETIC, *_FUNCTIONS, exp.Paren, exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null,
    exp.And, exp.Or, exp.Not, exp.Neg, exp.Is, exp.In, exp.Between, exp.Like, exp.ILike, exp.Glob, exp.Coalesce,
)  # fmt: skip


def _value(node: exp.Expr, row: Mapping[str, Value]) -> Any:
    """What an expression is on a row; None for NULL and unknown."""
    if isinstance(node, exp.Paren):
        return _value(node.this, row)
    if isinstance(node, exp.Column):
        if node.name.lower() not in row:
            raise Unreadable(f"no column {node.name}")
        return row[node.name.lower()]
    if isinstance(node, exp.Literal):
        return node.this if node.is_string else _number(node.this)
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if isinstance(node, exp.Null):
        return None
    return _composed(node, row)


def _number(text: str) -> int | float:
    return int(text) if text.isdecimal() and len(text) < 19 else float(text)


def _is_number(text: str) -> bool:
    try:
        return isfinite(_number(text))
    except ValueError:
        return False


def _composed(node: exp.Expr, row: Mapping[str, Value]) -> Any:
    kind = type(node)
    if kind in (exp.And, exp.Or):
        sides = [_value(side, row) for side in (node.this, node.expression)]
        decisive = kind is exp.Or
        known = [bool(side) for side in sides if side is not None]
        return decisive if decisive in known else None if None in sides else not decisive
    if kind is exp.Is:
        left, right = _value(node.this, row), _value(node.expression, row)
        return left is None if right is None else left is not None and bool(left) == bool(right)
    parts = [_value(part, row) for part in _operands(node)]
    if kind is exp.Coalesce:
        return next((part for part in parts if part is not None), None)
    if kind is exp.In and parts[0] is not None:
        return any(compare("=", parts[0], part) for part in parts[1:] if part is not None)
    if None in parts:
        return None
    try:
        return _combined(node, parts)
    except TypeError:
        raise Unreadable(f"{node.sql()} mixes kinds of values") from None


def _operands(node: exp.Expr) -> list[exp.Expr]:
    named = [node.args.get(name) for name in ("this", "expression", "low", "high")]
    listed = node.args.get("expressions") or []
    return [part for part in [*named, *listed] if isinstance(part, exp.Expr)]


def _combined(node: exp.Expr, parts: list[Any]) -> Any:
    kind = type(node)
    if kind in _SIGNS:
        return compare(_SIGNS[kind], *parts)
    if kind in _ARITHMETIC:
        return _ARITHMETIC[kind](*parts)
    if kind in _FUNCTIONS and len(parts) == 1:
        return _FUNCTIONS[kind](parts[0])
    if kind is exp.Not:
        return not parts[0]
    if kind is exp.Neg:
        return -parts[0]
    if kind is exp.Between:
        return compare(">=", parts[0], parts[1]) and compare("<=", parts[0], parts[2])
    if kind in (exp.Like, exp.ILike):
        return _pattern(str(parts[1]), "%", "_", re.I).fullmatch(str(parts[0])) is not None
    if kind is exp.Glob:
        return _pattern(str(parts[1]), "*", "?", 0).fullmatch(str(parts[0])) is not None
    raise Unreadable(f"{node.sql()} is not known here")


@lru_cache(maxsize=256)
def _pattern(text: str, many: str, one: str, flags: int) -> re.Pattern[str]:
    pieces = re.split(r"(\[[^\]]+\])", text) if many == "*" else [text]
    written = (
        f"[{piece[1:-1].replace(chr(92), '')}]" if piece.startswith("[") and many == "*"
        else "".join(".*" if c == many else "." if c == one else re.escape(c) for c in piece)
        for piece in pieces
    )  # fmt: skip
    return re.compile("".join(written), flags | re.S)


def suggested(condition: exp.Expr) -> Iterator[Value]:
    """Values that are likely to pass a condition: its literals, what lies beside them, texts of a length."""
    for literal in condition.find_all(exp.Literal):
        if literal.is_string:
            yield from _texts(literal)
        else:
            number = _number(literal.this)
            yield from _sized(number) if literal.find_ancestor(exp.Length) is None and _measures(literal) else ()
            yield from (number, -number)
            yield from (number + step for pair in zip(range(1, _TRIED), range(-1, -_TRIED, -1)) for step in pair)  # noqa: B905
            yield from (number + 0.5, number - 0.5, number / 2)


def _texts(literal: exp.Literal) -> Iterator[Value]:
    text = literal.this
    if isinstance(literal.parent, exp.Like | exp.ILike):
        for filling in ("", "a", "ab", "abc", "x y"):
            yield text.replace("%", filling).replace("_", "k")
            yield filling + text.replace("%", filling).replace("_", "m") + filling
    elif isinstance(literal.parent, exp.Glob):
        for other in ("", "0", "a"):
            chosen = re.sub(r"\[\^[^\]]*\]", other or "k", text)
            yield re.sub(r"\[(.)[^\]]*\]", r"\1", chosen).replace("*", other).replace("?", other or "k")
    else:
        yield text


def _measures(literal: exp.Literal) -> bool:
    """Whether a number is compared with the length of something."""
    parent = literal.parent
    while isinstance(parent, exp.Paren | exp.Neg):
        parent = parent.parent
    return parent is not None and any(isinstance(side, exp.Length) for side in parent.find_all(exp.Length))


def _sized(length: int | float) -> Iterator[str]:
    for size in {int(length), int(length) - 1, int(length) + 1}:
        if 0 < size <= 200:
            for number in range(_TRIED):
                first, second = _LETTERS[number % len(_LETTERS)], _LETTERS[number // len(_LETTERS)]
                yield (first + second * size)[:size] if size > 1 else first
