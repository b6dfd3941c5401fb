"""Asks a teacher many questions, each for itself: one failed call costs one row and nothing is paid for twice.

Every answer is in the journal before its worker asks again, so that running again asks only for what is missing,
whatever ended the run. One process at a time asks for a journal; others may read it.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlreason.errors import SqlReasonError
from sqlreason.teachers.budget import Budget
from sqlreason.teachers.clients.distilabel_client import Client
from sqlreason.teachers.interruption import run
from sqlreason.teachers.journal.journal import Entry, Journal, key_of
from sqlreason.teachers.progress import Tally, shown
from sqlreason.teachers.replicas import connect
from sqlreason.teachers.teacher import Teacher
from sqlreason.teachers.workers import Terms, Work

logger = logging.getLogger(__name__)


class TeacherError(SqlReasonError, RuntimeError):
    """Too many questions were left without an answer; what was answered is in the journal."""


@dataclass(frozen=True)
class Request:
    """A question to the teacher.

    Attributes:
        id: Of the question.
        messages: Its chat messages as JSON text.
        sample: Which of several answers to the same question this asks for, from 0 on.
    """

    id: str
    messages: str
    sample: int = 0


@dataclass(frozen=True)
class Completion:
    """What became of a request: ``status`` is ``ok`` or ``failed``, ``reason`` says why it failed.

    An answer that was cut off is ``ok`` with the finish reason ``length``: whether to use it is for the
    reader. The other attributes are those of ``journal.Entry``; of equal requests the first one has tokens and dollars.
    Its dollars include what was paid for replies to it, in any run, of which no answer came.
    """

    id: str
    sample: int
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
    request_id: str


def ask(
    teacher: Teacher,
    prompts: Sequence[Request],
    journal: Journal,
    *,
    answer_key: Mapping[str, str] | None = None,
    line: Client | None = None,
    concurrency: int = 8,
    attempts: int = 5,
    timeout_seconds: float = 120.0,
    pause_seconds: float = 1.0,
    stop_after_failures: int = 20,
    max_usd: float | None = None,
    max_hours: float | None = None,
    max_failed_share: float = 0.05,
    accept: Callable[[Entry], bool] | None = None,
    progress: Callable[[Tally], None] | None = None,
) -> list[Completion]:
    """Ask what the journal does not know yet and return one completion a request, in their order.

    Args:
        teacher: Whom to ask.
        prompts: What to ask; equal messages with equal sample numbers are asked once.
        journal: Holds every answer from its arrival on.
        answer_key: Question -> gold SQL, for the scripted teacher alone.
        line: Where to ask; by default one connection to the teacher, or to each of its replicas.
        concurrency: Requests in flight at most; fewer while the provider is overloaded.
        attempts: Calls per request at most; only transient faults are tried again.
        timeout_seconds: For one call.
        pause_seconds: Before the second attempt; it doubles from there, unless the provider names a longer
            one.
        stop_after_failures: So many rounds of failures in a row end the run.
        max_usd: Budget for these requests, answers of earlier runs included; checked before every call
            against what the calls in flight may cost at most.
        max_hours: Hours that this run may ask.
        max_failed_share: More failures than this share end in an error.
        accept: Tells a usable answer, for the accepted share in the progress bar.
        progress: Told how things stand after each request; None shows a bar.

    Raises:
        TeacherError: More than ``max_failed_share`` of the requests failed.
        JournalError: Another process is asking for this journal.
        ValueError: The teacher's arguments or sampling are faulty.
        KeyboardInterrupt: On Ctrl-C; no new request was sent, and what had arrived is in the journal.
        SystemExit: On SIGTERM, likewise.
    """
    keys = keys_of(teacher, prompts, answer_key)
    failures: dict[str, str] = {}
    if len(journal.find_all(set(keys))) < len(set(keys)):
        line = line or connect(teacher, answer_key, timeout_seconds)
        terms = Terms(concurrency, attempts, pause_seconds, stop_after_failures, accept or (lambda _: True))
        with journal.only_asker():
            known = journal.find_all(set(keys))  # with the lock held, so that what is missing stays missing
            missing = {key: request for key, request in zip(keys, prompts, strict=True) if key not in known}
            logger.info("%d requests, %d answers are not in the journal yet", len(keys), len(missing))
            spent = sum(entry.usd for entry in known.values()) + sum(journal.charged(set(keys)).values())
            budget = Budget(teacher.prices, max_usd, max_hours, spent)
            questions = [(key, request.id, json.loads(request.messages)) for key, request in missing.items()]
            try:
                with shown(progress, len(missing)) as told:
                    work = Work(teacher, line, journal, budget, terms, questions, told)
                    run(work.do(), work.stop)
            except (KeyboardInterrupt, SystemExit):
                kept = len(journal.find_all(set(keys)))
                logger.warning("Stopped with %d answers in the journal; run again to ask for the rest.", kept)
                raise
            failures = work.failures
    else:
        logger.info("%d requests, 0 answers are not in the journal yet", len(keys))
    found, charged = journal.find_all(set(keys)), journal.charged(set(keys))
    paid: set[str] = set()
    completions = []
    for key, request in zip(keys, prompts, strict=True):
        entry = found.get(key)
        if entry is not None and key in paid:  # asked once, so billed once
            entry = replace(entry, prompt_tokens=0, completion_tokens=0, usd=0.0)
        paid.add(key)
        completion = _completion(request, entry, failures.get(key, ""), teacher)
        completions.append(replace(completion, usd=completion.usd + charged.pop(key, 0.0)))
    check_failures([one.reason for one in completions if one.status == "failed"], len(completions), max_failed_share)
    return completions


def keys_of(teacher: Teacher, prompts: Sequence[Request], answer_key: Mapping[str, str] | None = None) -> list[str]:
    """The names under which the journal keeps the answers to these requests."""
    identity = teacher.identity(answer_key)
    return [key_of(identity, teacher.sampling, json.loads(p.messages), p.sample) for p in prompts]


def _completion(request: Request, entry: Entry | None, reason: str, teacher: Teacher) -> Completion:
    if entry is None:
        lost = ("", "", "failed", reason, "", teacher.name, 0, 0, 0.0, 0.0, "")
        return Completion(request.id, request.sample, *lost)
    return Completion(
        request.id,
        request.sample,
        entry.text,
        entry.reasoning,
        "ok",
        "",
        entry.finish_reason,
        entry.model,
        entry.prompt_tokens,
        entry.completion_tokens,
        entry.seconds,
        entry.usd,
        entry.request_id,
    )


def check_failures(reasons: Sequence[str], asked: int, max_failed_share: float) -> None:
    """Say how many requests failed.

    Args:
        reasons: Of those that did.
        asked: All of them.
        max_failed_share: More than this share are too many.

    Raises:
        TeacherError: If too many did.
    """
    if reasons:
        logger.warning("%d of %d requests failed, such as: %s", len(reasons), asked, reasons[0])
    if len(reasons) > max_failed_share * asked:
        common = max(set(reasons), key=reasons.count)
        raise TeacherError(
            f"{len(reasons)} of {asked} requests failed, more than the accepted share of "
            f"{max_failed_share}; most often: {common}. What was answered is in the journal: mend the cause and run "
            "the same command, it asks for the rest."
        )
