"""Table `test_databases`: what was prepared of a question as a row, and the tasks of the usable rows."""

from typing import Any

import pandas as pd

from sqlreason.data.tables import records
from sqlreason.sql.databases.preparation import Prepared
from sqlreason.sql.verifier import Task


def database_row(id_: str, prepared: Prepared) -> dict[str, Any]:
    """Return the row of a question."""
    return {
        "id": id_,
        "status": prepared.status,
        "reason": prepared.reason,
        "task": prepared.task.to_json() if prepared.task else "",
        "databases": len(prepared.task.databases) if prepared.task else 0,
        "mutants": prepared.mutants,
        "killed": prepared.killed,
    }


def usable_tasks(test_databases: pd.DataFrame, split: str) -> dict[str, Task]:
    """Return the tasks, by question, of a split's questions whose gold can be trusted."""
    usable = test_databases[(test_databases["split"] == split) & (test_databases["status"] == "ok")]
    return {row["id"]: Task.from_json(row["task"]) for row in records(usable)}
