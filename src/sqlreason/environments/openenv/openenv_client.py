"""OpenEnv's client of the session.

with SqlEnvClient(base_url="http://127.0.0.1:8000").sync() as client:
client.reset(question="Who is over 30?", sql_context=rows, gold_sql=gold)
print(client.step(SqlAction(tool="list_tables")).observation.text)
print(client.step(SqlAction(tool="submit", arguments={"query": sql})).reward)
"""

from typing import Any

from openenv.core import EnvClient
from openenv.core.client_types import StepResult

from sqlreason.environments.openenv.openenv_models import SqlAction, SqlEnvState, SqlObservation


class SqlEnvClient(EnvClient[SqlAction, SqlObservation, SqlEnvState]):
    """Speaks with `openenv_server`; each client has its own episode there."""

    def _step_payload(self, action: SqlAction) -> dict[str, Any]:
        return {"tool": action.tool, "arguments": action.arguments}

    def _parse_result(self, payload: dict[str, Any]) -> StepResult[SqlObservation]:
        told = payload.get("observation", {})
        reward, done = payload.get("reward"), bool(payload.get("done", False))
        observation = SqlObservation(text=told.get("text", ""), reason=told.get("reason", ""), reward=reward, done=done)
        return StepResult(observation=observation, reward=reward, done=done)

    def _parse_state(self, payload: dict[str, Any]) -> SqlEnvState:
        return SqlEnvState(**payload)
