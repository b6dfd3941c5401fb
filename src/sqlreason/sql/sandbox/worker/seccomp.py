"""System calls that a worker may still make once it is up: to compute, to allocate, to talk on what is open.

A filter in the kernel (Linux; no privilege is needed) that cannot be taken off again: whatever takes over the engine
finds no file, no socket, no process and no signal. What is not on the list fails with EPERM.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct

#: Per machine: AUDIT_ARCH, the number of seccomp(2), and the numbers of the calls (from the kernel's tables).
_MACHINES: dict[str, tuple[int, int, dict[str, int]]] = {
    "x86_64": (
        0xC000003E,
        317,
        {
            **{"read": 0, "write": 1, "close": 3, "fstat": 5, "poll": 7, "lseek": 8, "mmap": 9, "mprotect": 10},
            **{"munmap": 11, "brk": 12, "rt_sigaction": 13, "rt_sigprocmask": 14, "rt_sigreturn": 15, "pread64": 17},
            **{"select": 23},
            **{"sched_yield": 24, "mremap": 25, "madvise": 28, "dup": 32, "nanosleep": 35, "getpid": 39, "sendto": 44},
            **{"recvfrom": 45, "clone": 56, "exit": 60, "uname": 63, "fcntl": 72, "gettimeofday": 96, "getrlimit": 97},
            **{"getrusage": 98, "sysinfo": 99, "getuid": 102, "getppid": 110, "sigaltstack": 131, "setrlimit": 160},
            **{"gettid": 186, "time": 201, "futex": 202, "sched_getaffinity": 204, "restart_syscall": 219},
            **{"clock_gettime": 228, "clock_getres": 229, "clock_nanosleep": 230, "exit_group": 231, "pselect6": 270},
            **{"ppoll": 271, "set_robust_list": 273, "prlimit64": 302, "getcpu": 309, "getrandom": 318},
            **{"membarrier": 324, "rseq": 334, "clone3": 435},
        },
    ),
    "aarch64": (
        0xC00000B7,
        277,
        {
            **{"read": 63, "write": 64, "close": 57, "fstat": 80, "lseek": 62, "mmap": 222, "mprotect": 226},
            **{"munmap": 215, "brk": 214, "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigreturn": 139},
            **{"pread64": 67},
            **{"sched_yield": 124, "mremap": 216, "madvise": 233, "dup": 23, "nanosleep": 101, "getpid": 172},
            **{"sendto": 206, "recvfrom": 207, "clone": 220, "exit": 93, "uname": 160, "fcntl": 25},
            **{"gettimeofday": 169, "getrlimit": 163, "getrusage": 165, "sysinfo": 179, "getuid": 174, "getppid": 173},
            **{"sigaltstack": 132, "setrlimit": 164, "gettid": 178, "futex": 98, "sched_getaffinity": 123},
            **{"restart_syscall": 128, "clock_gettime": 113, "clock_getres": 114, "clock_nanosleep": 115},
            **{"exit_group": 94, "pselect6": 72, "ppoll": 73, "set_robust_list": 99, "prlimit64": 261, "getcpu": 168},
            **{"getrandom": 278, "membarrier": 283, "rseq": 293, "clone3": 435},
        },
    ),
}
#: Calls that SQLite makes at its first look at a file, and those by which they are forbidden afterwards.
_BRIEFLY = {
    "x86_64": {"newfstatat": 262, "prctl": 157, "seccomp": 317},
    "aarch64": {"newfstatat": 79, "prctl": 167, "seccomp": 277},
}
_LOAD, _EQUAL, _ANY_BIT, _RETURN = 0x20, 0x15, 0x45, 0x06  # BPF: load a word, jump if equal, jump if bits, return
_ALLOW, _FAIL, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NUMBER, _MACHINE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_CLONE_THREAD = 0x10000
_NO_NEW_PRIVILEGES, _SET_FILTER, _ALL_THREADS = 38, 1, 1


def forbid_system_calls(briefly: bool = False) -> bool:
    """Install the filter for all threads of this process; return whether the kernel took it.

    Args:
        briefly: Whether the process may still ask for the size of a file, until the filter is installed once more.
    """
    machine = _MACHINES.get(os.uname().machine) if hasattr(os, "uname") and os.uname().sysname == "Linux" else None
    if machine is None:
        return False
    architecture, seccomp, calls = machine
    calls = {**calls, **_BRIEFLY[os.uname().machine]} if briefly else calls
    code = ctypes.create_string_buffer(_filter(architecture, calls))
    program = struct.pack("@HxxxxxxP", len(code.raw) // 8, ctypes.addressof(code))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        return False
    return bool(libc.syscall(seccomp, _SET_FILTER, _ALL_THREADS, program) == 0)


def _filter(architecture: int, calls: dict[str, int]) -> bytes:
    """The program: another architecture is fatal, threads but no processes, limits of nobody else, then the list."""
    known = dict(calls)
    thread, limits = known.pop("clone"), known.pop("prlimit64")
    steps = [(_LOAD, 0, 0, _MACHINE), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _NUMBER)]
    # the C library falls back from clone3, whose arguments a filter cannot read, to clone
    steps += [(_EQUAL, 0, 1, known.pop("clone3")), (_RETURN, 0, 0, _FAIL | errno.ENOSYS)]
    for number in known.values():
        steps += [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ALLOW)]
    for number, test, value in ((thread, _ANY_BIT, _CLONE_THREAD), (limits, _EQUAL, 0)):
        steps += [(_EQUAL, 0, 3, number), (_LOAD, 0, 0, _FIRST_ARGUMENT), (test, 0, 1, value), (_RETURN, 0, 0, _ALLOW)]
        steps += [(_LOAD, 0, 0, _NUMBER)]
    steps += [(_RETURN, 0, 0, _FAIL | errno.EPERM)]
    return b"".join(struct.pack("<HBBI", *step) for step in steps)
