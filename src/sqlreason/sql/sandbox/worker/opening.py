"""Database files as a worker opens them: once, to read, before it is confined, after which it can open nothing more.

SQLite's are opened as immutable: no lock is taken, nothing is written beside them, and what others do to the file is
not looked for. So a file with changes that are not in it yet is refused. The pages that are looked at are read, the
file is not. DuckDB locks what it opens for reading; who has it open to write it is told of by its own error.
"""

from __future__ import annotations

import os
from pathlib import Path

from .outcomes import EngineError

STATUS = "database_error"
_MAGIC = b"SQLite format 3\0"
#: The first bytes of a journal that is to be played back (sqlite.org/fileformat2, section 3).
_HOT = bytes.fromhex("d9d505f920a163d7")


def check_file(path: str, engine: str) -> None:
    """Look at a database file before an engine does.

    Raises:
        EngineError: It cannot be opened for reading alone; the reason is one sentence.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(20)
    except OSError as error:
        kind = {FileNotFoundError: "there is no such file", PermissionError: "it may not be read"}
        raise refused(path, kind.get(type(error), str(error.strerror or error))) from None
    if not head:
        raise refused(path, "it is empty")
    if engine == "sqlite":
        _check_sqlite(path, head)


def _check_sqlite(path: str, head: bytes) -> None:
    if head[:16] != _MAGIC:
        raise refused(path, "it is no SQLite database, or an encrypted one")
    if _size(f"{path}-wal"):
        raise refused(path, f"{Path(path).name}-wal holds changes that are not in it yet; close what writes it first")
    if _first_bytes(f"{path}-journal") == _HOT:
        reason = f"{Path(path).name}-journal holds a change that did not end; open it once with SQLite to mend it"
        raise refused(path, reason)


def refused(path: str, reason: str) -> EngineError:
    """The error for a database file that cannot be used."""
    return EngineError(STATUS, f"the database cannot be read: {reason} ({path})")


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _first_bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(len(_HOT))
    except OSError:
        return b""
