"""The two ways to SQLite under one face: apsw where it is installed, Python's own `sqlite3` elsewhere.

apsw brings a newer SQLite and executes in about six tenths of the time. What is allowed, and what an error means, is
decided above, in `sqlite_engine`; the named and the hostile cases of the tests are judged alike through both.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from itertools import islice
from typing import Any, Protocol
from urllib.parse import quote

from .outcomes import EngineError
from .statement_text import is_something

Rows = list[tuple[Any, ...]]


class Driver(Protocol):
    """A connection to a database that keeps no statement: a kept one would skip the authorizer.

    The database is in memory, or a file that is read and looked for nowhere else.

    Attributes:
        failures: What its methods raise for a statement that does not run.
        library: SQLite's version and the package through which it is used.
    """

    failures: tuple[type[Exception], ...]
    library: str

    def guard(self, caps: dict[int, int], allow: Callable[..., int], late: Callable[[], bool], between: int) -> None:
        """Set limits by category, the authorizer, and what is asked after so many operations whether to stop."""

    def query(self, statement: str, most: int) -> tuple[Sequence[Any], Rows]:
        """Run exactly one statement: its columns (each with its name first; none without a result), its first rows."""

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """All rows of a statement of our own."""

    def script(self, text: str) -> None:
        """Run all statements of a text."""

    def load(self, snapshot: bytes) -> None:
        """Replace the database by a snapshot."""

    def dump(self) -> bytes:
        """A snapshot of the database."""

    def in_transaction(self) -> bool:
        """Whether a transaction is open."""

    def pool_in_use(self) -> AbstractContextManager[None]:
        """While it is entered, what SQLite keeps comes from the heap and not from the connection's small, fast pool."""

    def function(self, name: str, arity: int, function: Callable[..., Any]) -> None:
        """Register a pure function; arity -1 takes any number of arguments."""

    def aggregate(self, name: str, arity: int, kind: type) -> None:
        """Register an aggregate with `step` and `finalize`."""

    def code(self, error: Exception) -> str:
        """SQLite's name for an error, such as SQLITE_INTERRUPT; "" where there is none."""

    def close(self) -> None:
        """Close the connection."""


#: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE.
_IN_MEMORY = 0x6
#: As many as fill the pool, whose size is SQLite's own.
_OPEN_STATEMENTS = 100


@contextmanager
def _open_statements(execute: Callable[[str], Any]) -> Iterator[None]:
    """Statements that have given one of two rows; a function that is there cannot be replaced meanwhile."""
    held = [execute("SELECT 1 UNION ALL SELECT 2") for _ in range(_OPEN_STATEMENTS)]
    for cursor in held:
        next(cursor)
    try:
        yield
    finally:
        for cursor in held:
            cursor.close()


class Standard:
    """Python's own module."""

    failures = (sqlite3.Error, sqlite3.Warning, MemoryError, OverflowError, ValueError)
    library = f"SQLite {sqlite3.sqlite_version} (sqlite3)"

    def __init__(self, path: str = "") -> None:
        self._connection = sqlite3.connect(_name(path), isolation_level=None, cached_statements=0, uri=bool(path))
        if path:  # texts that are no UTF-8 occur in published databases
            self._connection.text_factory = lambda content: content.decode("utf-8", "replace")
        self.load = self._connection.deserialize
        self.dump = self._connection.serialize
        self.close = self._connection.close

    def guard(self, caps: dict[int, int], allow: Callable[..., int], late: Callable[[], bool], between: int) -> None:
        """As of `Driver`."""
        for category, cap in caps.items():
            self._connection.setlimit(category, cap)
        self._connection.set_authorizer(allow)
        self._connection.set_progress_handler(late, between)

    def query(self, statement: str, most: int) -> tuple[Sequence[Any], Rows]:
        """As of `Driver`; a second statement is Python's Warning."""
        cursor = self._connection.execute(statement)
        columns = cursor.description or ()
        return columns, cursor.fetchmany(most) if columns else []

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """As of `Driver`."""
        return self._connection.execute(sql, parameters).fetchall()

    def script(self, text: str) -> None:
        """As of `Driver`."""
        self._connection.executescript(text)

    def in_transaction(self) -> bool:
        """As of `Driver`."""
        return self._connection.in_transaction

    def pool_in_use(self) -> AbstractContextManager[None]:
        """As of `Driver`."""
        return _open_statements(self._connection.execute)

    def function(self, name: str, arity: int, function: Callable[..., Any]) -> None:
        """As of `Driver`."""
        self._connection.create_function(name, arity, function, deterministic=True)

    def aggregate(self, name: str, arity: int, kind: type) -> None:
        """As of `Driver`."""
        self._connection.create_aggregate(name, arity, kind)

    def code(self, error: Exception) -> str:
        """As of `Driver`."""
        return getattr(error, "sqlite_errorname", "") or ""


