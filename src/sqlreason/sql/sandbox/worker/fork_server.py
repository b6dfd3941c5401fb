"""The fork server: a small process without threads, whose only work is to fork workers and to end them.

Forking the process that trains would copy the page tables of gigabytes and deadlock on its threads' locks; starting
Python for each worker takes three times as long. Ended children are reaped only when the parent asks, so that a
process id always means the worker that it was given for.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from . import protocol
from .serving import serve

#: Seconds between looks whether the parent still lives; its death also closes the socket.
_LOOK = 1.0
#: What an engine imports; once here, its workers start with it.
_IMPORTS = {"sqlite": ["apsw"], "duckdb": ["duckdb"], "postgres": ["sqlalchemy", "psycopg"]}


def serve_forks(control: socket.socket, parent: int) -> None:
    """Serve requests until the parent is gone: `start` (with two descriptors) and `end`."""
    children: set[int] = set()
    gc.freeze()
    try:
        while (request := _next_request(control, parent)) is not None:
            message, descriptors = request
            if "end" in message:
                reply = {"signal": _end(message["end"], children)}
            else:
                reply = {"pid": _fork(message, descriptors, control)}
                children.add(reply["pid"])
            control.sendall(protocol.encode(reply))
    finally:
        for pid in children:
            os.kill(pid, signal.SIGKILL)


def _next_request(control: socket.socket, parent: int) -> tuple[dict[str, Any], list[int]] | None:
    while not select.select([control], [], [], _LOOK)[0]:
        if os.getppid() != parent:
            return None
    size, descriptors, _, _ = socket.recv_fds(control, protocol.HEADER.size, 2)
    return (protocol.receive(_after(size, control)), descriptors) if size else None


def _after(read: bytes, control: socket.socket) -> Callable[[int], bytes]:
    """What reads from the socket, first what was read from it already."""
    first = [read]
    return lambda size: first.pop() if first else control.recv(size)


def _fork(message: dict[str, Any], descriptors: list[int], control: socket.socket) -> int:
    sys.path += [folder for folder in message["folders"] if folder not in sys.path]
    for name in _IMPORTS.get(message["engine"], ()):
        with contextlib.suppress(ImportError):  # the worker meets it again and tells the parent
            importlib.import_module(name)
    server = os.getpid()
    pid = os.fork()
    if pid:
        for descriptor in descriptors:
            os.close(descriptor)
        return pid
    try:
        control.close()
        channel, heartbeat = descriptors
        serve(socket.socket(fileno=channel), heartbeat, message, server)
    finally:
        os._exit(0)


def _end(pid: int, children: set[int]) -> int:
    """Kill a worker, unless it has ended, and return the signal that ended it; 0 if it left by itself."""
    if pid not in children:
        return 0
    children.discard(pid)
    os.kill(pid, signal.SIGKILL)  # no harm to one that has ended: it is not reaped yet
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return -code if code < 0 else 0
