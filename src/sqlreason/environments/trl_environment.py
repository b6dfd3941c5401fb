"""The session as TRL's `environment_factory` wants it (trl 1.14): `reset`, tools as typed methods, `get_reward`.

Needs trl only where it is trained with; nothing of it is imported here. The student's chat template must be able to
write and read calls of tools, which trl checks. In single-turn there is nothing to adapt: give the reward itself to
`reward_funcs`.

Example:
    >>> rows = "CREATE TABLE users (name TEXT, age INT); INSERT INTO users VALUES ('Ada', 36), ('Bob', 20)"
    >>> environment = SqlEnvironment()
    >>> gold = "SELECT name FROM users WHERE age > 30"
    >>> environment.reset(question="Who is over 30?", sql_context=rows, gold_sql=gold)
    >>> environment.describe_table("users").splitlines()[0]
    'CREATE TABLE users (name TEXT, age INT);'
    >>> environment.submit("SELECT name FROM users WHERE age > 35")
    'submitted'
    >>> environment.get_reward() < 1
    True

A trainer makes one for each rollout of a batch and goes on using it:

    GRPOTrainer(model, environment_factory=SqlEnvironment, train_dataset=dataset, args=args)

with the columns `prompt` (`wording.opening_messages`), `question`, and `task` or `sql_context` and `gold_sql`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlreason.environments.session import Session, SessionFactory, ToolMethods, shared_sessions
from sqlreason.errors import BadInput
from sqlreason.rewards import Reward


class SqlTools(ToolMethods):
    """The tools of a session for TRL, without a reward of its own; beside it stands `SubmissionReward`.

    Attributes:
        session: The episode; None before the first `reset`.
    """

    def __init__(self, sessions: SessionFactory | None = None) -> None:
        """Keep what the environments of a trainer share; TRL calls this without arguments.

        Args:
            sessions: Opens the episodes; None for this process's own with the reward `execution`.
        """
        self.session: Session | None = None
        self._sessions = sessions or shared_sessions()

    def reset(self, **row: Any) -> None:
        """Begin the episode of a row of the dataset; the prompt stays as it is."""
        question = str(row.pop("question", "") or "")
        self.session = self._sessions.open(question, **{n: v for n, v in row.items() if n not in ("prompt", "prompts")})

    def _call(self, tool: str, **arguments: str) -> str:
        return self._episode().call(tool, arguments)

    def _episode(self) -> Session:
        if self.session is None:
            raise BadInput("call reset with the columns of a row first")
        return self.session


class SqlEnvironment(SqlTools):
    """The environment that owns its reward: what was submitted earns it, and what was not earns an empty answer's."""

    def get_reward(self) -> float | None:
        """Return the reward of the episode."""
        return self._episode().reward()


class SubmissionReward:
    """A reward over `SqlTools` for `reward_funcs`: judges what was submitted, else the last message as an answer.

    So a student may answer at once, in the grammar, or look first and submit; and the batch is judged at once.
    """

    def __init__(self, reward: Reward) -> None:
        """Keep the reward that judges, and its name."""
        self.__name__ = reward.__name__
        self._reward = reward

    def __call__(
        self, completions: Sequence[Any], environments: Sequence[SqlTools], **columns: Any
    ) -> list[float | None]:
        """Score a batch; `environments` are those of its rollouts, as TRL hands them over."""
        sessions = [environment.session for environment in environments]
        answers = [
            session.completion if session is not None and session.done else _last(told)
            for told, session in zip(completions, sessions, strict=True)
        ]
        return self._reward(answers, **columns)


def _last(completion: Any) -> Any:
    """Return the last message that the student wrote; a completion without messages as it is."""
    if isinstance(completion, str) or not isinstance(completion, Sequence):
        return completion
    return next(([m] for m in reversed(completion) if isinstance(m, dict) and m.get("role") == "assistant"), "")
