"""The tiny student: its tokenizer and its Llama, small enough to train on a laptop's CPU.

Covers making both from nothing and writing them as a transformers checkpoint. Training the model on text is
`pretraining.py`; loading any checkpoint, this one too, is `checkpoint.py`.
"""

from collections.abc import Iterable
from typing import Any

BOS = "<|begin_of_text|>"
END_OF_TEXT = "<|end_of_text|>"
HEADER_START = "<|start_header_id|>"
HEADER_END = "<|end_header_id|>"
EOT = "<|eot_id|>"
PAD = "<|finetune_right_pad_id|>"
SPECIAL_TOKENS = (BOS, END_OF_TEXT, HEADER_START, HEADER_END, EOT, PAD)
"""Llama 3's names, so that what works with the tiny student works with Llama 3.2."""

# Words with their leading space, single digits, runs of punctuation, runs of line ends. Line ends stand
# before other white space: a prompt that ends in "\n\n" is then cut the same way with and without a
# completion behind it.
WORD_PATTERN = r" ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s*[\r\n]+|\s+(?!\S)|\s+"

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    f"{{{{ '{HEADER_START}' + message['role'] + '{HEADER_END}\\n\\n' + message['content'] | trim + '{EOT}' }}}}"
    "{% endfor %}"
    f"{{% if add_generation_prompt %}}{{{{ '{HEADER_START}assistant{HEADER_END}\\n\\n' }}}}{{% endif %}}"
)


def train_tokenizer(texts: Iterable[str], vocab_size: int = 4096) -> Any:
    """Trains a byte-level BPE tokenizer with Llama 3's special tokens and a chat template.

    `<think>` and `<sql>` are plain text to it: special tokens would vanish when completions are decoded.

    Args:
        texts: sample of what the student will read and write; special tokens in it are never learned as text.
        vocab_size: number of tokens, the 256 bytes and the special tokens included.

    Returns:
        A `PreTrainedTokenizerFast`; it adds no BOS of its own, the chat template does.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    words = Tokenizer(models.BPE())
    words.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORD_PATTERN), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    words.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    words.train_from_iterator(map(_without_special_tokens, texts), trainer)
    return _wrap(words)


def tiny_config(
    vocab_size: int = 4096,
    hidden_size: int = 256,
    layers: int = 6,
    heads: int = 8,
    key_value_heads: int = 4,
    intermediate_size: int = 704,
    positions: int = 1024,
    **token_ids: Any,
) -> Any:
    """Describes a Llama of about 5.5 million parameters (tied embeddings; 11 MB in bfloat16).

    The keyword arguments beyond the shape are token ids, as `token_ids_of` reads them off a tokenizer.
    """
    from transformers import LlamaConfig

    return LlamaConfig(
        vocab_size=vocab_size,
        hidden_size=hidden_size,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=key_value_heads,
        intermediate_size=intermediate_size,
        max_position_embeddings=positions,
        tie_word_embeddings=True,
        **token_ids,
    )


def tiny_model(tokenizer: Any, seed: int = 0, **shape: int) -> Any:
    """Builds an untrained tiny Llama in float32 for this tokenizer; `shape` as in `tiny_config`."""
    import torch
    from transformers import LlamaForCausalLM

    torch.manual_seed(seed)
    model = LlamaForCausalLM(tiny_config(len(tokenizer), **shape, **token_ids_of(tokenizer)))
    ends = [tokenizer.convert_tokens_to_ids(token) for token in (EOT, END_OF_TEXT)]
    model.generation_config.update(do_sample=False, eos_token_id=ends, **_without_eos(token_ids_of(tokenizer)))
    return model


def token_ids_of(tokenizer: Any) -> dict[str, int]:
    """Reads the ids of the begin, end and padding tokens off a tokenizer."""
    return {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}


def _wrap(words: Any) -> Any:
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        bos_token=BOS,
        eos_token=EOT,
        pad_token=PAD,
        additional_special_tokens=[END_OF_TEXT, HEADER_START, HEADER_END],
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        model_max_length=1024,
        padding_side="right",
    )


def _without_special_tokens(text: str) -> str:
    for token in SPECIAL_TOKENS:
        text = text.replace(token, " ")
    return text


def _without_eos(token_ids: dict[str, int]) -> dict[str, int]:
    return {name: value for name, value in token_ids.items() if name != "eos_token_id"}
