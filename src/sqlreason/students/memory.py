"""An estimate of the GPU memory that a training needs, from the shape of the model alone; torch is not needed.

It answers before a run whether a card can be enough. It is arithmetic, not a measurement: what really is needed is
measured by the rehearsal (`rehearsal.py`) as the first thing of each training.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GIB = 1 << 30
_NF4_BITS = 4.127  # a weight with doubly quantized constants: Dettmers et al. 2023 (QLoRA), section 3
_LAYER_BYTES = 34  # a token and hidden unit of one layer, 16 bits, fused attention: Korthikanti et al. 2022, section 4
_CHECKPOINT_BYTES = 2  # likewise where only a layer's input is kept (section 5)
_LOGIT_BYTES = 12  # a logit's log-probability, its exponent and their product in float32; measured, docs/hardware.md
LOGITS_AT_ONCE = 1 << 26  # of more the logits are computed in parts (`sharing.py`): 0.75 GiB
_OVERHEAD = 1 * GIB  # CUDA context, workspaces, what the allocator cannot use: an allowance, not a figure of a source


@dataclass(frozen=True)
class Shape:
    """The dimensions of a Llama-like model."""

    layers: int
    hidden: int
    intermediate: int
    heads: int
    key_value_heads: int
    head_size: int
    vocabulary: int
    tied: bool

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Shape":
        """The dimensions of a config.json of transformers.

        Raises:
            KeyError: if it is none of a Llama-like model.
        """
        heads = config["num_attention_heads"]
        return cls(
            layers=config["num_hidden_layers"],
            hidden=config["hidden_size"],
            intermediate=config["intermediate_size"],
            heads=heads,
            key_value_heads=config.get("num_key_value_heads") or heads,
            head_size=config.get("head_dim") or config["hidden_size"] // heads,
            vocabulary=config["vocab_size"],
            tied=bool(config.get("tie_word_embeddings", False)),
        )

    @property
    def linears(self) -> list[tuple[int, int]]:
        """Input and output size of the linear layers of one block: q, k, v, o, gate, up, down."""
        query, key = self.heads * self.head_size, self.key_value_heads * self.head_size
        attention = [(self.hidden, query), (self.hidden, key), (self.hidden, key), (query, self.hidden)]
        return [*attention, *[(self.hidden, self.intermediate)] * 2, (self.intermediate, self.hidden)]

    @property
    def linear_parameters(self) -> int:
        """Weights of all blocks, norms left out."""
        return self.layers * sum(inputs * outputs for inputs, outputs in self.linears)

    @property
    def embedding_parameters(self) -> int:
        """Weights of embedding and head, once where they are tied."""
        return self.vocabulary * self.hidden * (1 if self.tied else 2)

    def adapter_parameters(self, rank: int) -> int:
        """Weights of a LoRA adapter of all linear layers."""
        return self.layers * sum(rank * (inputs + outputs) for inputs, outputs in self.linears)

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
