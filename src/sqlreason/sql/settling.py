"""Scripts that only their own engine runs, written as plain definitions and rows that SQLite and DuckDB run alike.

A script that needs none of it stays as it is, to the letter. What is settled is what it came to (see `scripts`): keys
added by ALTER TABLE stand in the definition, counted keys have their numbers, COPY is an INSERT.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from sqlglot.errors import SqlglotError

from sqlreason.sql.checks import plain_condition
from sqlreason.sql.dialects import to_engine
from sqlreason.sql.dumps import cleaned, dialects_of
from sqlreason.sql.filled import default_of
from sqlreason.sql.inserts import Cell, Computed
from sqlreason.sql.rules import listing
from sqlreason.sql.scripts import Script
from sqlreason.sql.tables import Column, SchemaError, Table, identifier, literal
from sqlreason.sql.values import TODAY

#: What a script says that not every engine runs, or that the plain engines run otherwise.
_UNSETTLED = re.compile(
    r"\b(?:SERIAL|BIGSERIAL|SMALLSERIAL|AUTO_INCREMENT|IDENTITY|ALTER|DROP|RENAME|sp_rename|DELIMITER|ENUM|UNSIGNED)\b"
    r"|\bENGINE\s*=|\bFULLTEXT\b|\bSPATIAL\b|\bUNIQUE\s+KEY\b|[,(]\s*KEY\s+\W?\w+\W?\s*\(|\bON\s+UPDATE\s+CURRENT"
    r"|\bPARTITION\b|\bINHERITS\b|\bLIKE\s+\w+\s*(?:;|\)|INCLUDING)|\bCOPY\b|\bCREATE\s+(?:TYPE|DOMAIN|VIRTUAL)\b"
    r"|\bCOMMENT\s+ON\b|\bCHARACTER\s+SET\b|\bCHARSET\b|\bSET\s*\(|\bsqlite_(?:master|schema)\b|\bGENERATED\s+BY\b"
    r"|(?<!INTEGER PRIMARY KEY )\bAUTOINCREMENT\b|\bdbo\b|\b(?:set|next)val\b|\bN'",
    re.IGNORECASE,
)
_STRINGS = re.compile(r"'(?:[^']|'')*'")
_CLOCK = re.compile(r"(?:current_timestamp|current_date|now|getdate|getutcdate|sysdatetime|localtimestamp)\b", re.I)
_PLAIN_TYPE = re.compile(r"[A-Za-z_]\w*( ?\( ?\d+( ?, ?\d+)? ?\))?$")
_RESPELLED = (
    (re.compile(r"\b(?:UNSIGNED|SIGNED|ZEROFILL)\b"), ""),
    (re.compile(r"^(?:NATIONAL )?CHARACTER VARYING|^(?:NATIONAL )?CHAR VARYING|^N?VARCHAR2?"), "VARCHAR"),
    (re.compile(r"^(?:NATIONAL )?CHARACTER|^NCHAR"), "CHAR"),
    (re.compile(r"^TIME(?:STAMP)?(?: ?\(\d+\))? WITH(?:OUT)? TIME ZONE|^TIMESTAMP(?:TZ| ?\(\d+\))"), "TIMESTAMP"),
    (re.compile(r"^(?:DATETIME2|DATETIMEOFFSET|SMALLDATETIME|DATETIME)(?: ?\(\d+\))?"), "DATETIME"),
    (re.compile(r"^DOUBLE PRECISION|^(?:DOUBLE|FLOAT|REAL) ?\([\d, ]+\)"), "DOUBLE"),
    (re.compile(r"^BIGSERIAL"), "BIGINT"),
    (re.compile(r"^(?:SMALL)?SERIAL"), "INTEGER"),
    (re.compile(r"^TINYINT ?\(1\)|^BIT(?: ?\(1\))?$"), "BOOLEAN"),
    (re.compile(r"^(?:TINY|MEDIUM|INT|BIG|SMALL)(?:INT|EGER)? ?\(\d+\)|^MEDIUMINT|^YEAR ?(?:\(\d+\))?"), "INTEGER"),
    (re.compile(r"^(?:TINY|MEDIUM|LONG)TEXT|^VARCHAR ?\(MAX\)|^UNIQUEIDENTIFIER|^JSONB|^CITEXT|^X?NTEXT"), "TEXT"),
    (re.compile(r"^(?:SMALL)?MONEY"), "DECIMAL(19,4)"),
    (re.compile(r"^(?:TINY|MEDIUM|LONG)?BLOB|^VARBINARY.*|^BYTEA|^IMAGE"), "BLOB"),
)


@lru_cache(maxsize=64)
def settle(context: str) -> str:
    """The context as every engine runs it; the same text where it is plain already, or cannot be read."""
    text = cleaned(context)
    if text == context and not (_UNSETTLED.search(text) and _UNSETTLED.search(_STRINGS.sub("''", text))):
        return context
    for dialect in dialects_of(text):
        try:
            script = Script(text, dialect)
        except (SchemaError, SqlglotError):
            continue
        if script.tables:
            return ";\n".join(_statements(script)) + ";"
    return text


def _statements(script: Script) -> Iterable[str]:
    for filled in script.tables.values():
        yield definition(filled.table, script.dialect, [row for _, rows in _rows(script, filled) for row in rows])
    for step in script.steps:
        if isinstance(step, str):
            yield to_engine(step, "sqlite", script.dialect)[0]
        elif step[1]:
            yield _insert(step[0].table, step[1], script.dialect)
    yield from script.indices
    for view in script.views.values():
        yield to_engine(view, "sqlite", script.dialect)[0]


def _rows(script: Script, filled: object) -> list[tuple[object, list[list[Cell]]]]:
    return [step for step in script.steps if not isinstance(step, str) and step[0] is filled]


def definition(table: Table, dialect: str, rows: list[list[Cell]]) -> str:
    """A CREATE TABLE as every engine runs it.

    Args:
        table: What it defines.
        dialect: Of its types, defaults and conditions.
        rows: Those that it is to hold: a column that the database counts up is the key if they allow it.
    """
    names = [column.name.lower() for column in table.columns]
    counted = [name for name, column in zip(names, table.columns, strict=True) if column.counted][:1]
    if counted and len({row[names.index(counted[0])] for row in rows}) < len(rows):
        counted = []
    primary = [name.lower() for name in table.primary_key]
    alone = counted if counted else primary if len(primary) == 1 else []
    parts = [_column(column, column.name.lower() in alone, bool(counted), dialect) for column in table.columns]
    rest = [table.primary_key] if primary and primary != alone else []
    keys = [("UNIQUE" if counted else "PRIMARY KEY", names) for names in rest] + [("UNIQUE", u) for u in table.unique]
    parts += [f"{word} ({', '.join(map(identifier, key))})" for word, key in keys]
    for key in table.foreign_keys:
        here, there = (", ".join(map(identifier, names)) for names in (key.columns, key.target))
        target = f"{identifier(key.table)} ({there})" if there else identifier(key.table)
        parts.append(f"FOREIGN KEY ({here}) REFERENCES {target}")
    listed = (listing(column) for column in table.columns if not column.type.upper().startswith("SET"))
    conditions = [*(plain_condition(check, dialect) for check in table.checks), *listed]
    parts += [f"CHECK ({condition})" for condition in conditions if condition]
    return f"CREATE TABLE {identifier(table.name)} ({', '.join(parts)})"


def _column(column: Column, primary: bool, counting: bool, dialect: str) -> str:
    kind = "INTEGER" if primary and counting else plain_type(column.type)
    words = [identifier(column.name), kind]
    if column.computed:
        return " ".join([*words, f"GENERATED ALWAYS AS ({_expression(column.computed, dialect)}) VIRTUAL"])
    words += ["PRIMARY KEY"] if primary else [] if column.nullable or column.counted else ["NOT NULL"]
    default = default_of(column, dialect)
    written = _written(default, column, dialect)
    called = isinstance(default, Computed) and "(" in written
    if column.default is not None and written not in ("NULL", "") and not called:
        words.append(f"DEFAULT {written}")
    return " ".join(word for word in words if word)


def plain_type(written: str) -> str:
    """A type that every engine reads, for one that only its own does."""
    kind = " ".join(written.split()).upper()
    if kind.startswith(("ENUM", "SET(", "SET (")) or "]" in kind:
        return "TEXT"
    kind = kind.rpartition(".")[2] if "." in kind and "(" not in kind else kind
    for pattern, plain in _RESPELLED:
        kind = pattern.sub(plain, kind).strip()
    return kind if _PLAIN_TYPE.match(kind) else "TEXT" if kind else ""


def _insert(table: Table, rows: list[list[Cell]], dialect: str) -> str:
    kept = [(place, column) for place, column in enumerate(table.columns) if not column.computed]
    names = ", ".join(identifier(column.name) for _, column in kept)
    values = (", ".join(_written(row[place], column, dialect) for place, column in kept) for row in rows)
    return f"INSERT INTO {identifier(table.name)} ({names}) VALUES {', '.join(f'({row})' for row in values)}"


def _written(cell: Cell, column: Column, dialect: str) -> str:
    """A cell as SQL; the clock stands still."""
    if not isinstance(cell, Computed):
        return literal(cell)
    if _CLOCK.match(cell.text):
        return f"'{TODAY.isoformat()}'" if column.type.upper() == "DATE" else f"'{TODAY.isoformat()} 12:00:00'"
    return _expression(cell.text, dialect) or "NULL"


def _expression(text: str, dialect: str) -> str:
    return to_engine(f"SELECT {text}", "sqlite", dialect)[0].removeprefix("SELECT ")
