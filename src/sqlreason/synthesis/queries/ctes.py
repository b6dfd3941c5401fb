"""Queries in two steps: a common table expression and what is read from it."""

# ruff: noqa: E501 - a template is one sentence on one line, or nobody could read it

from sqlglot import exp

from sqlreason.synthesis.drawing.aggregate_values import group_values, make_aggregate, pick_bound, pick_group
from sqlreason.synthesis.drawing.filters import condition_on
from sqlreason.synthesis.drawing.join_paths import pick_link, referred_keys
from sqlreason.synthesis.drawing.query_context import QueryContext, labels
from sqlreason.synthesis.drawing.query_kinds import Family
from sqlreason.synthesis.drawing.query_parts import REPORTING, Aggregate, ColumnUse, DrawnQuery
from sqlreason.synthesis.drawing.trees import (
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
from sqlreason.synthesis.names import free_name

FAMILY = Family("ctes", place=7, opening="[Show|List|Show me|Give|Return|Find|Display|Get|Give me]")
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


@FAMILY.kind(
    weight=1,
    groups_beyond=(
        "First [compute|work out|find] {measure} [for each|per] {group}; then [list|show] the {group} and [that value|the result] where it is {compared}.",
        "In two steps: [compute|work out] {measure} per {group}, then keep only {group_plural} where it is {compared}. Show both.",
        "Using {measure} per {group} as a first step, [list|show] each {group} and its value if {compared}.",
    ),
)
def groups_beyond(context: QueryContext) -> DrawnQuery:
    """Ask for groups whose value passes a bound, computed first and filtered then."""
    group = pick_group(context)
    measure = make_aggregate(context, group.table, count_share=0.3)
    alias, found = free_name(_VALUE[measure.function], [group.column.name]), context.source_name("groups_found")
    operator, bound = pick_bound(context, group_values(context, group, measure, None), measure.use is None)
    outer = select(
        [use_column(group), name_column(alias)], found, compare(name_column(alias), operator, literal(bound))
    )
    tree = with_cte(found, _grouped(group, measure, alias), outer)
    parts = {"subject": group.table, "group": group, "measure": measure, "operator": operator, "bound": bound}
    return DrawnQuery("groups_beyond", tree, CTES, REPORTING, parts)


@FAMILY.kind(
    weight=1,
    groups_beyond_average=(
        "Which {group_plural} have {a_value} {beyond} the average over all {group_plural}? Show the {group} and the value.",
        "First [compute|work out] {measure} [for each|per] {group}; then [list|show] the {group} and the value where it is {beyond} the average of these values.",
        "[List|Show] each {group} and {measure} if that is {beyond} the average over all {group_plural}.",
    ),
)
def groups_beyond_average(context: QueryContext) -> DrawnQuery:
    """Ask for groups whose value lies above or below the average over all groups."""
    group = pick_group(context)
    measure = make_aggregate(context, group.table, count_share=0.3)
    alias, found = free_name(_VALUE[measure.function], [group.column.name]), context.source_name("groups_found")
    operator = context.pick((">", ">", "<"))
    average = exp.Subquery(this=select([exp.Avg(this=name_column(alias))], found))
    outer = select([use_column(group), name_column(alias)], found, compare(name_column(alias), operator, average))
    tree = with_cte(found, _grouped(group, measure, alias), outer)
    parts = {"subject": group.table, "group": group, "measure": measure, "operator": operator}
    return DrawnQuery("groups_beyond_average", tree, CTES, REPORTING, parts)


@FAMILY.kind(
    weight=1,
    group_selection=(
        "[Take|Consider|Select] only the {subjects}{where}; among them, what is {measure} [for each|per] {group}?",
        "First select the {subjects}{where}, then [show|give|list] the {group} and {measure} [for each|per] {group}.",
        "From a selection of {subjects}{where}, [show|compute|give] {measure} [for each|per|by] {group}.",
    ),
)
def group_selection(context: QueryContext) -> DrawnQuery:
    """Ask for a selection of rows made first, grouped then."""
    group = pick_group(context)
    measure = make_aggregate(context, group.table, count_share=0.4)
    besides = (group.column, measure.use.column) if measure.use else (group.column,)
    where = condition_on(context, group.table, 1.0, besides)
    inner = select([exp.Star()], group.table, condition_tree(where))
    selected = context.source_name("selected")
    outer = select([use_column(group), aggregate_tree(measure)], selected, group=[use_column(group)])
    parts = {"subject": group.table, "group": group, "measure": measure, "where": where}
    return DrawnQuery("group_selection", with_cte(selected, inner, outer), CTES, REPORTING, parts)


@FAMILY.kind(
    weight=1,
    join_counts=(
        "First [compute|work out] {child_value} of each {role} that has any; then [show|list] the {name} of each {subject} with that value.",
        "For each {subject} that has {children}{as_role}, [show|give|list] the {name} and {child_value}, computed first.",
        "In two steps, [compute|find] {child_value} per {role}, then [show|list] it [beside|after] the {name} of the {subject}.",
    ),
    join_counts_beyond=(
        "First count the {children} of each {role}; then [show|list] the {name} and the count of {subjects} with more than {bound}.",
        "For {subjects} with {having}{as_role}, [show|give|list] the {name} and the number of {children}, counted first.",
        "In two steps, count the {children} per {role}, then [show|list] the {name} of each {subject} and the count where it is above {bound}.",
    ),
)
def join_counts(context: QueryContext) -> DrawnQuery:
    """Ask for parents with the number of their children, counted first and joined then."""
    link = pick_link(context)
    label = ColumnUse(link.parent, context.pick(labels(link.parent)))
    measure = make_aggregate(context, link.child, count_share=0.6)
    alias, counts = free_name(_VALUE[measure.function], [link.reference.name]), context.source_name("counts")
    inner = select(
        [name_column(link.reference), exp.alias_(aggregate_tree(measure), alias)],
        link.child,
        group=[name_column(link.reference)],
    )
    rows = context.rows(link.child)
    keys = [key for key in referred_keys(context, link, None) if key is not None]
    sizes = [sum(row[link.reference.name] == key for row in rows) for key in keys]
    bound = max(sizes, default=0) - 1 if measure.use is None and context.chance(0.5) else 0
    value = name_column(alias, counts)
    on = exp.EQ(this=name_column(link.parent.key, link.parent), expression=name_column(link.reference, counts))
    outer = select(
        [use_column(label, True), value],
        link.parent,
        compare(value.copy(), ">", literal(bound)) if bound > 0 else None,
        joins=[join_tree(table_tree(counts), on)],
    )
    parts = {"subject": link.parent, "name": label, "link": link, "measure": measure, "operator": ">", "bound": bound}
    wording = "join_counts_beyond" if bound > 0 else "join_counts"
    return DrawnQuery(wording, with_cte(counts, inner, outer), CTES, REPORTING, parts)
