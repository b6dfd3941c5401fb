"""The workers behind ``asking.ask``: they take questions from one queue until it is empty or something halts them."""

import asyncio
import logging
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlreason.teachers.budget import Budget
from sqlreason.teachers.clients.call_errors import judge
from sqlreason.teachers.clients.distilabel_client import Client, Messages
from sqlreason.teachers.clients.replies import Reply, UnreadableReply
from sqlreason.teachers.clients.scripted import count_tokens
from sqlreason.teachers.journal.batched_writer import BatchedWriter
from sqlreason.teachers.journal.journal import Charge, Entry, Journal, UnstorableEntry
from sqlreason.teachers.progress import Tally
from sqlreason.teachers.teacher import Teacher
from sqlreason.teachers.throttle import Throttle
from sqlreason.text.redaction import redact

logger = logging.getLogger(__name__)

Question = tuple[str, str, Messages]  # journal key, id, chat messages


@dataclass(frozen=True)
class Terms:
    """How to ask: see the arguments of ``asking.ask``."""

    concurrency: int
    attempts: int
    pause_seconds: float
    stop_after_failures: int
    accept: Callable[[Entry], bool]


class Work:
    """The state of one run.

    Args:
        teacher: Whom to ask.
        line: The way there.
        journal: Keeps what is answered.
        budget: What may be spent.
        terms: How to ask.
        questions: What to ask.
        progress: Told after each question.
    """

    def __init__(
        self,
        teacher: Teacher,
        line: Client,
        journal: Journal,
        budget: Budget,
        terms: Terms,
        questions: Sequence[Question],
        progress: Callable[[Tally], None],
    ) -> None:
        self.teacher, self.line, self.journal = teacher, line, journal
        self.budget, self.terms, self.progress = budget, terms, progress
        self.queue = deque(questions)
        self.failures: dict[str, str] = {}
        self.halted = ""
        self.tally = Tally(usd=budget.spent)
        width = min(terms.concurrency, line.width or terms.concurrency, max(1, len(questions)))
        self.throttle = Throttle(width, terms.stop_after_failures)
        self.writer = BatchedWriter(journal)
        self.rng = random.Random(0)

    async def do(self) -> None:
        """Ask everything in the queue; questions that a halt left there fail with its reason."""
        await self.line.open()
        self.budget.start()
        workers = [asyncio.create_task(self._work()) for _ in range(self.throttle.most)]
        try:
            await asyncio.gather(*workers)
        except asyncio.CancelledError:
            logger.warning("Stopped with %d answers in the journal; run again for the rest.", len(self.journal))
            raise
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)
            await self.writer.close()
            await self.line.close()
        for key, _, _ in self.queue:
            self.failures[key] = self.halted

    def stop(self) -> None:
        """Let no call start from now on; those in flight may end, since they are paid for."""
        self.halted = self.halted or "not asked: the run was stopped"
        logger.warning(
            "Stopping: waiting for %d calls that are paid for; a second signal drops them.", self.throttle.in_flight
        )
        self.throttle.wake()

    def _goes_on(self) -> bool:
        return not self.halted

    async def _work(self) -> None:
        while self._goes_on() and self.queue:
            question = self.queue.popleft()
            most = self._most(question[2])
            if refusal := self.budget.refusal(most):
                self.queue.appendleft(question)
                if self.budget.reserved:
                    return  # calls in flight may turn out cheaper; their workers go on
                self._halt(refusal)
                return
            self.budget.reserve(most)
            try:
                await self._answer(question)
            finally:
                self.budget.release(most)

    async def _answer(self, question: Question) -> None:
        entry = await self._ask(question)
        if entry is not None and await self._keep(entry):
            self._note(entry)
        elif question[0] in self.failures:
            self.tally.failed += 1
            self._tell()
        else:
            self.queue.append(question)  # halted before it could be asked

    async def _keep(self, entry: Entry) -> bool:
        """Whether the entry is in the journal; a journal that cannot be written at all ends everything."""
        try:
            await self.writer.record(entry)
        except UnstorableEntry as error:
            self.failures[entry.key] = judge(error).reason
            await self._keep_charge(entry.key, entry.usd, self.failures[entry.key])
        return entry.key not in self.failures

    async def _keep_charge(self, key: str, usd: float, reason: str) -> None:
        """Note what was paid for nothing: the bill has it, and so has the budget of the next run."""
        if usd:
            await self.writer.record(Charge(key, usd, reason, _now()))

    async def _ask(self, question: Question) -> Entry | None:
        """The answer; None with a reason among the failures, or without one if a halt came first."""
        key, name, messages = question
        for attempt in range(1, self.terms.attempts + 1):
            charged = 0.0
            async with self.throttle.slot(self._goes_on) as began:
                if began is None:
                    return None
                try:
                    reply = await self.line.call(messages)
                except Exception as error:
                    fault = judge(error)
                    self.throttle.failed(fault, began)
                    if isinstance(error, UnreadableReply):
                        # at most so much; nobody knows better
                        charged = self._pay(messages, self.teacher.max_new_tokens)
                else:
                    self.throttle.succeeded()
                    return self._entry(question, reply, began)
            if fault.fatal:
                self._halt(f"not asked: {fault.reason}")
            elif self.throttle.broken:
                self._halt(f"not asked: {self.throttle.failures} rounds of failures in a row, last {fault.reason}")
            await self._keep_charge(key, charged, fault.reason)  # without the slot, which need not wait for a disk
            if not fault.transient or attempt == self.terms.attempts or self.budget.refusal():
                self.failures[key] = fault.reason
                return None
            logger.debug("attempt %d for %s: %s", attempt, name, fault.reason)
            await self.throttle.pause(fault.pause(attempt, self.terms.pause_seconds, self.rng), self._goes_on)
        return None

    def _entry(self, question: Question, reply: Reply, began: float) -> Entry:
        key, name, messages = question
        written = reply.completion_tokens or count_tokens(reply.text + reply.reasoning)
        return Entry(
            key=key,
            id=name,
            model=self.teacher.name,
            text=reply.text,
            reasoning=reply.reasoning,
            finish_reason=redact(reply.finish_reason),
            prompt_tokens=reply.prompt_tokens,
            completion_tokens=reply.completion_tokens,
            seconds=self.throttle.now() - began,
            usd=self._pay(messages, written, reply.prompt_tokens),
            request_id=redact(reply.request_id),
            created=_now(),
        )

    def _pay(self, messages: Messages, written: int, read: int = 0) -> float:
        """Charges an answer; tokens of the prompt that the provider does not tell are counted here."""
        return self.budget.charge(read or _tokens_of(messages), written)

    def _halt(self, reason: str) -> None:
        self.halted = self.halted or reason
        self.throttle.wake()

    def _note(self, entry: Entry) -> None:
        self.tally.accepted += self.terms.accept(entry)
        self._tell()

    def _tell(self) -> None:
        self.tally.ended += 1
        self.tally.usd, self.tally.in_flight = self.budget.spent, self.throttle.in_flight
        self.progress(self.tally)

    def _most(self, messages: Messages) -> float:
        """The most that a request can cost by its tokens."""
        # twice: SQL has short tokens
        return self.teacher.prices.of_tokens(2 * _tokens_of(messages), self.teacher.max_new_tokens)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _tokens_of(messages: Messages) -> int:
    return sum(count_tokens(message["content"]) for message in messages)
