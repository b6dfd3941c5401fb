"""Window functions: ranks, running totals, neighbours, group values beside rows, the first rows of groups."""

from sqlglot import exp

from sqlreason.synthesis.queries.aggregates import REPORTING
from sqlreason.synthesis.queries.draft_context import DraftContext, categories, dates, labels, measures
from sqlreason.synthesis.queries.filters import require
from sqlreason.synthesis.queries.meaning import ColumnUse, Draft, Ordering
from sqlreason.synthesis.queries.trees import compare, literal, name_column, select, sort, use_column

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


def rank_rows(context: DraftContext) -> Draft:
    """Rows with their rank by a quantity, over all or within groups."""
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
    return Draft("rank_within" if within else "rank_rows", tree, WINDOWS, REPORTING, parts)


def running_total(context: DraftContext) -> Draft:
    """A total that grows along a date."""
    table = context.pick_table(lambda t: dates(t) and any(c.is_additive for c in measures(t)))
    date = ColumnUse(table, context.pick(dates(table)))
    measure = ColumnUse(table, context.pick([c for c in measures(table) if c.is_additive]))
    window = over(exp.Sum(this=use_column(measure)), order=Ordering(date, False))
    columns = (date, measure)
    parts = {"subject": table, "columns": columns, "date": date, "column": measure}
    return Draft("running_total", select([*map(use_column, columns), window], table), WINDOWS, REPORTING, parts)


def beside_group(context: DraftContext) -> Draft:
    """Rows beside the average, total or extreme of their group."""
    table = context.pick_table(lambda t: measures(t) and categories(t))
    name = ColumnUse(table, context.pick(labels(table)))
    measure = ColumnUse(table, context.pick(measures(table)))
    group = ColumnUse(table, context.pick(categories(table)))
    function = context.pick(("avg", "avg", "max", "min", *(("sum",) if measure.column.is_additive else ())))
    functions: dict[str, type[exp.Func]] = {"avg": exp.Avg, "max": exp.Max, "min": exp.Min, "sum": exp.Sum}
    columns = (name, measure)
    window = over(functions[function](this=use_column(measure)), group)
    parts = {"subject": table, "columns": columns, "column": measure, "group": group, "function": function}
    return Draft("beside_group", select([*map(use_column, columns), window], table), WINDOWS, REPORTING, parts)


def top_within(context: DraftContext) -> Draft:
    """The first one or two rows of every group."""
    table = context.pick_table(lambda t: measures(t) and categories(t))
    name = ColumnUse(table, context.pick(labels(table)))
    group = ColumnUse(table, context.pick(categories(table)))
    limit = context.pick((1, 1, 2))
    order = Ordering(ColumnUse(table, context.pick(measures(table))), context.chance(0.75), limit)
    assert isinstance(order.by, ColumnUse)
    columns = (group, name, order.by)
    numbered = exp.alias_(over(exp.RowNumber(), group, order), "position")
    inner = select([*map(use_column, columns), numbered], table)
    source = exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("ranked")))
    test = compare(name_column("position"), "=" if limit == 1 else "<=", literal(limit))
    parts = {"subject": table, "columns": columns, "order": order, "group": group}
    return Draft("top_within", select(map(use_column, columns), source, test), WINDOWS, REPORTING, parts)


def previous_value(context: DraftContext) -> Draft:
    """Rows beside the value of the row before them in time."""
    table = context.pick_table(lambda t: dates(t) and measures(t))
    date = ColumnUse(table, context.pick(dates(table)))
    measure = ColumnUse(table, context.pick(measures(table)))
    require(len(set(context.values(date))) > 2)
    window = over(exp.Lag(this=use_column(measure)), order=Ordering(date, False))
    columns = (date, measure)
    parts = {"subject": table, "columns": columns, "date": date, "column": measure}
    return Draft("previous_value", select([*map(use_column, columns), window], table), WINDOWS, REPORTING, parts)
