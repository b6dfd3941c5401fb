"""INSERT, UPDATE and DELETE."""

from sqlglot import exp

from sqlreason.synthesis.names import identifier
from sqlreason.synthesis.queries.draft_context import DraftContext, measures
from sqlreason.synthesis.queries.filters import filter_uses, make_condition, require
from sqlreason.synthesis.queries.meaning import ColumnUse, Condition, Draft, Filter
from sqlreason.synthesis.queries.relations import pick_link, referred_keys
from sqlreason.synthesis.queries.row_selections import condition_on, own_uses
from sqlreason.synthesis.queries.trees import condition_tree, literal, name_column, select, table_tree
from sqlreason.synthesis.schema.annotated_schema import TablePlan, Unsuitable
from sqlreason.synthesis.schema.rows import Value, next_key, sample_value

MANIPULATION = "data manipulation"
BASIC = "basic SQL"


def _changed_rows(context: DraftContext, table: TablePlan, besides: tuple[ColumnUse, ...] = ()) -> Condition:
    """Return a condition for the rows to change: one row by its key, or a filter."""
    if context.chance(0.35):
        key = ColumnUse(table, table.key)
        return Condition((Filter(key, "=", (context.pick(context.values(key)),)),))
    where = condition_on(context, table, 1.0, tuple(use.column for use in besides))
    assert where is not None
    return where


def insert_row(context: DraftContext) -> Draft:
    """A new row, whole or with some of its columns."""
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
    return Draft("insert_row", tree, BASIC, MANIPULATION, {"subject": table, "given": given})


def _update(table: TablePlan, use: ColumnUse, value: exp.Expr, where: Condition) -> exp.Update:
    """Return `UPDATE table SET column = value WHERE …`."""
    change = exp.EQ(this=name_column(use.column), expression=value)
    return exp.Update(this=table_tree(table), expressions=[change], where=exp.Where(this=condition_tree(where)))


def update_value(context: DraftContext) -> Draft:
    """A new value in the rows that pass a filter."""
    table = context.pick_table(lambda t: [c for c in t.columns if c.kind not in ("key", "ref", "name")])
    column = context.pick([c for c in table.columns if c.kind not in ("key", "ref", "name")])
    use = ColumnUse(table, column)
    where = _changed_rows(context, table, (use,))
    clear = column.optional and context.chance(0.3)
    value = None if clear else sample_value(column, context.rng)
    parts = {"subject": table, "column": use, "value": value, "where": where}
    shape = "clear_value" if clear else "update_flag" if column.kind == "bool" else "update_value"
    return Draft(shape, _update(table, use, literal(value), where), BASIC, MANIPULATION, parts)


def update_shift(context: DraftContext) -> Draft:
    """A quantity raised or lowered by an amount or a percentage."""
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
        return Draft("update_percent", tree, BASIC, MANIPULATION, {**parts, "amount": percent})
    largest = max(1, int((use.column.high - use.column.low) / 10))
    amount = context.pick([step for step in (1, 2, 3, 5, 10, 20, 50, 100, 500, 1000) if step <= largest])
    kind = exp.Add if raised else exp.Sub
    tree = _update(table, use, kind(this=name_column(use.column), expression=literal(amount)), where)
    return Draft("update_shift", tree, BASIC, MANIPULATION, {**parts, "amount": amount})


def delete_rows(context: DraftContext) -> Draft:
    """The rows that pass a filter are deleted."""
    table = context.pick_table()
    where = _changed_rows(context, table)
    tree = exp.Delete(this=table_tree(table), where=exp.Where(this=condition_tree(where)))
    return Draft("delete_rows", tree, BASIC, MANIPULATION, {"subject": table, "where": where})


def delete_by_parent(context: DraftContext) -> Draft:
    """Children are deleted whose parent passes a filter."""
    link = pick_link(context)
    key = context.pick(sorted(k for k in referred_keys(context, link, None) if isinstance(k, int)))
    row = context.find_row(link.parent, key)
    if row is None:
        raise Unsuitable
    uses = filter_uses(own_uses(link.parent), row)
    require(bool(uses))
    where = make_condition(context, uses, 0.0)
    inner = select([name_column(link.parent.key)], link.parent, condition_tree(where))
    test = exp.In(this=name_column(link.reference), query=exp.Subquery(this=inner))
    tree = exp.Delete(this=table_tree(link.child), where=exp.Where(this=test))
    parts = {"subject": link.child, "link": link, "parent_where": where}
    return Draft("delete_by_parent", tree, "subqueries", MANIPULATION, parts)
