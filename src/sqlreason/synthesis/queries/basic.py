"""Rows of one table: columns, filters, order, superlatives, labels."""

# ruff: noqa: E501 - a template is one sentence on one line, or nobody could read it

from sqlglot import exp

from sqlreason.synthesis.drawing.filters import condition_on
from sqlreason.synthesis.drawing.query_context import (
    QueryContext,
    categories,
    dates,
    labels,
    measures,
    require,
    show_columns,
    visible,
)
from sqlreason.synthesis.drawing.query_kinds import Family
from sqlreason.synthesis.drawing.query_parts import RETRIEVAL, ColumnUse, DrawnQuery, Ordering
from sqlreason.synthesis.drawing.trees import (
    compare,
    condition_tree,
    literal,
    name_column,
    order_tree,
    select,
    use_column,
)
from sqlreason.synthesis.schema.annotated_schema import TablePlan

FAMILY = Family(
    "basic", place=1, opening="[Show|List|Show me|Give|Return|Find|Display|Get|Give me|I need|Retrieve|Please list]"
)
BASIC = "basic SQL"


def make_ordering(context: QueryContext, table: TablePlan, limit_share: float = 0.3) -> Ordering:
    """Return an order by a column of the table, with a limit in some cases."""
    columns = [c for c in visible(table) if not c.optional and c.kind not in ("bool", "key", "category")]
    by = ColumnUse(table, context.pick(columns))
    limit = context.pick((2, 3, 3, 4, 5)) if context.chance(limit_share) else None
    return Ordering(by, context.chance(0.5), limit)


@FAMILY.kind(
    weight=14,
    select_columns=(
        "{ask} {columns} [of|of|for] {all}{where}{order}.",
        "{ask} {columns} [of|of|for] {all}{where}{order}.",
        "What [is|is] {columns} of [each|each|every] {subject}{where}{order}?",
        "What are the {plurals} of [the |all |all the |]{subjects}{where}{order}?",
        "For {all}{where}, {ask} {columns}{order}.",
        "For [each|every] {subject}{where}, {ask} {columns}{order}.",
        "{ask} {all}{where} with their {bare}{order}.",
        "Which {subjects} are there{where}? [Show|List|Give] {columns}{order}.",
    ),
)
def select_columns(context: QueryContext) -> DrawnQuery:
    """Ask for columns of the rows that pass a filter, perhaps in order."""
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
    return DrawnQuery("select_columns", tree, BASIC, RETRIEVAL, parts)


@FAMILY.kind(
    weight=3,
    select_all=(
        "{ask} [all details|everything we know|all columns|the full records|all information|all data] [of|for|on|about] {all}{where}{order}.",
        "{ask} [the complete|the full] [rows|entries|records] of {all}{where}{order}.",
        "[What do we know|What is stored|What is on record] about {all}{where}{order}?",
        "[Show|Give|Return] every column for {all}{where}{order}.",
        "For {all}{where}, [show|return|list] every column{order}.",
    ),
)
def select_all(context: QueryContext) -> DrawnQuery:
    """Ask for whole rows that pass a filter."""
    table = context.pick_table()
    where = condition_on(context, table, 0.8)
    order = make_ordering(context, table, 0.0) if where is None or context.chance(0.15) else None
    tree = select([exp.Star()], table, condition_tree(where), order=order_tree(order) if order else None)
    return DrawnQuery("select_all", tree, BASIC, RETRIEVAL, {"subject": table, "where": where, "order": order})


