"""Queries by their results: which of them answer alike, by the same comparison as a candidate and its gold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .equivalence import Answer, canonical_rows
from .outcomes import READ, as_error


class Groups:
    """Groups of queries that have given equal bags of rows on every database so far.

    Args:
        engine: Where they run, reading only.
        queries: Per query its texts: readings, of which the first that runs counts.
        skip: Indices of queries that are known to fail.
        max_rows: A query with more rows fails.

    Attributes:
        numbers: Per query the number of its group, None for one that fails.
    """

    def __init__(self, engine: Any, queries: list[list[str]], skip: list[int], max_rows: int) -> None:
        self._engine, self._queries, self._max_rows = engine, queries, max_rows
        self.numbers: list[int | None] = [None if index in skip else 0 for index in range(len(queries))]

    def divide(self, beat: Callable[[int], None], deadline: Callable[[], float]) -> None:
        """Run the queries on the engine's current database and divide the groups by what they give."""
        found: list[tuple[int, Answer]] = []  # of each new group the old one's number, and its answer
        for index, number in enumerate(self.numbers):
            if number is not None:
                beat(index)
                answer = self._answer(self._queries[index], deadline)
                self.numbers[index] = None if answer is None else _place(number, answer, found)

    def _answer(self, texts: list[str], deadline: Callable[[], float]) -> Answer | None:
        for text in texts:
            try:
                try:
                    outcome = self._engine.run([text], READ, deadline(), self._max_rows)
                    return None if outcome.more else Answer(len(outcome.columns), canonical_rows(outcome.rows))
                finally:
                    self._engine.undo()
            except Exception as error:
                if as_error(error).status not in ("syntax_error", "exec_error"):
                    return None
        return None


def _place(number: int, answer: Answer, found: list[tuple[int, Answer]]) -> int:
    """The place among the groups found so far of an answer whose query was in the group of that number."""
    for place, (before, other) in enumerate(found):
        if before == number and other.columns == answer.columns and other.matches(answer.rows):
            return place
    found.append((number, answer))
    return len(found) - 1
