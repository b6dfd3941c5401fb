"""Reads what the teacher answered: each answer ends as ok, rejected (with a reason) or failed (with a reason)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlreason.reasoning import format as grammar

# Finish reasons of answers that the teacher or its provider withheld, and of calls of a tool.
_WITHHELD = frozenset({"refusal", "content_filter", "safety", "recitation", "blocklist", "prohibited_content"})
_TOOLS = frozenset({"tool_calls", "function_call", "tool_use"})


@dataclass(frozen=True)
class Answer:
    """An answer read by the strict parser.

    Attributes:
        status: ``ok``, ``rejected`` (an answer that cannot be used) or ``failed`` (no answer).
        reason: Why it is not ok; empty if it is.
        think: The reasoning; empty unless it is ok.
        sql: The query; empty unless it is ok.
    """

    status: str
    reason: str = ""
    think: str = ""
    sql: str = ""


def read_answer(answer: Mapping[str, Any]) -> Answer:
    """Read one answer.

    Args:
        answer: `text`, `reasoning` and `finish_reason`; `status` and `reason` where it may have failed.
    """
    if answer.get("status", "ok") != "ok":
        return Answer("failed", f"failed: {answer['reason']}")
    if answer["finish_reason"] == "length":
        return Answer("rejected", "truncated: the answer reached max_new_tokens")
    if answer["finish_reason"].lower() in _WITHHELD:
        return Answer("rejected", f"refusal: {answer['text'].strip()[:200] or answer['finish_reason']}")
    if not answer["text"].strip():
        called = answer["finish_reason"] in _TOOLS
        return Answer("rejected", "tool_call: a tool instead of an answer" if called else "empty: it has no content")
    reading = grammar.parse(grammar.normalise(answer["text"], answer["reasoning"] or None))
    if not reading.well_formed:
        return Answer("rejected", f"format: {reading.reason}")
    return Answer("ok", "", reading.think, reading.sql)
