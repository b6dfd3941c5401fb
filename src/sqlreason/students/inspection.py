"""One training example token by token: what the student reads, what it is trained on, where it begins and ends.

The errors that a loss does not show are seen here at a glance: a second BOS, an end of turn that is not trained, a tag
that became one token, a schema that ate the answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

_NOT_TRAINED = -100
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


def read_tokens(ids: Sequence[int], labels: Sequence[int], tokenizer: Any) -> list[Token]:
    """The tokens of a tokenized row.

    Args:
        ids: Token ids.
        labels: Of the same length; -100 where nothing is trained.
        tokenizer: The student's.
    """
    marks = {tokenizer.eos_token_id: "EOS", tokenizer.bos_token_id: "BOS"}
    return [
        Token(number, tokenizer.decode([number]), label != _NOT_TRAINED, marks.get(number, ""))
        for number, label in zip(ids, labels, strict=True)
    ]


def example_tokens(tokenizer: Any, prompt: list[dict[str, str]], completion: str) -> list[Token]:
    """The tokens of a conversation, as `guards.check_rows` makes sure that the trainer has them."""
    answered = [*prompt, {"role": "assistant", "content": completion}]
    read = _ids(tokenizer, prompt, add_generation_prompt=True)
    whole = _ids(tokenizer, answered)
    return read_tokens(whole, [_NOT_TRAINED] * len(read) + whole[len(read) :], tokenizer)


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


def as_html(tokens: Sequence[Token], tokenizer: Any) -> str:
    """As a page of its own, which needs no network."""
    body = "".join(
        f'<span class="{"trained" if token.trained else ""} {"special" if token.mark else ""}" '
        f'title="{token.number} {token.mark}">{escape(token.text.replace(*_LINE_END))}</span>'
        for token in tokens
    )
    return _PAGE.format(
        tokens=len(tokens),
        trained=sum(token.trained for token in tokens),
        bos=escape(str(tokenizer.bos_token)),
        eos=escape(str(tokenizer.eos_token)),
        body=body,
    )


def _ids(tokenizer: Any, messages: list[dict[str, str]], **options: Any) -> list[int]:
    return list(tokenizer.apply_chat_template(messages, tokenize=True, return_dict=True, **options)["input_ids"])
