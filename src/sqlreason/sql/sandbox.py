"""Worker processes as the parent sees them: talk, watch, kill.

A worker is watched by its heartbeat: the step at which it hangs or dies is known, so that exactly one candidate is to
blame.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from sqlreason.sql.forks import START_SECONDS, Starter
from sqlreason.sql.verdicts import Limits
from sqlreason.sql.worker import protocol


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

    Attributes:
        known: Keys of the tasks that it has loaded.
        ready: Whether it has come up.
        guards: What holds it, by the names of `worker.confinement.confine`.
    """

    def __init__(self, engine: str, limits: Limits, starter: Starter, server: str = "") -> None:
        self.engine, self._limits, self._starter = engine, limits, starter
        self.known: set[str] = set()
        self.ready = False
        self.guards: tuple[str, ...] = ()
        self._ended: int | None = None
        self._request, self._sent = 0, time.monotonic()
        self._buffer = bytearray()
        started = starter.start(engine, {"limits": asdict(limits), "server": server})
        self.pid, self._channel, self._heartbeat = started.pid, started.channel, started.heartbeat
        self._channel.settimeout(START_SECONDS)  # one that is stopped from outside must not stop us

    def fileno(self) -> int:
        """The socket's descriptor, to wait on."""
        return self._channel.fileno()

    def send(self, message: dict[str, Any]) -> None:
        """Sends a request.

        Raises:
            WorkerDied: The worker is gone, or does not listen.
        """
        self._request += 1
        self._sent = time.monotonic()
        try:
            self._channel.sendall(protocol.encode({**message, "request": self._request}))
        except OSError:
            raise WorkerDied(self.end()) from None

    def receive(self) -> list[Any]:
        """Reads what has arrived and returns the complete messages in it.

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
        except ValueError:
            raise WorkerDied(self.end()) from None
        return messages

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
        """Takes the first message, by which the worker says that it is up, or why it cannot be."""
        if "failed" in message:
            self.end()
            raise RuntimeError(f"no {self.engine} worker could be started: {message['failed']}")
        self.ready, self.guards = True, tuple(message["guards"])
        self._sent = time.monotonic()
        return self._next()

    @property
    def step(self) -> int:
        """The index of the candidate at work; -1 for the gold or before the request was taken up."""
        beat = self._heartbeat.read()
        return beat.position if beat.request == self._request else -1

    @property
    def seconds_left(self) -> float:
        """How long the present step may still take."""
        if not self.ready:
            return self._sent + START_SECONDS - time.monotonic()
        beat = self._heartbeat.read()
        started = beat.started if beat.request == self._request else self._sent
        return max(started, self._sent) + self._limits.hard_seconds - time.monotonic()

    def end(self) -> int:
        """Ends the process at once and returns the signal that ended it."""
        if self._ended is None:
            self._ended = self._starter.end(self.pid)
            self._channel.close()
        return self._ended

    def forget(self) -> None:
        """Lets go of a process that belongs to the process we were forked from."""
        self._channel.close()
        self._heartbeat.close()

    def close(self) -> None:
        """Ends the process and releases what was shared with it."""
        self.end()
        self._heartbeat.close()