@FAMILY.kind(
    weight=4,
    select_distinct=(
        "[What|Which] [different|distinct|unique] {plurals} [are there|occur|appear|are found] among {all}{where}?",
        "[List|Show|Give|Return] the [different|distinct|unique] {plurals} of {all}{where}.",
        "[List|Show|Find] all [distinct|different|unique] {plurals} [found|that occur] among {subjects}{where}.",
        "[List|Show|Give] {columns} of {all}{where}, without [duplicates|repetition].",
        "[List|Give] {columns} of {all}{where}, each [only |]once.",
        "Among {all}{where}, which [distinct|different] {plurals} [occur|appear|exist]?",
    ),
)
def select_distinct(context: QueryContext) -> DrawnQuery:
    """Ask for the different values of one or two categories."""
    table = context.pick_table(categories)
    few = categories(table)
    chosen = context.pick_some(few, 2 if len(few) > 1 and context.chance(0.25) else 1)
    where = condition_on(context, table, 0.5, tuple(chosen))
    columns = tuple(ColumnUse(table, column) for column in chosen)
    tree = select(map(use_column, columns), table, condition_tree(where), distinct=True)
    parts = {"subject": table, "columns": columns, "where": where}
    return DrawnQuery("select_distinct", tree, BASIC, RETRIEVAL, parts)


@FAMILY.kind(
    weight=6,
    select_superlative=(
        "What is {columns} of the {one}{where}{extreme}?",
        "[Show|Give|Find|Return|Get] {columns} of the {one}{where}{extreme}.",
        "Which {top}{where} {has} the {peak}? [Show|Give|Return] {columns}.",
        "[Find|Look up] the {one}{where}{extreme} and [show|return|give] {columns}.",
        "For the {one}{where}{extreme}, [show|give|return] {columns}.",
        "[Sort|Order] {all}{where} by {by} {direction} and [show|return|give] {columns} of the first {n}.",
    ),
)
def select_superlative(context: QueryContext) -> DrawnQuery:
    """Ask for the row, or the few rows, with the most or the least of a quantity or date."""
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
    return DrawnQuery("select_superlative", tree, BASIC, RETRIEVAL, parts)


@FAMILY.kind(
    weight=1.5,
    select_label=(
        "[Show|List|Give] the {name} of {all}{where} [and|together with] [the label|] '{yes}' [if|where|when] the {by} is [at least {bound}|{bound} or more], [otherwise|else] '{no}'.",
        "For [each|every] {subject}{where}, [show|list] the {name} and [label it|say] '{yes}' when the {by} is [at least {bound}|{bound} or higher] and '{no}' otherwise.",
        "[List|Show] the {name} of [each|every] {subject}{where}, labelled '{yes}' for {a_by} {by} of [at least {bound}|{bound} or more] and '{no}' for less.",
        "[Classify|Label] {all}{where}: show the {name}, and '{yes}' if the {by} is [{bound} or more|at least {bound}], else '{no}'.",
    ),
)
def select_label(context: QueryContext) -> DrawnQuery:
    """Ask for rows with a label that depends on a quantity (CASE)."""
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
    return DrawnQuery("select_label", tree, BASIC, RETRIEVAL, parts)


@FAMILY.kind(
    weight=2,
    find_by_key=(
        "What is {columns} of the {subject} with {key} {value}?",
        "{ask} {columns} of the {subject} [whose {key} is|with the {key}|with {key}] {value}.",
        "[Look up|Find] the {subject} with {key} {value} and [show|return|give] {columns}.",
        "For {subject} [number |no. |]{value}, [show|give|return] {columns}.",
        "[For|In the case of] the {subject} [with|having] {key} {value}, what is {columns}?",
    ),
)
def find_by_key(context: QueryContext) -> DrawnQuery:
    """Ask for columns of the one row with a given key."""
    table = context.pick_table()
    row = context.pick(context.rows(table))
    columns = tuple(use for use in show_columns(context, table, 2) if use.column != table.key)
    require(bool(columns))
    key = row[table.key.name]
    tree = select(map(use_column, columns), table, compare(name_column(table.key), "=", literal(key)))
    parts = {"subject": table, "columns": columns, "key": ColumnUse(table, table.key), "value": key}
    return DrawnQuery("find_by_key", tree, BASIC, RETRIEVAL, parts)
