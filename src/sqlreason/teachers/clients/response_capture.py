"""Overhears what a provider's client returns: distilabel drops most of it, and swallows errors.

distilabel 1.5.3 keeps of a provider's response the text and the token counts only (its LiteLLM counts by a tokenizer
of its own), and its InferenceEndpointsLLM turns errors into empty answers. So the method with which an LLM class
calls its client is wrapped, and each response is noted in a context variable of the task that asked.
"""

import inspect
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import reduce
from typing import Any


@dataclass
class CapturedResponse:
    """What a client answered.

    Attributes:
        answered: Whether it did; without this, nothing could be overheard.
        response: As it came.
        error: What it raised instead.
    """

    answered: bool = False
    response: Any = None
    error: Exception | None = None


# The methods of the clients of distilabel's AsyncLLM classes, the most specific first.
_CALLS = (
    ("chat_completion",),  # Hugging Face, whose client also has a read-only `chat.completions`
    ("chat", "completions", "create"),  # OpenAI and all that speak like it, Groq
    ("chat", "complete_async"),  # Mistral
    ("messages", "create"),  # Anthropic
    ("chat",),  # Ollama, Cohere
)

_heard: ContextVar[CapturedResponse] = ContextVar("heard")


def start_capture() -> CapturedResponse:
    """A fresh note for the next call of this task."""
    heard = CapturedResponse()
    _heard.set(heard)
    return heard


def capture_responses(llm: Any) -> None:
    """Wrap the call of a loaded LLM's client; do nothing for an LLM without a client."""
    client = getattr(llm, "_aclient", None)
    if inspect.isfunction(client):  # LiteLLM
        llm._aclient = _noted(client)
        return
    for path in _CALLS:
        holder = reduce(lambda value, name: getattr(value, name, None), path[:-1], client)
        call = getattr(holder, path[-1], None)
        if callable(call):
            setattr(holder, path[-1], _noted(call))
            return


def _noted(call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def noted(*args: Any, **kwargs: Any) -> Any:
        heard = _heard.get(CapturedResponse())
        try:
            response = await call(*args, **kwargs)
        except Exception as error:
            heard.error = error
            raise
        heard.answered, heard.response = True, response
        return response

    return noted
