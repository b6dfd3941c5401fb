"""Questions of which few are asked over the same schema: a student cannot learn those names by heart.

The schemas are variations of hand-written ones (`augmentation.vary`): fewer tables and columns, names in the styles of
real databases, columns of other domains. For a student that knows English and SQL already, and has to learn to read a
schema that it has never seen.
"""

import logging
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from sqlreason.sql.verifier import Verifier
from sqlreason.synthesis.questions import CLASS_CAPS, COLUMNS, answers, as_row, stream
from sqlreason.synthesis.schema.annotated_schema import AnnotatedSchema

logger = logging.getLogger(__name__)

_FRUITLESS = 1000  # draws in a row without a new question: the caps of classes are lifted, and then it ends


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
        The columns of `questions.COLUMNS`; fewer rows than wanted, with a log line, where the mix gives no more that
        differ.

    Raises:
        NothingFits: No schema has anything for the mix.
    """
    rng = random.Random(f"varied:{seed}")
    classes: Counter[str] = Counter()
    seen: set[str] = set()
    rows: list[dict[str, str]] = []
    capped, fruitless = True, 0
    for question in stream(annotated_schemas, rng, mix, varied_share=1.0, in_a_row=each, wide_share=wide_share):
        if len(rows) == wanted:
            break
        if fruitless == _FRUITLESS:
            if not capped:
                logger.warning("the mix gave %d of %d questions: no more that differ", len(rows), wanted)
                break
            capped, fruitless = False, 0  # a mix without joins leaves a third of the questions to no other class
        fruitless += 1
        full = capped and classes[question.complexity] >= max(1, round(CLASS_CAPS[question.complexity] * wanted))
        if full or question.prompt in seen or not answers(question, verifier):
            continue
        fruitless = 0
        classes[question.complexity] += 1
        seen.add(question.prompt)
        rows.append(as_row(f"varied-{len(rows):05d}", question, rng))
        if progress is not None:
            progress(1)
    return pd.DataFrame(rows, columns=list(COLUMNS), dtype=object)
