"""Filters that hold for a given witness: the literal comes from the rows or lies close to their values."""

import math
import random
from collections.abc import Callable, Sequence

from sqlreason.synthesis.drawing.query_context import QueryContext
from sqlreason.synthesis.drawing.query_parts import ColumnUse, Condition, Filter
from sqlreason.synthesis.schema.annotated_schema import ColumnPlan, TablePlan
from sqlreason.synthesis.schema.rows import Row, Value

_TEXT_WEIGHTS = {"=": 10, "<>": 2, "in": 2, "not in": 1, "prefix": 1, "suffix": 0.6, "contains": 1}
_NUMBER_WEIGHTS = {"=": 2, "<>": 0.7, ">": 5, "<": 5, ">=": 2.5, "<=": 2.5, "between": 2.5, "in": 0.4}
_DATE_WEIGHTS = {">": 3, "<": 3, ">=": 1, "<=": 1, "=": 1, "between": 2, "year": 3, "month": 0.7}
_OPTIONAL_SHARE = 0.3  # how often a filter on an optional column asks whether there is a value


def make_condition(
    context: QueryContext, uses: Sequence[tuple[ColumnUse, Value]], share_of_two: float = 0.25
) -> Condition:
    """Return one filter or two; `uses` pairs columns with the values of the witness.

    Raises:
        Unsuitable: No column of `uses` can be filtered on.
    """
    first, value = context.pick(uses)
    filters = [make_filter(context, first, value)]
    others = [(use, value) for use, value in uses if use.column != first.column]
    if not others or not context.chance(share_of_two):
        return Condition(tuple(filters))
    if context.chance(0.35):
        return _make_alternatives(context, filters[0], others)
    filters.append(make_filter(context, *context.pick(others)))
    return Condition(tuple(filters))


def _make_alternatives(context: QueryContext, first: Filter, others: Sequence[tuple[ColumnUse, Value]]) -> Condition:
    """Return `first or second`, the second holding for a row of its own."""
    use, value = context.pick(others)
    return Condition((first, make_filter(context, use, context.pick([*context.values(use), value]))), "or")


def filter_uses(uses: Sequence[ColumnUse], row: Row) -> list[tuple[ColumnUse, Value]]:
    """Pair columns worth filtering on with the values of a row."""
    return [(use, row[use.column.name]) for use in uses if use.column.kind not in ("key", "ref")]


def make_filter(context: QueryContext, use: ColumnUse, value: Value) -> Filter:
    """Return a filter on the column that holds for `value`."""
    column = use.column
    if value is None:
        return Filter(use, "null")
    if (
        column.optional
        and context.chance(_OPTIONAL_SHARE)
        and None in [r[column.name] for r in context.rows(use.table)]
    ):
        return Filter(use, "not null")
    if isinstance(value, bool):
        return Filter(use, "=", (value,))
    if isinstance(value, str):
        return _filter_date(context, use, value[:10]) if column.kind == "date" else _filter_text(context, use, value)
    return _filter_number(context, use, value)


def _weighted(rng: random.Random, weights: dict[str, float]) -> str:
    """Draw a key by its weight."""
    return rng.choices(list(weights), list(weights.values()))[0]


def _filter_text(context: QueryContext, use: ColumnUse, value: str) -> Filter:
    """Return a filter on a name or category."""
    operator = _weighted(context.rng, _TEXT_WEIGHTS)
    others = sorted({str(v) for v in [*context.values(use), *use.column.values]} - {value})
    if operator in ("<>", "not in", "in") and len(others) < 3:
        operator = "="
    if operator == "<>":
        return Filter(use, operator, (context.pick(others),))
    if operator == "in":
        chosen: list[Value] = [value, *context.pick_some(others, context.pick((1, 1, 2)))]
        context.rng.shuffle(chosen)
        return Filter(use, operator, tuple(chosen))
    if operator == "not in":
        return Filter(use, operator, tuple(context.pick_some(others, 2)))
    if operator in ("prefix", "suffix", "contains"):
        return _filter_pattern(context, use, value, operator)
    return Filter(use, "=", (value,))


def _filter_pattern(context: QueryContext, use: ColumnUse, value: str, operator: str) -> Filter:
    """Return a LIKE filter; the fragment is a word of the value or a few of its letters."""
    rng = context.rng
    words = [word for word in value.split() if word.isalnum()]
    if operator == "prefix":
        fragment = words[0] if len(words) > 1 and rng.random() < 0.3 else value[: rng.choice((1, 1, 2, 3))]
    elif operator == "suffix":
        fragment = words[-1] if len(words) > 1 and rng.random() < 0.4 else value[-rng.choice((1, 2, 3)) :]
    else:
        start = rng.randrange(max(1, len(value) - 3))
        fragment = rng.choice(words) if len(words) > 1 else value[start : start + rng.choice((2, 3, 4))]
    fragment = fragment.strip()
    return Filter(use, operator, (fragment,)) if fragment.isalnum() else Filter(use, "=", (value,))


