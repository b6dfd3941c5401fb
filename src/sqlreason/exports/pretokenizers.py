"""How a text is cut into words before it becomes tokens: llama.cpp knows some ways by name, and reads no other.

A GGUF file names one of them. With the wrong one llama.cpp reads other tokens than the student was trained on, and
nobody is told. Which one it is, llama.cpp's converter finds by the hash of how one text is cut, for tokenizers that it
has seen. Here the tokenizer's own description is compared with those of known ways, and llama.cpp itself has to prove
the choice: it reads the vocabulary and cuts our texts into the same tokens, or another way is tried.
"""

import json
import logging
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlreason.exports import llama_server
from sqlreason.exports.gguf_vocabulary import Cutting, add_vocabulary, finish
from sqlreason.exports.llama_server import LlamaCppError, Server
from sqlreason.students.checkpoints.chat import Chat
from sqlreason.students.checkpoints.word_expressions import GPT2, WORD_EXPRESSIONS

logger = logging.getLogger(__name__)

# Tried where the description is none of those: the known ones, then each other way of llama.cpp's that differs.
_NAMES = (
    *WORD_EXPRESSIONS,
    "dbrx", "deepseek-llm", "deepseek-coder", "deepseek-v3", "deepseek-r1-qwen", "chatglm-bpe", "falcon",
    "starcoder", "refact", "command-r", "stablelm2", "olmo", "exaone", "poro-chat", "viking", "superbpe", "llama4",
    "kimi-k2", "seed-coder", "hunyuan-dense", "granite-docling", "qwen35", "jais", "bloom", "minerva-7b", "default",
)  # fmt: skip

#: Texts of the kind that a student reads and writes; as questions, all of them have to be cut alike.
ORDINARY = (
    'CREATE TABLE "order_item" (id INTEGER PRIMARY KEY, unit_price DECIMAL(10,2)); -- it\'s\r\n\r\n',
    "INSERT INTO t VALUES (1234567, 'O''Neil', 20.05, '2024-12-31 23:59:07', 'Größe', '東京 カナ');\n\n\n",
    "<think>\nWHAT'S getUserName iPhone15Pro   the  1st,2nd of\tfirst_name?\n    t1.a>=100 AND b<>'%x_y%'\n</think>\n",
    "<sql>\nSELECT COUNT(*)\n</sql>",
    "<think>\nThe table is singer; count its rows.\n</think>\n<sql>\nSELECT count(*) FROM singer\n</sql>",
    "  leading and trailing  ",
    "",
    "don't I'LL they've He'd x's 'quoted' \"double\" `tick` [bracket]",
    "\n\n\ttab\t\ttabs\n \n  \n",
    "3.14 1,000,000 10% $5 12:30 007 2014-2015 1e-5 0x1F",
    "a_b.c/d\\e|f||g::text->>'h' @> #1 ~* '^[A-Z]+$' != <= => ;--",
    "Wie heißt der älteste Sänger? ¿Cuántos años? Où est l'été? Zażółć gęślą jaźń. Привет, мир!",
    "SELECT\r\n\ta.*\r\nFROM a\r\n;",
)

_MIXED = (
    "a", "Zq", "é", "ß", "東", "カ", "я", "\u0627", "7", "42", "12345", " ", "  ", "\n", "\r\n", "\t", "_", "'", "'s",
    "''", '"', ".", ",", ";", "--", "(", ")", "<>", ">=", "%", "$", "/", "\\", "🙂", "€", "½", "²",
)  # fmt: skip


def find_cutting(chat: Chat, size: int) -> Cutting | None:
    """Return how llama.cpp cuts text into this tokenizer's tokens; None if no way of its does.

    Args:
        chat: The student's.
        size: Rows of the model's embedding.
    """
    for candidate in _candidates(chat.tokenizer):
        try:
            with tempfile.TemporaryDirectory(prefix="sqlreason-") as folder:
                path = write_vocabulary(Path(folder) / "vocabulary.gguf", chat, size, candidate)
                with llama_server.serve(path, context=64) as server:
                    if _cuts_alike(server, chat, candidate):
                        return candidate
        except LlamaCppError as error:
            logger.debug("export: %s is not read with %s: %s", chat.tokenizer.name_or_path, candidate, error)
    return None


