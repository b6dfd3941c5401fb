"""How long a query has computed: in CPU seconds of this process, so that no verdict hangs on what else runs here."""

from __future__ import annotations

import time

#: Seconds up to which the wall is taken for the processor; asking the system costs five times as much.
_EXACT = 0.001


class Clock:
    """CPU seconds of this process, exact to a millisecond; called before and after every candidate."""

    def __init__(self) -> None:
        self._computed, self._looked = time.process_time(), time.monotonic()

    def __call__(self) -> float:
        """The seconds so far; never less than were computed."""
        now = time.monotonic()
        if now - self._looked > _EXACT:
            self._computed, self._looked = time.process_time(), now
            return self._computed
        return self._computed + now - self._looked
