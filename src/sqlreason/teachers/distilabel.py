"""Asks a teacher through distilabel's LLM classes, one request at a time and each for itself.

distilabel's clients are used, its pipeline and cache are not: one failed call costs one row, every answer is
in the journal when it arrives, and running again asks only for what is missing. Any LLM class of distilabel
will do; async ones get ``concurrency`` requests in flight, others are called one after another in a thread.
"""

import asyncio
import json
import logging
import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from tqdm import tqdm

from sqlreason.teachers.faults import judge
from sqlreason.teachers.interruption import run
from sqlreason.teachers.journal import Entry, Journal, key_of
from sqlreason.teachers.overhearing import Heard, overhear, start_hearing
from sqlreason.teachers.scripted import count_tokens
from sqlreason.teachers.teacher import Teacher

logger = logging.getLogger(__name__)


class TeacherError(RuntimeError):
    """Too many questions were left without an answer; what was answered is in the journal."""


@dataclass(frozen=True)
class Request:
    """A question to the teacher: its id, and its chat messages as JSON text."""

    id: str
    messages: str


@dataclass(frozen=True)
class Completion:
    """What became of a request: ``status`` is ``ok`` or ``failed``, ``reason`` says why it failed.

    An answer that was cut off is ``ok`` with the finish reason ``length``: whether to use it is for the
    reader. The other attributes are those of ``journal.Entry``.
    """

    id: str
    text: str
    reasoning: str
    status: str
    reason: str
    finish_reason: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    seconds: float
    usd: float


def ask(
    teacher: Teacher,
    prompts: Sequence[Request],
    journal: Journal,
    *,
    answer_key: Mapping[str, str] | None = None,
    concurrency: int = 8,
    attempts: int = 5,
    timeout_seconds: float = 120.0,
    pause_seconds: float = 1.0,
    max_usd: float | None = None,
    max_failed_share: float = 0.05,
    progress: Callable[[int], None] | None = None,
) -> list[Completion]:
    """Asks what the journal does not know yet and returns one completion a request, in their order.

    Args:
        teacher: Whom to ask.
        prompts: What to ask; equal messages are asked once.
        journal: Holds every answer from its arrival on.
        answer_key: Question -> gold SQL, for the scripted teacher alone.
        concurrency: Requests in flight at most.
        attempts: Calls per request at most; only transient faults are tried again.
        timeout_seconds: For one call.
        pause_seconds: Before the second attempt; it doubles from there, unless the provider names a longer
            one.
        max_usd: Budget for these requests, answers of earlier runs included; checked before every call
            against what the calls in flight may cost at most.
        max_failed_share: More failures than this share end in an error.
        progress: Told how many requests have just ended; None shows a bar.

    Raises:
        TeacherError: More than ``max_failed_share`` of the requests failed.
        ValueError: The teacher's arguments or sampling are faulty.
        KeyboardInterrupt: On Ctrl-C; no new request was sent, and what had arrived is in the journal.
        SystemExit: On SIGTERM, likewise.
    """
    identity = teacher.identity(answer_key)
    keys = [key_of(identity, teacher.sampling, json.loads(request.messages)) for request in prompts]
    missing = {key: request for key, request in zip(keys, prompts, strict=True) if key not in journal}
    logger.info("%d requests, %d answers are not in the journal yet", len(keys), len(missing))
    failures: dict[str, str] = {}
    if missing:
        spent = sum(entry.usd for key in set(keys) if (entry := journal.find(key)))
        with _progress_bar(progress, len(missing)) as told:
            asking = _Asking(
                teacher, teacher.connect(answer_key), journal, deque(missing.items()), told, attempts,
                timeout_seconds, pause_seconds, max_usd, spent,
            )
            run(asking.run(concurrency))
        failures = asking.failures
    completions = [
        _completion(request, journal.find(key), failures.get(key, ""), teacher)
        for key, request in zip(keys, prompts, strict=True)
    ]
    _check_failures(completions, max_failed_share)
    return completions


