"""Prepared questions on disk, by content: preparing again what was prepared before costs a look.

The key is a hash of context, gold, settings and of this package's own source, so that no change of the engine ever
meets what an older one made. One SQLite file; every entry is committed by itself, so that a killed run keeps what it
has done.
"""

from __future__ import annotations

import hashlib
import json
import logging
import sqlite3
from contextlib import closing
from dataclasses import asdict, replace
from functools import cache
from importlib.metadata import version
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlreason.sql.database_files import content_key
from sqlreason.sql.databases.preparation import Prepared
from sqlreason.sql.sandbox.worker.drivers import connect
from sqlreason.sql.verdicts import Task

_LOGGER = logging.getLogger(__name__)
_WAIT_SECONDS = 60.0
_TABLE = [("key", "TEXT"), ("content", "TEXT")]


class Cache:
    """A file of prepared questions; a context manager.

    What is in the way of keeping never ends a run: a file that is damaged, or somebody else's, is set aside under
    another name and begun anew; where nothing can be written, nothing is kept. Either is said once, with the file.

    Args:
        path: Of the file; it and its folder are made where they do not exist.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._connection: sqlite3.Connection | None = None
        self._keeps = True
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._open()
        except _Foreign as error:
            self._begin_anew(error)
        except (sqlite3.Error, OSError) as error:
            self._meet(error)

    def __enter__(self) -> Cache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._close()

    def get(self, key: str, id: str) -> Prepared | None:
        """What is known under a key, for the question of that id; None if nothing is, or nothing that can be read."""
        rows = self._run("SELECT content FROM prepared WHERE key = ?", key)
        try:
            return _prepared(rows[0][0], id) if rows else None
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            _LOGGER.debug("an entry of %s cannot be read: %s: %s", self.path, type(error).__name__, error)
            return None

    def put(self, key: str, prepared: Prepared) -> None:
        """Keep what was prepared."""
        if self._keeps:
            self._run("INSERT OR REPLACE INTO prepared VALUES (?, ?)", key, json.dumps(asdict(prepared)))

    def __len__(self) -> int:
        rows = self._run("SELECT COUNT(*) FROM prepared")
        return int(rows[0][0]) if rows else 0

    def _open(self) -> None:
        """Open the file, and look whether it is ours before anything is written into it.

        Raises:
            _Foreign: It is a database of somebody else.
        """
        self._connection = sqlite3.connect(self.path, timeout=_WAIT_SECONDS, isolation_level=None)
        columns = [(row[1], row[2]) for row in self._connection.execute("PRAGMA table_info(prepared)")]
        others = self._connection.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").fetchall()
        if columns not in ([], _TABLE) or [name for (name,) in others if name != "prepared"]:
            raise _Foreign("it holds other tables than this cache's")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("CREATE TABLE IF NOT EXISTS prepared (key TEXT PRIMARY KEY, content TEXT NOT NULL)")

    def _run(self, sql: str, *parameters: str) -> list[tuple[Any, ...]]:
        """The rows of a statement; none where the file does not serve it."""
        if self._connection is None:
            return []
        try:
            with closing(self._connection.execute(sql, parameters)) as cursor:
                return cursor.fetchall()
        except (sqlite3.Error, ValueError, OverflowError) as error:  # ValueError: a lone surrogate
            self._meet(error)
            return []

    def _meet(self, error: Exception) -> None:
        """Begins a file anew that is damaged; writes no more into one that is full, busy or must not be written."""
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
            self._begin_anew(error)
        elif self._keeps and isinstance(error, sqlite3.Error | OSError):
            self._keeps = False
            _LOGGER.warning("%s cannot be used (%s); what is prepared from here on is not kept", self.path, error)

    def _begin_anew(self, error: Exception) -> None:
        self._close()
        try:
            aside = _set_aside(self.path)
            self._open()
        except (sqlite3.Error, OSError) as failure:
            _LOGGER.warning("%s cannot be read (%s) nor begun anew (%s); nothing is kept", self.path, error, failure)
            self._close()
        else:
            _LOGGER.warning("%s cannot be read (%s); it is now %s, and begun anew", self.path, error, aside.name)

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


class _Foreign(Exception):
    """A database that is not a cache."""


def _set_aside(path: Path) -> Path:
    """Renames a file and what SQLite has laid beside it; returns its new path, which no file had."""
    numbers = count(1)
    aside = next(p for n in numbers if not (p := path.with_name(f"{path.name}.unreadable-{n}")).exists())
    for suffix in ("-wal", "-shm", "-journal", ""):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + suffix))
    return aside


def _prepared(content: str, id: str) -> Prepared:
    fields = json.loads(content)
    task = Task.from_json(json.dumps(fields["task"])) if fields["task"] else None
    task = replace(task, id=id) if task else None
    return Prepared(**{**fields, "task": task, "flags": tuple(fields["flags"])})


def key_of(context: str, gold: str, *settings: object) -> str:
    """The key of a question under settings of its preparation."""
    held = content_key(context) if isinstance(context, str) else context
    content = json.dumps([held, gold, [str(setting) for setting in settings], _engine()])
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()


@cache
def _engine() -> str:
    """All that decides how questions are prepared: this package's source, and the libraries below it."""
    digest = hashlib.blake2b(digest_size=16)
    folder = Path(__file__).parents[1]
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    libraries = [connect().library, *(version(name) for name in ("sqlglot", "duckdb"))]
    return f"{digest.hexdigest()} {' '.join(libraries)}"
