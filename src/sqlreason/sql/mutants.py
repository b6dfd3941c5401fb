"""Wrong neighbours of a query: one small change each, of the kind that models make.

A database instance is good when the gold's result differs from those of its mutants; a reward is sound when
it refuses them. Some mutants are equivalent by chance or by a constraint; only execution can tell.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any

from sqlglot import exp

from sqlreason.sql.queries import read_query
from sqlreason.sql.schema import Schema, Table


@dataclass(frozen=True)
class _Edit:
    """One change of the tree: the argument `key` of `node` takes `value`."""

    node: exp.Expr
    key: str
    value: Any


def mutants(sql: str, schema: Schema, limit: int = 20, seed: int = 0) -> list[str]:
    """Writes distinct wrong neighbours of a statement, in SQLite's spelling.

    Families take turns (filters, literals, columns, comparisons, aggregates, joins, DISTINCT and set
    operations, LIMIT, ORDER BY, outputs), so that a small limit still covers many kinds of mistake.

    Args:
        sql: The statement; one that cannot be parsed has no mutants.
        schema: Where sibling columns and other values come from.
        limit: How many to return at most.
        seed: Chooses among them; the same seed gives the same list.
    """
    tree = read_query(sql, schema)
    if tree is None:
        return []
    root = exp.Tuple(expressions=[tree])
    rng = random.Random(seed)
    families = [list(family(root, schema, rng)) for family in _FAMILIES]
    for family in families:
        rng.shuffle(family)
    turns = (edit for edit in chain.from_iterable(zip_longest(*families)) if edit is not None)
    return _written(root, turns, limit)


def _written(root: exp.Tuple, edits: Iterator[_Edit], limit: int) -> list[str]:
    seen = {root.expressions[0].sql("sqlite")}
    found: list[str] = []
    for edit in edits:
        if len(found) == limit:
            break
        before = edit.node.args.get(edit.key)
        edit.node.set(edit.key, edit.value)
        text = root.expressions[0].sql("sqlite")
        edit.node.set(edit.key, before)
        if text not in seen:
            seen.add(text)
            found.append(text)
    return found


def _instead(old: exp.Expr, new: exp.Expr) -> _Edit:
    """The edit that puts `new` where `old` is."""
    parent, key = old.parent, old.arg_key
    assert parent is not None and key is not None
    held = parent.args[key]
    changed = [new if item is old else item for item in held] if isinstance(held, list) else new
    return _Edit(parent, key, changed)


def _without(old: exp.Expr) -> _Edit:
    """The edit that removes one item of a list, or the argument that `old` is."""
    parent, key = old.parent, old.arg_key
    assert parent is not None and key is not None
    held = parent.args[key]
    rest = [item for item in held if item is not old] if isinstance(held, list) else None
    return _Edit(parent, key, rest)


def _tables_in(root: exp.Expr, schema: Schema) -> dict[str, Table]:
    """The schema's tables by the names under which the statement uses them."""
    named: dict[str, Table] = {}
    for use in root.find_all(exp.Table):
        table = schema.table(use.name)
        if table is not None:
            named[use.alias_or_name.lower()] = table
    return named


def _home(column: exp.Column, named: dict[str, Table]) -> Table | None:
    if column.table:
        return named.get(column.table.lower())
    return next((table for table in named.values() if table.column(column.name)), None)


def _columns(root: exp.Expr, schema: Schema, rng: random.Random) -> Iterable[_Edit]:
    """Another column of the same table."""
    named = _tables_in(root, schema)
    for column in root.find_all(exp.Column):
        table = _home(column, named)
        others = [c.name for c in table.columns if c.name.lower() != column.name.lower()] if table else []
        for name in rng.sample(others, min(2, len(others))):
            changed = column.copy()
            changed.set("this", exp.to_identifier(name))
            yield _instead(column, changed)


_COMPARISONS: dict[type[exp.Expr], tuple[type[exp.Expr], ...]] = {
    exp.GT: (exp.GTE, exp.LT),
    exp.GTE: (exp.GT, exp.LTE),
    exp.LT: (exp.LTE, exp.GT),
    exp.LTE: (exp.LT, exp.GTE),
    exp.EQ: (exp.NEQ,),
    exp.NEQ: (exp.EQ,),
    exp.And: (exp.Or,),
    exp.Or: (exp.And,),
    exp.Add: (exp.Sub,),
    exp.Sub: (exp.Add,),
    exp.Mul: (exp.Add,),
}


def _comparisons(root: exp.Expr, schema: Schema, rng: random.Random) -> Iterable[_Edit]:
    """Another comparison, connective or arithmetic operator; a negation gone."""
    for node in root.find_all(*_COMPARISONS):
        if not isinstance(node.parent, exp.Join | exp.Update):
            for kind in _COMPARISONS[type(node)]:
                yield _instead(node, kind(this=node.this.copy(), expression=node.expression.copy()))
    for node in root.find_all(exp.Not):
        yield _instead(node, node.this.copy())
    for node in root.find_all(exp.Between):
        yield _instead(node, exp.GTE(this=node.this.copy(), expression=node.args["low"].copy()))


def _literals(root: exp.Expr, schema: Schema, rng: random.Random) -> Iterable[_Edit]:
    """Another literal: the number beside, or another text of the data."""
    texts = sorted({v for t in schema.tables for row in t.rows for v in row if isinstance(v, str)})
    for node in root.find_all(exp.Literal):
        if isinstance(node.parent, exp.Limit | exp.Offset | exp.Fetch):
            continue
        if node.is_string:
            others = [text for text in texts if text != node.this]
            yield _instead(node, exp.Literal.string(rng.choice(others) if others else f"{node.this}x"))
        else:
            step = rng.choice((1, -1))
            number = int(node.this) + step if node.this.isdigit() else float(node.this) + step
            yield _instead(node, exp.Literal(this=str(number), is_string=False))


