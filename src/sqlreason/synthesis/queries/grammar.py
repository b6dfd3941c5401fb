"""The grammar of queries: every shape with its weight, and `compose`, which draws a draft from an annotated schema."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlreason.errors import BadInput
from sqlreason.synthesis.queries import (
    aggregates,
    comparisons,
    ctes,
    joins,
    relations,
    row_selections,
    set_operations,
    windows,
    writes,
)
from sqlreason.synthesis.queries.draft_context import DraftContext
from sqlreason.synthesis.queries.meaning import Draft
from sqlreason.synthesis.schema.annotated_schema import AnnotatedSchema, Unsuitable
from sqlreason.synthesis.schema.rows import Contents, sample_contents

_TRIES = 60  # an annotated schema without links or measures refuses many shapes; basic ones fit every annotated schema


# Factors on the families, by how hard the questions are to be.
DIFFICULTIES: dict[str, dict[str, float]] = {
    "mixed": {},
    "easy": {"joins": 0.3, "subqueries": 0, "sets": 0, "windows": 0, "ctes": 0},
    "medium": {"basic": 0.6, "sets": 0.5, "windows": 0.3, "ctes": 0.3},
    "hard": {"basic": 0.15, "aggregation": 0.4, "subqueries": 2, "sets": 2, "windows": 2, "ctes": 2},
}


class NothingFits(BadInput):
    """No shape of the mix fits the annotated schema."""


@dataclass(frozen=True)
class Shape:
    """One shape of query: how to draw it, its family and how often it comes."""

    draw: Callable[[DraftContext], Draft]
    family: str
    weight: float


SHAPES: dict[str, Shape] = {
    "select_columns": Shape(row_selections.select_columns, "basic", 14),
    "select_all": Shape(row_selections.select_all, "basic", 3),
    "select_distinct": Shape(row_selections.select_distinct, "basic", 4),
    "select_superlative": Shape(row_selections.select_superlative, "basic", 6),
    "select_label": Shape(row_selections.select_label, "basic", 1.5),
    "find_by_key": Shape(row_selections.find_by_key, "basic", 2),
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
    "join_itself": Shape(joins.join_itself, "joins", 1),
    "pair_rows": Shape(joins.pair_rows, "joins", 0.4),
    "count_with_none": Shape(relations.count_with_none, "joins", 1.2),
    "rows_or_none": Shape(relations.rows_or_none, "joins", 0.8),
    "rows_without": Shape(relations.rows_without, "subqueries", 2.5),
    "rows_with": Shape(relations.rows_with, "subqueries", 2.5),
    "rows_by_parent": Shape(relations.rows_by_parent, "subqueries", 2),
    "average_of_counts": Shape(relations.average_of_counts, "subqueries", 0.5),
    "beyond_average": Shape(comparisons.beyond_average, "subqueries", 3),
    "at_extreme": Shape(comparisons.at_extreme, "subqueries", 1.5),
    "beyond_group": Shape(comparisons.beyond_group, "subqueries", 1.5),
    "same_as": Shape(comparisons.same_as, "subqueries", 1),
    "unite_filters": Shape(set_operations.unite_filters, "sets", 1),
    "intersect_filters": Shape(set_operations.intersect_filters, "sets", 1),
    "except_filters": Shape(set_operations.except_filters, "sets", 1),
    "unite_tables": Shape(set_operations.unite_tables, "sets", 1),
    "combine_keys": Shape(set_operations.combine_keys, "sets", 0.8),
    "rank_rows": Shape(windows.rank_rows, "windows", 2),
    "running_total": Shape(windows.running_total, "windows", 0.7),
    "beside_group": Shape(windows.beside_group, "windows", 1),
    "top_within": Shape(windows.top_within, "windows", 1.2),
    "previous_value": Shape(windows.previous_value, "windows", 0.5),
    "groups_beyond": Shape(ctes.groups_beyond, "ctes", 1),
    "groups_beyond_average": Shape(ctes.groups_beyond_average, "ctes", 1),
    "group_selection": Shape(ctes.group_selection, "ctes", 1),
    "join_counts": Shape(ctes.join_counts, "ctes", 1),
    "insert_row": Shape(writes.insert_row, "writes", 2),
    "update_value": Shape(writes.update_value, "writes", 2),
    "update_shift": Shape(writes.update_shift, "writes", 1.2),
    "delete_rows": Shape(writes.delete_rows, "writes", 1.8),
    "delete_by_parent": Shape(writes.delete_by_parent, "writes", 0.4),
}


def compose(
    annotated_schema: AnnotatedSchema,
    rng: random.Random,
    mix: Mapping[str, float] | None = None,
    contents: Contents | None = None,
) -> Draft:
    """Return a draft over an annotated schema.

    Args:
        annotated_schema: The schema to ask about.
        rng: Source of all choices.
        mix: Factors on the weights, by family or by shape; what is not named keeps its weight.
        contents: The populated rows, so that literals occur in them; drawn here where none are given.

    Raises:
        NothingFits: Nothing in the mix fits the annotated schema.
        ValueError: The mix names something unknown.
    """
    names, weights = weigh(mix)
    context = DraftContext(
        annotated_schema, sample_contents(annotated_schema, rng) if contents is None else contents, rng
    )
    for _ in range(_TRIES):
        name = rng.choices(names, weights)[0]
        try:
            return SHAPES[name].draw(context)
        except Unsuitable:
            continue
    raise NothingFits(f"no shape of the mix {dict(mix or {})} fits the schema {annotated_schema.name}; widen the mix")


def weigh(mix: Mapping[str, float] | None) -> tuple[list[str], list[float]]:
    """Return the shapes and their weights under a mix.

    Raises:
        ValueError: The mix names something unknown or leaves nothing.
    """
    factors = dict(mix or {})
    known = {*SHAPES, *(shape.family for shape in SHAPES.values())}
    unknown = sorted(set(factors) - known)
    if unknown:
        raise BadInput(f"the mix names {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    weights = {
        name: shape.weight * factors.get(shape.family, 1.0) * factors.get(name, 1.0) for name, shape in SHAPES.items()
    }
    kept = {name: weight for name, weight in weights.items() if weight > 0}
    if not kept:
        raise BadInput("the mix leaves no shape with a weight above 0; name at least one family")
    return list(kept), list(kept.values())
