"""A LoRA layer on a CPU in one step, forward and backward; with PEFT's the base's product is the smaller part.

PEFT casts the input of every layer to float32 and, under autocast, back, and adds two products of which one is thin.
Here the adapter's weights are cast once a layer and its product is added in place. The results are PEFT's but for the
rounding of bfloat16. Layers that are more than that (4-bit weights, dropout, a bias, DoRA) stay PEFT's, and so does a
layer whose adapter is switched off or merged.
"""

from collections.abc import Callable
from typing import Any

import torch
from peft import PeftModel
from peft.tuners.lora.layer import Linear
from torch import Tensor, nn

ADAPTER = "default"


def use_quick_lora(model: PeftModel) -> int:
    """Replace the forward pass of the LoRA layers of a model on a CPU; return of how many."""
    if model.device.type != "cpu":
        return 0
    layers = [module for module in model.modules() if type(module) is Linear and _is_plain(module)]
    for layer in layers:
        layer.forward = _forward(layer, layer.forward)  # type: ignore[method-assign]
    return len(layers)


def _is_plain(layer: Linear) -> bool:
    base = layer.base_layer
    return (
        type(base) is nn.Linear
        and base.bias is None
        and base.weight.dtype == torch.bfloat16
        and not base.weight.requires_grad
        and set(layer.lora_A) == {ADAPTER}
        and not any(layer.use_dora.values())
        and layer.lora_A[ADAPTER].bias is None
        and layer.lora_B[ADAPTER].bias is None
        and isinstance(layer.lora_dropout[ADAPTER], nn.Identity)
    )


def _forward(layer: Linear, peft_forward: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def forward(x: Tensor, *arguments: Any, **options: Any) -> Tensor:
        usual = layer.disable_adapters or layer.merged or layer.active_adapters != [ADAPTER] or arguments or options
        if usual or x.dtype != torch.bfloat16:
            return peft_forward(x, *arguments, **options)
        down, up = layer.lora_A[ADAPTER].weight, layer.lora_B[ADAPTER].weight
        return _QuickLora.apply(x, layer.base_layer.weight, down, up, layer.scaling[ADAPTER])

    return forward


class _QuickLora(torch.autograd.Function):
    """x W' + scale (x A') B', with the gradients of x, A and B; W is frozen."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, down: Tensor, up: Tensor, scale: float) -> Tensor:
        rows, kinds = x.flatten(0, -2), (down.dtype, up.dtype)
        down, up = down.to(x.dtype), up.to(x.dtype)
        inner = rows @ down.T
        ctx.save_for_backward(rows, inner, weight, down, up)
        ctx.scale, ctx.shape, ctx.kinds = scale, x.shape, kinds
        return (rows @ weight.T).addmm_(inner, up.T, alpha=scale).view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        rows, inner, weight, down, up = ctx.saved_tensors
        gradient = gradient.flatten(0, -2)
        to_inner = (gradient @ up).mul_(ctx.scale)
        to_up = (gradient.T @ inner).to(ctx.kinds[1]).mul_(ctx.scale)
        to_down = (to_inner.T @ rows).to(ctx.kinds[0])
        to_x = (gradient @ weight).addmm_(to_inner, down).view(ctx.shape)
        return to_x, None, to_down, to_up, None
