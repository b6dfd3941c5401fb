"""Pools of worker processes that end with the process that began them, even where that one is killed.

A worker of a plain pool never learns of it: it waits for its next work for good, with all that it has loaded.
"""

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import Any


def make_pool(workers: int, begin: Callable[..., None] | None = None, *given: Any) -> ProcessPoolExecutor:
    """Return a pool, whose processes start with its first work.

    They are spawned, never forked: the caller may hold threads and gigabytes.

    Args:
        workers: Processes.
        begin: What each does first, with what is given; picklable, as all that is sent to it.
        given: Its arguments.
    """
    return ProcessPoolExecutor(workers, get_context("spawn"), _begin, (begin, given))


def _begin(begin: Callable[..., None] | None, given: tuple[Any, ...]) -> None:
    Thread(target=_end_with_parent, name="parent's end", daemon=True).start()
    if begin is not None:
        begin(*given)


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None  # this is a worker
    wait([parent.sentinel])
    os._exit(1)
