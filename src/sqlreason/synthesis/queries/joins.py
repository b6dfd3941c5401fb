"""Joins along foreign keys: rows with what they refer to, totals by groups of other tables, outer joins, self joins."""

# ruff: noqa: E501 - a template is one sentence on one line, or nobody could read it

from sqlglot import exp

from sqlreason.synthesis.drawing.aggregate_values import aggregate_value, make_aggregate, pick_bound, pick_ranking
from sqlreason.synthesis.drawing.filters import make_condition
from sqlreason.synthesis.drawing.join_paths import JoinPath, make_join_path, pick_link
from sqlreason.synthesis.drawing.query_context import (
    QueryContext,
    categories,
    labels,
    measures,
    require,
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
    Ordering,
)
from sqlreason.synthesis.drawing.trees import (
    aggregate_tree,
    compare,
    condition_tree,
    join_tree,
    literal,
    name_column,
    order_tree,
    select,
    table_tree,
    use_column,
)
from sqlreason.synthesis.names import alias_of
from sqlreason.synthesis.schema.annotated_schema import ColumnPlan, TablePlan

FAMILY = Family("joins", place=3, opening="[Show|List|Show me|Give|Return|Find|Display|Get|Give me|I need|Retrieve]")


def draw_join_path(context: QueryContext) -> JoinPath:
    """Return a join path: mostly of one step, else of two or three."""
    return make_join_path(context, context.rng.choices((1, 2, 3), (7, 9, 4))[0])


def _columns_of_leaf(context: QueryContext, join_path: JoinPath, leaf: TablePlan) -> ColumnUse:
    """Return a column of a leaf that is worth showing."""
    return join_path.use(leaf, context.pick(texts(leaf) or visible(leaf)))


def _condition(
    context: QueryContext, join_path: JoinPath, tables: list[TablePlan], besides: tuple[ColumnPlan, ...], share: float
) -> Condition | None:
    """Return a condition that reads `tables` where there are some, else one on any table in `share` of the cases."""
    pairs = join_path.pairs(join_path.witness(context), besides)
    if tables:
        first = [make_condition(context, [p for p in pairs if p[0].table == table], 0.0) for table in tables[:2]]
        return Condition(tuple(condition.filters[0] for condition in first))
    return make_condition(context, pairs) if context.chance(share) else None


@FAMILY.kind(
    weight=10,
    join_rows=(
        "{ask} {columns} [of|for] {all}{where}{order}.",
        "For [each|every] {subject}{where}, {ask} {columns}{order}.",
        "{ask} {columns} for [each|every] {subject}{where}{order}.",
        "What is {columns} [of|for] [each|every] {subject}{where}{order}?",
        "For {all}{where}, {ask} {columns}{order}.",
    ),
)
def join_rows(context: QueryContext) -> DrawnQuery:
    """Ask for columns of the subject beside columns of what it refers to, or filtered by them."""
    join_path = draw_join_path(context)
    subject = join_path.subject
    own = context.pick_some(visible(subject), min(len(visible(subject)), context.pick((1, 1, 2))))
    columns = [ColumnUse(subject, column) for column in own]
    only_filtered = [leaf for leaf in join_path.leaves if context.chance(0.3)][:2]
    columns += [_columns_of_leaf(context, join_path, leaf) for leaf in join_path.leaves if leaf not in only_filtered]
    require(bool(columns))
    if context.chance(0.3):
        columns.reverse()
    where = _condition(context, join_path, only_filtered, tuple(use.column for use in columns), 0.35)
    by = [ColumnUse(subject, column) for column in measures(subject)]
    order = None
    if by and context.chance(0.2):
        order = Ordering(context.pick(by), context.chance(0.6), context.pick((None, None, 1, 3)))
    tree = select(
        [use_column(use, True) for use in columns],
        subject,
        condition_tree(where, True),
        joins=join_path.joins(),
        order=order_tree(order, True) if order else None,
        limit=order.limit if order else None,
    )
    parts = {"subject": subject, "columns": tuple(columns), "where": where, "order": order}
    return DrawnQuery("join_rows", tree, join_path.complexity, RETRIEVAL, parts)


@FAMILY.kind(weight=6)  # asked for like aggregation.aggregate_rows
def join_aggregate(context: QueryContext) -> DrawnQuery:
    """Ask for one aggregate of the subject, filtered by what it refers to."""
    join_path = draw_join_path(context)
    measure = make_aggregate(context, join_path.subject)
    require(len(join_path.leaves) < 3)
    where = _condition(context, join_path, join_path.leaves, (), 1.0)
    tree = select(
        [aggregate_tree(measure, True)], join_path.subject, condition_tree(where, True), joins=join_path.joins()
    )
    wording = "aggregate_rows" if measure.use else "count_rows"
    parts = {"subject": join_path.subject, "measure": measure, "where": where}
    return DrawnQuery(wording, tree, join_path.complexity, REPORTING, parts)


