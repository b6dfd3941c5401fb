"""The reward for the grammar of answers, and how rewards read a completion.

Covers the form of an answer only; whether its query is right is the matter of `execution`.
"""

from collections.abc import Sequence
from typing import Any

from sqlreason.reasoning.format import parse


def completion_text(completion: Any) -> str:
    """Return the text of a completion as TRL hands it over.

    Args:
        completion: A string, or a list of messages of which the contents are joined, their parts where they come in
            parts. Anything else is read as its own text, because a reward must give a number for whatever it is given.
    """
    if isinstance(completion, str):
        return completion
    if isinstance(completion, Sequence):
        return "".join(_content(message.get("content")) for message in completion if isinstance(message, dict))
    return "" if completion is None else str(completion)


def _content(content: Any) -> str:
    if isinstance(content, list):
        texts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


class FormatReward:
    """1.0 for a well-formed answer, 0.0 for any other; for a start of GRPO on the grammar alone.

    Example:
        >>> from sqlreason.reasoning.format import render
        >>> reward = FormatReward()
        >>> reward([render("One row is enough.", "SELECT 1"), "SELECT 1"])
        [1.0, 0.0]
        >>> reward.last_reasons
        ['well_formed', 'no_think']
    """

    __name__ = "format"

    def __init__(self) -> None:
        self.last_reasons: list[str] = []

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Score each completion in {0.0, 1.0}; `last_reasons` holds the parser's code beside each."""
        readings = [parse(completion_text(completion)) for completion in completions]
        self.last_reasons = [reading.reason or "well_formed" for reading in readings]
        return [1.0 if reading.well_formed else 0.0 for reading in readings]

    def explain(self, completion: Any, **row: Any) -> str:
        """Return the reason code of one completion."""
        self([completion])
        return self.last_reasons[0]
