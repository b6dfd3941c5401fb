"""A teacher that looks at the database before it answers: its turns are asked for in rounds, one of each conversation.

Every turn is a request of its own, in the journal under all that was said before it, so that nothing is paid for twice
here either: a conversation that broke off goes on from where it was. The tools are those of a session, on the original
database; what they say is worked out again by whoever goes on, and checked by preprocessing.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlreason.environments.session import Session
from sqlreason.environments.tool_calls import find_calls, without_calls
from sqlreason.reasoning.format import parse
from sqlreason.teachers.asking import Completion, Request

#: Asks for one turn of each request.
Ask = Callable[[Sequence[Request]], Sequence[Completion]]


@dataclass
class TeacherEpisode:
    """One conversation.

    Attributes:
        request: With the prompt.
        session: Whose tools it calls.
        messages: What was said behind the prompt.
        turns: What was asked for and paid.
        finished: Whether no further turn is asked for.
    """

    request: Request
    session: Session
    messages: list[dict[str, str]] = field(default_factory=list)
    turns: list[Completion] = field(default_factory=list)
    finished: bool = False

    @property
    def next_request(self) -> Request:
        """What is asked next: the prompt, and all that was said since."""
        return replace(self.request, messages=json.dumps([*json.loads(self.request.messages), *self.messages]))

    def take(self, turn: Completion, most_turns: int) -> None:
        """Note a turn and answer its calls.

        Args:
            turn: What came back.
            most_turns: With so many it is at its end.
        """
        self.turns.append(turn)
        if turn.status == "ok":
            self.messages.append({"role": "assistant", "content": turn.text})
        calls = find_calls(turn.text) if turn.finish_reason != "length" else []
        for name, arguments in calls:
            told = self.session.call(name, arguments)
            self.messages.append({"role": "tool", "name": name, "content": told})
        self.finished = not calls or self.session.done or len(self.turns) >= most_turns

    @property
    def text(self) -> str:
        """The answer in the grammar; of a submission with the reasoning of its turn. Empty where there is none."""
        last = self.turns[-1].text
        if not self.session.done:
            return "" if find_calls(last) else last
        query, words = parse(str(self.session.completion)).sql, without_calls(last)
        if words and "</think>" not in words:
            words = f"<think>\n{words}\n</think>"
        return f"{words}\n<sql>\n{query}\n</sql>".strip()

    @property
    def row(self) -> dict[str, Any]:
        """The answer as a completion, with the price of all turns, and what led to it."""
        last = self.turns[-1]
        sums = ("prompt_tokens", "completion_tokens", "seconds", "usd")
        return {
            **vars(last),
            "text": self.text if last.finish_reason != "length" else last.text,
            **{name: sum(getattr(turn, name) for turn in self.turns) for name in sums},
            "turns": sum(turn.status == "ok" for turn in self.turns),
            "tool_calls": len(self.session.calls),
            "tool_errors": sum(call.failed for call in self.session.calls),
            "conversation": json.dumps(self.messages, ensure_ascii=False),
        }


def converse(episodes: Sequence[TeacherEpisode], ask: Ask, most_turns: int) -> list[dict[str, Any]]:
    """Ask until every conversation has come to its end; return a row each, in their order.

    Args:
        episodes: None of them begun.
        ask: Asks for the next turn of some of them; a request that fails ends its conversation.
        most_turns: Of a conversation.
    """
    going = list(episodes)
    while going:
        turns = ask([episode.next_request for episode in going])
        for episode, turn in zip(going, turns, strict=True):
            episode.take(turn, most_turns)
        going = [episode for episode in going if not episode.finished]
    return [episode.row for episode in episodes]
