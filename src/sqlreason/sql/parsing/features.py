"""What a query is made of: counts and marks for stratified splits, difficulty and error analysis."""

from __future__ import annotations

import logging

from sqlglot import exp

from sqlreason.sql.parsing.schema import Schema
from sqlreason.sql.parsing.statements import parse, statement_kind, template

logger = logging.getLogger(__name__)


def features(sql: str, schema: Schema) -> dict[str, int | str | bool]:
    """Describe a statement by flat features.

    Returns:
        `n_tables` (distinct tables of the schema that it names; names of a WITH do not count), `n_joins`,
        `n_filters` (conditions of WHERE, not of HAVING), `n_aggregates`, `has_group`, `has_having`,
        `has_order`, `has_limit`, `has_subquery`, `has_set_operation`, `has_window`, `kind`, `template`.
        For a text that cannot be parsed the counts are 0 and the marks False.
    """
    found: dict[str, int | str | bool] = {"kind": statement_kind(sql), "template": template(sql)}
    return {**_seen(parse(sql), schema), **found}


def _seen(tree: exp.Expr | None, schema: Schema) -> dict[str, int | str | bool]:
    """What a tree shows; nothing for none, and for one that is built as nobody thought of."""
    try:
        if tree is not None:
            marks = {name: tree.find(*kinds) is not None for name, kinds in _MARKS.items()}
            return {**_counts(tree, schema), **marks, "has_subquery": _has_subquery(tree)}
    except Exception:
        logger.debug("a %s cannot be described", type(tree).__name__, exc_info=True)
    return {**dict.fromkeys(_COUNTS, 0), **dict.fromkeys((*_MARKS, "has_subquery"), False)}


_COUNTS = ("n_tables", "n_joins", "n_filters", "n_aggregates")
_MARKS: dict[str, tuple[type[exp.Expr], ...]] = {
    "has_group": (exp.Group,),
    "has_having": (exp.Having,),
    "has_order": (exp.Order,),
    "has_limit": (exp.Limit, exp.Fetch),
    "has_subquery": (exp.Subquery,),
    "has_set_operation": (exp.SetOperation,),
    "has_window": (exp.Window,),
}


def _counts(tree: exp.Expr, schema: Schema) -> dict[str, int | str | bool]:
    named = {table.name.lower() for table in tree.find_all(exp.Table)}
    filters = [where.this for where in tree.find_all(exp.Where)]
    return {
        "n_tables": sum(schema.table(name) is not None for name in named),
        "n_joins": sum(1 for _ in tree.find_all(exp.Join)),
        "n_filters": sum(_n_conditions(condition) for condition in filters),
        "n_aggregates": sum(1 for _ in tree.find_all(exp.AggFunc)),
    }


def _n_conditions(condition: exp.Expr) -> int:
    """Conditions joined by AND and OR, of which there may be more than calls can be nested."""
    waiting, found = [condition], 0
    while waiting:
        node = waiting.pop()
        if isinstance(node, exp.And | exp.Or):
            waiting += [node.left, node.right]
        elif isinstance(node, exp.Paren | exp.Not):
            waiting.append(node.this)
        else:
            found += 1
    return found


def _has_subquery(tree: exp.Expr) -> bool:
    """Whether a SELECT stands inside the statement; the branches of a set operation alone are none."""
    return any(
        not isinstance(select.parent, exp.SetOperation | exp.Insert | exp.Create) and select is not tree
        for select in tree.find_all(exp.Select)
    )
