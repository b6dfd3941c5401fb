"""A statement of PostgreSQL as the server reads it: its tokens, and what it names that is refused.

Texts name nothing, whatever their quotes ('…', E'…', $tag$…$tag$), nor do comments, which nest; quoted names do. What
is refused is asked of the server: every function that it calls volatile, and its catalogs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from itertools import pairwise
from typing import Any, NamedTuple

from .outcomes import DEFINE, READ, WRITE, EngineError
from .postgres_moments import reads_the_clock

READING = {"select", "with", "values", "table"}
_CHANGES = {"insert", "update", "delete", "merge"}
_DEFINITIONS = {
    *(f"create {kind}" for kind in ("table", "view", "or replace view", "index", "unique index", "type", "sequence")),
    *(f"drop {kind}" for kind in ("table", "view", "index")),
    "alter table",
}
_ALLOWED = {READ: READING, WRITE: READING | _CHANGES, DEFINE: READING | _CHANGES | _DEFINITIONS}
#: What contexts bring along and a test database does without.
_SKIPPED = {"begin", "commit", "start", "end", "set", "comment", "grant", "analyze", "vacuum"}
#: Words that begin a statement; a text that begins otherwise is no SQL.
_KEYWORDS = {
    *(*READING, *_CHANGES, *_SKIPPED),
    *("create", "drop", "alter", "truncate", "copy", "do", "call", "execute", "prepare", "deallocate", "declare"),
    *("fetch", "close", "move", "lock", "listen", "notify", "unlisten", "load", "reset", "show", "explain", "refresh"),
    *("rollback", "abort", "savepoint", "release", "reindex", "cluster", "checkpoint", "discard", "security"),
    *("import", "reassign", "revoke"),
}
_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r\n\f\v]+|--[^\r\n]*)
    |(?P<comment>/\*)
    |(?P<escaped>[uU]&["'])
    |(?P<text>[eE]'(?:[^'\\]|\\.|'')*'|[bBxXnN]?'(?:[^']|'')*')
    |(?P<dollar>\$(?:[^\W\d]\w*)?\$)
    |(?P<quoted>"(?:[^"]|"")*")
    |(?P<name>[^\W\d][\w$]*)
    |(?P<number>\d+(?:\.\d+)?|\.\d+)
    |(?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT_MARK = re.compile(r"/\*|\*/")
#: What tells of the server, the session or its settings, by the start or a part of its name.
_TELLING = re.compile(
    r"pg_(?!typeof$|column_size$|size_pretty$|size_bytes$)\w*|\w*_to_xml\w*|has_\w+_privilege|inet_(client|server)_\w+|"
    r"(lo|txid)_\w+|loread|lowrite|dblink\w*|current_setting|set_config|current_query|current_schemas|version|ts_stat|row_security_active"
)
_CLOCK = frozenset(["now", "transaction_timestamp", "statement_timestamp", "clock_timestamp", "timeofday"])
_CLOCK_WORDS = frozenset(["current_date", "current_time", "current_timestamp", "localtime", "localtimestamp"])
_CATALOGS = frozenset(["pg_catalog", "information_schema", "pg_toast"])
#: Sequences; a statement that writes may count on.
_COUNTERS = frozenset(["nextval", "currval"])
#: What the columns of a context may take by default; the rows that are there do not hang on it.
_DEFAULTS = frozenset(["nextval", "gen_random_uuid", "now", "clock_timestamp", "statement_timestamp", "timeofday"])


class Word(NamedTuple):
    """A token: its kind (name, quoted, text, number, sign), its text, a name in the case that counts."""

    kind: str
    text: str
    end: int

    @property
    def names(self) -> bool:
        """Whether it is a name or a keyword."""
        return self.kind in ("name", "quoted")


def words_of(statement: str) -> list[Word]:
    """The tokens of a text without comments and blanks.

    Raises:
        EngineError: A quote or a comment is open, or a name is written in escapes, which nobody needs.
    """
    found, at = [], 0
    while at < len(statement):
        token = _TOKEN.match(statement, at)
        assert token is not None  # any character is at least a sign
        kind, text, at = token.lastgroup or "sign", token.group(), token.end()
        if kind == "escaped":
            raise EngineError("denied", "names and texts in Unicode escapes are not allowed")
        if kind == "comment":
            at = _end_of_comment(statement, at)
        elif kind == "dollar":
            end = _end_of_text(statement, text, at)
            found.append(Word("text", f"'{statement[at : end - len(text)]}'", end))
            at = end
        elif kind == "sign" and text in "'\"":
            raise EngineError("syntax_error", "a quote is open")
        elif kind == "quoted":
            found.append(Word(kind, text[1:-1].replace('""', '"'), at))
        elif kind != "blank":
            found.append(Word(kind, text.lower() if kind == "name" else text, at))
    return found


def _end_of_comment(statement: str, at: int) -> int:
    depth = 1
    for mark in _COMMENT_MARK.finditer(statement, at):
        depth += 1 if mark.group() == "/*" else -1
        if depth == 0:
            return mark.end()
    raise EngineError("syntax_error", "a comment is open")


def _end_of_text(statement: str, mark: str, at: int) -> int:
    end = statement.find(mark, at)
    if end < 0:
        raise EngineError("syntax_error", "a quote is open")
    return end + len(mark)


def split(text: str) -> list[str]:
    """The statements of a text without their semicolons."""
    found: list[str] = []
    start, filled = 0, False
    for word in words_of(text):
        if word.text == ";" and word.kind == "sign":
            found += [text[start : word.end - 1]] * filled
            start, filled = word.end, False
        else:
            filled = True
    return [*found, text[start:]] if filled else found


class Rules:
    """Which statements may run on a server, and what none of them may name.

    Args:
        rows: Runs a query of our own on the server.
    """

    def __init__(self, rows: Callable[[str], list[tuple[Any, ...]]]) -> None:
        self._volatile = {name for (name,) in rows("SELECT DISTINCT proname FROM pg_proc WHERE provolatile = 'v'")}
        catalog = "SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace"
        self._relations = {name for (name,) in rows(catalog)}
        #: Names of the columns of the test database at hand that hold dates or times, in lower case.
        self.dated: Collection[str] = ()

    def admit(self, words: list[Word], access: str) -> None:
        """Let a statement pass if its first words are allowed and it names nothing that is refused.

        Raises:
            EngineError: It is empty, several, or refused.
        """
        self._admit(words, access, _COUNTERS if access != READ else frozenset())

    def admit_in_context(self, words: list[Word]) -> bool:
        """Say whether a statement of a context is run; what it is not about is left out.

        Raises:
            EngineError: It is refused.
        """
        if first_name(words) in _SKIPPED:
            return False
        self._admit(words, DEFINE, _DEFAULTS)
        return True

    def _admit(self, words: list[Word], access: str, spared: Collection[str]) -> None:
        said = [word.text for word in words if word.kind == "name"]
        if not said:
            raise EngineError("syntax_error", "there is no statement")
        if any(word.text == ";" and word.kind == "sign" for word in words[:-1]):
            raise EngineError("multi_statement", "there are several statements")
        if not {" ".join(said[:n]) for n in range(1, 5)} & _ALLOWED[access]:
            raise EngineError("denied" if said[0] in _KEYWORDS else "syntax_error", f"{said[0]} is not allowed here")
        if refused := self._refused(words, spared):
            raise EngineError("denied", f"{refused} is not allowed")

    def _refused(self, words: list[Word], spared: Collection[str]) -> str:
        """The first thing that is refused among words, but for the names that are spared; "" if there is none."""
        for word, after in zip(words, [*words[1:], Word("sign", "", 0)], strict=True):
            if word.names:
                called = after.text == "(" and after.kind == "sign"
                if called and word.text not in spared and self._is_refused(word.text):
                    return f"the function {word.text}"
                if word.text in self._relations or (word.text in _CATALOGS and after.text == "."):
                    return f"the catalog {word.text}"
                if word.kind == "name" and word.text in _CLOCK_WORDS and "now" not in spared:
                    return f"the clock {word.text}"
                if word.kind == "name" and word.text == "tablesample":
                    return "a sample"
        if "now" not in spared and reads_the_clock(words, self.dated):
            return "the clock in a text"
        return "the clock of age()" if any(map(_is_age_of_today, _calls(words, "age"))) else ""

    def _is_refused(self, name: str) -> bool:
        return name in self._volatile or name in _CLOCK or _TELLING.fullmatch(name) is not None


def first_name(words: list[Word]) -> str:
    """The first name or keyword among words, "" if there is none."""
    return next((word.text for word in words if word.kind == "name"), "")


def _calls(words: list[Word], name: str) -> list[list[Word]]:
    """The words from each call of a function on."""
    pairs = enumerate(pairwise(words))
    return [words[i + 2 :] for i, (word, after) in pairs if word.names and word.text == name and after.text == "("]


def _is_age_of_today(words: list[Word]) -> bool:
    """Whether a call has one argument, given the words after its parenthesis: `age(t)` counts from today."""
    depth = 0
    for word in words:
        if word.kind == "sign":
            if word.text == "," and depth == 0:
                return False
            depth += (word.text in "([") - (word.text in ")]")
            if depth < 0:
                return True
    return False
