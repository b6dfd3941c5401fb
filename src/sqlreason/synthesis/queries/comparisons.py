"""Rows compared with other rows of their table: with averages, extremes, the own group, a named row."""

from sqlglot import exp

from sqlreason.synthesis.queries.aggregates import REPORTING
from sqlreason.synthesis.queries.draft_context import DraftContext, categories, labels, measures
from sqlreason.synthesis.queries.filters import require
from sqlreason.synthesis.queries.meaning import Aggregate, ColumnUse, Draft
from sqlreason.synthesis.queries.relations import SUBQUERIES
from sqlreason.synthesis.queries.row_selections import RETRIEVAL, show_columns
from sqlreason.synthesis.queries.trees import (
    aggregate_tree,
    compare,
    literal,
    name_column,
    select,
    table_tree,
    use_column,
)


def beyond_average(context: DraftContext) -> Draft:
    """Rows above or below the average of all rows."""
    table = context.pick_table(measures)
    by = ColumnUse(table, context.pick(measures(table)))
    operator = context.pick((">", ">", "<"))
    average = exp.Subquery(this=select([aggregate_tree(Aggregate("avg", by))], table))
    test = compare(use_column(by), operator, average)
    parts = {"subject": table, "by": by, "operator": operator}
    if context.chance(0.25):
        tree = select([exp.Count(this=exp.Star())], table, test)
        return Draft("count_beyond_average", tree, SUBQUERIES, REPORTING, parts)
    columns = show_columns(context, table, 2)
    tree = select(map(use_column, columns), table, test)
    return Draft("beyond_average", tree, SUBQUERIES, RETRIEVAL, {**parts, "columns": columns})


def at_extreme(context: DraftContext) -> Draft:
    """All rows that reach the highest or lowest value, ties included."""
    table = context.pick_table(measures)
    by = ColumnUse(table, context.pick(measures(table)))
    function = context.pick(("max", "min"))
    extreme = exp.Subquery(this=select([aggregate_tree(Aggregate(function, by))], table))
    columns = show_columns(context, table, 2)
    tree = select(map(use_column, columns), table, compare(use_column(by), "=", extreme))
    parts = {"subject": table, "by": by, "function": function, "columns": columns}
    return Draft("at_extreme", tree, SUBQUERIES, RETRIEVAL, parts)


def beyond_group(context: DraftContext) -> Draft:
    """Rows at the extreme, or beyond the average, of their own group (correlated subquery)."""
    table = context.pick_table(lambda t: measures(t) and categories(t))
    by, group = context.pick(measures(table)), context.pick(categories(table))
    function, operator = context.pick((("max", "="), ("min", "="), ("max", "="), ("avg", ">"), ("avg", "<")))
    functions: dict[str, type[exp.Func]] = {"max": exp.Max, "min": exp.Min, "avg": exp.Avg}
    inner = select(
        [functions[function](this=name_column(by, "peer"))],
        table_tree(table, "peer"),
        exp.EQ(this=name_column(group, "peer"), expression=name_column(group, table)),
    )
    columns = show_columns(context, table, 2)
    test = compare(name_column(by, table), operator, exp.Subquery(this=inner))
    tree = select([use_column(use, True) for use in columns], table, test)
    parts = {"subject": table, "columns": columns, "by": ColumnUse(table, by), "group": ColumnUse(table, group)}
    parts |= {"function": function, "operator": operator}
    shape = "beyond_group_average" if function == "avg" else "extreme_of_group"
    return Draft(shape, tree, SUBQUERIES, RETRIEVAL, parts)


def same_as(context: DraftContext) -> Draft:
    """Rows that share a category with a named row."""
    table = context.pick_table(lambda t: categories(t) and labels(t)[0].kind == "name")
    name = context.pick([c for c in labels(table) if not c.optional])
    shared = context.pick(categories(table))
    values = context.values(ColumnUse(table, shared))
    rows = [row for row in context.rows(table) if values.count(row[shared.name]) > 1]
    value = context.pick(rows)[name.name]
    named = compare(name_column(name), "=", literal(value))
    inner = exp.Subquery(this=select([name_column(shared)], table, named))
    test = exp.And(
        this=exp.EQ(this=name_column(shared), expression=inner),
        expression=compare(name_column(name), "<>", literal(value)),
    )
    columns = tuple(use for use in show_columns(context, table, 2) if use.column != shared)
    require(bool(columns))
    parts = {"subject": table, "columns": columns, "name": ColumnUse(table, name), "value": value}
    parts["group"] = ColumnUse(table, shared)
    return Draft("same_as", select(map(use_column, columns), table, test), SUBQUERIES, RETRIEVAL, parts)
