"""How a student is spoken to: the tokens of its prompts and answers, the same in training, GRPO, evaluation and asking.

A training row is the ids of the generation prompt, then those of the completion, then the end of the turn. What a chat
template does to an assistant's content (Qwen3 and R1 distills strip or rewrite its reasoning) can touch earlier turns
of a correction, never what is trained. Covers text and no images; tools are those of `tool_chat`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlreason.students.checkpoints import chat_templates
from sqlreason.students.checkpoints.chat_templates import PLAIN_TEMPLATE, ChatError, Messages

if TYPE_CHECKING:
    from peft import PeftModel
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_PROBE = "<think>\nx < 3 and \"é\"\n</think>\n<sql>\nSELECT \"a\" , b FROM t WHERE a <= 'it''s'\n</sql>"
#: The label of a token that the loss does not count, by torch's convention.
NOT_TRAINED = -100

_OPENED = re.compile(r"<think>\s*\Z")


class Padding(NamedTuple):
    """A padding token and by which rule it was chosen."""

    token: str
    id: int
    rule: str


@dataclass(frozen=True, eq=False)
class Chat:
    """A tokenizer with its chat template, and what was found out about them.

    Attributes:
        tokenizer: As published, but for the padding token (and the plain template).
        end: Id that ends an answer in training.
        ends: Ids that end an answer when one is written: `end`, the tokenizer's and all that the model declares.
        padding: What rows are filled up with; masks and labels come from positions, never from this id.
        opening: What the generation prompt holds of the answer already: a `<think>` and what follows it, or "".
        joins_system: Whether the template has no system role, so that its text begins the user's turn.
        arguments: Further arguments of the template.
        keeps_tags: Whether the answer's tags survive decoding without special tokens.
    """

    tokenizer: PreTrainedTokenizerBase
    end: int
    ends: tuple[int, ...]
    padding: Padding
    opening: str
    joins_system: bool
    arguments: Mapping[str, Any]
    keeps_tags: bool

    def prompt_ids(self, messages: Messages) -> list[int]:
        """Return the ids of a conversation up to where the answer begins."""
        return list(self._render(messages, tokenize=True, return_dict=False))

    def prompt_text(self, messages: Messages) -> str:
        """Return the same as text, for servers that cut it into tokens themselves."""
        return str(self._render(messages, tokenize=False))

    def completion_ids(self, completion: str) -> list[int]:
        """Return the ids of an answer and of the end of the turn; what the prompt has opened is not repeated."""
        written = completion
        if self.opening and completion.startswith(self.opening):
            written = completion.removeprefix(self.opening)
        elif self.opening and completion.startswith("<think>"):
            written = completion.removeprefix("<think>").lstrip()
        return [*self.tokenizer(written, add_special_tokens=False)["input_ids"], self.end]

    def row(self, messages: Messages, completion: str) -> dict[str, list[int]]:
        """Return a row as it is trained on: `input_ids`, and `labels` of the same length, at the completion alone."""
        asked, answered = self.prompt_ids(messages), self.completion_ids(completion)
        return {"input_ids": asked + answered, "labels": [NOT_TRAINED] * len(asked) + answered}

    def read(self, ids: Sequence[int]) -> str:
        """Return an answer's ids as text, in the grammar's own form: with what the prompt has opened."""
        kept = list(ids)
        while not self.keeps_tags and kept and kept[-1] in (*self.ends, self.padding.id):
            kept.pop()
        text = self.tokenizer.decode(kept, skip_special_tokens=self.keeps_tags, clean_up_tokenization_spaces=False)
        return self.opening + str(text)

    def is_finished(self, ids: Sequence[int]) -> bool:
        """Return whether an answer's ids end a turn."""
        return len(ids) > 0 and int(ids[-1]) in self.ends

    def bind(self, model: PreTrainedModel | PeftModel) -> None:
        """Tell a model's generation configuration the ends and the padding, as trl and transformers read them there."""
        model.generation_config.eos_token_id = list(self.ends)
        model.generation_config.pad_token_id = self.padding.id

    @property
    def adds_bos(self) -> bool:
        """Whether a prompt begins with a BOS that opens no turn, which servers write by themselves."""
        turn = [{"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}]
        ids, bos = self.prompt_ids([*turn, *turn[:1]]), self.tokenizer.bos_token_id
        return ids[:1] == [bos] and bos not in ids[1:]

    @property
    def facts(self) -> dict[str, Any]:
        """What was chosen, in words and JSON values; kept with the adapter."""
        name = self._name
        return {
            "padding": f"{self.padding.token} ({self.padding.rule})",
            "end_of_turn": name(self.end),
            "ends": [name(number) for number in self.ends],
            "bos": self.tokenizer.bos_token,
            "system": "joins the user's turn" if self.joins_system else "is the template's business",
            "answer_begins_behind": self.opening.strip() or None,
            "template_arguments": dict(self.arguments),
            "template": "plain" if self.tokenizer.chat_template == PLAIN_TEMPLATE else "published",
        }

    def unprompted_head(self) -> str:
        """Return what the template writes in front of an answer, and its own prompt lacks; "" where it does not."""
        question = [{"role": "user", "content": "u"}]
        answered = [*question, {"role": "assistant", "content": chat_templates.MARK}]
        before, asked = self.prompt_text(answered).partition(chat_templates.MARK)[0], self.prompt_text(question)
        head = before.removeprefix(asked.removesuffix(self.opening))
        return head if before != head and self._has_special(head) else ""

    def _has_special(self, text: str) -> bool:
        ids = self.tokenizer(text, add_special_tokens=False)["input_ids"]
        kinds = self.tokenizer.added_tokens_decoder
        return any(number in kinds and kinds[number].special for number in ids)

    def _name(self, number: int) -> str:
        return str(self.tokenizer.convert_ids_to_tokens(number) or f"number {number}")

    def _render(self, messages: Messages, **options: Any) -> Any:
        arranged = chat_templates.join_system(messages) if self.joins_system else list(messages)
        return chat_templates.apply(self.tokenizer, arranged, self.arguments, add_generation_prompt=True, **options)


def open_chat(
    tokenizer: PreTrainedTokenizerBase,
    declared_ends: Sequence[int] = (),
    arguments: Mapping[str, Any] | None = None,
    plain: bool = False,
) -> Chat:
    """Find out how a tokenizer is to be used for training and for answering.

    Args:
        tokenizer: As published; its padding token is set to the chosen one, and its template where `plain` asks for it.
        declared_ends: Ids by which the model's generation configuration ends an answer.
        arguments: Further arguments of the chat template, such as `enable_thinking`.
        plain: Whether a tokenizer without a template gets `PLAIN_TEMPLATE`.

    Raises:
        ChatError: If it has no template, reads none of the arguments, knows no end of a turn, refuses a user's turn, or
            does not give the grammar's tags back.
    """
    name = tokenizer.name_or_path or "the student"
    if plain and not tokenizer.chat_template:
        tokenizer.chat_template = PLAIN_TEMPLATE
    if not tokenizer.chat_template:
        raise ChatError(
            f"{name} has no chat template: it is a base model. Set student.plain_template=true for the project's plain "
            "one (### System, ### User, ### Assistant), or name the instruct model as base_model in the catalog"
        )
    given = dict(arguments or {})
    chat_templates.require_known(tokenizer, given, name)
    joins = not chat_templates.takes_system(tokenizer, given)
    end = _end_of_turn(tokenizer, given, name)
    ends = tuple(sorted({end, *declared_ends, *_ids(tokenizer.eos_token_id)}))
    padding = choose_padding(tokenizer, ends)
    tokenizer.pad_token = padding.token
    opened = _OPENED.search(chat_templates.prompt_text(tokenizer, given, joins, name))
    chat = Chat(tokenizer, end, ends, padding, opened.group() if opened else "", joins, given, True)
    _require_one_bos(chat, name)
    return _with_faithful_reading(chat, name)


def keeps_text(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Return whether an answer that is cut into tokens comes back as it was written."""
    return str(tokenizer.decode(tokenizer(_PROBE, add_special_tokens=False)["input_ids"])).strip() == _PROBE


def cuts_alike(one: PreTrainedTokenizerBase, other: PreTrainedTokenizerBase) -> bool:
    """Return whether two tokenizers cut a rendered prompt and an answer into the same tokens."""
    text = f"{one.bos_token or ''}### System of 2014, 1,234.5\n\n12  7\n{_PROBE}{one.eos_token or ''}\n\n"
    cut = [tokenizer(text, add_special_tokens=False)["input_ids"] for tokenizer in (one, other)]
    return bool(cut[0] == cut[1])


def choose_padding(tokenizer: PreTrainedTokenizerBase, ends: Sequence[int]) -> Padding:
    """Choose the padding token: the published one, one kept for it, an unused or the unknown one; at last an end.

    Never refused: labels and masks come from positions, so that an end does no harm as padding; another token is
    preferred for the sake of programs that mask by id.

    Raises:
        ChatError: If the tokenizer has neither a special token nor an end.
    """
    published = tokenizer.pad_token_id
    if published is not None and published not in ends:
        return Padding(str(tokenizer.pad_token), published, "published")
    special = {str(token): number for number, token in tokenizer.added_tokens_decoder.items() if number not in ends}
    for rule, words in (("kept for padding", ("pad",)), ("unused", ("reserved", "unused"))):
        for token, number in special.items():
            if any(word in token.lower() for word in words):
                return Padding(token, number, rule)
    if tokenizer.unk_token_id is not None and tokenizer.unk_token_id not in ends:
        return Padding(str(tokenizer.unk_token), tokenizer.unk_token_id, "the unknown token")
    if not ends:
        raise ChatError(f"{tokenizer.name_or_path} has no end token; name another base_model")
    token = str(tokenizer.convert_ids_to_tokens(ends[0]))
    return Padding(token, ends[0], "an end: harmless, for masks come from positions")


def _end_of_turn(tokenizer: PreTrainedTokenizerBase, arguments: Mapping[str, Any], name: str) -> int:
    """The first token of its own kind that the template writes behind an answer; without one the tokenizer's end."""
    behind = chat_templates.text_behind_answer(tokenizer, arguments, name)
    own = {*tokenizer.added_tokens_decoder, *_ids(tokenizer.eos_token_id)}
    for number in tokenizer(behind, add_special_tokens=False)["input_ids"]:
        if number in own:
            return int(number)
    if tokenizer.eos_token_id is None:
        raise ChatError(
            f"{name} has no end of a turn: its template writes none and its tokenizer has no eos_token; an answer "
            "would never end. Name another base_model"
        )
    return int(tokenizer.eos_token_id)


def _require_one_bos(chat: Chat, name: str) -> None:
    """Refuse a prompt that begins with two BOS. Elsewhere the token may stand: ChatML opens every turn with it."""
    turns = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
    bos, ids = chat.tokenizer.bos_token_id, chat.prompt_ids(turns)
    if bos is not None and ids[:2] == [bos, bos]:
        raise ChatError(f"the chat template of {name} begins a prompt with two {chat.tokenizer.bos_token}")


def _with_faithful_reading(chat: Chat, name: str) -> Chat:
    """The chat, reading special tokens too if the grammar's tags are some; refused if neither gives an answer back."""
    ids = chat.completion_ids(_PROBE)
    for keeps_tags in (True, False):
        reading = replace(chat, keeps_tags=keeps_tags)
        if reading.read(ids).strip() == _PROBE:
            return reading
    raise ChatError(
        f"{name} does not give an answer back as it was written: {chat.read(ids)[:80]!r} for {_PROBE[:80]!r}; its "
        "tokenizer changes text, and another base_model is needed"
    )


def _ids(number: int | Sequence[int] | None) -> list[int]:
    return [] if number is None else [number] if isinstance(number, int) else list(number)
