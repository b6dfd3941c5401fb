"""DuckDB inside a worker: the last resort for gold queries that SQLite cannot run, 40 to 60 times dearer.

It has no authorizer: statements are admitted by their type, the outside world is switched off and the configuration
locked before a candidate is seen. A test database is a connection to a database of its own, or to a file. Dates and
times are read as texts: Python has no infinite date and none before the year 1 or after 9999, and time zones would
need files.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import duckdb

from .deadline_watch import Watch
from .duckdb_words import STOPPED_CLOCK, Refusals, without_end, words_of
from .opening import check_file, refused
from .outcomes import DEFINE, READ, WRITE, EngineError, Outcome
from .statement_text import indexed

_READS = {"SELECT"}
_CHANGES = {"INSERT", "UPDATE", "DELETE", "MERGE_INTO"}
_DEFINITIONS = {"CREATE", "DROP", "ALTER", "CREATE_FUNC"}
_ALLOWED = {READ: _READS, WRITE: _READS | _CHANGES, DEFINE: _READS | _CHANGES | _DEFINITIONS}
_CONTEXT = _ALLOWED[DEFINE] | {"TRANSACTION"}
#: Types of which something is read as a text, also inside of lists and structs.
_TIMES = re.compile(r"\b(DATE|TIME(STAMP)?(_\w+)?)\b")
_MAKES_SCHEMA = re.compile(r"\s*CREATE\s+(OR\s+REPLACE\s+)?SCHEMA\b", re.IGNORECASE)
_OPEN_DATABASES = 12
#: What a test database that was loaded once may take to be loaded again.
_REBUILD_SECONDS = 5.0
#: In this order: the temporary folder before external access goes, the lock last.
_SETTINGS = (
    "SET threads = 1",
    "SET memory_limit = '{memory}MB'",
    "SET max_expression_depth = 200",
    "SET temp_directory = ''",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET python_enable_replacements = false",
    "SET TimeZone = 'UTC'",
    *STOPPED_CLOCK,
    "SET enable_external_access = false",
    "SET lock_configuration = true",
)


class DuckdbEngine:
    """DuckDB in memory, one database per test database.

    Args:
        heap_mb: What one database may allocate, in MiB.
        sql_chars: The longest statement accepted from a candidate.
        files: Names of database files, by which they are loaded, and their paths.

    Attributes:
        read_only: Whether the current database is a file.
        opened_all: Whether all files could be opened.
    """

    #: Whether an unknown name in double quotes is taken for a string.
    quotes_strings = False
    #: What holds a query beside the limits of the process.
    guards: tuple[str, ...] = ()
    #: The clock of deadlines: CPU seconds of this process.
    seconds = staticmethod(time.process_time)

    def __init__(self, heap_mb: int, sql_chars: int, files: Sequence[tuple[str, str]] = ()) -> None:
        self._memory, self._sql_chars = max(heap_mb, 128), sql_chars
        self.library = f"DuckDB {duckdb.__version__}"
        self._watch = Watch(self.seconds)
        self._opened: dict[str, duckdb.DuckDBPyConnection] = {}
        self._files = {name: self._connected(path) for name, path in files}
        self.opened_all = not any(isinstance(each, EngineError) for each in self._files.values())
        self.read_only = False
        self._current = self._connect()
        self._refusals = Refusals(self._current)
        #: Of each database its names, and what sets its sequences back; what a query changes of them is undone.
        self._looks: dict[str, tuple[set[str], list[str]]] = {}
        self._known: set[str] = set()
        self._sequences: list[str] = []
        self._wrote = False

    def _connected(self, path: str) -> duckdb.DuckDBPyConnection | EngineError:
        """Open a file, or say why it cannot be."""
        try:
            check_file(path, "duckdb")
            return self._connect(path)
        except EngineError as error:
            return error
        except Exception as error:  # whatever a file makes DuckDB say is the outcome of this file
            return refused(path, str(error).partition("\n")[0])

    def look_at_files(self) -> None:
        """Do nothing: DuckDB reads the definitions of a file as it opens it."""

    def _connect(self, path: str = "") -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(path or ":memory:", read_only=bool(path))
        for setting in _SETTINGS:
            connection.execute(setting.format(memory=self._memory))
        if path:
            _look_into_schemas(connection)
        return connection

    def load(self, script: str, deadline: float) -> str:
        """Build a database from a script, or find the file of that name; the text itself serves as its snapshot.

        Raises:
            EngineError: A statement of the script failed, or the file could not be opened.
        """
        if script in self._files:
            if isinstance(error := self._files[script], EngineError):
                raise error
            return script
        connection = self._connect()
        try:
            with self._guarded(connection, deadline):
                for statement in self._admitted(connection, script, _CONTEXT):
                    connection.execute(statement)
                    if _MAKES_SCHEMA.match(statement.query):
                        _look_into_schemas(connection)
        except EngineError:
            connection.close()
            raise
        if script in self._opened:
            self._close(script)
        self._opened[script] = connection
        while len(self._opened) > _OPEN_DATABASES:
            self._close(next(iter(self._opened)))
        return script

    def _close(self, script: str) -> None:
        self._opened.pop(script).close()
        self._looks.pop(script, None)

    def open(self, snapshot: str) -> None:
        """Make the test database the current database, building it anew if it has been closed."""
        self.read_only = snapshot in self._files
        if not self.read_only and snapshot not in self._opened:
            self.load(snapshot, self.seconds() + _REBUILD_SECONDS)
        found: Any = self._files[snapshot] if self.read_only else self._opened[snapshot]
        if self._current is not found:
            self._current = found
            if snapshot not in self._looks:
                names = {name.lower() for row in self._rows(_NAMES) for name in row}
                self._looks[snapshot] = names, [_restart(*row) for row in self._rows(_SEQUENCES)]
            self._known, self._sequences = self._looks[snapshot]

    def _admitted(self, connection: duckdb.DuckDBPyConnection, text: str, allowed: set[str]) -> list[Any]:
        statements = list(connection.extract_statements(text))
        for statement in statements:
            kind = str(statement.type).rpartition(".")[2]
            if kind not in allowed:
                raise EngineError("denied", f"a statement of type {kind} is not allowed here")
        return statements

    @contextmanager
    def _guarded(self, connection: duckdb.DuckDBPyConnection, deadline: float) -> Iterator[None]:
        """Interrupts the connection at the deadline; what goes wrong becomes an `EngineError`."""
        watched = self._watch.begin(connection, deadline)
        try:
            yield
        except duckdb.Error as error:
            raise EngineError(*_judged(error, watched.late)) from None
        except MemoryError as error:
            raise EngineError("oom", str(error)) from None
        except (ValueError, RuntimeError, OverflowError) as error:
            raise EngineError("exec_error", str(error)) from None
        finally:
            self._watch.end()

    def run(self, statements: list[str], access: str, deadline: float, max_rows: int) -> Outcome:
        """Run statements and return the last one's result; what they wrote stays until `undo`.

        Raises:
            EngineError: A statement was refused, failed, or took too long.
        """
        text = ";\n".join(statements)
        if len(text) > self._sql_chars:
            raise EngineError("too_big", f"the statement has more than {self._sql_chars} characters")
        if refused := self._refusals.first(words_of(text), self._known, access != READ):
            raise EngineError("denied", f"{refused} is not allowed here")
        connection, result = self._current, Outcome()
        self._wrote = access != READ
        with self._guarded(connection, deadline):
            admitted = self._admitted(connection, text, _ALLOWED[access])
            if len(admitted) > len(statements):
                raise EngineError("multi_statement", f"{len(admitted)} statements")
            for statement in filter(_reads, admitted):  # before the transaction, which a failure would abort
                result.reads |= self._read_by(connection, statement.query)
            connection.execute("BEGIN")
            for statement in admitted:
                self._fetch(connection, statement, max_rows, result)
        return result

    def _fetch(self, connection: duckdb.DuckDBPyConnection, statement: Any, max_rows: int, result: Outcome) -> None:
        if _reads(statement):
            cursor = connection.execute(statement)
            result.columns = [column[0] for column in cursor.description or ()]
            types = [str(column[1]) for column in cursor.description or ()]
            if any(map(_TIMES.search, types)):
                cursor = connection.execute(f"SELECT {_with_texts(types)} FROM ({without_end(statement.query)}\n)")
            result.rows = cursor.fetchmany(max_rows + 1) if result.columns else []
        else:
            named = self._named_in(statement.query)
            result.writes |= named
            result.reads |= named
            result.columns, result.rows = self._returned(connection, statement, max_rows)
        result.more = len(result.rows) > max_rows

    def _read_by(self, connection: duckdb.DuckDBPyConnection, query: str) -> set[str]:
        """The tables that a query reads; DuckDB 2.0 cannot tell of one with USING, though it runs it."""
        try:
            return {name.rpartition(".")[2].lower() for name in connection.get_table_names(query)}
        except duckdb.BinderException:
            return self._named_in(query)

    def _named_in(self, statement: str) -> set[str]:
        """The tables and views whose names stand in a statement."""
        return {table.lower() for table in self.tables()} & {word.text for word in words_of(statement)}

    def _returned(self, connection: duckdb.DuckDBPyConnection, statement: Any, max_rows: int) -> tuple[Any, Any]:
        """Run a statement that writes: columns and rows of its RETURNING, which are there once it has run."""
        relation = connection.sql(statement)
        if relation is None or relation.columns == ["Count"]:
            return [], []
        rows = relation.project(_with_texts(list(map(str, relation.types)))).limit(max_rows + 1).fetchall()
        return relation.columns, rows

    def undo(self) -> None:
        """Take back what `run` wrote."""
        with suppress(duckdb.Error):  # there was no transaction
            self._current.execute("ROLLBACK")
        for restart in self._sequences if self._wrote else ():  # which no transaction takes back
            self._current.execute(restart)
        self._wrote = False

    def tables(self) -> list[str]:
        """Names of the current database's tables, then of its views."""
        return [*self.base_tables(), *(row[0] for row in self._current.execute(_VIEWS).fetchall())]

    def base_tables(self) -> list[str]:
        """Names of the current database's tables alone."""
        return [row[0] for row in self._current.execute(_TABLES).fetchall()]

    def names(self) -> set[str]:
        """Names of tables and columns, in lower case, as they were when the current database was opened."""
        return set(self._known)

    def contents(self, table: str, deadline: float) -> list[tuple[Any, ...]]:
        """All rows of a table or view.

        Raises:
            EngineError: It cannot be read, or not by the deadline.
        """
        with self._guarded(self._current, deadline):
            cursor = self._current.execute(f"SELECT * FROM {_name(table)}")
            types = [str(column[1]) for column in cursor.description or ()]
            if any(map(_TIMES.search, types)):
                cursor = self._current.execute(f"SELECT {_with_texts(types)} FROM {_name(table)}")
            rows = cursor.fetchall()
        return rows

    def describe(self) -> dict[str, Any]:
        """What defines the current database, as `serving.Service` sends it; foreign keys stand in the definitions."""
        columns: dict[int, list[list[Any]]] = {}
        for oid, *column in self._rows(_DESCRIBED_COLUMNS):
            columns.setdefault(oid, []).append([*column, 0, 0])
        tables = [[name, sql, columns.get(oid, []), []] for oid, name, sql in self._rows(_DESCRIBED_TABLES)]
        before = [sql for query in _BEFORE for (sql,) in self._rows(query)]
        after = [[name, sql] for query in _AFTER for name, sql in self._rows(query)]
        comments = [list(row) for row in self._rows(_COMMENTS)]
        return {"before": before, "tables": tables, "after": after, "comments": comments}

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        """All rows of a query of our own."""
        return self._current.execute(sql).fetchall()

    def objects(self) -> dict[str, Any]:
        """Tables and views with their columns and whether these may be NULL; keys and indices by what they index."""
        found: dict[str, Any] = {}
        for table, column, nullable in self._rows(_COLUMNS):
            found.setdefault(table.lower(), []).append((column.lower(), nullable))
        for table, kind, columns in self._rows(_KEYS):
            text = indexed(f"on x ({', '.join(map(_name, columns))})")
            found[f"{'key of' if kind == 'PRIMARY KEY' else 'index on'} {table.lower()} {text}"] = True
        for table, is_unique, sql in self._rows(_INDICES):
            found[f"index on {table.lower()} {indexed(sql)}"] = is_unique
        return found | {f"also {kind} {name.lower()}": True for kind, name in self._rows(_OTHERS)}


