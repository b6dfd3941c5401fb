"""INSERT, UPDATE and DELETE."""

from sqlglot import exp

from sqlreason.synthesis.drawing.filters import condition_on, filter_uses, make_condition, own_uses
from sqlreason.synthesis.drawing.join_paths import pick_link, referred_row
from sqlreason.synthesis.drawing.query_context import QueryContext, measures, require
from sqlreason.synthesis.drawing.query_kinds import Family
from sqlreason.synthesis.drawing.query_parts import MANIPULATION, ColumnUse, Condition, DrawnQuery, Filter
from sqlreason.synthesis.drawing.trees import condition_tree, literal, name_column, select, table_tree
from sqlreason.synthesis.names import identifier
from sqlreason.synthesis.schema.annotated_schema import TablePlan
from sqlreason.synthesis.schema.rows import Value, next_key, sample_value

FAMILY = Family("writes", place=8)
BASIC = "basic SQL"


def _changed_rows(context: QueryContext, table: TablePlan, besides: tuple[ColumnUse, ...] = ()) -> Condition:
    """Return a condition for the rows to change: one row by its key, or a filter."""
    if context.chance(0.35):
        key = ColumnUse(table, table.key)
        return Condition((Filter(key, "=", (context.pick(context.values(key)),)),))
    where = condition_on(context, table, 1.0, tuple(use.column for use in besides))
    assert where is not None
    return where


@FAMILY.kind(
    weight=2,
    insert_row=(
        "[Add|Insert|Store|Record|Enter] a new {subject} with {given}.",
        "[Add|Insert|Enter] {a_subject} [with|that has] {given}.",
        "There is a new {subject}: {given}. [Add it|Insert it|Store it].",
        "[Insert|Add] into the {subjects} [one|a row] with {given}.",
    ),
)
def insert_row(context: QueryContext) -> DrawnQuery:
    """Add a new row, whole or with some of its columns."""
    table = context.pick_table()
    key = ColumnUse(table, table.key)
    columns = [c for c in table.columns if c.kind != "key" and (not c.optional or context.chance(0.5))]
    values: dict[str, Value] = {table.key.name: next_key(table.key, context.values(key))}
    for column in columns:
        targets = [row for row in context.contents.get(column.target, []) if column.target != table.name]
        if column.kind == "ref" and not targets:
            continue
        if column.kind == "ref":
            values[column.name] = context.pick(targets)[context.annotated_schema.table(column.target).key.name]
        else:
            values[column.name] = sample_value(column, context.rng)
    given = tuple((ColumnUse(table, c), values[c.name]) for c in table.columns if c.name in values)
    tree = exp.Insert(
        this=exp.Schema(this=table_tree(table), expressions=[identifier(use.column.name) for use, _ in given]),
        expression=exp.Values(expressions=[exp.Tuple(expressions=[literal(value) for _, value in given])]),
    )
    return DrawnQuery("insert_row", tree, BASIC, MANIPULATION, {"subject": table, "given": given})


def _update(table: TablePlan, use: ColumnUse, value: exp.Expr, where: Condition) -> exp.Update:
    """Return `UPDATE table SET column = value WHERE …`."""
    change = exp.EQ(this=name_column(use.column), expression=value)
    return exp.Update(this=table_tree(table), expressions=[change], where=exp.Where(this=condition_tree(where)))


@FAMILY.kind(
    weight=2,
    update_value=(
        "[Set|Change|Update] the {column} of {changed} to {to}.",
        "[Set|Change|Update] the {column} to {to} for {changed}.",
        "For {changed}, [set|change|update] the {column} to {to}.",
        "The {column} of {changed} should be {to}; [update it|change it|correct it].",
    ),
    update_flag=(
        "Set the {flag} flag of {changed} to {to_flag}.",
        "[Change|Update] the {flag} flag to {to_flag} for {changed}.",
        "For {changed}, set the {flag} flag to {to_flag}.",
    ),
    clear_value=(
        "[Clear|Erase|Empty] the {column} of {changed}.",
        "Set the {column} of {changed} to NULL.",
        "For {changed}, [clear|erase] the {column}.",
    ),
)
def update_value(context: QueryContext) -> DrawnQuery:
    """Set a new value in the rows that pass a filter."""
    table = context.pick_table(lambda t: [c for c in t.columns if c.kind not in ("key", "ref", "name")])
    column = context.pick([c for c in table.columns if c.kind not in ("key", "ref", "name")])
    use = ColumnUse(table, column)
    where = _changed_rows(context, table, (use,))
    clear = column.optional and context.chance(0.3)
    value = None if clear else sample_value(column, context.rng)
    parts = {"subject": table, "column": use, "value": value, "where": where}
    wording = "clear_value" if clear else "update_flag" if column.kind == "bool" else "update_value"
    return DrawnQuery(wording, _update(table, use, literal(value), where), BASIC, MANIPULATION, parts)


