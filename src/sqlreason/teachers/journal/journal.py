"""The teacher's answers, stored one by one as they arrive: paid work survives whatever happens next.

An append-only SQLite file in WAL mode: an entry is on disk before ``record`` returns, a second process may
read and write at the same time, and a kill in the middle of a write leaves the entries before it intact. Who
asks holds its lock, so that no two processes pay for the same question. The file must lie on a local disk (WAL does
not work over a network).
"""

import fcntl
import hashlib
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlreason.errors import BadInput

VERSION = 2  # 1 had no charges; it is read, and gets them when it is opened


class JournalError(BadInput):
    """A file that is no journal of this version, or cannot be read or written."""


class UnstorableEntry(ValueError):
    """An entry that no file can hold, such as one with half a character in its text."""


@dataclass(frozen=True)
class Entry:
    """One answer of a teacher.

    Attributes:
        key: ``key_of`` its model, sampling and messages.
        id: Of the question for which it was asked.
        model: Name of the teacher.
        text: The content, as it came.
        reasoning: The provider's separate reasoning field, as it came; empty if there is none.
        finish_reason: ``stop``, ``length``, or what else the provider said.
        prompt_tokens: Tokens read; 0 where the provider did not say.
        completion_tokens: Tokens written; 0 where the provider did not say.
        seconds: Latency of the call.
        usd: Price of the call in US dollars; by an approximation of its tokens where the provider did not say.
        request_id: The provider's name for the call.
        created: Time of arrival, ISO 8601, UTC.
    """

    key: str
    id: str
    model: str
    text: str
    reasoning: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    usd: float
    request_id: str
    created: str


@dataclass(frozen=True)
class Charge:
    """What was paid for a reply of which no answer came: it could not be read, or not be stored.

    Attributes:
        key: Of the request, which is asked again in the next run.
        usd: US dollars.
        reason: Why there is no answer.
        created: Time of arrival, ISO 8601, UTC.
    """

    key: str
    usd: float
    reason: str
    created: str


_TYPES = {str: "TEXT NOT NULL", int: "INTEGER NOT NULL", float: "REAL NOT NULL"}
_PLACES = {Entry: "entries", Charge: "charges"}
_COLUMNS = {
    table: {item.name: _TYPES[item.type] for item in fields(kind)}  # type: ignore[index]
    for kind, table in _PLACES.items()
}
_NAMES = ", ".join(_COLUMNS["entries"])
_INSERTS = {
    table: f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    for table, columns in _COLUMNS.items()
}
_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
# What a value raises that SQLite cannot hold: half a character, too large, too long, of another type.
_UNFIT = (UnicodeError, OverflowError, sqlite3.DataError, sqlite3.InterfaceError, sqlite3.ProgrammingError)


