"""The values that go into and come out of verification."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

from sqlreason.sql.database_files import engine_of, is_database_url
from sqlreason.text.printable import printable

#: Every status that a verdict can have.
STATUSES = (
    *("match", "mismatch", "syntax_error", "exec_error", "denied", "timeout", "oom", "too_big"),
    *("multi_statement", "empty", "crash", "gold_error"),
)

#: Where a task can be judged.
ENGINES = ("sqlite", "duckdb", "postgres")


@dataclass(frozen=True)
class Limits:
    """Bounds of one candidate's execution; seconds are the processor's (the wall's on a server of another machine).

    Attributes:
        soft_seconds: Computing time of one candidate over all test databases; the engine stops itself.
        hard_seconds: After so much on one step, or so long without computing, the worker is killed and replaced.
        heap_mb: What SQLite may allocate, in MiB.
        memory_mb: Address space of a SQLite worker, in MiB.
        duckdb_memory_mb: Address space of a DuckDB worker, in MiB.
        max_rows: Largest result of a gold, and of `Verifier.run`.
        max_characters: Largest result of `Verifier.run`, as it is sent from the worker.
        sql_chars: Longest candidate accepted.
    """

    soft_seconds: float = 1.0
    hard_seconds: float = 1.5
    heap_mb: int = 64
    memory_mb: int = 1_024
    duckdb_memory_mb: int = 4_096
    max_rows: int = 50_000
    max_characters: int = 16_000_000
    sql_chars: int = 50_000


@dataclass(frozen=True)
class Task:
    """A gold query and the test databases on which candidates must agree with it.

    Attributes:
        id: The question's.
        gold: The gold query as written.
        databases: SQL scripts (DDL and INSERTs) in the engine's dialect, or URLs of files of its own
            (`database_files`); the first is the original context.
        engine: "sqlite", "duckdb" or "postgres" (on the server of the Verifier).
        reading: The dialect from which gold and candidates are rewritten for the engine; "" and the engine's own run
            them as they are.
        flags: What its preparation found out about the gold: gold_unstable.
        other_golds: Further right queries; a candidate that agrees with one of them on every test database is right.

    Raises:
        ValueError: There is no test database, so that any candidate would agree, or gold and engine are no such thing.
    """

    id: str
    gold: str
    databases: tuple[str, ...]
    engine: str = "sqlite"
    reading: str = ""
    flags: tuple[str, ...] = ()
    other_golds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.databases, str) or not self.databases or not all(isinstance(i, str) for i in self.databases):
            given = f"the task {self.id!r} has no database on which to judge: databases is {self.databases!r:.60}"
            raise ValueError(f"{given}; give at least the original context, as a tuple of SQL scripts")
        if not isinstance(self.gold, str) or not isinstance(self.reading, str):
            given = f"the task {self.id!r} has the gold {self.gold!r:.60}, read as {self.reading!r:.60}"
            raise ValueError(f"{given}; both are texts")
        if isinstance(self.other_golds, str) or not all(isinstance(other, str) for other in self.other_golds):
            raise ValueError(
                f"the task {self.id!r} has the other golds {self.other_golds!r:.60}; give a tuple of texts"
            )
        if self.engine not in ENGINES:
            known = ", ".join(ENGINES)
            raise ValueError(f"the task {self.id!r} names the engine {self.engine!r:.60}; there are {known}")
        if other := next((file for file in self.files if engine_of(file) != self.engine), ""):
            raise ValueError(f"the task {self.id!r} is for {self.engine}, which does not read {other:.200}")

    def to_json(self) -> str:
        """Write the task as one line of JSON."""
        fields = asdict(self)
        if not self.other_golds:
            del fields["other_golds"]
        return json.dumps(fields)

    @classmethod
    def from_json(cls, text: str) -> Task:
        """Read a task that `to_json` wrote.

        Raises:
            ValueError: The text is no such JSON.
        """
        try:
            fields = json.loads(text)
            if not isinstance(fields, dict):
                raise ValueError(f"it is a {type(fields).__name__} and no object")
            lists = ("databases", "flags", "other_golds")
            if not all(isinstance(fields.get(name, []), list) for name in lists):
                raise ValueError("databases, flags and other_golds are lists")
            return cls(**{**fields, **{name: tuple(fields.get(name, ())) for name in lists}})
        except (TypeError, ValueError, RecursionError) as error:
            given = f"no task can be read from {text[:60]!r}: {error}"
            raise ValueError(f"{given}; give what Task.to_json() returned") from None

    @property
    def dialect(self) -> str:
        """The engine in whose own dialect gold and candidates are written; "" for SQLite's and what is rewritten."""
        return self.reading if self.reading == self.engine != "sqlite" else ""

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Return its test databases that are files."""
        return tuple(filter(is_database_url, self.databases))

    @property
    def script(self) -> str:
        """Return the first test database that is a script, from which a schema can be read; "" where all are files."""
        return next((text for text in self.databases if not is_database_url(text)), "")

    @cached_property
    def by_gold(self) -> tuple[Task, ...]:
        """Return a task for each of the other golds."""
        return tuple(replace(self, gold=other, flags=(), other_golds=()) for other in self.other_golds)

    @cached_property
    def key(self) -> str:
        """Return a hash of all that decides a verdict by the first gold, but for what its files hold."""
        content = json.dumps([self.gold, self.databases, self.engine, self.reading])
        return hashlib.blake2b(content.encode(), digest_size=16).hexdigest()


class Verdict(NamedTuple):
    """What became of one candidate; a tuple, since they are made by the thousand.

    Attributes:
        status: One of `STATUSES`.
        parses: Whether the engine understood the text.
        runs: Whether it ran to its end (also true of a mismatch).
        agrees: Whether it answers like the gold, or like one of several, on every test database.
        flags: Of vacuous (the gold tells nothing on any test database), no_table_read (the gold reads one),
            write_for_read, more_rows_than_gold, gold_ambiguous (LIMIT cuts a tie), gold_unstable (its result hangs on
            how the engine breaks ties inside of it).
        reason: Why it does not agree, in words that a terminal can show; empty if it does.
        databases_passed: Test databases on which it agreed before the first on which it did not.
        databases: Test databases of the task.
    """

    status: str
    parses: bool
    runs: bool
    agrees: bool
    flags: tuple[str, ...]
    reason: str
    databases_passed: int
    databases: int

    @classmethod
    def from_wire(cls, fields: list[Any]) -> Verdict:
        """Read a verdict as a worker sends it."""
        fields[4] = tuple(fields[4])
        if not fields[5].isprintable():
            fields[5] = printable(fields[5])
        return cls(*fields)


@dataclass(frozen=True)
class Result:
    """The result of one query on one context.

    Attributes:
        status: "ok", or as of a verdict, or "context_error"; of a result that is "too_big" there are the first rows.
        columns: Their names.
        rows: Values are NULL, bool, int, float, Decimal, str and bytes, lists and dicts of them, and texts of all else.
        reason: Why it is not "ok".
    """

    status: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    reason: str
