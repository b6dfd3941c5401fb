"""Values of results on their way to the parent, in a form that no value can imitate and that any value has.

NULL, truth, texts, 64-bit integers and finite floats travel as JSON's own. Everything else is a list of its kind and
its content, and nothing else is a list. Dates, times and what has no counterpart in Python arrive as texts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

_AS_IS = frozenset([str, bool, type(None)])
_LONGEST = 2**63
#: Bits of the longest integer that arrives as one: Python writes no more than 4,300 digits.
_WRITABLE = 14_000
#: Lists within lists beyond this many are refused; JSON's own readers recurse too.
_DEPTH = 32
#: What a number, a mark or a bracket is counted as, in characters.
_SMALL = 8


def packed_rows(rows: Sequence[Sequence[Any]], most: int) -> list[list[Any]]:
    """The rows as they are sent, from the first on, as many as take no more than so many characters.

    Raises:
        ValueError: A value is nested too deeply.
    """
    packer, packed = _Packer(most), []
    for row in rows:
        sent = [packer.pack(value) for value in row if packer.left >= 0]
        if packer.left < 0:
            break
        packed.append(sent)
    return packed


def unpacked(sent: Any) -> Any:
    """The value that was packed.

    Raises:
        ValueError: Nothing is packed so.
    """
    if type(sent) is not list:
        return sent
    kind, content = sent
    if kind not in _READERS:
        raise ValueError(f"no value is of the kind {kind!r}")
    return _READERS[kind](content)


class _Packer:
    """Packs values and counts what they take; `left` falls below zero where they take too much."""

    def __init__(self, most: int) -> None:
        self.left = most

    def pack(self, value: Any, depth: int = 0) -> Any:
        """One value; of one that takes too much nothing is made."""
        self.left -= _SMALL + _length(value)
        if self.left < 0:
            return None
        kind = type(value)
        if kind in _AS_IS:
            return value
        if kind is int:
            return value if -_LONGEST <= value < _LONGEST else _long(value)
        if kind is float:
            return value if math.isfinite(value) else ["float", repr(value)]
        if isinstance(value, bytes | bytearray | memoryview):
            return ["blob", bytes(value).hex()]
        if isinstance(value, Decimal):
            return ["decimal", str(value)]
        if isinstance(value, list | tuple | dict):
            return self._nested(value, depth + 1)
        return str(value)

    def _nested(self, value: Any, depth: int) -> list[Any]:
        if depth > _DEPTH:
            raise ValueError(f"a value is nested more than {_DEPTH} deep")
        if isinstance(value, dict):
            return ["map", [[self.pack(key, depth), self.pack(item, depth)] for key, item in value.items()]]
        return ["list", [self.pack(item, depth) for item in value]]


def _length(value: Any) -> int:
    """Characters that a value takes beside what every one does."""
    if type(value) is str:
        return len(value) if value.isascii() else 6 * len(value)  # as JSON escapes it
    if isinstance(value, bytes | bytearray | memoryview):
        return 2 * len(value)
    if isinstance(value, Decimal):
        return len(value.as_tuple().digits)
    return value.bit_length() // 4 if type(value) is int else 0


def _long(value: int) -> Any:
    return ["integer", hex(value)] if value.bit_length() <= _WRITABLE else hex(value)


def _map(pairs: list[list[Any]]) -> dict[str, Any]:
    keys = [unpacked(key) for key, _ in pairs]
    return {key if type(key) is str else str(key): unpacked(item) for key, (_, item) in zip(keys, pairs, strict=True)}


_READERS: dict[str, Callable[[Any], Any]] = {
    "integer": lambda text: int(text, 16),
    "float": float,
    "blob": bytes.fromhex,
    "decimal": Decimal,
    "list": lambda items: [unpacked(item) for item in items],
    "map": _map,
}
