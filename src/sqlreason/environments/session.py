"""One episode: a question, its database to look at, an answer, and what the answer earns.

The tools run in the sandbox, on a copy of the original database and never on the test databases, and what goes wrong in
them is a text for the model. The reward is an object of `rewards`, called as a trainer calls it in single-turn: an
answer earns the same either way. Single-turn is the episode without a call.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlreason.data.preparation_rows import original_of
from sqlreason.errors import BadInput
from sqlreason.reasoning.format import plain_query, render
from sqlreason.rewards import REWARDS, Reward
from sqlreason.rewards.tasks import WANTED, original_url, task_text
from sqlreason.sql.database_files import DatabaseError, engine_of, is_database_url
from sqlreason.sql.databases.file_contexts import context_of
from sqlreason.sql.databases.plain_scripts import first_that_runs
from sqlreason.sql.parsing.dialects import to_engine
from sqlreason.sql.parsing.schema import Schema, find_schema, render_ddl, spelled
from sqlreason.sql.verifier import Result, Task, Verifier
from sqlreason.text.cells import as_text
from sqlreason.text.printable import printable

#: The columns of a row that name its database and judge its answer; adapters hand these on.
COLUMNS = ("task", "sql_context", "database", "gold_sql", "sql", "teacher_think")

#: The methods of a session that a model may call; arguments and results are texts.
TOOLS = ("list_tables", "describe_table", "run_sql", "submit")

#: How a tool's text begins that tells a failure.
ERROR = "error: "

#: Columns that come in several shapes, and how each is made the text that tools and rewards read.
_READ: dict[str, Callable[[Any], str]] = {"task": task_text, "sql_context": as_text}

_THOUGHT = "…"  # of an answer that was submitted as a bare query, since the grammar wants reasoning
_CELL = 200  # characters
#: A string, a quoted name or a comment; or, outside of the group, what lies between them.
_KEPT_AS_WRITTEN = re.compile(
    r"""('(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\2\$)|[^'"$/-]+""", re.DOTALL
)


@dataclass(frozen=True)
class ToolLimits:
    """Bounds of what a model may do and see in one episode; the time of a query is bounded by the verifier's `Limits`.

    Attributes:
        calls: Tool calls of an episode, the submission not counted.
        rows: Rows of a result that are shown.
        characters: Characters of a result that are shown.
        sample_rows: Rows of a table that its description shows.
    """

    calls: int = 10
    rows: int = 20
    characters: int = 4_000
    sample_rows: int = 3


@dataclass(frozen=True)
class ToolCall:
    """One call of a tool, for tables and reports.

    Attributes:
        tool: One of `TOOLS`, or what else was asked for.
        argument: Its argument; empty if it takes none.
        failed: Whether its text tells a failure.
        characters: Length of its text.
        seconds: Waited for it.
    """

    tool: str
    argument: str
    failed: bool
    characters: int
    seconds: float


