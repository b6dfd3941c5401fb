"""Worker processes as the parent sees them: talk, watch, kill.

A worker is watched by its heartbeat: the step at which it hangs or dies is known, so that exactly one candidate is to
blame. What is limited is what the step has computed, in the CPU seconds of its process, so that a busy machine changes
no verdict; the wall only shows that a worker sleeps, who would never use them up. Requests are answered in the order in
which they were sent.
"""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import Any, NamedTuple

from sqlreason.errors import SqlReasonError
from sqlreason.sql.database_files import DatabaseFile
from sqlreason.sql.sandbox.forks import START_SECONDS, Starter
from sqlreason.sql.sandbox.named_server import reachable
from sqlreason.sql.sandbox.worker import protocol
from sqlreason.sql.verdicts import Limits

#: Requests of at most so many bytes may be sent while the worker is busy with another: they fit into the socket's
#: buffer, so that neither side ever waits for the other to read.
_AHEAD_BYTES = 64 * 1024
#: A process sleeps that computes less than this share of the time; among hundreds of busy ones it would get more.
_AWAKE = 0.002
#: CPU seconds that waking up for nothing may take.
_LEAST = 0.0005
#: Seconds between two looks at a worker that is late by the wall alone.
_LOOK = 0.02


#: Engines whose worker waits for a server that computes.
_COMPUTE_ELSEWHERE = frozenset(["postgres"])
#: How many times the soft limit these may wait in all: 1 + 4 + 16, see `postgres_engine`.
_TRIES = 21


class _Look(NamedTuple):
    """A moment, and the CPU seconds of a worker then."""

    at: float
    computed: float


def _computed(pid: int) -> float | None:
    """CPU seconds of a process; None where the system does not tell of another."""
    if sys.platform != "linux":
        return None
    try:
        return time.clock_gettime((~pid << 3) | 2)  # as clock_getcpuclockid(3) makes it
    except OSError:  # it has ended, which reading it will show
        return None


class WorkerError(SqlReasonError, RuntimeError):
    """No worker comes up on this machine that could run a query."""


class WorkerDied(Exception):
    """The worker process has ended; `signal` is what ended it, 0 if it left by itself."""

    def __init__(self, signal: int, reason: str = "") -> None:
        super().__init__(reason or f"the worker ended by signal {signal}")
        self.signal = signal


