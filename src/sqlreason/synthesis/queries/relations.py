"""Questions as people put them: by the things and not by the columns, and with columns left for the reader to see.

"Which teacher has the most courses?" groups by a key that it never names; "How many pupils are in each grade?" wants
the grade beside the count; "the weight of the bronze coins" filters on a column that is not mentioned. The other
families name what they use; a student that has seen only these answers people's questions with one table and no group.
"""

# ruff: noqa: E501 - a template is one sentence on one line, or nobody could read it

from collections import Counter
from typing import Any

from sqlglot import exp

from sqlreason.synthesis.drawing.aggregate_values import make_aggregate, pick_bound, pick_group
from sqlreason.synthesis.drawing.filters import filter_uses, make_condition, own_uses
from sqlreason.synthesis.drawing.join_paths import JoinPath, Link, pick_link, referred_row
from sqlreason.synthesis.drawing.query_context import (
    QueryContext,
    callings,
    categories,
    labels,
    require,
    show_columns,
    texts,
    visible,
)
from sqlreason.synthesis.drawing.query_kinds import Family
from sqlreason.synthesis.drawing.query_parts import (
    REPORTING,
    RETRIEVAL,
    Aggregate,
    ColumnUse,
    Condition,
    DrawnQuery,
    Filter,
    Ordering,
)
from sqlreason.synthesis.drawing.trees import (
    aggregate_tree,
    compare,
    condition_tree,
    literal,
    name_column,
    order_tree,
    select,
    use_column,
)
from sqlreason.synthesis.schema.annotated_schema import ColumnPlan, TablePlan

FAMILY = Family("relations", place=9, opening="[Show|List|Show me|Give|Return|Find|Display|Get|Give me]")
_UNSAID = 0.35  # how often a question asks for rows without the column that names them
_WORDS_OF_A_MODIFIER = 2  # `dark brown soils` reads as English, a value of more words does not


def _count(table: TablePlan) -> Aggregate:
    return Aggregate("count", counted=table)


def _name(context: QueryContext, table: TablePlan) -> ColumnUse:
    """Return a column that tells rows apart and is no key, for questions that say which."""
    return ColumnUse(table, context.pick([column for column in labels(table) if column.kind == "name"]))


def _shown(context: QueryContext, table: TablePlan) -> tuple[ColumnUse, str]:
    """Return a column that stands for a row, and what its wording is called where the question leaves it unsaid.

    That it may do where people call a row by that column and no other.
    """
    if len(callings(table)) == 1 and context.chance(_UNSAID):
        return ColumnUse(table, callings(table)[0]), "_unsaid"
    return _name(context, table), ""


def _by_parent(link: Link, name: ColumnUse, *shown: exp.Expr, **clauses: Any) -> exp.Select:
    """Return a query for the name of each parent and what is shown of its children; parents of one name stay apart."""
    group = [name_column(link.parent.key, link.parent), use_column(name, True)]
    return select([use_column(name, True), *shown], link.child, joins=[link.join()], group=group, **clauses)


def _sizes(context: QueryContext, link: Link) -> list[float]:
    """Return how many children the parents that have some have, ascending."""
    counts = Counter(row[link.reference.name] for row in context.rows(link.child))
    return sorted(float(size) for key, size in counts.items() if key is not None)


@FAMILY.kind(
    weight=2,
    count_children=(
        "{ask} the {name} of each {subject} and the number of {children} [it has|that belong to it|each has]{as_role}.",
        "{ask} the {plurals} of the {subjects} and [the number of|how many] {children} they have{as_role}.",
        "What are the {plurals} of the {subjects}, and how many {children} [do they|does each] have{as_role}?",
        "For each {subject}, how many {children} are there{as_role}? [Give the {name} too|Show the {name} as well].",
    ),
    count_children_unsaid=("How many {children} does each {subject} have{as_role}?",),
)
def count_children(context: QueryContext) -> DrawnQuery:
    """Ask how many children the parents have that have some."""
    link = pick_link(context)
    name, unsaid = _shown(context, link.parent)
    tree = _by_parent(link, name, aggregate_tree(_count(link.child)))
    parts = {"subject": link.parent, "link": link, "name": name, "columns": (name,)}
    return DrawnQuery(f"count_children{unsaid}", tree, "single join", REPORTING, parts)


