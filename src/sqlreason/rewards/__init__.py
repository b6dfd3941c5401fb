"""Rewards after TRL's contract: total functions from completions to numbers, with a reason.

Every reward is a picklable object, called as `reward(completions, **columns)`, that returns one number per
completion. `REWARDS` names them all; configurations choose from it.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from sqlreason.rewards.article import CheckSqlReward, MatchFormatApproximately, MatchFormatExactly
from sqlreason.rewards.execution import ExecutionReward
from sqlreason.rewards.format import FormatReward

__all__ = ["REWARDS", "Reward"]


class Reward(Protocol):
    """What TRL calls; its `__name__` is the name under which the trainer logs it."""

    __name__: str

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Return one reward per completion; `None` where the reward does not apply to the row."""
        ...


REWARDS: dict[str, Callable[..., Reward]] = {
    "execution": ExecutionReward,
    "format": FormatReward,
    "match_format_exactly": MatchFormatExactly,
    "match_format_approximately": MatchFormatApproximately,
    "check_sql_reward": CheckSqlReward,
}
