"""Episodes: a student that may look at a database between its turns, from the prompt to its answer.

The same loop runs in training, evaluation and `ask`. A turn that calls tools is followed by what these say, until the
student submits a query, answers in the grammar, or has no room left. What it has written is never cut into tokens
again, and what tools say is marked, since nothing is learned of it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
import torch

from sqlreason.data.tables import records
from sqlreason.environments.session import Session, SessionFactory
from sqlreason.reasoning.format import parse, render
from sqlreason.students.checkpoints.chat import Messages
from sqlreason.students.checkpoints.tool_chat import ToolChat
from sqlreason.students.generation.decoding import Generation, Sampling, batches, complete, inference

if TYPE_CHECKING:
    from sqlreason.students.generation.decoding import Model


_THOUGHT = re.compile(r"<think>(.*?)</think>", re.DOTALL)


class Turns(NamedTuple):
    """What a student wrote next in some conversations: ids of each, and their log-probabilities if they are known."""

    ids: Sequence[list[int]]
    logps: Sequence[list[float]] | None = None


#: Writes the next turn behind rows of token ids: the rows, the room of the longest turn, the number of the turn.
Write = Callable[[list[list[int]], int, int], Turns]


@dataclass(frozen=True)
class Conversation(Generation):
    """An answer with what led to it; `tokens` are those that the student wrote.

    Attributes:
        turns: Of the student.
        tool_calls: Of these turns.
        tool_errors: Calls that failed.
        tool_tokens: Tokens of what tools said.
        conversation: The messages behind the prompt, JSON.
    """

    turns: int
    tool_calls: int
    tool_errors: int
    tool_tokens: int
    conversation: str


#: Figures that a conversation has beside an answer; columns of tables.
USED = ("turns", "tool_calls", "tool_errors", "tool_tokens")


class Episode:
    """One conversation of a student with the tools of a session.

    Attributes:
        ids: Behind the prompt, the student's and the tools'.
        own: Of each whether the student wrote it, 1 or 0.
        logps: Of each, 0 for the tools'; None where they are not known.
        messages: What was said behind the prompt.
        finished: Whether it has come to an answer.
    """

    def __init__(self, chat: ToolChat, prompt: Sequence[int], session: Session, limit: int) -> None:
        """Begin behind a prompt.

        Args:
            chat: The student's tokenizer with its chat template.
            prompt: Ids that it reads first.
            session: Whose tools it calls.
            limit: Tokens of the whole episode behind the prompt.
        """
        self.chat, self.prompt, self.session, self.limit = chat, list(prompt), session, limit
        self.ids: list[int] = []
        self.own: list[int] = []
        self.logps: list[float] | None = None
        self.messages: list[dict[str, str]] = []
        self.finished = False
        self._last: list[int] = []

    @property
    def row(self) -> list[int]:
        """All that the student has before it."""
        return self.prompt + self.ids

    @property
    def room(self) -> int:
        """Tokens that are left."""
        return self.limit - len(self.ids)

    def take(self, turn: Sequence[int], logps: Sequence[float] | None = None) -> None:
        """Append a turn of the student, up to the limit."""
        self._last = list(turn[: self.room])
        self.ids += self._last
        self.own += [1] * len(self._last)
        if logps is not None:
            self.logps = [*(self.logps or ()), *logps[: len(self._last)]]
        self.messages.append({"role": "assistant", "content": self.chat.read(self._last)})

    def goes_on(self) -> bool:
        """Answer the calls of the last turn; return whether the student is to write another."""
        if not self._last or not self.chat.is_finished(self._last):
            return False
        calls = self.chat.read_calls(self._last, self.row[: -len(self._last)])
        results = [(name, self.session.call(name, arguments)) for name, arguments in calls]
        self.messages += [{"role": "tool", "name": name, "content": text} for name, text in results]
        if not calls or self.session.done:
            self.finished = True
            return False
        told = self.chat.result_ids(results)
        if len(told) >= self.room:
            return False
        self.ids += told
        self.own += [0] * len(told)
        self.logps = None if self.logps is None else [*self.logps, *[0.0] * len(told)]
        return True

    @property
    def text(self) -> str:
        """The answer: the query that was submitted, with the reasoning of the turn that did; else the last turn."""
        last = self.chat.read(self._last)
        if not self.session.done:
            return last
        submitted, thought = str(self.session.completion), _THOUGHT.search(last)
        query = parse(submitted).sql
        with_thought = render(thought[1], query) if thought and query else submitted
        return with_thought if parse(with_thought).well_formed else submitted

    @property
    def told(self) -> dict[str, Any]:
        """The figures of `USED`, and the conversation."""
        return {
            "turns": sum(message["role"] == "assistant" for message in self.messages),
            "tool_calls": len(self.session.calls),
            "tool_errors": sum(call.failed for call in self.session.calls),
            "tool_tokens": self.own.count(0),
            "conversation": json.dumps(self.messages, ensure_ascii=False),
        }


def play(episodes: Sequence[Episode], write: Write) -> None:
    """Let episodes that have their first turn go on until none of them does.

    Args:
        episodes: Of one student.
        write: Writes for it.
    """
    turn = 0
    while going := [episode for episode in episodes if episode.goes_on()]:
        turn += 1
        written = write([episode.row for episode in going], max(episode.room for episode in going), turn)
        for place, episode in enumerate(going):
            episode.take(written.ids[place], written.logps[place] if written.logps is not None else None)
        episodes = going


def answer(
    model: Model,
    chat: ToolChat,
    conversations: Sequence[Messages],
    rows: Sequence[Mapping[str, Any]],
    sessions: SessionFactory,
    max_new_tokens: int,
    batch_size: int,
    temperature: float = 0.0,
    samples: int = 1,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> list[Conversation]:
    """Answer each conversation `samples` times, with tools.

    Args:
        model: As of `decoding.generate`.
        chat: With the tools.
        conversations: Chat messages of each prompt.
        rows: What names the database of each, as `SessionFactory.open` reads it.
        sessions: Opens the episodes.
        max_new_tokens: Limit of an episode, what tools say included.
        batch_size: As of `decoding.generate`, and the rest.
        temperature: Of the draws.
        samples: Episodes of each prompt.
        seed: Of the draws.
        progress: Called with the number of episodes that have ended.
    """
    sampling = Sampling(max_new_tokens, temperature, samples)
    prompts = [chat.prompt_ids(messages) for messages in conversations]
    found: list[list[Conversation]] = [[] for _ in prompts]
    with inference(model):
        for start, chosen in batches(prompts, batch_size, samples):
            began = time.monotonic()
            random = torch.Generator(model.device).manual_seed(seed + start)

            def write(rows: list[list[int]], room: int, _: int, random: torch.Generator = random) -> Turns:
                one = replace(sampling, max_new_tokens=room, samples=1)
                return Turns(complete(model, rows, one, chat.ends, random))

            first = complete(model, [prompts[i] for i in chosen], sampling, chat.ends, random)
            owners = [i for i in chosen for _ in range(samples)]
            episodes = [Episode(chat, prompts[i], sessions.open(**rows[i]), max_new_tokens) for i in owners]
            for episode, turn in zip(episodes, first, strict=True):
                episode.take(turn)
            play(episodes, write)
            seconds = (time.monotonic() - began) / len(episodes)
            for i, episode in zip(owners, episodes, strict=True):
                found[i].append(_conversation(episode, seconds))
            if progress is not None:
                progress(len(episodes))
    return [conversation for group in found for conversation in group]


def databases_of(prompts: pd.DataFrame) -> list[dict[str, Any]]:
    """Return what names the database of each row of a table of prompts, for `answer`."""
    return records(prompts.filter(["task", "sql_context"]))


def _conversation(episode: Episode, seconds: float) -> Conversation:
    return Conversation(episode.text, episode.own.count(1), episode.finished, seconds, **episode.told)
