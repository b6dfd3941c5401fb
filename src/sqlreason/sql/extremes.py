"""The row with the extreme value for all rows that have it, and the other way round: the same but for ties."""

from __future__ import annotations

import random
from collections.abc import Iterator

from sqlglot import exp

from sqlreason.sql.edits import Edit, instead
from sqlreason.sql.equivalents import Equivalents
from sqlreason.sql.schema import Schema


def extremes(root: exp.Expr, schema: Schema, rng: random.Random, same: Equivalents) -> Iterator[Edit]:
    """Edits between `ORDER BY x DESC LIMIT 1` and `WHERE x = (SELECT MAX(x) …)`; a family of `mutants`."""
    for select in root.find_all(exp.Select):
        if (whole := _all_extreme_rows(select)) is not None:
            yield instead(select, whole)
    for equal in root.find_all(exp.EQ):
        outer = equal.parent.parent if isinstance(equal.parent, exp.Where) else None
        if isinstance(outer, exp.Select) and (first := _first_row(outer, equal)) is not None:
            yield instead(outer, first)


def _all_extreme_rows(select: exp.Select) -> exp.Select | None:
    order, limit = select.args.get("order"), select.args.get("limit")
    if order is None or limit is None or limit.expression is None or limit.expression.name != "1":
        return None
    if select.args.get("group") or select.args.get("offset") or order.find(exp.AggFunc):
        return None
    first = order.expressions[0]
    extreme = (exp.Max if first.args.get("desc") else exp.Min)(this=first.this.copy())
    whole, inner = select.copy(), select.copy()
    for clause in ("order", "limit"):
        whole.set(clause, None)
        inner.set(clause, None)
    inner.set("distinct", None)
    inner.set("expressions", [extreme])
    return whole.where(exp.EQ(this=first.this.copy(), expression=exp.paren(inner)))


def _first_row(select: exp.Select, equal: exp.EQ) -> exp.Select | None:
    inner = equal.expression.unnest()
    found = inner.selects[0] if isinstance(inner, exp.Select) and inner.selects else None
    if not isinstance(found, exp.Max | exp.Min) or select.args.get("group") or select.args.get("order"):
        return None
    whole = select.copy()
    whole.set("where", inner.args["where"].copy() if inner.args.get("where") else None)
    return whole.order_by(exp.Ordered(this=equal.this.copy(), desc=isinstance(found, exp.Max))).limit(1)