class Apsw:
    """apsw, whose `execute` would run several statements: a look before the first refuses a second."""

    def __init__(self, path: str = "") -> None:
        import apsw  # a worker learns only from its parent where it lies

        self._codes, self._error = apsw.mapping_result_codes, apsw.SQLError
        self.failures = (apsw.Error, MemoryError, OverflowError, ValueError)
        self.library = f"SQLite {apsw.sqlite_lib_version()} (apsw)"
        flags = apsw.SQLITE_OPEN_URI | (apsw.SQLITE_OPEN_READONLY if path else _IN_MEMORY)
        self._connection = apsw.Connection(_name(path), flags=flags, statementcachesize=0)
        self._connection.exec_trace = self._look
        self._execute = self._connection.execute
        self._statement = ""
        self._columns: Sequence[Any] | None = ()  # None: the first statement of a query has not been looked at
        self.close = self._connection.close
        self.rows("PRAGMA recursive_triggers = OFF")  # as SQLite is, unless it is built as apsw's

    def _look(self, cursor: Any, sql: str, _: object) -> bool:
        """Called before each statement with its text, in which what follows it is not."""
        if self._columns is None:
            if len(sql) != len(self._statement) and is_something(self._statement[len(sql) :]):
                raise EngineError("multi_statement", "only one statement is run at a time")
            self._columns = cursor.get_description()
        return True

    def guard(self, caps: dict[int, int], allow: Callable[..., int], late: Callable[[], bool], between: int) -> None:
        """As of `Driver`."""
        for category, cap in caps.items():
            self._connection.limit(category, cap)
        self._connection.authorizer = allow
        self._connection.set_progress_handler(late, between)

    def query(self, statement: str, most: int) -> tuple[Sequence[Any], Rows]:
        """As of `Driver`."""
        self._statement, self._columns = statement, None
        try:
            cursor = self._execute(statement, can_cache=False)
            return self._columns or (), list(islice(cursor, most))
        finally:
            self._columns = ()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> Rows:
        """As of `Driver`."""
        return list(self._execute(sql, parameters or None))

    def script(self, text: str) -> None:
        """As of `Driver`."""
        for _ in self._execute(text):
            pass

    def load(self, snapshot: bytes) -> None:
        """As of `Driver`."""
        self._connection.deserialize("main", snapshot)

    def dump(self) -> bytes:
        """As of `Driver`."""
        return bytes(self._connection.serialize("main"))

    def in_transaction(self) -> bool:
        """As of `Driver`."""
        return bool(self._connection.in_transaction)

    def pool_in_use(self) -> AbstractContextManager[None]:
        """As of `Driver`."""
        return _open_statements(self._connection.execute)

    def function(self, name: str, arity: int, function: Callable[..., Any]) -> None:
        """As of `Driver`."""
        self._connection.create_scalar_function(name, self._failing(function), arity, deterministic=True)

    def aggregate(self, name: str, arity: int, kind: type) -> None:
        """As of `Driver`."""
        step = self._failing(lambda group, *values: group.step(*values))
        end = self._failing(lambda group: group.finalize())
        self._connection.create_aggregate_function(name, lambda: (kind(), step, end), arity)

    def _failing(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function with its errors as SQL errors; apsw hands them on as they are, of whatever class."""

        def call(*arguments: Any) -> Any:
            try:
                return function(*arguments)
            except MemoryError:
                raise
            except Exception as error:
                raise self._error(f"user-defined function raised {type(error).__name__}") from error

        return call

    def code(self, error: Exception) -> str:
        """As of `Driver`."""
        return str(self._codes.get(getattr(error, "result", -1), ""))


#: By name; the first that is installed is used.
DRIVERS: dict[str, type[Any]] = {"apsw": Apsw, "sqlite3": Standard}


def connect(name: str = "", path: str = "") -> Driver:
    """A connection through the driver of that name; "" takes the best that is installed.

    Args:
        name: Of `DRIVERS`.
        path: Of a file, which is opened to be read and taken for one that nobody changes; "" is a database in memory.
    """
    driver: Driver = DRIVERS[name or ("apsw" if find_spec("apsw") else "sqlite3")](path)
    return driver


def _name(path: str) -> str:
    return f"file:{quote(path)}?mode=ro&immutable=1" if path else ":memory:"
