"""What rows have or lack in another table, and rows compared with others of their own: IN, EXISTS, scalars."""

# ruff: noqa: E501 - a template is one sentence on one line, or nobody could read it

from sqlglot import exp

from sqlreason.synthesis.drawing.filters import condition_on, filter_uses, make_condition, own_uses
from sqlreason.synthesis.drawing.join_paths import Link, keys_of, pick_link, referred_keys, referred_row
from sqlreason.synthesis.drawing.query_context import (
    QueryContext,
    callings,
    categories,
    measures,
    require,
    show_columns,
)
from sqlreason.synthesis.drawing.query_kinds import Family
from sqlreason.synthesis.drawing.query_parts import REPORTING, RETRIEVAL, Aggregate, ColumnUse, Condition, DrawnQuery
from sqlreason.synthesis.drawing.trees import (
    aggregate_tree,
    compare,
    condition_tree,
    join_tree,
    literal,
    name_column,
    select,
    table_tree,
    use_column,
)

FAMILY = Family(
    "subqueries", place=4, opening="[Show|List|Show me|Give|Return|Find|Display|Get|Give me|I need|Retrieve]"
)
SUBQUERIES = "subqueries"


@FAMILY.kind(
    weight=2.5,
    rows_without=(
        "{ask} {columns} of {all}{without}.",
        "What are the {plurals} of [the |]{subjects}{without}?",
        "For {all}{without}, {ask} {columns}.",
        "Which {subjects} are there{without}? [Show|Give|Return] {columns}.",
    ),
)
def rows_without(context: QueryContext) -> DrawnQuery:
    """Ask for parents without any child: an outer join, NOT IN or NOT EXISTS."""
    link = pick_link(context)
    where = condition_on(context, link.child, 0.35)
    require(bool(keys_of(context, link.parent) - referred_keys(context, link, where)))
    columns = show_columns(context, link.parent, 2)
    parts = {"subject": link.parent, "columns": columns, "link": link, "child_where": where}
    form = context.pick(("outer", "outer", "not in", "not exists"))
    if form == "outer" and where is None:
        tree = select(
            [use_column(use, True) for use in columns],
            link.parent,
            exp.Is(this=name_column(link.child.key, link.child), expression=exp.Null()),
            joins=[join_tree(table_tree(link.child), link.condition(link.parent), "LEFT")],
        )
        return DrawnQuery("rows_without", tree, "single join", RETRIEVAL, parts)
    if form == "not in" and not link.reference.optional:
        tree = select(map(use_column, columns), link.parent, exp.Not(this=_membership(link, where)))
    else:
        tree = select(map(use_column, columns), link.parent, exp.Not(this=_existence(link, where)))
    return DrawnQuery("rows_without", tree, SUBQUERIES, RETRIEVAL, parts)


@FAMILY.kind(
    weight=2.5,
    rows_with=(
        "{ask} {columns} of {all}{with_child}.",
        "What are the {plurals} of [the |]{subjects}{with_child}?",
        "For {all}{with_child}, {ask} {columns}.",
        "Which {subjects} are there{with_child}? [Show|Give|Return] {columns}.",
    ),
    rows_with_once=(
        "{ask} the [distinct|different|unique] {plurals} of {all}{with_child}.",
        "What are the [distinct|different|unique] {plurals} of [the |]{subjects}{with_child}?",
        "{ask} {columns} of {all}{with_child}, without [duplicates|repetition].",
    ),
)
def rows_with(context: QueryContext) -> DrawnQuery:
    """Ask for parents with at least one child, as a rule one that passes a filter: IN, EXISTS or a join with DISTINCT."""
    link = pick_link(context)
    where = condition_on(context, link.child, 0.85)
    columns = show_columns(context, link.parent, 2)
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
        return DrawnQuery("rows_with_once", tree, "single join", RETRIEVAL, parts)
    test = _membership(link, where) if form == "in" else _existence(link, where)
    return DrawnQuery("rows_with", select(map(use_column, columns), link.parent, test), SUBQUERIES, RETRIEVAL, parts)


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


