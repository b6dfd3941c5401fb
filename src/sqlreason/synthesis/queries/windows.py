"""Window functions: ranks, running totals, previous values, group values beside rows, first rows of groups."""

# ruff: noqa: E501 - a template is one sentence on one line, or nobody could read it

from sqlglot import exp

from sqlreason.synthesis.drawing.query_context import QueryContext, categories, dates, labels, measures, require
from sqlreason.synthesis.drawing.query_kinds import Family
from sqlreason.synthesis.drawing.query_parts import REPORTING, ColumnUse, DrawnQuery, Ordering
from sqlreason.synthesis.drawing.trees import compare, literal, name_column, select, sort, use_column
from sqlreason.synthesis.names import free_name

FAMILY = Family("windows", place=6, opening="[Show|List|Show me|Give|Return|Find|Display|Get|Give me]")
WINDOWS = "window functions"
_RANKS: dict[str, type[exp.Func]] = {"rank": exp.Rank, "dense": exp.DenseRank, "number": exp.RowNumber}


def over(function: exp.Expr, group: ColumnUse | None = None, order: Ordering | None = None) -> exp.Window:
    """Return `function OVER (PARTITION BY group ORDER BY order)`."""
    tree = exp.Window(this=function, over="OVER")
    if group is not None:
        tree.set("partition_by", [use_column(group)])
    if order is not None:
        assert isinstance(order.by, ColumnUse)
        tree.set("order", sort((use_column(order.by), order.descending)))
    return tree


@FAMILY.kind(
    weight=2,
    rank_rows=(
        "Rank {all} by {by}, {scale}: [show|give|list] {columns} and the {rank}.",
        "{ask} {columns} of [each|every] {subject} [with|together with|and] its {rank} by {by}, {scale}.",
        "For [each|every] {subject}, [show|give] {columns} and the {rank} by {by}, {scale}.",
        "What {rank} does each {subject} have by {by}, {scale}? [Show|Give] {columns} and the {rank}.",
    ),
    rank_within=(
        "Within each {group}, rank {all} by {by}, {scale}: [show|give|list] {columns} and the {rank}.",
        "{ask} {columns} of [each|every] {subject} with its {rank} by {by} within [its|the] {group}, {scale}.",
        "For [each|every] {subject}, [show|give] {columns} and the {rank} by {by} among {subjects} with the same {group}, {scale}.",
    ),
)
def rank_rows(context: QueryContext) -> DrawnQuery:
    """Ask for rows with their rank by a quantity, over all or within groups."""
    within = context.chance(0.5)
    table = context.pick_table(lambda t: measures(t) and (categories(t) or not within))
    name = ColumnUse(table, context.pick(labels(table)))
    order = Ordering(ColumnUse(table, context.pick(measures(table))), context.chance(0.75))
    assert isinstance(order.by, ColumnUse)
    group = ColumnUse(table, context.pick(categories(table))) if within else None
    kind = context.pick(("rank", "rank", "rank", "dense", "number"))
    columns = (name, group, order.by) if group else (name, order.by)
    tree = select([*map(use_column, columns), over(_RANKS[kind](), group, order)], table)
    parts = {"subject": table, "columns": columns, "order": order, "kind": kind, "group": group}
    return DrawnQuery("rank_within" if within else "rank_rows", tree, WINDOWS, REPORTING, parts)


@FAMILY.kind(
    weight=0.7,
    running_total=(
        "{ask} {columns} of [each|every] {subject} and the running total of the {column} [in order of|by] {date}.",
        "[How does the {column} add up over time?|Let the {column} add up over time.] [Show|Give] {columns} and the [running|cumulative] sum of the {column} by {date}.",
        "For [each|every] {subject}, [show|give] {columns} and the cumulative {column} up to [that|its] {date}.",
    ),
)
def running_total(context: QueryContext) -> DrawnQuery:
    """Ask for a total that grows along a date."""
    table = context.pick_table(lambda t: dates(t) and any(c.is_additive for c in measures(t)))
    date = ColumnUse(table, context.pick(dates(table)))
    measure = ColumnUse(table, context.pick([c for c in measures(table) if c.is_additive]))
    window = over(exp.Sum(this=use_column(measure)), order=Ordering(date, False))
    columns = (date, measure)
    parts = {"subject": table, "columns": columns, "date": date, "column": measure}
    return DrawnQuery("running_total", select([*map(use_column, columns), window], table), WINDOWS, REPORTING, parts)


