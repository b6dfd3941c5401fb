"""What several askings may spend together: rounds of a conversation, a blind pass and a hinted one, two tables."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from sqlreason.teachers import asking
from sqlreason.teachers.journal.journal import Journal
from sqlreason.teachers.teacher import Teacher


class Allowance:
    """Dollars and hours that are handed to one asking after another, each time what the ones before left.

    Args:
        max_usd: Dollars at most, those of answers that the journal knows included; None has no end.
        max_hours: Hours of asking at most; None has no end.
        clock: Seconds that only go forward.
    """

    def __init__(
        self, max_usd: float | None, max_hours: float | None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.max_usd, self.max_hours, self._clock = max_usd, max_hours, clock
        self._usd = self._hours = 0.0

    def ask(
        self, teacher: Teacher, requests: Sequence[asking.Request], journal: Journal, **terms: Any
    ) -> list[asking.Completion]:
        """Return what `asking.ask` returns for what is left; `terms` are its other arguments."""
        began = self._clock()
        left: dict[str, Any] = {
            "max_usd": _less(self.max_usd, self._usd),
            "max_hours": _less(self.max_hours, self._hours),
        }
        completions = asking.ask(teacher, requests, journal, **terms, **left)
        self._usd += sum(completion.usd for completion in completions)
        self._hours += (self._clock() - began) / 3600
        return completions


def _less(most: float | None, spent: float) -> float | None:
    return None if most is None else max(0.0, most - spent)