def _look_into_schemas(connection: duckdb.DuckDBPyConnection) -> None:
    """Let tables be found by their own name in every schema, as a server finds them by its search path."""
    names = [name for (name,) in connection.execute(_SCHEMAS).fetchall()]
    if names:
        path = ",".join(map(_name, ["main", *names])).replace("'", "''")
        connection.execute(f"SET search_path = '{path}'")


def _judged(error: duckdb.Error, late: bool) -> tuple[str, str]:
    kinds = {
        **{duckdb.ParserException: "syntax_error", duckdb.PermissionException: "denied"},
        **{duckdb.OutOfMemoryException: "oom", duckdb.InterruptException: "timeout"},
    }
    status = next((status for kind, status in kinds.items() if isinstance(error, kind)), "exec_error")
    return ("timeout", "the time limit is over") if late else (status, str(error).partition("\n")[0])


def _with_texts(types: list[str]) -> str:
    """The columns of those types, dates and times as texts; rows keep their order, there is one thread."""
    columns = (f"CAST(#{i} AS VARCHAR)" if _TIMES.search(kind) else f"#{i}" for i, kind in enumerate(types, 1))
    return ", ".join(columns)


def _reads(statement: Any) -> bool:
    return str(statement.type).endswith("SELECT")


def _restart(schema: str, name: str, last: int | None, start: int) -> str:
    """A statement that sets a sequence to where it stands."""
    full = f"{_name(schema)}.{_name(name)}".replace("'", "''")
    return f"SELECT setval('{full}', {start if last is None else last}, {str(last is not None).lower()})"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


