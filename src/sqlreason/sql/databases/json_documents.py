"""JSON that a column holds: what lies beside a document, for databases on which a gold and its mutants part ways."""

from __future__ import annotations

import json
from typing import Any


def is_document(text: object) -> bool:
    """Whether a value is the text of a JSON object or array."""
    return _read(text) is not None


def altered(text: str, steps: int) -> str | None:
    """A document with its numbers so many steps on, texts marked and truths turned; None if it is none."""
    document = _read(text)
    return None if document is None else json.dumps(_altered(document, steps), ensure_ascii=False)


def _read(text: object) -> Any:
    if not isinstance(text, str) or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _altered(part: Any, steps: int) -> Any:
    if isinstance(part, dict):
        return {key: _altered(value, steps) for key, value in part.items()}
    if isinstance(part, list):
        return [_altered(value, steps) for value in part]
    if isinstance(part, bool):
        return part if steps % 2 == 0 else not part
    if isinstance(part, int | float):
        return part + steps
    return f"{part} {steps}" if isinstance(part, str) else part
