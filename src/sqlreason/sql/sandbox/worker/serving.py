"""The worker's loop: reads requests, runs them, answers; ends when the parent does.

Requests are `judge` (candidates against a task), `run` (queries on one context), `group` (queries by their results),
`trial` (a gold and its mutants on candidate test databases), `describe` (what defines a context) and `time` (queries
beside a gold). Verdicts and results are sent as they become known, so that a killed worker loses little; a result is
brought into the form in which it is sent while its own heartbeat stands.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from . import protocol
from .benchmark_rules import PublishedCase
from .cases import Case
from .clock import Clock
from .confinement import allow_cpu, confine, seal
from .grouping import Groups
from .outcomes import READ, EngineError, as_error
from .shelf import Shelf
from .sqlite_engine import SqliteEngine
from .wire_values import packed_rows

#: Loaded cases are kept up to so many characters of their scripts, each counted with what a small one takes beside it.
_LOADED_CHARACTERS, _CASE_CHARACTERS = 32_000_000, 30_000
#: A mutant that so many test databases kill is not tried on more.
_ENOUGH_KILLS = 3
#: All mutants together take so many times a candidate's time on a file.
_MUTANTS = 2
#: A reason is cut after so many characters.
_REASON = 500
#: A pair of queries is timed for so long, and at least `LEAST_ROUNDS` times.
_TIMING_SECONDS = 1.0
#: Verdicts wait at most this long for company before they are sent.
_PATIENCE = 0.05


class Service:
    """One worker's state: its engine, the loaded cases, the channel to the parent.

    Args:
        limits: The parent's `Limits` as a mapping.
        engine: The database engine.
        send: Sends one message.
        heartbeat: Where the candidate at work is noted.
    """

    def __init__(
        self, limits: dict[str, Any], engine: Any, send: Callable[[Any], None], heartbeat: protocol.Heartbeat
    ) -> None:
        self.send = send
        self._limits, self._engine, self._heartbeat = limits, engine, heartbeat
        self._cases: Shelf[str, Case | EngineError] = Shelf(_LOADED_CHARACTERS)
        self._request = 0
        self._clock = Clock()

    def handle(self, message: dict[str, Any]) -> None:
        """Serve one request."""
        self._request = message["request"]
        allow_cpu(message["cpu_seconds"])
        self._beat(-1)
        if message["op"] == "run":
            self._run(message)
        elif message["op"] == "group":
            self._group(message)
        elif message["op"] == "describe":
            self._describe(message)
        elif message["op"] == "time":
            self._time(message)
        elif message["op"] == "trial":
            found = self._trial(message["task"], message["mutants"], message["spared"], message["skip"])
            self.send({"trial": found, "done": True})
        else:
            self._judge(message)

    def _beat(self, index: int) -> None:
        self._heartbeat.write(self._request, index, time.monotonic(), self._clock())

    def _judge(self, message: dict[str, Any]) -> None:
        case = self._case(message["key"], message["task"])
        if case is None:
            self.send({"unknown": True, "done": True})
            return
        if isinstance(case, EngineError):
            self.send({"gold_error": [case.status, case.reason], "done": True})
            return
        self._stream(case.judge(message["candidates"], set(message["skip"])))

    def _stream(self, pairs: Iterable[tuple[int, list[Any]]]) -> None:
        """Send what is found about candidates by their indices, a few at a time."""
        waiting: list[Any] = []
        last = time.monotonic()
        for pair in pairs:
            waiting.append(pair)
            if time.monotonic() - last > _PATIENCE:
                self.send({"verdicts": waiting, "done": False})
                waiting, last = [], time.monotonic()
        self.send({"verdicts": waiting, "done": True})

    def _case(self, key: str, task: dict[str, Any] | None) -> Case | EngineError | None:
        case: Case | EngineError | None = self._cases.get(key)
        if case is None and task is not None:
            case = self._built(task)
            self._cases.put(key, case, _CASE_CHARACTERS + sum(map(len, task["databases"])))
        return case

    def _build(self, task: dict[str, Any]) -> Case:
        kind = PublishedCase if task["preset"] else Case
        return kind(self._engine, task, self._limits, self._beat)

    def _built(self, task: dict[str, Any]) -> Case | EngineError:
        """The case, or why there is none, whatever goes wrong with its gold."""
        try:
            return self._build(task)
        except Exception as error:
            return as_error(error)

    def _run(self, message: dict[str, Any]) -> None:
        """Send the results of queries that only read, each as soon as it is known."""
        if (failure := self._opened(message["context"])) is not None:
            self.send({"gold_error": ["context_error", f"{failure.status}: {failure.reason}"], "done": True})
            return
        skip = set(message["skip"])
        most_rows, most = message["most_rows"], message["most_characters"]
        for index, sql in enumerate(message["queries"]):
            if index not in skip:
                self._beat(index)
                self.send({"verdicts": [(index, self._result(sql, most_rows, most))], "done": False})
        self.send({"done": True})

    def _describe(self, message: dict[str, Any]) -> None:
        """Send what defines a context.

        That is `before` (statements), `tables` (each its name, its CREATE TABLE, its columns by name, type, NOT NULL,
        place in the key and whether it is hidden or computed, and its foreign keys by number, parent, column and the
        parent's column), `after` (indices, views and triggers, each with its table) and `comments` (by table and
        column).
        """
        if (failure := self._opened(message["context"])) is not None:
            self.send({"gold_error": [failure.status, failure.reason], "done": True})
            return
        try:
            self.send({"description": self._engine.describe(), "done": True})
        except Exception as error:
            failure = as_error(error)
            self.send({"gold_error": [failure.status, failure.reason[:_REASON]], "done": True})

    def _time(self, message: dict[str, Any]) -> None:
        """Send for each query the ratios of times, gold over query, of the rounds in which both were run in turn."""
        if (failure := self._opened(message["context"])) is not None:
            self.send({"gold_error": [failure.status, failure.reason], "done": True})
            return
        pairs = ((i, sql) for i, sql in enumerate(message["queries"]) if i not in set(message["skip"]))
        self._stream((i, self._ratios(i, sql, message["gold"], message["rounds"])) for i, sql in pairs)

    def _ratios(self, index: int, sql: str, gold: str, rounds: int) -> list[Any]:
        """The ratios of a query; none where it, or the gold, does not run to its end."""
        found: list[float] = []
        end = time.monotonic() + _TIMING_SECONDS
        while len(found) <= rounds and (len(found) <= protocol.LEAST_ROUNDS or time.monotonic() < end):
            spent = []
            for text in (sql, gold):
                self._beat(index)
                try:
                    spent.append(self._seconds_of(text))
                except Exception:
                    return []
            found.append(spent[1] / spent[0])
        return found[1:]  # in the first round both are still being read

    def _seconds_of(self, sql: str) -> float:
        """How long one query takes with all of its rows, by the wall: the processor's clock may tick in hundredths."""
        try:
            started = time.perf_counter()
            self._engine.run([sql], READ, self._deadline(), self._limits["max_rows"])
            return time.perf_counter() - started
        finally:
            self._engine.undo()

    def _opened(self, context: str) -> EngineError | None:
        """Make a context the current database; returns why that fails, None if it does not."""
        try:
            self._engine.open(self._engine.load(context, self._deadline()))
        except Exception as error:
            return as_error(error)
        return None

    def _result(self, sql: str, most_rows: int, most: int) -> list[Any]:
        """Status, columns, rows and reason of one query; of a result that is too big, its first rows."""
        try:
            try:
                outcome = self._engine.run([sql], READ, self._deadline(), most_rows)
                rows = packed_rows(outcome.rows[:most_rows], most)
            finally:
                self._engine.undo()
        except Exception as error:
            failure = as_error(error)
            return [failure.status, [], [], failure.reason[:_REASON]]
        if outcome.more or len(rows) < len(outcome.rows):
            return ["too_big", outcome.columns, rows, f"more than {most_rows} rows or {most} characters"]
        return ["ok", outcome.columns, rows, ""]

    def _group(self, message: dict[str, Any]) -> None:
        """Send for each query the number of the group that shares its results on all contexts; None if it fails."""
        groups = Groups(self._engine, message["queries"], message["skip"], self._limits["max_rows"])
        for context in message["contexts"]:
            self._beat(-1)
            if (failure := self._opened(context)) is not None:
                self.send({"gold_error": ["context_error", f"{failure.status}: {failure.reason}"], "done": True})
                return
            groups.divide(self._beat, self._deadline)
        self.send({"groups": groups.numbers, "done": True})

    def _deadline(self) -> float:
        return float(self._engine.seconds() + self._limits["soft_seconds"])

    def _tried(self, case: Case, mutants: list[str], left_out: set[int]) -> dict[int, list[Any]]:
        """What becomes of mutants; on a file, which may be large, of as many as a candidate's time allows for."""
        candidates = [[mutant] for mutant in mutants]
        if not self._engine.read_only:
            return dict(case.judge(candidates, left_out))
        end = self._engine.seconds() + _MUTANTS * self._limits["soft_seconds"]
        found: dict[int, list[Any]] = {}
        for index in range(len(mutants)):
            if index not in left_out and self._engine.seconds() < end:
                found.update(case.judge(candidates, {*range(len(mutants))} - {index}))
        return found

    def _trial(self, task: dict[str, Any], mutants: list[str], spared: int, skip: list[int]) -> list[Any]:
        """Per test database what `Verifier.trial` describes."""
        found, kills = [], [0] * spared
        endless: set[int] = set()  # on one test database is on most of them, and each time costs all of its time
        for script in task["databases"]:
            case = self._built({**task, "databases": [script]})
            if isinstance(case, EngineError):
                found.append([f"{case.status}: {case.reason}", False, [], False, []])
                continue
            left_out = {*skip, *endless, *(i for i, count in enumerate(kills) if count >= _ENOUGH_KILLS)}
            verdicts = self._tried(case, mutants, left_out)
            differing = [i for i, verdict in verdicts.items() if verdict[0] == "mismatch"]
            broken = [i for i, verdict in verdicts.items() if verdict[0] not in ("match", "mismatch")]
            endless |= {i for i, verdict in verdicts.items() if verdict[0] == "timeout"}
            for index in differing:
                if index < spared:
                    kills[index] += 1
            found.append(["", case.informative()[0], differing, case.databases[0].answer.ambiguous, broken])
        return found


