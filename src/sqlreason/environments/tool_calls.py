"""Calls of tools as models write them into plain text, for trainers whose environments see text alone, and in tables.

The form is that of Hermes and Qwen: `<tool_call>{"name": …, "arguments": {…}}</tool_call>`.
"""

from __future__ import annotations

import json
import re
from typing import Any

_CALL = re.compile(r"<tool_call>(.*?)(?:</tool_call>|\Z)", re.DOTALL)


def find_calls(text: str) -> list[tuple[str, Any]]:
    """Return name and arguments of each call in a text; one that is no JSON has its own text as arguments.

    Example:
        >>> find_calls('Look. <tool_call>{"name": "describe_table", "arguments": {"table": "users"}}</tool_call>')
        [('describe_table', {'table': 'users'})]
        >>> find_calls("<tool_call>describe users</tool_call>"), find_calls("<sql>SELECT 1</sql>")
        ([('', 'describe users')], [])
    """
    return [_read(found) for found in _CALL.findall(text)]


def write_call(name: str, arguments: Any) -> str:
    """Return a call as `find_calls` reads it.

    Example:
        >>> print(write_call("run_sql", {"query": "SELECT 1"}))
        <tool_call>
        {"name": "run_sql", "arguments": {"query": "SELECT 1"}}
        </tool_call>
    """
    return f"<tool_call>\n{json.dumps({'name': name, 'arguments': arguments}, ensure_ascii=False)}\n</tool_call>"


def without_calls(text: str) -> str:
    """Return what stands beside the calls in a text."""
    return _CALL.sub("", text).strip()


def _read(text: str) -> tuple[str, Any]:
    try:
        call = json.loads(text)
    except (ValueError, RecursionError):
        return "", text.strip()
    if not isinstance(call, dict):
        return "", call
    return str(call.get("name", "")), call.get("arguments", {})
