"""English for what rows have, lack or belong to in another table, for the placeholders of such templates."""

import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlreason.synthesis.drawing.query_parts import Aggregate, Condition
from sqlreason.synthesis.english import article
from sqlreason.synthesis.wording.condition_clauses import after_noun
from sqlreason.synthesis.wording.phrases import name_aggregate, name_use, say_value

Parts = Mapping[str, Any]


def is_plain(parts: Parts) -> bool:
    """Return whether the link's role is just the noun of its table, so that `customers without orders` says it all."""
    link = parts["link"]
    return bool(link.reference.role == link.parent.singular)


def without_child(parts: Parts, rng: random.Random) -> str:
    """Return ` without any orders whose …`."""
    link = parts["link"]
    where = after_noun(parts.get("child_where"), rng)
    if not is_plain(parts):
        options: tuple[str, ...] = (f"that are not the {link.reference.role} of any {link.child.singular}",)
    else:
        options = (
            f"without any {link.child.plural}", f"that have no {link.child.plural}", f"with no {link.child.plural}",
            f"for which there is no {link.child.singular}", f"without a single {link.child.singular}",
            f"that do not have any {link.child.plural}",
        )  # fmt: skip
    return f" {rng.choice(options)}{where}"


def with_child(parts: Parts, rng: random.Random) -> str:
    """Return ` with at least one order whose …`."""
    link = parts["link"]
    where = after_noun(parts.get("child_where"), rng)
    if not is_plain(parts):
        options: tuple[str, ...] = (f"that are the {link.reference.role} of at least one {link.child.singular}",)
    else:
        options = (
            f"with at least one {link.child.singular}", f"that have at least one {link.child.singular}",
            f"that have {link.child.plural}", f"for which there is at least one {link.child.singular}",
        )  # fmt: skip
    return f" {rng.choice(options)}{where}"


def of_parent(parts: Parts, rng: random.Random) -> str:
    """Return ` of customers whose …`, or the filter with the role in its columns: ` whose customer city is …`."""
    link, where = parts["link"], parts["parent_where"]
    if is_plain(parts) and rng.random() < 0.65:
        opening = rng.choice(("of", "of", "belonging to", "that belong to"))
        return f" {opening} {link.parent.plural}{after_noun(where, rng)}"
    owned = tuple(replace(item, use=replace(item.use, owner=link.reference.role)) for item in where.filters)
    return after_noun(Condition(owned, where.connective), rng)


def as_role(parts: Parts, rng: random.Random) -> str:
    """Return ` as manager` where the link's role says more than its table, else nothing."""
    return "" if is_plain(parts) else f" as {parts['link'].reference.role}"


def beyond(parts: Parts, rng: random.Random) -> str:
    """Return `above` or `below` and their like."""
    if parts["operator"] == ">":
        return rng.choice(("above", "higher than", "greater than", "over"))
    return rng.choice(("below", "lower than", "less than", "under"))


def extreme_word(parts: Parts, rng: random.Random) -> str:
    """Return the adjective for a maximum or minimum."""
    words = {"max": ("highest", "largest", "maximum"), "min": ("lowest", "smallest", "minimum")}
    return rng.choice(words[parts["function"]])


def average_word(parts: Parts, rng: random.Random) -> str:
    """Return the adjective for an average, maximum or minimum of counts."""
    return "average" if parts["function"] == "avg" else extreme_word(parts, rng)


def group_value(parts: Parts, rng: random.Random) -> str:
    """Return `the average price`: a group's value that stands beside its rows."""
    return name_aggregate(Aggregate(parts["function"], parts["column"]), rng)


def child_value(parts: Parts, rng: random.Random) -> str:
    """Return an aggregate over the children of a row: `the number of orders`, `the total amount of the orders`."""
    measure: Aggregate = parts["measure"]
    name = name_aggregate(measure, rng)
    return name if measure.use is None else f"{name} of the {parts['link'].child.plural}"


def scale(parts: Parts, rng: random.Random) -> str:
    """Return the direction in which ranks are given."""
    if parts["order"].descending:
        return rng.choice(("from highest to lowest", "highest first", "in descending order", "with 1 for the highest"))
    return rng.choice(("from lowest to highest", "lowest first", "in ascending order", "with 1 for the lowest"))


def rank_word(parts: Parts, rng: random.Random) -> str:
    """Return the noun for a kind of rank; the kinds differ in how they treat ties."""
    if parts["kind"] == "dense":
        return rng.choice(("dense rank", "rank without gaps"))
    return "row number" if parts["kind"] == "number" else "rank"


def how_many(parts: Parts, rng: random.Random) -> str:
    """Return `the customer` or `the 2 customers`: how many rows of each group are kept."""
    limit = parts["order"].limit
    return parts["subject"].singular if limit == 1 else f"{limit} {parts['subject'].plural}"


def given_values(parts: Parts, rng: random.Random) -> str:
    """Return the values of a new row: `order id 12, status open and total 4.5`."""
    quoted, sign = float(rng.random() < 0.5), rng.choice((" ", " ", " = ", ": "))
    items = [
        f"{name_use(use)}{sign}{str(value).lower() if isinstance(value, bool) else say_value(value, rng, quoted)}"
        for use, value in parts["given"]
    ]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def changed_rows(parts: Parts, rng: random.Random) -> str:
    """Return the rows that a statement changes: `the order with order id 5`, `all orders whose …`."""
    table, where = parts["subject"], parts["where"]
    if where.filters[0].use.column.kind == "key":
        return f"the {table.singular}{after_noun(where, rng)}"
    noun = rng.choice((f"all {table.plural}", table.plural, f"the {table.plural}", f"every {table.singular}"))
    return noun + after_noun(where, rng)


def a_value(parts: Parts, rng: random.Random) -> str:
    """Return an aggregate with an indefinite article: `an average price`."""
    name = name_aggregate(parts["measure"], rng).removeprefix("the ")
    return f"{article(name)} {name}".strip()
