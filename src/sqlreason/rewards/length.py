"""A soft penalty for completions that come near the limit of tokens.

Yu et al. 2025, "DAPO" (arXiv:2503.14476), equation 13: 0 up to the limit less a buffer, falling linearly to -1 at the
limit. It never pays, so that it cannot be gamed by being short; it is added to what other rewards give.
"""

from collections.abc import Sequence
from typing import Any

from sqlreason.errors import BadInput
from sqlreason.rewards.format_reward import completion_text

#: Where a batch brings no token ids; the usual estimate for English text.
CHARACTERS_PER_TOKEN = 4


class LengthReward:
    """Penalty in [-1, 0]; -1 also for any completion longer than the limit.

    Column of the batch: `completion_ids` (TRL's), else tokens are estimated from characters.

    Attributes:
        last_reasons: Code beside each score: `short_enough`, `long` or `overlong`.

    Example:
        >>> LengthReward(max_tokens=100)(["x"] * 3, completion_ids=[[0] * 50, [0] * 90, [0] * 100])
        [0.0, -0.5, -1.0]
    """

    __name__ = "length"

    def __init__(self, max_tokens: int = 256, buffer: float = 0.2) -> None:
        """Keep the settings.

        Args:
            max_tokens: Limit of a completion.
            buffer: Share of the limit over which the penalty falls.

        Raises:
            ValueError: If they are out of range.
        """
        if max_tokens < 1 or not 0 < buffer <= 1:
            raise BadInput(f"max_tokens={max_tokens} must be at least 1 and buffer={buffer} in (0, 1]")
        self.max_tokens, self.buffer = max_tokens, buffer
        self.last_reasons: list[str] = []

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Score each completion from -1 to 0."""
        ids = columns.get("completion_ids")
        lengths = [len(row) for row in ids] if ids is not None else list(map(_estimated, completions))
        scores = [self._penalty(tokens) for tokens in lengths]
        self.last_reasons = [
            "short_enough" if score == 0 else "overlong" if score == -1 else "long" for score in scores
        ]
        return list(scores)

    def _penalty(self, tokens: int) -> float:
        buffer = self.buffer * self.max_tokens
        return max(-1.0, min(0.0, (self.max_tokens - buffer - tokens) / buffer))


def _estimated(completion: Any) -> int:
    return -(-len(completion_text(completion)) // CHARACTERS_PER_TOKEN)
