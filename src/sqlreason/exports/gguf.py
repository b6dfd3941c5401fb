"""GGUF files of Llama models, for llama.cpp, and Modelfiles, for Ollama.

Covers LlamaForCausalLM with a byte-level BPE tokenizer, which is what this project trains. Names of tensors and keys
are those of the package `gguf`, which llama.cpp publishes.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlreason.errors import BadInput
from sqlreason.exports import llamacpp, pretokenizers
from sqlreason.students.checkpoints.chat import Chat
from sqlreason.students.checkpoints.checkpoint import Checkpoint

logger = logging.getLogger(__name__)

PRECISIONS = ("f32", "f16", "bf16", "q8_0", "q4_k_m")
_ARCHITECTURE = "LlamaForCausalLM"


class GgufError(BadInput):
    """A model cannot be written as GGUF."""


class NoGgufError(GgufError):
    """This program writes no GGUF of such a model; its merged weights are an export all the same."""


@dataclass(frozen=True)
class GgufModel:
    """A GGUF file with what is needed to serve it.

    Attributes:
        path: The file; None where this program writes none of such a model.
        modelfile: Text of the Modelfile that stands beside it.
    """

    path: Path | None
    modelfile: str


@dataclass(frozen=True)
class GgufRequest:
    """What a GGUF file is to be made of; nothing is read or written before the catalog saves it.

    Attributes:
        checkpoint: The merged model, in a folder.
        precision: One of `PRECISIONS`; q4_k_m needs llama-cpp-python.
        system: System message of the Modelfile.
        name: Of the model, in the file's metadata.
    """

    checkpoint: Checkpoint
    precision: str
    system: str
    name: str


def write_gguf(request: GgufRequest, folder: Path) -> GgufModel:
    """Writes model.gguf and Modelfile into a folder.

    Raises:
        GgufError: for an unknown precision.
        NoGgufError: for a model of another architecture, or a tokenizer that llama.cpp would read otherwise.
    """
    from transformers import AutoConfig

    check_precision(request.precision)
    config = AutoConfig.from_pretrained(request.checkpoint.name)
    if config.architectures != [_ARCHITECTURE]:
        raise NoGgufError(
            f"{request.checkpoint.name} is a {config.architectures}; only {_ARCHITECTURE} can be written here, "
            "use llama.cpp's convert_hf_to_gguf.py for others"
        )
    target, chat = folder / "model.gguf", request.checkpoint.load_chat()
    if pretokenizers.find_way(chat.tokenizer) is None:
        raise NoGgufError(
            f"the tokenizer of {request.checkpoint.name} cuts text in a way that cannot be named to llama.cpp here; "
            "use its convert_hf_to_gguf.py"
        )
    folder.mkdir(parents=True, exist_ok=True)
    if request.precision == "q4_k_m":
        wide = folder / "model.f16.gguf"
        _write(wide, request, config, chat, "f16")
        _quantize(wide, target)
        wide.unlink()
    else:
        _write(target, request, config, chat, request.precision)
    model = GgufModel(target, render_modelfile(chat, request.system))
    (folder / "Modelfile").write_text(model.modelfile, encoding="utf-8")
    logger.info("export: %s in %s, %.1f MB", target.name, request.precision, target.stat().st_size / 1e6)
    return model


def check_precision(precision: str) -> None:
    """Refuse a precision that cannot be written here.

    Raises:
        GgufError: if it is unknown, or needs llama-cpp-python where that is missing.
    """
    if precision not in PRECISIONS:
        raise GgufError(f"precision={precision!r} is unknown; accepted: {', '.join(PRECISIONS)}")
    if precision == "q4_k_m" and not llamacpp.is_installed():
        raise GgufError(
            'export.precision=q4_k_m needs llama-cpp-python: pip install -e ".[llamacpp]" (a compiler and half an hour '
            "of one core), or choose q8_0, f16, bf16 or f32, which need nothing and are then not evaluated by llama.cpp"
        )


def render_modelfile(chat: Chat, system: str) -> str:
    """A Modelfile whose template is the one of the training, for one question and its answer.

    The template is found by rendering the tokenizer's own around marks; Ollama adds the BOS itself.
    """
    marks = {"system": "\x02system\x02", "user": "\x02user\x02"}
    turns = [{"role": role, "content": mark} for role, mark in marks.items()]
    tokenizer, end = chat.tokenizer, str(chat.tokenizer.convert_ids_to_tokens(chat.end))
    template = chat.prompt_text(turns).removeprefix((tokenizer.bos_token or "") if chat.adds_bos else "")
    template += "{{ .Response }}" + end
    template = template.replace(marks["system"], "{{ .System }}").replace(marks["user"], "{{ .Prompt }}")
    stops = "".join(f'PARAMETER stop "{token}"\n' for token in chat.facts["ends"])
    return f'FROM ./model.gguf\nTEMPLATE """{template}"""\nSYSTEM """{system}"""\n{stops}PARAMETER temperature 0\n'


def _write(path: Path, request: GgufRequest, config: Any, chat: Chat, precision: str) -> None:
    import gguf

    writer = gguf.GGUFWriter(path, "llama", use_temp_file=True)
    _describe(writer, config, request.name)
    writer.add_file_type(getattr(gguf.LlamaFileType, _file_type(precision)))
    _add_tokenizer(writer, chat, config.vocab_size)
    kind = gguf.GGMLQuantizationType[precision.upper()]
    for name, values in _tensors(Path(request.checkpoint.name), config):
        chosen = kind if values.ndim > 1 else gguf.GGMLQuantizationType.F32
        if chosen.value == gguf.GGMLQuantizationType.Q8_0 and values.shape[-1] % gguf.GGML_QUANT_SIZES[chosen][0]:
            chosen = gguf.GGMLQuantizationType.F16
        writer.add_tensor(name, gguf.quants.quantize(values, chosen), raw_dtype=chosen)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _file_type(precision: str) -> str:
    return "ALL_F32" if precision == "f32" else f"MOSTLY_{precision.upper()}"


def _describe(writer: Any, config: Any, name: str) -> None:
    writer.add_name(name)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(config.head_dim)
    writer.add_value_length(config.head_dim)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_rope_freq_base(config.rope_parameters["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)


def _add_tokenizer(writer: Any, chat: Chat, size: int) -> None:
    import json

    import gguf

    tokenizer = chat.tokenizer
    model = json.loads(tokenizer.backend_tokenizer.to_str())["model"]
    words = {number: word for word, number in tokenizer.get_vocab().items()}
    special = set(tokenizer.all_special_ids)
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pretokenizers.find_way(tokenizer))
    writer.add_token_list([words.get(number, f"[PAD{number}]") for number in range(size)])
    writer.add_token_types(
        [
            gguf.TokenType.UNUSED if number not in words else control if number in special else normal
            for number in range(size)
        ]
    )
    writer.add_token_merges([merge if isinstance(merge, str) else " ".join(merge) for merge in model["merges"]])
    if tokenizer.bos_token_id is not None:
        writer.add_bos_token_id(tokenizer.bos_token_id)
    writer.add_eos_token_id(chat.end)
    writer.add_pad_token_id(chat.padding.id)
    writer.add_add_bos_token(chat.adds_bos)
    writer.add_chat_template(tokenizer.get_chat_template())  # the one in use, where there are several


def _tensors(folder: Path, config: Any) -> Iterator[tuple[str, Any]]:
    """Names as llama.cpp has them and values in float32, one after the other."""
    import gguf
    import torch
    from safetensors import safe_open

    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.LLAMA, config.num_hidden_layers)
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as weights:
            for key in weights.keys():  # noqa: SIM118 - it is no mapping
                values = weights.get_tensor(key).to(torch.float32).numpy()
                count = next((heads[part] for part in key.split(".") if part in heads), None)
                name = names.get_name(key, try_suffixes=(".weight",))
                if name is None:
                    raise GgufError(f"llama.cpp knows no tensor for {key}")
                yield name, values if count is None else _interleave(values, count)
    factors = rope_factors(config)
    if factors is not None:
        yield "rope_freqs.weight", factors


def _interleave(values: Any, heads: int) -> Any:
    """Rows of queries and keys in the order in which llama.cpp rotates them: pairs side by side, not half by half."""
    rows, columns = values.shape
    return values.reshape(heads, 2, rows // heads // 2, columns).swapaxes(1, 2).reshape(rows, columns)


def rope_factors(config: Any) -> Any | None:
    """By what Llama 3's rotary frequencies are divided for long contexts; None where they are plain."""
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    if config.rope_parameters.get("rope_type", "default") == "default":
        return None
    scaled, _ = ROPE_INIT_FUNCTIONS[config.rope_parameters["rope_type"]](config, "cpu")
    steps = 2 * scaled.new_tensor(range(len(scaled))) / config.head_dim
    return (config.rope_parameters["rope_theta"] ** -steps / scaled).float().numpy()


def _quantize(source: Path, target: Path) -> None:
    import llama_cpp

    options = llama_cpp.llama_model_quantize_default_params()
    options.ftype = llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_M
    if llama_cpp.llama_model_quantize(str(source).encode(), str(target).encode(), options):
        raise GgufError(f"llama.cpp could not quantize {source}")
