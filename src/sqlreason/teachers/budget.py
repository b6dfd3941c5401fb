"""What may still be spent: dollars and hours, checked before every call and never exceeded by more than one.

Before a call the most that it can cost is set aside; when it ends, what it did cost takes that place. Time that an
endpoint bills runs on by itself and is charged to the answers, so that they add up to the wall time.
"""

import time
from collections.abc import Callable

from sqlreason.teachers.prices import Prices


class Budget:
    """The purse of one asking.

    Args:
        prices: Of the teacher.
        max_usd: Dollars at most, those of earlier runs for the same questions included; None has no end.
        max_hours: Hours that this run may ask; None has no end.
        spent: Dollars spent by earlier runs.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        prices: Prices,
        max_usd: float | None,
        max_hours: float | None,
        spent: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.prices, self.max_usd, self.max_hours, self.spent = prices, max_usd, max_hours, spent
        self.reserved, self._calls = 0.0, 0
        self._clock = clock
        self._began = self._billed_until = clock()

    @property
    def hours(self) -> float:
        """Hours since the run began to ask."""
        return (self._clock() - self._began) / 3600

    def start(self) -> None:
        """Start the clock that an endpoint bills; call it when the first request can go out."""
        self._began = self._billed_until = self._clock()

    def refusal(self, usd: float = 0.0) -> str:
        """Why a call of at most so many dollars may not be made; empty if it may."""
        if self.max_hours is not None and self.hours >= self.max_hours:
            return f"budget: {self.hours:.2f} of {self.max_hours} hours are over"
        if self.max_usd is None or self.prices.free:
            return ""
        running = self.prices.of_seconds(self._clock() - self._billed_until)
        if self.spent + running + self.reserved + usd <= self.max_usd:
            return ""
        return f"budget: {self.spent + running:.4f} of {self.max_usd} US dollars are spent"

    def reserve(self, usd: float) -> None:
        """Set dollars aside for a call."""
        self.reserved += usd
        self._calls += 1

    def release(self, usd: float) -> None:
        """Give back what was set aside."""
        self._calls -= 1
        self.reserved = self.reserved - usd if self._calls else 0.0  # sums of dollars leave a rest behind a comma

    def charge(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Pays for an answer by its tokens and by the time since the last one; returns the dollars."""
        now = self._clock()
        usd = self.prices.of_tokens(prompt_tokens, completion_tokens)
        usd += self.prices.of_seconds(now - self._billed_until)
        self._billed_until = now
        self.spent += usd
        return usd
