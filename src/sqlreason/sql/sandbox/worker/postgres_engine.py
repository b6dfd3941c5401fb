"""PostgreSQL inside a worker: one transaction on a real server that is never committed.

A test database is a schema made in that transaction; a candidate runs below a savepoint, under a statement timeout, and
read-only where the gold reads. Nothing outlives the connection: a killed worker leaves no trace on the server. The
server decides what its role may do, so a role with power over files, programs or other roles is refused. The worker
itself can open nothing more, so a lost connection ends it and the parent starts another.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Error
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from .outcomes import READ, EngineError, Outcome
from .postgres_clock import server_clock
from .postgres_values import read_beyond_python
from .postgres_words import READING, Rules, first_name, split, words_of

#: What a connection raises that is lost.
LOST = (Error, DBAPIError)
_OPEN_INSTANCES = 12
_CONNECT_SECONDS = 10
#: What a test database that was loaded once may take to be loaded again.
_REBUILD_SECONDS = 5.0
#: No compilation (it costs more than these queries), one process, little memory; the query of a dead worker ends.
_SETTINGS = (
    *("jit=off", "max_parallel_workers_per_gather=0", "work_mem=4MB", "client_connection_check_interval=250"),
    *("timezone=UTC", "datestyle=ISO", "standard_conforming_strings=on"),  # nothing hangs on how the server is set up
)
#: What the role is beyond a plain one: its attributes, and the roles whose powers it has or may take.
_POWER = """
SELECT power FROM pg_roles, LATERAL (VALUES ('SUPERUSER', rolsuper), ('CREATEROLE', rolcreaterole),
    ('CREATEDB', rolcreatedb), ('REPLICATION', rolreplication), ('BYPASSRLS', rolbypassrls)) AS own (power, has)
WHERE rolname = session_user AND has
UNION ALL SELECT 'member of ' || rolname FROM pg_roles
WHERE rolname <> session_user AND rolname <> 'pg_database_owner' AND pg_has_role(session_user, oid, 'MEMBER')
    AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = session_user)
