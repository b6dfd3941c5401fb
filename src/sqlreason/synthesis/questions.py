"""Questions with gold SQL: an endless stream for pretraining, and checked tables of questions."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlreason.synthesis.augmentation import vary
from sqlreason.synthesis.blueprint import Blueprint
from sqlreason.synthesis.grammar import NothingFits, compose
from sqlreason.synthesis.population import render_context, render_schema, sample_contents
from sqlreason.synthesis.wording import word


@dataclass(frozen=True)
class Question:
    """One question over one populated schema; `schema` is the schema's text without rows, as prompts show it."""

    domain: str
    context: str
    schema: str
    prompt: str
    sql: str
    complexity: str
    task_type: str
    shape: str


def stream(
    blueprints: Sequence[Blueprint],
    rng: random.Random,
    mix: Mapping[str, float] | None = None,
    varied_share: float = 0.8,
) -> Iterator[Question]:
    """Yield questions without end, each over a freshly populated blueprint; nothing is executed.

    Args:
        blueprints: The schemas to draw from; a schema that has nothing for the mix is passed over.
        rng: Source of all choices: the same state gives the same questions.
        mix: Factors on the weights of the grammar, see `grammar.compose`.
        varied_share: How many questions are asked over a variation of a schema, see `augmentation.vary`.
    """
    while True:
        blueprint = rng.choice(blueprints)
        if rng.random() < varied_share:
            blueprint = vary(blueprint, rng, blueprints)
        try:
            yield ask(blueprint, rng, mix)
        except NothingFits:
            continue


def ask(blueprint: Blueprint, rng: random.Random, mix: Mapping[str, float] | None = None) -> Question:
    """Return one question over a freshly populated blueprint."""
    contents = sample_contents(blueprint, rng)
    draft = compose(blueprint, rng, mix, contents)
    return Question(
        domain=blueprint.domain,
        context=render_context(blueprint, contents),
        schema=render_schema(blueprint),
        prompt=word(draft, rng),
        sql=draft.sql,
        complexity=draft.complexity,
        task_type=draft.task_type,
        shape=draft.shape,
    )
