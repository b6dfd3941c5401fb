"""From a database to an annotated schema and a way to draw rows for it."""

import logging
import random
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from sqlreason.sql.parsing.schema import Column, Schema, Table
from sqlreason.synthesis.english import phrase_of, role_of
from sqlreason.synthesis.schema.annotated_schema import AnnotatedSchema, ColumnPlan, TablePlan
from sqlreason.synthesis.schema.column_kinds import family_of, guess, is_whole, likely_range
from sqlreason.synthesis.schema.naming import nouns_of, phrase_and_unit
from sqlreason.synthesis.schema.profiles import Profile, profile
from sqlreason.synthesis.schema.readers import Reader, SourceError, dialect_of_place, open_source
from sqlreason.synthesis.schema.row_sampling import POOL, as_row, draw_rows, read_pool
from sqlreason.synthesis.schema.rows import Contents, Row, sample_contents
from sqlreason.synthesis.schema.sample_values import LONGEST, make_up, presentable
from sqlreason.synthesis.schema.schema_cutting import confirm, cut

logger = logging.getLogger(__name__)

RowsDial = Literal["never", "synthetic", "sampled"]
Profiles = dict[tuple[str, str], Profile]
Read = tuple[list[str], list[Row]]  # names of columns, and rows of these

_NUMBERS = 10  # made-up ones of a column that keeps them as texts
_SHOWN = 100  # real texts of a column that filters may name
_MIDNIGHT = ("00:00:00",)
_TIMES = ("08:30:00", "10:15:00", "12:00:00", "14:45:00", "17:20:00", "20:05:00")
_BOSSES = {"reports to": "manager", "managed by": "manager", "manager": "manager"}


@dataclass(frozen=True)
class Source:
    """What is asked about: an annotated schema, what fills it with rows, and the engine whose SQL is written."""

    annotated_schema: AnnotatedSchema
    fill: Callable[[random.Random], Contents]
    dialect: str = "sqlite"


def read_source(
    database: str,
    rows: RowsDial = "synthetic",
    tables: Sequence[str] = (),
    max_tables: int = 24,
    max_columns: int = 40,
    timeout_seconds: float = 10.0,
    dialect: str | None = None,
) -> Source:
    """Read a database once, without writing to it, and return what questions need of it.

    Args:
        database: See `readers.ACCEPTED`.
        rows: `never` reads no row at all; `synthetic` sums the first rows of each table up and makes rows up;
            `sampled` puts real rows into the questions' databases.
        tables: Tables around which to cut a large schema.
        max_tables: Tables to keep at most.
        max_columns: Columns of a table to keep at most.
        timeout_seconds: For connecting, for a lock and for each statement.
        dialect: "sqlite", "duckdb" or "postgres"; None takes the database's own.

    Raises:
        SourceError: The database cannot be used.
    """
    dialect = dialect or dialect_of_place(database)
    with open_source(database, timeout_seconds) as reader:
        given = reader.schema()
        schema = cut(given, tables, max_tables, max_columns, likely_keys=rows != "never")
        read = {} if rows == "never" else {table.name: _first_rows(reader, table) for table in schema.tables}
        profiles = {
            (name, column): profile([row[column] for row in found])
            for name, (columns, found) in read.items()
            for column in columns
        }
        schema = confirm(schema, given, partial(_is_unique, profiles))
        annotated_schema = annotate_schema(schema, _title(database), profiles)
        if dialect != dialect_of_place(database):
            annotated_schema = respell_types(annotated_schema)
        _tell(annotated_schema, rows, read)
        converted = {table.name: _as_rows(table, read[table.name][1]) for table in annotated_schema.tables if read}
        annotated_schema = _with_gaps(annotated_schema, converted)
        if rows != "sampled":
            return Source(annotated_schema, partial(sample_contents, annotated_schema), dialect)
        quotable = {name: [row for row in found if _is_quotable(row)] for name, found in converted.items()}
        pool = read_pool(reader, annotated_schema, quotable)
    _tell_dropped(converted, quotable, pool)
    annotated_schema = _with_gaps(_with_values(annotated_schema, pool), pool)
    return Source(annotated_schema, partial(draw_rows, annotated_schema, pool), dialect)