@FAMILY.kind(
    weight=1.5,
    most_children=(
        "What is the {name} of the {subject} [with the most|that has the most|with the greatest number of|that has the largest number of] {children}{as_role}?",
        "{ask} the {name} of the {subject} with the [most|greatest number of|highest number of] {children}{as_role}.",
    ),
    most_children_unsaid=(
        "[Which|What] {subject} has the [most|greatest number of|largest number of] {children}{as_role}?",
        "[Give|Return] the {subject} with the most {children}{as_role}.",
    ),
)
def most_children(context: QueryContext) -> DrawnQuery:
    """Ask for the parent with the most children."""
    link = pick_link(context)
    name, unsaid = _shown(context, link.parent)
    sizes = _sizes(context, link)
    require(len(sizes) > 1 and sizes[-1] > sizes[-2])
    tree = _by_parent(link, name, order=order_tree(Ordering(_count(link.child), True)), limit=1)
    parts = {"subject": link.parent, "link": link, "name": name}
    return DrawnQuery(f"most_children{unsaid}", tree, "single join", REPORTING, parts)


@FAMILY.kind(
    weight=1.5,
    several_children=(
        "{ask} the {plurals} of [the |all |]{subjects} [that have|with] {having}{as_role}.",
        "What are the {plurals} of the {subjects} [that have|with] {having}{as_role}?",
        "{ask} [the |all |]{subjects} with {having}{as_role} by {name}.",
    ),
    several_children_unsaid=("[Which|What] {subjects} have {having}{as_role}?",),
)
def several_children(context: QueryContext) -> DrawnQuery:
    """Ask for the parents with at least, or more than, some children."""
    link = pick_link(context)
    name, unsaid = _shown(context, link.parent)
    measure = _count(link.child)
    sizes = _sizes(context, link)
    require(bool(sizes) and sizes[-1] > 1)
    operator, bound = pick_bound(context, sizes, counting=True)
    tree = _by_parent(link, name, having=compare(aggregate_tree(measure), operator, literal(bound)))
    parts = {"subject": link.parent, "link": link, "name": name, "columns": (name,), "measure": measure}
    parts |= {"operator": operator, "bound": bound}
    return DrawnQuery(f"several_children{unsaid}", tree, "single join", REPORTING, parts)


@FAMILY.kind(
    weight=1.5,
    children_of_one=(
        "How many {children} does the {subject} {value} have{as_role}?",
        "How many {children} does {value} have{as_role}?",
        "Count the {children} [of|that belong to] the {subject} [named|called] {value}.",
        "[Give|Return|Find] the number of {children} [of|that belong to] {value}.",
    ),
    rows_of_one=(
        "{ask} the {plurals} of the {children} of the {subject} [named |called |]{value}.",
        "What are the {plurals} of the {children} [of|that belong to] {value}?",
        "{ask} {bare} for the {children} of the {subject} {value}.",
    ),
)
def children_of_one(context: QueryContext) -> DrawnQuery:
    """Ask for the children of one parent, who is called by name, or for their number."""
    link = pick_link(context)
    require(link.reference.role == link.parent.singular)
    name = ColumnUse(link.parent, context.pick(callings(link.parent)))
    value = referred_row(context, link)[name.column.name]
    require(isinstance(value, str) and context.values(name).count(value) == 1)
    counted = context.chance(0.5)
    columns = (ColumnUse(link.child, context.pick(visible(link.child))),)
    shown = [aggregate_tree(_count(link.child))] if counted else [use_column(use, True) for use in columns]
    tree = select(shown, link.child, compare(use_column(name, True), "=", literal(value)), joins=[link.join()])
    parts = {"subject": link.parent, "link": link, "name": name, "value": value, "columns": columns}
    return DrawnQuery("children_of_one" if counted else "rows_of_one", tree, "single join", RETRIEVAL, parts)


def _pick_bridge(context: QueryContext) -> JoinPath:
    """Return a table that ties rows of two others, as enrolments tie students and courses, with its two links."""

    def ways(table: TablePlan) -> list[ColumnPlan]:
        roles = Counter(reference.target for reference in table.references)
        return [r for r in table.references if r.target != table.name and roles[r.target] == 1]

    table = context.pick_table(lambda candidate: len(ways(candidate)) > 1)
    references = context.pick_some(ways(table), 2)
    return JoinPath(table, tuple(Link(table, r, context.annotated_schema.table(r.target)) for r in references))


