"""Queries about what rows have or lack in another table: outer joins, IN, EXISTS and their negations."""

from sqlglot import exp

from sqlreason.synthesis.queries.aggregates import REPORTING, passes
from sqlreason.synthesis.queries.draft_context import DraftContext, labels
from sqlreason.synthesis.queries.filters import filter_uses, make_condition, require
from sqlreason.synthesis.queries.join_paths import Link
from sqlreason.synthesis.queries.meaning import ColumnUse, Condition, Draft
from sqlreason.synthesis.queries.row_selections import RETRIEVAL, condition_on, own_uses, show_columns
from sqlreason.synthesis.queries.trees import (
    condition_tree,
    join_tree,
    literal,
    name_column,
    select,
    table_tree,
    use_column,
)
from sqlreason.synthesis.schema.annotated_schema import TablePlan, Unsuitable
from sqlreason.synthesis.schema.rows import Value

SUBQUERIES = "subqueries"


def pick_link(context: DraftContext) -> Link:
    """Return a foreign key between two tables."""
    child = context.pick_table(lambda table: any(r.target != table.name for r in table.references))
    reference = context.pick([r for r in child.references if r.target != child.name])
    return Link(child, reference, context.annotated_schema.table(reference.target))


def referred_keys(context: DraftContext, link: Link, where: Condition | None) -> set[Value]:
    """Return the keys to which the child rows under the condition refer."""
    rows = [row for row in context.rows(link.child) if where is None or passes(where, row)]
    return {row[link.reference.name] for row in rows}


def keys_of(context: DraftContext, table: TablePlan) -> set[Value]:
    """Return the keys of a table."""
    return {row[table.key.name] for row in context.rows(table)}


def _label_columns(context: DraftContext, table: TablePlan) -> tuple[ColumnUse, ...]:
    """Return one column or two to show of a parent."""
    return show_columns(context, table, 2)


def rows_without(context: DraftContext) -> Draft:
    """Parents without any child: an outer join, NOT IN or NOT EXISTS."""
    link = pick_link(context)
    where = condition_on(context, link.child, 0.35)
    require(bool(keys_of(context, link.parent) - referred_keys(context, link, where)))
    columns = _label_columns(context, link.parent)
    parts = {"subject": link.parent, "columns": columns, "link": link, "child_where": where}
    form = context.pick(("outer", "outer", "not in", "not exists"))
    if form == "outer" and where is None:
        tree = select(
            [use_column(use, True) for use in columns],
            link.parent,
            exp.Is(this=name_column(link.child.key, link.child), expression=exp.Null()),
            joins=[join_tree(table_tree(link.child), link.condition(link.parent), "LEFT")],
        )
        return Draft("rows_without", tree, "single join", RETRIEVAL, parts)
    if form == "not in" and not link.reference.optional:
        tree = select(map(use_column, columns), link.parent, exp.Not(this=_membership(link, where)))
    else:
        tree = select(map(use_column, columns), link.parent, exp.Not(this=_existence(link, where)))
    return Draft("rows_without", tree, SUBQUERIES, RETRIEVAL, parts)


def rows_with(context: DraftContext) -> Draft:
    """Parents with at least one child, as a rule one that passes a filter: IN, EXISTS or a join with DISTINCT."""
    link = pick_link(context)
    where = condition_on(context, link.child, 0.85)
    columns = _label_columns(context, link.parent)
    parts = {"subject": link.parent, "columns": columns, "link": link, "child_where": where}
    form = context.pick(("in", "in", "exists", "join"))
    if form == "join":
        tree = select(
            [use_column(use, True) for use in columns],
            link.parent,
            condition_tree(where, True),
            joins=[join_tree(table_tree(link.child), link.condition(link.parent))],
            distinct=True,
        )
        return Draft("rows_with_once", tree, "single join", RETRIEVAL, parts)
    test = _membership(link, where) if form == "in" else _existence(link, where)
    return Draft("rows_with", select(map(use_column, columns), link.parent, test), SUBQUERIES, RETRIEVAL, parts)


