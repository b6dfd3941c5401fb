"""What a teacher answered, read from its provider's response and fit to be stored.

Providers send more than text: parts instead of a string, refusals, calls of tools, no usage, half characters. What has
a meaning is read; what has none costs its own row and no other.
"""

from dataclasses import dataclass
from typing import Any

from sqlreason.environments.tool_calls import write_call
from sqlreason.teachers.clients.tool_messages import calls_of

#: Tokens of one call; no model reads or writes that many, so that more is a fault of the provider's.
MOST_TOKENS = 10**8
# Finish reasons of answers that reached the limit, by provider.
_LENGTH_NAMES = ("length", "max_tokens", "model_length", "MAX_TOKENS")

# Where the responses hold what is read here.
_CONTENT = (("choices", 0, "message", "content"), ("message", "content"), ("content",), ("text",))
_REASONING = (
    ("choices", 0, "message", "reasoning_content"), ("choices", 0, "message", "reasoning"),
    ("message", "thinking"),
)  # fmt: skip
_REFUSAL = (("choices", 0, "message", "refusal"),)
_TOOLS = (
    ("choices", 0, "message", "tool_calls"), ("choices", 0, "message", "function_call"), ("message", "tool_calls"),
)  # fmt: skip
_FINISH = (("choices", 0, "finish_reason"), ("stop_reason",), ("done_reason",), ("finish_reason",))
_REQUEST = (("_request_id",), ("id",))
_READ = (("usage", "prompt_tokens"), ("usage", "input_tokens"))
_WRITTEN = (("usage", "completion_tokens"), ("usage", "output_tokens"))


@dataclass(frozen=True)
class Reply:
    """What a teacher answered to one question.

    Attributes:
        text: The content, as it came; its parts joined where it came in parts.
        reasoning: The provider's separate reasoning, as it came; empty if there is none.
        finish_reason: ``stop``, ``length``, ``refusal``, ``tool_calls``, or what else the provider said.
        prompt_tokens: Tokens read; 0 where the provider does not say.
        completion_tokens: Tokens written; 0 where the provider does not say.
        request_id: The provider's name for the call.
    """

    text: str
    reasoning: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    request_id: str


class UnreadableReply(ValueError):
    """An answer arrived that has no meaning or cannot be stored; it was paid for all the same."""


def read_reply(response: Any, output: Any, max_new_tokens: int, tools: bool = False) -> Reply:
    """The reply in a provider's response, completed by what distilabel made of it.

    Args:
        response: As the client returned it; None where it could not be overheard.
        output: distilabel's output; empty where it stumbled over the response.
        max_new_tokens: The limit, by which a cut answer is told where nothing else says so; 0 for none.
        tools: Whether it was told of any; its calls then stand in the text, as `environments.tool_calls` writes them.

    Raises:
        UnreadableReply: It is empty and nothing says why, or it holds what is no text, no number, or half a character.
    """
    content = _first(response, _CONTENT)
    text, thought = _texts(content if content is not None else _head(_of(output, "generations")))
    reasoning = "".join(_texts(_first(response, _REASONING))) or thought
    if tools and (calls := calls_of(_first(response, _TOOLS))):
        text = "\n".join([text.strip(), *(write_call(*call) for call in calls)]).strip()
    refusal = _text(_first(response, _REFUSAL))
    statistics = _of(output, "statistics") or {}
    read, written = (
        _count(_first(response, paths)) or _count(_head(_of(statistics, name)))
        for paths, name in ((_READ, "input_tokens"), (_WRITTEN, "output_tokens"))
    )
    finish = _name(_first(response, _FINISH)) or _name(_head(_of(output, "finish_reason")))
    if refusal:
        text, finish = text or refusal, "refusal"
    elif not text and (_first(response, _TOOLS) or _has_tool_part(content)):
        finish = "tool_calls"
    elif not text and not finish:
        raise UnreadableReply("empty answer")
    if not finish:  # a full answer is taken for a cut one
        finish = "length" if 0 < max_new_tokens <= written else "stop"
    reply = Reply(
        text, reasoning, "length" if finish in _LENGTH_NAMES else finish, read, written,
        _name(_first(response, _REQUEST)),
    )  # fmt: skip
    return _storable(reply)


def _head(values: Any) -> Any:
    """The first of a list, as distilabel makes one for each generation; None where there is none."""
    return values[0] if isinstance(values, list) and values else None


def _texts(content: Any) -> tuple[str, str]:
    """The text and the reasoning in a content, which may consist of parts."""
    if not isinstance(content, list):
        return _text(content), ""
    text, reasoning = "", ""
    for part in content:
        kind = _of(part, "type")
        if kind in ("thinking", "reasoning"):
            reasoning += _texts(_of(part, kind) or _of(part, "text"))[0]
        elif kind in ("text", "output_text"):
            text += _text(_of(part, "text"))
        elif not _is_tool(kind) and kind != "redacted_thinking":
            raise UnreadableReply(f"the content has a part that is neither text nor reasoning: {_shown(part)}")
    return text, reasoning


def _has_tool_part(content: Any) -> bool:
    return isinstance(content, list) and any(_is_tool(_of(part, "type")) for part in content)


def _is_tool(kind: Any) -> bool:
    return isinstance(kind, str) and kind.startswith(("tool_", "function_"))


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    raise UnreadableReply(f"the answer has {_shown(value)} where a text should be")


def _count(value: Any) -> int:
    if value is None or value == "":
        return 0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST_TOKENS:
        raise UnreadableReply(f"the usage has {_shown(value)} where a number of tokens should be")
    return int(value)


def _name(value: Any) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def _storable(reply: Reply) -> Reply:
    """The reply, whose texts are whole characters.

    Raises:
        UnreadableReply: One of them is not, and no file could hold it.
    """
    for name in ("text", "reasoning", "finish_reason", "request_id"):
        try:
            getattr(reply, name).encode("utf-8")
        except UnicodeEncodeError:
            raise UnreadableReply(f"the answer's {name} has half a character in it (a lone surrogate)") from None
    return reply


def _shown(value: Any) -> str:
    return f"{type(value).__name__} {value!a:.80}"


def _first(response: Any, paths: tuple[tuple[str | int, ...], ...]) -> Any:
    """What lies at the first of the paths at which something lies; None if nothing does."""
    return next((value for value in (_reach(response, path) for path in paths) if value not in (None, "")), None)


def _reach(value: Any, path: tuple[str | int, ...]) -> Any:
    """What lies at the end of a path of attributes, keys and positions; None where it breaks off."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = _of(value, step)
    return value


def _of(value: Any, name: str) -> Any:
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)
