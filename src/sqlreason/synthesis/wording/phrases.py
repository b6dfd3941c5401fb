"""English for query parts: columns, aggregates, orders, nouns; `condition_clauses` does conditions."""

import random

from sqlreason.synthesis.drawing.query_parts import Aggregate, ColumnUse, Ordering
from sqlreason.synthesis.english import enumerate_words, pluralise
from sqlreason.synthesis.schema.annotated_schema import TablePlan
from sqlreason.synthesis.schema.rows import Value

_FUNCTION_WORDS = {
    "sum": ("total", "total", "combined", "overall", "summed"),
    "avg": ("average", "average", "mean"),
    "min": ("minimum", "lowest", "smallest"),
    "max": ("maximum", "highest", "largest"),
}
_NOUN_WORDS = {
    "sum": ("sum", "total"), "avg": ("average", "mean"), "min": ("minimum",), "max": ("maximum",),
}  # fmt: skip
# Quantities with adjectives of their own: (most, least).
_SUPERLATIVES = {
    "price": ("most expensive", "cheapest"), "cost": ("most costly", "cheapest"), "age": ("oldest", "youngest"),
    "weight": ("heaviest", "lightest"), "height": ("tallest", "shortest"), "length": ("longest", "shortest"),
    "duration": ("longest", "shortest"), "depth": ("deepest", "shallowest"), "salary": ("best-paid", "worst-paid"),
    "area": ("largest", "smallest"), "speed": ("fastest", "slowest"),
}  # fmt: skip


def name_use(use: ColumnUse) -> str:
    """Return a column's noun phrase that may stand after `the`: order total, customer city."""
    phrase = use.column.phrase
    if not use.owner or _contains_noun(phrase, use.owner):
        return phrase
    return f"{use.owner}'s {phrase}" if " of " in phrase else f"{use.owner} {phrase}"


def _contains_noun(phrase: str, noun: str) -> bool:
    """Return whether the phrase names its owner already, as `customer name` does."""
    return noun.split()[-1].lower() in phrase.lower().split()


def flag_of(use: ColumnUse) -> str:
    """Return what a flag is about: `member` for is_member."""
    phrase = name_use(use)
    for opening in ("is ", "has ", "was "):
        phrase = phrase.removeprefix(opening)
    return phrase.replace(" is ", " ").replace(" has ", " ")


def describe_use(use: ColumnUse, rng: random.Random) -> str:
    """Return a column's noun phrase, perhaps in the longer form `city of the customer`."""
    if use.column.kind == "bool":
        return f"{flag_of(use)} flag"
    short = name_use(use)
    if short == use.column.phrase or rng.random() < 0.6:
        return short
    return f"{use.column.phrase} of the {use.owner}"


def list_columns(uses: tuple[ColumnUse, ...], rng: random.Random, article: bool = True) -> str:
    """Return the columns in their order: `the name and the city`."""
    names = [describe_use(use, rng) for use in uses]
    if not article:
        return enumerate_words(names)
    if rng.random() < 0.3:
        return enumerate_words([f"the {name}" for name in names])
    return f"the {enumerate_words(names)}"


def list_plurals(uses: tuple[ColumnUse, ...]) -> str:
    """Return the columns as plurals where English has them: `names and cities`."""
    return enumerate_words([pluralise_use(use) for use in uses])


def pluralise_use(use: ColumnUse) -> str:
    """Return the plural of a column's noun phrase."""
    return f"{flag_of(use)} flags" if use.column.kind == "bool" else pluralise(name_use(use))


def name_aggregate(item: Aggregate, rng: random.Random) -> str:
    """Return an aggregate as a noun phrase with its article: `the average order total`."""
    if item.use is None:
        assert item.counted is not None
        return f"{rng.choice(('the number of', 'the number of', 'the count of'))} {item.counted.plural}"
    name = name_use(item.use)
    if item.function == "count":
        return f"the number of different {pluralise_use(item.use)}"
    words = [word for word in _FUNCTION_WORDS[item.function] if word not in name.split()]
    if not words or (rng.random() < 0.12 and not name.startswith("number of")):
        return f"the {rng.choice(_NOUN_WORDS[item.function])} of the {name}"
    return f"the {rng.choice(words)} {name}"


def list_aggregates(items: tuple[Aggregate, ...], rng: random.Random) -> str:
    """Return aggregates in their order; two over one column share its name: `the lowest and the highest price`."""
    first, *rest = items
    if rest and first.use and first.use == rest[0].use and rng.random() < 0.6:
        words = [rng.choice(_FUNCTION_WORDS[item.function]) for item in items]
        name = name_use(first.use)
        if not set(words) & set(name.split()):
            return f"the {words[0]} and {rng.choice(('the ', ''))}{words[1]} {name}"
    return enumerate_words([name_aggregate(item, rng) for item in items])


