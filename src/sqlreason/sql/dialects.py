"""Readings: how a statement of another dialect is rewritten for the engine that runs it.

The gold picks engine and reading once, candidates stay with it: two engines differ silently on plain queries.
"""

from __future__ import annotations


def readings(context: str, gold: str) -> list[tuple[str, str]]:
    """Engines and readings in the order in which they are tried."""
    return [("sqlite", "")]


def to_engine(sql: str, engine: str, reading: str, script: bool = False) -> list[str]:
    """The texts under which a statement is tried: rewritten by the reading, then as it is."""
    return [sql]
