"""A tokenizer inside a GGUF file: tokens, their kinds, merges or scores, ends.

Covers byte-level BPE (llama.cpp's `gpt2`) and BPE over sentence pieces with bytes for the rest (its `llama`).
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlreason.students.checkpoints.chat import Chat

_BYTE = re.compile("<0x[0-9A-F]{2}>")


@dataclass(frozen=True)
class Cutting:
    """How llama.cpp is told to cut text into tokens.

    Attributes:
        model: `gpt2` for byte-level BPE, `llama` for sentence pieces.
        pre: Its name for the way in which text is cut into words first.
        space_in_front: Whether each text gets a space in front; of sentence pieces.
    """

    model: str
    pre: str
    space_in_front: bool = False

    def __str__(self) -> str:
        pieces = f"sentence pieces, {'with' if self.space_in_front else 'without'} a space in front"
        return self.pre if self.model == "gpt2" else pieces


def add_vocabulary(writer: Any, chat: Chat, size: int, cutting: Cutting) -> None:
    """Add a tokenizer to a GGUF file.

    Args:
        writer: Of the package gguf.
        chat: The student's.
        size: Rows of the model's embedding, which may be more than the tokenizer has tokens.
        cutting: How llama.cpp is to use it.
    """
    tokenizer = chat.tokenizer
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]]
    words = {number: word for word, number in tokenizer.get_vocab().items()}
    written = [words.get(number, f"[PAD{number}]") for number in range(size)]
    writer.add_tokenizer_model(cutting.model)
    writer.add_tokenizer_pre(cutting.pre)
    writer.add_token_list(written)
    writer.add_token_types(_kinds(tokenizer, [words.get(number) for number in range(size)], cutting))
    if cutting.model == "gpt2":
        writer.add_token_merges(merges)
    else:
        writer.add_token_scores(_scores(written, merges))
        writer.add_add_space_prefix(cutting.space_in_front)
    for name in ("bos", "unk"):
        number = getattr(tokenizer, f"{name}_token_id")
        if number is not None:
            getattr(writer, f"add_{name}_token_id")(number)
    _add_ends(writer, chat)
    writer.add_pad_token_id(chat.padding.id)
    writer.add_add_bos_token(chat.adds_bos)
    writer.add_add_eos_token(False)


def _kinds(tokenizer: Any, words: Sequence[str | None], cutting: Cutting) -> list[int]:
    import gguf

    kinds = [gguf.TokenType.NORMAL if word is not None else gguf.TokenType.UNUSED for word in words]
    if cutting.model == "llama":
        for number in (number for number, word in enumerate(words) if word and _BYTE.fullmatch(word)):
            kinds[number] = gguf.TokenType.BYTE
    for number, token in tokenizer.added_tokens_decoder.items():
        if number < len(kinds):
            kinds[number] = gguf.TokenType.CONTROL if token.special else gguf.TokenType.USER_DEFINED
    if cutting.model == "llama" and tokenizer.unk_token_id is not None:
        kinds[tokenizer.unk_token_id] = gguf.TokenType.UNKNOWN
    return [int(kind) for kind in kinds]


def _scores(tokens: list[str], merges: list[str]) -> list[float]:
    """Scores that join pieces in the order of the merges: the earlier a merge, the higher the score of its token."""
    order: dict[str, float] = {}
    for rank, merge in enumerate(merges):
        order.setdefault(merge.replace(" ", ""), -float(rank))
    last = -float(len(merges))
    return [order.get(token, last) for token in tokens]


def _add_ends(writer: Any, chat: Chat) -> None:
    """Name every token that ends an answer, in as many of llama.cpp's roles as it takes; it has three."""
    writer.add_eos_token_id(chat.end)
    others = [end for end in chat.ends if end != chat.end]
    for add, end in zip((writer.add_eot_token_id, writer.add_eom_token_id), others, strict=False):
        add(end)


def finish(writer: Any) -> None:
    """Write a GGUF file's header, what was added to it, and its tensors."""
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