def order_clause(item: Ordering | None, rng: random.Random) -> str:
    """Return the order as a clause that opens with a comma, or nothing."""
    if item is None:
        return ""
    if isinstance(item.by, Aggregate):
        what, words = name_aggregate(item.by, rng), _QUANTITY_ORDER[item.descending]
        if rng.random() < 0.4:
            return f", {rng.choice(_EXTREME_FIRST[item.descending])}"
    else:
        what, words = f"{rng.choice(('the ', '', ''))}{name_use(item.by)}", _words_of_order(item)
    verb = rng.choice(("sorted by", "ordered by", "sorted by", "in order of", "arranged by"))
    keep = f", {rng.choice(_KEEP).format(n=item.limit)}" if item.limit else ""
    return f", {verb} {what}{rng.choice(words)}{keep}"


_KEEP = (
    "only the first {n}", "limited to {n} rows", "keeping the first {n}", "first {n} only", "at most {n} of them",
)  # fmt: skip
_QUANTITY_ORDER = {
    True: (" in descending order", " from highest to lowest", ", highest first", ", largest first", " descending"),
    False: (" in ascending order", " from lowest to highest", ", lowest first", ", smallest first", " ascending", ""),
}
_EXTREME_FIRST = {True: ("highest first", "largest value first"), False: ("lowest first", "smallest value first")}
_DATE_ORDER = {
    True: (" from latest to earliest", ", latest first", ", most recent first", ", newest first", " descending"),
    False: (" from earliest to latest", ", earliest first", ", oldest first", " in chronological order", ""),
}
_TEXT_ORDER = {
    True: (" in reverse alphabetical order", " from Z to A", " in descending order"),
    False: (" alphabetically", " in alphabetical order", " from A to Z", ""),
}


def _words_of_order(item: Ordering) -> tuple[str, ...]:
    """Return the words for a direction that suit the column."""
    assert isinstance(item.by, ColumnUse)
    column = item.by.column
    in_time = column.kind == "date" or column.is_year
    table = _TEXT_ORDER if column.is_text else _DATE_ORDER if in_time else _QUANTITY_ORDER
    return table[item.descending]


def name_extreme(item: Ordering, rng: random.Random) -> str:
    """Return `with the highest price`, to stand after a noun."""
    return f"with the {extreme_word(item, rng)} {_name_of_order(item, rng)}"


def extreme_word(item: Ordering, rng: random.Random) -> str:
    """Return the word for the end of the scale that an ordering puts first."""
    if isinstance(item.by, ColumnUse) and (item.by.column.kind == "date" or item.by.column.is_year):
        return rng.choice(("latest", "most recent")) if item.descending else "earliest"
    return rng.choice(("highest", "largest", "greatest") if item.descending else ("lowest", "smallest"))


def _name_of_order(item: Ordering, rng: random.Random) -> str:
    """Return what an ordering goes by."""
    if isinstance(item.by, ColumnUse):
        return name_use(item.by)
    return name_aggregate(item.by, rng).removeprefix("the ")


def adjective_of(item: Ordering, rng: random.Random) -> str:
    """Return `most expensive` and the like where the column is the only one of its table that could be meant."""
    if not isinstance(item.by, ColumnUse):
        return ""
    last = item.by.column.phrase.split()[-1].lower()
    rivals = [c for c in item.by.table.columns if c.phrase.split()[-1].lower() in _SUPERLATIVES]
    if last not in _SUPERLATIVES or len(rivals) > 1:
        return ""
    return _SUPERLATIVES[last][0 if item.descending else 1]


def say_value(value: Value, rng: random.Random, quoted_share: float = 0.3) -> str:
    """Return a literal as it stands in the data; texts are quoted in some questions."""
    draw = rng.random() < quoted_share
    if isinstance(value, str) and (value.isdigit() or (draw and not _is_date(value))):
        return f"'{value}'"  # a text of digits would pass for a number
    return str(value)


def _is_date(text: str) -> bool:
    """Return whether a text is an ISO date."""
    return len(text) == 10 and text[4] == text[7] == "-" and text[:4].isdigit()


def all_rows(table: TablePlan, rng: random.Random) -> str:
    """Return `customers`, `all customers`, `the customers`."""
    return f"{rng.choice(('', '', 'all ', 'the ', 'all the '))}{table.plural}"


def with_unit(text: str, use: ColumnUse, rng: random.Random) -> str:
    """Add the unit of a quantity in half of the cases, unless the column's name says it."""
    unit = use.column.unit
    if not unit or rng.random() < 0.5 or unit.rstrip("s").lower() in use.column.phrase.lower():
        return text
    return f"{text} {unit}"
