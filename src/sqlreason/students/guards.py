"""Checks of what a trainer is really given, made before any time is spent on it.

They look at the trainer's own tokenized rows, not at ours: the errors that they catch (two BOS, a cut
completion, a loss on the prompt, an end of turn that is never learned) come from templates and versions, and
leave no trace in the loss.
"""

import logging
from collections.abc import Sequence
from typing import Any

from sqlreason.students.training import TrainingError

logger = logging.getLogger(__name__)

TRAINED_SHARE = (0.05, 0.8)
_NOT_TRAINED = -100


def check_rows(rows: Any, conversations: Sequence[dict[str, Any]], tokenizer: Any, positions: int | None) -> float:
    """Checks every tokenized row against its conversation.

    Args:
        rows: The trainer's data: `input_ids`, `labels`.
        conversations: In the same order: `prompt` and `completion`, lists of chat messages.
        tokenizer: The student's.
        positions: Longest sequence that the model can read.

    Returns:
        The share of tokens that are trained.

    Raises:
        TrainingError: naming the first row that fails and why.
    """
    check_padding(tokenizer)
    total = trained = 0
    for number, (row, conversation) in enumerate(zip(rows, conversations, strict=True)):
        prompt = _ids(tokenizer, conversation["prompt"], add_generation_prompt=True)
        whole = _ids(tokenizer, conversation["prompt"] + conversation["completion"])
        reason = _flaw(row["input_ids"], row["labels"], prompt, whole, tokenizer, positions) or _unread(
            tokenizer, whole[len(prompt) :], conversation["completion"][0]["content"]
        )
        if reason:
            raise TrainingError(f"row {number} of {len(conversations)} would be trained wrongly: {reason}")
        total += len(row["labels"])
        trained += sum(label != _NOT_TRAINED for label in row["labels"])
    share = trained / total
    if not TRAINED_SHARE[0] <= share <= TRAINED_SHARE[1]:
        raise TrainingError(
            f"{100 * share:.1f} % of the tokens are trained; between 5 and 80 % are plausible. "
            "Look at the prompts (too long?) and at the completion mask"
        )
    return share


def check_padding(tokenizer: Any) -> None:
    """Raises TrainingError unless padding has a token of its own: as the end token it would never be learned."""
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id == tokenizer.eos_token_id:
        raise TrainingError(
            f"the tokenizer pads with {tokenizer.pad_token!r} and ends turns with {tokenizer.eos_token!r}; "
            "choose a reserved token of its vocabulary as padding, such as <|finetune_right_pad_id|>"
        )


def _flaw(
    ids: list[int], labels: list[int], prompt: list[int], whole: list[int], tokenizer: Any, positions: int | None
) -> str:
    if tokenizer.bos_token_id is not None and ids.count(tokenizer.bos_token_id) > 1:
        return f"it begins with {ids.count(tokenizer.bos_token_id)} tokens {tokenizer.bos_token}"
    if whole[: len(prompt)] != prompt:
        return "the tokens of the prompt alone are no prefix of those of prompt and completion"
    if ids != whole:
        return f"it has {len(ids)} tokens, prompt and completion have {len(whole)}: something was cut or added"
    if positions is not None and len(ids) > positions:
        return f"it has {len(ids)} tokens, the model reads {positions}; lower the token budgets of preprocessing"
    if any(label != _NOT_TRAINED for label in labels[: len(prompt)]):
        return "a token of the prompt is trained"
    if list(labels[len(prompt) :]) != whole[len(prompt) :]:
        return "a token of the completion is not trained"
    if tokenizer.eos_token_id not in labels[-2:]:  # some templates write a line end behind it
        return f"the trained tokens do not end with {tokenizer.eos_token}"
    return ""


def _unread(tokenizer: Any, ids: list[int], completion: str) -> str:
    """Why the completion does not come back as rewards and examination read it: decoded without special tokens."""
    read = tokenizer.decode(ids, skip_special_tokens=True)
    if read.strip() == completion.strip():
        return ""
    return f"its completion reads {read[-60:]!r} at its end when it is decoded; are tags of it special tokens?"


def _ids(tokenizer: Any, messages: list[dict[str, str]], **options: Any) -> list[int]:
    return list(tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True, **options)["input_ids"])