@FAMILY.kind(
    weight=1.5,
    rows_beside_linked=(
        "{ask} the {plurals} of the {subjects} and the {second_plural} of their {others}.",
        "What are the {plurals} of the {subjects}, and [what are|also] the {second_plural} of their {others}?",
        "For each {subject} and each of its {others}, [show|list|give] the {name} and the {second_column}.",
        "{ask} the {name} of each {subject} together with the {second_column} of [the|its] {others}.",
    ),
)
def rows_beside_linked(context: QueryContext) -> DrawnQuery:
    """Ask for the pairs of rows that a third table ties."""
    bridge = _pick_bridge(context)
    near, far = bridge.links
    first, second = _name(context, near.parent), _name(context, far.parent)
    tree = select([use_column(first, True), use_column(second, True)], bridge.subject, joins=bridge.joins())
    parts = {"subject": near.parent, "other": far.parent, "name": first, "columns": (first,)}
    return DrawnQuery("rows_beside_linked", tree, "multiple_joins", RETRIEVAL, parts | {"second_column": second})


def _parent_condition(context: QueryContext, link: Link) -> Condition:
    """Return a condition that holds for a parent that has a child."""
    return make_condition(context, filter_uses(own_uses(link.parent), referred_row(context, link)), 0.1)


def _is_tied(near: Link, far: Link, where: Condition) -> exp.Expr:
    """Return `key IN (SELECT reference FROM child JOIN other … WHERE …)`."""
    key = name_column(near.reference, near.child)
    tied = select([key], near.child, condition_tree(where, True), joins=[far.join()])
    return exp.In(this=name_column(near.parent.key), query=exp.Subquery(this=tied))


@FAMILY.kind(
    weight=1.5,
    rows_with_linked=(
        "{ask} the {plurals} of [the |]{subjects} [with|that have] {an_other}{second_where}.",
        "What are the {plurals} of the {subjects} [with|that have] {an_other}{second_where}?",
        "{ask} the {plurals} of the {subjects} of [the |]{others}{second_where}.",
    ),
)
def rows_with_linked(context: QueryContext) -> DrawnQuery:
    """Ask for the rows that a third table ties to rows that pass a filter (IN), each once however often it is tied."""
    near, far = _pick_bridge(context).links
    where = _parent_condition(context, far)
    name = _name(context, near.parent)
    tree = select([use_column(name)], near.parent, _is_tied(near, far, where))
    parts = {"subject": near.parent, "other": far.parent, "columns": (name,), "second_where": where}
    return DrawnQuery("rows_with_linked", tree, "subqueries", RETRIEVAL, parts)


@FAMILY.kind(
    weight=1.2,
    rows_without_linked=(
        "{ask} the {plurals} of [the |all |]{subjects} [without|that do not have|that have no] {others}{second_where}.",
        "What are the {plurals} of the {subjects} [without any|that have no|that do not have] {others}{second_where}?",
        "[Which|What] {subjects} have no {others}{second_where}? [Show|Give] the {plurals}.",
    ),
)
def rows_without_linked(context: QueryContext) -> DrawnQuery:
    """Ask for the rows that no row of a third table ties to rows that pass a filter (NOT IN)."""
    near, far = _pick_bridge(context).links
    require(not near.reference.optional)  # one NULL in the list, and NOT IN finds nothing
    where = _parent_condition(context, far)
    columns = show_columns(context, near.parent, 2)
    tree = select(map(use_column, columns), near.parent, exp.Not(this=_is_tied(near, far, where)))
    parts = {"subject": near.parent, "other": far.parent, "columns": columns, "second_where": where}
    return DrawnQuery("rows_without_linked", tree, "subqueries", RETRIEVAL, parts)


@FAMILY.kind(
    weight=2,
    group_sizes=(
        "How many {subjects} [are there in|are in|belong to|are there for] each {group}?",
        "For each {group}, how many {subjects} are there?",
        "{ask} the number of {subjects} [for|in|of] each {group}.",
        "Count the {subjects} [of|in] each {group}.",
        "{ask} the different {group_plural} and [the number of|how many] {subjects} [of each|in each|there are for each].",
    ),
)
def group_sizes(context: QueryContext) -> DrawnQuery:
    """Ask how many rows each group has; that the group stands beside its count is understood."""
    group = pick_group(context)
    tree = select([use_column(group), aggregate_tree(_count(group.table))], group.table, group=[use_column(group)])
    return DrawnQuery("group_sizes", tree, "aggregation", REPORTING, {"subject": group.table, "group": group})


