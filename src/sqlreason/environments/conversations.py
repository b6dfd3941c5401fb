"""Conversations with tools as they stand in tables: checked by executing them again, and made into what is learned.

A conversation is a list of messages behind a prompt: of the role `assistant`, with calls in the text (`tool_calls`),
and of the role `tool`, one for each call.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlreason.environments.session import Session
from sqlreason.environments.tool_calls import find_calls, without_calls, write_call
from sqlreason.reasoning.format import render

Said = Sequence[Mapping[str, str]]


def replay(said: Said, session: Session) -> str:
    """Execute every call of a conversation again; return what is not as it was, "" where all is.

    Args:
        said: The conversation.
        session: A fresh one, with the limits under which it was held.
    """
    told: list[str] = []
    for message in said:
        if message["role"] == "assistant":
            told += [session.call(name, arguments) for name, arguments in find_calls(message["content"])]
        elif not told or told.pop(0) != message["content"]:
            return f"{message['name']} does not say {message['content'][:80]!r} again"
    return "a call has no result" if told else ""


def as_lesson(said: Said, think: str, sql: str) -> list[dict[str, str]]:
    """Return a conversation as a student learns it: a call a turn, each with its result, and at the end the answer.

    Args:
        said: The conversation.
        think: The reasoning of its answer.
        sql: The query of its answer, which was submitted or stands in the grammar.

    Example:
        >>> submitted = write_call("submit", {"query": "SELECT 1"})
        >>> said = [{"role": "assistant", "content": f"Surely. {submitted}"}, {"role": "tool", "content": "submitted"}]
        >>> print(as_lesson(said, "Say 1.", "SELECT 1")[0]["content"])
        <think>
        Say 1.
        </think>
        <tool_call>
        {"name": "submit", "arguments": {"query": "SELECT 1"}}
        </tool_call>
    """
    lesson: list[dict[str, str]] = []
    results = iter(message for message in said if message["role"] == "tool")
    for message in said:
        if message["role"] == "tool":
            continue
        words = without_calls(message["content"])
        for name, arguments in find_calls(message["content"]):
            if name == "submit":
                return [*lesson, _turn(f"<think>\n{think}\n</think>\n{write_call(name, {'query': sql})}")]
            lesson += [_turn(f"{words}\n{write_call(name, arguments)}".strip()), dict(next(results))]
            words = ""
    return [*lesson, _turn(render(think, sql))]


def words_of(said: Said) -> list[str]:
    """Return what the model says in a conversation beside its calls."""
    return [without_calls(message["content"]) for message in said if message["role"] == "assistant"]


def _turn(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}
