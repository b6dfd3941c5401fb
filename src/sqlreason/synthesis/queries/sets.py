"""UNION, INTERSECT and EXCEPT, over one table under two filters or over two tables."""

# ruff: noqa: E501 - a template is one sentence on one line, or nobody could read it

from sqlglot import exp

from sqlreason.synthesis.drawing.filters import filter_uses, make_condition, own_uses, passes
from sqlreason.synthesis.drawing.join_paths import keys_of, pick_link, referred_keys
from sqlreason.synthesis.drawing.query_context import QueryContext, categories, labels, require, texts
from sqlreason.synthesis.drawing.query_kinds import Family
from sqlreason.synthesis.drawing.query_parts import RETRIEVAL, ColumnUse, Condition, DrawnQuery
from sqlreason.synthesis.drawing.trees import condition_tree, name_column, select, use_column
from sqlreason.synthesis.schema.annotated_schema import ColumnPlan, TablePlan
from sqlreason.synthesis.schema.rows import Row

FAMILY = Family("sets", place=5, opening="[Show|List|Show me|Give|Return|Find|Display|Get|Give me]")
SETS = "set operations"
_TRIES = 6


def combine(kind: type[exp.SetOperation], left: exp.Expr, right: exp.Expr, distinct: bool = True) -> exp.Expr:
    """Return `left UNION|INTERSECT|EXCEPT right`."""
    return kind(this=left, expression=right, distinct=distinct)


def _condition(context: QueryContext, table: TablePlan, row: Row, besides: ColumnPlan) -> Condition:
    """Return one filter that holds for a row, on another column than `besides`."""
    uses = [pair for pair in filter_uses(own_uses(table), row) if pair[0].column != besides]
    return make_condition(context, uses, 0.0)


def _combine_filters(
    context: QueryContext, wording: str, kind: type[exp.SetOperation], use: ColumnUse, sides: list[Condition]
) -> DrawnQuery:
    """Return the combination of one column under two conditions."""
    require(sides[0] != sides[1])
    left, right = (select([use_column(use)], use.table, condition_tree(where)) for where in sides)
    parts = {"subject": use.table, "column": use, "where": sides[0], "second_where": sides[1]}
    return DrawnQuery(wording, combine(kind, left, right), SETS, RETRIEVAL, parts)


@FAMILY.kind(
    weight=1,
    unite_filters=(
        "{ask} the {plural} of {subjects}{where} [together with|combined with|and] those of {subjects}{second_where}, [without duplicates|each once|in one list without duplicates].",
        "Which [different |distinct |]{plural} occur among {subjects}{where} or among {subjects}{second_where}?",
        "[Combine|Unite] the {plural} of {subjects}{where} [with|and] the {plural} of {subjects}{second_where} [into one list|in one list], [each only once|without duplicates].",
    ),
)
def unite_filters(context: QueryContext) -> DrawnQuery:
    """Ask for the values that occur under the one filter or under the other."""
    table = context.pick_table(texts)
    use = ColumnUse(table, context.pick(texts(table)))
    rows = context.pick_some(context.rows(table), 2)
    return _combine_filters(
        context, "unite_filters", exp.Union, use, [_condition(context, table, row, use.column) for row in rows]
    )


@FAMILY.kind(
    weight=1,
    intersect_filters=(
        "Which {plural} occur both among {subjects}{where} and among {subjects}{second_where}?",
        "{ask} the {plural} that [are common to|are found both for] {subjects}{where} and [for |]{subjects}{second_where}.",
        "{ask} [every|each] {column} that has both {subjects}{where} and {subjects}{second_where}.",
    ),
)
def intersect_filters(context: QueryContext) -> DrawnQuery:
    """Ask for the values that occur under both filters, which hold for two rows that share a value."""
    table = context.pick_table(categories)
    use = ColumnUse(table, context.pick(categories(table)))
    value = context.pick(context.values(use))
    rows = context.pick_some([row for row in context.rows(table) if row[use.column.name] == value], 2)
    sides = [_condition(context, table, row, use.column) for row in rows]
    return _combine_filters(context, "intersect_filters", exp.Intersect, use, sides)


