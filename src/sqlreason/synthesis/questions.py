"""Questions with gold SQL: an endless stream for pretraining, and checked tables of questions."""

import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from sqlreason.reasoning.explanation import explain_query
from sqlreason.sql.parsing.statements import template
from sqlreason.sql.verifier import Task, Verifier
from sqlreason.synthesis.drawing.native_sql import write_query
from sqlreason.synthesis.queries.grammar import NothingFits, compose
from sqlreason.synthesis.schema.annotated_schema import AnnotatedSchema
from sqlreason.synthesis.schema.augmentation import vary
from sqlreason.synthesis.schema.rows import Contents, render_context, render_schema, sample_contents
from sqlreason.synthesis.skeletons import Skeletons
from sqlreason.synthesis.wording.sentences import word

logger = logging.getLogger(__name__)

COLUMNS = (
    "id", "domain", "sql_prompt", "sql_context", "sql", "sql_explanation", "sql_complexity", "sql_task_type",
)  # fmt: skip
# No class may fill more of a schema's questions than this. The classes are gretel's.
CLASS_CAPS = {
    "basic SQL": 0.36, "aggregation": 0.28, "single join": 0.24, "multiple_joins": 0.15, "subqueries": 0.18,
    "set operations": 0.08, "window functions": 0.08, "CTEs": 0.08,
}  # fmt: skip
_ALIKE = 2  # questions of one schema with the same SQL template and the same question skeleton
_DRAWS = 40  # draws for each wanted question, after which a schema gives fewer
_MISSES = 100  # populated schemas that have nothing for the mix, after which no other is tried
_UNCAPPED_FROM = 0.5  # the share of draws after which the caps of classes are lifted: some schemas allow few classes


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


def stream(
    annotated_schemas: Sequence[AnnotatedSchema],
    rng: random.Random,
    mix: Mapping[str, float] | None = None,
    varied_share: float = 0.8,
    in_a_row: int = 1,
    wide_share: float = 0.0,
) -> Iterator[Question]:
    """Yield questions as long as they are asked for, each over a freshly populated annotated schema; none is executed.

    Args:
        annotated_schemas: The schemas to draw from; a schema that has nothing for the mix is passed over.
        rng: Source of all choices: the same state gives the same questions.
        mix: Factors on the weights of the grammar, see `grammar.compose`.
        varied_share: How many questions are asked over a variation of a schema, see `augmentation.vary`.
        in_a_row: Questions asked over the same schema and rows, before another is drawn.
        wide_share: How many of the variations have many tables.

    Raises:
        NothingFits: No schema has anything for the mix.
    """
    misses = 0
    while misses < _MISSES:
        misses += 1
        annotated_schema = rng.choice(annotated_schemas)
        if rng.random() < varied_share:
            annotated_schema = vary(annotated_schema, rng, annotated_schemas, wide_share)
        contents, texts = _populate(annotated_schema, rng)
        for _ in range(in_a_row):
            try:
                yield ask_over(annotated_schema, contents, texts, rng, mix)
                misses = 0
            except NothingFits:
                break
    raise NothingFits(f"no question of the mix {dict(mix or {})} fits any of {_MISSES} schemas drawn; widen the mix")


def ask(annotated_schema: AnnotatedSchema, rng: random.Random, mix: Mapping[str, float] | None = None) -> Question:
    """Return one question over a freshly populated annotated schema.

    Raises:
        NothingFits: No kind of question in the mix fits the annotated schema.
    """
    return ask_over(annotated_schema, *_populate(annotated_schema, rng), rng, mix)


def _populate(annotated_schema: AnnotatedSchema, rng: random.Random) -> tuple[Contents, tuple[str, str]]:
    """Return fresh rows, and the context and the schema that hold them."""
    contents = sample_contents(annotated_schema, rng)
    return contents, (render_context(annotated_schema, contents), render_schema(annotated_schema))


def ask_over(
    annotated_schema: AnnotatedSchema,
    contents: Contents,
    texts: tuple[str, str],
    rng: random.Random,
    mix: Mapping[str, float] | None = None,
    dialect: str = "sqlite",
) -> Question:
    """Return one question over given rows; `texts` are the context and the schema that hold them, in the dialect.

    Raises:
        NothingFits: No kind of question in the mix fits the annotated schema.
    """
    query = compose(annotated_schema, rng, mix, contents)
    return Question(
        domain=annotated_schema.domain,
        context=texts[0],
        schema=texts[1],
        prompt=word(query, rng),
        sql=write_query(query.tree, annotated_schema, dialect),
        complexity=query.complexity,
        task_type=query.task_type,
    )


