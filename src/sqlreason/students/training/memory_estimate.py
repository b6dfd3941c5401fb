"""An estimate of the GPU memory that a training needs, from the shape of the model alone; torch is not needed.

It answers before a run whether a card can be enough. It is arithmetic, not a measurement: what really is needed is
measured by the memory dry run (`memory_dry_run.py`) as the first thing of each training.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GIB = 1 << 30
_NF4_BITS = 4.127  # a weight with doubly quantized constants: Dettmers et al. 2023 (QLoRA), section 3
_LAYER_BYTES = 34  # a token and hidden unit of one layer, 16 bits, fused attention: Korthikanti et al. 2022, section 4
_CHECKPOINT_BYTES = 2  # likewise where only a layer's input is kept (section 5)
_LOGIT_BYTES = 12  # a logit's log-probability, its exponent and their product in float32; measured, docs/hardware.md
LOGITS_AT_ONCE = 1 << 26  # of more the logits are computed in parts (`shared_prompts.py`): 0.75 GiB
_OVERHEAD = 1 * GIB  # CUDA context, workspaces, what the allocator cannot use: an allowance, not a figure of a source
_EXPERTS = ("num_local_experts", "num_experts", "n_routed_experts")  # what families call their number
_ATTENTION = {"full_attention", "sliding_attention", "chunked_attention"}
_OTHER_LAYERS = ("mamba_", "linear_", "conv_", "kv_lora_", "lru_", "layers_block_type", "attn_layer_")


@dataclass(frozen=True)
class Shape:
    """The dimensions of a Llama-like model; `experts` is how many MLPs of the intermediate size a layer has."""

    layers: int
    hidden: int
    intermediate: int
    heads: int
    key_value_heads: int
    head_size: int
    vocabulary: int
    tied: bool
    experts: int = 1

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Shape | None":
        """The dimensions of a config.json of transformers, or None where they are not those of a Llama-like model.

        What a file leaves out is what transformers takes for it. Models that read images too are told by their text
        part.
        """
        text: Mapping[str, Any] = config.get("text_config") or config
        others = [name for name in text if name.startswith(_OTHER_LAYERS) and text[name] is not None]
        if others or set(text.get("layer_types") or ()) - _ATTENTION:
            return None
        experts = next((text[name] for name in _EXPERTS if text.get(name)), 1)
        sizes: dict[str, Any] = {
            "layers": text.get("num_hidden_layers"),
            "hidden": text.get("hidden_size"),
            "intermediate": (experts > 1 and text.get("moe_intermediate_size")) or text.get("intermediate_size"),
            "heads": text.get("num_attention_heads"),
            "key_value_heads": text.get("num_key_value_heads") or text.get("num_attention_heads"),
            "vocabulary": text.get("vocab_size") or config.get("vocab_size"),
        }
        if not all(isinstance(size, int) and size > 0 for size in sizes.values()):
            return None
        tied = text.get("tie_word_embeddings", config.get("tie_word_embeddings"))
        return cls(
            **sizes,
            head_size=text.get("head_dim") or text["hidden_size"] // text["num_attention_heads"],
            tied=True if tied is None else bool(tied),  # transformers before 5 wrote it only where it was false
            experts=experts,
        )

    @property
    def attention(self) -> list[tuple[int, int]]:
        """Input and output size of q, k, v and o of one block."""
        query, key = self.heads * self.head_size, self.key_value_heads * self.head_size
        return [(self.hidden, query), (self.hidden, key), (self.hidden, key), (query, self.hidden)]

    @property
    def mlp(self) -> list[tuple[int, int]]:
        """Likewise of gate, up and down of one expert."""
        return [*[(self.hidden, self.intermediate)] * 2, (self.intermediate, self.hidden)]

    @property
    def linear_parameters(self) -> int:
        """Weights of all blocks, norms left out."""
        return self.layers * sum(inputs * outputs for inputs, outputs in [*self.attention, *self.mlp * self.experts])

    @property
    def embedding_parameters(self) -> int:
        """Weights of embedding and head, once where they are tied."""
        return self.vocabulary * self.hidden * (1 if self.tied else 2)

    def adapter_parameters(self, rank: int) -> int:
        """Weights of a LoRA adapter of all linear layers; experts are none, but tensors of all in one."""
        linears = [*self.attention, *self.mlp] if self.experts == 1 else self.attention
        return self.layers * sum(rank * (inputs + outputs) for inputs, outputs in linears)

    @property
    def cache_bytes(self) -> int:
        """Keys and values of one token, in 16 bits."""
        return 2 * self.layers * self.key_value_heads * self.head_size * 2


def weight_bytes(shape: Shape, quantization: str | None, dtype: str = "bfloat16") -> float:
    """Bytes of the frozen weights; embeddings and head stay in 16 bits under a quantization."""
    wide = 4 if dtype == "float32" else 2
    linear = _NF4_BITS / 8 if quantization == "nf4" else wide
    return shape.linear_parameters * linear + shape.embedding_parameters * wide


def estimate(
    shape: Shape,
    *,
    rows: int,
    tokens: int,
    logit_tokens: int,
    rank: int,
    quantization: str | None,
    optimizer: str,
    checkpointing: bool,
    generated_rows: int = 0,
) -> dict[str, float]:
    """Bytes that a training step needs, by what needs them.

    Args:
        shape: Of the model.
        rows: Of one forward pass.
        tokens: Of a row, prompt and completion.
        logit_tokens: Tokens of a row whose logits are computed.
        rank: Of the adapter.
        quantization: None or "nf4".
        optimizer: Its name; those with 8bit in it keep two bytes a weight, others eight.
        checkpointing: Whether layers are computed again in the backward pass.
        generated_rows: Completions that are written at once (GRPO).

    Returns:
        weights, adapter, activations, logits, cache, overhead; in bytes.
    """
    states = 2 if "8bit" in optimizer else 8
    layer = _LAYER_BYTES * rows * tokens * shape.hidden
    kept = _CHECKPOINT_BYTES * rows * tokens * shape.hidden
    return {
        "weights": weight_bytes(shape, quantization),
        "adapter": shape.adapter_parameters(rank) * (4 + 4 + states),
        "activations": shape.layers * kept + layer if checkpointing else shape.layers * layer,
        "logits": min(rows * logit_tokens * shape.vocabulary, LOGITS_AT_ONCE) * _LOGIT_BYTES,
        "cache": generated_rows * tokens * shape.cache_bytes,
        "overhead": _OVERHEAD,
    }


def peak(parts: Mapping[str, float]) -> float:
    """The most that is needed at once: keys and values are gone before the forward pass for the loss."""
    lasting = parts["weights"] + parts["adapter"] + parts["overhead"]
    return lasting + max(parts["cache"], parts["activations"] + parts["logits"])
