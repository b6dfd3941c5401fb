"""Things that are kept to be found again, as many as fit: what was used last stays, and its size is what counts."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, Generic, ParamSpec, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Given = ParamSpec("Given")
_NOTHING: Any = object()


class Shelf(Generic[Key, Value]):
    """Values by key; the least recently used make way where all together are too large.

    Threads may share it; pickling carries its size and nothing that it keeps.

    Args:
        most: The size of all values together, in whatever unit they are measured; the newest is kept whatever its size.
    """

    def __init__(self, most: int) -> None:
        self._most, self._size = most, 0
        self._kept: OrderedDict[Key, tuple[Value, int]] = OrderedDict()
        self._lock = threading.RLock()

    def __reduce__(self) -> tuple[Any, ...]:
        return Shelf, (self._most,)

    def __len__(self) -> int:
        return len(self._kept)

    def __contains__(self, key: Key) -> bool:
        return key in self._kept

    def get(self, key: Key, default: Any = None) -> Any:
        """The value of a key, or the default."""
        with self._lock:
            if key not in self._kept:
                return default
            self._kept.move_to_end(key)
            return self._kept[key][0]

    def put(self, key: Key, value: Value, size: int) -> None:
        """Keep a value of that size."""
        with self._lock:
            if key in self._kept:
                self._size -= self._kept.pop(key)[1]
            self._kept[key] = value, size
            self._size += size
            while self._size > self._most and len(self._kept) > 1:
                self._size -= self._kept.popitem(last=False)[1][1]


def remembering(characters: int) -> Callable[[Callable[Given, Value]], Callable[Given, Value]]:
    """Keep the results of a function of texts, of texts with so many characters together.

    Args:
        characters: Of all texts whose results are kept; that of the last text is kept whatever its length.
    """

    def decorate(function: Callable[Given, Value]) -> Callable[Given, Value]:
        shelf: Shelf[Any, Value] = Shelf(characters)

        @wraps(function)
        def call(*given: Given.args, **named: Given.kwargs) -> Value:
            key = (*given, *sorted(named.items()))
            found = shelf.get(key, _NOTHING)
            if found is _NOTHING:
                found = function(*given, **named)
                shelf.put(key, found, sum(len(text) for text in given if isinstance(text, str)))
            value: Value = found
            return value

        return call

    return decorate