@FAMILY.kind(
    weight=1.2,
    update_shift=(
        "{Raise} the {column} of {changed} by {amount}.",
        "{Raise} the {column} by {amount} for {changed}.",
        "For {changed}, {raise} the {column} by {amount}.",
    ),
    update_percent=(
        "{Raise} the {column} of {changed} by {amount} [percent|%].",
        "{Raise} the {column} by {amount} [percent|%] for {changed}.",
        "For {changed}, {raise} the {column} by {amount} percent.",
    ),
)
def update_shift(context: QueryContext) -> DrawnQuery:
    """Raise or lower a quantity by an amount or a percentage."""
    table = context.pick_table(measures)
    use = ColumnUse(table, context.pick(measures(table)))
    where = _changed_rows(context, table, (use,))
    raised = context.chance(0.7)
    parts = {"subject": table, "column": use, "where": where, "raised": raised}
    if use.column.kind == "real" and context.chance(0.5):
        percent = context.pick((5, 10, 10, 15, 20, 25))
        factor = f"{(100 + percent) / 100 if raised else (100 - percent) / 100:g}"
        value: exp.Expr = exp.Mul(this=name_column(use.column), expression=exp.Literal.number(factor))
        tree = _update(table, use, value, where)
        return DrawnQuery("update_percent", tree, BASIC, MANIPULATION, {**parts, "amount": percent})
    largest = max(1, int((use.column.high - use.column.low) / 10))
    amount = context.pick([step for step in (1, 2, 3, 5, 10, 20, 50, 100, 500, 1000) if step <= largest])
    kind = exp.Add if raised else exp.Sub
    tree = _update(table, use, kind(this=name_column(use.column), expression=literal(amount)), where)
    return DrawnQuery("update_shift", tree, BASIC, MANIPULATION, {**parts, "amount": amount})


@FAMILY.kind(
    weight=1.8,
    delete_rows=(
        "[Delete|Remove|Erase] {changed}.",
        "[Delete|Remove] {changed} from the [database|data].",
        "[Please delete|Please remove|Get rid of] {changed}.",
    ),
)
def delete_rows(context: QueryContext) -> DrawnQuery:
    """Delete the rows that pass a filter."""
    table = context.pick_table()
    where = _changed_rows(context, table)
    tree = exp.Delete(this=table_tree(table), where=exp.Where(this=condition_tree(where)))
    return DrawnQuery("delete_rows", tree, BASIC, MANIPULATION, {"subject": table, "where": where})


@FAMILY.kind(
    weight=0.4,
    delete_by_parent=(
        "[Delete|Remove|Erase] [all |all the |the |]{subjects}{of_parent}.",
        "[Please delete|Please remove|Get rid of] all {subjects}{of_parent}.",
    ),
)
def delete_by_parent(context: QueryContext) -> DrawnQuery:
    """Delete the children whose parent passes a filter."""
    link = pick_link(context)
    uses = filter_uses(own_uses(link.parent), referred_row(context, link))
    require(bool(uses))
    where = make_condition(context, uses, 0.0)
    inner = select([name_column(link.parent.key)], link.parent, condition_tree(where))
    test = exp.In(this=name_column(link.reference), query=exp.Subquery(this=inner))
    tree = exp.Delete(this=table_tree(link.child), where=exp.Where(this=test))
    parts = {"subject": link.child, "link": link, "parent_where": where}
    return DrawnQuery("delete_by_parent", tree, "subqueries", MANIPULATION, parts)
