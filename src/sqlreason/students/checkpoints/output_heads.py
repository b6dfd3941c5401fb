"""What stands between a model's last layer and its logits: the head, and what a family does besides.

Gemma 2 caps the logits, Granite divides them, Cohere and Falcon H1 scale them; that is written in their forward passes
and nowhere else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlreason.students.checkpoints.attention import bare

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import Tensor, nn
    from transformers import PreTrainedModel
    from transformers.modeling_outputs import BaseModelOutput


def logits(base: PreTrainedModel, read: BaseModelOutput, hidden: Tensor) -> Tensor:
    """The logits at hidden states, by the model's own forward pass; what its layers have read stands in their place.

    Args:
        base: The model.
        read: What its layers have returned.
        hidden: Of tokens; tokens x hidden size.
    """
    layers, name = base.base_model, base.base_model_prefix
    base._modules[name] = _HasRead(layers, replace(read, last_hidden_state=hidden[None]))  # type: ignore[assignment, arg-type]
    try:
        return base(input_ids=None).logits[0]
    finally:
        base._modules[name] = layers


def is_known_to_trl(model: PreTrainedModel | PeftModel) -> bool:
    """Whether trl's losses that take the logits in chunks would take those that the model computes.

    They know a bias, a factor and a cap by the names that Cohere and Gemma have for them, and apply the head themselves
    (`_patch_chunked_ce_lm_head`). It is tried on a few tokens; a model that holds no weights passes.
    """
    import torch

    base = bare(model)
    if base.device.type == "meta":
        return True
    if base.base_model is base:  # it has its layers under another name than trl looks for
        return False
    config, head = base.config.get_text_config(), base.get_output_embeddings()
    scale, cap = getattr(config, "logit_scale", None), getattr(config, "final_logit_softcapping", None)
    with torch.no_grad():
        read = base.base_model(input_ids=torch.arange(8, device=base.device)[None], use_cache=False)
        hidden = read.last_hidden_state[0]
        own, theirs = logits(base, read, hidden).float(), head(hidden).float() * (1.0 if scale is None else scale)
    if cap is not None:
        theirs = (theirs / cap).tanh() * cap
    return torch.allclose(own, theirs, rtol=0.01, atol=0.01 * float(own.abs().max()))


class _HasRead:
    """Stands where a model's layers are and gives what they have read, whichever part of them is asked."""

    def __init__(self, layers: nn.Module, read: BaseModelOutput) -> None:
        self._layers, self._read = layers, read

    def __call__(self, *_: Any, **__: Any) -> BaseModelOutput:
        return self._read

    def __getattr__(self, name: str) -> Any:
        held = getattr(self._layers, name)
        return self if callable(held) else held
