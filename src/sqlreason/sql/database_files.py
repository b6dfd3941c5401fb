"""Databases that stand where they are: how a text names one, and what tells one state of it from the next.

Wherever the engine takes a database as a script, the text may instead be a URL of a file: `sqlite:////data/shop.sqlite`
or `duckdb:////data/shop.duckdb`, always with an absolute path, or of a PostgreSQL database: `postgresql://role@host/shop`.
What it holds is never copied; a worker opens it before it is sealed (`sandbox.worker.opening`, `postgres_original`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

from sqlreason.errors import BadInput

#: How the texts begin that name a file, by engine.
SCHEMES = {"sqlite": "sqlite:///", "duckdb": "duckdb:///"}
_FILES = tuple(SCHEMES.values())
#: How the URLs begin that name a PostgreSQL database.
SERVERS = ("postgresql://", "postgres://")
_PASSWORD = re.compile(r"(?<=[^/@:]):[^@/]*@")
_KINDS = {"postgresql": "postgres"}
#: What lies beside a file while somebody writes it.
_BESIDE = ("-wal", "-journal", ".wal")
#: Bytes with which files begin, and where.
_SQLITE, _DUCKDB = b"SQLite format 3\0", b"DUCK"
_SUFFIXES = {".duckdb": "duckdb", ".ddb": "duckdb"}


class DatabaseError(BadInput):
    """A database that no question can be asked about; the message says which and why."""


class DatabaseFile(NamedTuple):
    """A file, or a database of a server, that a worker is to hold open.

    Attributes:
        url: The text that names it.
        state: What the file system says of it and of what lies beside it; other numbers, other content. Hashing a
            gigabyte at each look would cost seconds. A file that is changed within a tick of its clock and keeps its
            size is taken for the old one. Nothing is known of a server's.
    """

    url: str
    state: tuple[int, ...]

    @property
    def path(self) -> str:
        """Where a file lies."""
        return path_of(self.url)


def is_database_url(text: str) -> bool:
    """Whether a test database is a URL, of a server or of a file with an absolute path, and no script."""
    if text.startswith(SERVERS):
        return len(text.split()) == 1
    return text.startswith(_FILES) and "\0" not in text and os.path.isabs(text.partition(":///")[2])


def engine_of(url: str) -> str:
    """The engine of a database: "sqlite", "duckdb" or "postgres"."""
    kind = url.partition(":")[0]
    return _KINDS.get(kind, kind)


def dialect_of(url: str) -> str:
    """Return in whose own dialect a database is asked: its engine's; "" for SQLite's, which is everybody's."""
    return "" if engine_of(url) == "sqlite" else engine_of(url)


def path_of(url: str) -> str:
    """The path of a database file."""
    return url.partition(":///")[2]


def shown_name(url: str) -> str:
    """Return what a database is called in a message: a file by its path, a server's by its URL without a password."""
    return path_of(url) or _PASSWORD.sub("@", url)


def files_of(databases: Iterable[str]) -> tuple[DatabaseFile, ...]:
    """The databases among test databases that are named by a URL, each once, as they are at this moment."""
    return tuple(DatabaseFile(url, _state(url)) for url in dict.fromkeys(databases) if is_database_url(url))


def content_key(database: str) -> str:
    """What stands for the content of a test database where results are kept by it: a script itself, a file's state.

    Path, size and time of the last change stand for a file's content, and not a hash, for which it would have to be
    read; they survive the end of the process, and a copy elsewhere is prepared anew. Of a server's database nothing is
    known, so that nothing should be kept by its URL.
    """
    if not is_database_url(database):
        return database
    return " ".join(map(str, (database, *_looked_at(path_of(database))[2:4])))


def database_url(given: str, folder: Path) -> str:
    """The URL of a database that a question or a person names by a path or a URL.

    Args:
        given: A path, or `sqlite:///PATH`, `duckdb:///PATH` or `postgresql://ROLE@HOST/NAME`.
        folder: Where a path begins that is not absolute.

    Raises:
        DatabaseError: It is a URL of another kind, or holds a password.
    """
    if given.startswith(SERVERS):
        return _of_server(given)
    kind = given.partition("://")[0] if "://" in given else ""
    if kind and not given.startswith(_FILES):
        known = ", ".join([*(f"{beginning}FILE" for beginning in _FILES), "postgresql://ROLE@HOST/NAME"])
        raise DatabaseError(f"the database {kind}://… is of no known kind; give a path, {known}")
    path = os.path.abspath(folder / (path_of(given) if kind else given))
    return SCHEMES[kind or _engine_of_file(Path(path))] + path


def _of_server(url: str) -> str:
    """The URL of a server's database, which tables and records will hold.

    Raises:
        DatabaseError: It holds a password, or names no database.
    """
    try:
        parts = urlsplit(url)
        secret = parts.password is not None or "password" in parse_qs(parts.query, keep_blank_values=True)
    except ValueError as error:
        raise DatabaseError(f"the URL of the PostgreSQL database cannot be read ({error})") from None
    if secret:
        way = "leave it out and set PGPASSWORD or write ~/.pgpass"
        raise DatabaseError(f"the URL of the PostgreSQL database holds a password, which tables would keep; {way}")
    if len(url.split()) != 1 or not parts.path.strip("/"):
        raise DatabaseError("the URL of the PostgreSQL database names none; give postgresql://ROLE@HOST/NAME")
    return url


def _engine_of_file(path: Path) -> str:
    """By what the file begins with; by its name where it cannot be read."""
    try:
        with path.open("rb") as file:
            head = file.read(16)
    except OSError:
        head = b""
    if head == _SQLITE:
        return "sqlite"
    return "duckdb" if head[8:12] == _DUCKDB else _SUFFIXES.get(path.suffix.lower(), "sqlite")


def _state(url: str) -> tuple[int, ...]:
    if url.startswith(SERVERS):
        return ()
    path = path_of(url)
    beside = (_looked_at(path + suffix)[2] for suffix in _BESIDE)
    return (*_looked_at(path), *beside)


def _looked_at(path: str) -> tuple[int, ...]:
    """Device and number of a file, its size, when it was written and when anything about it changed; zeros for none."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return (0, 0, 0, 0, 0)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
