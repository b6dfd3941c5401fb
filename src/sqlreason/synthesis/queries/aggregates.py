"""Counts, sums, averages and extremes over one table, whole or in groups."""

from collections.abc import Callable

from sqlglot import exp

from sqlreason.synthesis.queries.draft_context import DraftContext, categories, dates, measures, texts
from sqlreason.synthesis.queries.filters import holds, require
from sqlreason.synthesis.queries.meaning import Aggregate, ColumnUse, Condition, Draft, Ordering
from sqlreason.synthesis.queries.row_selections import condition_on
from sqlreason.synthesis.queries.trees import (
    aggregate_tree,
    compare,
    condition_tree,
    filter_column,
    literal,
    order_tree,
    select,
    use_column,
)
from sqlreason.synthesis.schema.annotated_schema import TablePlan
from sqlreason.synthesis.schema.rows import Row

REPORTING = "analytics and reporting"
AGGREGATION = "aggregation"
_COMPARISON_PHRASES = (">", ">", ">=", "<")


def make_aggregate(context: DraftContext, table: TablePlan, owner: str = "", count_share: float = 0.4) -> Aggregate:
    """Return a count of rows or an aggregate of a quantity."""
    quantities = [column for column in table.columns if column.is_measure]
    if not quantities or context.chance(count_share):
        return Aggregate("count", counted=table)
    column = context.pick(quantities)
    functions = ("sum", "sum", "avg", "avg", "min", "max") if column.is_additive else ("avg", "avg", "min", "max")
    return Aggregate(context.pick(functions), ColumnUse(table, column, owner))


def aggregate_value(item: Aggregate, rows: list[Row]) -> float | None:
    """Return the value of an aggregate over rows."""
    if item.use is None:
        return len(rows)
    values = [v for row in rows if isinstance(v := row[item.use.column.name], (int, float))]
    if not values:
        return None
    if item.function == "avg":
        return sum(values) / len(values)
    functions: dict[str, Callable[[list[float]], float]] = {"sum": sum, "min": min, "max": max, "count": len}
    return functions[item.function](values)


def group_values(context: DraftContext, group: ColumnUse, item: Aggregate, where: Condition | None) -> list[float]:
    """Return the value of an aggregate in every group, ascending."""
    kept = [row for row in context.rows(group.table) if where is None or passes(where, row)]
    groups = {row[group.column.name] for row in kept}
    found = (aggregate_value(item, [r for r in kept if r[group.column.name] == value]) for value in groups)
    return sorted(value for value in found if value is not None)


def passes(where: Condition, row: Row) -> bool:
    """Whether a row of the condition's table passes it."""
    results = [holds(item, row) for item in where.filters]
    return any(results) if where.connective == "or" else all(results)


def pick_bound(context: DraftContext, values: list[float], counting: bool) -> tuple[str, int | float]:
    """Return an operator and a bound that some but, where possible, not all of the ascending values meet."""
    require(bool(values))
    if counting:
        operator = context.pick((">", ">="))
        top = int(values[-1])
        return (">", top - 1) if operator == ">" and top > 1 else (">=", min(top, 2))
    operator = context.pick(_COMPARISON_PHRASES)
    if operator == "<":
        return operator, int(values[0]) + 1 + int((values[-1] - values[0]) * 0.5)
    return operator, max(0, int(values[-1]) - 1 - int((values[-1] - values[0]) * 0.5))


def aggregate_rows(context: DraftContext) -> Draft:
    """One count or aggregate over the rows of a table."""
    table = context.pick_table()
    measure = make_aggregate(context, table)
    where = condition_on(context, table, 0.75, (measure.use.column,) if measure.use else ())
    tree = select([aggregate_tree(measure)], table, condition_tree(where))
    shape = "aggregate_rows" if measure.use else "count_rows"
    return Draft(shape, tree, AGGREGATION, REPORTING, {"subject": table, "measure": measure, "where": where})


