"""Ways of filling tables, and which of them make up a suite.

Each way shows a kind of mistake that the others leave hidden: witnesses show a wrong filter, edges a bound that is one
off, crowds a wrong grouping or a lost DISTINCT, level numbers a comparison with an average, ties and NULLs what a query
takes for granted.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import cycle, islice

from sqlreason.errors import BadInput


@dataclass(frozen=True)
class Style:
    """One way of filling tables.

    Attributes:
        rows: Bounds of the rows that a table has before witnesses and copies are added.
        most: Rows that a table keeps at most.
        original: Share of rows that start from one of the original.
        edges: Whether there are rows on either side of each bound of a filter.
        level: Whether averages and totals hit the numbers that the gold compares them with.
        ties: Whether the extremes that decide a top are tied; otherwise they are kept apart.
        tied_maxima: Whether, where there are ties, the largest numbers and texts are tied too, not the smallest alone.
        nulls: Share of NULL in columns that may hold it; where it is 0, NULL appears only where the data has it.
        dangling: Share of undeclared references that lead nowhere.
        recased: Share of texts in the other letter case.
        barren: Whether no row meets the gold's filters, as far as that can be had.
    """

    rows: tuple[int, int] = (4, 7)
    most: int = 16
    original: float = 0.7
    edges: bool = False
    level: bool = False
    ties: bool = False
    tied_maxima: bool = True
    nulls: float = 0.0
    dangling: float = 0.0
    recased: float = 0.0
    barren: bool = False


_WITNESSES = Style()
_CROWD = Style(rows=(18, 30), most=40, original=0.3)
_EDGES = Style(rows=(4, 7), most=40, edges=True)
_LEVEL = Style(rows=(6, 12), most=24, level=True)
_LENIENT = (_WITNESSES, _CROWD, _EDGES, _LEVEL, _EDGES, _CROWD)

#: By what a test database may hold. "lenient" holds nothing on which right answers part ways: no ties where a top is
#: decided, no NULL and no loose reference that the data does not have, no text in another letter case. "strict" holds
#: all of it, and a database on which the gold finds nothing. "tied" is for the published presets: lenient but for ties
#: of minima, dates and counts, since those suites' verdicts depend on how one falls (their generator hardly ever ties
#: the largest number or text), for undeclared references, which they do not know, and for a database on which the gold
#: finds nothing.
SUITES: dict[str, tuple[Style, ...]] = {
    "lenient": _LENIENT,
    "strict": (
        *_LENIENT[:3],
        replace(_CROWD, nulls=0.1, dangling=0.1, ties=True),
        replace(_LEVEL, nulls=0.1, ties=True),
        replace(_WITNESSES, nulls=0.15, dangling=0.2, ties=True, recased=0.2),
        replace(_WITNESSES, barren=True),
    ),
    "tied": (
        *_LENIENT[:4],
        replace(_CROWD, ties=True, tied_maxima=False, dangling=0.1),
        replace(_WITNESSES, ties=True, tied_maxima=False),
        replace(_WITNESSES, barren=True),
    ),
}


def styles_of(suite: str, drawn: int) -> list[Style]:
    """The styles of so many test databases, in turn.

    Raises:
        ValueError: There is no such suite.
    """
    if suite not in SUITES:
        raise BadInput(f"no suite is called {suite!r}; known are {', '.join(SUITES)}")
    return list(islice(cycle(SUITES[suite]), drawn))
