"""A key-value cache of transformers that is quick to write into, for layers that attend to earlier tokens."""

import math
from typing import Any

from peft import PeftModel
from torch import Tensor, nn
from transformers import PreTrainedModel
from transformers.cache_utils import Cache, DynamicLayer

from sqlreason.students.checkpoints.attention import layer_kinds

_BLOCK = 64  # tokens by which buffers grow


class BlockLayer(DynamicLayer):  # type: ignore[misc]  # transformers is untyped here
    """Keys and values of one layer, in buffers that grow by blocks."""

    filled = 0
    keys: Tensor
    values: Tensor

    def get_seq_length(self) -> int:
        """Return the tokens that are in the buffers."""
        return self.filled

    def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
        """Return how many keys a mask covers once some more tokens are in, and where they begin."""
        return self._length_with(query_length), 0

    def _length_with(self, tokens: int) -> int:
        """Return the length of the buffers once some more tokens are in them."""
        if not self.is_initialized:
            return tokens
        missing = max(0, self.filled + tokens - self.keys.shape[2])
        return self.keys.shape[2] + math.ceil(missing / _BLOCK) * _BLOCK

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:
        """Write further tokens, and return the whole buffers."""
        tokens = key_states.shape[2]
        if not self.is_initialized:
            self.keys, self.values, self.is_initialized, self.filled = key_states, value_states, True, tokens
            return key_states, value_states
        longer = self._length_with(tokens) - self.keys.shape[2]
        if longer:
            self.keys, self.values = (
                nn.functional.pad(tensor, (0, 0, 0, longer)) for tensor in (self.keys, self.values)
            )
        start, self.filled = self.filled, self.filled + tokens
        self.keys[:, :, start : self.filled] = key_states
        self.values[:, :, start : self.filled] = value_states
        return self.keys, self.values


def make_cache(model: PreTrainedModel | PeftModel) -> Cache:
    """Return an empty cache whose layers write into buffers that grow by blocks.

    After the first call, attention sees whole buffers, the unfilled end included (the mask hides it): batched
    products of slices are up to five times slower on a CPU, and joining tensors at each token copies
    everything. Layers with a window keep all keys too, and their masks hide those outside.
    """
    kinds = layer_kinds(model.config.get_text_config(decoder=True))
    return Cache(layers=[BlockLayer() for _ in kinds])
