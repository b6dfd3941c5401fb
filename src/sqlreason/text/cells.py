"""Texts of others in our files: as cells that every file can hold, and within our Markdown."""

import re
from decimal import Decimal
from numbers import Real

#: Characters of a cell of a CSV file; what the module `csv` takes at most (by itself it takes 131,072).
LONGEST_CELL = 2**31 - 1


def as_text(value: object) -> str:
    """Return a cell of a source as text that every file can hold.

    What is missing becomes an empty text, a list of texts (the statements of a context) their lines, and half a
    character (a lone surrogate, which JSON can spell and no file can hold) U+FFFD.
    """
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list | tuple):
        return "\n".join(map(as_text, value))
    if type(value).__name__ == "ndarray" and hasattr(value, "tolist"):  # numpy's, without numpy
        return as_text(value.tolist())
    return "" if _is_missing(value) else str(value)


def _is_missing(value: object) -> bool:
    """Whether pandas calls a cell missing; by the names of its two marks, since the core has no pandas."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return value.is_nan() if isinstance(value, Decimal) else isinstance(value, Real) and bool(value != value)


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
