"""Prepared questions on disk, by content: preparing again what was prepared before costs a look.

The key is a hash of context, gold, settings and of this package's own source, so that no change of the engine ever
meets what an older one made. One SQLite file; every entry is committed by itself, so that a killed run keeps what it
has done.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from dataclasses import asdict, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from types import TracebackType

from sqlreason.sql.instances import Prepared
from sqlreason.sql.verdicts import Task
from sqlreason.sql.worker.drivers import connect

_WAIT_SECONDS = 60.0


class Cache:
    """A file of prepared questions; a context manager.

    Args:
        path: Of the file; it and its folder are made where they do not exist.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(self.path, timeout=_WAIT_SECONDS, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        self._connection.execute("CREATE TABLE IF NOT EXISTS prepared (key TEXT PRIMARY KEY, content TEXT NOT NULL)")

    def __enter__(self) -> Cache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connection.close()

    def get(self, key: str, id: str) -> Prepared | None:
        """What is known under a key, for the question of that id; None if nothing is."""
        row = self._connection.execute("SELECT content FROM prepared WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        fields = json.loads(row[0])
        task = Task.from_json(json.dumps(fields["task"])) if fields["task"] else None
        task = replace(task, id=id) if task else None
        return Prepared(**{**fields, "task": task, "flags": tuple(fields["flags"])})

    def put(self, key: str, prepared: Prepared) -> None:
        """Keeps what was prepared."""
        content = json.dumps(asdict(prepared))
        self._connection.execute("INSERT OR REPLACE INTO prepared VALUES (?, ?)", (key, content))

    def __len__(self) -> int:
        with closing(self._connection.execute("SELECT COUNT(*) FROM prepared")) as cursor:
            return int(cursor.fetchone()[0])


def key_of(context: str, gold: str, *settings: object) -> str:
    """The key of a question under settings of its preparation."""
    content = json.dumps([context, gold, [str(setting) for setting in settings], _engine()])
    return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()


@cache
def _engine() -> str:
    """All that decides how questions are prepared: this package's source, and the libraries below it."""
    digest = hashlib.blake2b(digest_size=16)
    folder = Path(__file__).parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    libraries = [connect().library, *(version(name) for name in ("sqlglot", "duckdb"))]
    return f"{digest.hexdigest()} {' '.join(libraries)}"
