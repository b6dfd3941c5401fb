"""Double-quoted strings: SQLite takes a quoted name that it does not know for a string.

`SELECT "nmae" FROM users` then *runs*. Python's sqlite3 can switch that off only from 3.12 on; this check
is the same everywhere. It is careful: what could be an alias passes.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_SKIPPED_OR_QUOTED = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/|\"((?:[^\"]|\"\")*)\"", re.DOTALL)
_WORD_BEFORE = re.compile(r"(\w+|[)\]\"'`])\s*$")
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
    bare = _SKIPPED_OR_QUOTED.sub(" ", sql)
    defined, used = {*names, *re.findall(r"\w+", bare.lower())}, []
    for found in _SKIPPED_OR_QUOTED.finditer(sql):
        if found.group(1) is not None:
            name = found.group(1).replace('""', '"')
            before = _WORD_BEFORE.search(sql, max(0, found.start() - 80), found.start())
            is_use = before is None or before.group(1).lower() in _USES
            used.append(name) if is_use else defined.add(name.lower())
    return [name for name in used if name.lower() not in defined]
