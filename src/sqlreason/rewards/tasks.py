"""From the columns of a batch to the tasks its completions are judged by.

A batch brings tasks ready-made (`task`, a `Task` or its JSON) or as `sql_context` (a script, or its statements) and the
gold query, from which a task is prepared; or as `database`, the path or URL of a SQLite or DuckDB file, on which
verdicts are then made. The gold query is `gold_sql`, or, in tables with gretel's columns, `sql`.
Either is read once and kept, because GRPO shows each row many times.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlreason.data.preparation_rows import original_of
from sqlreason.errors import BadInput
from sqlreason.sql.database_files import database_url
from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.verifier import Task, Verifier
from sqlreason.text.cells import as_text

WANTED = (
    "the reward needs the column 'task', or 'sql_context' and 'gold_sql' (or, as gretel calls it, 'sql'), or a file as "
    "'database' in place of 'sql_context'"
)


@dataclass(frozen=True)
class Assignment:
    """The task of a row, or why the row has none that can be verified."""

    task: Task | None
    reason: str = ""


class Assignments:
    """Keeps the tasks of the rows seen so far."""

    def __init__(self, verifier: Verifier, databases: int = 3, seed: int = 0) -> None:
        """Keep the settings.

        Args:
            verifier: Prepares the tasks.
            databases: Perturbed test databases per prepared task.
            seed: Of those test databases.
        """
        self._verifier = verifier
        self._instances = databases
        self._seed = seed
        self._kept: dict[tuple[str, ...], Assignment] = {}

    def of(self, columns: Mapping[str, Any]) -> list[Assignment]:
        """Return the assignment of each row of a batch.

        Raises:
            ValueError: If the batch has neither `task` nor `sql_context` and a gold query.
        """
        if "task" in columns:
            return [self._once((task_text(cell),), _loaded) for cell in columns["task"]]
        rows = _contexts_and_golds(columns)
        if rows is None:
            raise BadInput(f"{WANTED}; the batch has {sorted(columns)}")
        named = [as_text(cell).strip() for cell in columns.get("database") or [""] * len(rows)]
        return [self._once((*row, file), self._prepared) for row, file in zip(rows, named, strict=True)]

    def _once(self, texts: tuple[str, ...], make: Callable[..., Assignment]) -> Assignment:
        if texts not in self._kept:
            self._kept[texts] = make(*texts)
        return self._kept[texts]

    def _prepared(self, context: str, gold: str, file: str) -> Assignment:
        name = f"row {len(self._kept)}"
        try:
            original = original_url(file) if file else original_of({"sql_context": context})
        except BadInput:
            return Assignment(None, "unusable:database_error")
        prepared = prepare(self._verifier, name, original, gold, n=self._instances, seed=self._seed)
        if prepared.status == "ok" and prepared.task is not None:
            return Assignment(prepared.task)
        return Assignment(None, f"unusable:{prepared.status}")


def sources(columns: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the original context and the gold query of each row of a batch, unprepared.

    Of a task on a database file it is the first drawn database, which has its schema. A task that cannot be read gives
    empty texts: a broken cell is a row without a reward.

    Raises:
        ValueError: If the batch has neither `sql_context` and a gold query nor `task`.
    """
    rows = _contexts_and_golds(columns)
    if rows is not None:
        if columns.get("sql_context") is None:
            raise BadInput("the reward reads definitions: give 'sql_context' beside 'database'")
        return rows
    if "task" not in columns:
        raise BadInput(f"{WANTED}; the batch has {sorted(columns)}")
    tasks = [_loaded(task_text(cell)).task for cell in columns["task"]]
    return [(task.script, task.gold) if task else ("", "") for task in tasks]


def original_url(file: str) -> str:
    """Return the URL of a database file that a row names, a path from the working folder on.

    Raises:
        DatabaseError: If it is a URL of another kind.
    """
    return database_url(file, Path.cwd())


def task_text(cell: Any) -> str:
    """Return the JSON of a task that a row names, which may be the task itself."""
    return cell.to_json() if isinstance(cell, Task) else str(cell)


def gold_of(columns: Mapping[str, Any]) -> Any:
    """Return the gold query of a row, or of the rows of a batch: `gold_sql`, else `sql`; None if there is neither."""
    return columns.get("gold_sql", columns.get("sql"))


def _contexts_and_golds(columns: Mapping[str, Any]) -> list[tuple[str, str]] | None:
    """Return context and gold query of each row; None if the batch has no such columns."""
    contexts, golds = columns.get("sql_context"), gold_of(columns)
    if golds is None or (contexts is None and columns.get("database") is None):
        return None
    contexts = [""] * len(golds) if contexts is None else contexts
    return [(as_text(context), as_text(gold)) for context, gold in zip(contexts, golds, strict=True)]


def _loaded(text: str) -> Assignment:
    """Read a task from its JSON; a broken cell is a row without a reward, not the end of a training."""
    try:
        return Assignment(Task.from_json(text))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return Assignment(None, f"unusable:{type(error).__name__}")
