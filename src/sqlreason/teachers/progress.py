"""How the asking stands, for people: rows a second and the time left, the accepted share, dollars so far."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tqdm import tqdm


@dataclass
class Tally:
    """Counts of a run.

    Attributes:
        ended: Questions that are through, whatever became of them.
        accepted: Answers that can be used.
        failed: Questions without an answer.
        usd: Dollars spent on these questions, earlier runs included.
        in_flight: Calls under way.
    """

    ended: int = 0
    accepted: int = 0
    failed: int = 0
    usd: float = 0.0
    in_flight: int = 0

    @property
    def accepted_share(self) -> float:
        """Share of the ended questions with a usable answer, 0 to 1."""
        return self.accepted / self.ended if self.ended else 0.0


@contextmanager
def shown(progress: Callable[[Tally], None] | None, total: int) -> Iterator[Callable[[Tally], None]]:
    """Yield whom to tell: the given function, or a bar where there is a terminal."""
    if progress is not None:
        yield progress
        return
    with tqdm(total=total, desc="teacher", unit="row", disable=None) as bar:

        def show(tally: Tally) -> None:
            bar.set_postfix_str(
                f"accepted {tally.accepted_share:.0%}, failed {tally.failed}, {tally.usd:.2f} USD, "
                f"{tally.in_flight} in flight",
                refresh=False,
            )
            bar.update(tally.ended - bar.n)

        yield show
