"""The session as an environment of SkyRL-gym (0.4): text in, text out. Needs the extra `skyrl`.

    from sqlreason.environments.skyrl_environment import register
    register()                                     # as "sqlreason", for skyrl_gym.make and SkyRL's env_class

A row of SkyRL's dataset names its columns in `extras`: `task`, or `sql_context` or `database`, and `gold_sql` (or, as
SkyRL has it, `reward_spec: {ground_truth: …}`), and `max_turns`: 1, the default, is single-turn. With more the model
may call tools in the text (`tool_calls`); what calls none is its answer, and so is what it says at its last turn,
unless that submits a query.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import skyrl_gym
from skyrl_gym.envs.base_text_env import BaseTextEnv, BaseTextEnvStepOutput, ConversationType

from sqlreason.environments.session import COLUMNS, Session, SessionFactory, shared_sessions
from sqlreason.environments.tool_calls import find_calls
from sqlreason.errors import BadInput

NAME = "sqlreason"


class SkyrlSqlEnv(BaseTextEnv):
    """One episode of a SkyRL rollout; the answer's reward comes with its last step, 0 with the others."""

    def __init__(
        self, env_config: Any = None, extras: Mapping[str, Any] | None = None, sessions: SessionFactory | None = None
    ) -> None:
        """Open the session of a row.

        Args:
            env_config: SkyRL's own, a mapping or an object; its `reward` is the name of one, else `execution`.
            extras: The row.
            sessions: Opens the episode; None for this process's own.

        Raises:
            ValueError: If the row names no database, or the configuration no reward that there is.
        """
        super().__init__()
        row = dict(extras or {})
        gold = (row.get("reward_spec") or {}).get("ground_truth")
        columns = {name: row[name] for name in COLUMNS if row.get(name) is not None}
        if gold is not None and "task" not in columns:
            columns.setdefault("gold_sql", gold)
        self.max_turns = int(row.get("max_turns", 1))
        sessions = sessions or shared_sessions(_reward_in(env_config))
        self.session: Session = sessions.open(str(row.get("question", "")), **columns)

    def init(self, prompt: ConversationType) -> tuple[ConversationType, dict[str, Any]]:
        """Return the prompt as it is."""
        return prompt, {}

    def step(self, action: str) -> BaseTextEnvStepOutput:
        """Take what the model says: calls of tools are answered, anything else is its answer."""
        self.turns += 1
        calls = find_calls(action) if self.max_turns > 1 else []
        observations = []
        for name, arguments in calls:
            text = self.session.call(name, arguments)
            observations.append({"role": "user", "content": f"<tool_response>\n{text}\n</tool_response>"})
        if not calls or self.turns >= self.max_turns:
            self.session.answer(action)  # which counts unless one of the calls has submitted a query
        if not self.session.done:
            return BaseTextEnvStepOutput(observations=observations, reward=0.0, done=False, metadata={})
        reward = self.session.reward()
        told = {"reason": self.session.reason, "applicable": reward is not None}
        return BaseTextEnvStepOutput(observations=[], reward=reward or 0.0, done=True, metadata=told)

    def get_metrics(self) -> dict[str, Any]:
        """Return what the episode cost and whether its query was right."""
        calls = self.session.calls
        return {
            "tool_calls": len(calls),
            "tool_errors": sum(call.failed for call in calls),
            "agrees": float(self.session.reason == "agrees"),
        }


def _reward_in(config: Any) -> str:
    """Return the name of the reward in a configuration, a mapping (SkyRL's own is one) or an object."""
    if config is not None and not isinstance(config, Mapping) and not hasattr(config, "__dict__"):
        raise BadInput(f"env_config is a mapping or an object that may hold `reward`, not {config!r:.80}")
    named = config.get("reward") if isinstance(config, Mapping) else getattr(config, "reward", None)
    if named is not None and not isinstance(named, str):
        raise BadInput(f"`reward` in env_config is the name of a reward, not {named!r:.80}")
    return named or "execution"


def register(name: str = NAME) -> None:
    """Make the environment known to SkyRL-gym under a name; once is enough."""
    if name not in skyrl_gym.envs.registration.registry:
        skyrl_gym.register(id=name, entry_point=f"{__name__}:{SkyrlSqlEnv.__name__}")