def _filter_number(context: QueryContext, use: ColumnUse, value: int | float) -> Filter:
    """Return a filter on a number; bounds lie between the witness and the other values, on round numbers."""
    rng = context.rng
    others = [v for v in context.values(use) if isinstance(v, (int, float)) and v != value]
    if use.column.kind == "key" or use.column.kind == "ref":
        return Filter(use, "=", (value,))
    operator = _weighted(rng, _NUMBER_WEIGHTS)
    below = [v for v in others if v < value]
    above = [v for v in others if v > value]
    if operator in (">", "<"):
        side = below if operator == ">" else above
        if not side:
            operator = ">=" if operator == ">" else "<="
        else:
            return Filter(use, operator, (_between_values(rng, rng.choice(side), value, use),))
    if operator == "between":
        low, high = min([*below, value]), max([*above, value])
        start, end = _round_towards(value, low, math.floor), _round_towards(value, high, math.ceil)
        if start < end:
            return Filter(use, operator, (start, end))
        operator = "="
    if operator in ("in", "<>") and others:
        chosen = [value, rng.choice(others)] if operator == "in" else [rng.choice(others)]
        return Filter(use, operator, tuple(chosen))
    return Filter(use, operator if operator in (">=", "<=") else "=", (value,))


def _between_values(rng: random.Random, other: int | float, value: int | float, use: ColumnUse) -> int | float:
    """Return a bound b with other <= b < value or value < b <= other: a round number where one lies between."""
    low, high = min(other, value), max(other, value)
    if rng.random() < 0.25:
        return other
    middle = low + (high - low) * rng.uniform(0.2, 0.8)
    for step in (1000, 500, 100, 50, 10, 5, 1):
        candidate = round(middle / step) * step
        if low < candidate < high and high - low > step:
            return candidate
    return other


def _round_towards(value: int | float, limit: int | float, rounding: Callable[[float], int]) -> int | float:
    """Return a round number between the value and the limit, or the limit itself."""
    middle = (value + limit) / 2
    step = 10 ** max(0, len(str(int(abs(middle)))) - 2)
    candidate = rounding(middle / step) * step
    return candidate if min(value, limit) <= candidate <= max(value, limit) else limit


def _filter_date(context: QueryContext, use: ColumnUse, value: str) -> Filter:
    """Return a filter on an ISO date."""
    operator = _weighted(context.rng, _DATE_WEIGHTS)
    dates = sorted({str(v)[:10] for v in context.values(use)})
    before, after = [d for d in dates if d < value], [d for d in dates if d > value]
    if operator == "year":
        return Filter(use, operator, (f"{value[:4]}-01-01", f"{value[:4]}-12-31"))
    if operator == "month":
        return Filter(use, operator, (f"{value[:7]}-01", f"{value[:7]}-{_last_day(value[:7])}"))
    if operator == "between":
        return Filter(use, operator, (context.pick([*before, value]), context.pick([*after, _next_year(value)])))
    if operator in (">", "<"):
        side = before if operator == ">" else after
        if side:
            return Filter(use, operator, (_start_of_month(context, context.pick(side), value, operator),))
        operator += "="
    return Filter(use, operator, (value,))


def _start_of_month(context: QueryContext, bound: str, value: str, operator: str) -> str:
    """Sometimes move a bound to the first day of a month, if the witness stays on its side."""
    first = (value if operator == ">" else bound)[:7] + "-01"
    holds = first < value if operator == ">" else first > value
    return first if holds and context.chance(0.5) else bound


def _last_day(month: str) -> str:
    """Return the last day of a month given as YYYY-MM."""
    year, number = int(month[:4]), int(month[5:])
    if number == 2:
        return "29" if year % 4 == 0 and (year % 100 or year % 400 == 0) else "28"
    return "30" if number in (4, 6, 9, 11) else "31"


def _next_year(value: str) -> str:
    """Return the last day of the date's year."""
    return f"{value[:4]}-12-31"


def holds(item: Filter, row: Row) -> bool:
    """Return whether the filter lets the row through; NULL passes nothing but IS NULL."""
    value = row[item.use.column.name]
    if item.operator in ("null", "not null"):
        return (value is None) == (item.operator == "null")
    if value is None:
        return False
    if item.use.column.has_time:
        value = str(value)[:10]
    return _COMPARE[item.operator](value, item.values)


_COMPARE: dict[str, Callable[..., bool]] = {
    "=": lambda value, given: value == given[0],
    "<>": lambda value, given: value != given[0],
    ">": lambda value, given: value > given[0],
    ">=": lambda value, given: value >= given[0],
    "<": lambda value, given: value < given[0],
    "<=": lambda value, given: value <= given[0],
    "between": lambda value, given: given[0] <= value <= given[1],
    "year": lambda value, given: given[0] <= value <= given[1],
    "month": lambda value, given: given[0] <= value <= given[1],
    "in": lambda value, given: value in given,
    "not in": lambda value, given: value not in given,
    "prefix": lambda value, given: value.lower().startswith(given[0].lower()),
    "suffix": lambda value, given: value.lower().endswith(given[0].lower()),
    "contains": lambda value, given: given[0].lower() in value.lower(),
}


def passes(where: Condition, row: Row) -> bool:
    """Return whether a row of the condition's table passes it."""
    results = [holds(item, row) for item in where.filters]
    return any(results) if where.connective == "or" else all(results)


def own_uses(table: TablePlan) -> list[ColumnUse]:
    """Return every column of a table as a use."""
    return [ColumnUse(table, column) for column in table.columns]


def condition_on(
    context: QueryContext, table: TablePlan, share: float, besides: tuple[ColumnPlan, ...] = ()
) -> Condition | None:
    """Return a condition on a table in `share` of the cases, on other columns than `besides`."""
    if not context.chance(share):
        return None
    row = context.pick([r for r in context.rows(table) if all(r[column.name] is not None for column in besides)])
    uses = [pair for pair in filter_uses(own_uses(table), row) if pair[0].column not in besides]
    return make_condition(context, uses)
