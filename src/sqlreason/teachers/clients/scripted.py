"""An offline teacher: it knows the gold queries, explains them clause by clause, and errs now and then.

It stands behind distilabel's LLM interface and gets the same messages as a real teacher, so that the whole
chain runs without a network or a bill. It teaches nothing about how good a real teacher is: its queries are
the gold queries, but for ``error_rate``, and its reasoning is written from the query and not from the question.
"""

import asyncio
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlreason.errors import BadInput
from sqlreason.errors.failures import keeping_excepthook
from sqlreason.reasoning import format as grammar
from sqlreason.reasoning.explanation import explain_query
from sqlreason.reasoning.prompts import escape
from sqlreason.sql.mutation.mutants import mutants
from sqlreason.sql.parsing.schema import Schema, SchemaError, parse_schema
from sqlreason.teachers.clients.scripted_looks import choose_looks, next_turn

# OpenAI's rule of thumb for English text ("What are tokens and how to count them", help centre): 4
# characters.
CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True)
class Answer:
    """What the scripted teacher says, with its token counts by ``count_tokens``."""

    text: str
    finish_reason: str
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True)
class Script:
    """How the scripted teacher answers; the same question gets the same answer.

    Attributes:
        answer_key: Question, as it stands in the messages, -> gold SQL. Where one question contains another,
            or the same is asked of two schemas, give the whole user message as the key.
        error_rate: Share of answers with a wrong query (a mutant of the gold), explained as confidently.
        format_error_rate: Share of answers outside of the grammar.
        seed: Varies wording and mistakes.
        style: Of the explanation, see ``explain_query``.
        latency_seconds: How long an answer takes.
        probe_rate: Where it has tools, share of answers before which it looks a value up.
    """

    answer_key: Mapping[str, str] = field(repr=False)
    error_rate: float = 0.1
    format_error_rate: float = 0.02
    seed: int = 0
    style: str = "plan"
    latency_seconds: float = 0.0
    probe_rate: float = 0.3

    def __post_init__(self) -> None:
        for name in ("error_rate", "format_error_rate", "probe_rate"):
            share = getattr(self, name)
            if not 0 <= share <= 1:
                raise BadInput(f"The scripted teacher's {name} is a share in [0, 1], not {share!r}.")

    def answer(self, messages: Sequence[Mapping[str, str]], max_new_tokens: int = 1024, tools: bool = False) -> Answer:
        """The answer to a question; with tools its next turn.

        Args:
            messages: Chat messages with the schema and the question, and what was said since.
            max_new_tokens: The answer is cut there, as a real one would be.
            tools: Whether it may look at the database before.

        Raises:
            ValueError: The messages hold no question of the answer key, or its gold does not parse.
        """
        place = max(number for number, message in enumerate(messages) if message["role"] == "user")
        user = messages[place]["content"]
        question = self._find_question(user)
        rng = random.Random(f"{self.seed}\x1f{question}")
        sql = self._golds[question]
        if rng.random() < self.error_rate:
            sql = _wrong_query(sql, user, rng)
        text = grammar.render(explain_query(sql, rng, self.style), sql)
        if rng.random() < self.format_error_rate:
            text = rng.choice(MALFORMATIONS)(text)
        if tools:
            looks = choose_looks(sql, _schema_in(user), rng.random() < self.probe_rate)
            text = next_turn(text, looks, messages[place + 1 :])
        cut = text[: max_new_tokens * CHARACTERS_PER_TOKEN]
        return Answer(
            text=cut,
            finish_reason="stop" if cut == text else "length",
            prompt_tokens=sum(count_tokens(message["content"]) for message in messages),
            completion_tokens=count_tokens(cut),
        )

    @cached_property
    def _golds(self) -> dict[str, str]:
        """The answer key, its questions also as the prompt builder escapes them."""
        return {**{escape(question): sql for question, sql in self.answer_key.items()}, **self.answer_key}

    def _find_question(self, user: str) -> str:
        if user in self._golds:
            return user
        lines = [line.strip() for line in user.splitlines()]
        tails = [line.partition(": ")[2] for line in lines]
        found = [text for text in [*lines, *tails] if text in self._golds]
        # Questions of several lines are rare, so that the slow search comes last.
        found = found or [question for question in self._golds if question and question in user]
        if not found:
            raise BadInput(f"The answer key has no question that this message holds: {user[-200:]!r}.")
        return max(found, key=len)


def count_tokens(text: str) -> int:
    """An approximation of a text's tokens: a quarter of its characters, rounded up."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def _wrong_query(gold: str, user: str, rng: random.Random) -> str:
    """A wrong neighbour of the gold; the gold itself where there is none."""
    wrong = mutants(gold, _schema_in(user), seed=rng.randrange(2**31))
    return rng.choice(wrong) if wrong else gold


def _schema_in(user: str) -> Schema:
    """The schema as far as a message shows it: the builder writes one CREATE TABLE a line."""
    lines = [line for line in user.splitlines() if line.startswith("CREATE TABLE")]
    try:
        return parse_schema("\n".join(lines))
    except SchemaError:
        return Schema(())


def _without_closing_tag(text: str) -> str:
    return text.replace("</think>\n", "", 1)


def _with_preamble(text: str) -> str:
    return f"Sure, here is the query.\n\n{text}"


def _with_second_query(text: str) -> str:
    return f"{text}\n<sql>\nSELECT 1\n</sql>"


def _with_fence(text: str) -> str:
    return text.replace("<sql>", "```sql").replace("</sql>", "```")


def _without_reasoning(text: str) -> str:
    return text[text.index("<sql>") :]


def _cut_off(text: str) -> str:
    return text[: text.index("<sql>") + len("<sql>") + 12]


MALFORMATIONS = (
    _without_closing_tag,
    _with_preamble,
    _with_second_query,
    _with_fence,
    _without_reasoning,
    _cut_off,
)


def connect_script(script: Script) -> Any:
    """The scripted teacher as a distilabel ``AsyncLLM``; imports distilabel (4 s)."""
    with keeping_excepthook():
        from distilabel.models.llms import AsyncLLM
    from pydantic import PrivateAttr

    class ScriptedLLM(AsyncLLM):  # type: ignore[misc]  # distilabel is untyped
        """Answers from an answer key, with the ``finish_reason`` that distilabel's own clients leave out."""

        _script: Script = PrivateAttr()

        @property
        def model_name(self) -> str:
            """Name of the model."""
            return "scripted"

        async def agenerate(  # distilabel forbids **kwargs in subclasses
            self,
            input: list[dict[str, str]],
            num_generations: int = 1,
            temperature: float = 0.0,
            max_new_tokens: int = 1024,
            extra_body: dict[str, Any] | None = None,
        ) -> dict[str, Any]:
            """Answers one conversation.

            Args:
                input: Chat messages.
                num_generations: How many times the answer is returned.
                temperature: Accepted as every teacher does, without effect.
                max_new_tokens: The answer is cut there.
                extra_body: With `tools` in it, it looks before it answers.

            Returns:
                A distilabel ``GenerateOutput`` with ``finish_reason``.
            """
            await asyncio.sleep(self._script.latency_seconds)
            answer = self._script.answer(input, max_new_tokens, bool((extra_body or {}).get("tools")))
            return {
                "generations": [answer.text] * num_generations,
                "statistics": {
                    "input_tokens": [answer.prompt_tokens] * num_generations,
                    "output_tokens": [answer.completion_tokens] * num_generations,
                },
                "finish_reason": [answer.finish_reason] * num_generations,
            }

    llm = ScriptedLLM()
    llm._script = script
    return llm
