"""What a model's attention is, and whether our own loops (`decoding.py`, `shared_prompts.py`) are right for it.

Our loops know layers that look at all earlier tokens or at a window of them, with whatever the model itself does
within (rotations, soft-capping, sinks). transformers is asked for each layer's kind; where there is another kind, or a
model goes its own ways, `obstacle` tells why, and transformers' and trl's own ways are taken instead.
"""

from __future__ import annotations

import inspect
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from sqlreason.students.checkpoints import cpu

if TYPE_CHECKING:
    import torch
    from peft import PeftModel
    from torch import Tensor
    from transformers import PretrainedConfig, PreTrainedModel

    Model = PreTrainedModel | PeftModel

logger = logging.getLogger(__name__)

_KINDS = {"full_attention", "sliding_attention"}
_GIVEN = {"attention_mask", "position_ids", "past_key_values", "logits_to_keep"}  # what the loops give a forward pass
_STRETCHING = ("longrope", "dynamic")  # rotations that change for all tokens once a sequence is long


@dataclass(frozen=True)
class Obstacle:
    """Why our own loops would be wrong, and whether rows may be padded where transformers takes over."""

    why: str
    padding: bool = True


def obstacle(model: Model, tokens: int) -> Obstacle | None:
    """What is in the way of our own loops for sequences of up to `tokens` tokens; None where they are right."""
    base = bare(model)
    config = base.config.get_text_config(decoder=True)
    if base.config.is_encoder_decoder:
        return Obstacle("it has an encoder")
    others = set(layer_kinds(config)) - _KINDS
    if others:
        return Obstacle(f"it has layers of the kind {', '.join(sorted(others))}")
    if base._is_stateful:  # and names no kinds: its layers read padding as they read tokens
        return Obstacle("its layers keep a state", padding=False)
    missing = _GIVEN - set(inspect.signature(type(base).forward).parameters)
    if missing or not base._supports_attention_backend or base.base_model is base:
        return Obstacle("it is not built as most models of transformers are")
    if base.config._attn_implementation not in ("eager", "sdpa", cpu.PLAIN_ATTENTION):
        return Obstacle(f"its attention is {base.config._attn_implementation}, which takes no masks")
    reach = _steady_reach(config)
    if reach is not None and tokens > reach:  # what a row reads would hang on the longest of its batch
        return Obstacle(f"its rotary embedding changes beyond {reach} tokens", padding=False)
    return None


def tell(model: Model, instead: str, obstacle: Obstacle) -> None:
    """Log, once in a process, what is done in place of our own loop."""
    _warn(f"{type(bare(model)).__name__}: {instead}, because {obstacle.why}; that is slower")


@lru_cache
def _warn(message: str) -> None:
    logger.warning(message)


def layer_kinds(config: PretrainedConfig) -> list[str]:
    """The kind of attention of each layer that has keys and values of its own, as transformers names them.

    Args:
        config: Of the text model.
    """
    from transformers.cache_utils import get_layer_types_and_kwargs

    return list(get_layer_types_and_kwargs(config)[0])


def choose(model: Model) -> str:
    """The implementation of a model's attention that leaves nothing out, and is quick where there is a choice.

    Another than sdpa is there for a reason: sinks, for example, are in the model's own function alone. And sdpa has no
    soft-capping, which transformers leaves out there without a word.
    """
    held = str(model.config._attn_implementation)
    if held != "sdpa" or not model._supports_attention_backend:
        return held
    if model.device.type == "cpu":
        return cpu.register_attention()
    return "eager" if getattr(model.config.get_text_config(), "attn_logit_softcapping", None) else held


def seen_in_trees(parts: Tensor) -> Tensor:
    """Which tokens each may see in rows that branch (rows, 1, tokens, tokens): earlier ones of trunk and own branch.

    Args:
        parts: 0 for the trunk, k for the k-th branch, -1 for padding; rows x tokens.
    """
    queries, keys = parts[:, None, :, None], parts[:, None, None, :]
    return ((keys == 0) | (keys == queries)).tril_()


