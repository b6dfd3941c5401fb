"""How a student is spoken to with the tools of a session: what its prompts say of them, and how it calls them.

A conversation only ever grows: what the student wrote stays as it wrote it, and behind it come the results of its calls
as the template writes them. So the tokens that it is trained on are those that it reads, whatever a template does to
earlier turns. Calls are read by the parsers of trl (`response_template` of transformers): the first that gives back
what the student's own template writes is the right one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from sqlreason.environments.session import TOOLS, ToolLimits
from sqlreason.environments.tool_calls import find_calls, without_calls
from sqlreason.environments.trl_environment import SqlTools
from sqlreason.environments.wording import invite
from sqlreason.students.checkpoints import chat_templates
from sqlreason.students.checkpoints.chat import NOT_TRAINED, Chat
from sqlreason.students.checkpoints.chat_templates import ChatError, Messages

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from sqlreason.students.checkpoints.adapter import Adapter

#: Parsers in `trl.chat_template_utils` that read calls of tools, the commonest first.
READERS = (
    "qwen3_template", "llama3_template", "qwen3_5_template", "glm4moe_template", "gptoss_template",
    "lfm2_2_5_template", "gemma4_template", "nemotron_3_template",
)  # fmt: skip

#: Where the facts of an adapter say that it was trained with tools, and with which limits.
FACT = "tools"

_QUERY = "SELECT \"a\" FROM t WHERE b <= 'é'"
_RESULT = "sqlreason-result | 7"
_ANSWER = "<think>\nCall nothing.\n</think>\n<sql>\nSELECT a FROM t\n</sql>"
_ASKED = ({"role": "user", "content": "u"},)


@dataclass(frozen=True, eq=False)
class ToolChat(Chat):
    """A chat whose prompts tell of tools.

    Attributes:
        tools: Their JSON schemas, as templates take them.
    """

    tools: tuple[Mapping[str, Any], ...] = ()

    def result_ids(self, results: Sequence[tuple[str, str]]) -> list[int]:
        """Return the ids that follow a turn that called tools: what these say, and the beginning of the next turn.

        Args:
            results: Name and text of each call's tool, in order.
        """
        calling = [*_ASKED, _calling(results[0][0], {})]
        told = [{"role": "tool", "name": name, "content": text} for name, text in results]
        ends = self._ids(calling, add_generation_prompt=False).count(self.end)
        whole = self._ids([*calling, *told], add_generation_prompt=True)
        places = [place for place, number in enumerate(whole) if number == self.end]
        return whole[places[ends - 1] + 1 :]

    def read_calls(self, turn: Sequence[int], before: Sequence[int]) -> list[tuple[str, Any]]:
        """Return name and arguments of each call in a turn; none where it calls nothing, or nothing that can be read.

        Args:
            turn: Ids of what the student wrote.
            before: Ids of all that it had read.
        """
        return _read_calls(self.tokenizer, turn, before)

    def lesson_row(self, messages: Messages, lesson: Messages) -> dict[str, list[int]]:
        """Return a conversation as it is trained on: `input_ids`, and `labels` at what the student is to write.

        Args:
            messages: The prompt.
            lesson: What is said behind it (`environments.conversations.as_lesson`).

        Raises:
            ChatError: If a call would not be read back as it stands there.
        """
        ids = self.prompt_ids(messages)
        labels = [NOT_TRAINED] * len(ids)
        for message in lesson:
            if message["role"] == "tool":
                said = self.result_ids([(message["name"], message["content"])])
                labels += [NOT_TRAINED] * len(said)
            else:
                said = self._turn_ids(message["content"], ids)
                labels += said
            ids = ids + said
        return {"input_ids": ids, "labels": labels}

    def example_row(self, messages: Messages, completion: str, conversation: str) -> dict[str, list[int]]:
        """Return a row of SFT: of the conversation (JSON) where there is one, else of the completion."""
        if conversation:
            return self.lesson_row(messages, json.loads(conversation))
        return self.row(messages, completion)

    @property
    def facts(self) -> dict[str, Any]:
        """Return what was chosen, the tools among it."""
        return {**super().facts, FACT: list(TOOLS)}

    def _turn_ids(self, text: str, before: Sequence[int]) -> list[int]:
        """The ids of a turn whose call, if there is one, is written as the template writes it."""
        calls = find_calls(text)
        if not calls:
            return self.completion_ids(text)
        words, call = without_calls(text), _written_call(self, *calls[0])
        if self.opening and not words.startswith("<think>"):  # a thought that the prompt has opened is closed
            words = f"{self.opening}</think>\n\n{words}"
        ids = self.completion_ids(f"{words}\n{call}".lstrip() if words else call)
        if self.read_calls(ids, before) != calls:
            raise ChatError(f"its own parser does not read back the call {text[-80:]!r}")
        return ids

    def _ids(self, messages: Sequence[Mapping[str, Any]], **options: Any) -> list[int]:
        given = {"tokenize": True, "return_dict": False, "tools": list(self.tools), **options}
        return list(chat_templates.apply(self.tokenizer, messages, self.arguments, **given))

    def _render(self, messages: Messages, **options: Any) -> Any:
        return super()._render(invite(messages), tools=list(self.tools), **options)


def with_tools(chat: Chat) -> ToolChat:
    """Return a chat with the tools of a session; its tokenizer reads their calls from then on.

    Raises:
        ChatError: If the template cannot speak of tools.
    """
    tokenizer = chat.tokenizer
    name = tokenizer.name_or_path or "the student"
    speaking = ToolChat(**{field.name: getattr(chat, field.name) for field in fields(Chat)}, tools=describe_tools())
    lost = _lost(speaking)
    if lost:
        raise ChatError(
            f"the chat template of {name} does not write {' and '.join(lost)}, so that the student cannot use tools; "
            "set distillation.environment and grpo.environment to single, or name a base_model whose template does, "
            "such as Qwen3 or Llama 3.2 Instruct"
        )
    reader = _find_reader(tokenizer, chat.arguments)
    if reader is None:
        raise ChatError(
            f"no parser of trl reads back the calls of tools that the chat template of {name} writes; set "
            "distillation.environment and grpo.environment to single, or give its tokenizer a response_template"
        )
    tokenizer.response_template = reader
    return speaking


def tool_limits(adapter: Adapter | None) -> ToolLimits | None:
    """Return the limits of the tools with which an adapter was trained; None where it was trained without any."""
    given = adapter.facts.get(FACT) if adapter is not None else None
    return ToolLimits(**given) if given else None


@cache
def describe_tools() -> tuple[Mapping[str, Any], ...]:
    """Return the JSON schemas of a session's tools, made of their types and docstrings as trl makes them."""
    from transformers.utils import get_json_schema

    methods = SqlTools()
    return tuple(get_json_schema(getattr(methods, tool)) for tool in TOOLS)