def _with_gaps(annotated_schema: AnnotatedSchema, contents: Contents) -> AnnotatedSchema:
    """Return the annotated schema whose columns may be NULL where rows lack a value, as no day and no number do too."""

    def complete(table: TablePlan, column: ColumnPlan) -> ColumnPlan:
        gaps = any(row[column.name] is None for row in contents.get(table.name, ()))
        return replace(column, optional=True) if gaps and column.kind != "key" else column

    tables = (replace(t, columns=tuple(complete(t, column) for column in t.columns)) for t in annotated_schema.tables)
    return replace(annotated_schema, tables=tuple(tables))


def _with_values(annotated_schema: AnnotatedSchema, pool: Contents) -> AnnotatedSchema:
    """Return the annotated schema with texts of real rows, for filters that name other values."""

    def real(table: TablePlan, column: ColumnPlan) -> ColumnPlan:
        found = dict.fromkeys(str(value) for row in pool[table.name] if (value := row[column.name]) is not None)
        return replace(column, values=tuple(found)[:_SHOWN]) if column.is_text and found else column

    tables = (replace(t, columns=tuple(real(t, column) for column in t.columns)) for t in annotated_schema.tables)
    return replace(annotated_schema, tables=tuple(tables))


def _title(database: str) -> str:
    """Return a database's name without its path, host and credentials."""
    name = Path(database.partition("?")[0]).stem
    return re.sub(r"\W+", "_", name) or "database"


def _first_rows(reader: Reader, table: Table) -> Read:
    """Return the columns of which values are of use, and the first rows of these: images would fill the memory."""
    references = {name for key in table.foreign_keys for name in key.columns}
    names = [c.name for c in table.columns if c.name in references or family_of(c.type) or not c.type.strip()]
    rows = reader.rows(table.name, names, POOL) if names else []
    return names, [dict(zip(names, row, strict=True)) for row in rows]


def _as_rows(plan: TablePlan, rows: list[Row]) -> list[Row]:
    return [as_row(plan, [row[column.name] for column in plan.columns]) for row in rows]


def _is_quotable(row: Row) -> bool:
    return all(map(presentable, row.values()))


def _tell_dropped(read: Contents, quotable: Contents, pool: Contents) -> None:
    """Tell of tables whose rows cannot be used.

    Raises:
        SourceError: No row of any table can.
    """
    rows, kept = (sum(map(len, contents.values())) for contents in (read, quotable))
    if not rows:
        raise SourceError("synthesis.rows=sampled needs rows, and the database has none; use synthetic or never")
    if not any(pool.values()):
        raise SourceError(
            f"synthesis.rows=sampled needs rows that questions can quote; of {rows} that were read {rows - kept} hold "
            f"a text that is empty, longer than {LONGEST} characters, of several lines or with blanks at its ends, and "
            f"{kept} refer to rows that are not there or not usable; use synthetic or never"
        )
    lost = [f"{name} ({len(found)} read)" for name, found in read.items() if found and not pool[name]]
    if lost:
        logger.warning("no row can be quoted, or refers to rows that can, of %s", ", ".join(lost))


def _tell(annotated_schema: AnnotatedSchema, rows: str, read: dict[str, Read]) -> None:
    unasked = [
        f"{table.name}.{column.name} ({column.reason})" for table in annotated_schema.tables for column in table.unasked
    ]
    empty = [name for name, (columns, found) in read.items() if columns and not found]
    logger.info("%d tables read; rows: %s", len(annotated_schema.tables), rows)
    if unasked:
        logger.info("no question mentions %d columns, e.g. %s", len(unasked), "; ".join(unasked[:6]))
    if empty:
        logger.warning("without rows, so that types and names alone tell of them: %s", ", ".join(empty))


