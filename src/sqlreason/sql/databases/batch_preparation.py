"""Preparing many questions, on several processes, in their order, each of them once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from sqlreason.sql.database_files import SERVERS
from sqlreason.sql.databases.cache import Cache, key_of
from sqlreason.sql.databases.preparation import Prepared, prepare
from sqlreason.sql.sandbox.named_server import named_server
from sqlreason.sql.verifier import Verifier
from sqlreason.sql.worker_processes import make_pool


class Row(NamedTuple):
    """What preparing a question needs.

    Attributes:
        id: The question's.
        context: A script, or the URL of a database file.
        gold: The gold query.
        other_golds: Further right queries.
        dialect: The engine whose SQL it is said to be in; "" finds out.
    """

    id: str
    context: str
    gold: str
    other_golds: Sequence[str] = ()
    dialect: str = ""


_CHUNK = 8
#: What another machine, the next version or the next minute may prepare is not kept.
_CHANCE = {"too_costly", "fault", "database_error"}
_open: dict[str, Verifier] = {}  # the verifiers of a preparing process, by preset


class _Work(NamedTuple):
    row: Row
    n: int
    seed: int
    suite: str
    preset: str


class Preparer:
    """Prepares questions on processes that stay until it is closed; a context manager.

    Args:
        n: Test databases beside the original.
        seed: The same seed gives the same test databases, whatever the number of workers.
        workers: Processes; 1 works in this one. Each has a sandboxed worker of its own. None starts before it is
            needed.
        preset: By whose rules gold and mutants are told apart, as of `Verifier`.
        cache: A file that keeps what was prepared, so that a run that was killed goes on where it was; None keeps
            nothing.
    """

    def __init__(
        self, n: int = 3, seed: int = 0, workers: int = 1, preset: str = "strict", cache: str | Path | None = None
    ) -> None:
        self._n, self._seed, self._workers, self._preset = n, seed, workers, preset
        self._stack = ExitStack()
        self._cache = self._stack.enter_context(Cache(cache)) if cache is not None else None
        self._pool: ProcessPoolExecutor | None = None
        self._verifier: Verifier | None = None

    def __enter__(self) -> Preparer:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def prepare(self, rows: Iterable[Sequence[Any]], suite: str = "") -> Iterator[Prepared]:
        """Yield what `test databases.prepare` makes of each question, in their order.

        Args:
            rows: Of each question what `Row` names; plain tuples do, and may lack what has a default.
            suite: As of `test databases.prepare`.
        """
        work = [_Work(Row(*row), self._n, self._seed, suite, self._preset) for row in rows]
        if self._cache is None:
            yield from self._made(work)
            return
        keys = [_key(each) for each in work]
        known = [self._cache.get(key, each.row[0]) for key, each in zip(keys, work, strict=True)]
        made = self._made([each for each, found in zip(work, known, strict=True) if found is None])
        for key, found, each in zip(keys, known, work, strict=True):
            if found is None:
                found = next(made)
                if found.status not in _CHANCE and not _is_of_server(each.row.context):
                    self._cache.put(key, found)
            yield found

    def _made(self, work: list[_Work]) -> Iterator[Prepared]:
        if not work:
            return
        if self._workers == 1:
            if self._verifier is None:
                self._verifier = self._stack.enter_context(Verifier(preset=self._preset))
            yield from (_prepared(each, self._verifier) for each in work)
            return
        if self._pool is None:
            self._pool = self._stack.enter_context(make_pool(self._workers))
        yield from self._pool.map(_prepare, work, chunksize=_CHUNK)


def prepare_all(
    rows: Iterable[Sequence[Any]],
    n: int = 3,
    seed: int = 0,
    workers: int = 1,
    suite: str = "",
    preset: str = "strict",
    cache: str | Path | None = None,
) -> Iterator[Prepared]:
    """Yield what a `Preparer` of its own makes of each question, in their order; arguments as of `Preparer`."""
    with Preparer(n, seed, workers, preset, cache) as preparer:
        yield from preparer.prepare(rows, suite)


def _prepare(work: _Work) -> Prepared:
    if work.preset not in _open:
        _open[work.preset] = Verifier(preset=work.preset)
    return _prepared(work, _open[work.preset])


def _prepared(work: _Work, verifier: Verifier) -> Prepared:
    id_, context, gold, others, dialect = work.row
    return prepare(
        verifier, id_, context, gold, n=work.n, seed=work.seed, suite=work.suite, other_golds=others, dialect=dialect
    )


def _is_of_server(context: object) -> bool:
    """Whether a context is the URL of a database whose content nothing tells of from here."""
    return isinstance(context, str) and context.startswith(SERVERS)


def _key(work: _Work) -> str:
    (_, context, gold, others, dialect), *settings = work
    own = [dialect] if dialect else []
    served = [named_server()] if named_server() else []  # what lacks a server today may have one tomorrow
    return key_of(context, gold, *own, *settings, *([list(others)] if others else []), *served)
