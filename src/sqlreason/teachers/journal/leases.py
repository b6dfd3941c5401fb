"""Who asks what: two processes that share a journal never pay for the same question twice.

A process claims a question before it asks. Claims live in a file beside the journal, and hold as long as their owner
lives: each owner holds a lock on a file of its own, which the system gives back when the process ends, however it
ends. No clock is involved, so that none can be wrong.
"""

import fcntl
import os
import sqlite3
import uuid
from contextlib import suppress
from pathlib import Path

from sqlreason.teachers.journal.journal import explained


class Leases:
    """The claims of one asker on the questions of a journal.

    Args:
        journal: Path of the journal.
    """

    def __init__(self, journal: Path) -> None:
        self._folder, self._stem = journal.parent, journal.name
        self._owner = f"{self._stem}-asker-{uuid.uuid4().hex[:12]}"
        self._lock = os.open(self._folder / self._owner, os.O_CREAT | os.O_RDWR, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._path = self._folder / f"{self._stem}-claims"
        with explained(self._path):
            self._connection = sqlite3.connect(self._path, timeout=60, isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = OFF")  # after a power failure no owner lives any more
            self._connection.execute("CREATE TABLE IF NOT EXISTS claims (key TEXT PRIMARY KEY, owner TEXT NOT NULL)")

    def take(self, key: str) -> bool:
        """Claims a question; False if another living process has it.

        Raises:
            JournalError: The file of the claims cannot be written.
        """
        with explained(self._path):
            return self._take(key)

    def _take(self, key: str) -> bool:
        done = self._connection.execute("INSERT OR IGNORE INTO claims VALUES (?, ?)", (key, self._owner))
        if done.rowcount:
            return True
        row = self._connection.execute("SELECT owner FROM claims WHERE key = ?", (key,)).fetchone()
        if row is None:
            return self._take(key)  # it was given back in between
        if row[0] == self._owner:
            return True
        return not self._lives(row[0]) and self._inherit(key, row[0])

    def release(self, key: str) -> None:
        """Gives a question back, answered or not."""
        self._delete("key = ? AND owner = ?", key, self._owner)

    def close(self) -> None:
        """Gives everything back."""
        self._delete("owner = ?", self._owner)
        self._connection.close()
        (self._folder / self._owner).unlink(missing_ok=True)
        os.close(self._lock)

    def _delete(self, which: str, *values: str) -> None:
        # What cannot be deleted, as on a full disk, ends with its owner; the error that led here matters more.
        with suppress(sqlite3.Error):
            self._connection.execute(f"DELETE FROM claims WHERE {which}", values)

    def _inherit(self, key: str, dead: str) -> bool:
        """Takes the claim of a dead owner; False if a third process was quicker."""
        done = self._connection.execute(
            "UPDATE claims SET owner = ? WHERE key = ? AND owner = ?", (self._owner, key, dead)
        )
        (self._folder / dead).unlink(missing_ok=True)
        return bool(done.rowcount)

    def _lives(self, owner: str) -> bool:
        try:
            lock = os.open(self._folder / owner, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(lock)
        return False
