"""PostgreSQL inside a worker: one transaction on a real server that is never committed.

An instance is a schema made in that transaction; a candidate runs below a savepoint, under a statement timeout, and
read-only where the gold reads. Nothing outlives the connection: a killed worker leaves no trace on the server. The
server decides what its role may do, so a role with power over files, programs or other roles is refused. The worker
itself can open nothing more, so a lost connection ends it and the parent starts another.
"""

from __future__ import annotations

import os
import re
import time
from typing import Any

from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from .outcomes import DEFINE, READ, WRITE, EngineError, Outcome
from .statements import split, words

_READS = {"select", "with", "values", "table"}
_CHANGES = {"insert", "update", "delete", "merge"}
_DEFINITIONS = {
    *(f"create {kind}" for kind in ("table", "view", "index", "unique", "or", "type")),
    *(f"drop {kind}" for kind in ("table", "view", "index")),
    "alter table",
}
_ALLOWED = {READ: _READS, WRITE: _READS | _CHANGES, DEFINE: _READS | _CHANGES | _DEFINITIONS}
#: What contexts bring along and an instance does without.
_SKIPPED = {"begin", "commit", "start", "end", "set", "comment", "grant", "analyze", "vacuum"}
#: The server's own tables and functions, what reaches its files or settings, and what is not repeatable.
_FORBIDDEN = re.compile(
    r"pg_\w*|lo_\w*|dblink\w*|\w*_to_xml\w*|information_schema|set_config|current_setting|nextval|setval|lastval|"
    r"random\w*|gen_random_uuid|clock_timestamp|statement_timestamp|timeofday|txid_\w*|inet_\w*|function|procedure|"
    r"language|trigger|extension|u|has_\w*_privilege|current_query|version|ts_stat|cursor_to_xml"
)
_OPEN_INSTANCES = 12
#: No compilation (it costs more than these queries), one process, little memory; the query of a dead worker ends.
_SETTINGS = "jit=off", "max_parallel_workers_per_gather=0", "work_mem=4MB", "client_connection_check_interval=250"
_POWERS = "pg_read_server_files", "pg_write_server_files", "pg_execute_server_program", "pg_signal_backend"
#: SQLSTATE classes and codes; PostgreSQL's manual, appendix A.
_STATUSES = {
    **{"57014": "timeout", "42601": "syntax_error", "25006": "denied", "42501": "denied"},
    **{"53200": "oom", "53400": "oom", "53100": "oom", "54000": "too_big", "54001": "too_big", "54023": "too_big"},
}
_COLUMNS = (
    "SELECT table_name, column_name, is_nullable FROM information_schema.columns "
    "WHERE table_schema = current_schema() ORDER BY table_name, ordinal_position"
)
_TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema() ORDER BY table_name"


