"""Overhears what distilabel drops: finish reason, separate reasoning, request id, billed tokens, swallowed errors.

distilabel 1.5.3 keeps of a provider's response the text and the token counts only (its LiteLLM counts by a tokenizer
of its own), and its InferenceEndpointsLLM turns errors into empty answers. So the method with which an LLM class
calls its client is wrapped, and each response is noted in a context variable of the task that asked.
"""

import inspect
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass
class Heard:
    """What a client answered beside the text; empty where nothing could be overheard."""

    finish_reason: str = ""
    reasoning: str = ""
    request_id: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    error: Exception | None = None


# The methods of the clients of distilabel's AsyncLLM classes, the most specific first.
_CALLS = (
    ("chat_completion",),  # Hugging Face, whose client also has a read-only `chat.completions`
    ("chat", "completions", "create"),  # OpenAI and all that speak like it, Groq
    ("chat", "complete_async"),  # Mistral
    ("messages", "create"),  # Anthropic
    ("chat",),  # Ollama, Cohere
)
# Where the responses hold what distilabel drops.
_FINISH = (("choices", 0, "finish_reason"), ("stop_reason",), ("done_reason",), ("finish_reason",))
_REASONING = (
    ("choices", 0, "message", "reasoning_content"), ("choices", 0, "message", "reasoning"),
    ("message", "thinking"),
)
_REQUEST = (("_request_id",), ("id",))
_READ = (("usage", "prompt_tokens"), ("usage", "input_tokens"))
_WRITTEN = (("usage", "completion_tokens"), ("usage", "output_tokens"))
_LENGTH_NAMES = ("length", "max_tokens", "model_length", "MAX_TOKENS")

_heard: ContextVar[Heard] = ContextVar("heard")


def start_hearing() -> Heard:
    """A fresh note for the next call of this task."""
    heard = Heard()
    _heard.set(heard)
    return heard


def overhear(llm: Any) -> None:
    """Wraps the call of a loaded LLM's client; does nothing for an LLM without a client."""
    client = getattr(llm, "_aclient", None)
    if inspect.isfunction(client):  # LiteLLM
        llm._aclient = _noted(client)
        return
    for path in _CALLS:
        holder = _reach(client, path[:-1])
        call = getattr(holder, path[-1], None)
        if callable(call):
            setattr(holder, path[-1], _noted(call))
            return


def _noted(call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def noted(*args: Any, **kwargs: Any) -> Any:
        heard = _heard.get(Heard())
        try:
            response = await call(*args, **kwargs)
        except Exception as error:
            heard.error = error
            raise
        finish = str(_first(response, _FINISH))
        heard.finish_reason = "length" if finish in _LENGTH_NAMES else finish
        heard.reasoning = str(_first(response, _REASONING))
        heard.request_id = str(_first(response, _REQUEST))
        heard.prompt_tokens, heard.completion_tokens = (int(_first(response, p) or 0) for p in (_READ, _WRITTEN))
        return response

    return noted


def _first(response: Any, paths: tuple[tuple[str | int, ...], ...]) -> Any:
    return next((value for value in (_reach(response, path) for path in paths) if value), "")


def _reach(value: Any, path: tuple[str | int, ...]) -> Any:
    """What lies at the end of a path of attributes, keys and positions; None where it breaks off."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            value = getattr(value, step, None)
    return value
