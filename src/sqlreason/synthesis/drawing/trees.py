"""Syntax trees out of query parts: columns, conditions, aggregates and SELECTs as sqlglot expressions."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from sqlglot import exp

from sqlreason.synthesis.drawing.query_parts import Aggregate, ColumnUse, Condition, Filter, Ordering
from sqlreason.synthesis.names import identifier
from sqlreason.synthesis.schema.annotated_schema import ColumnPlan, TablePlan, Unsuitable
from sqlreason.synthesis.schema.rows import Value

_COMPARISONS: dict[str, type[exp.Binary]] = {
    "=": exp.EQ,
    "<>": exp.NEQ,
    ">": exp.GT,
    ">=": exp.GTE,
    "<": exp.LT,
    "<=": exp.LTE,
}
_AGGREGATES: dict[str, type[exp.Func]] = {
    "count": exp.Count,
    "sum": exp.Sum,
    "avg": exp.Avg,
    "min": exp.Min,
    "max": exp.Max,
}
_PATTERNS = {"prefix": "{}%", "suffix": "%{}", "contains": "%{}%"}


def name_column(column: ColumnPlan | str, table: TablePlan | str | None = None) -> exp.Column:
    """Return a column, qualified where a table (or an alias) is given."""
    name = column if isinstance(column, str) else column.name
    owner = table.name if isinstance(table, TablePlan) else table
    return exp.column(identifier(name), table=identifier(owner) if owner else None)


def use_column(use: ColumnUse, qualified: bool = False) -> exp.Column:
    """Return the column of a use."""
    return name_column(use.column, use.table if qualified else None)


def literal(value: Value) -> exp.Expr:
    """Return a value as a literal."""
    if value is None:
        return exp.Null()
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    return exp.Literal.string(value) if isinstance(value, str) else exp.Literal.number(value)


def compare(left: exp.Expr, operator: str, right: exp.Expr) -> exp.Expr:
    """Return `left operator right` for one of = <> > >= < <=."""
    return _COMPARISONS[operator](this=left, expression=right)


def filter_tree(item: Filter, qualified: bool = False) -> exp.Expr:
    """Return the condition of one filter."""
    column = use_column(item.use, qualified)
    if item.use.column.has_time and item.operator not in ("null", "not null"):
        return _filter_days(column, item.operator, [str(value) for value in item.values])
    return filter_column(column, item.operator, item.values)


def _filter_days(column: exp.Expr, operator: str, days: list[str]) -> exp.Expr:
    """Return a comparison of whole days with a column that has a time of day: its ends are midnights.

    Raises:
        Unsuitable: No midnight follows, as behind the 9999-12-31 that stands for "never" in many databases.
    """
    if operator in (">=", "<"):
        return compare(column, operator, literal(days[0]))
    following = _next_day(days[-1])
    if operator in (">", "<="):
        return compare(column, ">=" if operator == ">" else "<", literal(following))
    start = compare(column, ">=", literal(days[0]))
    return exp.And(this=start, expression=compare(column.copy(), "<", literal(following)))


def _next_day(day: str) -> str:
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except OverflowError:
        raise Unsuitable from None


def filter_column(column: exp.Expr, operator: str, values: Sequence[Value]) -> exp.Expr:
    """Return the condition `column operator values`."""
    if operator in _COMPARISONS:
        return compare(column, operator, literal(values[0]))
    if operator in ("between", "year", "month"):
        return exp.Between(this=column, low=literal(values[0]), high=literal(values[1]))
    if operator in ("in", "not in"):
        inside = exp.In(this=column, expressions=[literal(value) for value in values])
        return exp.Not(this=inside) if operator == "not in" else inside
    if operator in ("null", "not null"):
        empty = exp.Is(this=column, expression=exp.Null())
        return exp.Not(this=empty) if operator == "not null" else empty
    return exp.Like(this=column, expression=literal(_PATTERNS[operator].format(values[0])))


def condition_tree(condition: Condition | None, qualified: bool = False) -> exp.Expr | None:
    """Return the whole condition, or None where there is none."""
    if condition is None:
        return None
    parts = [filter_tree(item, qualified) for item in condition.filters]
    if len(parts) == 1:
        return parts[0]
    joined = exp.Or if condition.connective == "or" else exp.And
    return joined(this=parts[0], expression=parts[1])


def aggregate_tree(item: Aggregate, qualified: bool = False) -> exp.Expr:
    """Return the call of an aggregate function."""
    inner: exp.Expr = exp.Star() if item.use is None else use_column(item.use, qualified)
    if item.distinct:
        inner = exp.Distinct(expressions=[inner])
    return _AGGREGATES[item.function](this=inner)


def order_tree(item: Ordering, qualified: bool = False) -> exp.Order:
    """Return the ORDER BY of an ordering."""
    by = aggregate_tree(item.by, qualified) if isinstance(item.by, Aggregate) else use_column(item.by, qualified)
    return sort((by, item.descending))


def sort(*keys: tuple[exp.Expr, bool]) -> exp.Order:
    """Return an ORDER BY over (expression, descending) keys."""
    return exp.Order(
        # SQLite sorts NULLs first going up and last going down; saying so keeps sqlglot from adding NULLS FIRST.
        expressions=[exp.Ordered(this=key, desc=down, nulls_first=not down) for key, down in keys]
    )


def select(
    columns: Iterable[exp.Expr],
    source: TablePlan | str | exp.Expr,
    where: exp.Expr | None = None,
    *,
    joins: Iterable[exp.Join] = (),
    group: Iterable[exp.Expr] = (),
    having: exp.Expr | None = None,
    order: exp.Order | None = None,
    limit: int | None = None,
    distinct: bool = False,
) -> exp.Select:
    """Return a SELECT of the given parts."""
    if isinstance(source, (TablePlan, str)):
        source = table_tree(source)
    tree = exp.Select(expressions=list(columns), from_=exp.From(this=source))
    groups = list(group)
    arms: dict[str, exp.Expr | list[exp.Join] | None] = {
        "joins": list(joins) or None,
        "where": exp.Where(this=where) if where is not None else None,
        "group": exp.Group(expressions=groups) if groups else None,
        "having": exp.Having(this=having) if having is not None else None,
        "order": order,
        "limit": exp.Limit(expression=literal(limit)) if limit is not None else None,
        "distinct": exp.Distinct() if distinct else None,
    }
    for name, arm in arms.items():
        if arm is not None:
            tree.set(name, arm)
    return tree


def table_tree(table: TablePlan | str, alias: str = "") -> exp.Table:
    """Return a table as a source, under an alias where one is given."""
    name = table if isinstance(table, str) else table.name
    tree = exp.Table(this=identifier(name))
    if alias:
        tree.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    return tree


def join_tree(source: exp.Expr, on: exp.Expr, side: str = "") -> exp.Join:
    """Return a join of a source; `side` is empty for an inner join or `LEFT`."""
    return exp.Join(this=source, on=on, side=side or None)
