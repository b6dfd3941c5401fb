"""Why a candidate does not agree: the first test database on which it differs, with the rows of both sides."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from sqlreason.sql.verdicts import Result, Verdict
from sqlreason.text.printable import printable

_SHOWN = 12
_WIDTH = 60
#: A decimal of more digits is shown as a float.
_DIGITS = 100


@dataclass(frozen=True)
class Explanation:
    """A verdict, and for a mismatch where it comes from.

    Attributes:
        verdict: The candidate's.
        database: Number of the first test database that differs, from 1; 0 if the candidate agrees or did not run.
        script: That test database.
        gold: The gold's rows there; None as above, and for a gold that writes.
        candidate: The candidate's.
        ordered: Whether the order of the rows counts.
    """

    verdict: Verdict
    database: int = 0
    script: str = ""
    gold: Result | None = None
    candidate: Result | None = None
    ordered: bool = False

    def to_record(self) -> dict[str, Any]:
        """Return all of it as plain values for JSON."""
        results = {"gold": _record(self.gold), "candidate": _record(self.candidate)}
        return {**asdict(replace(self, gold=None, candidate=None)), **results, "verdict": self.verdict._asdict()}

    def to_text(self) -> str:
        """Return a few lines for people; in rows shown, "<" marks what only the gold has, ">" only the candidate."""
        verdict = self.verdict
        if verdict.agrees:
            return f"agrees with the gold on all {verdict.databases} databases"
        head = f"{verdict.status}: {verdict.reason}"
        if not self.database:
            return head
        lines = [f"{head} (on database {self.database} of {verdict.databases})"]
        if self.gold is not None and self.candidate is not None:
            lines += _side_by_side(self.gold, self.candidate, self.ordered)
        return "\n".join(lines)


def _side_by_side(gold: Result, candidate: Result, ordered: bool) -> list[str]:
    pairs = _aligned(_written(gold), _written(candidate), ordered)
    heads = tuple(_head(name, result) for name, result in (("gold", gold), ("candidate", candidate)))
    shown = [heads, *pairs[:_SHOWN]]
    width = min(_WIDTH, max(len(left or "") for left, _ in shown))
    lines = [
        f"  {_cut(left or '', width):<{width}} {_mark(left, right)} {_cut(right or '', _WIDTH)}".rstrip()
        for left, right in shown
    ]
    return lines + [f"  … {len(pairs) - _SHOWN} more"] * (len(pairs) > _SHOWN)


def _head(name: str, result: Result) -> str:
    if result.status != "ok":
        return f"{name} ({result.status})"
    return f"{name} ({len(result.rows)} rows: {printable(', '.join(result.columns))})"


def _written(result: Result) -> list[str]:
    return [repr(tuple(map(_plain, row))) for row in result.rows]


def _record(result: Result | None) -> dict[str, Any] | None:
    return None if result is None else {**vars(result), "rows": [list(map(_plain, row)) for row in result.rows]}


def _plain(value: Any) -> Any:
    """Return a value as JSON has one: decimals as numbers, and what is no finite number as a text."""
    if isinstance(value, Decimal) and value.is_finite():
        return int(value) if value == value.to_integral_value() and value.adjusted() < _DIGITS else _plain(float(value))
    if isinstance(value, float | Decimal):
        return value if isinstance(value, float) and math.isfinite(value) else str(value)
    if isinstance(value, list):
        return list(map(_plain, value))
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return f"x'{value.hex()}'" if isinstance(value, bytes) else value


def _aligned(ones: Sequence[str], others: Sequence[str], ordered: bool) -> list[tuple[str | None, str | None]]:
    """Return rows side by side: by position where order counts, else first what differs and then what both have."""
    if ordered:
        return list(zip_longest(ones, others))
    left, right = Counter(ones), Counter(others)
    both = [(row, row) for row in (left & right).elements()]
    return [
        *((row, None) for row in (left - right).elements()),
        *((None, row) for row in (right - left).elements()),
        *both,
    ]


def _mark(left: str | None, right: str | None) -> str:
    if left is None or right is None:
        return ">" if left is None else "<"
    return "|"


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