class PostgresEngine:
    """One connection to a PostgreSQL server.

    Args:
        server: SQLAlchemy URL of a database in which the role may create schemas, e.g.
            `postgresql+psycopg://role@host/database`.
        sql_chars: The longest statement accepted from a candidate.

    Raises:
        ValueError: The role has more power than running queries needs.
    """

    #: Whether an unknown name in double quotes is taken for a string.
    quotes_strings = False

    def __init__(self, server: str, sql_chars: int) -> None:
        if not server:
            raise ValueError("no server is named: give Verifier(server='postgresql+psycopg://role@host/database')")
        # prepared at once: the server then takes one statement at a time and no second behind a semicolon
        settings = {"prepare_threshold": 0, "options": " ".join(f"-c {setting}" for setting in _SETTINGS)}
        engine = create_engine(server, poolclass=NullPool, connect_args=settings)
        self._sql_chars, self._connection = sql_chars, engine.connect()
        self.library = "PostgreSQL " + self._rows("SHOW server_version")[0][0].split()[0]
        self._opened: dict[str, set[str]] = {}  # scripts of the instances in order, with the names of their tables
        self._current: set[str] = set()
        self._refuse_power()

    def _refuse_power(self) -> None:
        powers = ", ".join(f"pg_has_role('{power}', 'MEMBER')" for power in _POWERS)
        found = self._rows(f"SELECT rolsuper OR rolcreaterole, {powers} FROM pg_roles WHERE rolname = current_user")[0]
        if any(found):
            raise ValueError("the role of the server's URL is powerful (superuser, files, programs); give a plain one")

    def load(self, script: str, deadline: float) -> str:
        """Builds an instance from a script; the script itself serves as its snapshot.

        Raises:
            EngineError: A statement of the script failed.
        """
        if script in self._opened or len(self._opened) >= _OPEN_INSTANCES:
            self._connection.rollback()
            self._opened.clear()
        schema = f"instance_{len(self._opened)}"
        self._rows("SAVEPOINT instance")
        try:
            self._rows(f"CREATE SCHEMA {schema}")
            self._rows(f"SET LOCAL search_path = {schema}")
            for statement in split(script):
                if (words(statement) or [""])[0] not in _SKIPPED:
                    self._guarded(_admitted(statement, DEFINE), deadline)
        except EngineError:
            self._rows("ROLLBACK TO SAVEPOINT instance")
            raise
        self._rows("RELEASE SAVEPOINT instance")
        self._opened[script] = {table.lower() for table in self.tables()}
        return script

    def open(self, snapshot: str) -> None:
        """Makes the instance the current one, building it anew if it has been given up."""
        if snapshot not in self._opened:
            self.load(snapshot, time.monotonic() + 5.0)
        self._current = self._opened[snapshot]
        self._rows(f"SET LOCAL search_path = instance_{list(self._opened).index(snapshot)}")

    def run(self, statements: list[str], access: str, deadline: float, max_rows: int) -> Outcome:
        """Runs statements and returns the last one's result; what they wrote stays until `undo`.

        Raises:
            EngineError: A statement was refused, failed, or took too long.
        """
        if sum(map(len, statements)) > self._sql_chars:
            raise EngineError("too_big", f"the statement has more than {self._sql_chars} characters")
        result = Outcome()
        self._rows("SAVEPOINT candidate")
        if access == READ:
            self._rows("SET LOCAL transaction_read_only = on")
        for statement in statements:
            named = self._current & set(words(_admitted(statement, access)))
            result.reads |= named
            if words(statement)[0] not in _READS:
                result.writes |= named
            self._fetch(statement, deadline, max_rows, result)
        return result

    def _fetch(self, statement: str, deadline: float, max_rows: int, result: Outcome) -> None:
        """Reads by a cursor on the server: a result without end must not come over here as a whole."""
        if words(statement)[0] in _CHANGES or " ".join(words(statement)[:2]) in _DEFINITIONS:
            result.columns, result.rows = self._guarded(statement, deadline)
        else:
            self._guarded(f"DECLARE result NO SCROLL CURSOR FOR {statement}", deadline)
            result.columns, result.rows = self._guarded(f"FETCH FORWARD {max_rows + 1} FROM result", deadline)
            self._guarded("CLOSE result", deadline)
        result.more = len(result.rows) > max_rows

    def _guarded(self, statement: str, deadline: float) -> tuple[list[str], list[tuple[Any, ...]]]:
        """Runs one statement under what is left of its time; what goes wrong becomes an `EngineError`."""
        left = max(1, int(1_000 * (deadline - time.monotonic())))
        try:
            self._rows(f"SET LOCAL statement_timeout = {left}")
            found = self._execute(statement)
            return (list(found.keys()), [tuple(row) for row in found]) if found.returns_rows else ([], [])
        except DBAPIError as error:
            if error.connection_invalidated:
                os._exit(1)
            state, text = getattr(error.orig, "sqlstate", "") or "", str(error.orig).partition("\n")[0]
            if "multiple commands" in text:
                raise EngineError("multi_statement", text) from None
            raise EngineError(_STATUSES.get(state, "exec_error"), text) from None
        except (ValueError, OverflowError) as error:  # NUL characters, lone surrogates, dates beyond Python's
            raise EngineError("exec_error", str(error)) from None

    def undo(self) -> None:
        """Takes back what `run` wrote."""
        try:
            self._rows("ROLLBACK TO SAVEPOINT candidate")
        except DBAPIError:  # there was none, which aborts the transaction and the instances with it
            self._connection.rollback()
            self._opened.clear()

    def tables(self) -> list[str]:
        """Names of the current instance's tables and views."""
        return [row[0] for row in self._rows(_TABLES)]

    def names(self) -> set[str]:
        """Names of tables and columns, in lower case."""
        return {name.lower() for table, column, _ in self._rows(_COLUMNS) for name in (table, column)}

    def contents(self, table: str) -> list[tuple[Any, ...]]:
        """All rows of a table."""
        return self._rows('SELECT * FROM "{}"'.format(table.replace('"', '""')))

    def objects(self) -> dict[str, Any]:
        """Tables and views with their columns and whether these may be NULL."""
        found: dict[str, Any] = {}
        for table, column, nullable in self._rows(_COLUMNS):
            found.setdefault(table.lower(), []).append((column.lower(), nullable))
        return found

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        found = self._execute(statement)
        return [tuple(row) for row in found] if found.returns_rows else []

    def _execute(self, statement: str) -> Any:
        connection: Connection = self._connection
        return connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _admitted(statement: str, access: str) -> str:
    """The statement, if its first words are allowed and it names nothing that is forbidden.

    Raises:
        EngineError: It is empty, several, or refused.
    """
    said = words(statement)
    if not said:
        raise EngineError("syntax_error", "there is no statement")
    if len(split(statement)) > 1:
        raise EngineError("multi_statement", "there are several statements")
    if said[0] not in _ALLOWED[access] and " ".join(said[:2]) not in _ALLOWED[access]:
        raise EngineError("denied" if said[0] in _KEYWORDS else "syntax_error", f"{said[0]} is not allowed here")
    forbidden = next((word for word in said if _FORBIDDEN.fullmatch(word)), None)
    if forbidden:
        raise EngineError("denied", f"{forbidden} is not allowed")
    return statement


#: Words that begin a statement; a text that begins otherwise is no SQL.
_KEYWORDS = (
    _READS
    | _CHANGES
    | _SKIPPED
    | {
        *("create", "drop", "alter", "truncate", "copy", "do", "call", "execute", "prepare", "deallocate", "declare"),
        *(
            "fetch",
            "close",
            "move",
            "lock",
            "listen",
            "notify",
            "unlisten",
            "load",
            "reset",
            "show",
            "explain",
            "refresh",
        ),
        *(
            "rollback",
            "abort",
            "savepoint",
            "release",
            "reindex",
            "cluster",
            "checkpoint",
            "discard",
            "security",
            "import",
        ),
        *("reassign", "revoke"),
    }
)