# --------------------------------------------------------------------------------------------------- inference
def annotate_schema(schema: Schema, name: str, profiles: Profiles) -> AnnotatedSchema:
    """Return the annotated schema that the names, types, comments and profiles of a schema suggest.

    Args:
        schema: Tables whose foreign keys all lead to the key of another of them.
        name: Name of the database; its domain too.
        profiles: By table and column; empty where no row was looked at.
    """
    nouns = _distinct_nouns(schema)
    keys = {table.name: _key_of(table, profiles) for table in schema.tables}
    tables = tuple(_table(table, schema, nouns, keys, profiles) for table in schema.tables)
    return AnnotatedSchema(name, name.replace("_", " "), tables, zlib.crc32(name.encode()))


def _distinct_nouns(schema: Schema) -> dict[str, tuple[str, str]]:
    """Return (singular, plural) by table; two tables that would share a noun keep their own names."""
    nouns = {table.name: nouns_of(table.name, table.comment) for table in schema.tables}
    singulars = [singular for singular, _ in nouns.values()]
    phrases = {name: phrase_of(name.replace(".", " ")) for name in nouns}
    return {
        name: found if singulars.count(found[0]) == 1 else (f"{phrases[name]} row", f"{phrases[name]} rows")
        for name, found in nouns.items()
    }


def _is_unique(profiles: Profiles, table: Table, column: str) -> bool:
    """Return whether the rows of a column, where they were looked at, all differ."""
    seen = profiles.get((table.name, column))
    return seen is None or seen.known == seen.distinct == seen.rows


def _key_of(table: Table, profiles: Profiles) -> str:
    """Return the one column that is a table's key, or nothing."""
    column = table.column(table.primary_key[0]) if len(table.primary_key) == 1 else None
    if column is None or not phrase_of(column.name) or column.computed is not None:
        return ""
    seen = profiles.get((table.name, column.name))
    family = family_of(column.type) or (seen.form if seen and not column.type else "")
    return column.name if family in ("int", "text") or (family == "real" and is_whole(column.type, seen)) else ""


def _table(
    table: Table, schema: Schema, nouns: dict[str, tuple[str, str]], keys: dict[str, str], profiles: Profiles
) -> TablePlan:
    targets = {key.columns[0]: key.table for key in table.foreign_keys if keys[key.table] and phrase_of(key.columns[0])}
    strict = any(not column.nullable for column in table.columns if column.name not in table.primary_key)
    referred = any(key.table == table.name for other in schema.tables for key in other.foreign_keys)
    own_key = keys[table.name] if referred or keys[table.name] not in targets else ""
    columns = []
    for column in table.columns:
        seen = profiles.get((table.name, column.name))
        if own_key and column.name == own_key:
            plan = _key(column, seen, nouns[table.name][0])
        elif column.name in targets:
            plan = _reference(column, targets[column.name], table.name, nouns, keys)
        else:
            plan = _plain_column(column, nouns[table.name][0], seen)
        columns.append(replace(plan, optional=plan.kind != "key" and _optional(column, seen, strict)))
    asked = _told_apart(columns)
    unasked = tuple(
        replace(column, reason=column.reason or "called like another") for column in columns if column not in asked
    )
    told_apart = {column.name for column in asked} & set(table.primary_key)  # without it all rows would be one
    primary = () if own_key or not told_apart else table.primary_key
    order = tuple(column.name for column in columns)
    return TablePlan(table.name, *nouns[table.name], tuple(asked), unasked, order, primary)


def _told_apart(columns: list[ColumnPlan]) -> list[ColumnPlan]:
    """Return the columns that a question can name: of some kind, and the first of those called alike."""
    found: dict[str, ColumnPlan] = {}
    for column in columns:
        if column.kind:
            found.setdefault(column.name if column.kind in ("key", "ref") else column.phrase, column)
    return list(found.values())


def _optional(column: Column, seen: Profile | None, strict: bool) -> bool:
    """Return whether a column may be NULL: rows say it best; a schema that never says NOT NULL says nothing."""
    if seen and seen.rows:
        return seen.known < seen.rows
    return column.nullable and strict


