"""Spider's four classes of hardness, counted on a query's syntax tree.

The rules are those of Spider's evaluation (Yu et al. 2018, arXiv:1809.08887; its `evaluation.py`), which counts three
things in the outermost query alone:

* clauses: WHERE, GROUP BY, ORDER BY and LIMIT, each table after the first, each OR, each LIKE;
* nested queries: those that a condition compares with, and what a set operation joins;
* extras, at most four: several aggregates, several outputs, several conditions in WHERE, several grouping keys.

It counts on a parse of its own, whose peculiarities are kept: a condition with NOT before its operator, and each AND
or OR in HAVING, count as aggregates; aggregates inside conditions do not; ORDER BY and LIMIT after a set operation
belong to its last query; a query in FROM is a table. What that parser refuses is counted by the same rules.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from sqlreason.sql.parsing.statements import parse

#: From the least to the most.
HARDNESS = ("easy", "medium", "hard", "extra")

_AGGREGATES = (exp.Max, exp.Min, exp.Count, exp.Sum, exp.Avg)
_CONDITIONS = ("where", "having")


def hardness(sql: str) -> str:
    """Return a query's class, one of `HARDNESS`; "" for a text that cannot be parsed as a query.

    Example:
        >>> hardness("SELECT name FROM boat WHERE years > 1"), hardness("SELECT a FROM t UNION SELECT b FROM u")
        ('easy', 'hard')
    """
    tree = parse(sql, "sqlite")
    if not isinstance(tree, exp.Query):
        return ""
    select = _outermost(tree)
    if select is None:
        return ""
    clauses = _clauses(select)
    nested = sum(map(_queries_in, _leaves(select))) + (select is not _bare(tree))
    return _class(clauses, nested, _extras(select))


def _class(clauses: int, nested: int, extras: int) -> str:
    if nested == 0 and clauses <= 1 and extras == 0:
        return "easy"
    if nested == 0 and ((clauses <= 1 and extras <= 2) or (clauses <= 2 and extras < 2)):
        return "medium"
    if nested == 0 and ((clauses <= 2 and extras > 2) or (2 < clauses <= 3 and extras <= 2)):
        return "hard"
    return "hard" if nested <= 1 and clauses <= 1 and extras == 0 else "extra"


def _bare(tree: exp.Expr | None) -> exp.Expr | None:
    """Return a query without the parentheses around it."""
    while isinstance(tree, exp.Subquery | exp.Paren):
        tree = tree.this
    return tree


def _outermost(tree: exp.Expr) -> exp.Select | None:
    """Return the query that a text begins with: of a set operation the first."""
    found = _bare(tree)
    while isinstance(found, exp.SetOperation):
        found = _bare(found.this)
    return found if isinstance(found, exp.Select) else None


def _clauses(select: exp.Select) -> int:
    count = sum(select.args.get(name) is not None for name in ("where", "group", "order", "limit"))
    count += len(select.args.get("joins") or ())
    count += sum(isinstance(joint, exp.Or) for place in _places(select) for joint in _joints(place))
    return count + sum(isinstance(_positive(leaf), exp.Like) for leaf in _leaves(select))


def _extras(select: exp.Select) -> int:
    outputs = select.expressions
    aggregates = sum(map(_leads_with_aggregate, outputs))
    aggregates += sum(map(_is_negated, _leaves_of(_condition(select, "where"))))
    for key in _sort_keys(select):
        aggregates += sum(map(_leads_with_aggregate, _operands(key)))
    having = _condition(select, "having")
    aggregates += sum(map(_is_negated, _leaves_of(having))) + len(list(_joints(having)))
    group = select.args.get("group")
    where = len(list(_leaves_of(_condition(select, "where"))))
    keys = len(group.expressions) if group is not None else 0
    return sum(number > 1 for number in (aggregates, len(outputs), where, keys))


def _condition(select: exp.Select, name: str) -> exp.Expr | None:
    clause = select.args.get(name)
    return clause.this if clause is not None else None


def _places(select: exp.Select) -> list[exp.Expr | None]:
    """Return the conditions of ON, WHERE and HAVING."""
    on = [join.args.get("on") for join in select.args.get("joins") or ()]
    return [*on, *(_condition(select, name) for name in _CONDITIONS)]


def _joints(condition: exp.Expr | None) -> Iterator[exp.Expr]:
    """Yield the ANDs and ORs that join conditions, those of nested queries left out."""
    bare = _unwrapped(condition)
    if isinstance(bare, exp.And | exp.Or):
        yield bare
        yield from _joints(bare.left)
        yield from _joints(bare.right)


def _leaves_of(condition: exp.Expr | None) -> Iterator[exp.Expr]:
    """Yield the single conditions that ANDs and ORs join."""
    bare = _unwrapped(condition)
    if isinstance(bare, exp.And | exp.Or):
        yield from _leaves_of(bare.left)
        yield from _leaves_of(bare.right)
    elif bare is not None:
        yield bare


def _leaves(select: exp.Select) -> list[exp.Expr]:
    return [leaf for place in _places(select) for leaf in _leaves_of(place)]


def _unwrapped(condition: exp.Expr | None) -> exp.Expr | None:
    while isinstance(condition, exp.Paren):
        condition = condition.this
    return condition


def _positive(leaf: exp.Expr) -> exp.Expr | None:
    """Return a condition without its NOT."""
    return _unwrapped(leaf.this) if isinstance(leaf, exp.Not) else leaf


def _is_negated(leaf: exp.Expr) -> bool:
    return isinstance(leaf, exp.Not) and not isinstance(_positive(leaf), exp.Is)  # IS NOT is an operator there


def _queries_in(leaf: exp.Expr) -> int:
    """Return how many queries a condition compares with: nested in it, and not within each other."""

    def count(node: object) -> int:
        if isinstance(node, exp.Query):
            return 1
        if not isinstance(node, exp.Expr):
            return 0
        parts = (part for value in node.args.values() for part in (value if isinstance(value, list) else [value]))
        return sum(map(count, parts))

    return count(leaf)


def _sort_keys(select: exp.Select) -> list[exp.Expr]:
    order = select.args.get("order")
    return [key.this if isinstance(key, exp.Ordered) else key for key in (order.expressions if order else ())]


def _operands(key: exp.Expr) -> list[exp.Expr]:
    bare = _unwrapped(key)
    return [bare.left, bare.right] if isinstance(bare, exp.Binary) else [key]


def _leads_with_aggregate(output: exp.Expr) -> bool:
    """Return whether an output begins with an aggregate: of a calculation the parser there sees the first."""
    bare = output.unalias()
    while isinstance(bare, exp.Binary | exp.Paren):
        bare = bare.this
    return isinstance(bare, _AGGREGATES)
