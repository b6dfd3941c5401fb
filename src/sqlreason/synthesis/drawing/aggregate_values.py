"""Aggregates to ask for: which one, what it gives over the rows at hand, a bound that some groups meet."""

from collections.abc import Callable, Sequence

from sqlreason.synthesis.drawing.filters import passes
from sqlreason.synthesis.drawing.query_context import QueryContext, categories, require
from sqlreason.synthesis.drawing.query_parts import Aggregate, ColumnUse, Condition, Ordering
from sqlreason.synthesis.schema.annotated_schema import TablePlan
from sqlreason.synthesis.schema.rows import Row

_COMPARISON_PHRASES = (">", ">", ">=", "<")


def make_aggregate(context: QueryContext, table: TablePlan, count_share: float = 0.4) -> Aggregate:
    """Return a count of rows or an aggregate of a quantity."""
    quantities = [column for column in table.columns if column.is_measure]
    if not quantities or context.chance(count_share):
        return Aggregate("count", counted=table)
    column = context.pick(quantities)
    functions = ("sum", "sum", "avg", "avg", "min", "max") if column.is_additive else ("avg", "avg", "min", "max")
    return Aggregate(context.pick(functions), ColumnUse(table, column))


def pick_ranking(context: QueryContext, found: Sequence[Aggregate], descending: float) -> Ordering | None:
    """Return an order of groups by their only aggregate, sometimes; `descending` is how often it begins at the top."""
    (first, *others) = found
    if others or not first.can_rank or not context.chance(0.35):
        return None
    return Ordering(first, context.chance(descending))


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


def group_values(context: QueryContext, group: ColumnUse, item: Aggregate, where: Condition | None) -> list[float]:
    """Return the value of an aggregate in every group, ascending."""
    kept = [row for row in context.rows(group.table) if where is None or passes(where, row)]
    groups = {row[group.column.name] for row in kept}
    found = (aggregate_value(item, [r for r in kept if r[group.column.name] == value]) for value in groups)
    return sorted(value for value in found if value is not None)


def pick_bound(context: QueryContext, values: list[float], counting: bool) -> tuple[str, int | float]:
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


def pick_group(context: QueryContext) -> ColumnUse:
    """Return a category to group by."""
    table = context.pick_table(categories)
    return ColumnUse(table, context.pick(categories(table)))
