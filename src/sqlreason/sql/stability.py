"""Golds that leave their own result open: ties inside of windows and subqueries, bare columns beside a grouping.

Where rows are tied inside of a query, or a column stands bare beside GROUP BY, the engine may take any row. Such a
gold is run with the choice made one way and the other; where the results differ, it is unstable.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from sqlreason.sql.queries import read_query
from sqlreason.sql.schema import Schema
from sqlreason.sql.statements import written

#: Window functions whose value depends on which of several tied rows comes first.
_POSITIONAL = (exp.RowNumber, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue, exp.Ntile)


def completions(gold: str, schema: Schema) -> list[str]:
    """The gold with every choice that it leaves open made one way, and the other; empty if it leaves none.

    Args:
        gold: In SQLite's spelling; what cannot be parsed has no completions.
        schema: For the columns that break ties.
    """
    found = []
    for descending in (False, True):
        tree = read_query(gold, schema)
        if tree is None:
            return []
        orders, bare = list(_open_orders(tree)), list(_bare_columns(tree))
        if not orders and not bare:
            return []
        for order in orders:
            for column in _columns_in_reach(order, schema):
                order.append("expressions", exp.Ordered(this=column, desc=descending))
        for column in bare:
            column.replace((exp.Max if descending else exp.Min)(this=column.copy()))
        text = written(tree)
        found += [text] if text is not None else []
    return found


def _open_orders(tree: exp.Expr) -> Iterator[exp.Order]:
    """Orders inside of the query at which a tie shows."""
    for window in tree.find_all(exp.Window):
        order = window.args.get("order")
        if isinstance(window.this, _POSITIONAL) and order is not None:
            yield order
    for select in tree.find_all(exp.Select):
        order = select.args.get("order")
        whole = select.args.get("limit") is None or select is tree
        if order is not None and not (whole or select.args.get("group") or select.args.get("distinct")):
            yield order


def _bare_columns(tree: exp.Expr) -> Iterator[exp.Column]:
    """Output columns that are neither grouped by nor aggregated."""
    for select in tree.find_all(exp.Select):
        group = select.args.get("group")
        if group is None or not all(isinstance(item, exp.Column) for item in group.expressions):
            continue
        names = {item.name.lower() for item in group.expressions}
        for output in select.expressions:
            column = output.unalias()
            if isinstance(column, exp.Column) and not column.is_star and column.name.lower() not in names:
                yield column


def _columns_in_reach(order: exp.Order, schema: Schema) -> list[exp.Expr]:
    """All columns of the tables of the SELECT that an order belongs to."""
    select = order.find_ancestor(exp.Select)
    clause = select.args.get("from_") if select is not None else None
    uses = [clause.this] if clause is not None else []
    uses += [join.this for join in (select.args.get("joins") or () if select is not None else ())]
    tables = [(use.alias_or_name, schema.table(use.name)) for use in uses if isinstance(use, exp.Table)]
    return [exp.column(c.name, table=alias) for alias, table in tables if table is not None for c in table.columns]
