"""A second chance for answers whose query does not run: the student is told what the engine says, and answers again.

The student must have been taught so (`preprocessing.self_repairs`). Tried with one that was not: of 230 queries that
did not run 194 did after the message, and not one answer more was right; of 14 looked at 9 were `SELECT * FROM` a
table.

Only what a user without a gold query has is used: the question's database, on which the query runs or does not. A query
that runs is not asked about again, whatever its result.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlreason.reasoning.format import ParsedAnswer, parse
from sqlreason.reasoning.prompts import build_self_repair
from sqlreason.sql.execution_errors import describe_errors
from sqlreason.sql.verifier import Task, Verifier
from sqlreason.students.checkpoints.chat import Messages
from sqlreason.students.generation.decoding import Generation
from sqlreason.students.generation.generator import Generator

logger = logging.getLogger(__name__)

#: Answers conversations, one answer each; the number of the round lets samples differ between rounds.
Ask = Callable[[list[Messages], int], list[Generation]]


@dataclass(frozen=True)
class Repaired:
    """An answer after its corrections.

    Attributes:
        answer: The last readable one; tokens and seconds are those of all that were written.
        first: Text of the answer before any correction.
        retries: How often the student was told what the engine says.
        too_long: Whether a correction was not asked for because it does not fit into what the student reads.
    """

    answer: Generation
    first: str
    retries: int = 0
    too_long: bool = False


def answer(
    student: Generator,
    conversations: Sequence[Messages],
    tasks: Sequence[Task],
    *,
    samples: int,
    temperature: float,
    max_new_tokens: int,
    attempts: int,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
    rows: Sequence[Mapping[str, Any]] = (),
) -> list[Repaired]:
    """Let a student answer questions and correct what does not run.

    A student with tools has seen what its queries come to, and is not asked to correct them.

    Args:
        student: Who is asked.
        conversations: Chat messages of each question.
        tasks: For the database of each; gold queries are not used.
        samples: Answers to each question, every one of which is corrected; 1 answers greedily.
        temperature: Of several answers and of their corrections.
        max_new_tokens: Limit of an answer.
        attempts: Corrections of an answer at most; 0 for none.
        seed: Of the samples.
        progress: Called with the number of completions of each finished batch of first answers.
        rows: What names the database of each question for the tools of a student that has some.

    Returns:
        The answers, the samples of a question side by side.
    """
    chances: dict[str, Any] = {"max_new_tokens": max_new_tokens, "temperature": temperature if samples > 1 else 0.0}
    named: dict[str, Any] = {} if student.tools is None else {"rows": rows}
    answers = student.answer(conversations, progress, samples=samples, seed=seed, **named, **chances)
    if not attempts or student.tools is not None:
        return [Repaired(given, given.text) for given in answers]
    if student.adapter is None or not student.adapter.facts.get("self_repairs"):
        logger.warning(
            "the student was taught no corrections (preprocessing.self_repairs): what it answers to the engine's "
            "message may run and have nothing to do with the question"
        )
    chat, window = student.checkpoint.load_chat(), student.checkpoint.window
    return correct(
        answers,
        [messages for messages in conversations for _ in range(samples)],
        [task for task in tasks for _ in range(samples)],
        lambda asked, number: student.answer(asked, seed=seed + number + 1, **chances),
        attempts=attempts,
        fits=lambda messages: window is None or len(chat.prompt_ids(messages)) + max_new_tokens <= window,
    )


def correct(
    answers: Sequence[Generation],
    conversations: Sequence[Messages],
    tasks: Sequence[Task],
    ask: Ask,
    *,
    attempts: int,
    fits: Callable[[Messages], bool],
    word: Callable[[Messages, ParsedAnswer, str], Sequence[dict[str, str]]] = build_self_repair,
) -> list[Repaired]:
    """Let the student answer again where its query does not run, at most `attempts` times.

    Each round shows the question, the last answer and what the engine says about its query. A new answer outside of the
    grammar does not replace the one before it, and ends the attempts: the engine can say nothing about it.

    Args:
        answers: The student's, one a conversation.
        conversations: Chat messages that asked for them.
        tasks: For the database of each; gold queries are not used.
        ask: Answers again.
        attempts: Rounds at most.
        fits: Whether the student can read a conversation and answer it.
        word: Builds the conversation that asks again.
    """
    state = [Repaired(given, given.text) for given in answers]
    waiting = list(range(len(state)))
    with Verifier() as verifier:
        for number in range(attempts):
            asked = {}
            for i, reading, error in _failing(verifier, state, tasks, waiting):
                messages = word(conversations[i], reading, error)
                if fits(messages):
                    asked[i] = messages
                else:
                    state[i] = replace(state[i], too_long=True)
            if not asked:
                break
            answered = dict(zip(asked, ask(list(asked.values()), number), strict=True))
            for i, new in answered.items():
                state[i] = _after(state[i], new)
            waiting = [i for i, new in answered.items() if _readable(new)]
        _tell(verifier, state, tasks)
    return state


def _failing(
    verifier: Verifier, state: Sequence[Repaired], tasks: Sequence[Task], among: Sequence[int]
) -> list[tuple[int, ParsedAnswer, str]]:
    """Which answers hold a query that does not run, with what the engine says."""
    readings = [(i, parse(state[i].answer.text)) for i in among if _readable(state[i].answer)]
    told = describe_errors(verifier, [(tasks[i], reading.sql) for i, reading in readings])
    return [(i, reading, text) for (i, reading), text in zip(readings, told, strict=True) if text]


def _readable(answer: Generation) -> bool:
    return answer.finished and parse(answer.text).well_formed


def _after(before: Repaired, new: Generation) -> Repaired:
    tokens, seconds = before.answer.tokens + new.tokens, before.answer.seconds + new.seconds
    chosen = replace(new if _readable(new) else before.answer, tokens=tokens, seconds=seconds)
    return replace(before, answer=chosen, retries=before.retries + 1)


def _tell(verifier: Verifier, state: Sequence[Repaired], tasks: Sequence[Task]) -> None:
    retried = [i for i, corrected in enumerate(state) if corrected.retries]
    failing = len(_failing(verifier, state, tasks, retried))
    logger.info(
        "%d of %d queries did not run; %d of these were answered again, %d run now; %d were too long to ask again",
        len(retried) + sum(corrected.too_long and not corrected.retries for corrected in state), len(state),
        len(retried), len(retried) - failing, sum(corrected.too_long for corrected in state),
    )  # fmt: skip
