"""Queries over one table that return its rows: columns, filters, order, superlatives, labels."""

from sqlglot import exp

from sqlreason.synthesis.queries.draft_context import DraftContext, categories, dates, labels, measures, visible
from sqlreason.synthesis.queries.filters import filter_uses, make_condition, require
from sqlreason.synthesis.queries.meaning import ColumnUse, Condition, Draft, Ordering
from sqlreason.synthesis.queries.trees import (
    compare,
    condition_tree,
    literal,
    name_column,
    order_tree,
    select,
    use_column,
)
from sqlreason.synthesis.schema.annotated_schema import ColumnPlan, TablePlan

RETRIEVAL = "data retrieval"


def own_uses(table: TablePlan) -> list[ColumnUse]:
    """Return every column of a table as a use."""
    return [ColumnUse(table, column) for column in table.columns]


def condition_on(
    context: DraftContext, table: TablePlan, share: float, besides: tuple[ColumnPlan, ...] = ()
) -> Condition | None:
    """Return a condition on a table in `share` of the cases, on other columns than `besides`."""
    if not context.chance(share):
        return None
    row = context.pick([r for r in context.rows(table) if all(r[column.name] is not None for column in besides)])
    uses = [pair for pair in filter_uses(own_uses(table), row) if pair[0].column not in besides]
    return make_condition(context, uses)


def show_columns(context: DraftContext, table: TablePlan, most: int = 3) -> tuple[ColumnUse, ...]:
    """Return one to `most` columns to show, a label among them as a rule."""
    require(bool(visible(table)))
    count = context.rng.choices(range(1, most + 1), (5, 4, 2)[:most])[0]
    chosen = context.pick_some(visible(table), min(count, len(visible(table))))
    if context.chance(0.6) and not any(column.kind == "name" for column in chosen):
        chosen[0] = context.pick(labels(table))
    return tuple(ColumnUse(table, column) for column in dict.fromkeys(chosen))


def make_ordering(context: DraftContext, table: TablePlan, limit_share: float = 0.3) -> Ordering:
    """Return an order by a column of the table, with a limit in some cases."""
    columns = [c for c in visible(table) if not c.optional and c.kind not in ("bool", "key", "category")]
    by = ColumnUse(table, context.pick(columns))
    limit = context.pick((2, 3, 3, 4, 5)) if context.chance(limit_share) else None
    return Ordering(by, context.chance(0.5), limit)


def select_columns(context: DraftContext) -> Draft:
    """Columns of the rows that pass a filter, perhaps in order."""
    table = context.pick_table()
    columns = show_columns(context, table)
    order = make_ordering(context, table) if context.chance(0.25) else None
    besides = tuple(use.column for use in columns)
    where = condition_on(context, table, 0.6 if order else 0.85, besides)
    tree = select(
        map(use_column, columns),
        table,
        condition_tree(where),
        order=order_tree(order) if order else None,
        limit=order.limit if order else None,
    )
    parts = {"subject": table, "columns": columns, "where": where, "order": order}
    return Draft("select_columns", tree, "basic SQL", RETRIEVAL, parts)


def select_all(context: DraftContext) -> Draft:
    """Whole rows that pass a filter."""
    table = context.pick_table()
    where = condition_on(context, table, 0.8)
    order = make_ordering(context, table, 0.0) if where is None or context.chance(0.15) else None
    tree = select([exp.Star()], table, condition_tree(where), order=order_tree(order) if order else None)
    return Draft("select_all", tree, "basic SQL", RETRIEVAL, {"subject": table, "where": where, "order": order})


def select_distinct(context: DraftContext) -> Draft:
    """The different values of one or two categories."""
    table = context.pick_table(categories)
    few = categories(table)
    chosen = context.pick_some(few, 2 if len(few) > 1 and context.chance(0.25) else 1)
    where = condition_on(context, table, 0.5, tuple(chosen))
    columns = tuple(ColumnUse(table, column) for column in chosen)
    tree = select(map(use_column, columns), table, condition_tree(where), distinct=True)
    parts = {"subject": table, "columns": columns, "where": where}
    return Draft("select_distinct", tree, "basic SQL", RETRIEVAL, parts)


def select_superlative(context: DraftContext) -> Draft:
    """The row, or the few rows, with the most or the least of a quantity or date."""
    table = context.pick_table(lambda t: measures(t) or dates(t))
    by = context.pick([*measures(table), *measures(table), *dates(table)])
    limit = 1 if context.chance(0.65) else context.pick((2, 3, 3, 4, 5))
    columns = tuple(use for use in show_columns(context, table, 2) if use.column != by) or (
        ColumnUse(table, context.pick(labels(table))),
    )
    where = condition_on(context, table, 0.3, (by, *(use.column for use in columns)))
    order = Ordering(ColumnUse(table, by), context.chance(0.6), limit)
    tree = select(map(use_column, columns), table, condition_tree(where), order=order_tree(order), limit=limit)
    parts = {"subject": table, "columns": columns, "where": where, "order": order}
    return Draft("select_superlative", tree, "basic SQL", RETRIEVAL, parts)


def select_label(context: DraftContext) -> Draft:
    """Rows with a label that depends on a quantity (CASE)."""
    table = context.pick_table(measures)
    name = ColumnUse(table, context.pick(labels(table)))
    by = ColumnUse(table, context.pick(measures(table)))
    values = sorted({value for value in context.values(by) if isinstance(value, (int, float))})
    require(len(values) > 1)
    bound = context.pick(values[1:])
    words = context.pick((("high", "low"), ("large", "small"), ("upper", "lower"), ("above", "below"), ("A", "B")))
    case = exp.Case(
        ifs=[exp.If(this=compare(use_column(by), ">=", literal(bound)), true=literal(words[0]))],
        default=literal(words[1]),
    )
    where = condition_on(context, table, 0.2, (by.column,))
    tree = select([use_column(name), case], table, condition_tree(where))
    parts = {"subject": table, "name": name, "by": by, "bound": bound, "words": words, "where": where}
    return Draft("select_label", tree, "basic SQL", RETRIEVAL, parts)


def find_by_key(context: DraftContext) -> Draft:
    """Columns of the one row with a given key."""
    table = context.pick_table()
    row = context.pick(context.rows(table))
    columns = tuple(use for use in show_columns(context, table, 2) if use.column != table.key)
    require(bool(columns))
    key = row[table.key.name]
    tree = select(map(use_column, columns), table, compare(name_column(table.key), "=", literal(key)))
    parts = {"subject": table, "columns": columns, "key": ColumnUse(table, table.key), "value": key}
    return Draft("find_by_key", tree, "basic SQL", RETRIEVAL, parts)