@FAMILY.kind(
    weight=1,
    except_filters=(
        "Which {plural} occur among {subjects}{where} but not among {subjects}{second_where}?",
        "{ask} the {plural} of {subjects}{where}, [except|leaving out] those of {subjects}{second_where}.",
        "{ask} [every|each] {column} that has {subjects}{where} but no {subjects}{second_where}.",
    ),
)
def except_filters(context: QueryContext) -> DrawnQuery:
    """Ask for the values that occur under the first filter and never under the second."""
    table = context.pick_table(categories)
    use = ColumnUse(table, context.pick(categories(table)))
    rows = context.rows(table)
    for _ in range(_TRIES):
        first, second = context.pick_some(rows, 2)
        sides = [_condition(context, table, row, use.column) for row in (first, second)]
        gone = {row[use.column.name] for row in rows if passes(sides[1], row)}
        if first[use.column.name] not in gone:
            break
    return _combine_filters(context, "except_filters", exp.Except, use, sides)


@FAMILY.kind(
    weight=1,
    unite_tables=(
        "{ask} in one list [all|the] {plural} of {subjects} and [all|the] {second_plural} of {others}, without duplicates.",
        "{ask} every distinct value [that is|found as] {column} of {a_subject} or {second_column} of {an_other}.",
        "[Combine|Merge] the {plural} of {subjects} with the {second_plural} of {others} into one list without [duplicates|repetition].",
    ),
    unite_tables_all=(
        "{ask} in one list [all|the] {plural} of {subjects} and [all|the] {second_plural} of {others}, [keeping duplicates|duplicates included].",
        "[Append|Add] the {second_plural} of {others} to the {plural} of {subjects} in one list, [keeping|with] duplicates.",
    ),
)
def unite_tables(context: QueryContext) -> DrawnQuery:
    """Ask for the texts of two tables in one list, with or without duplicates."""
    first, second = context.pick_some(context.annotated_schema.tables, 2)
    uses = [ColumnUse(table, context.pick(_listed(context, table))) for table in (first, second)]
    distinct = context.chance(0.7)
    left, right = (select([use_column(use)], use.table) for use in uses)
    parts = {"subject": first, "column": uses[0], "other": second, "second_column": uses[1]}
    wording = "unite_tables" if distinct else "unite_tables_all"
    return DrawnQuery(wording, combine(exp.Union, left, right, distinct), SETS, RETRIEVAL, parts)


def _listed(context: QueryContext, table: TablePlan) -> list[ColumnPlan]:
    """Return the columns of a table that belong into a list of texts."""
    return [c for c in labels(table) if c.kind == "name"] or categories(table)


@FAMILY.kind(
    weight=0.8,
    keys_without=(
        "{ask} the {key} of [all |]{subjects} [that do not occur|not found] among the {children}{as_role}.",
        "Which {keys} of {subjects} never occur [in|among] the {children}{as_role}?",
        "{ask} the {key} of every {subject} except those that have {children}{as_role}.",
    ),
    keys_with=(
        "{ask} the {key} of [all |]{subjects} that also occur among the {children}{as_role}, each once.",
        "Which {keys} of {subjects} also occur [in|among] the {children}{as_role}?",
    ),
)
def combine_keys(context: QueryContext) -> DrawnQuery:
    """Ask for the keys of parents that do, or do not, occur among their children."""
    link = pick_link(context)
    missing = keys_of(context, link.parent) - referred_keys(context, link, None)
    lacking = bool(missing) and context.chance(0.7)
    left = select([name_column(link.parent.key)], link.parent)
    right = select([name_column(link.reference)], link.child)
    parts = {"subject": link.parent, "link": link, "key": ColumnUse(link.parent, link.parent.key)}
    tree = combine(exp.Except if lacking else exp.Intersect, left, right)
    return DrawnQuery("keys_without" if lacking else "keys_with", tree, SETS, RETRIEVAL, parts)
