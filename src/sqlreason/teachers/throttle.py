"""How many calls may be in flight, how long everybody waits, and when to give up.

Additive increase and multiplicative decrease, as TCP does it (Chiu and Jain 1989): an overloaded provider halves the
limit, every full round of successes adds one. Calls that were in flight together count as one round, since they all
met the same overload. The clock is monotonic: a wall clock that is set back changes nothing.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlreason.teachers.clients.call_errors import Fault

DECREASE = 0.5


class Throttle:
    """Admits calls, learns from how they end, and breaks the circuit when nothing but failures comes back.

    Args:
        most: Calls in flight at most; the limit begins there.
        failures: After so many rounds of failures in a row the circuit breaks.
        clock: Seconds that only go forward.
    """

    def __init__(self, most: int, failures: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = most
        self.failures = failures
        self.limit = float(most)
        self.in_flight = 0
        self.failed_rounds = 0
        self._clock = clock
        self._opens = clock()
        self._last_decrease = self._last_failure = float("-inf")
        self._changed = asyncio.Event()

    @property
    def broken(self) -> bool:
        """Whether the circuit is broken: no call is worth making."""
        return self.failed_rounds >= self.failures

    @asynccontextmanager
    async def slot(self, wanted: Callable[[], bool]) -> AsyncIterator[float | None]:
        """Wait for room, hold it, and yield when the call began; None if it is not wanted any more.

        Args:
            wanted: Asked before each wait and at its end.
        """
        while wanted() and (self.in_flight >= int(self.limit) or self._clock() < self._opens):
            await self._wait()
        if not wanted():
            yield None
            return
        self.in_flight += 1
        try:
            yield self._clock()
        finally:
            self.in_flight -= 1
            self.wake()

    def now(self) -> float:
        """Seconds by the clock that `slot` tells."""
        return self._clock()

    def succeeded(self) -> None:
        """Notes an answer: the limit grows by one a round."""
        self.failed_rounds = 0
        self.limit = min(float(self.most), self.limit + 1 / self.limit)

    def failed(self, fault: Fault, began: float) -> None:
        """Notes a failure: an overload halves the limit and, where the provider asks for it, stops everybody.

        Args:
            fault: What went wrong.
            began: When the call began, as `slot` told it.
        """
        now = self._clock()
        if began >= self._last_failure:
            self.failed_rounds += 1
            self._last_failure = now
        if fault.overload and began >= self._last_decrease:
            self.limit = max(1.0, self.limit * DECREASE)
            self._last_decrease = now
        self._opens = max(self._opens, now + fault.retry_after)

    def wake(self) -> None:
        """Let those who wait look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def pause(self, seconds: float, wanted: Callable[[], bool]) -> None:
        """Wait before another attempt, no longer than it is wanted."""
        until = self._clock() + seconds
        while wanted() and (left := until - self._clock()) > 0:
            await self._wait(left)

    async def _wait(self, seconds: float | None = None) -> None:
        changed = self._changed  # `wake` replaces it
        closed = self._opens - self._clock()
        seconds = seconds if seconds is not None else closed if closed > 0 else None
        try:
            await asyncio.wait_for(changed.wait(), seconds)
        except TimeoutError:
            return