def _key(column: Column, seen: Profile | None, noun: str) -> ColumnPlan:
    textual = family_of(column.type) == "text" or (seen is not None and seen.form == "text")
    phrase = phrase_and_unit(column.name)[0]
    phrase = f"{noun} {phrase}" if phrase in ("id", "code", "key", "number") else phrase
    opening = "".join(word[0] for word in noun.split()).upper()
    spelled = _portable(column.type, "name" if textual else "key")
    return ColumnPlan(column.name, "key", phrase, values=(opening,) if textual else (), type=spelled)


def _reference(
    column: Column, target: str, table: str, nouns: dict[str, tuple[str, str]], keys: dict[str, str]
) -> ColumnPlan:
    phrase, noun = phrase_and_unit(column.name, column.comment)[0], nouns[target][0]
    told = column.name != keys[target] or target == table
    role = role_of(_BOSSES.get(phrase, phrase), noun, target == table) if told else noun
    return ColumnPlan(column.name, "ref", phrase, target=target, role=role, type=_portable(column.type, "ref"))


def _plain_column(column: Column, noun: str, seen: Profile | None) -> ColumnPlan:
    phrase, unit = phrase_and_unit(column.name, column.comment)
    phrase = phrase or phrase_of(column.name)
    found = guess(column, phrase, unit, seen)
    values: tuple[str, ...] = ()
    if found.kind in ("name", "category"):
        values = _values(column, phrase, noun, seen, found.kind == "category")
    elif found.has_time:
        values = _MIDNIGHT if seen and seen.times == _MIDNIGHT else _TIMES
    return ColumnPlan(
        column.name, found.kind, phrase, unit, values, found.low, found.high, has_time=found.has_time,
        type=_portable(column.type, found.kind), reason=found.reason,
    )  # fmt: skip


def _values(column: Column, phrase: str, noun: str, seen: Profile | None, category: bool) -> tuple[str, ...]:
    """Return the texts of a column: those of its type, those that many rows share, else made-up ones."""
    listed = tuple(re.findall(r"'([^']+)'", column.type)) if column.type.upper().startswith("ENUM") else ()
    if len(listed) > 1 and all(map(presentable, listed)):
        return listed
    if category and seen and len(seen.shared) > 1:
        return seen.shared
    likely = likely_range(phrase)
    if seen.numeric if seen and seen.known else likely:  # numbers that are kept as texts
        low, high = likely or (1, 100)
        return tuple(str(round(low + (high - low) * step / _NUMBERS)) for step in range(1, _NUMBERS + 1))
    return make_up(phrase, noun, category)


def respell_types(annotated_schema: AnnotatedSchema) -> AnnotatedSchema:
    """Return the annotated schema with types that every engine knows, for another than that of the database."""

    def spell(column: ColumnPlan) -> str:
        target = annotated_schema.table(column.target).key if column.kind == "ref" else column
        if target.kind == "key" and target.values:
            return "TEXT"
        return "TIMESTAMP" if column.has_time else _SHARED.get(column.kind, "TEXT")

    def respell(columns: tuple[ColumnPlan, ...]) -> tuple[ColumnPlan, ...]:
        return tuple(replace(column, type=spell(column)) for column in columns)

    tables = (replace(t, columns=respell(t.columns), unasked=respell(t.unasked)) for t in annotated_schema.tables)
    return replace(annotated_schema, tables=tuple(tables))


_PLAIN_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_ ]*(\(\s*\d+\s*(,\s*\d+\s*)?\))?")
_SPELLED = {"key": "INTEGER", "ref": "INTEGER", "int": "INTEGER", "real": "REAL", "date": "DATE", "bool": "BOOLEAN"}

_SHARED = {
    "key": "BIGINT", "ref": "BIGINT", "int": "BIGINT", "real": "DOUBLE PRECISION", "date": "DATE", "bool": "BOOLEAN",
}  # fmt: skip


def _portable(declared: str, kind: str) -> str:
    """Return a type that every engine reads: as declared, unless it is of a form that only its own engine knows."""
    known = declared and _PLAIN_TYPE.fullmatch(declared) and not declared.upper().startswith("ENUM")
    return " ".join(declared.split()) if known else _SPELLED.get(kind, "TEXT")
