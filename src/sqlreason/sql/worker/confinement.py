"""What a worker may not do, whatever the query: the limits that the operating system enforces.

They hold for the whole process and cannot be lifted again. Together with the engines' own locks they leave
a query computing time and memory, both bounded; the parent's SIGKILL stands above them.
"""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


def confine(memory_mb: int, spare_descriptors: int = 0) -> None:
    """Forbids writing files, core dumps, more memory, and new file descriptors.

    Args:
        memory_mb: Address space in MiB.
        spare_descriptors: How many descriptors may still be opened; 0 seals the process: nothing can be
            opened.
    """
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, memory_mb * 1024 * 1024)
    with opening():
        free = _first_free_descriptor()
    _limit(resource.RLIMIT_NOFILE, free + spare_descriptors)


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


@contextmanager
def opening() -> Iterator[None]:
    """Lets this process open descriptors, up to the hard limit, inside the block and none after it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (_first_free_descriptor(), hard))


def _first_free_descriptor() -> int:
    probe = os.dup(0)
    os.close(probe)
    return probe


def allow_cpu(seconds: float) -> None:
    """Lets the process use that much more CPU time before the kernel ends it: the net below the parent's."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = int(used.ru_utime + used.ru_stime + seconds) + 1
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def leave_with_parent(parent: int, interval: float = 0.5) -> None:
    """Ends the process soon after its parent has died, even in the middle of a query.

    A thread that looks, and not PR_SET_PDEATHSIG: that signal comes when the parent's *thread* ends, and
    reward functions are called from threads.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(interval)
        os._exit(1)

    threading.stack_size(256 * 1024)
    threading.Thread(target=watch, daemon=True).start()