@FAMILY.kind(
    weight=1.5,
    commonest_value=(
        "What is the most common {group} [of|among] {all}?",
        "Which {group} [is the most common|occurs most often] among {the_all}?",
        "Which {group} has the most {subjects}?",
        "{ask} the {group} [with the most|that has the greatest number of|shared by most] {subjects}.",
        "Which {group} do most {subjects} have?",
    ),
    shared_values=(
        "{ask} the {group_plural} [shared by|of|that occur for] {having}.",
        "[Which|What] {group_plural} have {having}?",
        "{ask} all {group_plural} that [have|apply to] {having}.",
    ),
)
def commonest_value(context: QueryContext) -> DrawnQuery:
    """Ask for the value that most rows have, or for those that several rows have."""
    group = pick_group(context)
    measure = _count(group.table)
    sizes = sorted(float(size) for size in Counter(context.values(group)).values())
    parts = {"subject": group.table, "group": group, "measure": measure}
    require(len(sizes) > 1 and sizes[-1] > 1)
    if context.chance(0.5):
        require(sizes[-1] > sizes[-2])
        first = order_tree(Ordering(measure, True))
        tree = select([use_column(group)], group.table, group=[use_column(group)], order=first, limit=1)
        return DrawnQuery("commonest_value", tree, "aggregation", REPORTING, parts)
    operator, bound = pick_bound(context, sizes, counting=True)
    having = compare(aggregate_tree(measure), operator, literal(bound))
    tree = select([use_column(group)], group.table, group=[use_column(group)], having=having)
    parts |= {"operator": operator, "bound": bound}
    return DrawnQuery("shared_values", tree, "aggregation", REPORTING, parts)


def _modifier(context: QueryContext) -> Filter:
    """Return a filter on a category whose value says by itself which column is meant."""
    table = context.pick_table(categories)
    use = ColumnUse(table, context.pick(categories(table)))
    value = context.pick([str(value) for value in context.values(use)])
    words = value.replace("-", " ").split()
    require(len(words) <= _WORDS_OF_A_MODIFIER and all(word.isalpha() for word in words))
    others = [column for column in texts(table) if column != use.column]
    require(not any(value in context.values(ColumnUse(table, column)) for column in others))
    return Filter(use, "=", (value,))


@FAMILY.kind(
    weight=2,
    rows_of_value=(
        "{ask} {columns} of [the |all |]{value} {subjects}.",
        "What [is|are] {columns} of the {value} {subjects}?",
        "{ask} {bare} for [all |the |]{value} {subjects}.",
    ),
    count_of_value=(
        "How many {value} {subjects} are there?",
        "[Count|Find the number of|Give the number of] {value} {subjects}.",
    ),
    aggregate_of_value=(
        "What is {measure} of [the |all |]{value} {subjects}?",
        "[Find|Show|Give|Return] {measure} of {value} {subjects}.",
    ),
)
def rows_of_value(context: QueryContext) -> DrawnQuery:
    """Ask for rows by a value that stands before their noun, its column unsaid."""
    where = _modifier(context)
    table = where.use.table
    condition = condition_tree(Condition((where,)))
    parts = {"subject": table, "value": where.values[0]}
    if context.chance(0.5):
        columns = tuple(use for use in show_columns(context, table, 2) if use.column != where.use.column)
        require(bool(columns))
        tree = select(map(use_column, columns), table, condition)
        return DrawnQuery("rows_of_value", tree, "basic SQL", RETRIEVAL, parts | {"columns": columns})
    measure = make_aggregate(context, table)
    tree = select([aggregate_tree(measure)], table, condition)
    wording = "aggregate_of_value" if measure.use else "count_of_value"
    return DrawnQuery(wording, tree, "aggregation", REPORTING, parts | {"measure": measure})


@FAMILY.kind(
    weight=1.5,
    column_of_one=(
        "What is {value}'s {column}?",
        "What is the {column} of {value}?",
        "[Which|What] {column} does {value} have?",
        "[Give|Return|Show|Find] the {column} of the {subject} {value}.",
    ),
)
def column_of_one(context: QueryContext) -> DrawnQuery:
    """Ask for a value of one row, which is called by name."""
    table = context.pick_table(callings)
    name = ColumnUse(table, context.pick(callings(table)))
    values = context.values(name)
    value = context.pick([str(value) for value in values if values.count(value) == 1])
    shown = context.pick([column for column in visible(table) if column != name.column and column.kind != "bool"])
    column = ColumnUse(table, shown)
    tree = select([use_column(column)], table, compare(use_column(name), "=", literal(value)))
    parts = {"subject": table, "column": column, "value": value}
    return DrawnQuery("column_of_one", tree, "basic SQL", RETRIEVAL, parts)