def _membership(link: Link, where: Condition | None) -> exp.Expr:
    """Return `key IN (SELECT reference FROM child …)`."""
    inner = select([name_column(link.reference)], link.child, condition_tree(where))
    return exp.In(this=name_column(link.parent.key), query=exp.Subquery(this=inner))


def _existence(link: Link, where: Condition | None) -> exp.Expr:
    """Return `EXISTS (SELECT 1 FROM child WHERE …)`."""
    test: exp.Expr = exp.EQ(
        this=name_column(link.reference, link.child), expression=name_column(link.parent.key, link.parent)
    )
    if where is not None:
        rest = condition_tree(where, True)
        assert rest is not None
        test = exp.And(this=test, expression=exp.Paren(this=rest) if where.connective == "or" else rest)
    return exp.Exists(this=select([literal(1)], link.child, test))


def rows_by_parent(context: DraftContext) -> Draft:
    """Children whose parent passes a filter, found with IN."""
    link = pick_link(context)
    key = context.pick(sorted(k for k in referred_keys(context, link, None) if isinstance(k, int)))
    row = context.find_row(link.parent, key)
    if row is None:
        raise Unsuitable
    where = make_condition(context, filter_uses(own_uses(link.parent), row), 0.15)
    inner = select([name_column(link.parent.key)], link.parent, condition_tree(where))
    test = exp.In(this=name_column(link.reference), query=exp.Subquery(this=inner))
    parts = {"subject": link.child, "link": link, "parent_where": where}
    if context.chance(0.3):
        tree = select([exp.Count(this=exp.Star())], link.child, test)
        return Draft("count_by_parent", tree, SUBQUERIES, REPORTING, parts)
    columns = show_columns(context, link.child, 2)
    tree = select(map(use_column, columns), link.child, test)
    return Draft("rows_by_parent", tree, SUBQUERIES, RETRIEVAL, {**parts, "columns": columns})


def count_with_none(context: DraftContext) -> Draft:
    """How many children every parent has, those without any included (outer join)."""
    link = pick_link(context)
    label = ColumnUse(link.parent, context.pick(labels(link.parent)))
    keys = [name_column(link.parent.key, link.parent)]
    if label.column.kind != "key":
        keys.append(use_column(label, True))
    tree = select(
        [use_column(label, True), exp.Count(this=name_column(link.child.key, link.child))],
        link.parent,
        joins=[join_tree(table_tree(link.child), link.condition(link.parent), "LEFT")],
        group=keys,
    )
    parts = {"subject": link.parent, "name": label, "link": link}
    return Draft("count_with_none", tree, "single join", REPORTING, parts)


def rows_or_none(context: DraftContext) -> Draft:
    """Parents beside a column of their children, those without any included (outer join)."""
    link = pick_link(context)
    label = ColumnUse(link.parent, context.pick(labels(link.parent)))
    shown = ColumnUse(link.child, context.pick([c for c in link.child.columns if c.kind != "ref"]), link.child.singular)
    tree = select(
        [use_column(label, True), use_column(shown, True)],
        link.parent,
        joins=[join_tree(table_tree(link.child), link.condition(link.parent), "LEFT")],
    )
    parts = {"subject": link.parent, "name": label, "shown": shown, "link": link}
    return Draft("rows_or_none", tree, "single join", RETRIEVAL, parts)


def average_of_counts(context: DraftContext) -> Draft:
    """The average or extreme number of children of a parent that has some (derived table)."""
    link = pick_link(context)
    require(not link.reference.optional)
    function = context.pick(("avg", "avg", "max", "min"))
    counts = select([exp.alias_(exp.Count(this=exp.Star()), "amount")], link.child, group=[name_column(link.reference)])
    outer = {"avg": exp.Avg, "max": exp.Max, "min": exp.Min}[function](this=name_column("amount"))
    tree = select([outer], exp.Subquery(this=counts, alias=exp.TableAlias(this=exp.to_identifier("counts"))))
    parts = {"subject": link.child, "link": link, "function": function}
    return Draft("average_of_counts", tree, SUBQUERIES, REPORTING, parts)
