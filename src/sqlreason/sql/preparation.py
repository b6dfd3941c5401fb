"""Preparing many questions, on several processes, in their order."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack

from sqlreason.sql.execution import Verifier
from sqlreason.sql.instances import Prepared, prepare

Row = tuple[str, str, str]  # id, context, gold

_CHUNK = 8
_open: list[Verifier] = []  # the verifier of a preparing process


class Preparer:
    """Prepares questions on processes that stay until it is closed; a context manager.

    Args:
        n: Instances beside the original.
        seed: The same seed gives the same instances, whatever the number of workers.
        workers: Processes; 1 works in this one. Each has a sandboxed worker of its own.
    """

    def __init__(self, n: int = 3, seed: int = 0, workers: int = 1) -> None:
        self._n, self._seed = n, seed
        self._stack = ExitStack()
        # spawn, never fork: the caller may hold threads and gigabytes
        context = multiprocessing.get_context("spawn")
        self._pool = self._stack.enter_context(ProcessPoolExecutor(workers, context)) if workers > 1 else None
        self._verifier = self._stack.enter_context(Verifier()) if workers == 1 else None

    def __enter__(self) -> Preparer:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def prepare(self, rows: Iterable[Row]) -> Iterator[Prepared]:
        """Yields what `instances.prepare` makes of each question, in their order."""
        if self._verifier is not None:
            yield from (prepare(self._verifier, *row, n=self._n, seed=self._seed) for row in rows)
        elif self._pool is not None:
            work = ((row, self._n, self._seed) for row in rows)
            yield from self._pool.map(_prepare, work, chunksize=_CHUNK)


def prepare_all(rows: Iterable[Row], n: int = 3, seed: int = 0, workers: int = 1) -> Iterator[Prepared]:
    """Yields what `instances.prepare` makes of each question, in their order.

    Args:
        rows: Of each question its id, context and gold.
        n: Instances beside the original.
        seed: The same seed gives the same instances, whatever the number of workers.
        workers: Processes; 1 works in this one. Each has a sandboxed worker of its own.
    """
    with Preparer(n, seed, workers) as preparer:
        yield from preparer.prepare(rows)


def _prepare(work: tuple[Row, int, int]) -> Prepared:
    row, n, seed = work
    if not _open:
        _open.append(Verifier())
    return prepare(_open[0], *row, n=n, seed=seed)
