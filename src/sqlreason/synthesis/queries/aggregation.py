"""Counts, sums, averages and extremes over one table, whole or in groups."""

# ruff: noqa: E501 - a template is one sentence on one line, or nobody could read it

from sqlglot import exp

from sqlreason.synthesis.drawing.aggregate_values import (
    group_values,
    make_aggregate,
    pick_bound,
    pick_group,
    pick_ranking,
)
from sqlreason.synthesis.drawing.filters import condition_on
from sqlreason.synthesis.drawing.query_context import QueryContext, dates, measures, require, texts
from sqlreason.synthesis.drawing.query_kinds import Family
from sqlreason.synthesis.drawing.query_parts import REPORTING, Aggregate, ColumnUse, DrawnQuery, Ordering
from sqlreason.synthesis.drawing.trees import (
    aggregate_tree,
    compare,
    condition_tree,
    filter_column,
    literal,
    order_tree,
    select,
    use_column,
)

FAMILY = Family(
    "aggregation", place=2, opening="[Show|List|Give|Return|Compute|Report|Calculate|Find|Give me|Determine]"
)
AGGREGATION = "aggregation"


@FAMILY.kind(
    weight=10,
    count_rows=(
        "How many {subjects} [are there|do we have|exist]{where}?",
        "How many {subjects} are there{where}?",
        "[Count|Count] {all}{where}.",
        "What is the [number|total number|count] of {subjects}{where}?",
        "[Give|Return|Find|Show|Tell me] the [number|total number|count] of {subjects}{where}.",
        "[Find out|Determine|Work out] how many {subjects} there are{where}.",
    ),
    aggregate_rows=(
        "What is {measure} of {all}{where}?",
        "What is {measure} [for|across|over|among] {all}{where}?",
        "{ask} {measure} [of|for|across|over] {all}{where}.",
        "[For|Among|Considering only] {the_all}{where}, what is {measure}?",
        "[For|Over] {the_all}{where}, {ask} {measure}.",
        "[I need|I want to know|Tell me] {measure} of {all}{where}.",
    ),
)
def aggregate_rows(context: QueryContext) -> DrawnQuery:
    """Ask for one count or aggregate over the rows of a table."""
    table = context.pick_table()
    measure = make_aggregate(context, table)
    where = condition_on(context, table, 0.75, (measure.use.column,) if measure.use else ())
    tree = select([aggregate_tree(measure)], table, condition_tree(where))
    wording = "aggregate_rows" if measure.use else "count_rows"
    return DrawnQuery(wording, tree, AGGREGATION, REPORTING, {"subject": table, "measure": measure, "where": where})


@FAMILY.kind(
    weight=2,
    aggregate_twice=(
        "What are {measures} [of|for|across|over] {all}{where}?",
        "{ask} {measures} [of|for|across] {all}{where}.",
        "[For|Among] {the_all}{where}, what are {measures}?",
        "[For|Over] {the_all}{where}, {ask} {measures}.",
    ),
)
def aggregate_twice(context: QueryContext) -> DrawnQuery:
    """Ask for two aggregates over the rows of a table."""
    table = context.pick_table(measures)
    column = ColumnUse(table, context.pick(measures(table)))
    pairs = [("min", "max"), ("max", "min"), ("avg", "max"), ("min", "avg")]
    if column.column.is_additive:
        pairs += [("sum", "avg"), ("avg", "sum"), ("sum", "max")]
    functions = context.pick(pairs)
    found = [Aggregate(function, column) for function in functions]
    if context.chance(0.25):
        found[context.pick((0, 1))] = Aggregate("count", counted=table)
    where = condition_on(context, table, 0.5, (column.column,))
    tree = select(map(aggregate_tree, found), table, condition_tree(where))
    parts = {"subject": table, "measures": tuple(found), "where": where}
    return DrawnQuery("aggregate_twice", tree, AGGREGATION, REPORTING, parts)


@FAMILY.kind(
    weight=2,
    count_distinct=(
        "How many [different|distinct|unique] {plural} [are there|occur|exist|appear] among {all}{where}?",
        "What is the number of [different|distinct|unique] {plural} [among|of] {all}{where}?",
        "[Among|For] {all}{where}, how many [distinct|different|unique] {plural} are there?",
    ),
)
def count_distinct(context: QueryContext) -> DrawnQuery:
    """Ask how many different values a column has."""
    table = context.pick_table(texts)
    use = ColumnUse(table, context.pick([c for c in texts(table) if c.kind == "category"] or texts(table)))
    measure = Aggregate("count", use, distinct=True)
    where = condition_on(context, table, 0.45, (use.column,))
    tree = select([aggregate_tree(measure)], table, condition_tree(where))
    return DrawnQuery("count_distinct", tree, AGGREGATION, REPORTING, {"subject": table, "column": use, "where": where})


