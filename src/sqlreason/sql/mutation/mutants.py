"""Wrong neighbours of a query: one small change each, of the kind that models make.

A database test database is good when the gold's result differs from those of its mutants; a reward is sound when
it refuses them. Some mutants are equivalent by chance or by a constraint; only execution can tell.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, zip_longest

from sqlglot import exp

from sqlreason.sql.mutation.equivalents import Equivalents
from sqlreason.sql.mutation.extremes import extremes
from sqlreason.sql.mutation.namesakes import groupings, keyed
from sqlreason.sql.mutation.superfluous import extra_filters, extra_joins
from sqlreason.sql.mutation.tree_edits import Edit, Spelling, home_of, instead, tables_in, without
from sqlreason.sql.parsing.queries import read_query
from sqlreason.sql.parsing.schema import Schema, Table
from sqlreason.sql.parsing.statements import number_of

logger = logging.getLogger(__name__)


def mutants(
    sql: str,
    schema: Schema,
    limit: int = 20,
    seed: int = 0,
    ties: bool = True,
    references_hold: bool = False,
    check: Callable[[], None] = lambda: None,
    dialect: str = "",
) -> list[str]:
    """Write distinct wrong neighbours of a statement, in SQLite's spelling or in that of a dialect.

    Families take turns (filters, literals, columns, comparisons, aggregates, joins, DISTINCT and set
    operations, LIMIT, ORDER BY, outputs), so that a small limit still covers many kinds of mistake.

    Args:
        sql: The statement; one that cannot be parsed has no mutants.
        schema: Where sibling columns and other values come from.
        limit: How many to return at most.
        seed: Chooses among them; the same seed gives the same list.
        ties: Whether to write those too that differ from the statement only where rows are tied.
        references_hold: As of `Equivalents`: what then changes nothing is left out.
        check: Called before each step; what it raises ends the work (`preparation_budget.Budget.check`).
        dialect: In which the statement is read and its mutants are written; "" reads any and writes SQLite's.
    """
    tree = read_query(sql, schema, dialect or None)
    if tree is None:
        return []
    root = exp.Tuple(expressions=[tree])
    rng = random.Random(seed)
    same = Equivalents(schema, references_hold)
    families = []
    for family in (*_FAMILIES, *((extremes,) if ties else ())):
        check()
        families.append(_edits(family(root, schema, rng, same)))
    for edits in families:
        rng.shuffle(edits)
    turns = (edit for edit in chain.from_iterable(zip_longest(*families)) if edit is not None)
    return _written(root, turns, limit, check, Spelling.of(dialect, schema))


def _edits(family: Iterable[Edit]) -> list[Edit]:
    """The edits of a family, those before it stumbles over a statement that it did not expect."""
    found: list[Edit] = []
    try:
        for edit in family:
            found.append(edit)
    except Exception:
        logger.debug("a family of mutants ended after %d edits", len(found), exc_info=True)
    return found


def _written(
    root: exp.Tuple, edits: Iterator[Edit], limit: int, check: Callable[[], None], spelling: Spelling
) -> list[str]:
    seen = {spelling.written(root.expressions[0])}
    found: list[str] = []
    for edit in edits:
        if len(found) == limit:
            break
        check()
        text = edit.written(root, spelling)
        if text is not None and text not in seen:
            seen.add(text)
            found.append(text)
    return found


def _columns(root: exp.Expr, schema: Schema, rng: random.Random, same: Equivalents) -> Iterable[Edit]:
    """Another column of the same table."""
    named = tables_in(root, schema)
    for column in root.find_all(exp.Column):
        table = home_of(column, named)
        others = [c.name for c in table.columns if c.name.lower() != column.name.lower()] if table else []
        others = [name for name in others if not same.keeps_null_test(column, name)]
        for name in rng.sample(others, min(2, len(others))):
            changed = column.copy()
            changed.set("this", exp.to_identifier(name))
            yield instead(column, changed)


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


def _comparisons(root: exp.Expr, schema: Schema, rng: random.Random, same: Equivalents) -> Iterable[Edit]:
    """Another comparison, connective or arithmetic operator; a negation gone."""
    for node in root.find_all(*_COMPARISONS):
        if not isinstance(node.parent, exp.Join | exp.Update):
            for kind in _COMPARISONS[type(node)]:
                yield instead(node, partial(_between_the_same, kind, node))
    for node in root.find_all(exp.Not):
        yield instead(node, node.this.copy())
    for node in root.find_all(exp.Between):
        yield instead(node, exp.GTE(this=node.this.copy(), expression=node.args["low"].copy()))


def _between_the_same(kind: type[exp.Expr], node: exp.Expr) -> exp.Expr:
    return kind(this=node.this.copy(), expression=node.expression.copy())


def _literals(root: exp.Expr, schema: Schema, rng: random.Random, same: Equivalents) -> Iterable[Edit]:
    """Another literal: the number beside, or another text of the data."""
    texts = sorted({v for t in schema.tables for row in t.rows for v in row if isinstance(v, str)})
    for node in root.find_all(exp.Literal):
        if isinstance(node.parent, exp.Limit | exp.Offset | exp.Fetch):
            continue
        if node.is_string:
            others = [text for text in texts if text != node.this]
            yield instead(node, exp.Literal.string(rng.choice(others) if others else f"{node.this}x"))
        else:
            number = number_of(node.this)
            step = rng.choice((1, -1))
            if number is not None:
                yield instead(node, exp.Literal(this=str(number + step), is_string=False))


_AGGREGATES: dict[type[exp.Expr], tuple[type[exp.Expr], ...]] = {
    exp.Max: (exp.Min,),
    exp.Min: (exp.Max,),
    exp.Sum: (exp.Avg, exp.Max),
    exp.Avg: (exp.Sum, exp.Min),
    exp.Stddev: (exp.Avg,),
    exp.Variance: (exp.Avg,),
}


def _aggregates(root: exp.Expr, schema: Schema, rng: random.Random, same: Equivalents) -> Iterable[Edit]:
    """Another aggregate, or the other way of counting."""
    for node in root.find_all(*_AGGREGATES):
        for kind in _AGGREGATES[type(node)]:
            yield instead(node, kind(this=node.this.copy()))
    for node in root.find_all(exp.Count):
        yield from _recounted(node, tables_in(root, schema))


def _recounted(count: exp.Count, named: dict[str, Table]) -> Iterable[Edit]:
    if isinstance(count.this, exp.Distinct):
        yield instead(count, exp.Count(this=count.this.expressions[0].copy()))
    elif isinstance(count.this, exp.Star):
        for alias, table in named.items():
            gaps = [c.name for i, c in enumerate(table.columns) if any(row[i] is None for row in table.rows)]
            for name in gaps[:1]:
                yield instead(count, exp.Count(this=exp.column(name, table=alias)))
            column = exp.column(table.columns[-1].name, table=alias)
            yield instead(count, exp.Count(this=exp.Distinct(expressions=[column])))
    elif count.this is not None:
        yield instead(count, exp.Count(this=exp.Distinct(expressions=[count.this.copy()])))
        yield instead(count, exp.Sum(this=count.this.copy()))


def _joins(root: exp.Expr, schema: Schema, rng: random.Random, same: Equivalents) -> Iterable[Edit]:
    """Inner for outer and the other way round; a condition lost."""
    for join in root.find_all(exp.Join):
        if join.args.get("on") is None and not join.args.get("using"):
            continue
        if not same.keeps_side(join):
            yield Edit(join, "side", None if join.args.get("side") else "LEFT")
        if join.args.get("on") is not None:
            yield Edit(join, "on", exp.true())


def _filters(root: exp.Expr, schema: Schema, rng: random.Random, same: Equivalents) -> Iterable[Edit]:
    """A condition, or a grouping, left out."""
    for clause in root.find_all(exp.Where, exp.Having, exp.Qualify):
        yield without(clause)
    for both in root.find_all(exp.And):
        yield instead(both, both.left.copy)
        yield instead(both, both.right.copy)
    for group in root.find_all(exp.Group):
        if len(group.expressions) > 1:
            yield from (without(item) for item in group.expressions if not same.implies(item, group))
        elif group.expressions:
            yield without(group)


_SET_OPERATIONS = (exp.Union, exp.Intersect, exp.Except)


def _distincts(root: exp.Expr, schema: Schema, rng: random.Random, same: Equivalents) -> Iterable[Edit]:
    """DISTINCT added or dropped; another set operation; one branch only."""
    for select in root.find_all(exp.Select):
        if not same.keeps_distinct(select):
            yield Edit(select, "distinct", None if select.args.get("distinct") else exp.Distinct())
    for operation in root.find_all(*_SET_OPERATIONS):
        if isinstance(operation, exp.Union):
            yield Edit(operation, "distinct", not operation.args.get("distinct"))
        for kind in _SET_OPERATIONS:
            if not isinstance(operation, kind):
                yield instead(operation, partial(_of_the_same, kind, operation))
        yield instead(operation, operation.left.copy)


def _of_the_same(kind: type[exp.Expr], operation: exp.Expr) -> exp.Expr:
    return kind(**{**operation.copy().args, "distinct": True})


def _limits(root: exp.Expr, schema: Schema, rng: random.Random, same: Equivalents) -> Iterable[Edit]:
    """One row more, or all of them; no offset."""
    for limit in root.find_all(exp.Limit):
        kept = number_of(limit.expression.this) if isinstance(limit.expression, exp.Literal) else None
        if isinstance(kept, int):
            yield Edit(limit, "expression", exp.Literal.number(kept + 1))
        yield without(limit)
    yield from (without(offset) for offset in root.find_all(exp.Offset))


def _orders(root: exp.Expr, schema: Schema, rng: random.Random, same: Equivalents) -> Iterable[Edit]:
    """The other direction; no order."""
    for ordered in root.find_all(exp.Ordered):
        yield Edit(ordered, "desc", not ordered.args.get("desc"))
    for order in root.find_all(exp.Order):
        inside = order.args.get("this")  # GROUP_CONCAT(x ORDER BY y): what is ordered stands in the order
        yield without(order) if inside is None else instead(order, inside.copy)


def _outputs(root: exp.Expr, schema: Schema, rng: random.Random, same: Equivalents) -> Iterable[Edit]:
    """Output columns in another order, or one left out; another value written by UPDATE."""
    for select in root.find_all(exp.Select):
        if len(select.expressions) > 1 and select.parent is root:
            yield Edit(select, "expressions", [*select.expressions[1:], select.expressions[0]])
            yield Edit(select, "expressions", select.expressions[:-1])
    for update in root.find_all(exp.Update):
        if len(update.expressions) > 1:
            yield Edit(update, "expressions", update.expressions[:-1])


def _likes(root: exp.Expr, schema: Schema, rng: random.Random, same: Equivalents) -> Iterable[Edit]:
    """A text that contains another for one that equals it, and the other way round; a wildcard more or less."""
    for node in root.find_all(exp.EQ):
        text = node.expression
        if isinstance(text, exp.Literal) and text.is_string and not isinstance(node.parent, exp.Update):
            yield instead(node, exp.Like(this=node.this.copy(), expression=exp.Literal.string(f"%{text.this}%")))
    for like in root.find_all(exp.Like):
        text = like.expression
        if isinstance(text, exp.Literal):
            for other in _otherwise_open(text.this):
                yield instead(like, exp.Like(this=like.this.copy(), expression=exp.Literal.string(other)))


def _otherwise_open(pattern: str) -> list[str]:
    """The pattern open at one end, at both, or at neither; as it is left out."""
    bare = pattern.strip("%")
    return [other for other in (f"%{bare}", f"{bare}%", f"%{bare}%", bare) if other != pattern and bare]


_FAMILIES: tuple[Callable[[exp.Expr, Schema, random.Random, Equivalents], Iterable[Edit]], ...] = (
    _filters, _literals, _columns, _comparisons, _aggregates, _joins, _distincts, _limits, _orders, _outputs,
    _likes, groupings, keyed, extra_filters, extra_joins,
)  # fmt: skip