@FAMILY.kind(
    weight=1,
    beside_group=(
        "{ask} {columns} of [each|every] {subject} [beside|next to|together with|and] {group_value} of [its|the same] {group}.",
        "For [each|every] {subject}, [show|give|list] {columns} and {group_value} of all {subjects} with the same {group}.",
        "{ask} {columns} of {all}, and in each row {group_value} within the {group}.",
    ),
)
def beside_group(context: QueryContext) -> DrawnQuery:
    """Ask for rows beside the average, total or extreme of their group."""
    table = context.pick_table(lambda t: measures(t) and categories(t))
    name = ColumnUse(table, context.pick(labels(table)))
    measure = ColumnUse(table, context.pick(measures(table)))
    group = ColumnUse(table, context.pick(categories(table)))
    function = context.pick(("avg", "avg", "max", "min", *(("sum",) if measure.column.is_additive else ())))
    functions: dict[str, type[exp.Func]] = {"avg": exp.Avg, "max": exp.Max, "min": exp.Min, "sum": exp.Sum}
    columns = (name, measure)
    window = over(functions[function](this=use_column(measure)), group)
    parts = {"subject": table, "columns": columns, "column": measure, "group": group, "function": function}
    return DrawnQuery("beside_group", select([*map(use_column, columns), window], table), WINDOWS, REPORTING, parts)


@FAMILY.kind(
    weight=1.2,
    top_within=(
        "For [each|every] {group}, find the {how_many} with the {peak} and [show|give|list] {columns}.",
        "{ask} {columns} of the {how_many} with the {peak} in [each|every] {group}.",
        "Which {how_many} {has} the {peak} in each {group}? [Show|Give|Return] {columns}.",
    ),
)
def top_within(context: QueryContext) -> DrawnQuery:
    """Ask for the first one or two rows of every group."""
    table = context.pick_table(lambda t: measures(t) and categories(t))
    name = ColumnUse(table, context.pick(labels(table)))
    group = ColumnUse(table, context.pick(categories(table)))
    limit = context.pick((1, 1, 2))
    order = Ordering(ColumnUse(table, context.pick(measures(table))), context.chance(0.75), limit)
    assert isinstance(order.by, ColumnUse)
    columns = (group, name, order.by)
    position = free_name("position", (use.column.name for use in columns))
    inner = select([*map(use_column, columns), exp.alias_(over(exp.RowNumber(), group, order), position)], table)
    source = exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(context.source_name("ranked"))))
    test = compare(name_column(position), "=" if limit == 1 else "<=", literal(limit))
    parts = {"subject": table, "columns": columns, "order": order, "group": group}
    return DrawnQuery("top_within", select(map(use_column, columns), source, test), WINDOWS, REPORTING, parts)


@FAMILY.kind(
    weight=0.5,
    previous_value=(
        "{ask} {columns} of [each|every] {subject} and the {column} of the [previous|preceding] {subject} by {date}.",
        "For [each|every] {subject} in order of {date}, [show|give] {columns} and the {column} of the one before.",
    ),
)
def previous_value(context: QueryContext) -> DrawnQuery:
    """Ask for rows beside the value of the row before them in time."""
    table = context.pick_table(lambda t: dates(t) and measures(t))
    date = ColumnUse(table, context.pick(dates(table)))
    measure = ColumnUse(table, context.pick(measures(table)))
    require(len(set(context.values(date))) > 2)
    window = over(exp.Lag(this=use_column(measure)), order=Ordering(date, False))
    columns = (date, measure)
    parts = {"subject": table, "columns": columns, "date": date, "column": measure}
    return DrawnQuery("previous_value", select([*map(use_column, columns), window], table), WINDOWS, REPORTING, parts)