@FAMILY.kind(
    weight=1,
    count_known=(
        "[For how many|For how many of the] {subjects}{where} is {a_column} [recorded|known|given|on record]?",
        "How many {subjects}{where} have {a_column} [recorded|on record|filled in]?",
        "Count the {subjects}{where} [that have a known|with a recorded] {column}.",
        "What is the number of {subjects}{where} [with a known {column}|for which there is {a_column}]?",
    ),
)
def count_known(context: QueryContext) -> DrawnQuery:
    """Ask how many rows have a value in an optional column."""
    table = context.pick_table(lambda t: [c for c in t.columns if c.optional and c.kind != "ref"])
    use = ColumnUse(table, context.pick([c for c in table.columns if c.optional and c.kind != "ref"]))
    where = condition_on(context, table, 0.25, (use.column,))
    tree = select([aggregate_tree(Aggregate("count", use))], table, condition_tree(where))
    return DrawnQuery("count_known", tree, AGGREGATION, REPORTING, {"subject": table, "column": use, "where": where})


@FAMILY.kind(
    weight=7,
    aggregate_groups=(
        "What is {measures} [for each|per|by|for every] {group}{of_where}{order}?",
        "{ask} the {group} and {measures} [for each {group}|per {group}|in each group]{of_where}{order}.",
        "For [each|every] {group}{of_where}, {ask} the {group} and {measures}{order}.",
        "{ask} {measures} [for each|per|by|for every|grouped by] {group}{of_where}, with the {group} first{order}.",
        "Group {all}{where} by {group} and [show|give|return|list] the {group} and {measures}{order}.",
        "Per {group}, what is {measures}{of_where}{order}?",
        "[Show|List|Report] each {group} [together with|along with] {measures}{of_where}{order}.",
    ),
)
def aggregate_groups(context: QueryContext) -> DrawnQuery:
    """Ask for one or two aggregates in every group, perhaps in order."""
    group = pick_group(context)
    found = [make_aggregate(context, group.table)]
    if context.chance(0.3):
        found.append(make_aggregate(context, group.table, count_share=0.2))
    found = list(dict.fromkeys(found))
    besides = (group.column, *(item.use.column for item in found if item.use))
    where = condition_on(context, group.table, 0.35, besides)
    order = pick_ranking(context, found, 0.7)
    tree = select(
        [use_column(group), *map(aggregate_tree, found)],
        group.table,
        condition_tree(where),
        group=[use_column(group)],
        order=order_tree(order) if order else None,
    )
    parts = {"subject": group.table, "group": group, "measures": tuple(found), "where": where, "order": order}
    return DrawnQuery("aggregate_groups", tree, AGGREGATION, REPORTING, parts)


@FAMILY.kind(
    weight=3,
    filter_groups=(
        "[Which|What] {group_plural} have {having}{of_where}?",
        "[List|Show|Find|Return] the {group_plural} [with|that have] {having}{of_where}.",
        "For which {group_plural} is {measure} {compared}{of_where}?",
        "[List|Show|Find] [each|every] {group} [for which|where] {measure} is {compared}{of_where}.",
    ),
    filter_groups_shown=(
        "[Which|What] {group_plural} have {having}{of_where}? [Show|Give|Return] the {group} and {measure}.",
        "[List|Show|Find|Return] the {group} and {measure} for [every|each] {group} with {having}{of_where}.",
        "[Show|List|Give] each {group} [with|and] {measure}{of_where}, but only where it is {compared}.",
        "For {group_plural} with {having}{of_where}, [show|list] the {group} and {measure}.",
    ),
)
def filter_groups(context: QueryContext) -> DrawnQuery:
    """Ask for groups whose count or aggregate passes a bound (HAVING)."""
    group = pick_group(context)
    measure = make_aggregate(context, group.table, count_share=0.5)
    besides = (group.column, measure.use.column) if measure.use else (group.column,)
    where = condition_on(context, group.table, 0.2, besides)
    operator, bound = pick_bound(context, group_values(context, group, measure, where), measure.use is None)
    shown = context.chance(0.4)
    call = aggregate_tree(measure)
    tree = select(
        [use_column(group), call] if shown else [use_column(group)],
        group.table,
        condition_tree(where),
        group=[use_column(group)],
        having=compare(call.copy(), operator, literal(bound)),
    )
    parts = {"subject": group.table, "group": group, "measure": measure, "where": where}
    parts |= {"operator": operator, "bound": bound}
    wording = "filter_groups_shown" if shown else "filter_groups"
    return DrawnQuery(wording, tree, AGGREGATION, REPORTING, parts)


