"""The session as a task of verifiers (0.4, `verifiers.v1`): data, task with its reward, taskset. Extra `verifiers`.

    import verifiers.v1 as vf
    from sqlreason.environments.verifiers_taskset import SqlTaskset, SqlTasksetConfig
    taskset = SqlTaskset(SqlTasksetConfig(questions="questions.jsonl"))

Single-turn unless `task.tools` is set; then a tool server runs beside each rollout (`verifiers_toolset`).
A taskset's id names a top-level module, so `vf-eval` wants a module of one's own with `from … import SqlTaskset` and
`__all__ = ["SqlTaskset"]`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import verifiers.v1 as vf
from pydantic import Field

from sqlreason.data.sources import read_file
from sqlreason.environments.session import COLUMNS, shared_sessions
from sqlreason.environments.wording import opening_messages
from sqlreason.errors import BadInput
from sqlreason.reasoning.format import normalise
from sqlreason.text.cells import as_text

__all__ = ["SqlTaskset"]


class SqlData(vf.TaskData):
    """A question, and the columns by which its answer is judged; the gold among them, so traces hold it."""

    question: str
    row: dict[str, str]


class SqlState(vf.State):
    """What the tool server tells the reward: the answer that was submitted, empty where none was."""

    submission: str = ""
    tool_calls: int = 0
    tool_errors: int = 0


class SqlTaskConfig(vf.TaskConfig):
    """How answers are judged and whether the model may look."""

    reward: str = "execution"
    tools: bool = False
    toolset: vf.ToolsetConfig = Field(default_factory=vf.ToolsetConfig)


class SqlTask(vf.Task[SqlData, SqlState, SqlTaskConfig]):
    """One question; its reward is the verdict."""

    @vf.reward
    async def verdict(self, trace: vf.Trace) -> float:
        """Return what the answer earns, 0 where the reward does not apply to the row (`trace.info` says so)."""
        submitted = getattr(trace.state, "submission", "")
        completion = submitted or _last_answer(trace)
        sessions = shared_sessions(self.config.reward)
        score, reason = await asyncio.to_thread(sessions.score, completion, self.data.row)
        trace.info["sqlreason"] = {"reason": reason, "applicable": score is not None}
        return 0.0 if score is None else score

    @vf.metric
    async def tool_errors(self, trace: vf.Trace) -> float:
        """Return how many calls of tools failed."""
        return float(getattr(trace.state, "tool_errors", 0))

    @classmethod
    def toolsets(cls, config: SqlTaskConfig) -> list[vf.Toolset]:
        """Return the tool server of a rollout; none in single-turn."""
        if not config.tools:
            return []
        from sqlreason.environments.verifiers_toolset import SqlToolset

        return [SqlToolset(config.toolset)]


class SqlTasksetConfig(vf.TasksetConfig):
    """Where the questions come from: a file with `question` (or `sql_prompt`), and the columns of the reward."""

    questions: str = ""
    task: SqlTaskConfig = Field(default_factory=SqlTaskConfig)


class SqlTaskset(vf.Taskset[SqlTask, SqlTasksetConfig]):
    """The questions of a parquet, CSV or JSONL file; a row whose schema cannot be shown is left out of single-turn."""

    def load(self) -> Iterator[SqlTask]:
        """Yield a task per row.

        Raises:
            ValueError: If the file cannot be read.
        """
        for number, row in enumerate(read_file(Path(self.config.questions)), 1):
            try:
                yield SqlTask(make_data(row, f"{number}", tools=self.config.task.tools), self.config.task)
            except BadInput:
                if not self.config.task.tools:
                    continue
                raise


def make_data(row: dict[str, Any], id_: str = "", tools: bool = False) -> SqlData:
    """Return the data of a task.

    Args:
        row: With `question` or `sql_prompt`, and `task`, or `sql_context` (or `database`) and `gold_sql` or `sql`.
        id_: The question's, where the row has none.
        tools: Whether the model looks by itself.

    Raises:
        ValueError: If the schema cannot be shown in single-turn.
    """
    question = as_text(row.get("question") or row.get("sql_prompt"))
    columns = {name: as_text(row[name]) for name in COLUMNS if row.get(name) is not None}
    if not tools and "sql_context" not in columns and columns.get("database", "").strip():
        columns["sql_context"] = shared_sessions().shown_context(columns["database"])
    system, user = opening_messages(question, columns.get("sql_context", ""), tools=tools)
    id_ = as_text(row.get("id")) or id_
    return SqlData(id=id_, prompt=user["content"], system_prompt=system["content"], question=question, row=columns)


def _last_answer(trace: vf.Trace) -> str:
    """Return the model's last message, as it wrote it; reasoning that a server has cut out is put back."""
    if not trace.assistant_messages:
        return trace.root_reply or ""
    message = trace.assistant_messages[-1]
    reasoning = getattr(message, "reasoning_content", None)
    return normalise(message.content or "", reasoning) if reasoning else message.content or ""