class SessionFactory:
    """Opens sessions, and holds what they share: the reward, and the workers in which the queries of tools run.

    It may be used from several threads. A context manager.

    Example:
        >>> rows = "CREATE TABLE users (name TEXT, age INT); INSERT INTO users VALUES ('Ada', 36), ('Bob', 20)"
        >>> row = {"sql_context": rows, "gold_sql": "SELECT name FROM users WHERE age > 30"}
        >>> with SessionFactory(reward="execution") as sessions:
        ...     session = sessions.open("Who is over 30?", **row)
        ...     print(session.list_tables())
        ...     print(session.run_sql("SELECT MAX(age) FROM users"))
        ...     print(session.run_sql("SELECT agee FROM users"))
        ...     print(session.submit("SELECT name FROM users WHERE NOT age <= 30"))
        ...     print(session.reward(), session.reason)
        users (name, age)
        MAX(age)
        36
        (1 row)
        error: exec_error: no such column: agee
        submitted
        1.0 agrees
    """

    def __init__(
        self, reward: str | Reward = "execution", limits: ToolLimits = ToolLimits(), verifier: Verifier | None = None
    ) -> None:
        """Keep the settings; nothing is started before the first query.

        Args:
            reward: A name of `REWARDS`, or a reward of TRL's contract.
            limits: Of the tools.
            verifier: Runs the queries of the tools; None for one of its own.

        Raises:
            ValueError: If no reward has that name.
        """
        if isinstance(reward, str) and reward not in REWARDS:
            raise BadInput(f"no reward is called {reward!r}; there are {', '.join(REWARDS)}")
        self.reward: Reward = REWARDS[reward]() if isinstance(reward, str) else reward
        self.limits = limits
        self.verifier = verifier or Verifier()
        self._scoring = threading.Lock()
        self._read = lru_cache(maxsize=256)(self._read_context)

    def __enter__(self) -> SessionFactory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self, question: str = "", **row: Any) -> Session:
        """Begin an episode.

        Args:
            question: In plain language.
            row: The columns of its row as the reward reads them: `task` (a `Task` or its JSON), or `sql_context` (a
                script, or its statements) and `gold_sql` (or `sql`), or `database` (a SQLite or DuckDB file, by its
                path or URL) in place of `sql_context` or beside it; any others that the reward wants. Without a gold
                there are tools and no reward.

        Raises:
            ValueError: If the row names no database.
        """
        given = {name: value for name, value in row.items() if value is not None}
        given |= {name: read(given[name]) for name, read in _READ.items() if name in given}
        if not str(given.get("database", "")).strip():
            given.pop("database", None)
        if not {"task", "sql_context", "database"} & set(given):
            raise BadInput(f"{WANTED}; the row has {sorted(row)}")
        return Session(self, question, given)

    def score(self, completion: Any, row: Mapping[str, Any]) -> tuple[float | None, str]:
        """Return what a completion earns, and the reward's reason code if it gives one.

        Args:
            completion: A text, or a list of chat messages.
            row: The columns of its row.

        Raises:
            ValueError: If the row lacks a column that the reward needs.
        """
        if "task" not in row and "sql_context" not in row and "database" in row:
            row = {**row, "sql_context": self.shown_context(str(row["database"]))}
        columns = {name: [value] for name, value in row.items()}
        with self._scoring:  # a reward keeps the reasons of its last call
            (score,) = self.reward([completion], **columns)
            (reason,) = getattr(self.reward, "last_reasons", None) or [""]
        return score, reason

    def find_database(self, row: Mapping[str, Any]) -> tuple[str, str, str]:
        """Return the script, or the URL of the file, of a row's original database, its engine and its reading.

        Raises:
            ValueError: If its task cannot be read, or its file is of no known kind.
        """
        if "task" in row:
            task = Task.from_json(str(row["task"]))
            return task.databases[0], task.engine, task.reading
        if "database" in row:
            url = original_url(str(row["database"]).strip())
            return url, engine_of(url), ""
        return self._read(str(original_of({"sql_context": str(row["sql_context"])})))

    def shown_context(self, database: str) -> str:
        """Return the definitions of a database file with a few rows, for prompts; empty where it cannot be read."""
        try:
            return context_of(self.verifier, original_url(database.strip())).shown
        except DatabaseError:
            return ""

    def close(self) -> None:
        """End the workers; the next query starts new ones."""
        self.verifier.close()
        close = getattr(self.reward, "close", None)
        if callable(close):
            close()

    def _read_context(self, context: str) -> tuple[str, str, str]:
        return first_that_runs(self.verifier, context)


def names_a_file(row: Mapping[str, Any]) -> bool:
    """Whether a row, which may come from elsewhere, names a database file of this machine; True if it is unreadable."""
    try:
        task = row.get("task")
        files = task.files if isinstance(task, Task) else Task.from_json(str(task)).files if task is not None else ()
    except ValueError:
        return True
    return bool(files or str(row.get("database") or "").strip())


@lru_cache(maxsize=16)
def shared_sessions(reward: str = "execution", limits: ToolLimits = ToolLimits()) -> SessionFactory:
    """Return this process's factory for a reward by name; for trainers that make an environment per rollout."""
    return SessionFactory(reward, limits)