def _calling(name: str, arguments: Any, words: str = "") -> dict[str, Any]:
    call = {"type": "function", "function": {"name": name, "arguments": arguments}}
    return {"role": "assistant", "content": words, "tool_calls": [call]}


def _written_call(chat: ToolChat, name: str, arguments: Any) -> str:
    """A call as the template writes it behind the words of a turn, or in their place, without the end of the turn."""

    def text(words: str) -> str:
        turn = [*_ASKED, _calling(name, arguments, words)]
        return str(chat_templates.apply(chat.tokenizer, turn, chat.arguments, tokenize=False, tools=list(chat.tools)))

    _, marked, call = text(chat_templates.MARK).rpartition(chat_templates.MARK)
    if not marked:
        given = {"tokenize": False, "tools": list(chat.tools), "add_generation_prompt": True}
        call = text("").removeprefix(str(chat_templates.apply(chat.tokenizer, _ASKED, chat.arguments, **given)))
    return call.partition(str(chat.tokenizer.convert_ids_to_tokens(chat.end)))[0].strip()


def _lost(chat: ToolChat) -> list[str]:
    """What of a conversation with tools the template leaves out; whatever it raises is its refusal."""
    messages = [
        *_ASKED,
        _calling("run_sql", {"query": "sqlreason-query"}),
        {"role": "tool", "name": "run_sql", "content": _RESULT},
    ]
    try:
        asked = chat.prompt_text(_ASKED)
        told = str(chat_templates.apply(chat.tokenizer, messages, chat.arguments, tokenize=False))
        chat.result_ids([("run_sql", _RESULT), ("list_tables", _RESULT)])
    except Exception:
        return ["a call of a tool and its result"]
    wanted = {
        "the tools that there are": all(tool in asked for tool in TOOLS),
        "calls of tools": "run_sql" in told and "sqlreason-query" in told,
        "their results": _RESULT in told,
    }
    return [what for what, there in wanted.items() if not there]


def _find_reader(tokenizer: PreTrainedTokenizerBase, arguments: Mapping[str, Any]) -> Any:
    """The parser that reads what the template writes: the tokenizer's own, else one of trl's; None if none does."""
    from trl import chat_template_utils

    published = getattr(tokenizer, "response_template", None)
    for reader in (published, *(getattr(chat_template_utils, name) for name in READERS)):
        tokenizer.response_template = reader
        if reader is not None and _reads_back(tokenizer, arguments):
            return reader
    tokenizer.response_template = published
    return None


def _reads_back(tokenizer: PreTrainedTokenizerBase, arguments: Mapping[str, Any]) -> bool:
    def text(messages: Sequence[Mapping[str, Any]], prompt: bool) -> str:
        return str(chat_templates.apply(tokenizer, messages, arguments, tokenize=False, add_generation_prompt=prompt))

    def ids(text: str) -> list[int]:
        return list(tokenizer(text, add_special_tokens=False)["input_ids"])

    told = {"role": "tool", "name": "list_tables", "content": _RESULT}
    later = ids(text([*_ASKED, _calling("list_tables", {}), told], True))
    for call in (("run_sql", {"query": _QUERY}), ("list_tables", {})):
        written = text([*_ASKED, _calling(*call)], False)
        alike = takewhile(lambda pair: pair[0] == pair[1], zip(text(_ASKED, True), written, strict=False))
        before = "".join(letter for letter, _ in alike)
        turn = ids(written.removeprefix(before))
        # a parser that does not find where the turn begins would read the calls of earlier ones again
        if any(_read_calls(tokenizer, turn, since) != [call] for since in (ids(before), later)):
            return False
    return not _read_calls(tokenizer, ids(_ANSWER), ids(text(_ASKED, True)))


def _read_calls(
    tokenizer: PreTrainedTokenizerBase, turn: Sequence[int], before: Sequence[int]
) -> list[tuple[str, Any]]:
    from trl.chat_template_utils import parse_response

    message = parse_response(tokenizer, list(turn), prefix=list(before))
    found = [call.get("function", call) for call in message.get("tool_calls") or ()]
    return [(call["name"], call["arguments"]) for call in found]
