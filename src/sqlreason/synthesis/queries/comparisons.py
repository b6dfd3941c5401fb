"""Rows compared with other rows of their table: with averages, extremes, the own group, a named row."""

from sqlglot import exp

from sqlreason.synthesis.queries.aggregates import REPORTING
from sqlreason.synthesis.queries.draft_context import Scene, categories, labels, measures
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


def beyond_average(scene: Scene) -> Draft:
    """Rows above or below the average of all rows."""
    table = scene.pick_table(measures)
    by = ColumnUse(table, scene.pick(measures(table)))
    operator = scene.pick((">", ">", "<"))
    average = exp.Subquery(this=select([aggregate_tree(Aggregate("avg", by))], table))
    test = compare(use_column(by), operator, average)
    parts = {"subject": table, "by": by, "operator": operator}
    if scene.chance(0.25):
        tree = select([exp.Count(this=exp.Star())], table, test)
        return Draft("count_beyond_average", tree, SUBQUERIES, REPORTING, parts)
    columns = show_columns(scene, table, 2)
    tree = select(map(use_column, columns), table, test)
    return Draft("beyond_average", tree, SUBQUERIES, RETRIEVAL, {**parts, "columns": columns})


def at_extreme(scene: Scene) -> Draft:
    """All rows that reach the highest or lowest value, ties included."""
    table = scene.pick_table(measures)
    by = ColumnUse(table, scene.pick(measures(table)))
    function = scene.pick(("max", "min"))
    extreme = exp.Subquery(this=select([aggregate_tree(Aggregate(function, by))], table))
    columns = show_columns(scene, table, 2)
    tree = select(map(use_column, columns), table, compare(use_column(by), "=", extreme))
    parts = {"subject": table, "by": by, "function": function, "columns": columns}
    return Draft("at_extreme", tree, SUBQUERIES, RETRIEVAL, parts)


def beyond_group(scene: Scene) -> Draft:
    """Rows at the extreme, or beyond the average, of their own group (correlated subquery)."""
    table = scene.pick_table(lambda t: measures(t) and categories(t))
    by, group = scene.pick(measures(table)), scene.pick(categories(table))
    function, operator = scene.pick((("max", "="), ("min", "="), ("max", "="), ("avg", ">"), ("avg", "<")))
    functions: dict[str, type[exp.Func]] = {"max": exp.Max, "min": exp.Min, "avg": exp.Avg}
    inner = select(
        [functions[function](this=name_column(by, "peer"))],
        table_tree(table, "peer"),
        exp.EQ(this=name_column(group, "peer"), expression=name_column(group, table)),
    )
    columns = show_columns(scene, table, 2)
    test = compare(name_column(by, table), operator, exp.Subquery(this=inner))
    tree = select([use_column(use, True) for use in columns], table, test)
    parts = {"subject": table, "columns": columns, "by": ColumnUse(table, by), "group": ColumnUse(table, group)}
    parts |= {"function": function, "operator": operator}
    shape = "beyond_group_average" if function == "avg" else "extreme_of_group"
    return Draft(shape, tree, SUBQUERIES, RETRIEVAL, parts)


def same_as(scene: Scene) -> Draft:
    """Rows that share a category with a named row."""
    table = scene.pick_table(lambda t: categories(t) and labels(t)[0].kind == "name")
    name = scene.pick([c for c in labels(table) if not c.optional])
    shared = scene.pick(categories(table))
    values = scene.values(ColumnUse(table, shared))
    rows = [row for row in scene.rows(table) if values.count(row[shared.name]) > 1]
    value = scene.pick(rows)[name.name]
    named = compare(name_column(name), "=", literal(value))
    inner = exp.Subquery(this=select([name_column(shared)], table, named))
    test = exp.And(
        this=exp.EQ(this=name_column(shared), expression=inner),
        expression=compare(name_column(name), "<>", literal(value)),
    )
    columns = tuple(use for use in show_columns(scene, table, 2) if use.column != shared)
    require(bool(columns))
    parts = {"subject": table, "columns": columns, "name": ColumnUse(table, name), "value": value}
    parts["group"] = ColumnUse(table, shared)
    return Draft("same_as", select(map(use_column, columns), table, test), SUBQUERIES, RETRIEVAL, parts)
