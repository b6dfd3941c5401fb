"""What an engine reports about one statement."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


class EngineError(Exception):
    """A statement that did not run; `status` is one of the verdicts' names for it."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def as_error(error: Exception) -> EngineError:
    """The error as a statement's: what a query makes an engine or the comparison raise is that query's outcome."""
    if isinstance(error, EngineError):
        return error
    if isinstance(error, MemoryError):
        return EngineError("oom", "its result does not fit into memory")
    return EngineError("exec_error", f"its result cannot be read: {type(error).__name__}: {error}")


@dataclass(slots=True)
class Outcome:
    """The result of a statement that ran.

    Attributes:
        columns: Names of the result's columns; empty for a statement without a result.
        rows: The rows that were fetched.
        more: Whether there are further rows beyond the cap.
        reads: Tables (lower case) that the statement reads.
        writes: Tables (lower case) that it writes, creates or drops.
    """

    columns: list[str] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    more: bool = False
    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)


#: Access that a statement is given.
READ, WRITE, DEFINE = "read", "write", "define"