class ToolMethods:
    """The tools as typed methods, which trainers read and describe to models; whoever inherits them makes the call."""

    def list_tables(self) -> str:
        """List the tables of the database with their columns.

        Returns:
            One table a line.
        """
        return self._call("list_tables")

    def describe_table(self, table: str) -> str:
        """Show how a table is defined, with its keys and its first rows.

        Args:
            table: Name of the table.

        Returns:
            Its CREATE TABLE statement, and rows.
        """
        return self._call("describe_table", table=table)

    def run_sql(self, query: str) -> str:
        """Run a query that reads the database, and see the first rows of its result or why it fails.

        Args:
            query: One SELECT statement.

        Returns:
            The names of the columns and the rows, or the error.
        """
        return self._call("run_sql", query=query)

    def submit(self, query: str) -> str:
        """Give the final query that answers the question; it ends the task and can be given once.

        Args:
            query: One SQL statement.

        Returns:
            Whether it was accepted.
        """
        return self._call("submit", query=query)

    def _call(self, tool: str, **arguments: str) -> str:
        raise NotImplementedError


class Session(ToolMethods):
    """One episode; opened by a `SessionFactory`.

    A model may call several tools in one turn, from several threads: they take turns.

    Attributes:
        question: In plain language.
        row: The columns by which its answer is judged.
        calls: The calls of tools so far, in order.
        completion: The answer; None while there is none.
        reason: The reward's reason code, once `reward` was called.
    """

    def __init__(self, factory: SessionFactory, question: str, row: Mapping[str, Any]) -> None:
        """Keep the question; `SessionFactory.open` checks the row."""
        self.question = question
        self.row = dict(row)
        self.calls: list[ToolCall] = []
        self.completion: Any = None
        self.reason = ""
        self._factory = factory
        self._database: tuple[str, str, str] | None = None
        self._score: tuple[float | None] | None = None
        self._turn = threading.RLock()

    @property
    def done(self) -> bool:
        """Whether the episode has its answer."""
        return self.completion is not None

    def answer(self, completion: Any) -> None:
        """End the episode with a whole completion, as in single-turn; the first answer counts.

        Args:
            completion: A text in the grammar of answers, or a list of chat messages.
        """
        with self._turn:
            if self.completion is None:
                self.completion = completion

    def call(self, tool: Any, arguments: Any) -> str:
        """Call a tool by name; whatever is asked for, the result is a text.

        Args:
            tool: One of `TOOLS`, or what else a model asked for.
            arguments: Their names and values, as a model gave them.
        """
        tool = str(tool)
        with self._turn:  # the count of calls and the call that it allows
            began = time.monotonic()
            text = self._called(tool, arguments)
            told = " ".join(map(str, arguments.values())) if isinstance(arguments, Mapping) else str(arguments)
            spent = time.monotonic() - began
            self.calls.append(ToolCall(tool, told[:2_000], text.startswith(ERROR), len(text), spent))
        return text

    def reward(self) -> float | None:
        """Return what the answer earns, worked out once; an episode without one earns what an empty answer does.

        Returns:
            None where the reward does not apply to the row.

        Raises:
            ValueError: If the row lacks a column that the reward needs.
        """
        with self._turn:
            if self._score is None:
                score, self.reason = self._factory.score("" if self.completion is None else self.completion, self.row)
                self._score = (score,)
            return self._score[0]

    def _call(self, tool: str, **arguments: str) -> str:
        return self.call(tool, arguments)

    def _called(self, tool: str, arguments: Any) -> str:
        wanted = {"list_tables": [], "describe_table": ["table"], "run_sql": ["query"], "submit": ["query"]}.get(tool)
        if wanted is None:
            return f"{ERROR}there is no tool {tool!r:.60}; there are {', '.join(TOOLS)}"
        if not isinstance(arguments, Mapping) or sorted(map(str, arguments)) != wanted:
            return f"{ERROR}{tool} takes {' and '.join(wanted) or 'no arguments'}, not {arguments!r:.200}"
        if not all(isinstance(value, str) for value in arguments.values()):
            return f"{ERROR}the arguments of {tool} are texts, not {arguments!r:.200}"
        if self.done:
            return f"{ERROR}the answer was submitted; the task has ended"
        if tool == "submit":
            self.answer(render(_THOUGHT, plain_query(arguments["query"])))
            return "submitted"
        if len(self.calls) >= self._factory.limits.calls:
            return f"{ERROR}no calls are left; submit a query"
        try:
            return str(getattr(self, f"_{tool}")(*arguments.values()))
        except BadInput as error:
            return f"{ERROR}{error}"
        except ValueError as error:  # of a task that cannot be read
            return f"{ERROR}the database cannot be read ({printable(str(error))})"

    def _list_tables(self) -> str:
        schema, dialect = self._schema(), self._dialect()
        lines = [
            f"{spelled(table.name, dialect)} ({', '.join(spelled(column.name, dialect) for column in table.columns)})"
            for table in schema.tables
        ]
        return _cut("\n".join([*lines, *schema.views]), self._factory.limits.characters)

    def _describe_table(self, table: str) -> str:
        schema, dialect, limits = self._schema(), self._dialect(), self._factory.limits
        found = schema.table(table.strip().strip('"`[]'))
        if found is None:
            known = ", ".join(table.name for table in schema.tables)
            raise BadInput(f"there is no table {table!r:.100}; there are {_cut(known, 1_000)}")
        definition = render_ddl(Schema((found,)), dialect=dialect)
        if not limits.sample_rows:
            return _cut(definition, limits.characters)
        result = self._run(f"SELECT * FROM {spelled(found.name, dialect)} LIMIT {limits.sample_rows}")
        rows = _show(result, limits) if result.status in ("ok", "too_big") else ""
        return _cut(f"{definition}\n{rows}".strip(), limits.characters)

    def _run_sql(self, query: str) -> str:
        result, limits = self._run(query), self._factory.limits
        if result.status == "ok" and not result.columns:  # nothing, or nothing but a comment
            return f"{ERROR}empty: the query selects nothing"
        if result.status in ("ok", "too_big"):
            return _show(result, limits)
        return _cut(f"{ERROR}{result.status}: {result.reason}", limits.characters)

    def _run(self, query: str) -> Result:
        script, engine, reading = self._place()
        limits = self._factory.limits
        group = (script, [to_engine(query, engine, reading)[0]], engine)
        ((result,),) = self._factory.verifier.run_batch([group], [(limits.rows, 4 * limits.characters)])
        return result

    def _schema(self) -> Schema:
        """Read the definitions: those that the row shows, else of its file, else of the databases of its task."""
        place, *_ = self._place()
        as_kept = is_database_url(place) or self._dialect() != "postgres"
        definitions = (text if as_kept else _folded(text) for text in self._definitions())
        schema = next(filter(None, map(find_schema, definitions)), None)
        if schema is None:
            raise BadInput("the definitions of the tables cannot be read; look with run_sql")
        return schema

    def _definitions(self) -> Iterator[str]:
        if "sql_context" in self.row:
            yield str(self.row["sql_context"])
        place, *_ = self._place()
        if is_database_url(place):
            yield self._factory.shown_context(place)
        if "task" in self.row:
            yield from Task.from_json(str(self.row["task"])).databases

    def _dialect(self) -> str:
        """By whose rules names are told: the engine's, unless queries are read in another dialect than its own."""
        _, engine, reading = self._place()
        return engine if reading in ("", engine) else ""

    def _place(self) -> tuple[str, str, str]:
        if self._database is None:
            self._database = self._factory.find_database(self.row)
        return self._database


def _show(result: Result, limits: ToolLimits) -> str:
    """Write a result as lines for a model, at most as long as the limits allow, and say how much of it is shown."""
    lines, room = [" | ".join(map(printable, result.columns))], limits.characters
    shown = 0
    for row in result.rows[: limits.rows]:
        line = " | ".join("NULL" if cell is None else _cut(printable(str(cell)), _CELL) for cell in row)
        room -= len(line) + 1
        if room < 0:
            break
        lines.append(line)
        shown += 1
    if result.status == "ok" and shown == len(result.rows):
        return "\n".join([*lines, f"({shown} row{'s' * (shown != 1)})"])
    return "\n".join([*lines, f"(the first {shown} rows; there are more)"])


def _folded(script: str) -> str:
    """Write a script for PostgreSQL with names as it keeps them: in lower case where they are not quoted."""
    return _KEPT_AS_WRITTEN.sub(lambda found: found.group(1) or found.group().lower(), script)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
