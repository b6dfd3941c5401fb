"""Worker processes as the parent sees them: start, talk, watch, kill.

Workers are started by exec (`python -I -S`), never by forking this process, which may hold a model and
threads. A request's worker is watched by its heartbeat: the step at which it hangs or dies is known, so
that exactly one candidate is to blame.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sqlreason.sql.verdicts import Limits
from sqlreason.sql.worker import protocol

BOOT = Path(__file__).parent / "worker" / "boot.py"
#: A cold start reads the standard library from disk; on a busy machine that can take seconds.
_START_SECONDS = 60.0
#: What a worker needs of the parent's environment: where shared libraries lie.
_ENVIRONMENT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PATH")


class WorkerDied(Exception):
    """The worker process has ended; `signal` is what ended it, 0 if it left by itself."""

    def __init__(self, signal: int) -> None:
        super().__init__(f"the worker ended by signal {signal}")
        self.signal = signal


class WorkerProcess:
    """One worker: a child process with pipes and a heartbeat.

    Args:
        engine: "sqlite" or "duckdb".
        limits: Bounds of one candidate, passed on.

    Attributes:
        known: Keys of the tasks that it has loaded.
        ready: Whether it has come up.
    """

    def __init__(self, engine: str, limits: Limits) -> None:
        self.engine, self._limits = engine, limits
        self.known: set[str] = set()
        self._request, self._sent = 0, time.monotonic()
        self._buffer = bytearray()
        self.ready = False
        with tempfile.TemporaryFile() as shared:
            shared.truncate(protocol.Heartbeat.SIZE)
            self.heartbeat = protocol.Heartbeat(shared.fileno())
            self._process = self._start(shared.fileno())
        assert self._process.stdin is not None and self._process.stdout is not None
        self._input, self.output = self._process.stdin.fileno(), self._process.stdout.fileno()

    def _start(self, heartbeat: int) -> subprocess.Popen[bytes]:
        spec = find_spec("duckdb") if self.engine == "duckdb" else None
        site = str(Path(spec.origin).parents[1]) if spec is not None and spec.origin else ""
        limits = json.dumps(asdict(self._limits))
        arguments = [str(BOOT), self.engine, limits, str(os.getpid()), str(heartbeat), site]
        return subprocess.Popen(
            [sys.executable, "-I", "-S", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(heartbeat,),
            env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
            cwd="/",
        )

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def send(self, message: dict[str, Any]) -> None:
        """Sends a request.

        Raises:
            WorkerDied: The worker is gone.
        """
        self._request += 1
        self._sent = time.monotonic()
        frame = memoryview(protocol.encode({**message, "request": self._request}))
        try:
            while frame:
                frame = frame[os.write(self._input, frame) :]
        except (BrokenPipeError, OSError):
            raise WorkerDied(self._end()) from None

    def receive(self) -> list[Any]:
        """Reads what has arrived and returns the complete messages in it.

        Raises:
            WorkerDied: The worker is gone, or sends what no worker would send.
        """
        part = os.read(self.output, 1 << 20)
        if not part:
            raise WorkerDied(self._end())
        self._buffer += part
        messages = []
        try:
            while (message := self._next()) is not None:
                messages.append(message)
        except ValueError:
            raise WorkerDied(self._end()) from None
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
        if isinstance(message, dict) and message.get("ready"):
            self.ready = True
            self._sent = time.monotonic()
            return self._next()
        return message

    @property
    def step(self) -> int:
        """The index of the candidate at work; -1 for the gold or before the request was taken up."""
        beat = self.heartbeat.read()
        return beat.position if beat.request == self._request else -1

    @property
    def seconds_left(self) -> float:
        """How long the present step may still take."""
        if not self.ready:
            return self._sent + _START_SECONDS - time.monotonic()
        beat = self.heartbeat.read()
        started = beat.started if beat.request == self._request else self._sent
        return max(started, self._sent) + self._limits.hard_seconds - time.monotonic()

    def kill(self) -> None:
        """Ends the process at once."""
        self._process.kill()
        self._end()

    def _end(self) -> int:
        """Reaps the process and returns the signal that ended it."""
        self._process.kill()
        code = self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()
        return -code if code < 0 else 0

    def forget(self) -> None:
        """Lets go of a process that belongs to the process we were forked from."""
        self._process.returncode = 0
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
