"""What the placeholders of templates stand for: each is filled from the parts of a query."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from sqlreason.synthesis.drawing.query_parts import Aggregate, ColumnUse, Ordering
from sqlreason.synthesis.english import article, be
from sqlreason.synthesis.wording import links, phrases
from sqlreason.synthesis.wording.condition_clauses import after_noun
from sqlreason.synthesis.wording.phrases import list_aggregates, list_columns, name_aggregate, name_use, order_clause

Parts = Mapping[str, Any]
Fill = Callable[[Parts, random.Random], str]

_COMPARED = {
    ">": ("above {n}", "more than {n}", "greater than {n}", "over {n}"),
    ">=": ("at least {n}", "{n} or more", "no less than {n}"),
    "<": ("below {n}", "less than {n}", "under {n}"),
    "<=": ("at most {n}", "{n} or less", "no more than {n}"),
}
_COUNTED = {
    ">": ("more than {n}",), ">=": ("at least {n}", "{n} or more"), "<": ("fewer than {n}",), "<=": ("at most {n}",),
}  # fmt: skip


def compared(parts: Parts, rng: random.Random) -> str:
    """Return `above 30` for the bound of the parts."""
    return rng.choice(_COMPARED[parts["operator"]]).format(n=parts["bound"])


def having(parts: Parts, rng: random.Random) -> str:
    """Return what a group has to have: `more than 2 orders`, `an average price above 30`."""
    measure: Aggregate = parts["measure"]
    if measure.use is None:
        assert measure.counted is not None
        noun = measure.counted.singular if parts["bound"] == 1 else measure.counted.plural
        return rng.choice(_COUNTED[parts["operator"]]).format(n=parts["bound"]) + f" {noun}"
    name = name_aggregate(measure, rng).removeprefix("the ")
    link = rng.choice(("", "of ")) if parts["operator"] in (">=", "<=") else ""
    return f"{article(name)} {name} {link}{compared(parts, rng)}"


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


def _measured(parts: Parts) -> ColumnUse:
    """Return the column that rows are ordered or measured by."""
    return parts["by"] if "by" in parts else parts["order"].by


def _role(parts: Parts) -> str:
    """Return what the row is called to which a reference leads."""
    return str(parts["role"] if "role" in parts else parts["link"].reference.role)


def _with_article(noun: str) -> str:
    """Return `an order`; a plural has none."""
    return f"{article(noun)} {noun}"


PLACEHOLDERS: dict[str, Fill] = {
    "subject": lambda parts, rng: parts["subject"].singular,
    "subjects": lambda parts, rng: parts["subject"].plural,
    "all": lambda parts, rng: phrases.all_rows(parts["subject"], rng),
    "the_all": lambda parts, rng: f"{rng.choice(('the ', ''))}{parts['subject'].plural}",
    "columns": lambda parts, rng: list_columns(parts["columns"], rng),
    "bare": lambda parts, rng: list_columns(parts["columns"], rng, article=False),
    "plurals": lambda parts, rng: phrases.list_plurals(parts["columns"]),
    "where": lambda parts, rng: after_noun(parts.get("where"), rng),
    "of_where": _of_where,
    "order": lambda parts, rng: order_clause(parts.get("order"), rng),
    "measure": lambda parts, rng: name_aggregate(parts["measure"], rng),
    "measures": lambda parts, rng: list_aggregates(parts["measures"], rng),
    "group": lambda parts, rng: name_use(parts["group"]),
    "group_plural": lambda parts, rng: phrases.pluralise_use(parts["group"]),
    "having": having,
    "compared": compared,
    "peak": peak,
    "one": _one,
    "extreme": _extreme,
    "top": lambda parts, rng: _counted_noun(parts["subject"].singular, parts["subject"].plural, parts["order"].limit),
    "top_group": lambda parts, rng: _counted_noun(
        name_use(parts["group"]), phrases.pluralise_use(parts["group"]), parts["order"].limit
    ),
    "is": lambda parts, rng: "is" if parts["order"].limit == 1 else "are",
    "has": lambda parts, rng: "has" if parts["order"].limit == 1 else "have",
    "by": lambda parts, rng: name_use(_measured(parts)),
    "a_by": lambda parts, rng: article(name_use(_measured(parts))),
    "direction": _direction,
    "n": _number_first,
    "name": lambda parts, rng: name_use(parts["name"]),
    "bound": lambda parts, rng: str(parts["bound"]),
    "yes": lambda parts, rng: str(parts["words"][0]),
    "no": lambda parts, rng: str(parts["words"][1]),
    "key": lambda parts, rng: name_use(parts["key"]),
    "value": lambda parts, rng: phrases.say_value(parts["value"], rng),
    "column": lambda parts, rng: name_use(parts["column"]),
    "plural": lambda parts, rng: phrases.pluralise_use(parts["column"]),
    "date": lambda parts, rng: name_use(parts["date"]),
    "first": lambda parts, rng: phrases.say_value(parts["first"], rng),
    "second": lambda parts, rng: phrases.say_value(parts["second"], rng),
    "children": lambda parts, rng: parts["link"].child.plural,
    "child": lambda parts, rng: parts["link"].child.singular,
    "parents": lambda parts, rng: parts["link"].parent.plural,
    "role": lambda parts, rng: _role(parts),
    "without": links.without_child,
    "with_child": links.with_child,
    "of_parent": links.of_parent,
    "as_role": links.as_role,
    "shown": lambda parts, rng: name_use(parts["shown"]),
    "beyond": links.beyond,
    "is_by": lambda parts, rng: be(name_use(_measured(parts))),
    "fn": links.extreme_word,
    "fn_word": links.average_word,
    "second_where": lambda parts, rng: after_noun(parts["second_where"], rng),
    "second_column": lambda parts, rng: name_use(parts["second_column"]),
    "second_plural": lambda parts, rng: phrases.pluralise_use(parts["second_column"]),
    "others": lambda parts, rng: parts["other"].plural,
    "an_other": lambda parts, rng: _with_article(parts["other"].singular),
    "a_subject": lambda parts, rng: _with_article(parts["subject"].singular),
    "a_role": lambda parts, rng: _with_article(_role(parts)),
    "a_column": lambda parts, rng: _with_article(name_use(parts["column"])),
    "keys": lambda parts, rng: phrases.pluralise_use(parts["key"]),
    "scale": links.scale,
    "child_value": links.child_value,
    "rank": links.rank_word,
    "group_value": links.group_value,
    "how_many": links.how_many,
    "a_value": links.a_value,
    "given": links.given_values,
    "changed": links.changed_rows,
    "to": lambda parts, rng: phrases.say_value(parts["value"], rng),
    "to_flag": lambda parts, rng: str(parts["value"]).lower(),
    "flag": lambda parts, rng: phrases.flag_of(parts["column"]),
    "amount": lambda parts, rng: str(parts["amount"]),
    "Raise": lambda parts, rng: _raise(parts, rng).capitalize(),
    "raise": lambda parts, rng: _raise(parts, rng),
}


def _raise(parts: Parts, rng: random.Random) -> str:
    """Return the verb for a change upwards or downwards."""
    return rng.choice(("increase", "raise") if parts["raised"] else ("decrease", "lower", "reduce"))