def serve(channel: socket.socket, heartbeat: int, start: dict[str, Any], parent: int | None) -> None:
    """Serve the parent on a socket until either side ends.

    Args:
        channel: To the parent.
        heartbeat: Descriptor of the shared bytes.
        start: `engine`, `limits`, the `server` of PostgreSQL, the database `files` that it holds open, each with the
            name by which it is loaded, and `folders` in which the engine's packages lie.
        parent: The process whose end is this one's too; None where the closed socket must do.
    """
    beats = protocol.Heartbeat(heartbeat)
    try:
        engine = _open_engine(start)
    except Exception as error:
        channel.sendall(protocol.encode({"failed": f"{type(error).__name__}: {error}"}))
        return
    memory = start["limits"]["duckdb_memory_mb" if start["engine"] == "duckdb" else "memory_mb"]
    guards = [*confine(memory, parent, bool(start["files"])), *engine.guards]
    service = Service(start["limits"], engine, lambda message: channel.sendall(protocol.encode(message)), beats)
    ready = {"ready": True, "guards": guards, "library": engine.library, "opened_all": engine.opened_all}
    service.send(ready)
    if start["files"]:  # what a file makes of its worker is from here on blamed on who asked for it
        engine.look_at_files()
        seal()
    while True:
        try:
            service.handle(protocol.receive(channel.recv))
        except (EOFError, ConnectionError):
            return


def serve_alone(channel: socket.socket, token: bytes) -> None:
    """Serve as one process for itself: show the token, then learn what it is to be and where its heartbeat lies."""
    channel.sendall(token)
    start = protocol.receive(channel.recv)
    sys.path += start["folders"]
    with open(start["heartbeat"], "r+b") as shared:
        serve(channel, shared.fileno(), start, None)


def _open_engine(start: dict[str, Any]) -> Any:
    """Open the engine; whatever it needs from outside it must have before the process is closed."""
    limits, name, files = start["limits"], start["engine"], start["files"]
    if name == "duckdb":
        from .duckdb_engine import DuckdbEngine

        return DuckdbEngine(limits["heap_mb"], limits["sql_chars"], files)
    if name == "postgres":
        from .postgres_engine import PostgresEngine

        if files:
            from .postgres_original import PostgresDatabases

            return PostgresDatabases(start["server"], limits["sql_chars"], files)
        return PostgresEngine(start["server"], limits["sql_chars"])
    return SqliteEngine(limits["heap_mb"], limits["sql_chars"], files=files)