@FAMILY.kind(
    weight=2,
    rows_by_parent=(
        "{ask} {columns} of {all}{of_parent}.",
        "What are the {plurals} of [the |all |]{subjects}{of_parent}?",
        "For {all}{of_parent}, {ask} {columns}.",
        "{ask} {columns} for {all}{of_parent}.",
    ),
    count_by_parent=(
        "How many {subjects} are there{of_parent}?",
        "Count {all}{of_parent}.",
        "What is the [total |]number of {subjects}{of_parent}?",
        "[Give|Find|Tell me] the [count|number] of {subjects}{of_parent}.",
    ),
)
def rows_by_parent(context: QueryContext) -> DrawnQuery:
    """Ask for children whose parent passes a filter, found with IN."""
    link = pick_link(context)
    where = make_condition(context, filter_uses(own_uses(link.parent), referred_row(context, link)), 0.15)
    inner = select([name_column(link.parent.key)], link.parent, condition_tree(where))
    test = exp.In(this=name_column(link.reference), query=exp.Subquery(this=inner))
    parts = {"subject": link.child, "link": link, "parent_where": where}
    if context.chance(0.3):
        tree = select([exp.Count(this=exp.Star())], link.child, test)
        return DrawnQuery("count_by_parent", tree, SUBQUERIES, REPORTING, parts)
    columns = show_columns(context, link.child, 2)
    tree = select(map(use_column, columns), link.child, test)
    return DrawnQuery("rows_by_parent", tree, SUBQUERIES, RETRIEVAL, {**parts, "columns": columns})


@FAMILY.kind(
    weight=0.5,
    average_of_counts=(
        "What is the {fn_word} number of {children} per {role}, [counting only|among] {parents} that have some?",
        "[Count|First count] the {children} of each {role} that has any; what is the {fn_word} of these counts?",
        "[Show|Give|Find] the {fn_word} number of {children} that {a_role} with {children} has.",
    ),
)
def average_of_counts(context: QueryContext) -> DrawnQuery:
    """Ask for the average or extreme number of children of a parent that has some (derived table)."""
    link = pick_link(context)
    require(not link.reference.optional)
    function = context.pick(("avg", "avg", "max", "min"))
    counts = select([exp.alias_(exp.Count(this=exp.Star()), "amount")], link.child, group=[name_column(link.reference)])
    outer = {"avg": exp.Avg, "max": exp.Max, "min": exp.Min}[function](this=name_column("amount"))
    alias = exp.TableAlias(this=exp.to_identifier(context.source_name("counts")))
    tree = select([outer], exp.Subquery(this=counts, alias=alias))
    parts = {"subject": link.child, "link": link, "function": function}
    return DrawnQuery("average_of_counts", tree, SUBQUERIES, REPORTING, parts)


@FAMILY.kind(
    weight=3,
    beyond_average=(
        "{ask} {columns} of {all} whose {by} {is_by} {beyond} the average.",
        "{ask} {columns} of {all} with {a_by} {by} {beyond} the average [{by}|of all {subjects}|over all {subjects}].",
        "Which {subjects} have {a_by} {by} {beyond} the average? [Show|Give|Return] {columns}.",
        "For {subjects} whose {by} {is_by} {beyond} average, {ask} {columns}.",
    ),
    count_beyond_average=(
        "How many {subjects} have {a_by} {by} {beyond} the average?",
        "Count the {subjects} whose {by} {is_by} {beyond} the average [{by}|of all {subjects}].",
        "What is the number of {subjects} with {a_by} {by} {beyond} average?",
    ),
)
def beyond_average(context: QueryContext) -> DrawnQuery:
    """Ask for rows above or below the average of all rows."""
    table = context.pick_table(measures)
    by = ColumnUse(table, context.pick(measures(table)))
    operator = context.pick((">", ">", "<"))
    average = exp.Subquery(this=select([aggregate_tree(Aggregate("avg", by))], table))
    test = compare(use_column(by), operator, average)
    parts = {"subject": table, "by": by, "operator": operator}
    if context.chance(0.25):
        tree = select([exp.Count(this=exp.Star())], table, test)
        return DrawnQuery("count_beyond_average", tree, SUBQUERIES, REPORTING, parts)
    columns = show_columns(context, table, 2)
    tree = select(map(use_column, columns), table, test)
    return DrawnQuery("beyond_average", tree, SUBQUERIES, RETRIEVAL, {**parts, "columns": columns})


