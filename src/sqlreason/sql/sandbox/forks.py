"""Starting and ending worker processes: through a fork server, or one by one where a system cannot fork."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from sqlreason.sql.sandbox.worker import protocol

BOOT = Path(__file__).parent / "worker" / "boot.py"
#: A cold start reads the standard library from disk; on a busy machine that can take seconds.
START_SECONDS = 60.0
#: What a worker needs of the parent's environment: where shared libraries lie.
_ENVIRONMENT = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PATH", "SYSTEMROOT")
#: What an engine's worker imports; apsw only where it is installed.
_PACKAGES: dict[str, tuple[str, ...]] = {
    "sqlite": ("apsw",),
    "duckdb": ("duckdb",),
    "postgres": ("sqlalchemy", "psycopg", "typing_extensions"),
}


@dataclass
class Started:
    """A worker that has been started: its process, the socket to it, and the bytes shared with it."""

    pid: int
    channel: socket.socket
    heartbeat: protocol.Heartbeat


class Starter(Protocol):
    """How workers come and go."""

    def start(self, engine: str, settings: dict[str, Any]) -> Started:
        """Start a worker; `settings` are its `limits` and, for PostgreSQL, its `server`."""

    def end(self, pid: int) -> int:
        """Kill a worker if it still lives; returns the signal that ended it, 0 if it left by itself."""

    def close(self, ours: bool = True) -> None:
        """End what it runs; if that belongs to the process we were forked from, only lets go of it."""


class ForkServer:
    """Starts workers by a small process that is exec'ed once and forks them; itself started when first needed."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    @property
    def pid(self) -> int | None:
        """The fork server's process id, if it runs."""
        return self._process.pid if self._process is not None else None

    def start(self, engine: str, settings: dict[str, Any]) -> Started:
        """Start a worker; a fork server that has died is replaced."""
        message = {"engine": engine, **settings, "folders": _folders(engine)}
        for last in (False, True):
            ours, theirs = socket.socketpair()
            try:
                with theirs, tempfile.TemporaryFile() as shared:
                    shared.truncate(protocol.Heartbeat.SIZE)
                    reply = self._ask(message, [theirs.fileno(), shared.fileno()])
                    return Started(reply["pid"], ours, protocol.Heartbeat(shared.fileno()))
            except (OSError, EOFError):
                ours.close()
                self.close()
                if last:
                    raise
        raise AssertionError("unreachable")

    def end(self, pid: int) -> int:
        """Kill a worker; if the fork server is gone, the worker is too."""
        try:
            return int(self._ask({"end": pid}, [])["signal"]) if self._control is not None else signal.SIGKILL
        except (OSError, EOFError):
            self.close()
            return signal.SIGKILL

    def _ask(self, message: dict[str, Any], descriptors: list[int]) -> dict[str, Any]:
        control = self._control or self._launch()
        socket.send_fds(control, [protocol.encode(message)], descriptors)
        reply: dict[str, Any] = protocol.receive(control.recv)
        return reply

    def _launch(self) -> socket.socket:
        control, theirs = socket.socketpair()
        control.settimeout(START_SECONDS)
        with theirs:
            arguments = ["forks", str(theirs.fileno()), str(os.getpid())]
            self._process = _python(arguments, pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL)
        self._control = control
        return control

    def close(self, ours: bool = True) -> None:
        """End the fork server, and with it its workers."""
        if self._control is not None:
            self._control.close()
        if self._process is not None and ours:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(0.2)
            self._process.kill()
            self._process.wait()
        elif self._process is not None:
            self._process.returncode = 0
        self._process = self._control = None


class Spawner:
    """Starts each worker as a program of its own, connected by loopback: for systems that cannot fork."""

    def __init__(self) -> None:
        self._processes: dict[int, tuple[subprocess.Popen[bytes], Path]] = {}

    def start(self, engine: str, settings: dict[str, Any]) -> Started:
        """Start a worker."""
        descriptor, name = tempfile.mkstemp(prefix="sqlreason-")
        with os.fdopen(descriptor, "r+b") as shared, socket.create_server(("127.0.0.1", 0)) as server:
            shared.truncate(protocol.Heartbeat.SIZE)
            server.settimeout(START_SECONDS)
            process = _python(["alone", str(server.getsockname()[1])], stdin=subprocess.PIPE)
            self._processes[process.pid] = process, Path(name)
            channel = _greeted(server, process)
            start = {"engine": engine, **settings, "folders": _folders(engine), "heartbeat": name}
            channel.sendall(protocol.encode(start))
            return Started(process.pid, channel, protocol.Heartbeat(shared.fileno()))

    def end(self, pid: int) -> int:
        """Kill a worker."""
        process, heartbeat = self._processes.pop(pid)
        process.kill()
        code = process.wait()
        with contextlib.suppress(OSError):
            heartbeat.unlink()
        return -code if code < 0 else 0

    def close(self, ours: bool = True) -> None:
        """End all workers."""
        for pid in list(self._processes) if ours else ():
            self.end(pid)
        self._processes.clear()


def _greeted(server: socket.socket, process: subprocess.Popen[bytes]) -> socket.socket:
    """The connection of the worker that shows our token; another process of this machine could have come first."""
    token = secrets.token_hex(16).encode() + b"\n"
    assert process.stdin is not None
    with process.stdin as pipe:
        pipe.write(token)
    while True:
        channel, _ = server.accept()
        channel.settimeout(START_SECONDS)
        if secrets.compare_digest(channel.recv(len(token), socket.MSG_WAITALL), token):
            return channel
        channel.close()


def _python(arguments: Iterable[str], **options: Any) -> subprocess.Popen[bytes]:
    environment = {"TZ": "UTC"} | {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    command = [sys.executable, "-I", "-S", str(BOOT), *arguments]
    options |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, env=environment, cwd=os.path.abspath(os.sep), **options)


def _folders(engine: str) -> list[str]:
    """Where the packages lie that an engine imports."""
    specs = [find_spec(name) for name in _PACKAGES[engine]]
    origins = [Path(spec.origin) for spec in specs if spec is not None and spec.origin]
    return list(dict.fromkeys(str(origin.parents[origin.name.startswith("__init__.")]) for origin in origins))


def starter() -> Starter:
    """The better way that this system offers."""
    return ForkServer() if hasattr(os, "fork") else Spawner()