def _candidates(tokenizer: Any) -> Iterator[Cutting]:
    """The way that the tokenizer's description names, and whatever else might give the same tokens."""
    described = json.loads(tokenizer.backend_tokenizer.to_str())
    if described["model"]["type"] != "BPE":
        return
    if described["model"].get("byte_fallback"):
        in_front = "prepend" in json.dumps([described["normalizer"], described["pre_tokenizer"]])
        yield from (Cutting("llama", "default", space) for space in (in_front, not in_front))
    elif (described["decoder"] or {}).get("type") == "ByteLevel":
        own = _expressions(described["pre_tokenizer"])
        yield from (
            Cutting("gpt2", name) for name in sorted(_NAMES, key=lambda name: WORD_EXPRESSIONS.get(name) != own)
        )


def _expressions(step: dict[str, Any] | None) -> tuple[str, ...] | None:
    """By which regular expressions a described pre-tokenizer cuts; None if there is more to it than these."""
    if step is None:
        return ()
    if step["type"] == "Sequence":
        parts = [_expressions(part) for part in step["pretokenizers"]]
        return None if None in parts else tuple(expression for part in parts for expression in part or ())
    if step["type"] == "Split" and step["behavior"] == "Isolated" and "Regex" in step["pattern"]:
        return (step["pattern"]["Regex"],)
    if step["type"] == "Digits" and step["individual_digits"]:
        return (r"\p{N}",)
    if step["type"] == "ByteLevel" and not step["add_prefix_space"]:
        return (GPT2,) if step["use_regex"] else ()
    return None


def _cuts_alike(server: Server, chat: Chat, candidate: Cutting) -> bool:
    def same(text: str) -> bool:
        turns = [{"role": "system", "content": "Answer."}, {"role": "user", "content": text}]
        return server.tokenize(chat.prompt_text(turns)) == chat.prompt_ids(turns)

    if not all(map(same, ORDINARY)):
        return False
    mixtures = list(_mixtures(100))
    alike = sum(map(same, mixtures))
    logger.info("export: llama.cpp cuts text by %s; of %d odd mixtures %d alike", candidate, len(mixtures), alike)
    return True


def _mixtures(count: int) -> Iterator[str]:
    """Short texts of all sorts of characters, the same at each call."""
    draws = random.Random(0)
    for _ in range(count):
        yield "".join(draws.choices(_MIXED, k=draws.randint(2, 12)))


def write_vocabulary(path: Path, chat: Chat, size: int, cut: Cutting, template: str = "") -> Path:
    """Write a GGUF file that holds a vocabulary, with the smallest of models, which is never computed.

    Args:
        path: Of the file.
        chat: The student's.
        size: Rows of its model's embedding.
        cut: How llama.cpp is to use the vocabulary.
        template: A chat template; "" for none.
    """
    import gguf
    import numpy

    writer = gguf.GGUFWriter(path, "llama")
    width = 32
    writer.add_block_count(1)
    writer.add_context_length(64)
    writer.add_embedding_length(width)
    writer.add_feed_forward_length(width)
    writer.add_head_count(1)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(size)
    add_vocabulary(writer, chat, size, cut)
    if template:
        writer.add_chat_template(template)
    writer.add_tensor("token_embd.weight", numpy.zeros((size, width), numpy.float16))
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", numpy.zeros(width, numpy.float32))
    for name in ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"):
        writer.add_tensor(f"blk.0.{name}.weight", numpy.zeros((width, width), numpy.float16))
    finish(writer)
    return path
