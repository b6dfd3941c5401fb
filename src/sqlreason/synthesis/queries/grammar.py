"""The grammar of queries: every kind of question with its weight, and `compose`, which draws a query.

The kinds are those of the families beside this module; a module with a `FAMILY` is found without being named here.
"""

import random
from collections.abc import Iterable, Mapping
from importlib import import_module
from pkgutil import iter_modules

from sqlreason.errors import BadInput
from sqlreason.synthesis import queries
from sqlreason.synthesis.drawing.query_context import QueryContext
from sqlreason.synthesis.drawing.query_kinds import Family, QueryKind
from sqlreason.synthesis.drawing.query_parts import DrawnQuery
from sqlreason.synthesis.schema.annotated_schema import AnnotatedSchema, Unsuitable
from sqlreason.synthesis.schema.rows import Contents, sample_contents

_TRIES = 60  # an annotated schema without links or measures refuses many kinds; basic ones fit every annotated schema

# Factors on the families, by how hard the questions are to be.
DIFFICULTIES: dict[str, dict[str, float]] = {
    "mixed": {},
    "easy": {
        "joins": 0.3,
        "relations": 0.5,
        "rows_with_linked": 0,
        "rows_without_linked": 0,
        "subqueries": 0,
        "sets": 0,
        "windows": 0,
        "ctes": 0,
    },
    "medium": {"basic": 0.6, "sets": 0.5, "windows": 0.3, "ctes": 0.3},
    "hard": {"basic": 0.15, "aggregation": 0.4, "subqueries": 2, "sets": 2, "windows": 2, "ctes": 2},
}


class NothingFits(BadInput):
    """No kind of question in the mix fits the annotated schema."""


def find_families() -> list[Family]:
    """Return the `FAMILY` of every module in this folder that has one, by their places."""
    names = [found.name for found in iter_modules(queries.__path__) if found.name != "grammar"]
    modules = [import_module(f"{queries.__name__}.{name}") for name in names]
    families: list[Family] = [module.FAMILY for module in modules if hasattr(module, "FAMILY")]
    return sorted(families, key=lambda family: (family.place, family.name))


def collect_kinds(families: Iterable[Family]) -> dict[str, QueryKind]:
    """Return the kinds of families by name, in the families' order.

    Raises:
        ValueError: Two kinds share a name.
    """
    kinds: dict[str, QueryKind] = {}
    for family in families:
        if twice := sorted(kinds.keys() & family.kinds):
            raise ValueError(f"two kinds of question are called {', '.join(twice)}; rename that of {family.name}")
        kinds |= family.kinds
    return kinds


def collect_templates(kinds: Iterable[QueryKind]) -> dict[str, tuple[str, ...]]:
    """Return the sentence templates of kinds by their wording.

    Raises:
        ValueError: Two kinds bring templates for one wording.
    """
    templates: dict[str, tuple[str, ...]] = {}
    for kind in kinds:
        if twice := sorted(templates.keys() & kind.templates):
            raise ValueError(f"two kinds of question bring the wording {', '.join(twice)}; one of them has to share it")
        templates |= kind.templates
    return templates


QUERY_KINDS = collect_kinds(find_families())
TEMPLATES = collect_templates(QUERY_KINDS.values())


def compose(
    annotated_schema: AnnotatedSchema,
    rng: random.Random,
    mix: Mapping[str, float] | None = None,
    contents: Contents | None = None,
) -> DrawnQuery:
    """Return a query over an annotated schema.

    Args:
        annotated_schema: The schema to ask about.
        rng: Source of all choices.
        mix: Factors on the weights, by family or by kind; what is not named keeps its weight.
        contents: The populated rows, so that literals occur in them; drawn here where none are given.

    Raises:
        NothingFits: Nothing in the mix fits the annotated schema.
        ValueError: The mix names something unknown.
    """
    names, weights = weigh(mix)
    context = QueryContext(
        annotated_schema, sample_contents(annotated_schema, rng) if contents is None else contents, rng
    )
    for _ in range(_TRIES):
        name = rng.choices(names, weights)[0]
        try:
            return QUERY_KINDS[name].draw(context)
        except Unsuitable:
            continue
    raise NothingFits(
        f"no kind of question in the mix {dict(mix or {})} fits the schema {annotated_schema.name}; widen the mix"
    )


def weigh(mix: Mapping[str, float] | None) -> tuple[list[str], list[float]]:
    """Return the names of the kinds and their weights under a mix.

    Raises:
        ValueError: The mix names something unknown or leaves nothing.
    """
    factors = dict(mix or {})
    known = {*QUERY_KINDS, *(kind.family for kind in QUERY_KINDS.values())}
    unknown = sorted(set(factors) - known)
    if unknown:
        raise BadInput(f"the mix names {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    weights = {
        name: kind.weight * factors.get(kind.family, 1.0) * factors.get(name, 1.0) for name, kind in QUERY_KINDS.items()
    }
    kept = {name: weight for name, weight in weights.items() if weight > 0}
    if not kept:
        raise BadInput("the mix leaves no kind of question with a weight above 0; name at least one family")
    return list(kept), list(kept.values())
