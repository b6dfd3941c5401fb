"""The row with the extreme value for all rows that have it, and the other way round: the same but for ties."""

from __future__ import annotations

import random
from collections.abc import Iterator

from sqlglot import exp

from sqlreason.sql.mutation.equivalents import Equivalents
from sqlreason.sql.mutation.tree_edits import Edit, Spelling, instead
from sqlreason.sql.parsing.queries import read_query
from sqlreason.sql.parsing.schema import Schema


def extremes(root: exp.Expr, schema: Schema, rng: random.Random, same: Equivalents) -> Iterator[Edit]:
    """Edits between `ORDER BY x DESC LIMIT 1` and `x = (SELECT MAX(x) …)`, for groups too; a family of `mutants`."""
    for select in root.find_all(exp.Select):
        if (whole := _all_extreme(select)) is not None:
            yield instead(select, whole)
    for equal in root.find_all(exp.EQ):
        outer = equal.parent.parent if isinstance(equal.parent, exp.Where | exp.Having) else None
        if isinstance(outer, exp.Select) and (first := _first_row(outer, equal)) is not None:
            yield instead(outer, first)


def ties(sql: str, schema: Schema, dialect: str = "") -> list[str]:
    """A query with the first row, or group, that has the extreme for all of them: the same but where it is tied.

    In SQLite's spelling, or the dialect's. Where it is not sure to be the same, and where the gold itself has a
    LIMIT, of which a worker knows whether it cuts a tie, there is nothing.
    """
    tree = read_query(sql, schema, dialect or None)
    if tree is None:
        return []
    root, alike = exp.Tuple(expressions=[tree]), []
    for equal in root.find_all(exp.EQ):
        outer, inner = equal.find_ancestor(exp.Select), equal.expression.unnest()
        clause = equal.parent
        if not isinstance(clause, exp.Where | exp.Having) or not isinstance(inner, exp.Select) or outer is None:
            continue
        first = _first_row(outer, equal) if _reads_the_same(outer, inner, isinstance(clause, exp.Having)) else None
        alike += [instead(outer, first)] if first is not None else []
    spelling = Spelling.of(dialect, schema)
    return [text for edit in alike if (text := edit.written(root, spelling))]


def _reads_the_same(outer: exp.Select, inner: exp.Select, grouped: bool) -> bool:
    """Whether a subquery finds the extreme of the very rows from which the query around it chooses."""
    if grouped:
        return {t.name.lower() for t in outer.find_all(exp.Table)} == {
            t.name.lower() for t in inner.find_all(exp.Table)
        }
    plain = not (inner.args.get("joins") or outer.args.get("joins") or inner.args.get("where"))
    tables = [select.args["from_"].this for select in (outer, inner) if select.args.get("from_")]
    return plain and len(tables) == 2 and tables[0].name.lower() == tables[1].name.lower() != ""


def _all_extreme(select: exp.Select) -> exp.Select | None:
    """All rows, or groups, that have the extreme, for the first of them."""
    order, limit, group = (select.args.get(name) for name in ("order", "limit", "group"))
    if order is None or limit is None or limit.expression is None or limit.expression.name != "1":
        return None
    first = order.expressions[0]
    key = _unaliased(first.this, select)
    if select.args.get("offset") or bool(group) != bool(key.find(exp.AggFunc)) or key.find(exp.Window):
        return None
    whole, inner = select.copy(), select.copy()
    for clause in ("order", "limit"):
        whole.set(clause, None)
    inner.set("distinct", None)
    if group is not None:
        inner.set("expressions", [key.copy()])
        inner.order_by(exp.Ordered(this=key.copy(), desc=first.args.get("desc")), append=False, copy=False)
        return whole.having(exp.EQ(this=key.copy(), expression=exp.paren(inner)))
    for clause in ("order", "limit"):
        inner.set(clause, None)
    inner.set("expressions", [(exp.Max if first.args.get("desc") else exp.Min)(this=key.copy())])
    return whole.where(exp.EQ(this=key.copy(), expression=exp.paren(inner)))


def _unaliased(key: exp.Expr, select: exp.Select) -> exp.Expr:
    """A sort key, or what it is an alias of."""
    bare = isinstance(key, exp.Column) and not key.table
    named = (output.this for output in select.expressions if isinstance(output, exp.Alias) and output.alias == key.name)
    return next(named, key) if bare else key


def _first_row(select: exp.Select, equal: exp.EQ) -> exp.Select | None:
    """The first row, or group, that has the extreme, for all of them."""
    inner, grouped = equal.expression.unnest(), bool(select.args.get("group"))
    desc = _is_largest(inner) if isinstance(inner, exp.Select) and inner.selects else None
    if desc is None or select.args.get("order") or grouped != bool(equal.this.find(exp.AggFunc)):
        return None
    whole = select.copy()
    if grouped:
        whole.set("having", None)
    else:
        whole.set("where", inner.args["where"].copy() if inner.args.get("where") else None)
    return whole.order_by(exp.Ordered(this=equal.this.copy(), desc=desc)).limit(1)


def _is_largest(inner: exp.Select) -> bool | None:
    """Whether a subquery finds the largest value, or the smallest; None if it finds something else."""
    found, order, limit = inner.selects[0].unalias(), inner.args.get("order"), inner.args.get("limit")
    if isinstance(found, exp.Max | exp.Min):
        return isinstance(found, exp.Max)
    if order is not None and limit is not None and limit.expression is not None and limit.expression.name == "1":
        return bool(order.expressions[0].args.get("desc"))
    return None
