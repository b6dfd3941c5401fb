"""What a path finds in JSON, as text, as it is shown, or as a value that can be compared (see `json_translation`)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from .dialect_functions import null_safe

_STEP = re.compile(r"""\.\s*(?:"((?:[^"\\]|\\.)*)"|([^\s.\[\]"*]+))|\[\s*(-?\d+|last|\#-\d+)\s*\]""")
_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_NOTHING = object()


@lru_cache(maxsize=256)
def _read(text: str) -> Any:
    """JSON with its fractions as they are written; the value is shared and must not be changed."""
    return json.loads(text, parse_float=Decimal)


@lru_cache(maxsize=256)
def _steps(path: str | int) -> tuple[str | int, ...]:
    """The keys and positions of a path: `$.a[0]`, `{a,0}` as in PostgreSQL, or one key or position alone."""
    if isinstance(path, int):
        return (path,)
    if path.startswith("{") and path.endswith("}"):
        return tuple(int(p) if p.lstrip("-").isdecimal() else p.strip('" ') for p in path[1:-1].split(",") if p)
    if not path.startswith("$"):
        return (path,)
    rest, found = path[1:], list(_STEP.finditer(path[1:]))
    if "".join(step[0] for step in found) != rest.strip():
        raise ValueError(f"the path {path!r} is not of keys and positions alone")
    return tuple(_position(s[3]) if s[3] else s[2] if s[1] is None else json.loads(f'"{s[1]}"') for s in found)


def _position(written: str) -> int:
    return -1 if written == "last" else -int(written[2:]) if written.startswith("#") else int(written)


def _find(document: Any, path: Any) -> Any:
    """What the path leads to, or `_NOTHING`."""
    found = _read(document) if isinstance(document, str) else document
    for step in _steps(path if isinstance(path, int) else str(path)):
        if isinstance(found, dict):
            found = found.get(str(step), _NOTHING)
        elif isinstance(found, list) and isinstance(step, int) and -len(found) <= step < len(found):
            found = found[step]
        else:
            return _NOTHING
    return found


def _written(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k, ensure_ascii=False)}: {_written(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _text(document: Any, path: Any, null: Any = None) -> str | None:
    """What is found as text, a string without its quotes; JSON's null is NULL, or what `null` says."""
    found = _find(document, path)
    if found is _NOTHING:
        return None
    return null if found is None else found if isinstance(found, str) else _written(found)


def _plain(document: Any, path: Any) -> Any:
    """What is found as a value of SQL: a number, a text, 0 or 1; JSON text for what holds more."""
    found = _find(document, path)
    if found is _NOTHING or found is None:
        return None
    if isinstance(found, dict | list):
        return _written(found)
    return float(found) if isinstance(found, Decimal) else int(found) if isinstance(found, bool) else found


def _shown(document: Any, path: Any) -> Any:
    """What is found as JSON: a number as such, all else as text with its quotes."""
    found = _find(document, path)
    if found is _NOTHING:
        return None
    number = isinstance(found, int | Decimal) and not isinstance(found, bool)
    return _plain(document, path) if number else _written(found)


def _like(text: Any, other: Any) -> Any:
    """A text from JSON, or the number that it begins with beside a number."""
    if isinstance(other, int | float) and isinstance(text, str):
        if text in ("true", "false"):
            return int(text == "true")
        found = _NUMBER.match(text)
        return float(found[0]) if found else 0
    return text


def _contains(document: Any, wanted: Any, path: Any = "$") -> int | None:
    """Whether JSON contains other JSON, as PostgreSQL's `@>` and MySQL's JSON_CONTAINS have it."""
    found = _find(document, path)
    return None if found is _NOTHING else int(_holds(found, _read(str(wanted))))


def _holds(outer: Any, inner: Any) -> bool:
    if isinstance(outer, dict) and isinstance(inner, dict):
        return all(key in outer and _holds(outer[key], value) for key, value in inner.items())
    if isinstance(outer, list):
        wanted = inner if isinstance(inner, list) else [inner]
        return all(any(_holds(item, each) for item in outer) for each in wanted)
    return isinstance(outer, bool) == isinstance(inner, bool) and bool(outer == inner)


def _has(document: Any, key: Any) -> int:
    found = _find(document, "$")
    return int(found == key if isinstance(found, str) else isinstance(found, dict | list) and key in found)


def _member(document: Any, value: Any) -> int:
    """Whether a value is an element of an array, or the document itself."""
    found = _find(document, "$")
    return int(value in found if isinstance(found, list) else value == found)


def _length(document: Any, path: Any = "$") -> int | None:
    found = _find(document, path)
    return None if found is _NOTHING else len(found) if isinstance(found, dict | list) else 1


def _keys(document: Any, path: Any = "$") -> str | None:
    found = _find(document, path)
    return _written(list(found)) if isinstance(found, dict) else None


SCALARS: dict[tuple[str, int], Callable[..., Any]] = {
    ("json_text", 2): null_safe(_text),
    ("json_text", 3): null_safe(_text),
    ("json_plain", 2): null_safe(_plain),
    ("json_shown", 2): null_safe(_shown),
    ("json_like", 2): _like,
    ("json_contains", 2): null_safe(_contains),
    ("json_contains", 3): null_safe(_contains),
    ("json_has", 2): null_safe(_has),
    ("json_member", 2): null_safe(_member),
    **{("json_length", arity): null_safe(_length) for arity in (1, 2)},
    **{("json_keys", arity): null_safe(_keys) for arity in (1, 2)},
}
