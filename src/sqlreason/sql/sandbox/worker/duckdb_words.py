"""What a statement names, by DuckDB's own tokens: functions it calls, and catalogs it looks into.

Texts and comments name nothing, quoted names do, and neither blanks nor comments stand between a function and its
parenthesis. What is refused is asked of the engine, so that a new version's functions are met: whatever it calls
volatile, and every function that makes a table, unless it is known to read nothing but its arguments.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

import duckdb

from .sqlite_functions import NOW

#: Functions that make tables of their arguments alone.
_TABLES = frozenset(["range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree"])
#: What tells of the server, the session or its settings, beside all whose names begin with these.
_TELLING = ("pg_", "duckdb_", "pragma_", "has_", "inet_", "current_setting", "current_query", "txid_", "getenv")
_VERSIONS = frozenset(["version", "user_agent", "extension_versions", "get_block_size", "in_search_path", "pg_sleep"])
_HARMLESS = frozenset(["pg_typeof", "pg_size_pretty"])
#: Names of the schemas that hold catalogs.
_CATALOGS = frozenset(["information_schema", "pg_catalog", "system"])
#: Sequences; a statement that writes may count on.
COUNTERS = frozenset(["nextval", "currval"])
_DAY, _HOUR = NOW.split()
#: The clock by the name of each function, as macros that hide it.
_CLOCK = {
    **dict.fromkeys(("now", "get_current_timestamp", "transaction_timestamp"), f"TIMESTAMPTZ '{NOW}+00'"),
    **dict.fromkeys(("today", "current_date"), f"DATE '{_DAY}'"),
    **dict.fromkeys(("get_current_time",), f"TIMETZ '{_HOUR}+00'"),
    **dict.fromkeys(("current_localtimestamp",), f"TIMESTAMP '{NOW}'"),
    **dict.fromkeys(("current_localtime",), f"TIME '{_HOUR}'"),
}
#: Macros that stop the clock; `age(t)` counts from today.
STOPPED_CLOCK = [
    *(f"CREATE TEMP MACRO {name}() AS {value}" for name, value in _CLOCK.items()),
    f"CREATE TEMP MACRO age(t) AS system.main.age(TIMESTAMP '{_DAY}', t), (a, b) AS system.main.age(a, b)",
]


class Word(NamedTuple):
    """A token.

    Attributes:
        text: As written; a name without its quotes and in lower case.
        names: Whether it is a name or a keyword.
        start: Where it stands, in bytes of UTF-8.
    """

    text: str
    names: bool
    start: int


def words_of(statement: str) -> list[Word]:
    """The tokens of a statement without comments; texts are there, so that what stands beside them is seen."""
    encoded = statement.encode("utf-8", "replace")
    starts = duckdb.tokenize(encoded.decode())
    ends = [start for start, _ in starts[1:]] + [len(encoded)]
    found = []
    for (start, kind), end in zip(starts, ends, strict=True):
        text = encoded[start:end].decode("utf-8", "replace").strip()
        if text and kind != duckdb.token_type.comment:
            named = kind in (duckdb.token_type.identifier, duckdb.token_type.keyword)
            found.append(Word(_unquoted(text).lower() if named else text, named, start))
    return found


def without_end(statement: str) -> str:
    """A single statement without its semicolon and what follows it."""
    end = next((word.start for word in words_of(statement) if word.text == ";"), None)
    return statement if end is None else statement.encode("utf-8", "replace")[:end].decode("utf-8", "replace")


def _unquoted(name: str) -> str:
    mark = name[0]
    closed = mark in '"`' and len(name) > 1 and name[-1] == mark
    return name[1:-1].replace(2 * mark, mark) if closed else name


class Refusals:
    """The functions and catalogs of an engine that a candidate may not name."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        rows = connection.execute("SELECT function_name, function_type, stability FROM duckdb_functions()").fetchall()
        plain = {name for name, kind, _ in rows if kind in ("scalar", "aggregate", "macro", "window")}
        makes_tables = {name for name, kind, _ in rows if kind.startswith("table")} - plain
        volatile = {name for name, _, stability in rows if stability == "VOLATILE"}
        telling = {name for name, _, _ in rows if name.startswith(_TELLING)} - _HARMLESS
        self._functions = volatile | (makes_tables - _TABLES) | telling | _VERSIONS
        views = "SELECT view_name FROM duckdb_views() WHERE internal AND schema_name <> 'information_schema'"
        self._views = {name for (name,) in connection.execute(views).fetchall()}

    def first(self, words: list[Word], known: Collection[str], counts: bool) -> str:
        """The first thing that is refused among the words of a statement; "" if there is none.

        Args:
            words: As of `words_of`.
            known: Names of the database's own tables and columns.
            counts: Whether it may take the next value of a sequence.
        """
        spared = COUNTERS if counts else frozenset()
        before = ""
        for (word, names, _), after in zip(words, [*words[1:], Word("", False, 0)], strict=True):
            called = names and after.text == "("
            if called and word in self._functions - spared:
                return f"the function {word}"
            if called and before == "." and (word in _CLOCK or word == "age"):
                return f"the function {word} by a longer name"
            if names and word not in known and (word in self._views or (word in _CATALOGS and after.text == ".")):
                return f"the catalog {word}"
            if names and (word == "tablesample" or (word == "sample" and before == "using")):
                return "a sample"
            before = word
        return ""
