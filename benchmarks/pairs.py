"""Gold queries as in Spider, over any schema, and predictions as models make them: right in other words, or wrong.

The predictions are made by operators of their own, not by `sql/mutation/mutants.py`, with which the engine chooses its
test databases; a benchmark on the same operators would only show that the engine has seen the questions.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlglot import exp

from sqlreason.sql.parsing.queries import read_query
from sqlreason.sql.parsing.schema import Column, Schema, Table

_NUMBERS = ("INT", "REAL", "FLO", "DOU", "DEC", "NUM")


@dataclass(frozen=True)
class _Parts:
    """What a template fills in: a table with a key, a text and a number column; a child that refers to it."""

    table: Table
    key: str
    text: str
    other: str
    number: str
    child: Table | None
    link: str
    theirs: str
    amount: str


def golds(schema: Schema, rng: random.Random) -> list[str]:
    """About two dozen gold queries over a schema: those of the templates that its tables can fill."""
    found: dict[str, None] = {}
    tables = [table for table in schema.tables if len(table.primary_key) == 1 and len(table.rows) > 2]
    rng.shuffle(tables)
    for table in tables[:2]:
        parts = _parts(schema, table, rng)
        if parts is None:
            continue
        for template in (*_SINGLE, *(_JOINED if parts.child is not None else ())):
            found.setdefault(template(parts, rng))
    return list(found)


def _parts(schema: Schema, table: Table, rng: random.Random) -> _Parts | None:
    keys = {name.lower() for name in table.primary_key}
    keys |= {column.lower() for key in table.foreign_keys for column in key.columns}
    texts = [c.name for c in table.columns if c.name.lower() not in keys and _is(c, table, str)]
    numbers = [c.name for c in table.columns if c.name.lower() not in keys and _is(c, table, int, float)]
    if not texts or not numbers:
        return None
    first, other = (rng.sample(texts, 2) if len(texts) > 1 else (texts * 2))[:2]
    child, link, theirs, amount = _child(schema, table, rng)
    return _Parts(table, table.primary_key[0], first, other, rng.choice(numbers), child, link, theirs, amount)


def _is(column: Column, table: Table, *kinds: type) -> bool:
    position = table.columns.index(column)
    values = [row[position] for row in table.rows if row[position] is not None]
    dated = values and isinstance(values[0], str) and values[0][4:5] == "-"
    return bool(values) and all(type(value) in kinds for value in values) and not dated


def _child(schema: Schema, table: Table, rng: random.Random) -> tuple[Table | None, str, str, str]:
    for child in schema.tables:
        for key in child.foreign_keys:
            if key.table.lower() == table.name.lower() and len(key.columns) == 1 and child.name != table.name:
                numbers = [c.name for c in child.columns if c.name not in key.columns and _is(c, child, int, float)]
                texts = [c.name for c in child.columns if c.name not in key.columns and _is(c, child, str)]
                if numbers and texts:
                    return child, key.columns[0], rng.choice(texts), rng.choice(numbers)
    return None, "", "", ""


def _value(table: Table | None, column: str, rng: random.Random) -> str:
    assert table is not None
    position = next(i for i, c in enumerate(table.columns) if c.name == column)
    value = rng.choice([row[position] for row in table.rows if row[position] is not None])
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def _low_high(parts: _Parts, rng: random.Random) -> tuple[str, str]:
    low, high = sorted((_value(parts.table, parts.number, rng) for _ in range(2)), key=float)
    return low, high


def _word(table: Table | None, column: str, rng: random.Random) -> str:
    return _value(table, column, rng).strip("'").split()[0][:4].replace("'", "")


_Template = Callable[[_Parts, random.Random], str]
_SINGLE: tuple[_Template, ...] = (
    lambda p, r: f"SELECT {p.text} FROM {p.table.name} WHERE {p.number} > {_value(p.table, p.number, r)}",
    lambda p, r: f"SELECT COUNT(*) FROM {p.table.name} WHERE {p.text} = {_value(p.table, p.text, r)}",
    lambda p, r: f"SELECT {p.text}, COUNT(*) FROM {p.table.name} GROUP BY {p.text}",
    lambda p, r: f"SELECT {p.text} FROM {p.table.name} GROUP BY {p.text} HAVING COUNT(*) >= {r.choice((2, 3))}",
    lambda p, r: f"SELECT {p.text} FROM {p.table.name} GROUP BY {p.text} HAVING COUNT(*) > {r.choice((1, 2, 4))}",
    lambda p, r: f"SELECT {p.text} FROM {p.table.name} GROUP BY {p.text} ORDER BY COUNT(*) DESC LIMIT 1",
    lambda p, r: f"SELECT {p.text} FROM {p.table.name} ORDER BY {p.number} DESC LIMIT {r.choice((1, 3))}",
    lambda p, r: f"SELECT {p.text} FROM {p.table.name} WHERE {p.number} = (SELECT MAX({p.number}) FROM {p.table.name})",
    lambda p, r: f"SELECT {p.text} FROM {p.table.name} WHERE {p.number} > (SELECT AVG({p.number}) FROM {p.table.name})",
    lambda p, r: "SELECT {0} FROM {1} WHERE {2} > {3} INTERSECT SELECT {0} FROM {1} WHERE {2} < {4}".format(
        p.text, p.table.name, p.number, *_low_high(p, r)
    ),
    lambda p, r: (
        f"SELECT {p.text} FROM {p.table.name} EXCEPT SELECT {p.text} FROM {p.table.name} "
        f"WHERE {p.number} = {_value(p.table, p.number, r)}"
    ),
    lambda p, r: (
        f"SELECT {p.text} FROM {p.table.name} WHERE {p.number} < {_value(p.table, p.number, r)} "
        f"OR {p.other} = {_value(p.table, p.other, r)}"
    ),
    lambda p, r: f"SELECT COUNT(DISTINCT {p.text}) FROM {p.table.name}",
    lambda p, r: f"SELECT DISTINCT {p.text} FROM {p.table.name} WHERE {p.number} >= {_value(p.table, p.number, r)}",
    lambda p, r: f"SELECT MAX({p.number}), MIN({p.number}), AVG({p.number}) FROM {p.table.name}",
    lambda p, r: (
        f"SELECT {p.text}, {p.number} FROM {p.table.name} WHERE {p.other} LIKE '%{_word(p.table, p.other, r)}%' "
        f"ORDER BY {p.number} ASC"
    ),
    lambda p, r: f"SELECT {p.text}, AVG({p.number}), MAX({p.number}) FROM {p.table.name} GROUP BY {p.text}",
    lambda p, r: "SELECT {} FROM {} WHERE {} BETWEEN {} AND {}".format(
        p.text, p.table.name, p.number, *_low_high(p, r)
    ),
)
_JOINED: tuple[_Template, ...] = (
    lambda p, r: (
        f"SELECT T1.{p.text}, COUNT(*) FROM {p.table.name} AS T1 JOIN {p.child.name} AS T2 "
        f"ON T1.{p.key} = T2.{p.link} GROUP BY T1.{p.key}"
    ),
    lambda p, r: (
        f"SELECT T1.{p.text} FROM {p.table.name} AS T1 JOIN {p.child.name} AS T2 ON T1.{p.key} = T2.{p.link} "
        f"GROUP BY T1.{p.key} HAVING COUNT(*) >= {r.choice((2, 3))}"
    ),
    lambda p, r: (
        f"SELECT T1.{p.text} FROM {p.table.name} AS T1 JOIN {p.child.name} AS T2 ON T1.{p.key} = T2.{p.link} "
        f"GROUP BY T1.{p.key} ORDER BY COUNT(*) DESC LIMIT 1"
    ),
    lambda p, r: f"SELECT {p.text} FROM {p.table.name} WHERE {p.key} NOT IN (SELECT {p.link} FROM {p.child.name})",
    lambda p, r: (
        f"SELECT COUNT(*) FROM {p.table.name} WHERE {p.key} NOT IN (SELECT {p.link} FROM {p.child.name} "
        f"WHERE {p.theirs} = {_value(p.child, p.theirs, r)})"
    ),
    lambda p, r: (
        f"SELECT DISTINCT T1.{p.text} FROM {p.table.name} AS T1 JOIN {p.child.name} AS T2 "
        f"ON T1.{p.key} = T2.{p.link} WHERE T2.{p.amount} > {_value(p.child, p.amount, r)}"
    ),
    lambda p, r: (
        f"SELECT T2.{p.theirs} FROM {p.table.name} AS T1 JOIN {p.child.name} AS T2 ON T1.{p.key} = T2.{p.link} "
        f"WHERE T1.{p.text} = {_value(p.table, p.text, r)}"
    ),
    lambda p, r: (
        "SELECT T1.{0} FROM {1} AS T1 JOIN {2} AS T2 ON T1.{3} = T2.{4} WHERE T2.{5} = {6} "
        "INTERSECT SELECT T1.{0} FROM {1} AS T1 JOIN {2} AS T2 ON T1.{3} = T2.{4} WHERE T2.{5} = {7}".format(
            p.text, p.table.name, p.child.name, p.key, p.link, p.theirs, *(_value(p.child, p.theirs, r) for _ in "ab")
        )
    ),
    lambda p, r: (
        f"SELECT T1.{p.text}, SUM(T2.{p.amount}) FROM {p.table.name} AS T1 JOIN {p.child.name} AS T2 "
        f"ON T1.{p.key} = T2.{p.link} GROUP BY T1.{p.text} ORDER BY SUM(T2.{p.amount}) DESC"
    ),
    lambda p, r: (
        f"SELECT COUNT(DISTINCT T2.{p.theirs}) FROM {p.table.name} AS T1 JOIN {p.child.name} AS T2 "
        f"ON T1.{p.key} = T2.{p.link} WHERE T1.{p.number} > {_value(p.table, p.number, r)}"
    ),
)


def predictions(gold: str, schema: Schema, rng: random.Random, limit: int = 14) -> list[str]:
    """Distinct predictions for a gold: each operator at most thrice, in random order."""
    tree = read_query(gold, schema)
    if tree is None or not _tables(tree, schema):
        return []
    found: dict[str, None] = {}
    for operator in rng.sample(_OPERATORS, len(_OPERATORS)):
        made = []
        for change in operator(tree, schema, rng):
            text = change.sql("sqlite")
            if text != tree.sql("sqlite"):
                made.append(text)
        for text in rng.sample(made, min(3, len(made))):
            found.setdefault(text)
    texts = list(found)
    return rng.sample(texts, min(limit, len(texts)))


def _changed(tree: exp.Expr, node: exp.Expr, new: exp.Expr | None) -> exp.Expr:
    """A copy of the tree in which `new` stands for `node`, or nothing if None."""
    path = [n for n in tree.walk()].index(node)
    copy = tree.copy()
    there = next(n for i, n in enumerate(copy.walk()) if i == path)
    if new is None:
        there.pop()
    elif there is copy:
        return new.copy()
    else:
        there.replace(new.copy())
    return copy


def _tables(tree: exp.Expr, schema: Schema) -> dict[str, Table]:
    return {
        use.alias_or_name.lower(): table
        for use in tree.find_all(exp.Table)
        if (table := schema.table(use.name)) is not None
    }


def _other_column(tree: exp.Expr, schema: Schema, rng: random.Random) -> Iterator[exp.Expr]:
    named = _tables(tree, schema)
    for column in tree.find_all(exp.Column):
        homes = [named[column.table.lower()]] if column.table.lower() in named else list(named.values())
        names = [c.name for home in homes for c in home.columns if c.name.lower() != column.name.lower()]
        if names:
            yield _changed(tree, column, exp.column(rng.choice(names), table=column.table or None))


def _distinct(tree: exp.Expr, schema: Schema, rng: random.Random) -> Iterator[exp.Expr]:
    for select in tree.find_all(exp.Select):
        copy = select.copy()
        copy.set("distinct", None if select.args.get("distinct") else exp.Distinct())
        yield _changed(tree, select, copy)


def _counting(tree: exp.Expr, schema: Schema, rng: random.Random) -> Iterator[exp.Expr]:
    named = list(_tables(tree, schema).items())
    for count in tree.find_all(exp.Count):
        alias, table = rng.choice(named)
        column = exp.column(rng.choice(table.columns).name, table=alias)
        yield _changed(tree, count, exp.Count(this=column))
        yield _changed(tree, count, exp.Count(this=exp.Distinct(expressions=[column.copy()])))
        yield _changed(tree, count, exp.Count(this=exp.Star()))


def _joining(tree: exp.Expr, schema: Schema, rng: random.Random) -> Iterator[exp.Expr]:
    for join in tree.find_all(exp.Join):
        copy = join.copy()
        copy.set("side", "LEFT")
        yield _changed(tree, join, copy)


def _comparing(tree: exp.Expr, schema: Schema, rng: random.Random) -> Iterator[exp.Expr]:
    near = {exp.GT: exp.GTE, exp.GTE: exp.GT, exp.LT: exp.LTE, exp.LTE: exp.LT, exp.Like: exp.EQ, exp.And: exp.Or}
    for node in tree.find_all(*near):
        yield _changed(tree, node, near[type(node)](this=node.this.copy(), expression=node.expression.copy()))
    for node in tree.find_all(exp.EQ):
        if isinstance(node.expression, exp.Literal) and node.expression.is_string:
            yield _changed(tree, node, exp.Like(this=node.this.copy(), expression=node.expression.copy()))
            loose = exp.Literal.string(f"%{node.expression.this}%")
            yield _changed(tree, node, exp.Like(this=node.this.copy(), expression=loose))
    for node in tree.find_all(exp.Between):
        low = exp.GT(this=node.this.copy(), expression=node.args["low"].copy())
        yield _changed(tree, node, exp.and_(low, exp.LT(this=node.this.copy(), expression=node.args["high"].copy())))


def _literals(tree: exp.Expr, schema: Schema, rng: random.Random) -> Iterator[exp.Expr]:
    for node in tree.find_all(exp.Literal):
        if node.is_string:
            yield _changed(tree, node, exp.Literal.string(node.this.lower()))
            yield _changed(tree, node, exp.Literal.string(node.this[:-1]))
        else:
            number = float(node.this) + 1 if "." in node.this else int(node.this) + 1
            yield _changed(tree, node, exp.Literal.number(number))


def _extreme(tree: exp.Expr, schema: Schema, rng: random.Random) -> Iterator[exp.Expr]:
    """MAX in a subquery for ORDER BY … LIMIT 1 and the other way round; the last for the first."""
    if isinstance(tree, exp.Select) and tree.args.get("limit") and not tree.args.get("group"):
        order = tree.args["order"].expressions[0]
        copy = tree.copy()
        copy.set("order", None)
        copy.set("limit", None)
        extreme = exp.Max(this=order.this.copy()) if order.args.get("desc") else exp.Min(this=order.this.copy())
        inner = exp.select(extreme).from_(tree.args["from_"].this.copy())
        yield copy.where(exp.EQ(this=order.this.copy(), expression=exp.paren(inner)))
    for node in tree.find_all(exp.EQ):
        inner = node.expression.this if isinstance(node.expression, exp.Subquery) else None
        if isinstance(inner, exp.Select) and isinstance(inner.selects[0], exp.Max) and isinstance(tree, exp.Select):
            copy = _changed(tree, node, exp.true())
            assert isinstance(copy, exp.Select)
            yield copy.order_by(exp.Ordered(this=node.this.copy(), desc=True)).limit(1)
    for node in tree.find_all(exp.Max, exp.Min, exp.Avg, exp.Sum):
        for kind in (exp.Max, exp.Min, exp.Avg, exp.Sum):
            yield _changed(tree, node, kind(this=node.this.copy()))


def _columns(tree: exp.Expr, schema: Schema, rng: random.Random) -> Iterator[exp.Expr]:
    """Outputs turned round, one more, one less."""
    if isinstance(tree, exp.Select):
        turned, more, less = tree.copy(), tree.copy(), tree.copy()
        turned.set("expressions", [e.copy() for e in reversed(tree.expressions)])
        alias, table = rng.choice(list(_tables(tree, schema).items()))
        more.set("expressions", [*more.expressions, exp.column(rng.choice(table.columns).name, table=alias)])
        less.set("expressions", less.expressions[:-1])
        yield from (copy for copy in (turned, more, less) if copy.expressions)


def _ordering(tree: exp.Expr, schema: Schema, rng: random.Random) -> Iterator[exp.Expr]:
    for node in tree.find_all(exp.Ordered):
        yield _changed(tree, node, exp.Ordered(this=node.this.copy(), desc=not node.args.get("desc")))
    for node in tree.find_all(exp.Order, exp.Limit):
        yield _changed(tree, node, None)


def _losing(tree: exp.Expr, schema: Schema, rng: random.Random) -> Iterator[exp.Expr]:
    """A clause that was forgotten."""
    for node in tree.find_all(exp.Where, exp.Having, exp.Group):
        yield _changed(tree, node, None)
    for node in tree.find_all(exp.And, exp.Or):
        yield from (_changed(tree, node, side) for side in (node.left, node.right))


def _set_operations(tree: exp.Expr, schema: Schema, rng: random.Random) -> Iterator[exp.Expr]:
    """INTERSECT as AND, EXCEPT as a negated filter or NOT IN, and one operation for another."""
    if not isinstance(tree, exp.Intersect | exp.Except | exp.Union):
        return
    kinds = (exp.Intersect, exp.Except, exp.Union)
    yield from (kind(**{**tree.copy().args, "distinct": True}) for kind in kinds if not isinstance(tree, kind))
    left, right = tree.left, tree.right
    if not (isinstance(left, exp.Select) and isinstance(right, exp.Select)):
        return
    condition = right.args["where"].this if right.args.get("where") else exp.true()
    if isinstance(tree, exp.Except):
        yield left.copy().where(exp.Not(this=exp.paren(condition.copy())))
        inside = exp.In(this=left.selects[0].copy(), query=exp.Subquery(this=right.copy()))
        yield left.copy().where(exp.Not(this=inside))
    else:
        yield left.copy().where(condition.copy())
        yield left.copy().where(exp.In(this=left.selects[0].copy(), query=exp.Subquery(this=right.copy())))
        yield left.copy().where(exp.In(this=left.selects[0].copy(), query=exp.Subquery(this=right.copy()))).distinct()


def _grouping(tree: exp.Expr, schema: Schema, rng: random.Random) -> Iterator[exp.Expr]:
    """Grouped by another column, as by the name instead of the key."""
    for group in tree.find_all(exp.Group):
        select = group.parent
        if isinstance(select, exp.Select) and isinstance(select.selects[0], exp.Column):
            yield _changed(tree, group, exp.Group(expressions=[select.selects[0].copy()]))
            if select.selects[0] not in group.expressions:
                both = [*(e.copy() for e in group.expressions), select.selects[0].copy()]
                yield _changed(tree, group, exp.Group(expressions=both))


def _nesting(tree: exp.Expr, schema: Schema, rng: random.Random) -> Iterator[exp.Expr]:
    """Right in other words: wrapped, comparisons turned round, conditions swapped, IN for a chain of ORs."""
    if isinstance(tree, exp.Select) and not tree.args.get("order"):
        wrapped = tree.copy()
        wrapped.set("expressions", [exp.alias_(e.copy(), f"c{i}") for i, e in enumerate(tree.expressions)])
        yield exp.select(exp.Star()).from_(wrapped.subquery("wrapped"))
    turned = {exp.GT: exp.LT, exp.LT: exp.GT, exp.GTE: exp.LTE, exp.LTE: exp.GTE, exp.EQ: exp.EQ}
    for node in tree.find_all(*turned):
        yield _changed(tree, node, turned[type(node)](this=node.expression.copy(), expression=node.this.copy()))
    for node in tree.find_all(exp.Or):
        yield _changed(tree, node, exp.Or(this=node.right.copy(), expression=node.left.copy()))


def _subqueries(tree: exp.Expr, schema: Schema, rng: random.Random) -> Iterator[exp.Expr]:
    """A join as IN (rows no longer multiply), NOT IN as LEFT JOIN … IS NULL."""
    joins = list(tree.find_all(exp.Join))
    if isinstance(tree, exp.Select) and len(joins) == 1 and isinstance(joins[0].args.get("on"), exp.EQ):
        on, other = joins[0].args["on"], joins[0].this
        used = {column.table for select in tree.selects for column in select.find_all(exp.Column)}
        where = tree.args.get("where")
        inside = {column.table for column in where.find_all(exp.Column)} if where is not None else set()
        if other.alias_or_name not in used and inside <= {other.alias_or_name} and not tree.args.get("group"):
            inner = exp.select(on.expression.copy()).from_(other.copy())
            inner = inner.where(where.this.copy()) if where is not None else inner
            copy = exp.select(*(e.copy() for e in tree.selects)).from_(tree.args["from_"].this.copy())
            yield copy.where(exp.In(this=on.this.copy(), query=exp.Subquery(this=inner)))
            yield copy.where(exp.In(this=on.this.copy(), query=exp.Subquery(this=inner.copy()))).distinct()


_OPERATORS: tuple[Callable[[exp.Expr, Schema, random.Random], Iterator[exp.Expr]], ...] = (
    *(_other_column, _distinct, _counting, _joining, _comparing, _literals, _extreme, _columns, _ordering, _losing),
    *(_set_operations, _grouping, _nesting, _subqueries),
)
