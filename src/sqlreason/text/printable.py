"""Text of unknown origin on its way to a terminal or a log: names and errors may hold what these would obey."""

from __future__ import annotations


def printable(text: str) -> str:
    r"""The text on one line, with all that is no letter, mark or plain blank as its escape, such as `\x1b`."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
