"""What the slots of frames stand for: each fills itself from the parts of a draft's meaning."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from sqlreason.synthesis import phrases
from sqlreason.synthesis.clauses import after_noun
from sqlreason.synthesis.english import article, pluralise
from sqlreason.synthesis.meaning import Aggregate, ColumnUse, Ordering
from sqlreason.synthesis.phrases import list_aggregates, list_columns, name_aggregate, name_use, order_clause

Parts = Mapping[str, Any]
Slot = Callable[[Parts, random.Random], str]

_COMPARED = {
    ">": ("above {n}", "more than {n}", "greater than {n}", "over {n}"),
    ">=": ("at least {n}", "{n} or more", "no less than {n}"),
    "<": ("below {n}", "less than {n}", "under {n}"),
    "<=": ("at most {n}", "{n} or less", "no more than {n}"),
}
_COUNTED = {">": ("more than {n}",), ">=": ("at least {n}", "{n} or more"), "<": ("fewer than {n}",), "<=": ("at most {n}",)}


def compared(parts: Parts, rng: random.Random) -> str:
    """Return `above 30` for the bound of the parts."""
    return rng.choice(_COMPARED[parts["operator"]]).format(n=parts["bound"])


def having(parts: Parts, rng: random.Random) -> str:
    """Return what a group has to have: `more than 2 orders`, `an average price above 30`."""
    measure: Aggregate = parts["measure"]
    if measure.use is None:
        assert measure.counted is not None
        return rng.choice(_COUNTED[parts["operator"]]).format(n=parts["bound"]) + f" {measure.counted.plural}"
    name = name_aggregate(measure, rng).removeprefix("the ")
    return f"{article(name)} {name} {rng.choice(('', 'of ')) if parts['operator'] in ('>=', '<=') else ''}{compared(parts, rng)}"


def peak(parts: Parts, rng: random.Random) -> str:
    """Return what the first row of an order has: `highest price`, `largest number of orders`."""
    return phrases.name_extreme(parts["order"], rng).removeprefix("with the ")


def _one(parts: Parts, rng: random.Random) -> str:
    """Return `customer`, `3 customers`, `cheapest product`: the rows that a superlative is about."""
    order: Ordering = parts["order"]
    adjective = phrases.adjective_of(order, rng)
    noun = parts["subject"].singular if order.limit == 1 else parts["subject"].plural
    return " ".join(filter(None, ["" if order.limit == 1 else str(order.limit), adjective, noun]))


def _extreme(parts: Parts, rng: random.Random) -> str:
    """Return ` with the highest price`, or nothing where an adjective has said it."""
    return "" if phrases.adjective_of(parts["order"], rng) else f" {phrases.name_extreme(parts['order'], rng)}"


def _counted_noun(singular: str, plural: str, limit: int | None) -> str:
    """Return the noun in the number that a limit asks for."""
    return singular if limit == 1 else f"{limit} {plural}"


def _of_where(parts: Parts, rng: random.Random) -> str:
    """Return ` among orders with …`, or nothing: the rows that groups are made of."""
    where = after_noun(parts.get("where"), rng)
    if where or rng.random() < 0.25:
        return f" {rng.choice(('among', 'for', 'considering only'))} {parts['subject'].plural}{where}" if where else ""
    return ""


def _direction(parts: Parts, rng: random.Random) -> str:
    """Return the words for the direction of an order."""
    if parts["order"].descending:
        return rng.choice(("in descending order", "descending", "from the top down"))
    return rng.choice(("in ascending order", "ascending", "from the bottom up"))


def _number_first(parts: Parts, rng: random.Random) -> str:
    """Return how many of the first rows are kept, as `one` or a figure."""
    return "one" if parts["order"].limit == 1 else str(parts["order"].limit)


def _plural_of(use: ColumnUse, rng: random.Random) -> str:
    """Return the plural of a text column's name."""
    return pluralise(name_use(use, rng))


SLOTS: dict[str, Slot] = {
    "subject": lambda parts, rng: parts["subject"].singular,
    "subjects": lambda parts, rng: parts["subject"].plural,
    "all": lambda parts, rng: phrases.all_rows(parts["subject"], rng),
    "the_all": lambda parts, rng: f"{rng.choice(('the ', ''))}{parts['subject'].plural}",
    "their": lambda parts, rng: "their",
    "columns": lambda parts, rng: list_columns(parts["columns"], rng),
    "bare": lambda parts, rng: list_columns(parts["columns"], rng, article=False),
    "plurals": lambda parts, rng: phrases.list_plurals(parts["columns"], rng),
    "where": lambda parts, rng: after_noun(parts.get("where"), rng),
    "of_where": _of_where,
    "order": lambda parts, rng: order_clause(parts.get("order"), rng),
    "measure": lambda parts, rng: name_aggregate(parts["measure"], rng),
    "measures": lambda parts, rng: list_aggregates(parts["measures"], rng),
    "group": lambda parts, rng: name_use(parts["group"], rng),
    "group_plural": lambda parts, rng: _plural_of(parts["group"], rng),
    "having": having,
    "compared": compared,
    "peak": peak,
    "one": _one,
    "extreme": _extreme,
    "top": lambda parts, rng: _counted_noun(parts["subject"].singular, parts["subject"].plural, parts["order"].limit),
    "top_group": lambda parts, rng: _counted_noun(
        name_use(parts["group"], rng), _plural_of(parts["group"], rng), parts["order"].limit
    ),
    "is": lambda parts, rng: "is" if parts["order"].limit == 1 else "are",
    "has": lambda parts, rng: "has" if parts["order"].limit == 1 else "have",
    "by": lambda parts, rng: name_use(parts["order"].by if "order" in parts else parts["by"], rng),
    "a_by": lambda parts, rng: article(name_use(parts["by"], rng)),
    "direction": _direction,
    "n": _number_first,
    "name": lambda parts, rng: name_use(parts["name"], rng),
    "bound": lambda parts, rng: str(parts["bound"]),
    "yes": lambda parts, rng: str(parts["words"][0]),
    "no": lambda parts, rng: str(parts["words"][1]),
    "key": lambda parts, rng: name_use(parts["key"], rng),
    "value": lambda parts, rng: phrases.say_value(parts["value"], rng),
    "column": lambda parts, rng: name_use(parts["column"], rng),
    "plural": lambda parts, rng: _plural_of(parts["column"], rng),
    "date": lambda parts, rng: name_use(parts["date"], rng),
    "first": lambda parts, rng: phrases.say_value(parts["first"], rng),
    "second": lambda parts, rng: phrases.say_value(parts["second"], rng),
}
