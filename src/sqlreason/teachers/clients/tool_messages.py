"""Calls of tools on their way to a provider of OpenAI's language and back.

Here, in the journal and in tables a call stands in the text of its turn (`environments.tool_calls`), and what a tool
said is a message of the role `tool`; there calls are objects with identifiers.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlreason.environments.tool_calls import find_calls, without_calls


def as_openai(messages: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """Return a conversation as OpenAI's chat completions take it.

    Args:
        messages: Of the roles system, user, assistant and tool; each call is followed by what its tool said.
    """
    found: list[dict[str, Any]] = []
    made = told = 0
    for message in messages:
        if message["role"] == "tool":
            told += 1
            found.append({"role": "tool", "tool_call_id": _name(told), "content": message["content"]})
            continue
        calls = find_calls(message["content"]) if message["role"] == "assistant" else []
        if not calls:
            found.append(dict(message))
            continue
        written = [_call(made + number, *call) for number, call in enumerate(calls, start=1)]
        made += len(calls)
        found.append({"role": "assistant", "content": without_calls(message["content"]), "tool_calls": written})
    return found


def calls_of(told: Any) -> list[tuple[str, Any]]:
    """Return name and arguments of each call in a provider's answer; arguments that are no JSON as they came.

    Args:
        told: A list of calls, as objects or dictionaries, or one call of the old form; whatever else is none.
    """
    calls = told if isinstance(told, list) else [told]
    functions = [_of(call, "function") or call for call in calls]
    return [(str(_of(each, "name")), _arguments(_of(each, "arguments"))) for each in functions if _of(each, "name")]


def _call(number: int, name: str, arguments: Any) -> dict[str, Any]:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
    return {"id": _name(number), "type": "function", "function": {"name": name or "unknown", "arguments": text}}


def _name(number: int) -> str:
    return f"call{number:05d}"  # nine letters, as Mistral wants them


def _arguments(given: Any) -> Any:
    if not isinstance(given, str):
        return given if given is not None else {}
    try:
        return json.loads(given) if given.strip() else {}
    except (ValueError, RecursionError):
        return given


def _of(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)
