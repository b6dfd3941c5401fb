"""Double-quoted strings: SQLite takes a quoted name that it does not know for a string.

`SELECT "nmae" FROM users` then *runs*. Python's sqlite3 can switch that off only from 3.12 on; this check
is the same everywhere. It is careful: what could be an alias passes, and so does what a statement itself defines.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

_SKIPPED_OR_QUOTED = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/|\"((?:[^\"]|\"\")*)\"", re.DOTALL)
_QUOTED = re.compile(r'"((?:[^"]|"")*)"')
_TOKEN = re.compile(r'"(?:[^"]|"")*"|\w+|\S')
_WORD_BEFORE = re.compile(r"(\w+|[)\]\"'`.])\s*$")
#: What follows a name that is no string: a column of it, or what it is called with.
_OWNS = re.compile(r"\s*[.(]")
_NAME = r'(?:"(?:[^"]|"")*"|\w+)'
_CREATES_TABLE = re.compile(
    rf"\bCREATE\s+(?:TEMP(?:ORARY)?\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(?:{_NAME}\s*\.\s*)?{_NAME}\s*\(",
    re.IGNORECASE,
)
#: The columns that a view or a common table expression names before its query.
_COLUMN_LIST = re.compile(
    rf"\((\s*{_NAME}(?:\s*,\s*{_NAME})*\s*)\)\s*AS\s*(?:\(|(?:NOT|MATERIALIZED|SELECT|WITH|VALUES)\b)",
    re.IGNORECASE,
)
_ROW_IDS = ("rowid", "oid", "_rowid_")
_JSON_TABLES = ("json_each", "json_tree")
_JSON_COLUMNS = ("key", "value", "type", "atom", "id", "parent", "fullkey", "path")
#: Words after which a name is used, not defined.
_USES = frozenset(
    [
        *("select", "distinct", "all", "where", "and", "or", "not", "on", "having", "by", "like", "glob"),
        *(
            "in",
            "between",
            "case",
            "when",
            "then",
            "else",
            "set",
            "values",
            "is",
            "using",
            "limit",
            "returning",
        ),
    ]
)


def quoted_strings(sql: str, names: Collection[str]) -> list[str]:
    """The double-quoted texts of a statement that can only be strings.

    Args:
        sql: The statement.
        names: Names of the schema's tables and columns, in lower case.
    """
    if '"' not in sql:
        return []
    text = _SKIPPED_OR_QUOTED.sub(_blanked, sql)
    bare = re.findall(r"\w+", _QUOTED.sub(" ", text).lower())
    defined, used = {*names, *bare, *_ROW_IDS, *_columns_defined(text)}, []
    if any(table in bare for table in _JSON_TABLES):
        defined.update(_JSON_COLUMNS)
    for found in _QUOTED.finditer(text):
        name = _unquoted(found.group())
        before = _WORD_BEFORE.search(text, max(0, found.start() - 80), found.start())
        word = before.group(1).lower() if before else ""
        if word == "." or _OWNS.match(text, found.end()):
            continue
        used.append(name) if not word or word in _USES else defined.add(name.lower())
    return [name for name in used if name.lower() not in defined]


def _blanked(found: re.Match[str]) -> str:
    """What stands for a part while names are looked for: a quoted name itself, a string's quotes, no comment."""
    part = found.group()
    if found.group(1) is not None:
        return part
    return ("'" if part.startswith("'") else " ") * len(part)


def _columns_defined(text: str) -> Iterator[str]:
    """The quoted columns, in lower case, that tables, views and common table expressions of a statement define."""
    for found in _CREATES_TABLE.finditer(text):
        yield from _first_names(text, found.end())
    for found in _COLUMN_LIST.finditer(text):
        yield from (_unquoted(name.group()).lower() for name in _QUOTED.finditer(found.group(1)))


def _first_names(text: str, start: int) -> Iterator[str]:
    """The quoted names that begin a part of the bracket that opens before `start`; brackets in it have no columns."""
    depth, begins = 1, True
    for found in _TOKEN.finditer(text, start):
        token = found.group()
        if begins and depth == 1 and token.startswith('"'):
            yield _unquoted(token).lower()
        depth += (token == "(") - (token == ")")
        if depth == 0:
            return
        begins = token == ","


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"')
