"""One connection to a teacher through distilabel's LLM classes: a question in, an answer out.

distilabel's clients are used, its pipeline and cache are not (they lose paid work: docs/teachers.md). Any LLM class
will do; async ones take many questions at once, others one after another in a thread.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlreason.teachers.clients.openai_client import lighten
from sqlreason.teachers.clients.replies import Reply, read_reply
from sqlreason.teachers.clients.response_capture import capture_responses, start_capture
from sqlreason.teachers.clients.tool_messages import as_openai
from sqlreason.teachers.teacher import Teacher

Messages = Sequence[Mapping[str, str]]


class Client(Protocol):
    """Where questions go: one provider, or several replicas of it."""

    width: int | None
    """Questions at once at most; None for as many as are asked."""

    async def open(self) -> None:
        """Connects, inside the event loop that the calls will run in."""

    async def call(self, messages: Messages) -> Reply:
        """Ask once.

        Raises:
            Exception: Whatever the provider's client raises; ``call_errors.judge`` reads it.
        """

    async def close(self) -> None:
        """End the connection."""


class DistilabelClient:
    """A ``Client`` of one distilabel LLM.

    Args:
        teacher: Whom to ask.
        answer_key: Question -> gold SQL, for the scripted teacher alone.
        timeout_seconds: For one call, from the first byte sent to the last one read; not for a model that
            runs in this process.

    Raises:
        ValueError: The teacher's arguments or sampling are faulty.
    """

    def __init__(self, teacher: Teacher, answer_key: Mapping[str, str] | None, timeout_seconds: float) -> None:
        self._teacher, self._timeout = teacher, timeout_seconds
        self._llm = teacher.connect(answer_key, timeout_seconds)
        self._concurrent = hasattr(self._llm, "agenerate")
        self.width = None if self._concurrent else 1

    async def open(self) -> None:
        """Load the client, or the model where it runs in this process."""
        self._llm.load()
        if client := getattr(self._llm, "_aclient", None):
            self._llm._aclient = await lighten(client)
        capture_responses(self._llm)

    async def call(self, messages: Messages) -> Reply:
        """Ask once; see ``Client.call``."""
        heard = start_capture()
        try:
            output = await self._generate(list(messages))
        except Exception:
            if not heard.answered:
                raise
            output = {}  # the LLM class stumbled over an answer that is there
        if heard.error:
            raise heard.error  # the LLM class swallowed it
        return read_reply(heard.response, output, self._teacher.max_new_tokens, bool(self._teacher.tools))

    async def close(self) -> None:
        """Close the client, whose connections belong to the event loop that ends here."""
        close = getattr(getattr(self._llm, "_aclient", None), "close", None)
        if asyncio.iscoroutinefunction(close):
            await close()

    async def _generate(self, messages: list[Mapping[str, str]]) -> Any:
        sampling = dict(self._teacher.sampling)
        if self._teacher.tools and self._teacher.kind != "scripted":
            # distilabel's class accepts no roles but these, and what stands in extra_body goes over what it sends
            sampling["extra_body"] = {**sampling["extra_body"], "messages": as_openai(messages)}
            messages = [message for message in messages if message["role"] in ("system", "user")]
        if self._concurrent:
            return await asyncio.wait_for(self._llm.agenerate(input=messages, **sampling), self._timeout)
        # without a limit: a thread cannot be stopped, and a model in this process does not hang on a network
        return (await asyncio.to_thread(self._llm.generate, inputs=[messages], **sampling))[0]
