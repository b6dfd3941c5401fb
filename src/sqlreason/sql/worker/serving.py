"""The worker's loop: reads requests, runs them, answers; ends when the parent does.

Requests are `judge` (candidates against a task), `run` (one query on one context) and `trial` (a gold and
its mutants on candidate instances). Verdicts are sent as they become known, so that a killed worker loses
little.
"""

from __future__ import annotations

import os
import signal
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from . import protocol
from .cases import Case
from .confinement import allow_cpu, confine, leave_with_parent, opening
from .outcomes import READ, EngineError
from .published import PublishedCase
from .sqlite_engine import SqliteEngine

_LOADED_CASES = 1_024
#: A mutant that so many instances kill is not tried on more.
_ENOUGH_KILLS = 3
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
        self._limits, self._engine, self._send, self._heartbeat = limits, engine, send, heartbeat
        self._cases: OrderedDict[str, Case | EngineError] = OrderedDict()
        self._request = 0

    def handle(self, message: dict[str, Any]) -> None:
        """Serves one request."""
        self._request = message["request"]
        allow_cpu(message["cpu_seconds"])
        self._beat(-1)
        if message["op"] == "run":
            self._send({"result": self._run(message["context"], message["sql"]), "done": True})
        elif message["op"] == "trial":
            self._send({"trial": self._trial(message["task"], message["mutants"], message["skip"]), "done": True})
        else:
            self._judge(message)

    def _beat(self, index: int) -> None:
        self._heartbeat.write(self._request, index, time.monotonic())

    def _judge(self, message: dict[str, Any]) -> None:
        case = self._case(message["key"], message["task"])
        if case is None:
            self._send({"unknown": True, "done": True})
            return
        if isinstance(case, EngineError):
            self._send({"gold_error": [case.status, case.reason], "done": True})
            return
        waiting: list[Any] = []
        last = time.monotonic()
        for pair in case.judge(message["candidates"], set(message["skip"])):
            waiting.append(pair)
            if time.monotonic() - last > _PATIENCE:
                self._send({"verdicts": waiting, "done": False})
                waiting, last = [], time.monotonic()
        self._send({"verdicts": waiting, "done": True})

    def _case(self, key: str, task: dict[str, Any] | None) -> Case | EngineError | None:
        if key in self._cases:
            self._cases.move_to_end(key)
        elif task is None:
            return None
        else:
            try:
                kind = PublishedCase if task["preset"] else Case
                self._cases[key] = kind(self._engine, task, self._limits, self._beat)
            except EngineError as error:
                self._cases[key] = error
            if len(self._cases) > _LOADED_CASES:
                self._cases.popitem(last=False)
        return self._cases[key]

    def _run(self, context: str, sql: str) -> list[Any]:
        """Status, columns, rows and reason of one query that only reads."""
        soft = self._limits["soft_seconds"]
        try:
            self._engine.open(self._engine.load(context, time.monotonic() + soft))
        except EngineError as error:
            return ["context_error", [], [], f"{error.status}: {error.reason}"]
        try:
            outcome = self._engine.run([sql], READ, time.monotonic() + soft, self._limits["max_rows"])
        except EngineError as error:
            return [error.status, [], [], error.reason]
        rows = outcome.rows[: self._limits["max_rows"]]
        return ["too_big" if outcome.more else "ok", outcome.columns, rows, ""]

    def _trial(self, task: dict[str, Any], mutants: list[str], skip: list[int]) -> list[Any]:
        """Per instance what `Verifier.trial` describes."""
        found, kills = [], [0] * len(mutants)
        for script in task["instances"]:
            try:
                case = Case(self._engine, {**task, "instances": [script]}, self._limits, self._beat)
            except EngineError as error:
                found.append([f"{error.status}: {error.reason}", False, [], False, []])
                continue
            spared = {*skip, *(i for i, count in enumerate(kills) if count >= _ENOUGH_KILLS)}
            verdicts = dict(case.judge([[m] for m in mutants], spared))
            differing = [i for i, verdict in verdicts.items() if verdict[0] == "mismatch"]
            broken = [i for i, verdict in verdicts.items() if verdict[0] not in ("match", "mismatch")]
            for index in differing:
                kills[index] += 1
            found.append(["", case.informative()[0], differing, case.instances[0].answer.ambiguous, broken])
        return found


def serve(limits: dict[str, Any], engine_name: str, parent: int, heartbeat_descriptor: int) -> None:
    """Serves the parent on standard input and output until either side ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    heartbeat = protocol.Heartbeat(heartbeat_descriptor)
    leave_with_parent(parent)
    engine = _open_engine(engine_name, limits)

    def send(message: Any) -> None:
        frame = memoryview(protocol.encode(message))
        while frame:
            frame = frame[os.write(1, frame) :]

    service = Service(limits, engine, send, heartbeat)
    send({"ready": True})
    while True:
        try:
            service.handle(protocol.receive(lambda n: os.read(0, n)))
        except EOFError:
            return


def _open_engine(name: str, limits: dict[str, Any]) -> Any:
    """Opens the engine and seals the process around it; DuckDB reserves address space generously."""
    if name == "duckdb":
        from .duckdb_engine import DuckdbEngine

        analyst = DuckdbEngine(limits["heap_mb"], limits["sql_chars"], opening)
        confine(limits["duckdb_memory_mb"], spare_descriptors=16)
        with opening():  # whose end leaves no descriptor to open
            return analyst
    engine = SqliteEngine(limits["heap_mb"], limits["sql_chars"])
    confine(limits["memory_mb"])
    return engine
