"""What the engine says about queries that do not run: all that a user without a gold query can know of them.

Results are not looked at: a query that runs and answers something else has nothing to complain of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlreason.sql.parsing.statements import split_statements, statement_kind
from sqlreason.sql.verifier import Task, Verdict, Verifier

_WRITES = {"insert", "update", "delete", "create", "drop", "alter"}
# Reads nothing and always runs, so that the verdict beside it tells whether a reading query does.
_ANYTHING = "SELECT 1"


def describe_errors(verifier: Verifier, asked: Sequence[tuple[Task, str]]) -> list[str]:
    """Return for each query what the engine says if it does not run on the original database, else an empty text.

    Args:
        verifier: Runs them.
        asked: Queries, each with the task whose first database it is about. The gold of the task is not used, and may
            be empty. A query that writes may do so, on a copy that is thrown away.
    """
    pairs = [(replace(task, gold=_beside(sql), databases=task.databases[:1], flags=()), [sql]) for task, sql in asked]
    found = zip(pairs, verifier.verify_batch(pairs), strict=True)
    return [_describe_error(verdict, writes=task.gold != _ANYTHING) for (task, _), (verdict,) in found]


def _beside(sql: str) -> str:
    """Return the gold beside which a query shows whether it runs: of a write itself, as it runs beside writes alone."""
    return sql if statement_kind(sql) in _WRITES and len(split_statements(sql)) == 1 else _ANYTHING


def _describe_error(verdict: Verdict, writes: bool) -> str:
    if verdict.runs:
        return ""
    if verdict.status == "gold_error":  # of a write itself; else the database cannot be built, which no query mends
        return verdict.reason.partition(": ")[2] if writes else ""
    return verdict.reason or verdict.status
