"""Checks of what a trainer is really given, made before any time is spent on it.

`chat` makes the tokens of a row; these look at the rows that the trainer holds and at what is read back of them. The
errors that they catch (a cut completion, a loss on the prompt, an end of turn that is never learned, text that a
tokenizer changes) come from versions and tokenizers, and leave no trace in the loss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sqlreason.students.checkpoints.chat import NOT_TRAINED, Chat
from sqlreason.students.training.trainer_arguments import TrainingError

if TYPE_CHECKING:
    from datasets import Dataset

TRAINED_SHARE = (0.05, 0.8)


def check_rows(rows: Dataset, made: Sequence[Mapping[str, list[int]]], chat: Chat, positions: int | None) -> float:
    """Check every row of a trainer against the one that was made for it.

    Args:
        rows: The trainer's data: `input_ids`, `labels`.
        made: In the same order: `input_ids`, `labels`.
        chat: The student's.
        positions: Longest sequence that the model can read.

    Returns:
        The share of tokens that are trained.

    Raises:
        TrainingError: naming the first row that fails and why.
    """
    total = trained = 0
    for number, (row, wanted) in enumerate(zip(rows, made, strict=True)):
        reason = _flaw(list(row["input_ids"]), list(row["labels"]), wanted, chat, positions)
        if reason:
            raise TrainingError(f"row {number} of {len(made)} would be trained wrongly: {reason}")
        total += len(row["labels"])
        trained += sum(label != NOT_TRAINED for label in row["labels"])
    share = trained / total
    if not TRAINED_SHARE[0] <= share <= TRAINED_SHARE[1]:
        raise TrainingError(
            f"{100 * share:.1f} % of the tokens are trained; between 5 and 80 % are plausible. "
            "Look at the prompts (too long?) and at the completion mask"
        )
    return share


def check_reading(chat: Chat, ids: Sequence[int], completion: str, where: str) -> None:
    """Refuse a completion that rewards and evaluation would not read as it was written.

    Raises:
        TrainingError: naming where it stands and how it would be read.
    """
    read = chat.read(ids)
    if read.strip() != completion.strip():
        raise TrainingError(
            f"{where} would be trained wrongly: its completion ends with {completion[-60:]!r} and reads "
            f"{read[-60:]!r} when it is decoded; are parts of it special tokens of {chat.tokenizer.name_or_path}?"
        )


def _flaw(ids: list[int], labels: list[int], wanted: Mapping[str, list[int]], chat: Chat, positions: int | None) -> str:
    if ids != wanted["input_ids"]:
        return f"it has {len(ids)} tokens and was made of {len(wanted['input_ids'])}: something was cut or added"
    if labels != wanted["labels"]:
        trained = [sum(label != NOT_TRAINED for label in side) for side in (labels, wanted["labels"])]
        return f"{trained[0]} of its tokens are trained and {trained[1]} should be: the completion and nothing else"
    if positions is not None and len(ids) > positions:
        return f"it has {len(ids)} tokens, the model reads {positions}; lower the token budgets of preprocessing"
    if labels[-1] not in chat.ends:
        return f"the trained tokens do not end a turn, with one of {chat.facts['ends']}"
    return ""
