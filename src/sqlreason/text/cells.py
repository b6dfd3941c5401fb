"""Texts of others in our files: as cells that every file can hold, and within our Markdown."""

import re

import numpy as np
import pandas as pd


def as_text(value: object) -> str:
    """Return a cell of a source as text that every file can hold.

    What is missing becomes an empty text, a list of texts (the statements of a context) their lines, and half a
    character (a lone surrogate, which JSON can spell and no file can hold) U+FFFD.
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list | tuple | np.ndarray):
        return "\n".join(map(as_text, value))
    return "" if pd.isna(value) is True else str(value)  # type: ignore[call-overload]


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