@FAMILY.kind(
    weight=1.5,
    at_extreme=(
        "{ask} {columns} of [all|the] {subjects} [that reach|with] the {fn} {by}, ties included.",
        "Which {subjects} share the {fn} {by}? [Show|Give|Return] {columns} of all of them.",
        "{ask} {columns} of every {subject} whose {by} equals the {fn} {by} [of all|overall].",
    ),
)
def at_extreme(context: QueryContext) -> DrawnQuery:
    """Ask for all rows that reach the highest or lowest value, ties included."""
    table = context.pick_table(measures)
    by = ColumnUse(table, context.pick(measures(table)))
    function = context.pick(("max", "min"))
    extreme = exp.Subquery(this=select([aggregate_tree(Aggregate(function, by))], table))
    columns = show_columns(context, table, 2)
    tree = select(map(use_column, columns), table, compare(use_column(by), "=", extreme))
    parts = {"subject": table, "by": by, "function": function, "columns": columns}
    return DrawnQuery("at_extreme", tree, SUBQUERIES, RETRIEVAL, parts)


@FAMILY.kind(
    weight=1.5,
    extreme_of_group=(
        "For each {group}, {ask} {columns} of the {subject} with the {fn} {by}.",
        "{ask} {columns} of {subjects} that have the {fn} {by} [of|within] their {group}.",
        "Which {subjects} have the {fn} {by} among those with the same {group}? [Show|Give|Return] {columns}.",
        "{ask} {columns} of [all|the] {subjects} whose {by} {is_by} the {fn} of their {group}.",
    ),
    beyond_group_average=(
        "{ask} {columns} of {subjects} whose {by} {is_by} {beyond} the average of their [own |]{group}.",
        "Which {subjects} have {a_by} {by} {beyond} the average {by} of {subjects} with the same {group}? [Show|Give|Return] {columns}.",
        "{ask} {columns} of all {subjects} with {a_by} {by} {beyond} the average within the same {group}.",
    ),
)
def beyond_group(context: QueryContext) -> DrawnQuery:
    """Ask for rows at the extreme, or beyond the average, of their own group (correlated subquery)."""
    table = context.pick_table(lambda t: measures(t) and categories(t))
    by, group = context.pick(measures(table)), context.pick(categories(table))
    function, operator = context.pick((("max", "="), ("min", "="), ("max", "="), ("avg", ">"), ("avg", "<")))
    functions: dict[str, type[exp.Func]] = {"max": exp.Max, "min": exp.Min, "avg": exp.Avg}
    peer = context.source_name("peer")
    inner = select(
        [functions[function](this=name_column(by, peer))],
        table_tree(table, peer),
        exp.EQ(this=name_column(group, peer), expression=name_column(group, table)),
    )
    columns = show_columns(context, table, 2)
    test = compare(name_column(by, table), operator, exp.Subquery(this=inner))
    tree = select([use_column(use, True) for use in columns], table, test)
    parts = {"subject": table, "columns": columns, "by": ColumnUse(table, by), "group": ColumnUse(table, group)}
    parts |= {"function": function, "operator": operator}
    wording = "beyond_group_average" if function == "avg" else "extreme_of_group"
    return DrawnQuery(wording, tree, SUBQUERIES, RETRIEVAL, parts)


@FAMILY.kind(
    weight=1,
    same_as=(
        "{ask} {columns} of [the |]other {subjects} with the same {group} as {value}.",
        "Which other {subjects} have the same {group} as {value}? [Show|Give|Return] {columns}.",
        "{ask} {columns} of {subjects} that share the {group} of {value}, [leaving out|excluding] {value}.",
    ),
)
def same_as(context: QueryContext) -> DrawnQuery:
    """Ask for rows that share a category with a named row."""
    table = context.pick_table(lambda t: categories(t) and callings(t))
    name = context.pick([c for c in callings(table) if not c.optional])
    shared = context.pick(categories(table))
    names, values = (context.values(ColumnUse(table, column)) for column in (name, shared))
    rows = [r for r in context.rows(table) if values.count(r[shared.name]) > 1 and names.count(r[name.name]) == 1]
    value = context.pick(rows)[name.name]
    named = compare(name_column(name), "=", literal(value))
    # IN and not =: the database may know the name more than once, and = would take the category of any of them
    inner = exp.Subquery(this=select([name_column(shared)], table, named))
    test = exp.And(
        this=exp.In(this=name_column(shared), query=inner),
        expression=compare(name_column(name), "<>", literal(value)),
    )
    columns = tuple(use for use in show_columns(context, table, 2) if use.column != shared)
    require(bool(columns))
    parts = {"subject": table, "columns": columns, "name": ColumnUse(table, name), "value": value}
    parts["group"] = ColumnUse(table, shared)
    return DrawnQuery("same_as", select(map(use_column, columns), table, test), SUBQUERIES, RETRIEVAL, parts)