"""
#: SQLSTATE classes and codes; PostgreSQL's manual, appendix A.
_STATUSES = {
    **{"57014": "timeout", "42601": "syntax_error", "25006": "denied", "42501": "denied"},
    **{"53200": "oom", "53400": "oom", "53100": "oom", "54000": "too_big", "54001": "too_big", "54023": "too_big"},
}
#: Whether the server lets the role call what no query needs (docs/sandbox.md); pg_sleep stands for all.
_MAY_CALL = "SELECT has_function_privilege('pg_sleep(double precision)', 'EXECUTE')"
_BACKEND = "SELECT pg_backend_pid(), coalesce(inet_server_addr() <<= ANY ('{127.0.0.0/8,::1}'::inet[]), true)"
#: The server counts a statement's time by the wall; on a busy machine one that has computed less than this share of its
#: time is tried again with as many times as much as it lacked, twice for safety, at most so many times.
_STARVED, _SAFETY, _PATIENCE = 0.9, 2.0, 16.0
_COLUMNS = (
    "SELECT table_name, column_name, is_nullable FROM information_schema.columns "
    "WHERE table_schema = ANY (current_schemas(false)) ORDER BY table_name, ordinal_position"
)
#: Those of keys and of UNIQUE among them.
_INDICES = (
    "SELECT t.relname, i.indisunique, i.indisprimary, pg_get_indexdef(i.indexrelid) FROM pg_index i "
    "JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace "
    "WHERE n.nspname = ANY (current_schemas(false))"
)
_DATED = (
    "SELECT column_name FROM information_schema.columns WHERE table_schema = ANY (current_schemas(false)) "
    "AND (data_type ~ '^(date|time)' OR udt_name ~ '^_?(date|ts|time)')"
)
_SEQUENCES = (
    "SELECT schemaname, sequencename, last_value, start_value FROM pg_sequences "
    "WHERE schemaname = ANY (current_schemas(false))"
)
_TABLES = (
    "SELECT table_name, table_type FROM information_schema.tables "
    "WHERE table_schema = ANY (current_schemas(false)) ORDER BY table_name"
)


@dataclass
class _Database:
    """A loaded context: its schema, and statements that set its sequences to where they stand.

    `tables` are the names of its tables by those in lower case; `dated` the columns that hold dates or times.
    """

    schema: str
    tables: dict[str, str]
    dated: set[str]
    restarts: list[str]


class PostgresEngine:
    """One connection to a PostgreSQL server.

    Args:
        server: SQLAlchemy URL of a database in which the role may create schemas, e.g.
            `postgresql+psycopg://role@host/database`.
        sql_chars: The longest statement accepted from a candidate.
        settings: Of the session, beside those of every worker.

    Raises:
        ValueError: The role has more power than running queries needs.
    """

    #: Whether an unknown name in double quotes is taken for a string.
    quotes_strings = False
    #: Whether the current database can only be read.
    read_only = False
    #: Whether all databases could be opened that it was to hold.
    opened_all = True

    def __init__(self, server: str, sql_chars: int, settings: Sequence[str] = ()) -> None:
        if not server:
            raise ValueError("no PostgreSQL server is named: set SQLREASON_POSTGRES, or give Verifier(server=…)")
        # prepared at once: the server then takes one statement at a time and no second behind a semicolon
        options = " ".join(f"-c {setting}" for setting in (*_SETTINGS, *settings))
        arguments = {"prepare_threshold": 0, "connect_timeout": _CONNECT_SECONDS, "options": options}
        engine = create_engine(server, poolclass=NullPool, connect_args=arguments)
        self._sql_chars, self._connection = sql_chars, engine.connect()
        self.library = "PostgreSQL " + self._rows("SHOW server_version")[0][0].split()[0]
        self._opened: dict[str, _Database] = {}
        self._current, self._script = _Database("", {}, set(), []), ""
        self._marked = self._wrote = False
        self._refuse_power()
        self._rules = Rules(self._rows)
        process, local = self._rows(_BACKEND)[0]
        #: Where another worker's transaction has made a schema of the same name, ours would wait for its end.
        self._prefix = f"instance_{process}_"
        #: CPU seconds of the server's process for us; None where it cannot be seen.
        self.clock = server_clock(process, local)
        #: The clock of deadlines: that, or the wall's.
        self.seconds: Callable[[], float] = self.clock or time.monotonic
        self._starves = self.clock is not None
        self._patience = 1.0
        self.guards = [] if self._rows(_MAY_CALL)[0][0] else ["functions"]
        read_beyond_python(self._connection.connection.dbapi_connection)

    def _refuse_power(self) -> None:
        found = self._rows(_POWER)
        if found:
            named = ", ".join(name for (name,) in found)
            raise ValueError(f"the role of the server's URL is powerful ({named}); give one that is not")

    def load(self, script: str, deadline: float) -> str:
        """Build a test database from a script; the script itself serves as its snapshot.

        Raises:
            EngineError: A statement of the script failed.
        """
        if script in self._opened or len(self._opened) >= _OPEN_INSTANCES:
            self._connection.rollback()
            self._opened.clear()
        self._patience = _PATIENCE if self._starves else 1.0
        schema = f"{self._prefix}{len(self._opened)}"
        self._rows("SAVEPOINT context")
        try:
            self._guarded(f"CREATE SCHEMA {schema}", deadline)
            self._rows(f"SET LOCAL search_path = {schema}")
            admitted = [text for text in split(script) if self._rules.admit_in_context(words_of(text))]
            self._at_once([self._timeout(deadline), *admitted])
        except EngineError:
            self._rows("ROLLBACK TO SAVEPOINT context")
            raise
        self._rows("RELEASE SAVEPOINT context")
        restarts = [_restart(*row) for row in self._rows(_SEQUENCES)]
        self._opened[script] = self._looked_at(schema, restarts)
        return script

    def _looked_at(self, schema: str, restarts: list[str]) -> _Database:
        """What is found by the search path, which is that schema."""
        dated = {name.lower() for (name,) in self._rows(_DATED)}
        return _Database(schema, {table.lower(): table for table in self.tables()}, dated, restarts)

    def share_clock(self, seconds: Callable[[], float], starves: bool) -> None:
        """Measure deadlines by a clock that is common to several connections; say whether it stops on busy cores."""
        self.seconds, self._starves = seconds, starves

    def open(self, snapshot: str) -> None:
        """Make the test database the current one, building it anew if it has been given up."""
        if snapshot not in self._opened:
            self.load(snapshot, self.seconds() + _REBUILD_SECONDS)
        self._current, self._script = self._opened[snapshot], snapshot
        self._rules.dated = self._current.dated
        self._rows(f"SET LOCAL search_path = {self._current.schema}")

    def run(self, statements: list[str], access: str, deadline: float, max_rows: int) -> Outcome:
        """Run statements and return the last one's result; what they wrote stays until `undo`.

        Raises:
            EngineError: A statement was refused, failed, or took too long.
        """
        if sum(map(len, statements)) > self._sql_chars:
            raise EngineError("too_big", f"the statement has more than {self._sql_chars} characters")
        allowed, self._patience = deadline - self.seconds(), 1.0
        while True:
            started = self.seconds()
            try:
                result = self._run(statements, access, started + allowed, max_rows)
                if self._patience == 1 or self.seconds() - started <= allowed:
                    return result
                raise EngineError("timeout", "the statement takes more computing time than it is allowed")
            except EngineError as error:
                share = (self.seconds() - started) / allowed
                tried_enough = not self._starves or share >= _STARVED or self._patience == _PATIENCE
                if error.status != "timeout" or tried_enough:
                    raise
                self._patience = min(_PATIENCE, _SAFETY * self._patience / max(share, _SAFETY / _PATIENCE))
                self.undo()

    def _run(self, statements: list[str], access: str, deadline: float, max_rows: int) -> Outcome:
        result, admitted = Outcome(), []
        for statement in statements:
            words = words_of(statement)
            self._rules.admit(words, access)
            named = self._current.tables.keys() & {word.text.lower() for word in words if word.names}
            reads = first_name(words) in READING
            result.reads |= named
            result.writes |= set() if reads else named
            admitted.append((statement, reads))
        self._marked, self._wrote = True, access != READ
        first = ["SAVEPOINT candidate", *["SET LOCAL transaction_read_only = on"] * (access == READ)]
        for statement, reads in admitted:
            result.columns, result.rows = self._fetched(first, statement, reads, deadline, max_rows)
            result.more, first = len(result.rows) > max_rows, []
        return result

    def _fetched(
        self, first: list[str], statement: str, reads: bool, deadline: float, max_rows: int
    ) -> tuple[list[str], list[tuple[Any, ...]]]:
        """What a statement returns: of a query by a cursor on the server, since a result may have no end."""
        if not reads:
            return self._at_once([*first, self._timeout(deadline), statement])
        cursor = [f"DECLARE result NO SCROLL CURSOR FOR {statement}", f"FETCH FORWARD {max_rows + 1} FROM result"]
        return self._at_once([*first, "CLOSE ALL", self._timeout(deadline), *cursor])

    def _guarded(self, statement: str, deadline: float) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Run one statement under what is left of its time; what goes wrong becomes an `EngineError`."""
        return self._at_once([self._timeout(deadline), statement])

    def _at_once(self, statements: list[str]) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Run statements without waiting for each (a change of processes); what the last returns.

        Raises:
            EngineError: One of them failed; what comes behind it has not run.
        """
        connection: Any = self._connection.connection.dbapi_connection
        try:
            with connection.pipeline():
                for statement in statements:
                    cursor = connection.execute(statement)
            return ([c.name for c in cursor.description], cursor.fetchall()) if cursor.description else ([], [])
        except Error as error:
            raise self._told(error, connection.broken) from None
        except (ValueError, OverflowError) as error:  # NUL characters, lone surrogates, dates beyond Python's
            raise EngineError("exec_error", str(error)) from None

    def _timeout(self, deadline: float) -> str:
        """A statement by which each of those that follow has what is left."""
        left = max(1, int(1_000 * self._patience * (deadline - self.seconds())))
        return f"SET LOCAL statement_timeout = {left}"

    def _told(self, error: BaseException | None, lost: bool) -> EngineError:
        """What the driver raised, as an error of ours; a lost connection ends the worker."""
        if lost:
            os._exit(1)
        state, text = getattr(error, "sqlstate", "") or "", str(error).partition("\n")[0]
        if "multiple commands" in text:
            return EngineError("multi_statement", text)
        return EngineError(_STATUSES.get(state, "exec_error"), text)

    def undo(self) -> None:
        """Take back what `run` wrote."""
        marked, wrote, self._marked, self._wrote = self._marked, self._wrote, False, False
        if not marked:
            return
        try:
            self._rows("ROLLBACK TO SAVEPOINT candidate")
            for restart in self._current.restarts if wrote else ():  # which no transaction takes back
                self._rows(restart)
        except DBAPIError:  # there was none, or a result too large to be let go of
            self._start_over()

    def _start_over(self) -> None:
        """Give up the transaction and the databases with it, but for the current one, on which more is to be run."""
        try:
            self._connection.rollback()
            self._opened.clear()
            if self._script:
                self.open(self._script)
        except (DBAPIError, EngineError):  # another worker will do
            os._exit(1)

    def tables(self) -> list[str]:
        """Names of the current test database's tables and views."""
        return [name for name, _ in self._rows(_TABLES)]

    def base_tables(self) -> list[str]:
        """Names of the current test database's tables alone."""
        return [name for name, kind in self._rows(_TABLES) if kind == "BASE TABLE"]

    def names(self) -> set[str]:
        """Names of tables and columns, in lower case."""
        return {name.lower() for table, column, _ in self._rows(_COLUMNS) for name in (table, column)}

    def contents(self, table: str, deadline: float) -> list[tuple[Any, ...]]:
        """All rows of a table or view, whose name may be in lower case.

        Raises:
            EngineError: It cannot be read, or not by the deadline.
        """
        known = self._current.tables
        name = table if table in known.values() else known.get(table, table)
        self._rows("SAVEPOINT reading")
        try:
            rows = self._guarded(f"SELECT * FROM {quoted_name(name)}", deadline)[1]
        except EngineError:
            self._rows("ROLLBACK TO SAVEPOINT reading")
            raise
        self._rows("RELEASE SAVEPOINT reading")
        return rows

    def objects(self) -> dict[str, Any]:
        """Tables and views with their columns and whether these may be NULL; indices by what they index."""
        found: dict[str, Any] = {}
        for table, column, nullable in self._rows(_COLUMNS):
            found.setdefault(table.lower(), []).append((column.lower(), nullable))
        for table, is_unique, is_key, definition in self._rows(_INDICES):
            _, _, told = definition.partition(" USING ")  # what stands before has its name and the schema's
            found[f"{'key of' if is_key else 'index on'} {table.lower()} {told}"] = is_unique
        return found

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        found = self._execute(statement)
        return [tuple(row) for row in found] if found.returns_rows else []

    def _execute(self, statement: str) -> Any:
        connection: Connection = self._connection
        return connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def quoted_name(name: str) -> str:
    """Write a name in quotes."""
    return '"' + name.replace('"', '""') + '"'


def _restart(schema: str, name: str, last: int | None, start: int) -> str:
    """A statement that sets a sequence to where it stands."""
    full = f"{quoted_name(schema)}.{quoted_name(name)}".replace("'", "''")
    return f"SELECT setval('{full}', {start if last is None else last}, {str(last is not None).lower()})"
