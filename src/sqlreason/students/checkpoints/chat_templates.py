"""Chat templates: programs of others, which are asked how they write a conversation and whether they leave any out.

They run in transformers' sandbox, which opens no file and no attribute of Python's own; their time has no limit.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlreason.errors import BadInput

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

Messages = Sequence[Mapping[str, str]]

#: What a template that asks for today's date is told, so that a prompt has the same tokens tomorrow.
PINNED_DATE = datetime(2025, 1, 1)

#: The project's own template for base models that were published without one (`student.plain_template: true`).
PLAIN_TEMPLATE = (
    "{{ bos_token or '' }}{% for message in messages %}"
    "### {{ message['role'] | capitalize }}\n{{ message['content'] }}"
    "{% if message['role'] == 'assistant' %}{{ eos_token }}{% endif %}\n\n"
    "{% endfor %}{% if add_generation_prompt %}### Assistant\n{% endif %}"
)

MARK = "sqlreason-mark"  # text of the probes, which no template holds itself
_INSTRUCTION = 'Plan in <think></think>, then write "one" query in <sql></sql> & it\'s done.'
_QUESTION = "\n".join(f'CREATE TABLE "t{n}" (a TEXT, b INT); -- é\'s < {n} & {{{{ b }}}}' for n in range(40))
#: Arguments of the template that are not the user's to give.
_OURS = ("add_generation_prompt", "continue_final_message", "messages", "return_dict", "strftime_now", "tokenize")


class ChatError(BadInput):
    """A student's tokenizer or chat template cannot be used as it is."""


def apply(
    tokenizer: "PreTrainedTokenizerBase", messages: Messages, arguments: Mapping[str, Any], **options: Any
) -> Any:
    """Return a conversation as the template writes it: text, or ids where `tokenize` asks for them."""
    given = {"strftime_now": PINNED_DATE.strftime, **arguments, **options}
    return tokenizer.apply_chat_template([dict(message) for message in messages], **given)


def join_system(messages: Messages) -> list[Mapping[str, str]]:
    """Return the messages with the system's text at the beginning of the first user's turn."""
    if len(messages) < 2 or messages[0]["role"] != "system":
        return list(messages)
    first = {**messages[1], "content": f"{messages[0]['content']}\n\n{messages[1]['content']}"}
    return [first, *messages[2:]]


def takes_system(tokenizer: "PreTrainedTokenizerBase", arguments: Mapping[str, Any]) -> bool:
    """Return whether the template writes a system message; some raise at one, some leave it out."""
    turns = [{"role": "system", "content": MARK}, {"role": "user", "content": "u"}]
    try:
        return MARK in str(apply(tokenizer, turns, arguments, tokenize=False))
    except Exception:  # it raised at the system role; that it takes a user's turn is asked for next
        return False


def text_behind_answer(tokenizer: "PreTrainedTokenizerBase", arguments: Mapping[str, Any], name: str) -> str:
    """Return what the template writes behind an answer.

    Raises:
        ChatError: If it raises.
    """
    turns = [{"role": "user", "content": "u"}, {"role": "assistant", "content": MARK}]
    try:
        return str(apply(tokenizer, turns, arguments, tokenize=False)).rpartition(MARK)[2]
    except Exception as error:  # whatever a template of others raises is its refusal
        raise ChatError(f"the chat template of {name} refuses an answer: {first_line(error)}") from error


def prompt_text(tokenizer: "PreTrainedTokenizerBase", arguments: Mapping[str, Any], joins: bool, name: str) -> str:
    """Return the prompt of a system message and a question, both of which have to stand in it to the letter.

    Raises:
        ChatError: If the template raises, or leaves one of them out, or changes it.
    """
    turns = [{"role": "system", "content": _INSTRUCTION}, {"role": "user", "content": _QUESTION}]
    arranged = join_system(turns) if joins else turns
    try:
        asked = str(apply(tokenizer, arranged, arguments, add_generation_prompt=True, tokenize=False))
    except Exception as error:  # as above
        raise ChatError(f"the chat template of {name} refuses a question: {first_line(error)}") from error
    for what, text in (("question", _QUESTION), ("system text", _INSTRUCTION)):
        if text not in asked:
            raise ChatError(
                f"the chat template of {name} does not write the {what} into the prompt as it was given, so that the "
                "student would be trained without it. Mend its chat_template, or name another base_model"
            )
    return asked


def require_known(tokenizer: "PreTrainedTokenizerBase", arguments: Mapping[str, Any], name: str) -> None:
    """Refuse arguments that the template does not read: Jinja would ignore a typo without a word.

    Raises:
        ChatError: If there is one, or the template is not written in Jinja.
    """
    if not arguments:
        return
    from jinja2 import Environment, TemplateSyntaxError, meta

    taken = sorted(set(arguments) & set(_OURS))
    if taken:
        raise ChatError(f"student.chat_template: {', '.join(taken)} are given by the program itself; leave them out")
    environment = Environment(extensions=["jinja2.ext.loopcontrols"])
    try:
        template = re.sub(r"{%-?\s*(end)?generation\s*-?%}", "", str(tokenizer.get_chat_template()))
        read = meta.find_undeclared_variables(environment.parse(template))
    except (TemplateSyntaxError, ValueError) as error:  # ValueError: several templates, and none of them is the default
        raise ChatError(f"the chat template of {name} cannot be read: {first_line(error)}") from error
    unknown = sorted(set(arguments) - read)
    if unknown:
        raise ChatError(
            f"student.chat_template: the template of {name} does not read {', '.join(unknown)}; it reads "
            f"{', '.join(sorted(read - set(_OURS))) or 'no argument'}"
        )


def first_line(error: BaseException) -> str:
    """Return what an exception says first; the name of its class if it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]
