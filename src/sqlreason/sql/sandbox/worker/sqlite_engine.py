"""SQLite inside a worker: snapshots, an allow-list of actions, deadlines.

One connection serves all test databases that are scripts; `open` replaces its database by a snapshot, which costs
microseconds. Each database file has a connection of its own. The authorizer also tells what a statement reads.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .clock import Clock
from .drivers import DRIVERS, Driver, connect
from .opening import check_file, refused
from .outcomes import DEFINE, READ, WRITE, EngineError, Outcome
from .sqlite_functions import install
from .statement_text import indexed

_OWN, _CONTEXT = "own", "context"
_ALLOWED_IT, _SELECT, _READ_COLUMN = sqlite3.SQLITE_OK, sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ
_READS = {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
_CHANGES = {sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE}
_DEFINITIONS = {
    *(sqlite3.SQLITE_CREATE_TABLE, sqlite3.SQLITE_CREATE_VIEW, sqlite3.SQLITE_CREATE_INDEX),
    *(sqlite3.SQLITE_CREATE_TRIGGER, sqlite3.SQLITE_DROP_TABLE, sqlite3.SQLITE_DROP_VIEW),
    *(
        sqlite3.SQLITE_DROP_INDEX,
        sqlite3.SQLITE_DROP_TRIGGER,
        sqlite3.SQLITE_ALTER_TABLE,
        sqlite3.SQLITE_REINDEX,
    ),
}
_ALLOWED = {
    READ: _READS,
    WRITE: _READS | _CHANGES,
    DEFINE: _READS | _CHANGES | _DEFINITIONS,
    _CONTEXT: _READS | _CHANGES | _DEFINITIONS | {sqlite3.SQLITE_TRANSACTION},
}
#: Not repeatable, or reaching outside the database, or made to eat memory.
_DENIED_FUNCTIONS = frozenset(
    [
        *("random", "randomblob", "load_extension", "fts3_tokenizer", "zeroblob", "readfile", "writefile"),
        *("edit", "sqlite_log", "last_insert_rowid", "changes", "total_changes", "sqlite_offset"),
    ]
)
#: Caps of one statement; SQLite's defaults are sized for trusted SQL.
_CAPS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 1_000_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 500,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 50,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 250_000,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 200,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 10,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
#: ALTER TABLE … RENAME looks through them, and no statement but SQLite's own can write them.
_OF_A_RENAME = ("sqlite_temp_master", "sqlite_temp_schema")
_OPERATIONS_BETWEEN_LOOKS = 2_000
#: Bytes of a page: test databases are tiny, and snapshots are kept by the thousand.
_PAGE = 512
#: Names of harmless tables are remembered up to this many; they come from candidates.
_NAMES_KEPT = 4_096
#: Kibibytes of pages that the connections to files keep, together and each.
_CACHED, _CACHED_EACH = 16_000, 4_000
_SYNTAX = ("syntax error", "incomplete input", "unrecognized token", "unterminated")


@dataclass(eq=False)
class _File:
    """A database file that is open, and its path."""

    driver: Driver
    path: str


class SqliteEngine:
    """One SQLite connection in memory, and one to each database file.

    Args:
        heap_mb: What SQLite may allocate in the whole process, in MiB.
        sql_chars: The longest statement accepted from a candidate.
        driver: By which package SQLite is used, of `drivers.DRIVERS`; "" takes the best that is installed.
        files: Names of database files, by which they are loaded, and their paths.

    Attributes:
        library: The version of SQLite and that package.
        seconds: The clock of deadlines: CPU seconds of this process.
        plain: Whether the current database is queried with the functions alone that SQLite itself had when benchmarks'
            figures were published.
    """

    #: Whether an unknown name in double quotes is taken for a string.
    quotes_strings = True
    #: What holds a query beside the limits of the process.
    guards: tuple[str, ...] = ()
    #: Why a file cannot be opened hangs on its state, and another state is another worker's.
    opened_all = True

    def __init__(self, heap_mb: int, sql_chars: int, driver: str = "", files: Sequence[tuple[str, str]] = ()) -> None:
        self._sql_chars = sql_chars
        self._heap = heap_mb * 1024 * 1024
        self._mode, self._deadline = _OWN, 0.0
        self.seconds = Clock()
        self._readable: dict[str | None, str] = {}  # tables that any mode may read, as written and in lower case
        self._reads: set[str] = set()
        self._writes: set[str] = set()
        self._refused = self._missing = ""
        self.plain = False
        self._driver = self._memory = self._connect(driver)
        self.library = self._driver.library
        self._nothing = _empty_database()
        self._spare: dict[str, Driver] = {}  # connections to files by Python's own module, which reads broken texts
        self._files = {name: self._opened(driver, path) for name, path in files}

    def _opened(self, name: str, path: str) -> _File | EngineError:
        """Open a file, or say why it cannot be; nothing but its first bytes is read."""
        try:
            check_file(path, "sqlite")
            found = _File(self._connect(name, path), path)
            if not isinstance(found.driver, DRIVERS["sqlite3"]):
                self._spare[path] = self._connect("sqlite3", path)
        except EngineError as error:
            return error
        except Exception as error:  # whatever a file makes SQLite say is the outcome of this file
            return refused(path, str(error))
        return found

    def look_at_files(self) -> None:
        """Read the definitions of the files, once the process is confined; by then their sizes need not be asked."""
        for name, file in self._files.items():
            if isinstance(file, _File):
                try:
                    for driver in (file.driver, self._spare.get(file.path)):
                        self._look_at(driver)
                except Exception as error:
                    self._files[name] = refused(file.path, str(error))

    def _look_at(self, driver: Driver | None) -> None:
        if driver is not None:
            driver.rows("PRAGMA locking_mode = EXCLUSIVE")  # nothing to lock: the file's header is not read again
            driver.rows(f"PRAGMA cache_size = -{min(_CACHED_EACH, _CACHED // len(self._files))}")
            driver.rows("PRAGMA query_only = ON")
            driver.rows("PRAGMA cell_size_check = ON")
            driver.rows("SELECT COUNT(*) FROM sqlite_master")

    def _connect(self, name: str, path: str = "") -> Driver:
        driver = connect(name, path)
        ((limit,),) = driver.rows(f"PRAGMA hard_heap_limit = {self._heap}")
        if not 0 < limit <= self._heap:
            raise RuntimeError(f"SQLite took {limit} for a heap limit of {self._heap} bytes")
        driver.rows("PRAGMA temp_store = MEMORY")  # a sort that spills must hit the heap limit, not a file
        self._foreign = install(driver, connect(name))
        driver.guard(_CAPS, self._authorize, self._late, _OPERATIONS_BETWEEN_LOOKS)
        return driver

    def _authorize(self, action: int, one: str | None, two: str | None, base: str | None, by: str | None) -> int:
        """Say whether an action is allowed; several calls a statement, so the common answers come first."""
        if action == _READ_COLUMN and self._mode is not _OWN and (name := self._readable.get(one)):
            self._reads.add(name)
            return _ALLOWED_IT
        if action == _SELECT or self._mode is _OWN:
            return _ALLOWED_IT
        if action in _ALLOWED[self._mode] and self._is_harmless(action, one or "", two or "", base):
            return _ALLOWED_IT
        if self._mode is _CONTEXT and action == sqlite3.SQLITE_PRAGMA:
            return sqlite3.SQLITE_IGNORE  # contexts come with PRAGMA foreign_keys and the like: not run, not fatal
        self._refused = self._refused or f"action {action} on {one or two or base}"
        return sqlite3.SQLITE_DENY

    def _is_harmless(self, action: int, one: str, two: str, base: str | None) -> bool:
        if action == sqlite3.SQLITE_FUNCTION:
            called = two.lower()
            if self.plain and called in self._foreign:
                self._missing = called
                return False
            return called not in _DENIED_FUNCTIONS
        name = one.lower()
        if action in _CHANGES or action in _DEFINITIONS:
            self._writes.add(name)
            if name in _OF_A_RENAME:
                return self._mode in (DEFINE, _CONTEXT)
            return base != "temp" and (self._mode in (DEFINE, _CONTEXT) or not name.startswith("sqlite_"))
        if action == _READ_COLUMN:
            self._reads.add(name)
            if not name.startswith(("sqlite_", "pragma_")) and name != "dbstat":
                self._readable[one] = name
                return True
            return self._mode in (DEFINE, _CONTEXT)
        return True

    def _late(self) -> bool:
        return self._mode is not _OWN and self.seconds() > self._deadline

    def _enter(self, mode: str, deadline: float) -> None:
        """Put the connection under a mode and a deadline, until the mode is `_OWN` again."""
        self._mode, self._deadline, self._refused, self._missing = mode, deadline, "", ""
        self._reads, self._writes = set(), set()
        if len(self._readable) > _NAMES_KEPT:
            self._readable.clear()

    def _judged(self, error: Exception) -> EngineError:
        """The error as a status and a reason."""
        name, text = self._driver.code(error), str(error) or type(error).__name__
        if isinstance(error, sqlite3.Warning | sqlite3.ProgrammingError):
            known = {"one statement": "multi_statement", "null character": "syntax_error"}
            return EngineError(next((status for mark, status in known.items() if mark in text), "exec_error"), text)
        if isinstance(error, MemoryError | OverflowError) or name.startswith(("SQLITE_NOMEM", "SQLITE_FULL")):
            return EngineError("oom", text)
        if isinstance(error, ValueError) and not isinstance(error, UnicodeDecodeError):  # NUL, lone surrogates
            return EngineError("syntax_error", text)
        if name.startswith("SQLITE_INTERRUPT"):
            return EngineError("timeout", "the time limit is over")
        if self._missing:
            return EngineError("exec_error", f"no such function: {self._missing}")
        if name.startswith("SQLITE_AUTH") or self._refused:
            return EngineError("denied", f"{text} ({self._refused})")
        if name.startswith("SQLITE_TOOBIG") or "too large" in text or "too big" in text:
            return EngineError("too_big", text)
        return EngineError("syntax_error" if any(mark in text for mark in _SYNTAX) else "exec_error", text)

    def load(self, script: str, deadline: float) -> bytes | _File:
        """Build a database from a script and return its snapshot; finds the file of that name.

        Raises:
            EngineError: A statement of the script failed, or the file could not be opened.
        """
        self.undo()
        if (file := self._files.get(script)) is not None:
            if isinstance(file, EngineError):
                raise file
            return file
        self._driver = self._memory
        self._driver.load(self._nothing)
        begin = "" if "begin" in script.lower() else "BEGIN;"
        self._enter(_CONTEXT, deadline)
        try:
            self._driver.script(begin + script)
        except self._driver.failures as error:
            self._mode = _OWN
            self.undo()
            raise self._judged(error) from None
        finally:
            self._mode = _OWN
        if self._driver.in_transaction():
            self._driver.rows("COMMIT")
        return self._driver.dump()

    def open(self, snapshot: bytes | _File) -> None:
        """Make the snapshot, or the file, the current database."""
        self.plain = False
        if isinstance(snapshot, _File):
            self._driver = snapshot.driver
            return
        self._driver = self._memory
        self._driver.load(snapshot)

    @property
    def read_only(self) -> bool:
        """Whether the current database is a file."""
        return self._driver is not self._memory

    def _tolerates(self) -> bool:
        """Read the current file from now on by the module that reads broken texts, if it does not yet."""
        file = next((f for f in self._files.values() if isinstance(f, _File) and f.driver is self._driver), None)
        if file is None or (spare := self._spare.pop(file.path, None)) is None:
            return False
        self._driver = file.driver = spare
        return True

    def run(self, statements: list[str], access: str, deadline: float, max_rows: int) -> Outcome:
        """Run statements and return the last one's result; what they wrote stays until `undo`.

        Args:
            statements: What to run, each a single statement.
            access: READ, WRITE or DEFINE.
            deadline: By `seconds`.
            max_rows: How many rows are fetched at most.

        Raises:
            EngineError: A statement was refused, failed, or took too long.
        """
        if sum(map(len, statements)) > self._sql_chars:
            raise EngineError("too_big", f"the statement has more than {self._sql_chars} characters")
        if access != READ:
            self._driver.rows("BEGIN")
        self._enter(access, deadline)
        columns: Any = ()
        rows: list[tuple[Any, ...]] = []
        try:
            for statement in statements:
                columns, rows = self._driver.query(statement, max_rows + 1)
        except self._driver.failures as error:
            self._mode = _OWN
            if isinstance(error, UnicodeDecodeError) and self._tolerates():
                return self.run(statements, access, deadline, max_rows)
            raise self._judged(error) from None
        finally:
            self._mode = _OWN
        return Outcome([column[0] for column in columns], rows, len(rows) > max_rows, self._reads, self._writes)

    def undo(self) -> None:
        """Take back what `run` wrote."""
        if self._driver.in_transaction():
            self._driver.rows("ROLLBACK")

    def tables(self) -> list[str]:
        """Names of the current database's tables and views."""
        return [name for name, _ in self._own(_OBJECTS) if not name.lower().startswith("sqlite_")]

    def base_tables(self) -> list[str]:
        """Names of the current database's tables alone."""
        objects = self._own(_OBJECTS)
        return [name for name, kind in objects if kind == "table" and not name.lower().startswith("sqlite_")]

    def names(self) -> set[str]:
        """Names of tables and columns, in lower case."""
        found = set()
        for table in self.tables():
            found |= {table.lower(), *(row[1].lower() for row in self._columns(table))}
        return found

    def _columns(self, table: str) -> list[tuple[Any, ...]]:
        """The columns as `PRAGMA table_info` gives them; none of a view over what is gone."""
        try:
            return self._own(f"PRAGMA table_info({_name(table)})")
        except self._driver.failures:
            return []

    def contents(self, table: str, deadline: float) -> list[tuple[Any, ...]]:
        """All rows of a table or view.

        Raises:
            EngineError: It cannot be read, or not by the deadline.
        """
        self._enter(READ, deadline)
        try:
            return self._own(f"SELECT * FROM {_name(table)}")
        except self._driver.failures as error:
            raise self._judged(error) from None
        finally:
            self._mode = _OWN

    def objects(self) -> dict[str, Any]:
        """Tables and views with their columns (name, NOT NULL, key); indices by what they index."""
        found: dict[str, Any] = {}
        for name, kind in self._own(_OBJECTS):
            if name.lower().startswith("sqlite_"):
                continue
            found[f"{kind} {name.lower()}"] = [(r[1].lower(), r[3], r[5]) for r in self._columns(name)]
            for _, index, unique, _, partial in self._own(f"PRAGMA index_list({_name(name)})"):
                found[f"index on {name.lower()} {self._indexed(index, partial)}"] = unique
        return found

    def _indexed(self, index: str, partial: int) -> list[Any]:
        """Columns of an index with direction and collation; the text too where it has more than columns."""
        keys = [row[1:5] for row in self._own(f"PRAGMA index_xinfo({_name(index)})") if row[5]]
        parts: list[Any] = [((name or "").lower(), desc, collation) for _, name, desc, collation in keys]
        if partial or any(number == _EXPRESSION for number, *_ in keys):
            parts += [indexed(sql) for (sql,) in self._driver.rows(_DEFINITION, (index,))]
        return parts

    def describe(self) -> dict[str, Any]:
        """What defines the current database, as `serving.Service` sends it."""
        tables, after = [], []
        for kind, name, owner, sql in self._own(_DEFINED):
            if kind == "table":
                columns = self._own(f"PRAGMA table_xinfo({_name(name)})")
                keys = self._own(f"PRAGMA foreign_key_list({_name(name)})")
                described = [[row[1], row[2], bool(row[3]), row[5], row[6]] for row in columns]
                tables.append([name, sql, described, [[row[0], row[2], row[3], row[4]] for row in keys]])
            else:
                after.append([owner, sql])
        return {"before": [], "tables": tables, "after": after, "comments": []}

    def _own(self, sql: str) -> list[tuple[Any, ...]]:
        return self._driver.rows(sql)

    def close(self) -> None:
        """Close the connection."""
        self._memory.close()


def _empty_database() -> bytes:
    """A database without tables and with small pages."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute(f"PRAGMA page_size = {_PAGE}")
    connection.executescript("CREATE TABLE page (x); DROP TABLE page;")
    snapshot = connection.serialize()
    connection.close()
    return snapshot


#: What `PRAGMA index_xinfo` has for the number of a column that is an expression.
_EXPRESSION = -2
_DEFINITION = "SELECT sql FROM sqlite_master WHERE type = 'index' AND name = ?"
_DEFINED = (
    "SELECT type, name, tbl_name, sql FROM sqlite_master "
    "WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
)
_OBJECTS = "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') ORDER BY name"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