class WorkerProcess:
    """One worker: a process, a socket to it, and its heartbeat.

    Args:
        engine: "sqlite", "duckdb" or "postgres".
        limits: Bounds of one candidate, passed on.
        starter: Starts and ends its process.
        server: URL of the server of a "postgres" worker.
        files: The database files that it opens before it is sealed.

    Attributes:
        kind: Its engine and its files.
        known: Keys of the tasks that it has loaded.
        ready: Whether it has come up.
        sleeps: Whether its time is over because it does nothing: the machine may be to blame, or who stopped it.
        guards: What holds it, by the names of `worker.confinement.confine`.
        library: The version of its engine.
        opened_all: Whether it holds all of its files; one that another program had locked may be had by the next.
    """

    def __init__(
        self, engine: str, limits: Limits, starter: Starter, server: str = "", files: tuple[DatabaseFile, ...] = ()
    ) -> None:
        self.kind = engine, files
        self.engine, self._limits, self._starter = engine, limits, starter
        self.known: set[str] = set()
        self.ready = False
        self.guards: tuple[str, ...] = ()
        self.library = ""
        self.opened_all = True
        self._ended: int | None = None
        self._request = 0  # the number of the last one
        self._open: dict[int, int] = {}  # bytes of those that are not answered, in order
        self._since = time.monotonic()  # when the present request, or the start, began
        self._computed: float | None = None  # CPU seconds of the process, where it was late before it took that up
        self._look = _Look(0.0, 0.0)
        self.sleeps = False
        self._buffer = bytearray()
        named = [(file.url, reachable(file.url) if engine == "postgres" else file.path) for file in files]
        started = starter.start(engine, {"limits": asdict(limits), "server": server, "files": named})
        self.pid, self._channel, self._heartbeat = started.pid, started.channel, started.heartbeat
        self._channel.settimeout(START_SECONDS)  # one that is stopped from outside must not stop us

    @property
    def _present(self) -> int:
        """The number of the request at work; 0 where there is none."""
        return next(iter(self._open), 0)

    def fileno(self) -> int:
        """The socket's descriptor, to wait on."""
        return self._channel.fileno()

    def send(self, message: dict[str, Any]) -> bool:
        """Send a request; to a busy worker only if it is short and the worker still there, else it returns False.

        That a busy worker is gone, and at which step, is told by `receive`.

        Raises:
            WorkerDied: The idle worker is gone, or does not listen.
        """
        frame = protocol.encode({**message, "request": self._request + 1})
        ahead = bool(self._open)
        if ahead and sum(self._open.values()) - self._open[self._present] + len(frame) > _AHEAD_BYTES:
            return False
        self._request += 1
        if not ahead:
            self._begin()
        self._open[self._request] = len(frame)
        try:
            self._channel.sendall(frame)
        except OSError:
            if ahead:
                del self._open[self._request]
                return False
            raise WorkerDied(self.end()) from None
        return True

    def receive(self) -> list[Any]:
        """Read what has arrived and return the complete messages in it.

        Raises:
            WorkerDied: The worker is gone, or sends what no worker would send.
        """
        try:
            part = self._channel.recv(1 << 20)
        except OSError:
            part = b""
        if not part:
            raise WorkerDied(self.end())
        self._buffer += part
        messages = []
        try:
            while (message := self._next()) is not None:
                messages.append(message)
                self._note(message)
        except ValueError:
            raise WorkerDied(self.end()) from None
        return messages

    def _note(self, message: Any) -> None:
        """Count an answer; one that nobody has asked for is no honest worker's."""
        if not isinstance(message, dict) or not self._open:
            raise ValueError("this is no answer to a request")
        if message.get("done"):
            del self._open[self._present]
            self._begin()

    def _begin(self) -> None:
        """Notes that the next request has its time from now on."""
        self._since, self._computed = time.monotonic(), None

    def _next(self) -> Any:
        if len(self._buffer) < protocol.HEADER.size:
            return None
        (size,) = protocol.HEADER.unpack_from(self._buffer)
        if size > protocol.MAX_FRAME:
            raise ValueError("the frame is too large")
        end = protocol.HEADER.size + size
        if len(self._buffer) < end:
            return None
        body = bytes(self._buffer[protocol.HEADER.size : end])
        del self._buffer[:end]
        message = protocol.decode(body)
        return message if self.ready else self._greeting(message)

    def _greeting(self, message: dict[str, Any]) -> Any:
        """Take the first message, by which the worker says that it is up, or why it cannot be."""
        if "failed" in message:
            self.end()
            raise WorkerError(f"no {self.engine} worker could be started: {message['failed']}")
        self.ready, self.guards, self.library = True, tuple(message["guards"]), str(message["library"])
        self.opened_all = bool(message["opened_all"])
        self._since = time.monotonic()
        return self._next()

    @property
    def step(self) -> int:
        """The index of the candidate at work; -1 for the gold or before the request was taken up."""
        beat = self._heartbeat.read()
        return beat.position if beat.request == self._present else -1

    @property
    def seconds_left(self) -> float:
        """How long the present step needs no look; below zero where its time is over."""
        now = time.monotonic()
        if not self.ready:
            return self._since + START_SECONDS - now
        beat = self._heartbeat.read()
        taken_up = beat.request in self._open and beat.started > self._since
        started = beat.started if taken_up else self._since
        if self.engine in _COMPUTE_ELSEWHERE:
            return started + self._limits.hard_seconds + _TRIES * self._limits.soft_seconds - now
        left = started + self._limits.hard_seconds - now
        if left > 0 or (total := _computed(self.pid)) is None:
            return left
        if self._computed is None:
            self._computed = total
        return self._left_of(_Look(started, beat.computed if taken_up else self._computed), _Look(now, total))

    def _left_of(self, start: _Look, now: _Look) -> float:
        """The seconds left of a step that is late by the wall, by what it has computed since its start."""
        last = max(self._look, start)
        if now.computed - last.computed > _AWAKE * (now.at - last.at) + _LEAST:
            last = now
        self._look = last
        self.sleeps = now.at - last.at > self._limits.hard_seconds
        left = self._limits.hard_seconds - (now.computed - start.computed)
        return -1.0 if self.sleeps else max(left, _LOOK) if left > 0 else left

    def end(self) -> int:
        """End the process at once and return the signal that ended it."""
        if self._ended is None:
            self._ended = self._starter.end(self.pid)
            self._channel.close()
        return self._ended

    def forget(self) -> None:
        """Let go of a process that belongs to the process we were forked from."""
        self._channel.close()
        self._heartbeat.close()

    def close(self) -> None:
        """End the process and release what was shared with it."""
        self.end()
        self._heartbeat.close()