_HERE = "NOT internal AND database_name = current_database()"
_SCHEMAS = f"SELECT schema_name FROM duckdb_schemas() WHERE {_HERE} AND schema_name <> 'main' ORDER BY oid"
_BEFORE = (
    f"SELECT 'CREATE SCHEMA \"' || schema_name || '\"' FROM ({_SCHEMAS})",
    "SELECT sql FROM duckdb_sequences() WHERE NOT temporary AND database_name = current_database()",
)
#: Of tables of one name that which is found by it.
_DESCRIBED_TABLES = (
    f"SELECT table_oid, table_name, sql FROM duckdb_tables() WHERE {_HERE} QUALIFY row_number() OVER "
    "(PARTITION BY lower(table_name) ORDER BY schema_name <> 'main', schema_oid) = 1 ORDER BY table_oid"
)
_DESCRIBED_COLUMNS = (
    f"SELECT table_oid, column_name, data_type, NOT is_nullable FROM duckdb_columns() WHERE {_HERE} "
    "ORDER BY table_oid, column_index"
)
_AFTER = (
    "SELECT table_name, sql FROM duckdb_indexes() WHERE sql IS NOT NULL AND database_name = current_database()",
    f"SELECT view_name, sql FROM duckdb_views() WHERE {_HERE}",
)
_COMMENTS = (
    f"SELECT table_name, '', comment FROM duckdb_tables() WHERE {_HERE} AND comment IS NOT NULL UNION ALL "
    f"SELECT table_name, column_name, comment FROM duckdb_columns() WHERE {_HERE} AND comment IS NOT NULL"
)
_SEQUENCES = "SELECT schema_name, sequence_name, last_value, start_value FROM duckdb_sequences()"
#: Without the system's database, whose hundreds of columns are otherwise made first.
_NAMES = "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name <> 'system' AND NOT internal"
_TABLES = "SELECT table_name FROM duckdb_tables() WHERE NOT internal"
_VIEWS = "SELECT view_name FROM duckdb_views() WHERE NOT internal"
_KEYS = (
    "SELECT table_name, constraint_type, constraint_column_names FROM duckdb_constraints() "
    "WHERE constraint_type IN ('PRIMARY KEY', 'UNIQUE') AND database_name = current_database()"
)
_INDICES = (
    "SELECT table_name, is_unique, sql FROM duckdb_indexes() "
    "WHERE sql IS NOT NULL AND database_name = current_database()"
)
#: Definitions beside tables, views and indices.
_OTHERS = (
    "SELECT 'sequence', sequence_name FROM duckdb_sequences() WHERE database_name = current_database() UNION ALL "
    f"SELECT 'schema', schema_name FROM duckdb_schemas() WHERE {_HERE} UNION ALL "
    f"SELECT 'type', type_name FROM duckdb_types() WHERE {_HERE}"
)
_COLUMNS = (
    "SELECT table_name, column_name, is_nullable FROM duckdb_columns() WHERE NOT internal "
    "ORDER BY table_name, column_index"
)
