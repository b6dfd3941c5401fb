"""Readings: how a statement of another dialect is rewritten for the engine that runs it.

The gold picks engine and reading once and candidates stay with it: two engines differ silently on plain queries
(`3/2`, LIKE, where NULLs sort). What SQLite runs is taken as it is, unless something says that it means another thing
there (`misreadings`). sqlglot translates; what it leaves as it was is for `translation`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from typing import ClassVar, Protocol

from sqlglot import ErrorLevel, exp
from sqlglot.dialects.dialect import Dialect
from sqlglot.dialects.sqlite import SQLite

from sqlreason.errors import BadInput
from sqlreason.sql.parsing.misreadings import dialect_of, misread
from sqlreason.sql.parsing.schema import Schema
from sqlreason.sql.parsing.statements import parse_all, written
from sqlreason.sql.parsing.translation import for_duckdb, for_sqlite
from sqlreason.sql.sandbox.worker.shelf import remembering
from sqlreason.sql.verdicts import Result

logger = logging.getLogger(__name__)

_HINTS = {
    "mysql": re.compile(r"`|AUTO_INCREMENT|ENGINE\s*=|DATE_SUB|DATE_ADD|CURDATE|GROUP_CONCAT|INTERVAL\s+\d", re.I),
    "postgres": re.compile(r"::|\bSERIAL\b|\bILIKE\b|INTERVAL\s+'|DATE_TRUNC|EXTRACT\s*\(|\bARRAY\b|RETURNING", re.I),
    "tsql": re.compile(r"\bTOP\s*\(?\d|\[\w+\]|GETDATE|DATEADD|IDENTITY\s*\(|NVARCHAR|ISNULL\s*\(", re.I),
}
#: What a dialect may lack without another result: how a table is stored, numbered or locked, and advice.
_WITHOUT_EFFECT = re.compile(r"property|AUTOINCREMENT|Hints|Locking reads|query option|Comment", re.IGNORECASE)
#: ORDER BY behind an argument of an aggregate, for which SQLite before 3.44 has no grammar.
_ORDERED_AGGREGATE = re.compile(r"(?:GROUP_CONCAT|STRING_AGG)\s*\([^;]*?ORDER\s+BY", re.IGNORECASE)


class _SureNames(SQLite):
    """SQLite with quoted names in backticks; one in double quotes that it does not know it takes for a string."""

    class Tokenizer(SQLite.Tokenizer):
        """The same signs, the one that is written first."""

        IDENTIFIERS: ClassVar = ["`", '"', ("[", "]")]


class Runs(Protocol):
    """Who runs one query on a context, such as a `Verifier`."""

    def run(self, context: str, sql: str, engine: str = "sqlite") -> Result:
        """The result."""


#: What the dialects of the engines are called where a model is told; SQLite's is not told apart in tables.
NAMES = {"": "SQLite", "sqlite": "SQLite", "duckdb": "DuckDB", "postgres": "PostgreSQL"}
_SPELLINGS = {"postgresql": "postgres", "pg": "postgres"}


def engine_named(dialect: object) -> str:
    """Return the engine that the column `dialect` of a question names: a key of `NAMES`; "" where it is empty.

    Raises:
        ValueError: It names no engine.
    """
    name = dialect.strip().lower() if isinstance(dialect, str) else ""
    name = _SPELLINGS.get(name, name)
    if name not in NAMES:
        raise BadInput(f"its dialect is {dialect!r:.60}; there are {', '.join(filter(None, NAMES))}")
    return name


def own_dialect(context: object, gold: object, dialect: object, served: bool) -> str:
    """Return the engine in whose own dialect a question is answered: "duckdb" or "postgres"; "" for SQLite's.

    Args:
        context: DDL and INSERTs.
        gold: The gold query.
        dialect: The question's column of that name; what names no engine is told where the question is prepared.
        served: Whether there is a PostgreSQL server: a question that is evidently of its dialect then runs there.
    """
    name = dialect.strip().lower() if isinstance(dialect, str) else ""
    name = _SPELLINGS.get(name, name)
    if name in ("duckdb", "postgres"):
        return name
    texts = isinstance(context, str) and isinstance(gold, str)
    return "postgres" if not name and served and texts and dialect_of(str(context), str(gold)) == "postgres" else ""


def readings(
    context: str,
    gold: str,
    find: Callable[[], Schema | None] = lambda: None,
    published: bool = False,
    dialect: str = "",
    served: bool = False,
) -> Iterator[tuple[str, str]]:
    """Engines and readings in the order in which they are tried.

    SQLite as it is, then by the look, DuckDB last; but first the dialect that the question is evidently of, and it
    alone where SQLite would run the gold with another meaning.

    Args:
        context: DDL and INSERTs.
        gold: The gold query; "" for a database that is asked about.
        find: The context's schema, asked for where it matters.
        published: Whether the question is of a published benchmark for SQLite, and so means what SQLite does.
        dialect: The engine of which the question says that it is (`engine_named`): it alone is tried.
        served: Whether there is a PostgreSQL server: what is evidently of its dialect is tried there first, and there
            last what nothing else runs.
    """
    if dialect:
        yield dialect, "" if dialect == "sqlite" else dialect
        return
    native = ("postgres", "postgres")
    at_once = served and not published and own_dialect(context, gold, "", served) == "postgres"
    yield from [native] * at_once
    yield from _in_other_engines(context, gold, find, published)
    yield from [native] * (served and not published and not at_once)


def _in_other_engines(
    context: str, gold: str, find: Callable[[], Schema | None], published: bool
) -> Iterator[tuple[str, str]]:
    own = "sqlite" if published else dialect_of(context, gold)
    schema = find() if own != "sqlite" and ("+" in gold or "-" in gold) else None
    meant = misread(gold, schema) if schema is not None and own != "sqlite" else ""
    first = own if own not in ("", "sqlite") else meant
    if first:
        yield "sqlite", first
        yield from (("duckdb", first), ("duckdb", "")) if meant else ()
    if not meant:
        yield "sqlite", ""  # mostly the last: a longer look at megabytes of rows is spared
        yield from [("sqlite", "sqlite")] if _ORDERED_AGGREGATE.search(gold) else []
        text = f"{context}\n{gold}"
        guessed = sorted(_HINTS, key=lambda name: -len(_HINTS[name].findall(text)))
        yield from (("sqlite", name) for name in guessed if name != first)
        yield from (("duckdb", name) for name in dict.fromkeys((first, "", *guessed)))


def to_engine(sql: str, engine: str, reading: str, script: bool = False) -> list[str]:
    """The texts under which a statement is tried: rewritten by the reading, then as it is.

    Args:
        sql: One statement, or a script.
        engine: The one that runs it.
        reading: A dialect's name; "" and the engine's own leave the text alone, but for SQLite's.
        script: Whether it is a context: CREATE SCHEMA and the like are then left out.
    """
    if not reading or reading == engine != "sqlite":
        return [sql]
    rewritten = _rewritten(sql, engine, reading, script)
    return [sql] if rewritten is None or rewritten == sql else [rewritten, sql]


@remembering(4_000_000)
def _rewritten(sql: str, engine: str, reading: str, script: bool) -> str | None:
    trees = parse_all(sql, reading)
    if trees is None:
        return None
    try:
        to = _SureNames if engine == "sqlite" and not script and _has_sure_names(sql, reading) else engine
        write = written if script else _written_whole
        texts = [write(_adapted(t, engine, reading), to) for t in trees if not (script and _is_setting(t))]
    except Exception:
        logger.debug("a statement cannot be adapted for %s: %.200r", engine, sql, exc_info=True)
        return None
    return None if None in texts else ";\n".join(text for text in texts if text is not None)


def _written_whole(tree: exp.Expr, to: str | type[Dialect]) -> str | None:
    """A statement in a dialect; None where the dialect lacks something that it says, a PIVOT or IGNORE NULLS."""
    generator = Dialect.get_or_raise(to).generator(unsupported_level=ErrorLevel.IGNORE)
    text = generator.generate(tree)
    lacking = [message for message in generator.unsupported_messages if not _WITHOUT_EFFECT.search(message)]
    if lacking:
        logger.debug("a statement says more than %s can: %s", to, lacking)
    return None if lacking else text


def _has_sure_names(sql: str, reading: str) -> bool:
    """Whether all that is quoted as a name is one; double quotes may be meant for strings, whatever a dialect says."""
    return reading == "mysql" or (reading == "tsql" and '"' not in sql)


def _is_setting(tree: exp.Expr) -> bool:
    """Whether a statement of a context only sets something up that the engines do without."""
    made = tree.args.get("kind") if isinstance(tree, exp.Create | exp.Drop) else ""
    return made in ("SCHEMA", "DATABASE") or isinstance(tree, exp.Use | exp.Set | exp.Command)


def _adapted(tree: exp.Expr, engine: str, reading: str) -> exp.Expr:
    for table in tree.find_all(exp.Table):
        table.set("db", None)
        table.set("catalog", None)
    for column in tree.find_all(exp.Column):
        column.set("db", None)
        column.set("catalog", None)
    if engine == "sqlite":
        return for_sqlite(tree, reading)
    return for_duckdb(tree, reading) if engine == "duckdb" else tree