def masks(config: PretrainedConfig, seen: Tensor, positions: Tensor, dtype: torch.dtype) -> Tensor | dict[str, Tensor]:
    """Additive masks as a model takes them that prepares none: one, or one for each kind of its layers.

    Args:
        config: Of the model.
        seen: Which keys a query may see if its layer has no window; batch x 1 x queries x keys.
        positions: Of each token in its own sequence, which need not be its place in the row; batch x tokens.
        dtype: Of the masks.
    """
    text = config.get_text_config(decoder=True)
    kinds = set(layer_kinds(text))
    return _as_taken(text, {kind: _additive(_within(kind, text, positions, seen), dtype) for kind in kinds})


class NextMasks:
    """Additive masks for one more token of each row, kept from step to step.

    A model that makes them itself, from which tokens are padding, takes 2 to 4 % of a small one's time for it.

    Args:
        config: Of the model.
        seen: Which tokens so far are none of padding; rows x tokens.
        dtype: Of the masks.
    """

    def __init__(self, config: PretrainedConfig, seen: Tensor, dtype: torch.dtype) -> None:
        import torch

        self._config = config.get_text_config(decoder=True)
        self._filled, self._lowest = seen.shape[1], torch.finfo(dtype).min
        self._keys = {kind: _additive(seen, dtype) for kind in set(layer_kinds(self._config))}
        if "sliding_attention" in self._keys:
            self._keys["sliding_attention"][:, : max(0, self._filled - self._config.sliding_window + 1)] = self._lowest

    def extend(self, length: int) -> Tensor | dict[str, Tensor]:
        """The masks of the next token over the `length` keys of the cache with it, as the model takes them."""
        import torch

        for kind, keys in self._keys.items():
            if length > keys.shape[1]:
                keys = torch.nn.functional.pad(keys, (0, length - keys.shape[1]), value=self._lowest)
            keys[:, self._filled] = 0
            if kind == "sliding_attention" and self._filled >= self._config.sliding_window:
                keys[:, self._filled - self._config.sliding_window] = self._lowest
            self._keys[kind] = keys
        self._filled += 1
        return _as_taken(self._config, {kind: keys[:, None, None] for kind, keys in self._keys.items()})

    def keep(self, rows: Tensor) -> None:
        """Go on with some of the rows."""
        self._keys = {kind: keys[rows] for kind, keys in self._keys.items()}


def _as_taken(config: PretrainedConfig, by_kind: dict[str, Tensor]) -> Tensor | dict[str, Tensor]:
    """Models that name the kind of each layer take a mask for each; others have one kind of layers."""
    return by_kind if hasattr(config, "layer_types") else by_kind.popitem()[1]


def bare(model: Model) -> PreTrainedModel:
    """The transformers model itself, without what PEFT has put around it."""
    return cast("PreTrainedModel", model.get_base_model() if hasattr(model, "get_base_model") else model)  # type: ignore[operator]


def _within(kind: str, config: PretrainedConfig, positions: Tensor, seen: Tensor) -> Tensor:
    from transformers.masking_utils import sliding_window_overlay

    if kind == "full_attention":
        return seen
    near = sliding_window_overlay(config.sliding_window)
    return seen & near(None, None, positions[:, None, :, None], positions[:, None, None, :])


def _additive(seen: Tensor, dtype: torch.dtype) -> Tensor:
    import torch

    lowest = torch.finfo(dtype).min
    return torch.zeros(seen.shape, dtype=dtype, device=seen.device).masked_fill_(~seen, lowest)


def _steady_reach(config: PretrainedConfig) -> int | None:
    """The longest sequence for which rotations stay those of a short one; None if they always do."""
    parameters = getattr(config, "rope_parameters", None) or {}
    each = [value for value in parameters.values() if isinstance(value, Mapping)] or [parameters]
    reaches = [
        one.get("original_max_position_embeddings") or config.max_position_embeddings
        for one in each
        if one.get("rope_type") in _STRETCHING
    ]
    return min(reaches, default=None)
