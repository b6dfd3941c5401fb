"""The grammar of queries: every shape with its weight, and `compose`, which draws a draft from a blueprint."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlreason.synthesis.blueprint import Blueprint
from sqlreason.synthesis.meaning import Draft
from sqlreason.synthesis.population import Contents, sample_contents
from sqlreason.synthesis.scene import Scene, Unsuitable
from sqlreason.synthesis.shapes import aggregates, joins, selections

_TRIES = 60  # a blueprint without links or measures refuses many shapes; basic ones fit every blueprint


class NothingFits(ValueError):
    """No shape of the mix fits the blueprint."""


@dataclass(frozen=True)
class Shape:
    """One shape of query: how to draw it, its family and how often it comes."""

    draw: Callable[[Scene], Draft]
    family: str
    weight: float


SHAPES: dict[str, Shape] = {
    "select_columns": Shape(selections.select_columns, "basic", 14),
    "select_all": Shape(selections.select_all, "basic", 3),
    "select_distinct": Shape(selections.select_distinct, "basic", 4),
    "select_superlative": Shape(selections.select_superlative, "basic", 6),
    "select_label": Shape(selections.select_label, "basic", 1.5),
    "find_by_key": Shape(selections.find_by_key, "basic", 2),
    "aggregate_rows": Shape(aggregates.aggregate_rows, "aggregation", 10),
    "aggregate_twice": Shape(aggregates.aggregate_twice, "aggregation", 2),
    "count_distinct": Shape(aggregates.count_distinct, "aggregation", 2),
    "count_known": Shape(aggregates.count_known, "aggregation", 1),
    "aggregate_groups": Shape(aggregates.aggregate_groups, "aggregation", 7),
    "filter_groups": Shape(aggregates.filter_groups, "aggregation", 3),
    "top_groups": Shape(aggregates.top_groups, "aggregation", 3),
    "count_cases": Shape(aggregates.count_cases, "aggregation", 1),
    "aggregate_years": Shape(aggregates.aggregate_years, "aggregation", 1),
    "join_rows": Shape(joins.join_rows, "joins", 10),
    "join_aggregate": Shape(joins.join_aggregate, "joins", 6),
    "join_groups": Shape(joins.join_groups, "joins", 6),
    "join_top": Shape(joins.join_top, "joins", 3),
    "join_having": Shape(joins.join_having, "joins", 2),
}


def compose(
    blueprint: Blueprint,
    rng: random.Random,
    mix: Mapping[str, float] | None = None,
    contents: Contents | None = None,
) -> Draft:
    """Return a draft over a blueprint.

    Args:
        blueprint: The schema to ask about.
        rng: Source of all choices.
        mix: Factors on the weights, by family or by shape; what is not named keeps its weight.
        contents: The populated rows, so that literals occur in them; drawn here where none are given.

    Raises:
        NothingFits: Nothing in the mix fits the blueprint.
        ValueError: The mix names something unknown.
    """
    names, weights = weigh(mix)
    scene = Scene(blueprint, sample_contents(blueprint, rng) if contents is None else contents, rng)
    for _ in range(_TRIES):
        name = rng.choices(names, weights)[0]
        try:
            return SHAPES[name].draw(scene)
        except Unsuitable:
            continue
    raise NothingFits(f"no shape of the mix {dict(mix or {})} fits the schema {blueprint.name}; widen the mix")


def weigh(mix: Mapping[str, float] | None) -> tuple[list[str], list[float]]:
    """Return the shapes and their weights under a mix.

    Raises:
        ValueError: The mix names something unknown or leaves nothing.
    """
    factors = dict(mix or {})
    known = {*SHAPES, *(shape.family for shape in SHAPES.values())}
    unknown = sorted(set(factors) - known)
    if unknown:
        raise ValueError(f"the mix names {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    weights = {
        name: shape.weight * factors.get(shape.family, 1.0) * factors.get(name, 1.0)
        for name, shape in SHAPES.items()
    }
    kept = {name: weight for name, weight in weights.items() if weight > 0}
    if not kept:
        raise ValueError("the mix leaves no shape with a weight above 0; name at least one family")
    return list(kept), list(kept.values())
