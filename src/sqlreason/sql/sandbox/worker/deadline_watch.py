"""A watch over DuckDB's statements: one thread that interrupts the one at work when its computing time is over.

It sleeps until the earliest moment at which a deadline can have come, so that a statement that ends before costs no
change of threads, for which it would wait on a busy machine.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

#: It looks at least so many seconds apart.
_LOOK = 0.001


class Watched:
    """A statement at work: its connection, its deadline, and whether it was interrupted."""

    __slots__ = ("connection", "deadline", "late")

    def __init__(self, connection: Any, deadline: float) -> None:
        self.connection, self.deadline, self.late = connection, deadline, False


class Watch:
    """Watches one statement at a time.

    Args:
        seconds: The clock of deadlines, which runs no faster than time.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds, self._changed = seconds, threading.Condition()
        self._watched: Watched | None = None
        self._wakes = float("inf")  # by the monotonic clock
        self._thread: threading.Thread | None = None

    def begin(self, connection: Any, deadline: float) -> Watched:
        """Watch a connection until `end`."""
        watched = Watched(connection, deadline)
        with self._changed:
            self._watched = watched
            if self._wakes > time.monotonic() + max(0.0, deadline - self._seconds()):
                self._changed.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        return watched

    def end(self) -> None:
        """Leave the connection alone."""
        with self._changed:
            self._watched = None

    def _run(self) -> None:
        with self._changed:
            while True:
                left = self._left()
                self._wakes = float("inf") if left is None else time.monotonic() + left
                self._changed.wait(left)

    def _left(self) -> float | None:
        """Interrupts what is late; how long nothing needs a look, None if nothing is at work."""
        watched = self._watched
        if watched is None:
            return None
        left = watched.deadline - self._seconds()
        if left <= 0:
            watched.late = True
            watched.connection.interrupt()
        return max(_LOOK, left)
