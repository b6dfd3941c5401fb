"""Databases of PostgreSQL servers as they stand, beside the server on which test databases are made.

A database that a question names is only read: its sessions begin read-only transactions, each query is one, under a
time limit, and is rolled back at once, so that no lock outlives a query. Its tables are found by their own names in all
schemas that its role may use. Test databases are never made there, but on the server of the sandbox.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

from .opening import refused
from .outcomes import EngineError, Outcome
from .postgres_engine import LOST, PostgresEngine, quoted_name
from .postgres_words import words_of

#: Schemas of the role's own choice first.
_USABLE = (
    "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' "
    "AND has_schema_privilege(oid, 'USAGE') ORDER BY nspname <> coalesce(current_schema(), ''), nspname"
)
_PASSWORD = re.compile(r"(?<=[^/@:]):[^@/]*@")
_SETTINGS = ("default_transaction_read_only=on",)


class PostgresOriginal(PostgresEngine):
    """One connection to a database that is only read.

    Args:
        server: SQLAlchemy URL of the database.
        sql_chars: The longest statement accepted from a candidate.

    Raises:
        ValueError: The role has more power than running queries needs.
    """

    read_only = True

    def __init__(self, server: str, sql_chars: int) -> None:
        super().__init__(server, sql_chars, _SETTINGS)
        #: In which its tables are found, in this order.
        self.schemas = [name for (name,) in self._rows(_USABLE)]
        schemas = ", ".join(map(quoted_name, self.schemas)) or "public"
        self._rows(f"SET search_path = {schemas}")
        self._connection.commit()
        self._current = self._looked_at(schemas, [])
        self._rules.dated = self._current.dated
        self.undo()

    def load(self, script: str, deadline: float) -> str:
        """Return the name of the database, which stands already."""
        return script

    def open(self, snapshot: str) -> None:
        """Do nothing: it is the current database of its connection."""

    def undo(self) -> None:
        """End the transaction, of which nothing stays."""
        connection: Any = self._connection.connection.dbapi_connection
        try:
            self._connection.rollback()
            connection.rollback()  # what was begun without SQLAlchemy
        except LOST:  # another worker will do
            os._exit(1)


class PostgresDatabases:
    """The databases of a task under the face of one engine: some that stand, and a server for those from scripts.

    Args:
        server: SQLAlchemy URL of the sandbox; "" where nothing is made from a script.
        sql_chars: The longest statement accepted from a candidate.
        files: Names of databases, by which they are loaded, and their SQLAlchemy URLs.

    Raises:
        ValueError: The role of the sandbox has more power than running queries needs.
    """

    quotes_strings = False

    def __init__(self, server: str, sql_chars: int, files: Sequence[tuple[str, str]]) -> None:
        self._originals = {name: _connected(name, place, sql_chars) for name, place in files}
        self.opened_all = not any(isinstance(each, EngineError) for each in self._originals.values())
        self._made = PostgresEngine(server, sql_chars) if server else None
        engines = [engine for engine in (self._made, *self._originals.values()) if isinstance(engine, PostgresEngine)]
        self._schemas = {name for engine in engines for name in getattr(engine, "schemas", ())}
        self._current: Any = next(iter(engines), None)
        self.library = next((engine.library for engine in engines), "PostgreSQL")
        self.guards = sorted({guard for engine in engines for guard in engine.guards})
        #: The clock of deadlines, one for all: what they have computed together, or the wall's.
        self.seconds: Callable[[], float] = _common_clock(engines)

    def look_at_files(self) -> None:
        """Do nothing: the connections stand."""

    def run(self, statements: list[str], access: str, deadline: float, max_rows: int) -> Outcome:
        """Run statements as the current database's engine does; what is made from a script has no schemas by name.

        Raises:
            EngineError: A statement was refused, failed, or took too long.
        """
        if self._current is self._made:
            statements = [without_schemas(statement, self._schemas) for statement in statements]
        outcome: Outcome = self._current.run(statements, access, deadline, max_rows)
        return outcome

    def load(self, script: str, deadline: float) -> str:
        """Build a test database from a script, or find the database of that name.

        Raises:
            EngineError: A statement of the script failed, or the database could not be reached.
        """
        engine = self._originals.get(script, self._made)
        if isinstance(engine, EngineError):
            raise engine
        if engine is None:
            raise EngineError("exec_error", "no PostgreSQL server is named on which a script can be run")
        return engine.load(script, deadline)

    def open(self, snapshot: str) -> None:
        """Make a loaded database the current one."""
        self._current = self._originals.get(snapshot, self._made)
        self._current.open(snapshot)

    def __getattr__(self, name: str) -> Any:
        """Whatever else an engine does, the current database's does."""
        return getattr(self._current, name)


def without_schemas(statement: str, schemas: Collection[str]) -> str:
    """Return a statement that calls tables by their own names alone.

    Args:
        statement: Of which `sales.orders` becomes `orders`.
        schemas: Names of schemas.

    Raises:
        EngineError: A quote or a comment is open.
    """
    words = words_of(statement)
    places = range(len(words) - 2)
    for i in reversed(places):
        word, point, name = words[i : i + 3]
        begins = i == 0 or words[i - 1].text != "."
        if begins and word.names and word.text in schemas and point.text == "." and name.names:
            size = len(word.text) if word.kind == "name" else len(quoted_name(word.text))
            statement = statement[: word.end - size] + statement[point.end :]
    return statement


def _connected(name: str, place: str, sql_chars: int) -> PostgresOriginal | EngineError:
    """Open a database, or say why it cannot be; without a password that its name may hold."""
    name = _PASSWORD.sub("@", name)
    try:
        return PostgresOriginal(place, sql_chars)
    except Exception as error:  # whatever a server makes its driver say is the outcome of this database
        cause = getattr(error, "orig", None) or error
        return refused(name, str(cause).strip().partition("\n")[0])


def _common_clock(engines: Sequence[PostgresEngine]) -> Callable[[], float]:
    """One clock for several connections, by which each measures its deadlines from here on."""
    clocks = [engine.clock for engine in engines if engine.clock is not None]
    if not clocks or len(clocks) < len(engines):
        seconds, starves = time.monotonic, False
    elif len(clocks) == 1:
        return clocks[0]
    else:
        seconds, starves = lambda: sum(clock() for clock in clocks), True
    for engine in engines:
        engine.share_clock(seconds, starves)
    return seconds
