"""What a model's configuration alone tells of it, before any weight is read: where adapters fit, how much it reads.

The layers are those of transformers' own model, built on torch's meta device, where tensors have a shape and no memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

ALL_LINEAR = "all-linear"


def find_target_modules(config: PretrainedConfig, target_modules: Sequence[str] | str) -> list[str]:
    """Which of LoRA's target modules get no adapter: a model has none of that name, or PEFT refuses it there.

    PEFT itself says nothing of a name that it does not find as long as it finds another. Of "all-linear" only what is
    refused can be missing: the names are then those of the model.

    Args:
        config: Of transformers.
        target_modules: As in `transformers_backend.Lora`.

    Returns:
        Names, in the order given.
    """
    there = _linears(_build(config))
    names = _short_names(there) if target_modules == ALL_LINEAR else list(target_modules)
    fitting = [name for name in names if any(_is_meant(name, layer) for layer in there)]
    if not _accepts(config, fitting):
        fitting = [name for name in fitting if _accepts(config, [name])]
    return [name for name in names if name not in fitting]


def linear_modules(config: PretrainedConfig) -> list[str]:
    """The names of a model's linear layers, the head left out: what may stand in `lora.target_modules`."""
    return _short_names(_linears(_build(config)))


def longest_input(config: PretrainedConfig) -> int | None:
    """How many tokens a model reads; None where its configuration sets no limit, as that of a state-space model."""
    positions = getattr(config.get_text_config(decoder=True), "max_position_embeddings", None)
    return int(positions) if positions else None


def _build(config: PretrainedConfig) -> PreTrainedModel:
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config)


def _linears(model: PreTrainedModel) -> list[str]:
    """The full name of each layer that PEFT calls linear."""
    import torch
    from transformers.pytorch_utils import Conv1D

    head = model.get_output_embeddings()
    layers = [(name, layer) for name, layer in model.named_modules() if isinstance(layer, (torch.nn.Linear, Conv1D))]
    return [name for name, layer in layers if layer is not head]


def _short_names(names: Iterable[str]) -> list[str]:
    """Their last parts, with that before where it is but a number in a list."""
    parts = [name.split(".") for name in names]
    return sorted({".".join(part[-2:] if part[-1].isdigit() else part[-1:]) for part in parts})


def _is_meant(target: str, name: str) -> bool:
    return name == target or name.endswith(f".{target}")


def _accepts(config: PretrainedConfig, names: list[str]) -> bool:
    """Whether PEFT puts adapters on all layers of these names: it keeps off some of state-space models."""
    from peft import LoraConfig, get_peft_model

    try:
        if names:
            get_peft_model(_build(config), LoraConfig(target_modules=names, task_type="CAUSAL_LM"))
    except ValueError:
        return False
    return True
