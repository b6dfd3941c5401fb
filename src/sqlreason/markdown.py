"""Texts of others within our Markdown: in a line, in a cell of a table, in a block of code."""

import re


def line(text: object) -> str:
    """Return a text as one line: whatever ends a line in it, or controls a terminal, is a space."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in str(text)).split())


def cell(text: object) -> str:
    """Return a text as a cell of a table."""
    return re.sub(r"([\\|])", r"\\\1", line(text))


def code_block(text: str, language: str = "text") -> str:
    """Return a text in a fence that nothing within it closes."""
    ticks = "`" * max([3, *(len(run) + 1 for run in re.findall(r"`+", text))])
    return f"{ticks}{language}\n{text}\n{ticks}"