@dataclass
class _Asking:
    """The state of one ``ask``: workers take requests from the queue until it is empty or something halts them."""

    teacher: Teacher
    llm: Any
    journal: Journal
    queue: deque[tuple[str, Request]]
    progress: Callable[[int], None]
    attempts: int
    timeout_seconds: float
    pause_seconds: float
    max_usd: float | None
    spent: float
    failures: dict[str, str] = field(default_factory=dict)
    halted: str = ""
    in_flight: int = 0
    reserved: float = 0.0
    billed_until: float = 0.0
    rng: random.Random = field(default_factory=lambda: random.Random(0))

    async def run(self, concurrency: int) -> None:
        """Asks everything in the queue."""
        self.llm.load()  # inside the event loop that its client will belong to
        overhear(self.llm)
        self.billed_until = time.monotonic()
        workers = concurrency if hasattr(self.llm, "agenerate") else 1
        try:
            await asyncio.gather(*(self._work() for _ in range(min(workers, len(self.queue)))))
        except asyncio.CancelledError:
            logger.warning(
                "Stopped with %d answers in the journal; run again to ask for the rest.", len(self.journal)
            )
            raise
        finally:
            await _close(self.llm)
        for key, _ in self.queue:
            self.failures[key] = self.halted

    async def _work(self) -> None:
        while self.queue and not self.halted:
            key, request = self.queue.popleft()
            if key in self.journal:  # another process was quicker
                self.progress(1)
                continue
            messages = json.loads(request.messages)
            most = self._most(messages)
            if not self._affordable(most):
                self.queue.appendleft((key, request))
                if self.in_flight:
                    return  # calls in flight may turn out cheaper; their workers go on
                self.halted = f"budget: {self.spent:.4f} of {self.max_usd} US dollars are spent"
                return
            self.in_flight, self.reserved = self.in_flight + 1, self.reserved + most
            try:
                if entry := await self._ask_one(key, request, messages):
                    self.journal.record(entry)  # a journal that cannot be written ends everything
            finally:
                self.in_flight, self.reserved = self.in_flight - 1, self.reserved - most
            self.progress(1)

    async def _ask_one(self, key: str, request: Request, messages: list[dict[str, str]]) -> Entry | None:
        """The answer, or None and a reason among the failures."""
        for attempt in range(1, self.attempts + 1):
            try:
                return await self._call(key, request, messages)
            except Exception as error:
                fault = judge(error)
                if fault.fatal:
                    self.halted = self.halted or f"not asked: {fault.reason}"
                if not fault.transient or attempt == self.attempts or not self._affordable(0.0):
                    self.failures[key] = fault.reason
                    break
                logger.debug("attempt %d for %s: %s", attempt, request.id, fault.reason)
                await asyncio.sleep(fault.pause(attempt, self.pause_seconds, self.rng))
        return None

    async def _call(self, key: str, request: Request, messages: list[dict[str, str]]) -> Entry:
        heard, start = start_hearing(), time.monotonic()
        output = await self._generate(messages)
        if heard.error:
            raise heard.error  # the LLM class swallowed it
        entry = _read_output(output, heard, self.teacher, key, request, time.monotonic() - start)
        tokens = self.teacher.prices.of_tokens(entry.prompt_tokens, entry.completion_tokens)
        priced = replace(entry, usd=tokens + self._time_price())
        self.spent += priced.usd
        return priced

    async def _generate(self, messages: list[dict[str, str]]) -> Any:
        sampling = dict(self.teacher.sampling)
        if hasattr(self.llm, "agenerate"):
            call = self.llm.agenerate(input=messages, **sampling)
            return await asyncio.wait_for(call, self.timeout_seconds)
        return (await asyncio.to_thread(self.llm.generate, inputs=[messages], **sampling))[0]

    def _time_price(self) -> float:
        """The price of the time since the last answer: over all answers it adds up to the wall time."""
        now = time.monotonic()
        usd = self.teacher.prices.of_seconds(now - self.billed_until)
        self.billed_until = now
        return usd

    def _most(self, messages: list[dict[str, str]]) -> float:
        """The most that a request can cost by its tokens."""
        read = sum(count_tokens(message["content"]) for message in messages)
        return self.teacher.prices.of_tokens(2 * read, self.teacher.max_new_tokens)  # twice: SQL has short tokens

    def _affordable(self, usd: float) -> bool:
        if self.max_usd is None or self.teacher.prices.free:
            return True
        running = self.teacher.prices.of_seconds(time.monotonic() - self.billed_until)
        return self.spent + running + self.reserved + usd <= self.max_usd


def _read_output(
    output: Any, heard: Heard, teacher: Teacher, key: str, request: Request, seconds: float
) -> Entry:
    """The journal entry of a distilabel output, not priced yet.

    Raises:
        ValueError: The output is empty, and nothing says why.
    """
    text = (output.get("generations") or [None])[0]
    finish_reason = heard.finish_reason or (output.get("finish_reason") or [""])[0]
    if text is None and not finish_reason:
        raise ValueError("empty answer")
    statistics = output.get("statistics") or {}
    read, written = ((statistics.get(name) or [0])[0] for name in ("input_tokens", "output_tokens"))
    if not finish_reason:  # a client that could not be overheard: a full answer is taken for a cut one
        finish_reason = "length" if 0 < teacher.max_new_tokens <= written else "stop"
    return Entry(
        key=key, id=request.id, model=teacher.name, text=text or "", reasoning=heard.reasoning,
        finish_reason=finish_reason, prompt_tokens=int(read), completion_tokens=int(written), seconds=seconds,
        usd=0.0, request_id=heard.request_id, created=datetime.now(UTC).isoformat(timespec="milliseconds"),
    )


def _completion(request: Request, entry: Entry | None, reason: str, teacher: Teacher) -> Completion:
    if entry is None:
        return Completion(request.id, "", "", "failed", reason, "", teacher.name, 0, 0, 0.0, 0.0)
    return Completion(
        request.id, entry.text, entry.reasoning, "ok", "", entry.finish_reason, entry.model,
        entry.prompt_tokens, entry.completion_tokens, entry.seconds, entry.usd,
    )


def _check_failures(completions: list[Completion], max_failed_share: float) -> None:
    reasons = [completion.reason for completion in completions if completion.status == "failed"]
    if reasons:
        logger.warning("%d of %d requests failed, such as: %s", len(reasons), len(completions), reasons[0])
    if len(reasons) > max_failed_share * len(completions):
        common = max(set(reasons), key=reasons.count)
        raise TeacherError(
            f"{len(reasons)} of {len(completions)} requests failed, more than the accepted share of "
            f"{max_failed_share}; most often: {common}. What was answered is in the journal: mend the cause and run "
            "the same command, it asks for the rest."
        )


@contextmanager
def _progress_bar(progress: Callable[[int], None] | None, total: int) -> Iterator[Callable[[int], None]]:
    if progress is not None:
        yield progress
        return
    with tqdm(total=total, desc="teacher", unit="answer", disable=None) as bar:
        yield lambda count: (bar.update(count), None)[1]


async def _close(llm: Any) -> None:
    """Closes the client, whose connections belong to the event loop that ends here."""
    close = getattr(getattr(llm, "_aclient", None), "close", None)
    if asyncio.iscoroutinefunction(close):
        await close()
