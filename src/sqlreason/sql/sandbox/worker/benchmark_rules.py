"""Verdicts by the rules of published benchmarks, for figures that can be set beside theirs.

Not for rewards: BIRD's rules take sets for bags and let a candidate's DELETE change what the gold sees, Spider's drop
DISTINCT. What they do to a database is undone here after each candidate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from .cases import Case, Database
from .equivalence import Row
from .outcomes import Outcome

#: Steps of the search for a column order; a search that ends here counts as "no such order".
_STEPS = 5_000


class PublishedCase(Case):
    """A gold whose candidates are judged as a benchmark's own script would; arguments as of `Case`.

    * "spider" (Zhong et al. 2020, test-suite-sql-eval): each query on a connection of its own, bags, any order of the
      columns, plain row order where the gold's text says ORDER BY.
    * "bird" (Li et al. 2023, EX): candidate, then gold, on one connection; sets of rows.
    """

    _compares_state = False

    def _statements(self, text: str) -> list[str]:
        self._text = text
        # Spider's gold runs first; what it defines stays, while a change of rows is taken back
        stays = self._gold["preset"] == "spider" and self._gold["defines"]
        return [*self._gold["statements"], text] if stays else [text]

    def _open(self, database: Any) -> None:
        super()._open(database)
        self._engine.plain = self._engine.read_only  # a benchmark's own file; what is drawn may have been translated

    def _wanted(self, database: Database) -> int:
        whole = self._limits["max_rows"]
        return len(database.rows) if self._gold["preset"] == "spider" else int(whole)

    def _difference(self, outcome: Outcome, database: Database, flags: set[str]) -> str:
        if self._gold["preset"] == "spider":
            same = not outcome.more and same_up_to_columns(database.rows, outcome.rows, self._gold["ordered"])
        else:
            same = not outcome.more and _set(self._gold_rows(outcome, database)) == _set(outcome.rows)
        return "" if same else f"other rows ({len(outcome.rows)}, the gold has {len(database.rows)})"

    def _gold_rows(self, outcome: Outcome, database: Database) -> list[Row]:
        """The gold's rows on the database as the candidate has left it."""
        if not outcome.writes:
            return database.rows
        self._engine.undo()
        return self._run([self._text, *self._gold["statements"]], self._limits["max_rows"]).rows

    def _passed(self, attempt: Any) -> Any:
        return self._verdict(attempt, "match", True, True, "")


def same_up_to_columns(ones: Sequence[Row], others: Sequence[Row], ordered: bool) -> bool:
    """Whether two results are equal under some order of the columns.

    Args:
        ones: Rows of the gold.
        others: Rows of the candidate.
        ordered: Whether the order of the rows counts.
    """
    if not ones and not others:
        return True
    if len(ones) != len(others) or len(ones[0]) != len(others[0]):
        return False
    if list(ones) == list(others):
        return True
    return any(True for _ in _column_orders(list(zip(*ones, strict=True)), list(zip(*others, strict=True)), ordered))


def _column_orders(ones: list[Row], others: list[Row], ordered: bool) -> Iterator[list[int]]:
    """Orders of the second result's columns under which the results are equal, found column by column.

    The first k columns must agree as bags of rows before the next is tried.
    """
    steps = iter(range(_STEPS))

    def extend(taken: list[int]) -> Iterator[list[int]]:
        if len(taken) == len(ones):
            yield taken
            return
        wanted = ones[: len(taken) + 1]
        for index in range(len(others)):
            if index not in taken and next(steps, None) is not None:
                offered = [others[i] for i in [*taken, index]]
                if offered == wanted if ordered else _bag(offered) == _bag(wanted):
                    yield from extend([*taken, index])

    return extend([])


def _bag(columns: list[Row]) -> Counter[Row]:
    return Counter(map(_hashable, zip(*columns, strict=True)))


def _set(rows: Sequence[Row]) -> set[Row]:
    return set(map(_hashable, rows))


def _hashable(row: Row) -> Row:
    """The row with DuckDB's lists and maps as texts."""
    return tuple(repr(value) if isinstance(value, list | dict) else value for value in row)
