"""UNION, INTERSECT and EXCEPT, over one table under two filters or over two tables."""

from sqlglot import exp

from sqlreason.synthesis.queries.aggregates import passes
from sqlreason.synthesis.queries.draft_context import DraftContext, categories, labels, texts
from sqlreason.synthesis.queries.filters import filter_uses, make_condition, require
from sqlreason.synthesis.queries.meaning import ColumnUse, Condition, Draft
from sqlreason.synthesis.queries.relations import keys_of, pick_link, referred_keys
from sqlreason.synthesis.queries.row_selections import RETRIEVAL, own_uses
from sqlreason.synthesis.queries.trees import condition_tree, name_column, select, use_column
from sqlreason.synthesis.schema.annotated_schema import ColumnPlan, TablePlan
from sqlreason.synthesis.schema.rows import Row

SETS = "set operations"
_TRIES = 6


def combine(kind: type[exp.SetOperation], left: exp.Expr, right: exp.Expr, distinct: bool = True) -> exp.Expr:
    """Return `left UNION|INTERSECT|EXCEPT right`."""
    return kind(this=left, expression=right, distinct=distinct)


def _condition(context: DraftContext, table: TablePlan, row: Row, besides: ColumnPlan) -> Condition:
    """Return one filter that holds for a row, on another column than `besides`."""
    uses = [pair for pair in filter_uses(own_uses(table), row) if pair[0].column != besides]
    return make_condition(context, uses, 0.0)


def _draft(
    context: DraftContext, shape: str, kind: type[exp.SetOperation], use: ColumnUse, sides: list[Condition]
) -> Draft:
    """Return the combination of one column under two conditions."""
    require(sides[0] != sides[1])
    left, right = (select([use_column(use)], use.table, condition_tree(where)) for where in sides)
    parts = {"subject": use.table, "column": use, "where": sides[0], "second_where": sides[1]}
    return Draft(shape, combine(kind, left, right), SETS, RETRIEVAL, parts)


def unite_filters(context: DraftContext) -> Draft:
    """The values that occur under the one filter or under the other."""
    table = context.pick_table(texts)
    use = ColumnUse(table, context.pick(texts(table)))
    rows = context.pick_some(context.rows(table), 2)
    return _draft(
        context, "unite_filters", exp.Union, use, [_condition(context, table, row, use.column) for row in rows]
    )


def intersect_filters(context: DraftContext) -> Draft:
    """The values that occur under both filters, which hold for two rows that share a value."""
    table = context.pick_table(categories)
    use = ColumnUse(table, context.pick(categories(table)))
    value = context.pick(context.values(use))
    rows = context.pick_some([row for row in context.rows(table) if row[use.column.name] == value], 2)
    sides = [_condition(context, table, row, use.column) for row in rows]
    return _draft(context, "intersect_filters", exp.Intersect, use, sides)


def except_filters(context: DraftContext) -> Draft:
    """The values that occur under the first filter and never under the second."""
    table = context.pick_table(categories)
    use = ColumnUse(table, context.pick(categories(table)))
    rows = context.rows(table)
    for _ in range(_TRIES):
        first, second = context.pick_some(rows, 2)
        sides = [_condition(context, table, row, use.column) for row in (first, second)]
        gone = {row[use.column.name] for row in rows if passes(sides[1], row)}
        if first[use.column.name] not in gone:
            break
    return _draft(context, "except_filters", exp.Except, use, sides)


def unite_tables(context: DraftContext) -> Draft:
    """The texts of two tables in one list, with or without duplicates."""
    first, second = context.pick_some(context.annotated_schema.tables, 2)
    uses = [ColumnUse(table, context.pick(_listed(context, table))) for table in (first, second)]
    distinct = context.chance(0.7)
    left, right = (select([use_column(use)], use.table) for use in uses)
    parts = {"subject": first, "column": uses[0], "other": second, "second_column": uses[1]}
    shape = "unite_tables" if distinct else "unite_tables_all"
    return Draft(shape, combine(exp.Union, left, right, distinct), SETS, RETRIEVAL, parts)


def _listed(context: DraftContext, table: TablePlan) -> list[ColumnPlan]:
    """Return the columns of a table that belong into a list of texts."""
    return [c for c in labels(table) if c.kind == "name"] or categories(table)


def combine_keys(context: DraftContext) -> Draft:
    """The keys of parents that do, or do not, occur among their children."""
    link = pick_link(context)
    missing = keys_of(context, link.parent) - referred_keys(context, link, None)
    lacking = bool(missing) and context.chance(0.7)
    left = select([name_column(link.parent.key)], link.parent)
    right = select([name_column(link.reference)], link.child)
    parts = {"subject": link.parent, "link": link, "key": ColumnUse(link.parent, link.parent.key)}
    tree = combine(exp.Except if lacking else exp.Intersect, left, right)
    return Draft("keys_without" if lacking else "keys_with", tree, SETS, RETRIEVAL, parts)