def key_of(model: str, sampling: Mapping[str, Any], messages: Sequence[Mapping[str, str]], sample: int = 0) -> str:
    """The name under which an answer is stored: a hash of model, sampling, messages and the number of the sample.

    The first sample's number is left out, so that asking for more samples later keeps what was answered.
    """
    parts: list[Any] = [model, dict(sampling), [dict(message) for message in messages]]
    text = json.dumps(parts + [sample] * (sample > 0), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Journal:
    """An open journal; a context manager.

    Args:
        path: The file; it is created with its folders if it does not exist.

    Raises:
        JournalError: The file is something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with explained(self.path), ExitStack() as opened:
            # Two connections: whoever reads need not wait for the disk while a thread writes.
            self._connection, self._writer = (opened.enter_context(closing(self._connect())) for _ in range(2))
            self._prepare()
            opened.pop_all()

    def _connect(self) -> sqlite3.Connection:
        # One thread at a time uses each, but it is not always the one that opened it.
        return sqlite3.connect(self.path, timeout=60, isolation_level=None, check_same_thread=False)

    def _use_wal(self) -> None:
        """Switch to WAL; where two processes do so at once, SQLite refuses one of them without waiting."""
        for attempt in range(200):
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or attempt == 199:
                    raise
                time.sleep(0.05)

    def _prepare(self) -> None:
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        if version not in range(VERSION + 1):
            raise JournalError(f"{self.path} is a journal of version {version}, this program's is {VERSION}.")
        self._refuse_foreign()
        self._use_wal()
        self._writer.execute("PRAGMA synchronous = FULL")  # NORMAL would lose commits on power failure
        entries, charges = (", ".join(map(" ".join, columns.items())) for columns in _COLUMNS.values())
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS entries ({entries}, PRIMARY KEY (key))")
        self._connection.execute(f"CREATE TABLE IF NOT EXISTS charges ({charges})")  # of a request there may be several
        self._connection.execute(f"PRAGMA user_version = {VERSION}")

    def _refuse_foreign(self) -> None:
        """Leave a file alone that some other program has made.

        Raises:
            JournalError: It has other tables than ours.
        """
        tables = [name for (name,) in self._connection.execute(_TABLES)]
        found = {table: self._columns_of(table) for table in tables}
        ours = {table: {name: kind.split()[0] for name, kind in columns.items()} for table, columns in _COLUMNS.items()}
        if any(columns != ours.get(table) for table, columns in found.items()):
            told = [f"{table} has the columns {', '.join(found[table])}" for table in ours if table in found]
            raise JournalError(
                f"{self.path} is no journal: it has the tables {', and '.join([', '.join(sorted(tables)), *told])}. It "
                "was left as it is; give another path in the catalog entry `journal`."
            )

    def _columns_of(self, table: str) -> dict[str, str]:
        return dict(self._connection.execute("SELECT name, type FROM pragma_table_info(?)", (table,)))

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; every entry is on disk already."""
        self._writer.close()
        self._connection.close()

    def __len__(self) -> int:
        return int(self._connection.execute("SELECT COUNT(*) FROM entries").fetchone()[0])

    def __iter__(self) -> Iterator[Entry]:
        """The entries in the order of their arrival."""
        for row in self._connection.execute(f"SELECT {_NAMES} FROM entries ORDER BY rowid"):
            yield Entry(*row)

    def __contains__(self, key: str) -> bool:
        return self.find(key) is not None

    def find(self, key: str) -> Entry | None:
        """The entry of this key, whoever wrote it; None if there is none yet."""
        row = self._connection.execute(f"SELECT {_NAMES} FROM entries WHERE key = ?", (key,)).fetchone()
        return Entry(*row) if row else None

    def find_all(self, keys: Iterable[str]) -> dict[str, Entry]:
        """The entries of those keys that there are."""
        return {key: entry for key in keys if (entry := self.find(key))}

    def charged(self, keys: Iterable[str]) -> dict[str, float]:
        """What was paid, beside their answers, for replies to these keys of which no answer came; US dollars."""
        paid = dict(self._connection.execute("SELECT key, SUM(usd) FROM charges GROUP BY key"))
        return {key: paid[key] for key in keys if key in paid}

    @contextmanager
    def only_asker(self) -> Iterator[None]:
        """Hold the right to ask for this journal; the system gives it back when the process ends, however it ends.

        Raises:
            JournalError: Another process has it, or the file of the lock cannot be made.
        """
        path = self.path.with_name(f"{self.path.name}-lock")  # closing the journal itself would drop SQLite's locks
        try:
            lock = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise JournalError(f"{path} cannot be made ({error}): mend its rights, or give another journal.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise JournalError(
                f"Another run is asking a teacher with the journal {self.path}, and a question must not be paid for "
                "twice: wait for its end and run the same command again, or give another path in the entry `journal`."
            ) from error
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
            os.close(lock)

    def record(self, *entries: Entry | Charge) -> None:
        """Store entries and charges durably, all of them or none; an entry that is there already stays as it is.

        Raises:
            UnstorableEntry: No file can hold one of them.
            JournalError: The file cannot be written, for instance because the disk is full.
        """
        with explained(self.path):
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                for kind, table in _PLACES.items():
                    rows = [astuple(entry) for entry in entries if isinstance(entry, kind)]
                    self._writer.executemany(_INSERTS[table], rows)
                self._writer.execute("COMMIT")
            except _UNFIT as error:
                raise UnstorableEntry(f"the answer cannot be stored: {error}") from error
            finally:
                if self._writer.in_transaction:  # SQLite itself has rolled back where the disk is full
                    self._writer.execute("ROLLBACK")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Say which file SQLite's errors are about, and what to do.

    Raises:
        JournalError: In place of any error of SQLite's.
    """
    try:
        yield
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise JournalError(f"{path} is no journal ({error}); give another path in the entry `journal`.") from error
        raise JournalError(
            f"{path} cannot be read or written ({error}). What was answered before is kept: free space on its disk, "
            "mend its rights, or give another path in the catalog entry `journal`; then run the same command again."
        ) from error
