"""Small vocabularies learned from a page of SQL and its talk: byte-level BPE, and BPE over sentence pieces."""

import json
from collections.abc import Sequence
from typing import Any

TEXTS = (
    "Answer the question with one query for the database. Think first, then write the query.",
    "CREATE TABLE singer (singer_id INTEGER PRIMARY KEY, name TEXT, country TEXT, age INTEGER);",
    "CREATE TABLE concert (concert_id INTEGER PRIMARY KEY, title TEXT, year INTEGER, stadium_id INTEGER);",
    "How many singers are there? Show the name and the age of each singer from the oldest to the youngest.",
    "<think>\nThe table is singer; count its rows.\n</think>\n<sql>\nSELECT count(*) FROM singer\n</sql>",
    "<think>\nOrder by age, the oldest first.\n</think>\n<sql>\nSELECT name, age FROM singer ORDER BY age DESC\n</sql>",
    "SELECT T1.title FROM concert AS T1 JOIN stadium AS T2 ON T1.stadium_id = T2.stadium_id WHERE T2.year >= 2014",
    "SELECT country, avg(age) FROM singer WHERE age > 20 GROUP BY country HAVING count(*) < 3 LIMIT 5",
)
_LEARNED = 200
_CUT = r" ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s*[\r\n]+|\s+(?!\S)|\s+"


def byte_level(special: Sequence[str], plain: Sequence[str]) -> Any:
    """Learns a byte-level BPE, as GPT-2, Llama 3 and Qwen have it; the named tokens come behind the learned ones."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    backend = Tokenizer(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_CUT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    backend.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=256 + _LEARNED, initial_alphabet=alphabet, show_progress=False)
    backend.train_from_iterator(TEXTS, trainer)
    backend.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    backend.add_tokens([AddedToken(token, special=False, normalized=False) for token in plain])
    return backend


def sentence_pieces(special: Sequence[str], plain: Sequence[str], space_in_front: bool = True) -> Any:
    """Learns a BPE over words that begin with ▁, with bytes for the rest, as Llama 2, Mistral and Gemma have it.

    The named tokens have the first ids.

    Args:
        special: Special tokens, `<unk>` among them.
        plain: Tokens that are text as any other.
        space_in_front: Whether each text gets a space in front, which decoding takes away (not so in Gemma).
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers

    words, merges = _learned_words()
    bytes_ = [f"<0x{byte:02X}>" for byte in range(256)]
    tokens = dict.fromkeys([*special, *plain, *bytes_, *words])  # in this order, each once
    vocabulary = {token: number for number, token in enumerate(tokens)}
    backend = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    written = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    read = [normalizers.Replace(" ", "▁")]
    if space_in_front:
        written, read = [*written, decoders.Strip(" ", 1, 0)], [normalizers.Prepend("▁"), *read]
    backend.decoder = decoders.Sequence(written)
    backend.normalizer = normalizers.Sequence(read)
    backend.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    backend.add_tokens([AddedToken(token, special=False, normalized=False) for token in plain])
    return backend


def _learned_words() -> tuple[list[str], list[tuple[str, str]]]:
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Metaspace(), pre_tokenizers.Punctuation(), pre_tokenizers.Digits(individual_digits=True)]
    )
    trainer = trainers.BpeTrainer(vocab_size=100 + _LEARNED, show_progress=False)
    learner.train_from_iterator([line for text in TEXTS for line in text.split("\n")], trainer)
    model = json.loads(learner.to_str())["model"]
    words = sorted(model["vocab"], key=model["vocab"].get)
    return words, [(left, right) for left, right in model["merges"]]