@FAMILY.kind(
    weight=3,
    top_groups=(
        "[Which|What] {top_group} {has} the {peak}{of_where}?",
        "[Show|Find|Name|Give|Return] the {top_group} with the {peak}{of_where}.",
        "What {is} the {top_group} with the {peak}{of_where}?",
    ),
    top_groups_shown=(
        "[Which|What] {top_group} {has} the {peak}{of_where}? [Show|Give|Return] the {group} and {measure}.",
        "[Show|Find|List|Give] the {top_group} with the {peak}{of_where}, together with {measure}.",
        "[Show|Return|Give] the {group} and {measure} for the {top_group} with the {peak}{of_where}.",
    ),
)
def top_groups(context: QueryContext) -> DrawnQuery:
    """Ask for the group, or the few groups, with the most or least of something."""
    group = pick_group(context)
    measure = make_aggregate(context, group.table, count_share=0.5)
    require(measure.can_rank)
    limit = 1 if context.chance(0.7) else context.pick((2, 3))
    besides = (group.column, measure.use.column) if measure.use else (group.column,)
    where = condition_on(context, group.table, 0.2, besides)
    order = Ordering(measure, context.chance(0.7), limit)
    shown = context.chance(0.3)
    tree = select(
        [use_column(group), aggregate_tree(measure)] if shown else [use_column(group)],
        group.table,
        condition_tree(where),
        group=[use_column(group)],
        order=order_tree(order),
        limit=limit,
    )
    parts = {"subject": group.table, "group": group, "measure": measure, "order": order, "where": where}
    wording = "top_groups_shown" if shown else "top_groups"
    return DrawnQuery(wording, tree, AGGREGATION, REPORTING, parts)


@FAMILY.kind(
    weight=1,
    count_cases=(
        "How many {subjects}{where} have {group} {first} and how many have {second}?",
        "[Count|Count side by side] the {subjects}{where} with {group} {first} and those with {group} {second}.",
        "[Show|Give|Return] in one row the number of {subjects}{where} with {group} {first} and the number with {group} {second}.",
        "[Compare|Report] how many {subjects}{where} have the {group} {first} and how many the {group} {second}.",
    ),
)
def count_cases(context: QueryContext) -> DrawnQuery:
    """Ask how many rows have the one value and how many the other, side by side (CASE)."""
    group = pick_group(context)
    first, second = context.pick_some(sorted({str(value) for value in context.values(group)}), 2)
    sums = [
        exp.Sum(
            this=exp.Case(
                ifs=[exp.If(this=filter_column(use_column(group), "=", (value,)), true=literal(1))],
                default=literal(0),
            )
        )
        for value in (first, second)
    ]
    where = condition_on(context, group.table, 0.2, (group.column,))
    parts = {"subject": group.table, "group": group, "first": first, "second": second, "where": where}
    return DrawnQuery("count_cases", select(sums, group.table, condition_tree(where)), AGGREGATION, REPORTING, parts)


@FAMILY.kind(
    weight=1,
    aggregate_years=(
        "What is {measure} [for each|per|in each] year of the {date}{of_where}?",
        "[Show|Give|Return|List] the year of the {date} and {measure} [for each|per] year{of_where}.",
        "For each year of the {date}, [show|give|list] the year and {measure}{of_where}.",
        "[By|Per] year of the {date}, what is {measure}{of_where}?",
    ),
)
def aggregate_years(context: QueryContext) -> DrawnQuery:
    """Ask for a count or aggregate for every year of a date."""
    table = context.pick_table(dates)
    date = ColumnUse(table, context.pick(dates(table)))
    measure = make_aggregate(context, table, count_share=0.5)
    where = condition_on(context, table, 0.25, (date.column,))
    year = exp.Anonymous(this="STRFTIME", expressions=[literal("%Y"), use_column(date)])
    tree = select([year, aggregate_tree(measure)], table, condition_tree(where), group=[year.copy()])
    parts = {"subject": table, "date": date, "measure": measure, "where": where}
    return DrawnQuery("aggregate_years", tree, AGGREGATION, REPORTING, parts)
