"""Gold queries that leave their own result open: ties in windows and subqueries, bare columns, values in any order.

Where rows are tied inside of a query, or a column stands bare beside GROUP BY, the engine may take any row; where an
aggregate joins values, or takes the first, it may meet them in any order that the gold does not fix. Such a gold is run
with the choice made one way and the other; where the results differ, it is unstable.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from sqlreason.sql.mutation.tree_edits import Spelling
from sqlreason.sql.parsing.queries import read_query
from sqlreason.sql.parsing.schema import Schema

#: Aggregates whose value depends on the order in which they meet their rows; the first two pass over NULL.
_ORDERED = (exp.GroupConcat, exp.AnyValue, exp.ArrayAgg, exp.JSONArrayAgg, exp.First, exp.Last, exp.List)
#: Such as the parser does not know, in other engines than SQLite; the first two join texts, the second as the engine's
#: own function for `GROUP_CONCAT(… ORDER BY …)` (`translation`).
_JOINING_BY_NAME = ("LISTAGG", "CONCAT_ORDERED")
_ORDERED_BY_NAME = (*_JOINING_BY_NAME, "JSON_AGG", "JSONB_AGG", "ARBITRARY")
#: What may stand around an aggregate.
_AROUND = (exp.Filter, exp.IgnoreNulls, exp.Window, exp.WithinGroup)
#: Window functions whose value depends on which of several tied rows comes first.
_POSITIONAL = (exp.RowNumber, exp.Lag, exp.Lead, exp.FirstValue, exp.LastValue, exp.NthValue, exp.Ntile)


def completions(gold: str, schema: Schema, dialect: str = "") -> list[str]:
    """The gold with every choice that it leaves open made one way, and the other; empty if it leaves none.

    Args:
        gold: In SQLite's spelling or in that of the dialect; what cannot be parsed has no completions.
        schema: For the columns that break ties.
        dialect: In which they are read and written; "" reads any and writes SQLite's.
    """
    found = []
    for descending in (False, True):
        tree = read_query(gold, schema, dialect or None)
        if tree is None:
            return []
        orders, bare, joined = list(_open_orders(tree)), list(_bare_columns(tree)), list(_open_aggregates(tree))
        if not orders and not bare and not joined:
            return []
        for order in orders:
            for column in _columns_in_reach(order, schema):
                order.append("expressions", exp.Ordered(this=column, desc=descending))
        for column in bare:
            column.replace((exp.Max if descending else exp.Min)(this=column.copy()))
        for aggregate in joined:
            _keep_if_decided(aggregate, "\U0010ffff" if descending else "")
        text = Spelling.of(dialect, schema).written(tree)
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


def _open_aggregates(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Aggregates that join values, or take the first, of rows that no subquery or window has put in order."""
    for aggregate in tree.find_all(*_ORDERED, exp.Anonymous):
        if isinstance(aggregate, exp.Anonymous) and aggregate.name.upper() not in _ORDERED_BY_NAME:
            continue
        select, window = aggregate.find_ancestor(exp.Select), aggregate.find_ancestor(exp.Window)
        clause = select.args.get("from_") if select is not None else None
        source = clause.this.unnest() if clause is not None else None
        sorted_before = isinstance(source, exp.Select) and source.args.get("order") is not None
        if not sorted_before and (window is None or window.args.get("order") is None):
            yield aggregate


def _keep_if_decided(aggregate: exp.Expr, mark: str) -> None:
    """Let an aggregate be another where the order in which it meets its rows makes a difference: a text a mark."""
    value, keys = _value_and_keys(aggregate)
    joins = isinstance(aggregate, exp.GroupConcat) or aggregate.name.upper() in _JOINING_BY_NAME
    passes_null = joins or isinstance(aggregate, exp.AnyValue)
    whole = aggregate
    while isinstance(whole.parent, _AROUND) and whole.arg_key == "this":
        whole = whole.parent

    def over_the_same_rows(other: exp.Expr) -> exp.Expr:
        copy = exp.Tuple(expressions=[whole.copy()])
        found = next(iter(copy.find_all(type(aggregate))))
        (found.parent if isinstance(found.parent, exp.WithinGroup) else found).replace(other)
        return copy.expressions[0]

    if keys:
        counted = [_as_text(keys), _as_text([*keys, value])]
        if passes_null:
            counted = [exp.Case().when(value.copy().is_(exp.null()).not_(), text) for text in counted]
        one, both = (over_the_same_rows(exp.Count(this=exp.Distinct(expressions=[text]))) for text in counted)
        decided: exp.Expr = exp.EQ(this=one, expression=both)
    else:
        least, most = (over_the_same_rows(kind(this=value.copy())) for kind in (exp.Min, exp.Max))
        known, rows = (over_the_same_rows(exp.Count(this=what)) for what in (value.copy(), exp.Star()))
        same: exp.Expr = exp.EQ(this=least, expression=most)
        same = same if passes_null else exp.and_(same, exp.EQ(this=known.copy(), expression=rows))
        decided = exp.or_(exp.EQ(this=known, expression=exp.Literal.number(0)), same)
    other = exp.Literal.string(mark) if joins else exp.null()
    whole.replace(exp.Case().when(decided, whole.copy()).else_(other))


def _value_and_keys(aggregate: exp.Expr) -> tuple[exp.Expr, list[exp.Expr]]:
    """What an aggregate takes of each row, and by what it orders them: behind any argument, or in WITHIN GROUP."""
    if isinstance(aggregate, exp.Anonymous) and aggregate.name.upper() == "CONCAT_ORDERED":
        _, _, value, *keys = aggregate.expressions
        return value, keys[::2]
    arguments = aggregate.expressions or [aggregate.this, aggregate.args.get("separator")]
    behind = aggregate.parent.expression if isinstance(aggregate.parent, exp.WithinGroup) else None
    order = next((found for found in (*arguments, behind) if isinstance(found, exp.Order)), None)
    given = arguments[0].this if isinstance(arguments[0], exp.Order) else arguments[0]
    value = given.expressions[0] if isinstance(given, exp.Distinct) and given.expressions else given
    return value, [item.this for item in order.expressions] if order is not None else []


def _as_text(values: list[exp.Expr]) -> exp.Expr:
    """Values in one text, NULL as nothing, that differs where they do."""
    texts = [exp.func("COALESCE", exp.cast(value.copy(), "text"), exp.Literal.string("")) for value in values]
    whole: exp.Expr = texts[0]
    for text in texts[1:]:
        whole = exp.DPipe(this=exp.DPipe(this=whole, expression=exp.Literal.string("/|/")), expression=text)
    return whole


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