def make_questions(
    annotated_schemas: Sequence[AnnotatedSchema],
    per_schema: int,
    verifier: Verifier,
    seed: int,
    progress: Callable[[int], None] | None = None,
    mix: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Return a question table whose every gold has run and, where it reads, found something.

    Args:
        annotated_schemas: The schemas to ask about.
        per_schema: Questions wanted for each; one that runs out of new questions gives fewer, with a log line.
        verifier: Runs the gold queries.
        seed: Draws everything; the questions of a schema depend on the seed and its name alone.
        progress: Called with the number of questions that a schema gave.
        mix: Factors on the weights of the grammar, see `grammar.compose`.

    Returns:
        The columns of `COLUMNS`, the schemas taking turns, so that any head of the table is balanced over them.

    Raises:
        NothingFits: No schema has anything for the mix.
    """
    turns: list[tuple[int, int, dict[str, str]]] = []
    for place, annotated_schema in enumerate(annotated_schemas):
        rng = random.Random(f"{seed}:{annotated_schema.name}")
        rows = _ask_schema(annotated_schema, per_schema, verifier, rng, mix)
        turns += [(number, place, row) for number, row in enumerate(rows)]
        if progress is not None:
            progress(len(rows))
    if not turns:
        raise NothingFits(f"no question of the mix {dict(mix or {})} fits any of the schemas; widen the mix")
    return pd.DataFrame([row for _, _, row in sorted(turns, key=lambda turn: turn[:2])], columns=list(COLUMNS))


def _ask_schema(
    annotated_schema: AnnotatedSchema,
    wanted: int,
    verifier: Verifier,
    rng: random.Random,
    mix: Mapping[str, float] | None = None,
) -> list[dict[str, str]]:
    """Return the checked questions of one schema."""
    skeletons = Skeletons(annotated_schema)
    classes: Counter[str] = Counter()
    alike: Counter[tuple[str, str]] = Counter()
    seen: set[str] = set()
    rows: list[dict[str, str]] = []
    misses = 0
    for draw in range(wanted * _DRAWS):
        if len(rows) == wanted or misses == _MISSES:
            break
        try:
            question = ask(annotated_schema, rng, mix)
        except NothingFits:  # other rows may do
            misses += 1
            continue
        kind = (template(question.sql), skeletons.of(question.prompt))
        capped = draw < wanted * _DRAWS * _UNCAPPED_FROM
        if capped and classes[question.complexity] >= max(1, round(CLASS_CAPS[question.complexity] * wanted)):
            continue
        if alike[kind] >= _ALIKE or {question.sql, question.prompt} & seen or not answers(question, verifier):
            continue
        classes[question.complexity] += 1
        alike[kind] += 1
        seen |= {question.sql, question.prompt}
        rows.append(as_row(f"{annotated_schema.name}-{len(rows):04d}", question, rng))
    if len(rows) < wanted:
        logger.info("%s gave %d of %d questions: no more that differ", annotated_schema.name, len(rows), wanted)
    return rows


def answers(question: Question, verifier: Verifier) -> bool:
    """Return whether the gold runs and finds something: rows not all NULL; a write must run and leave other rows."""
    if question.task_type == "data manipulation":
        task = Task(id="", gold=question.sql, databases=(question.context,))
        (trial,) = verifier.trial(task, [])
        return not trial[0] and trial[1]
    result = verifier.run(question.context, question.sql)
    return result.status == "ok" and any(value is not None for row in result.rows for value in row)


def as_row(name: str, question: Question, rng: random.Random, dialect: str = "sqlite") -> dict[str, str]:
    """Return a question as a row of the table, with an explanation in words that are drawn, and what is not SQLite."""
    explanation = explain_query(question.sql, rng, style="sentence")
    values = (
        name, question.domain, question.prompt, question.context, question.sql, explanation,
        question.complexity, question.task_type,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True)) | ({} if dialect == "sqlite" else {"dialect": dialect})
