"""Questions of which few are asked over the same schema: a student cannot learn those names by heart.

The schemas are variations of hand-written ones (`augmentation.vary`): fewer tables and columns, names in the styles of
real databases, columns of other domains. For a student that knows English and SQL already, and has to learn to read a
schema that it has never seen.
"""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from sqlreason.sql.verifier import Verifier
from sqlreason.synthesis.questions import CLASS_CAPS, COLUMNS, answers, as_row, stream
from sqlreason.synthesis.schema.annotated_schema import AnnotatedSchema


def make_varied_questions(
    annotated_schemas: Sequence[AnnotatedSchema],
    wanted: int,
    verifier: Verifier,
    seed: int,
    mix: Mapping[str, float] | None = None,
    each: int = 1,
    wide_share: float = 0.0,
    progress: Callable[[int], None] | None = None,
) -> pd.DataFrame:
    """Return a question table whose every gold has run and, where it reads, found something.

    Args:
        annotated_schemas: The schemas to vary.
        wanted: How many questions.
        verifier: Runs the gold queries.
        seed: Draws everything.
        mix: Factors on the weights of the grammar, see `grammar.compose`.
        each: Questions asked over each variation.
        wide_share: How many variations have many tables.
        progress: Called with 1 at each question.

    Returns:
        The columns of `questions.COLUMNS`.
    """
    rng = random.Random(f"varied:{seed}")
    classes: Counter[str] = Counter()
    seen: set[str] = set()
    rows: list[dict[str, str]] = []
    for question in stream(annotated_schemas, rng, mix, varied_share=1.0, in_a_row=each, wide_share=wide_share):
        if len(rows) == wanted:
            break
        full = classes[question.complexity] >= max(1, round(CLASS_CAPS[question.complexity] * wanted))
        if full or question.prompt in seen or not answers(question, verifier):
            continue
        classes[question.complexity] += 1
        seen.add(question.prompt)
        rows.append(as_row(f"varied-{len(rows):05d}", question, rng))
        if progress is not None:
            progress(1)
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
