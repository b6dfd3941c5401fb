"""One training example token by token: what the student reads, what it is trained on, where it begins and ends.

The errors that a loss does not show are seen here at a glance: a second BOS, an end of turn that is not trained, a tag
that became one token, a schema that ate the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from sqlreason.students.checkpoints.chat import NOT_TRAINED, Chat, Messages
from sqlreason.students.checkpoints.tool_chat import ToolChat

_LINE_END = ("\n", "↵\n")  # with a mark: a token that is nothing else would not be seen

_PAGE = """<!doctype html>
<meta charset="utf-8"><title>One example, token by token</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 14px/1.9 ui-monospace, monospace; margin: 2em auto; max-width: 70em; padding: 0 1em }}
span {{ border: 1px solid #8884; border-radius: 3px; white-space: pre-wrap }}
.trained {{ background: #2a94; }} .special {{ outline: 2px solid #c60; }}
</style>
<h1>One example, token by token</h1>
<p>{tokens} tokens, <span class="trained">{trained} trained</span>, the others are read only;
<span class="special">outlined</span> are {bos} (it begins with one) and {eos} (an end of turn).</p>
<p>{body}</p>
"""


@dataclass(frozen=True)
class Token:
    """A token of an example.

    Attributes:
        number: Its id.
        text: What it stands for; bytes that are no whole letter show as a replacement character.
        trained: Whether the loss counts it.
        mark: BOS, EOS or nothing.
    """

    number: int
    text: str
    trained: bool
    mark: str


def read_tokens(ids: Sequence[int], labels: Sequence[int], chat: Chat) -> list[Token]:
    """The tokens of a tokenized row.

    Args:
        ids: Token ids.
        labels: Of the same length; -100 where nothing is trained.
        chat: The student's.
    """
    marks = dict.fromkeys(chat.ends, "EOS")
    # ChatML opens every turn with its BOS: it is one where it begins the row.
    begins = bool(ids) and ids[0] == chat.tokenizer.bos_token_id
    return [
        Token(
            number,
            str(chat.tokenizer.decode([number])),
            label != NOT_TRAINED,
            "BOS" if begins and not place else marks.get(number, ""),
        )
        for place, (number, label) in enumerate(zip(ids, labels, strict=True))
    ]


def example_tokens(chat: Chat, prompt: Messages, completion: str, conversation: str = "") -> list[Token]:
    """The tokens of an example, as `row_checks.check_rows` makes sure that the trainer has them."""
    if isinstance(chat, ToolChat):
        row = chat.example_row(prompt, completion, conversation)
    else:
        row = chat.row(prompt, completion)
    return read_tokens(row["input_ids"], row["labels"], chat)


def as_text(tokens: Sequence[Token]) -> str:
    """For the log: runs of tokens, each token in bars, those that are trained behind a plus."""
    lines, before = [], None
    for token in tokens:
        if token.trained != before:
            lines.append("+ " if token.trained else "  ")
            before = token.trained
        shown = token.text.replace("\n", "\\n")
        lines[-1] += f"|{shown}" + (f"<{token.mark}>" if token.mark else "")
    return "\n".join([f"{line}|" for line in lines])


def as_html(tokens: Sequence[Token], chat: Chat) -> str:
    """As a page of its own, which needs no network."""
    body = "".join(
        f'<span class="{"trained" if token.trained else ""} {"special" if token.mark else ""}" '
        f'title="{token.number} {token.mark}">{escape(token.text.replace(*_LINE_END))}</span>'
        for token in tokens
    )
    return _PAGE.format(
        tokens=len(tokens),
        trained=sum(token.trained for token in tokens),
        bos=escape(str(chat.tokenizer.bos_token)),
        eos=escape(" ".join(chat.tokenizer.convert_ids_to_tokens(list(chat.ends)))),
        body=body,
    )
