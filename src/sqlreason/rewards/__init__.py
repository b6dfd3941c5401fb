"""Rewards after TRL's contract: total functions from completions to numbers, with a reason.

Every reward is a picklable object, called as `reward(completions, **columns)`, that returns one number per
completion. `REWARDS` names them all; configurations choose from it. What each pays for, and how it does in
certification, stands in docs/rewards.md.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sqlreason.rewards.article import CheckSqlReward, MatchFormatApproximately, MatchFormatExactly
from sqlreason.rewards.execution import ExecutionReward
from sqlreason.rewards.format_reward import FormatReward
from sqlreason.rewards.length import LengthReward
from sqlreason.rewards.published_rewards import ArcticReward, PartialReward, SqlR1Reward
from sqlreason.rewards.reasoning import ReasoningReward
from sqlreason.rewards.similarity import TeacherSimilarityReward
from sqlreason.sql.verifier import Limits

__all__ = ["EXECUTING", "REWARDS", "Reward", "add_up", "make_rewards"]


class Reward(Protocol):
    """What TRL calls; its `__name__` is the name under which the trainer logs it."""

    __name__: str

    def __call__(self, completions: Sequence[Any], **columns: Any) -> list[float | None]:
        """Return one reward per completion; `None` where the reward does not apply to the row."""
        ...


REWARDS: dict[str, Callable[..., Reward]] = {
    "execution": ExecutionReward,
    "format": FormatReward,
    "arctic": ArcticReward,
    "sql_r1": SqlR1Reward,
    "partial": PartialReward,
    "reasoning": ReasoningReward,
    "teacher_similarity": TeacherSimilarityReward,
    "length": LengthReward,
    "match_format_exactly": MatchFormatExactly,
    "match_format_approximately": MatchFormatApproximately,
    "check_sql_reward": CheckSqlReward,
}

#: Those that run queries.
EXECUTING = ("execution", "arctic", "sql_r1", "partial", "check_sql_reward")


def make_rewards(
    names: Sequence[str], max_completion_tokens: int | None = None, limits: Limits | None = None
) -> list[Reward]:
    """Make the rewards of these names.

    Args:
        names: Keys of `REWARDS`.
        max_completion_tokens: Limit of a completion, for `length`.
        limits: Of the sandbox, for those that execute; None for the usual ones.
    """
    told: dict[str, dict[str, Any]] = {name: {"limits": limits} for name in EXECUTING}
    if max_completion_tokens is not None:
        told["length"] = {"max_tokens": max_completion_tokens}
    return [REWARDS[name](**told.get(name, {})) for name in names]


def add_up(scores: Mapping[str, Sequence[float | None]], weights: Mapping[str, float]) -> list[float | None]:
    """Return the weighted total of each completion as TRL forms it: what does not apply is left out.

    Args:
        scores: Name of a reward -> its scores of the same completions.
        weights: Name of a reward -> its weight.

    Returns:
        One total per completion; `None` where no reward applies.
    """
    rows = zip(*(scores[name] for name in weights), strict=True)
    return [_total(row, list(weights.values())) for row in rows]


def _total(row: Sequence[float | None], weights: Sequence[float]) -> float | None:
    parts = [weight * score for score, weight in zip(row, weights, strict=True) if score is not None]
    return sum(parts) if parts else None
