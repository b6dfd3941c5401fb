"""Telling examples for the report: what changed between two students, and what both still get wrong."""

import pandas as pd

from sqlreason.reasoning import format as grammar

# What happened to a question from the first student to the second, and in which order it is told.
KINDS = ("gained", "lost", "both wrong", "both right")


def telling_examples(
    prompts: pd.DataFrame, answers: dict[str, pd.DataFrame], scores: dict[str, pd.DataFrame], limit: int
) -> pd.DataFrame:
    """Return answers of the last student, an equal number for each of `KINDS` where there are so many.

    Args:
        prompts: Table `evaluation_prompts`.
        answers: Student -> table `answers`; the last two are compared.
        scores: Student -> table `scores`.
        limit: Rows at most.

    Returns:
        Columns `student`, `kind`, `question`, `think`, `sql`, `gold_sql`, `agrees`, `reason`.
    """
    before, after = list(scores)[-2:]
    frame = prompts.merge(answers[after][["id", "text"]], on="id").merge(
        scores[after][["id", "agrees", "reason"]], on="id"
    )
    frame = frame.merge(scores[before][["id", "agrees"]].rename(columns={"agrees": "before"}), on="id")
    frame["kind"] = [_kind(first, second) for first, second in zip(frame["before"], frame["agrees"], strict=True)]
    share = -(-limit // len(KINDS))
    chosen = pd.concat([frame[frame["kind"] == kind].head(share) for kind in KINDS]).head(limit)
    readings = [grammar.parse(text) for text in chosen["text"]]
    return pd.DataFrame(
        {
            "student": after,
            "kind": chosen["kind"].to_numpy(),
            "question": chosen["sql_prompt"].to_numpy(),
            "think": [reading.think or text for reading, text in zip(readings, chosen["text"], strict=True)],
            "sql": [reading.sql for reading in readings],
            "gold_sql": chosen["gold_sql"].to_numpy(),
            "agrees": chosen["agrees"].to_numpy(),
            "reason": chosen["reason"].to_numpy(),
        }
    )


def _kind(before: bool, after: bool) -> str:
    if before == after:
        return "both right" if after else "both wrong"
    return "gained" if after else "lost"
