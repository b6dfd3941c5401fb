"""Names as SQL writes them: bare where they may stand bare, quoted where a user's schema needs it."""

from collections.abc import Iterable
from itertools import count

from sqlglot import exp

from sqlreason.sql.parsing.schema import quoted

# Words that SQLite or sqlglot read as syntax where a bare name stands, beyond those that `quoted` knows.
AVOIDED = frozenset(
    [
        "column",
        "cross",
        "current",
        "database",
        "date",
        "default",
        "desc",
        "asc",
        "do",
        "end",
        "explain",
        "filter",
        "full",
        "if",
        "inner",
        "key",
        "left",
        "like",
        "match",
        "natural",
        "no",
        "of",
        "offset",
        "on",
        "outer",
        "over",
        "partition",
        "plan",
        "primary",
        "query",
        "range",
        "rank",
        "recursive",
        "replace",
        "right",
        "row",
        "rows",
        "show",
        "start",
        "temp",
        "time",
        "trigger",
        "use",
        "user",
        "view",
        "window",
        "year",
        "month",
        "day",
        "interval",
        "cast",
        "collate",
        "first",
        "last",
        "return",
        "returns",
        "case",
        "match",
        "procedure",
        "function",
        "type",
        "character",
        "sequence",
        "share",
        "lock",
        "grant",
        "check",
        "limit",
        "top",
    ]
)
# Further ones that sqlglot reads or writes in another way than SQLite (tried, sqlglot 30.30).
_MISREAD = frozenset(
    [
        "any",
        "autoincrement",
        "current_date",
        "current_time",
        "current_timestamp",
        "current_user",
        "describe",
        "false",
        "fetch",
        "for",
        "glob",
        "ilike",
        "lateral",
        "qualify",
        "regexp",
        "revoke",
        "rlike",
        "rollback",
        "tablesample",
        "true",
        "uncache",
        "xor",
    ]
)


def written(name: str) -> str:
    """Return a table's or column's name as SQL text."""
    text = quoted(name)
    return f'"{name}"' if text == name and not _stands_bare(name) else text


def identifier(name: str) -> exp.Identifier:
    """Return a table's or column's name as a tree."""
    return exp.to_identifier(name, quoted=quoted(name) != name or not _stands_bare(name))


def alias_of(name: str, number: int) -> str:
    """Return a short alias for the table called `name`: t1, t2 where it does not begin with a plain letter."""
    first = name[:1].lower()
    return f"{first if first.isascii() and first.isalpha() else 't'}{number}"


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """Return the name that a query would give to something of its own, with a number where it is taken already."""
    known = {name.lower() for name in taken}
    names = (f"{wanted}_{number}" if number > 1 else wanted for number in count(1))
    return next(name for name in names if name not in known)


def _stands_bare(name: str) -> bool:
    return name.lower() not in AVOIDED and name.lower() not in _MISREAD