def _pick_group(context: QueryContext, join_path: JoinPath) -> ColumnUse:
    """Return a name or category of the only leaf to group by; never NULL, or the top group could be one of no name."""
    require(len(join_path.leaves) == 1)
    leaf = join_path.leaves[0]
    return join_path.use(
        leaf, context.pick([c for c in labels(leaf) + categories(leaf) if c.kind != "key" and not c.optional])
    )


@FAMILY.kind(weight=6)  # asked for like aggregation.aggregate_groups
def join_groups(context: QueryContext) -> DrawnQuery:
    """Ask for one or two aggregates of the subject for every value of what it refers to."""
    join_path = draw_join_path(context)
    group = _pick_group(context, join_path)
    found = [make_aggregate(context, join_path.subject)]
    if context.chance(0.25):
        found.append(make_aggregate(context, join_path.subject, count_share=0.1))
    found = list(dict.fromkeys(found))
    besides = (group.column, *(item.use.column for item in found if item.use))
    where = _condition(context, join_path, [], besides, 0.3)
    order = pick_ranking(context, found, 0.75)
    tree = select(
        [use_column(group, True), *(aggregate_tree(item, True) for item in found)],
        join_path.subject,
        condition_tree(where, True),
        joins=join_path.joins(),
        group=[use_column(group, True)],
        order=order_tree(order, True) if order else None,
    )
    parts = {"subject": join_path.subject, "group": group, "measures": tuple(found), "where": where, "order": order}
    return DrawnQuery("aggregate_groups", tree, join_path.complexity, REPORTING, parts)


@FAMILY.kind(weight=3)  # asked for like aggregation.top_groups
def join_top(context: QueryContext) -> DrawnQuery:
    """Ask for the value of what the subject refers to that has the most or least of the subject."""
    join_path = draw_join_path(context)
    group = _pick_group(context, join_path)
    measure = make_aggregate(context, join_path.subject, count_share=0.5)
    require(measure.can_rank)
    limit = 1 if context.chance(0.7) else context.pick((2, 3))
    order = Ordering(measure, context.chance(0.8), limit)
    shown = context.chance(0.35)
    call = aggregate_tree(measure, True)
    tree = select(
        [use_column(group, True), call] if shown else [use_column(group, True)],
        join_path.subject,
        joins=join_path.joins(),
        group=[use_column(group, True)],
        order=order_tree(order, True),
        limit=limit,
    )
    parts = {"subject": join_path.subject, "group": group, "measure": measure, "order": order, "where": None}
    wording = "top_groups_shown" if shown else "top_groups"
    return DrawnQuery(wording, tree, join_path.complexity, REPORTING, parts)


@FAMILY.kind(weight=2)  # asked for like aggregation.filter_groups
def join_having(context: QueryContext) -> DrawnQuery:
    """Ask for values of what the subject refers to whose count or aggregate passes a bound."""
    join_path = draw_join_path(context)
    group = _pick_group(context, join_path)
    measure = make_aggregate(context, join_path.subject, count_share=0.55)
    operator, bound = pick_bound(context, _values(context, join_path, group, measure), measure.use is None)
    shown = context.chance(0.4)
    call = aggregate_tree(measure, True)
    tree = select(
        [use_column(group, True), call] if shown else [use_column(group, True)],
        join_path.subject,
        joins=join_path.joins(),
        group=[use_column(group, True)],
        having=compare(call.copy(), operator, literal(bound)),
    )
    parts = {"subject": join_path.subject, "group": group, "measure": measure, "where": None}
    parts |= {"operator": operator, "bound": bound}
    wording = "filter_groups_shown" if shown else "filter_groups"
    return DrawnQuery(wording, tree, join_path.complexity, REPORTING, parts)


def _values(context: QueryContext, join_path: JoinPath, group: ColumnUse, measure: Aggregate) -> list[float]:
    """Return the aggregate of every group of joined rows, ascending."""
    groups: dict[object, list[dict[str, object]]] = {}
    for rows in join_path.joined(context):
        own = dict(rows[join_path.subject.name])
        groups.setdefault(rows[group.table.name][group.column.name], []).append(own)  # type: ignore[arg-type]
    found = (aggregate_value(measure, rows) for rows in groups.values())  # type: ignore[arg-type]
    return sorted(value for value in found if value is not None)


