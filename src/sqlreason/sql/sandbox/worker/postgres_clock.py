"""How long a PostgreSQL server has computed for us, where it runs on this machine."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path


def server_clock(pid: int, local: bool) -> Callable[[], float] | None:
    """A clock of the CPU seconds of the server's process for our connection; None where it cannot be looked at.

    Args:
        pid: The process's, as the server names it.
        local: Whether we are connected to this machine; in a container of its own the server has other numbers, so
            that the process must also bear the server's name.
    """
    clock = (~pid << 3) | 2  # as clock_getcpuclockid(3) makes it
    with suppress(OSError):
        if local and sys.platform == "linux" and Path(f"/proc/{pid}/comm").read_text().startswith("postgres"):
            time.clock_gettime(clock)
            return lambda: _read(clock)
    return None


def _read(clock: int) -> float:
    try:
        return time.clock_gettime(clock)
    except OSError:  # the process has ended, and with it our connection; another worker will do
        os._exit(1)
