"""The chat template that a GGUF file holds: servers give it messages and nothing else, and run it by their own Jinja.

It is the student's, with what our own prompts give it beside the messages written into it. llama.cpp has to write our
prompts by it; where it cannot, a plain one of ours stands in, which writes the same.
"""

import json
import logging
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlreason.exports import llama_server, pretokenizers
from sqlreason.exports.gguf_families import NoGgufError
from sqlreason.exports.gguf_vocabulary import Cutting
from sqlreason.exports.llama_server import LlamaCppError, Refused, Server
from sqlreason.students.checkpoints import chat_templates
from sqlreason.students.checkpoints.chat import Chat

logger = logging.getLogger(__name__)

_DATE = re.compile(r"strftime_now\(\s*(['\"])(.*?)\1\s*\)")
_JOIN_SYSTEM = (
    "{%- if messages | length > 1 and messages[0]['role'] == 'system' %}"
    "{%- set messages = [{'role': messages[1]['role'], "
    "'content': messages[0]['content'] + '\\n\\n' + messages[1]['content']}] + messages[2:] %}"
    "{%- endif %}"
)
#: A question, and a correction.
_TURNS = (
    {"role": "system", "content": "Plan in <think></think>, then write one query."},
    {"role": "user", "content": 'CREATE TABLE "t" (a TEXT);\n\nHow many rows are there?'},
    {"role": "assistant", "content": "<think>\nCount them.\n</think>\n<sql>\nSELECT count(a) FROM t\n</sql>"},
    {"role": "user", "content": "It does not run. Correct it."},
)


def find_template(chat: Chat, size: int, cut: Cutting) -> str:
    """Return the template by which llama.cpp writes this student's prompts.

    Args:
        chat: The student's.
        size: Rows of the model's embedding.
        cut: How llama.cpp cuts text.

    Raises:
        NoGgufError: If llama.cpp runs none that writes them.
    """
    name, why = chat.tokenizer.name_or_path, ""
    for kind, template in (("its own", adapt_template(chat)), ("a plain", plain_template(chat))):
        try:
            found = _written_alike(chat, size, cut, template)
        except LlamaCppError as error:
            why = why or str(error)
            continue
        if found:
            if kind != "its own" or found < len(_TURNS):
                logger.warning(
                    "export: the GGUF file of %s holds %s chat template, good for %s%s", name, kind,
                    "corrections too" if found == len(_TURNS) else "one question and its answer", why and f" ({why})",
                )  # fmt: skip
            return template
        why = why or "it writes other prompts by it"
    raise NoGgufError(
        f"llama.cpp cannot use the chat template of {name}: {why}. Serve the merged model, or use a student of another "
        "family"
    )


def _written_alike(chat: Chat, size: int, cut: Cutting, template: str) -> int:
    """How many of the turns llama.cpp writes and cuts as training did: all, those of a question, or 0."""
    with tempfile.TemporaryDirectory(prefix="sqlreason-") as folder:
        path = pretokenizers.write_vocabulary(Path(folder) / "vocabulary.gguf", chat, size, cut, template)
        with llama_server.serve(path, context=64) as server:
            if not prompts_alike(server, chat, _TURNS[:2]):
                return 0
            try:
                return len(_TURNS) if prompts_alike(server, chat, _TURNS) else 2
            except Refused:
                return 2


def prompts_alike(server: Server, chat: Chat, turns: chat_templates.Messages) -> bool:
    """Return whether a server makes the tokens of the student's own prompt from a conversation."""
    return server.tokenize(server.render(turns), add_special=True) == chat.prompt_ids(turns)


def adapt_template(chat: Chat) -> str:
    """Return the chat template in use, with what our prompts give it beside the messages written into it.

    That is arguments, the date, and the system's text in the user's turn where it knows no system role.
    """
    template = str(chat.tokenizer.get_chat_template())  # the one in use, where there are several
    template = _DATE.sub(lambda call: json.dumps(chat_templates.PINNED_DATE.strftime(call[2])), template)
    if "date_string" not in chat.arguments:
        template = re.sub(r"\bdate_string\b", "no_date_string", template)  # llama.cpp would set it to today's
    head = "".join(f"{{%- set {name} = {_literal(value)} %}}" for name, value in chat.arguments.items())
    return head + (_JOIN_SYSTEM if chat.joins_system else "") + template


def plain_template(chat: Chat) -> str:
    """Return a template of loops and literals alone that writes what the student's own does, as far as turns go."""
    marks = [f"\x02{number}\x02" for number in range(len(_TURNS))]
    turns = [{**turn, "content": mark} for turn, mark in zip(_TURNS, marks, strict=True)]
    head, between, tail = _around(chat.prompt_text(turns[:2]), marks[:2])
    _, _, _, answered, _ = _around(chat.prompt_text(turns), marks)
    behind = f"({json.dumps(tail)} if message['role'] == 'user' else {json.dumps(answered)})"
    written = [
        f"{{{{ {json.dumps(head)} + messages[0]['content'] + {json.dumps(between)} }}}}",
        "{%- for message in messages[1:] %}",
        f"{{{{ message['content'] + {behind} }}}}",
        "{%- endfor %}",
    ]
    return "".join(written)


def _around(text: str, marks: list[str]) -> Iterator[str]:
    """What stands in front of each mark, and behind the last."""
    for mark in marks:
        before, _, text = text.partition(mark)
        yield before
    yield text


def _literal(value: Any) -> str:
    return "none" if value is None else json.dumps(value, ensure_ascii=False)
