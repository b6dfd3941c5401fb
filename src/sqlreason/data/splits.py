"""Disjoint parts of a question table: whole schemas, or whole SQL templates where there are few schemas.

SFT, GRPO and the evaluation must not share a schema, otherwise a student that memorised one looks like a
student that reasons.
"""

import hashlib
import logging
from collections.abc import Iterable

import pandas as pd

from sqlreason.sql.parsing import schema, statements

logger = logging.getLogger(__name__)

FEW_SCHEMAS = 5
#: No more of a training's prompts than this is kept back for its dev evaluation.
DEV_SHARE = 0.25


def group_keys(questions: pd.DataFrame) -> pd.Series:
    """Return one key a question: its schema's fingerprint, or its SQL template if there are few schemas.

    Args:
        questions: Table with `sql_context` and the gold query, `gold_sql` or, in question tables, `sql`.

    Returns:
        Keys on the index of `questions`. A context that does not parse is a schema of its own.
    """
    by_schema = _by_value(questions["sql_context"], _fingerprint)
    if by_schema.nunique() >= FEW_SCHEMAS:
        return by_schema
    return _by_value(questions["gold_sql" if "gold_sql" in questions else "sql"], statements.template)


def fingerprints(contexts: pd.Series) -> pd.Series:
    """Return the schema fingerprints of contexts, on the contexts themselves as index."""
    return _by_value(contexts, _fingerprint).set_axis(pd.Index(contexts))


def reserve(keys: pd.Series, share: float, seed: int) -> pd.Series:
    """Return True for the rows whose group is kept back; about `share` of the groups are.

    The choice depends on each key and the seed alone, so that adding questions moves none.
    """
    return _by_value(keys, lambda key: is_reserved(key, share, seed)).astype(bool)


def is_reserved(key: str, share: float, seed: int) -> bool:
    """Whether the group with this key is kept back."""
    return _draw(key, seed) < share


def hold_back(keys: pd.Series, rows: int, most: float, seed: int) -> pd.Series:
    """Return True for the rows of whole groups that are kept back: as few as hold `rows` rows, chosen by the seed.

    Unlike `reserve`, whose share of few groups may be none or half of them by chance.

    Args:
        keys: See `group_keys`.
        rows: So many are wanted; more by the rest of the last group, fewer where `most` forbids another.
        most: Never more than this share of all rows.
        seed: Chooses the groups.
    """
    sizes = keys.value_counts()
    left, held = most * len(keys), set()
    for key in sorted(sizes.index, key=lambda key: _draw(key, seed)):
        if rows > 0 and sizes[key] <= left:
            held.add(key)
            rows, left = rows - sizes[key], left - sizes[key]
    return keys.isin(held)


def split_questions(questions: pd.DataFrame, grpo_share: float, seed: int) -> pd.DataFrame:
    """Return which questions the teacher is asked and which are kept back for GRPO (table `question_split`).

    Args:
        questions: Question table.
        grpo_share: About so many of the groups are kept back; for 0 both stages use every question.
        seed: See `reserve`.
    """
    keys = group_keys(questions)
    reserved = reserve(keys, grpo_share, seed)
    return pd.DataFrame(
        {
            "id": questions["id"],
            "group": keys,
            "for_teacher": ~reserved,
            "for_grpo": reserved | (grpo_share == 0),
        }
    )


def split_dev(prompts: pd.DataFrame, rows: int, fewest: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame | None]:
    """Return the prompts to train on and those of the dev evaluation, which share no schema; None for no evaluation.

    Args:
        prompts: Table `grpo_prompts`.
        rows: So many are wanted for the evaluation; 0 for none.
        fewest: With fewer prompts than this left, nothing could be trained, and there is no evaluation.
        seed: Chooses the schemas, and the prompts of these.
    """
    if not rows:
        return prompts, None
    held = hold_back(group_keys(prompts), rows, DEV_SHARE, seed)
    if not held.any() or (~held).sum() < fewest:
        logger.warning("grpo: too few prompts to hold some schemas back: training without a dev evaluation")
        return prompts, None
    dev = prompts[held]
    return prompts[~held], dev.sample(min(rows, len(dev)), random_state=seed)


def reserved_questions(questions: pd.DataFrame, question_split: pd.DataFrame) -> pd.DataFrame:
    """Return the questions kept back for GRPO; all of them where nothing is kept back (the article's way)."""
    return questions[questions["id"].isin(question_split.loc[question_split["for_grpo"], "id"])]


def draw_rows(frame: pd.DataFrame, n: int | None, seed: int) -> pd.DataFrame:
    """Return `n` rows in their order (all of them for None), the same for the same seed."""
    return frame if n is None or n >= len(frame) else frame.sample(n, random_state=seed).sort_index()


def overlap(left: Iterable[str], right: Iterable[str]) -> int:
    """Return how many groups two parts share."""
    return len(set(left) & set(right))


def _by_value(values: pd.Series, function) -> pd.Series:
    texts = values.fillna("")  # a question without a gold, or without a context, has its group too
    return texts.map({text: function(text) for text in texts.unique()})


def _fingerprint(context: str) -> str:
    found = schema.find_definitions(context)
    return found.fingerprint if found else _digest(context)


def _draw(key: str, seed: int) -> float:
    """A number in [0, 1) that hangs on the key and the seed alone."""
    return int(_digest(f"{seed}:{key}")[:8], 16) / 0x1_0000_0000


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
