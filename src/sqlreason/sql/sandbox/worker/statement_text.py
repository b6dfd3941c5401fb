"""Statements as text inside a worker, where there is no parser: how many there are, how they start, what they name."""

from __future__ import annotations

import re
import sqlite3

_NOT_CODE = re.compile(r"'(?:[^']|'')*'|--[^\n]*|/\*.*?\*/", re.DOTALL)
_WORD = re.compile(r"[a-z_][a-z0-9_$]*")
_TOKEN = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|\w+|\S",
    re.DOTALL,
)


def split(text: str) -> list[str]:
    """The statements of a text, by SQLite's own idea of where one is complete."""
    found, start = [], 0
    for end, character in enumerate(text):
        if character == ";" and sqlite3.complete_statement(text[start : end + 1]):
            found.append(text[start : end + 1])
            start = end + 1
    return [part for part in [*found, text[start:]] if is_something(part)]


def is_something(text: str) -> bool:
    """Whether a text holds more than blanks, semicolons and comments."""
    rest = text.strip().strip(";").strip()
    while rest.startswith(("--", "/*")):
        mark = "\n" if rest.startswith("--") else "*/"
        rest = rest.partition(mark)[2].strip().strip(";").strip()
    return bool(rest)


def words(text: str) -> list[str]:
    """The words of a statement in lower case, quoted names included, strings and comments left out."""
    return _WORD.findall(_NOT_CODE.sub(" ", text).lower())


def indexed(definition: str) -> str:
    """What a CREATE INDEX says behind its table, in one spelling: lower case but for strings, no quotes, no ASC."""
    tokens = [token for token in _TOKEN.findall(definition) if not token.startswith(("--", "/*"))]
    place = next((i for i, token in enumerate(tokens) if token.lower() == "on"), -2) + 2
    while tokens[place : place + 1] == ["."]:  # what stood there was the schema
        place += 2
    spelled = (_spelled(token) for token in tokens[place:])
    return " ".join(token for token in spelled if token not in ("asc", ";"))


def _spelled(token: str) -> str:
    if token.startswith("'"):
        return token
    return (token[1:-1] if len(token) > 1 and token[0] in '"`[' else token).lower()
