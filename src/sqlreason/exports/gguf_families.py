"""Which architectures are written as GGUF, under which keys and with which changes of their weights.

Names of tensors and keys are those of the package `gguf`, which llama.cpp publishes; what llama.cpp computes with them
was found out by comparing its greedy tokens with transformers' (tests/students/test_gguf_families.py). Not covered:
mixtures of experts, models that read images, and rotary positions that llama.cpp would compute otherwise.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlreason.errors import BadInput

_PLAIN, _LLAMA3, _SCALED = "default", "llama3", {"linear": "LINEAR", "yarn": "YARN"}


class GgufError(BadInput):
    """A model cannot be written as GGUF."""


class NoGgufError(GgufError):
    """This program writes no GGUF of such a model; its merged weights are an export all the same."""


@dataclass(frozen=True)
class GgufFamily:
    """How models of one architecture are written.

    Attributes:
        name: llama.cpp's, of `gguf.MODEL_ARCH`.
        pairs: Whether it rotates neighbouring values of queries and keys, not the two halves as transformers does.
        adds_one: Whether transformers keeps the weights of norms less one.
        slides: Whether llama.cpp has this architecture's sliding windows.
    """

    name: str
    pairs: bool = False
    adds_one: bool = False
    slides: bool = False


#: By transformers' name of the architecture.
FAMILIES = {
    "LlamaForCausalLM": GgufFamily("LLAMA", pairs=True),
    "MistralForCausalLM": GgufFamily("LLAMA", pairs=True),
    "Qwen2ForCausalLM": GgufFamily("QWEN2"),
    "Qwen3ForCausalLM": GgufFamily("QWEN3"),
    "Phi3ForCausalLM": GgufFamily("PHI3"),
    "Glm4ForCausalLM": GgufFamily("GLM4"),
    "GemmaForCausalLM": GgufFamily("GEMMA", adds_one=True),
    "Gemma2ForCausalLM": GgufFamily("GEMMA2", adds_one=True, slides=True),
    "Gemma3ForCausalLM": GgufFamily("GEMMA3", adds_one=True, slides=True),
}


def find_family(config: Any, name: str) -> GgufFamily:
    """Return how a model is written.

    Args:
        config: The model's configuration.
        name: Of the model, for the message.

    Raises:
        NoGgufError: If its architecture, or its rotary positions, are not covered.
    """
    architecture = (config.architectures or ["model of unknown architecture"])[0]
    if architecture not in FAMILIES:
        raise NoGgufError(
            f"{name} is a {architecture}; GGUF is written of {', '.join(FAMILIES)}, use llama.cpp's "
            "convert_hf_to_gguf.py for others"
        )
    family = FAMILIES[architecture]
    kind = rope_of(config).get("rope_type", _PLAIN)
    if kind not in (_PLAIN, _LLAMA3, *_SCALED):
        raise NoGgufError(
            f"{name} has rotary positions of the kind {kind!r}, which are not written here; use llama.cpp's "
            "convert_hf_to_gguf.py"
        )
    scalar = getattr(config, "query_pre_attn_scalar", None)
    if scalar not in (None, config.head_dim):
        raise NoGgufError(
            f"{name} scales its attention by {scalar} where llama.cpp takes the head's size, {config.head_dim}; use "
            "llama.cpp's convert_hf_to_gguf.py"
        )
    return family


def rope_of(config: Any, layers: str = "full_attention") -> dict[str, Any]:
    """Return the rotary parameters of a configuration; where kinds of layers have their own, those of `layers`."""
    parameters = config.rope_parameters
    return dict(parameters.get(layers) or parameters)


def describe(writer: Any, family: GgufFamily, config: Any) -> None:
    """Add a model's sizes and constants to a GGUF file."""
    import gguf

    size = head_size(config)
    rope = rope_of(config)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(_context(family, config))
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(size)
    writer.add_value_length(size)
    writer.add_rope_dimension_count(int(size * _partial(config, rope)))
    writer.add_rope_freq_base(rope["rope_theta"])
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    kind = rope.get("rope_type", _PLAIN)
    if kind in _SCALED:
        writer.add_rope_scaling_type(gguf.RopeScalingType[_SCALED[kind]])
        writer.add_rope_scaling_factor(rope["factor"])
        if kind == "yarn":
            original = rope.get("original_max_position_embeddings") or config.max_position_embeddings
            writer.add_rope_scaling_orig_ctx_len(int(original))
    if family.slides:
        writer.add_sliding_window(config.sliding_window)
        _describe_windows(writer, family, config)