def aggregate_twice(context: DraftContext) -> Draft:
    """Two aggregates over the rows of a table."""
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
    return Draft("aggregate_twice", tree, AGGREGATION, REPORTING, parts)


def count_distinct(context: DraftContext) -> Draft:
    """How many different values a column has."""
    table = context.pick_table(texts)
    use = ColumnUse(table, context.pick([c for c in texts(table) if c.kind == "category"] or texts(table)))
    measure = Aggregate("count", use, distinct=True)
    where = condition_on(context, table, 0.45, (use.column,))
    tree = select([aggregate_tree(measure)], table, condition_tree(where))
    return Draft("count_distinct", tree, AGGREGATION, REPORTING, {"subject": table, "column": use, "where": where})


def count_known(context: DraftContext) -> Draft:
    """How many rows have a value in an optional column."""
    table = context.pick_table(lambda t: [c for c in t.columns if c.optional and c.kind != "ref"])
    use = ColumnUse(table, context.pick([c for c in table.columns if c.optional and c.kind != "ref"]))
    where = condition_on(context, table, 0.25, (use.column,))
    tree = select([aggregate_tree(Aggregate("count", use))], table, condition_tree(where))
    return Draft("count_known", tree, AGGREGATION, REPORTING, {"subject": table, "column": use, "where": where})


def pick_group(context: DraftContext) -> ColumnUse:
    """Return a category to group by."""
    table = context.pick_table(categories)
    return ColumnUse(table, context.pick(categories(table)))


def aggregate_groups(context: DraftContext) -> Draft:
    """One or two aggregates in every group, perhaps in order."""
    group = pick_group(context)
    found = [make_aggregate(context, group.table)]
    if context.chance(0.3):
        found.append(make_aggregate(context, group.table, count_share=0.2))
    found = list(dict.fromkeys(found))
    besides = (group.column, *(item.use.column for item in found if item.use))
    where = condition_on(context, group.table, 0.35, besides)
    order = Ordering(found[0], context.chance(0.7)) if len(found) == 1 and context.chance(0.35) else None
    tree = select(
        [use_column(group), *map(aggregate_tree, found)],
        group.table,
        condition_tree(where),
        group=[use_column(group)],
        order=order_tree(order) if order else None,
    )
    parts = {"subject": group.table, "group": group, "measures": tuple(found), "where": where, "order": order}
    return Draft("aggregate_groups", tree, AGGREGATION, REPORTING, parts)


def filter_groups(context: DraftContext) -> Draft:
    """Groups whose count or aggregate passes a bound (HAVING)."""
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
    shape = "filter_groups_shown" if shown else "filter_groups"
    return Draft(shape, tree, AGGREGATION, REPORTING, parts)


def top_groups(context: DraftContext) -> Draft:
    """The group, or the few groups, with the most or least of something."""
    group = pick_group(context)
    measure = make_aggregate(context, group.table, count_share=0.5)
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
    shape = "top_groups_shown" if shown else "top_groups"
    return Draft(shape, tree, AGGREGATION, REPORTING, parts)


def count_cases(context: DraftContext) -> Draft:
    """How many rows have the one value and how many the other, side by side (CASE)."""
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
    return Draft("count_cases", select(sums, group.table, condition_tree(where)), AGGREGATION, REPORTING, parts)


def aggregate_years(context: DraftContext) -> Draft:
    """A count or aggregate for every year of a date."""
    table = context.pick_table(dates)
    date = ColumnUse(table, context.pick(dates(table)))
    measure = make_aggregate(context, table, count_share=0.5)
    where = condition_on(context, table, 0.25, (date.column,))
    year = exp.Anonymous(this="STRFTIME", expressions=[literal("%Y"), use_column(date)])
    tree = select([year, aggregate_tree(measure)], table, condition_tree(where), group=[year.copy()])
    parts = {"subject": table, "date": date, "measure": measure, "where": where}
    return Draft("aggregate_years", tree, AGGREGATION, REPORTING, parts)