@FAMILY.kind(
    weight=1,
    join_itself=(
        "[Show|List|Give] the {name} of each {subject} [and|together with|beside] the {name} of its {role}.",
        "For each {subject} [that has|with] {a_role}, [show|list] the {name} and the {name} of the {role}.",
        "Which {role} does each {subject} have? [Show|Give] the {name} of both, the {subject} first.",
    ),
    join_itself_all=(
        "[Show|List|Give] the {name} of [every|each] {subject} and the {name} of its {role}, [if any|where there is one], keeping those without.",
        "For every {subject}, even without {a_role}, [show|list] the {name} and the {name} of the {role}.",
        "[List|Show] all {subjects} by {name} with the {name} of their {role}, including {subjects} that have none.",
    ),
)
def join_itself(context: QueryContext) -> DrawnQuery:
    """Ask for rows beside the row of the same table that they refer to."""
    table = context.pick_table(lambda t: any(r.target == t.name for r in t.references))
    reference = context.pick([r for r in table.references if r.target == table.name])
    name = ColumnUse(table, context.pick(labels(table)))
    aliases = (alias_of(table.name, 1), alias_of(table.name, 2))
    on = exp.EQ(this=name_column(reference, aliases[0]), expression=name_column(table.key, aliases[1]))
    keep_all = context.chance(0.3)
    tree = select(
        [name_column(name.column, alias) for alias in aliases],
        table_tree(table, aliases[0]),
        joins=[join_tree(table_tree(table, aliases[1]), on, "LEFT" if keep_all else "")],
    )
    parts = {"subject": table, "name": name, "role": reference.role}
    return DrawnQuery("join_itself_all" if keep_all else "join_itself", tree, "single join", RETRIEVAL, parts)


@FAMILY.kind(
    weight=0.4,
    pair_rows=(
        "[List|Show|Find] [all|the] pairs of {subjects} with the same {group}: show both [of their |]{name}s, each pair once, the lower {key} first.",
        "[Which|What] pairs of {subjects} share the same {group}? [Show|Give] the {name} of both, the one with the smaller {key} first, each pair once.",
    ),
)
def pair_rows(context: QueryContext) -> DrawnQuery:
    """Ask for pairs of rows of one table that share a category (self join)."""
    table = context.pick_table(categories)
    shared = context.pick(categories(table))
    values = context.values(ColumnUse(table, shared))
    require(len(set(values)) < len(values))
    name = ColumnUse(table, context.pick(labels(table)))
    aliases = (alias_of(table.name, 1), alias_of(table.name, 2))
    on = exp.And(
        this=exp.EQ(this=name_column(shared, aliases[0]), expression=name_column(shared, aliases[1])),
        expression=exp.LT(this=name_column(table.key, aliases[0]), expression=name_column(table.key, aliases[1])),
    )
    tree = select(
        [name_column(name.column, alias) for alias in aliases],
        table_tree(table, aliases[0]),
        joins=[join_tree(table_tree(table, aliases[1]), on)],
    )
    parts = {"subject": table, "name": name, "group": ColumnUse(table, shared), "key": ColumnUse(table, table.key)}
    return DrawnQuery("pair_rows", tree, "single join", RETRIEVAL, parts)


@FAMILY.kind(
    weight=1.2,
    count_with_none=(
        "How many {children} does each {subject} have{as_role}, [including|counting also] {subjects} with none? [Show|Give] the {name} and the [number|count].",
        "[Show|List] the {name} of every {subject} and the number of its {children}{as_role}, [0 for those without any|even if there are none].",
        "For [each|every] {subject}, [show|give] the {name} and the number of {children}{as_role}, including {subjects} [with none|without any].",
        "[Count|Work out] the {children} of [each|every] {subject}{as_role} and show them with the {name}; {subjects} without any [stay in|count as 0].",
    ),
)
def count_with_none(context: QueryContext) -> DrawnQuery:
    """Ask how many children every parent has, those without any included (outer join)."""
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
    return DrawnQuery("count_with_none", tree, "single join", REPORTING, parts)


@FAMILY.kind(
    weight=0.8,
    rows_or_none=(
        "[Show|List] the {name} of [all {subjects}|every {subject}] and the {shown} of their {children}{as_role}, including {subjects} without any {children}.",
        "For every {subject}, [also those|even those] without {children}{as_role}, [show|list] the {name} and the {shown}.",
        "[List|Show] the {name} of each {subject} with the {shown}{as_role}, keeping {subjects} that have no {child}.",
    ),
)
def rows_or_none(context: QueryContext) -> DrawnQuery:
    """Ask for parents beside a column of their children, those without any included (outer join)."""
    link = pick_link(context)
    label = ColumnUse(link.parent, context.pick(labels(link.parent)))
    shown = ColumnUse(link.child, context.pick([c for c in link.child.columns if c.kind != "ref"]), link.child.singular)
    tree = select(
        [use_column(label, True), use_column(shown, True)],
        link.parent,
        joins=[join_tree(table_tree(link.child), link.condition(link.parent), "LEFT")],
    )
    parts = {"subject": link.parent, "name": label, "shown": shown, "link": link}
    return DrawnQuery("rows_or_none", tree, "single join", RETRIEVAL, parts)
