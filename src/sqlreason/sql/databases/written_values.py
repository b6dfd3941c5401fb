"""Values as the engines take them in an INSERT."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlreason.sql.databases.json_documents import is_document
from sqlreason.sql.parsing.tables import literal


def written_rows(rows: Sequence[Sequence[Any]], engine: str) -> str:
    """Write rows as what follows VALUES."""
    write = {"sqlite": literal, "duckdb": _strictly}.get(engine, _for_postgres)
    return ", ".join(f"({', '.join(map(write, row))})" for row in rows)


def as_document(value: Any) -> Any:
    """Return a value as PostgreSQL's JSON columns hold it, which take no other text."""
    known = value is None or (isinstance(value, str) and is_document(value))
    return value if known else json.dumps(value, default=str)


def _strictly(value: Any) -> str:
    """A value as SQL for an engine that takes no number for a truth value."""
    return ("TRUE" if value else "FALSE") if isinstance(value, bool) else literal(value)


def _for_postgres(value: Any) -> str:
    """Likewise for PostgreSQL, which reads documents from their texts and has its own way with bytes."""
    if isinstance(value, list | dict):
        return literal(json.dumps(value, default=str))
    return f"'\\x{value.hex()}'" if isinstance(value, bytes) else _strictly(value)
