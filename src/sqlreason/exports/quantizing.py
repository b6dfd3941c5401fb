"""Rounding of one tensor to the type that a precision gives it; by the package gguf, and for k-quants by llama.cpp.

The package writes no k-quants. llama.cpp's library, which lies in the wheel of xllamacpp, does, by a function of its
public C interface (`ggml_quantize_chunk`).
"""

import ctypes
from typing import Any

from sqlreason.errors import SqlReasonError

PRECISIONS = ("f32", "f16", "bf16", "q8_0", "q4_k_m")
_FALLBACKS = {"Q4_K": "Q5_0", "Q6_K": "Q8_0", "Q5_0": "F16", "Q8_0": "F16"}  # where rows do not fill whole blocks


class QuantizingError(SqlReasonError, RuntimeError):
    """llama.cpp did not round a tensor as it was asked to."""


def file_type(precision: str) -> str:
    """Return the name of a precision among `gguf.LlamaFileType`."""
    return "ALL_F32" if precision == "f32" else f"MOSTLY_{precision.upper()}"


def choose_type(precision: str, name: str, shape: tuple[int, ...], layers: int, tied: bool) -> Any:
    """Return the type of a tensor, of `gguf.GGMLQuantizationType`.

    `q4_k_m` is llama.cpp's mixture of that name: four bits, and six for the head, and for values and the way down of
    every third layer and of the first and the last eighth.

    Args:
        precision: One of `PRECISIONS`.
        name: Of the tensor, as llama.cpp has it.
        shape: Of the tensor.
        layers: Of the model.
        tied: Whether the embedding is the head.
    """
    import gguf

    kinds, sizes = gguf.GGMLQuantizationType, gguf.GGML_QUANT_SIZES
    if len(shape) == 1:
        return kinds.F32
    chosen = _mixed(name, layers, tied) if precision == "q4_k_m" else precision.upper()
    while chosen in _FALLBACKS and shape[-1] % sizes[kinds[chosen]][0]:
        chosen = _FALLBACKS[chosen]
    return kinds[chosen]


def _mixed(name: str, layers: int, tied: bool) -> str:
    if name == ("token_embd.weight" if tied else "output.weight"):
        return "Q6_K"
    if name.endswith(("attn_v.weight", "ffn_down.weight")):
        layer, eighth = int(name.split(".")[1]), layers // 8
        if layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2:
            return "Q6_K"
    return "Q4_K"


def quantize(values: Any, kind: Any) -> Any:
    """Return a tensor in a type, as bytes where that type has blocks.

    Raises:
        QuantizingError: If llama.cpp writes another number of bytes than the type has.
    """
    import gguf

    if not kind.name.endswith("_K"):
        return gguf.quants.quantize(values, kind)
    import numpy

    source = numpy.ascontiguousarray(values, dtype=numpy.float32)
    target = numpy.empty(gguf.quants.quant_shape_to_byte_shape(source.shape, kind), dtype=numpy.uint8)
    rows, columns = source.size // source.shape[-1], source.shape[-1]
    written = _quantizer()(int(kind), source.ctypes.data, target.ctypes.data, 0, rows, columns, None)
    if written != target.nbytes:
        raise QuantizingError(f"llama.cpp wrote {written} bytes of a tensor in {kind.name}, which has {target.nbytes}")
    return target


def _quantizer() -> Any:
    from xllamacpp import xllamacpp

    function = ctypes.CDLL(xllamacpp.__file__).ggml_quantize_chunk
    function.restype = ctypes.c_size_t
    function.argtypes = [ctypes.c_int, *[ctypes.c_void_p] * 2, *[ctypes.c_int64] * 3, ctypes.c_void_p]
    return function