_AGGREGATES: dict[type[exp.Expr], tuple[type[exp.Expr], ...]] = {
    exp.Max: (exp.Min,),
    exp.Min: (exp.Max,),
    exp.Sum: (exp.Avg, exp.Max),
    exp.Avg: (exp.Sum, exp.Min),
    exp.Stddev: (exp.Avg,),
    exp.Variance: (exp.Avg,),
}


def _aggregates(root: exp.Expr, schema: Schema, rng: random.Random) -> Iterable[_Edit]:
    """Another aggregate, or the other way of counting."""
    for node in root.find_all(*_AGGREGATES):
        for kind in _AGGREGATES[type(node)]:
            yield _instead(node, kind(this=node.this.copy()))
    for node in root.find_all(exp.Count):
        yield from _recounted(node, _tables_in(root, schema))


def _recounted(count: exp.Count, named: dict[str, Table]) -> Iterable[_Edit]:
    if isinstance(count.this, exp.Distinct):
        yield _instead(count, exp.Count(this=count.this.expressions[0].copy()))
    elif isinstance(count.this, exp.Star):
        for alias, table in named.items():
            column = exp.column(table.columns[-1].name, table=alias)
            yield _instead(count, exp.Count(this=exp.Distinct(expressions=[column])))
    elif count.this is not None:
        yield _instead(count, exp.Count(this=exp.Distinct(expressions=[count.this.copy()])))
        yield _instead(count, exp.Sum(this=count.this.copy()))


def _joins(root: exp.Expr, schema: Schema, rng: random.Random) -> Iterable[_Edit]:
    """Inner for outer and the other way round; a condition lost."""
    for join in root.find_all(exp.Join):
        if join.args.get("on") is None and not join.args.get("using"):
            continue
        yield _Edit(join, "side", None if join.args.get("side") else "LEFT")
        if join.args.get("on") is not None:
            yield _Edit(join, "on", exp.true())


def _filters(root: exp.Expr, schema: Schema, rng: random.Random) -> Iterable[_Edit]:
    """A condition, or a grouping, left out."""
    for clause in root.find_all(exp.Where, exp.Having, exp.Qualify):
        yield _without(clause)
    for both in root.find_all(exp.And):
        yield _instead(both, both.left.copy())
        yield _instead(both, both.right.copy())
    for group in root.find_all(exp.Group):
        if len(group.expressions) > 1:
            yield from (_without(item) for item in group.expressions)
        elif group.expressions:
            yield _without(group)


_SET_OPERATIONS = (exp.Union, exp.Intersect, exp.Except)


def _distincts(root: exp.Expr, schema: Schema, rng: random.Random) -> Iterable[_Edit]:
    """DISTINCT added or dropped; another set operation; one branch only."""
    for select in root.find_all(exp.Select):
        one_row = not select.args.get("group") and all(e.find(exp.AggFunc) for e in select.expressions)
        if not isinstance(select.parent, exp.In | exp.Exists) and not one_row:
            yield _Edit(select, "distinct", None if select.args.get("distinct") else exp.Distinct())
    for operation in root.find_all(*_SET_OPERATIONS):
        if isinstance(operation, exp.Union):
            yield _Edit(operation, "distinct", not operation.args.get("distinct"))
        for kind in _SET_OPERATIONS:
            if not isinstance(operation, kind):
                arguments = operation.copy().args
                yield _instead(operation, kind(**{**arguments, "distinct": True}))
        yield _instead(operation, operation.left.copy())


def _limits(root: exp.Expr, schema: Schema, rng: random.Random) -> Iterable[_Edit]:
    """One row more, or all of them; no offset."""
    for limit in root.find_all(exp.Limit):
        if isinstance(limit.expression, exp.Literal) and limit.expression.is_int:
            yield _Edit(limit, "expression", exp.Literal.number(int(limit.expression.this) + 1))
        yield _without(limit)
    yield from (_without(offset) for offset in root.find_all(exp.Offset))


def _orders(root: exp.Expr, schema: Schema, rng: random.Random) -> Iterable[_Edit]:
    """The other direction; no order."""
    for ordered in root.find_all(exp.Ordered):
        yield _Edit(ordered, "desc", not ordered.args.get("desc"))
    yield from (_without(order) for order in root.find_all(exp.Order))


def _outputs(root: exp.Expr, schema: Schema, rng: random.Random) -> Iterable[_Edit]:
    """Output columns in another order, or one left out; another value written by UPDATE."""
    for select in root.find_all(exp.Select):
        if len(select.expressions) > 1 and not isinstance(select.parent, exp.SetOperation):
            yield _Edit(select, "expressions", [*select.expressions[1:], select.expressions[0]])
            yield _Edit(select, "expressions", select.expressions[:-1])
    for update in root.find_all(exp.Update):
        if len(update.expressions) > 1:
            yield _Edit(update, "expressions", update.expressions[:-1])


_FAMILIES: tuple[Callable[[exp.Expr, Schema, random.Random], Iterable[_Edit]], ...] = (
    _filters, _literals, _columns, _comparisons, _aggregates, _joins, _distincts, _limits, _orders, _outputs,
)  # fmt: skip
