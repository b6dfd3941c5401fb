"""One connection to a teacher through distilabel's LLM classes: a question in, an answer out.

distilabel's clients are used, its pipeline and cache are not (they lose paid work: docs/teachers.md). Any LLM class
will do; async ones take many questions at once, others one after another in a thread.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlreason.teachers.openai_client import lighten
from sqlreason.teachers.overhearing import Heard, overhear, start_hearing
from sqlreason.teachers.teacher import Teacher

Messages = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Reply:
    """What a teacher answered to one question.

    Attributes:
        text: The content, as it came.
        reasoning: The provider's separate reasoning field, as it came; empty if there is none.
        finish_reason: ``stop``, ``length``, or what else the provider said.
        prompt_tokens: Tokens read.
        completion_tokens: Tokens written.
        request_id: The provider's name for the call.
    """

    text: str
    reasoning: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int
    request_id: str


class Line(Protocol):
    """Where questions go: one provider, or several replicas of it."""

    width: int | None
    """Questions at once at most; None for as many as are asked."""

    async def open(self) -> None:
        """Connects, inside the event loop that the calls will run in."""

    async def call(self, messages: Messages) -> Reply:
        """Asks once.

        Raises:
            Exception: Whatever the provider's client raises; ``faults.judge`` reads it.
        """

    async def close(self) -> None:
        """Ends the connection."""


class DistilabelLine:
    """A ``Line`` to one distilabel LLM.

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
        """Loads the client, or the model where it runs in this process."""
        self._llm.load()
        if client := getattr(self._llm, "_aclient", None):
            self._llm._aclient = await lighten(client)
        overhear(self._llm)

    async def call(self, messages: Messages) -> Reply:
        """Asks once; see ``Line.call``."""
        heard = start_hearing()
        output = await self._generate(list(messages))
        if heard.error:
            raise heard.error  # the LLM class swallowed it
        return _read_output(output, heard, self._teacher.max_new_tokens)

    async def close(self) -> None:
        """Closes the client, whose connections belong to the event loop that ends here."""
        close = getattr(getattr(self._llm, "_aclient", None), "close", None)
        if asyncio.iscoroutinefunction(close):
            await close()

    async def _generate(self, messages: list[Mapping[str, str]]) -> Any:
        sampling = dict(self._teacher.sampling)
        if self._concurrent:
            return await asyncio.wait_for(self._llm.agenerate(input=messages, **sampling), self._timeout)
        # without a limit: a thread cannot be stopped, and a model in this process does not hang on a network
        return (await asyncio.to_thread(self._llm.generate, inputs=[messages], **sampling))[0]


def _read_output(output: Any, heard: Heard, max_new_tokens: int) -> Reply:
    """What a distilabel output holds, completed by what was overheard.

    Raises:
        ValueError: The output is empty, and nothing says why.
    """
    text = (output.get("generations") or [None])[0]
    finish_reason = heard.finish_reason or (output.get("finish_reason") or [""])[0]
    if text is None and not finish_reason:
        raise ValueError("empty answer")
    statistics = output.get("statistics") or {}
    read, written = (int((statistics.get(name) or [0])[0]) for name in ("input_tokens", "output_tokens"))
    read, written = heard.prompt_tokens or read, heard.completion_tokens or written
    if not finish_reason:  # a client that could not be overheard: a full answer is taken for a cut one
        finish_reason = "length" if 0 < max_new_tokens <= written else "stop"
    return Reply(text or "", heard.reasoning, finish_reason, read, written, heard.request_id)
