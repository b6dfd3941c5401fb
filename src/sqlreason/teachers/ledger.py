"""What teaching costs: prices by the token or by the hour, and the rows of the bill.

Prices are entered by hand with their source and date, since no provider states them in its answers. Seconds
and tokens are measured. Nothing here knows a provider.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Protocol

import pandas as pd

COLUMNS = ("stage", "what", "quantity", "unit", "usd")


class Priced(Protocol):
    """A completion, as far as the bill is concerned."""

    @property
    def prompt_tokens(self) -> int:
        """Tokens that were read."""

    @property
    def completion_tokens(self) -> int:
        """Tokens that were written."""

    @property
    def usd(self) -> float:
        """What was paid for it."""


@dataclass(frozen=True)
class Prices:
    """What a teacher costs, in US dollars; all zero for one that is free.

    Attributes:
        usd_per_million_input: For a million prompt tokens.
        usd_per_million_output: For a million completion tokens, reasoning included.
        usd_per_hour: For an hour of an endpoint or a GPU that is billed by time.
        source: Where the prices were read.
        date: When, such as ``2025-05-01``.
    """

    usd_per_million_input: float = 0.0
    usd_per_million_output: float = 0.0
    usd_per_hour: float = 0.0
    source: str = ""
    date: str = ""

    @classmethod
    def from_mapping(cls, entry: Mapping[str, Any]) -> "Prices":
        """Prices from a catalog entry.

        Raises:
            ValueError: A key is unknown, or a price is no number from 0 on.
        """
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(entry) - set(known))
        if unknown:
            raise ValueError(f"Prices know no {', '.join(unknown)}; they accept {', '.join(known)}.")
        for name, value in entry.items():
            number = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
            if name.startswith("usd_") and not number:
                raise ValueError(f"The price {name} is a number of US dollars from 0 on, not {value!r}.")
        texts = {name: str(entry[name]) for name in ("source", "date") if name in entry}
        return cls(**{**entry, **texts})

    @property
    def free(self) -> bool:
        """Whether nothing is billed."""
        return not (self.usd_per_million_input or self.usd_per_million_output or self.usd_per_hour)

    def of_tokens(self, prompt_tokens: int, completion_tokens: int) -> float:
        """The price of one completion by its tokens, in US dollars."""
        paid = prompt_tokens * self.usd_per_million_input + completion_tokens * self.usd_per_million_output
        return paid / 1_000_000

    def of_seconds(self, seconds: float) -> float:
        """The price of a span of wall time, in US dollars."""
        return seconds / 3600 * self.usd_per_hour


def hourly_rate(usd: float, hours: float) -> float:
    """The hourly price behind a bill; the article's 14.52 dollars for 1.75 hours are 8.30 an hour."""
    if hours <= 0:
        raise ValueError(f"A bill by time needs a positive number of hours, not {hours!r}.")
    return usd / hours


def bill_hours(stage: str, what: str, hours: float, prices: Prices) -> pd.DataFrame:
    """The bill of a stage that is paid by time: one row, columns ``stage what quantity unit usd``."""
    return _bill([(stage, what, hours, "hours", prices.of_seconds(hours * 3600))])


def bill_completions(stage: str, completions: Iterable[Priced], prices: Prices) -> pd.DataFrame:
    """The bill of a stage's completions.

    Args:
        stage: Name of the stage.
        completions: What was answered, each with the dollars that were paid for it at the time.
        prices: Splits what was paid by the token; what is left over is time.

    Returns:
        Columns ``stage what quantity unit usd``: prompt tokens, completion tokens, and hours where time is
        billed.
    """
    rows = list(completions)
    read, written = sum(row.prompt_tokens for row in rows), sum(row.completion_tokens for row in rows)
    parts = [
        (stage, "prompt tokens", float(read), "tokens", prices.of_tokens(read, 0)),
        (stage, "completion tokens", float(written), "tokens", prices.of_tokens(0, written)),
    ]
    if prices.usd_per_hour:
        usd = sum(row.usd for row in rows) - prices.of_tokens(read, written)
        parts.append((stage, "endpoint", usd / prices.usd_per_hour, "hours", usd))
    return _bill(parts)


def describe(prices: Prices) -> str:
    """The prices in a line, for reports: every figure that is set, its source and date."""
    if prices.free:
        return "free"
    return ", ".join(f"{name} {value}" for name, value in asdict(prices).items() if value)


def _bill(rows: list[tuple[str, str, float, str, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(COLUMNS))