def _describe_windows(writer: Any, family: GgufFamily, config: Any) -> None:
    for name in ("attn", "final"):
        cap = getattr(config, f"{name}_logit_softcapping", None)
        if cap is not None:
            getattr(writer, f"add_{name}_logit_softcapping")(cap)
    if family.name == "GEMMA3":
        writer.add_rope_freq_base_swa(rope_of(config, "sliding_attention")["rope_theta"])
        writer.add_sliding_window_pattern([kind == "sliding_attention" for kind in config.layer_types])


def head_size(config: Any) -> int:
    """Return how many values a head has."""
    return int(getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads)


def _partial(config: Any, rope: dict[str, Any]) -> float:
    return float(rope.get("partial_rotary_factor") or getattr(config, "partial_rotary_factor", None) or 1.0)


def _context(family: GgufFamily, config: Any) -> int:
    """What the model reads; no more than a window that llama.cpp would not apply."""
    window = getattr(config, "sliding_window", None)
    kinds = getattr(config, "layer_types", None) or ["sliding_attention"]
    slides = window and "sliding_attention" in kinds and not family.slides
    return int(min(config.max_position_embeddings, window) if slides else config.max_position_embeddings)


def list_tensors(folder: Path, family: GgufFamily, config: Any) -> Iterator[tuple[str, Any]]:
    """Yield names as llama.cpp has them and values in float32, one after the other.

    Args:
        folder: Of the model.
        family: How it is written.
        config: Its configuration.

    Raises:
        NoGgufError: If llama.cpp knows no place for a tensor.
    """
    import gguf
    import torch
    from safetensors import safe_open

    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH[family.name], config.num_hidden_layers)
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads} if family.pairs else {}
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as weights:
            for key in weights.keys():  # noqa: SIM118 - it is no mapping
                if key.startswith("lm_head.") and config.tie_word_embeddings:
                    continue
                values = weights.get_tensor(key).to(torch.float32).numpy()
                count = next((heads[part] for part in key.split(".") if part in heads), None)
                name = names.get_name(key, try_suffixes=(".weight", ".bias"))
                if name is None:
                    raise NoGgufError(f"llama.cpp knows no tensor for {key} in a {family.name.lower()}")
                if family.adds_one and key.endswith("norm.weight"):
                    values = values + 1
                yield name, values if count is None else _interleave(values, count)
    factors = rope_factors(config)
    if factors is not None:
        yield "rope_freqs.weight", factors


def _interleave(values: Any, heads: int) -> Any:
    """Rows of queries and keys in the order in which llama.cpp rotates them: pairs side by side, not half by half."""
    rows = values.shape[0]
    return values.reshape(heads, 2, rows // heads // 2, -1).swapaxes(1, 2).reshape(values.shape)


def rope_factors(config: Any) -> Any | None:
    """Return by what Llama 3's rotary frequencies are divided for long contexts; None where they are plain."""
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    rope = rope_of(config)
    if rope.get("rope_type", _PLAIN) != _LLAMA3:
        return None
    scaled, _ = ROPE_INIT_FUNCTIONS[_LLAMA3](config, "cpu")
    steps = 2 * scaled.new_tensor(range(len(scaled))) / head_size(config)
    return (rope["rope_theta"] ** -steps / scaled).float().numpy()
