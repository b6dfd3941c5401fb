"""Queries in two steps: a common table expression and what is read from it."""

from sqlglot import exp

from sqlreason.synthesis.queries.aggregates import (
    REPORTING,
    group_values,
    make_aggregate,
    pick_bound,
    pick_group,
)
from sqlreason.synthesis.queries.draft_context import DraftContext, labels
from sqlreason.synthesis.queries.meaning import Aggregate, ColumnUse, Draft
from sqlreason.synthesis.queries.relations import pick_link, referred_keys
from sqlreason.synthesis.queries.row_selections import condition_on
from sqlreason.synthesis.queries.trees import (
    aggregate_tree,
    compare,
    condition_tree,
    join_tree,
    literal,
    name_column,
    select,
    table_tree,
    use_column,
)

CTES = "CTEs"
_VALUE = {"count": "amount", "sum": "total", "avg": "average", "min": "lowest", "max": "highest"}


def with_cte(name: str, inner: exp.Expr, outer: exp.Select) -> exp.Select:
    """Return `WITH name AS (inner) outer`."""
    cte = exp.CTE(this=inner, alias=exp.TableAlias(this=exp.to_identifier(name)))
    outer.set("with_", exp.With(expressions=[cte]))
    return outer


def _grouped(group: ColumnUse, measure: Aggregate, alias: str) -> exp.Select:
    """Return `SELECT group, measure AS alias FROM table GROUP BY group`."""
    columns = [use_column(group), exp.alias_(aggregate_tree(measure), alias)]
    return select(columns, group.table, group=[use_column(group)])


def groups_beyond(context: DraftContext) -> Draft:
    """Groups whose value passes a bound, computed first and filtered then."""
    group = pick_group(context)
    measure = make_aggregate(context, group.table, count_share=0.3)
    alias = _VALUE[measure.function]
    operator, bound = pick_bound(context, group_values(context, group, measure, None), measure.use is None)
    outer = select(
        [use_column(group), name_column(alias)], "groups_found", compare(name_column(alias), operator, literal(bound))
    )
    tree = with_cte("groups_found", _grouped(group, measure, alias), outer)
    parts = {"subject": group.table, "group": group, "measure": measure, "operator": operator, "bound": bound}
    return Draft("groups_beyond", tree, CTES, REPORTING, parts)


def groups_beyond_average(context: DraftContext) -> Draft:
    """Groups whose value lies above or below the average over all groups."""
    group = pick_group(context)
    measure = make_aggregate(context, group.table, count_share=0.3)
    alias = _VALUE[measure.function]
    operator = context.pick((">", ">", "<"))
    average = exp.Subquery(this=select([exp.Avg(this=name_column(alias))], "groups_found"))
    outer = select(
        [use_column(group), name_column(alias)], "groups_found", compare(name_column(alias), operator, average)
    )
    tree = with_cte("groups_found", _grouped(group, measure, alias), outer)
    parts = {"subject": group.table, "group": group, "measure": measure, "operator": operator}
    return Draft("groups_beyond_average", tree, CTES, REPORTING, parts)


def group_selection(context: DraftContext) -> Draft:
    """A selection of rows made first, grouped then."""
    group = pick_group(context)
    measure = make_aggregate(context, group.table, count_share=0.4)
    besides = (group.column, measure.use.column) if measure.use else (group.column,)
    where = condition_on(context, group.table, 1.0, besides)
    inner = select([exp.Star()], group.table, condition_tree(where))
    outer = select([use_column(group), aggregate_tree(measure)], "selected", group=[use_column(group)])
    parts = {"subject": group.table, "group": group, "measure": measure, "where": where}
    return Draft("group_selection", with_cte("selected", inner, outer), CTES, REPORTING, parts)


def join_counts(context: DraftContext) -> Draft:
    """Parents with the number of their children, counted first and joined then."""
    link = pick_link(context)
    label = ColumnUse(link.parent, context.pick(labels(link.parent)))
    measure = make_aggregate(context, link.child, count_share=0.6)
    alias = _VALUE[measure.function]
    inner = select(
        [name_column(link.reference), exp.alias_(aggregate_tree(measure), alias)],
        link.child,
        group=[name_column(link.reference)],
    )
    rows = context.rows(link.child)
    keys = [key for key in referred_keys(context, link, None) if key is not None]
    counts = [sum(row[link.reference.name] == key for row in rows) for key in keys]
    bound = max(counts, default=0) - 1 if measure.use is None and context.chance(0.5) else 0
    value = name_column(alias, "counts")
    on = exp.EQ(this=name_column(link.parent.key, link.parent), expression=name_column(link.reference, "counts"))
    outer = select(
        [use_column(label, True), value],
        link.parent,
        compare(value.copy(), ">", literal(bound)) if bound > 0 else None,
        joins=[join_tree(table_tree("counts"), on)],
    )
    parts = {"subject": link.parent, "name": label, "link": link, "measure": measure, "bound": bound}
    shape = "join_counts_beyond" if bound > 0 else "join_counts"
    return Draft(shape, with_cte("counts", inner, outer), CTES, REPORTING, parts)
