"""A key-value cache of transformers that is quick to write into, for layers that attend to earlier tokens."""

import math
from typing import Any

from sqlreason.students.checkpoints.attention import layer_kinds

_BLOCK = 64  # tokens by which buffers grow


def make_cache(model: Any) -> Any:
    """An empty cache whose layers write into buffers that grow by blocks.

    After the first call, attention sees whole buffers, the unfilled end included (the mask hides it): batched
    products of slices are up to five times slower on a CPU, and joining tensors at each token copies
    everything. Layers with a window keep all keys too, and their masks hide those outside.
    """
    import torch
    from transformers.cache_utils import Cache, DynamicLayer

    class BlockLayer(DynamicLayer):
        filled = 0
        keys: Any
        values: Any

        def get_seq_length(self) -> int:
            return self.filled

        def get_mask_sizes(self, query_length: int) -> tuple[int, int]:
            return self._length_with(query_length), 0

        def _length_with(self, tokens: int) -> int:
            """Of the buffers once some more tokens are in them."""
            if not self.is_initialized:
                return tokens
            missing = max(0, self.filled + tokens - self.keys.shape[2])
            return self.keys.shape[2] + math.ceil(missing / _BLOCK) * _BLOCK

        def update(self, key_states: Any, value_states: Any, *_: Any, **__: Any) -> tuple[Any, Any]:
            tokens = key_states.shape[2]
            if not self.is_initialized:
                self.keys, self.values, self.is_initialized, self.filled = key_states, value_states, True, tokens
                return key_states, value_states
            longer = self._length_with(tokens) - self.keys.shape[2]
            if longer:
                self.keys, self.values = (
                    torch.nn.functional.pad(tensor, (0, 0, 0, longer)) for tensor in (self.keys, self.values)
                )
            start, self.filled = self.filled, self.filled + tokens
            self.keys[:, :, start : self.filled] = key_states
            self.values[:, :, start : self.filled] = value_states
            return self.keys, self.values

    kinds = layer_kinds(model.config.get_text_config(decoder=True))
    return Cache(layers=[BlockLayer() for _ in kinds])
