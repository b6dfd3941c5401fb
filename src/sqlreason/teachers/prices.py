"""What a teacher costs: by the token, or by the hour.

Prices are entered by hand with their source and date (`conf/base/globals.yml`), since no provider states them
in its answers. The bill itself is `reporting.costs.compute_costs`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from sqlreason.errors import BadInput


@dataclass(frozen=True)
class Prices:
    """What a teacher costs, in US dollars; all zero for one that is free.

    Attributes:
        usd_per_million_input: For a million prompt tokens.
        usd_per_million_output: For a million completion tokens, reasoning included.
        usd_per_hour: For an hour of an endpoint or a GPU that is billed by time.
        answers_per_hour: How fast that endpoint has answered, for estimates; 0 if nobody has measured it.
        source: Where the prices were read.
        date: When, such as ``2025-05-01``.
        unknown: Whether nobody has entered a price: no estimate and no budget can be trusted then.
    """

    usd_per_million_input: float = 0.0
    usd_per_million_output: float = 0.0
    usd_per_hour: float = 0.0
    answers_per_hour: float = 0.0
    source: str = ""
    date: str = ""
    unknown: bool = False

    @classmethod
    def from_mapping(cls, entry: Mapping[str, Any]) -> "Prices":
        """Prices from a catalog entry; unknown unless it has a price, if only one of 0 for what nobody bills.

        Raises:
            ValueError: A key is unknown, or a price is no number from 0 on.
        """
        known = [field.name for field in fields(cls) if field.name != "unknown"]
        unknown = sorted(set(entry) - set(known))
        if unknown:
            raise BadInput(f"Prices know no {', '.join(unknown)}; they accept {', '.join(known)}.")
        for name, value in entry.items():
            number = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
            if name == "answers_per_hour" and not number:
                raise BadInput(f"Of a price, {name} is a number from 0 on, not {value!r}.")
            if name.startswith("usd_") and not number:
                raise BadInput(f"The price {name} is a number of US dollars from 0 on, not {value!r}.")
        texts = {name: str(entry[name]) for name in ("source", "date") if name in entry}
        return cls(**{**entry, **texts}, unknown=not any(name.startswith("usd_") for name in entry))

    def require(self, teacher: str, max_usd: float | None) -> None:
        """Refuse a teacher whose price nobody has entered: neither estimate nor budget would mean anything.

        Args:
            teacher: Its name.
            max_usd: The budget that could not stop it.

        Raises:
            BadInput: If the price is unknown.
        """
        if self.unknown:
            raise BadInput(
                f"The price of {teacher} is unknown, so budget.max_usd={max_usd} could not stop it: enter your "
                "provider's price in the catalog entry `teacher`, such as prices: {usd_per_million_input: 0.88, "
                "usd_per_million_output: 0.88, source: …, date: …}, or usd_per_hour; usd_per_hour: 0 where nobody "
                "bills."
            )

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


def describe(prices: Prices) -> str:
    """The prices in a line, for reports: every figure that is set, its source and date."""
    if prices.unknown:
        return "unknown"
    if prices.free:
        return "free"
    return ", ".join(f"{name} {value}" for name, value in asdict(prices).items() if value)
