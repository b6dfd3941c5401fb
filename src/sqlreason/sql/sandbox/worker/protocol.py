"""Messages between the parent and a worker: length-prefixed JSON frames, and the heartbeat.

JSON and not marshal or pickle: the parent reads what comes from a process that runs untrusted queries. How the values
of results are written in it is `values`' part.
"""

from __future__ import annotations

import json
import mmap
import struct
from collections.abc import Callable
from typing import Any, NamedTuple

HEADER = struct.Struct("<I")
#: No honest frame is larger: candidates, test databases and results are bounded each.
MAX_FRAME = 256 * 1024 * 1024
#: A pair of queries is timed at least so often, and run so often in all, the round before the first included.
LEAST_ROUNDS = 3
RUNS_A_TIMING = 2 * (LEAST_ROUNDS + 1)
_BEAT = struct.Struct("<qqdd")


def encode(message: Any) -> bytes:
    """Write a message of JSON's own types as one frame."""
    body = _ENCODER.encode(message).encode("ascii")
    return HEADER.pack(len(body)) + body


def decode(body: bytes) -> Any:
    """Read the body of a frame."""
    return json.loads(body)


def receive(read: Callable[[int], bytes]) -> Any:
    """Read one message by a blocking `read(n)`.

    Raises:
        EOFError: The other side has closed the pipe.
        ValueError: The frame is larger than any honest one.
    """
    (size,) = HEADER.unpack(_exactly(read, HEADER.size))
    if size > MAX_FRAME:
        raise ValueError(f"a frame of {size} bytes; at most {MAX_FRAME} are accepted")
    return decode(_exactly(read, size))


def _exactly(read: Callable[[int], bytes], size: int) -> bytes:
    parts = []
    while size:
        part = read(min(size, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


_ENCODER = json.JSONEncoder(separators=(",", ":"), check_circular=False)


class Beat(NamedTuple):
    """What a worker is doing: the request, the candidate's position in it (-1: the gold), and since when.

    Attributes:
        request: Its number.
        position: The candidate's.
        started: By the monotonic clock.
        computed: CPU seconds that the worker had used by then.
    """

    request: int
    position: int
    started: float
    computed: float


class Heartbeat:
    """A few bytes shared by parent and worker; a worker that hangs cannot speak, but its last beat stays."""

    SIZE = mmap.PAGESIZE

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, self.SIZE)

    def write(self, request: int, index: int, started: float, computed: float) -> None:
        """Say that work on a candidate begins."""
        _BEAT.pack_into(self._memory, 0, request, index, started, computed)

    def read(self) -> Beat:
        """The last beat."""
        return Beat(*_BEAT.unpack_from(self._memory, 0))

    def close(self) -> None:
        """Release the shared bytes."""
        self._memory.close()
