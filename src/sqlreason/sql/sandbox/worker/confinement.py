"""What a worker may not do, whatever the query: the limits that the operating system enforces.

They hold for the whole process and cannot be lifted again. Together with the engines' own locks they leave
a query computing time and memory, both bounded; the parent's SIGKILL stands above them. Where a system lacks one of
them (docs/sandbox.md), the others stand: `confine` tells which hold.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time

from .seccomp import forbid_system_calls

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

_NOBODY = 65_534
_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG


def confine(memory_mb: int, parent: int | None, with_files: bool = False) -> list[str]:
    """Forbids writing files, core dumps, more memory, new descriptors, and the system calls that reach out.

    Args:
        memory_mb: Address space in MiB.
        parent: The process with whose end this one ends too; None where a closed socket must do.
        with_files: Whether it holds database files open that it has not looked at yet; `seal` is called once it has.

    Returns:
        Names of the guards that hold, of: nobody (root was given up), file_size, core, memory, descriptors,
        system_calls.
    """
    guards = ["nobody"] if _gave_up_root() else []
    if parent is not None:
        _leave_with(parent)  # after the change of user, which would forget it, and before prctl is out of reach
    if resource is not None:
        wanted = {
            "file_size": (resource.RLIMIT_FSIZE, 0),
            "core": (resource.RLIMIT_CORE, 0),
            "memory": (resource.RLIMIT_AS, memory_mb * 1024 * 1024),
            "descriptors": (resource.RLIMIT_NOFILE, _first_free_descriptor()),
        }
        guards += [name for name, (kind, value) in wanted.items() if _limited(kind, value)]
    return [*guards, "system_calls"] if forbid_system_calls(briefly=with_files) else guards


def seal() -> None:
    """Forbids what `confine` has left open for the first look at database files."""
    forbid_system_calls()


def allow_cpu(seconds: float) -> None:
    """Let the process use that much more CPU time before the kernel ends it: the net below the parent's."""
    if resource is None:
        return
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = int(used.ru_utime + used.ru_stime + seconds) + 1
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _gave_up_root() -> bool:
    """Becomes nobody if the process is root, who could lift limits; inside some containers even root may not."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    with contextlib.suppress(OSError):
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
    return os.geteuid() != 0


def _limited(kind: int, value: int) -> bool:
    """Lowers a limit for good; macOS knows some of them only by name."""
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(kind, (value, value))
        return True
    return False


def _first_free_descriptor() -> int:
    probe = os.dup(0)
    os.close(probe)
    return probe


def _leave_with(parent: int, interval: float = 0.5) -> None:
    """End the process when its parent dies, even in the middle of a query.

    Linux sends a signal; it comes when the parent's *thread* ends, so this is for children of the fork server, which
    has one. Elsewhere a thread looks now and then.
    """
    if sys.platform == "linux" and ctypes.CDLL(None).prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0) == 0:
        if os.getppid() != parent:  # it died before
            os._exit(1)
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(interval)
        os._exit(1)

    threading.stack_size(256 * 1024)
    threading.Thread(target=watch, daemon=True).start()
