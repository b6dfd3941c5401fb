"""SmolLM2's tokenizer, made of the metadata of its GGUF file as its authors publish it for transformers.

Whoever changes this empties the cache: the files made lie there under the checksum of the package alone.
"""

from pathlib import Path
from typing import Any

from families.family import write_tokenizer

_CONTROL = 3  # GGUF's type of a special token


def write_tokenizer_of_gguf(gguf: Path, folder: Path) -> None:
    """Writes tokenizer files: vocabulary, merges, special tokens and chat template come from the file.

    What GGUF names only (`smollm`): each digit is a piece of its own, the rest is split as in GPT-2.
    """
    from gguf import GGUFReader

    fields = {name: field.contents() for name, field in GGUFReader(str(gguf)).fields.items()}
    known = {name.removeprefix("tokenizer."): value for name, value in fields.items() if name.startswith("tokenizer.")}
    if (known["ggml.model"], known["ggml.pre"]) != ("gpt2", "smollm"):
        raise ValueError(f"{gguf.name} has a tokenizer of another kind: {known['ggml.model']}, {known['ggml.pre']}")
    tokens = known["ggml.tokens"]
    special = [token for token, kind in zip(tokens, known["ggml.token_type"], strict=True) if kind == _CONTROL]
    settings = {
        "add_prefix_space": known["ggml.add_space_prefix"],
        "additional_special_tokens": ["<|im_start|>", "<|im_end|>"],
        "bos_token": tokens[known["ggml.bos_token_id"]],
        "clean_up_tokenization_spaces": False,
        "eos_token": tokens[known["ggml.eos_token_id"]],
        "model_max_length": fields["llama.context_length"],
        "pad_token": tokens[known["ggml.padding_token_id"]],
        "tokenizer_class": "GPT2Tokenizer",
        "unk_token": tokens[known["ggml.unknown_token_id"]],
    }
    backend = _backend(tokens, known["ggml.merges"], special)
    write_tokenizer(folder, "llama", backend, settings, known["chat_template"])


def _backend(tokens: list[str], merges: list[str], special: list[str]) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    vocabulary = {token: number for number, token in enumerate(tokens)}
    pairs = [(left, right) for left, right in (merge.split(" ") for merge in merges)]
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=pairs))
    backend.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    backend.decoder = decoders.ByteLevel()
    backend.add_special_tokens(special)
    return backend
