"""What goes over the wire between OpenEnv's client and server."""

from typing import Any

from openenv.core.env_server.types import Action, Observation, State
from pydantic import Field


class SqlAction(Action):
    """One step: a call of a tool, or the whole answer."""

    tool: str = Field(description="list_tables, describe_table, run_sql, submit; or answer, for a whole completion")
    arguments: dict[str, Any] = Field(
        default_factory=dict, description="table, query, or completion (of answer, in the grammar <think>…<sql>…)"
    )


class SqlObservation(Observation):
    """What the environment says; the reward comes with the one that ends the episode."""

    text: str = Field(default="", description="The question at first, then results of tools")
    reason: str = Field(default="", description="At the end: why the answer earns what it does")


class SqlEnvState(State):
    """Of the episode so far."""

    question: str = ""
    tool_errors: int = 0
