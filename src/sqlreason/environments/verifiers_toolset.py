"""The tools of a session as a tool server of verifiers, which runs this module beside a rollout. Extra `verifiers`."""

from __future__ import annotations

import asyncio

import verifiers.v1 as vf

from sqlreason.environments.session import Session, shared_sessions
from sqlreason.environments.verifiers_taskset import SqlData, SqlState


class SqlToolset(vf.Toolset[vf.ToolsetConfig, SqlState]):
    """The four tools; what is submitted goes to the rollout's state, where the reward finds it."""

    TOOL_PREFIX = None

    async def setup_task(self, task: SqlData) -> None:
        """Open the session of the rollout's question."""
        self.session: Session = shared_sessions().open(task.question, **task.row)

    @vf.tool
    async def list_tables(self) -> str:
        """List the tables of the database with their columns."""
        return await self._call("list_tables")

    @vf.tool
    async def describe_table(self, table: str) -> str:
        """Show how a table is defined, with its keys and its first rows."""
        return await self._call("describe_table", table=table)

    @vf.tool
    async def run_sql(self, query: str) -> str:
        """Run a query that reads the database, and see the first rows of its result or why it fails."""
        return await self._call("run_sql", query=query)

    @vf.tool
    async def submit(self, query: str) -> str:
        """Give the final query that answers the question; it ends the task and can be given once."""
        return await self._call("submit", query=query)

    async def _call(self, tool: str, **arguments: str) -> str:
        text = await asyncio.to_thread(self.session.call, tool, arguments)
        self.state.submission = self.session.completion or ""
        self.state.tool_calls = len(self.session.calls)
        self.state.tool_errors = sum(call.failed for call in self.session.calls)
        return text


if __name__ == "__main__":
    SqlToolset.run()
