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


def prepare_all(rows: Iterable[Row], n: int = 3, seed: int = 0, workers: int = 1) -> Iterator[Prepared]:
    """Yields what `instances.prepare` makes of each question, in their order.

    Args:
        rows: Of each question its id, context and gold.
        n: Instances beside the original.
        seed: The same seed gives the same instances, whatever the number of workers.
        workers: Processes; 1 works in this one. Each has a sandboxed worker of its own.
    """
    with ExitStack() as stack:
        if workers == 1:
            verifier = stack.enter_context(Verifier())
            yield from (prepare(verifier, *row, n=n, seed=seed) for row in rows)
            return
        # spawn, never fork: the caller may hold threads and gigabytes
        context = multiprocessing.get_context("spawn")
        pool = stack.enter_context(ProcessPoolExecutor(workers, context))
        yield from pool.map(_prepare, ((row, n, seed) for row in rows), chunksize=_CHUNK)


def _prepare(work: tuple[Row, int, int]) -> Prepared:
    row, n, seed = work
    if not _open:
        _open.append(Verifier())
    return prepare(_open[0], *row, n=n, seed=seed)
