"""Backend "unsloth": students loaded for training by unsloth's FastLanguageModel, on one CUDA GPU.

unsloth patches torch, transformers, peft and trl when it is imported, and has to be imported before them. So
it is imported only here, only in a child process (`launch="child"`), and only if none of them is there yet.
"""

import os
import sys
import tempfile
from typing import TYPE_CHECKING, Any

from sqlreason.errors import SqlReasonError
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.chat import Chat
from sqlreason.students.checkpoints.checkpoint import Checkpoint, choose_dtype
from sqlreason.students.training.setup import UNSLOTH_TOKENS
from sqlreason.students.training.transformers_backend import Lora

if TYPE_CHECKING:
    from peft import PeftModel

_PATCHED = ("trl", "transformers", "peft")


class UnslothError(SqlReasonError, RuntimeError):
    """unsloth cannot be used here."""


def load_student(
    checkpoint: Checkpoint,
    start: Lora | Adapter,
    *,
    dtype: str,
    quantization: str | None,
    gradient_checkpointing: bool,
    seed: int,
) -> "tuple[PeftModel, Chat]":
    """Load a base model with a new adapter, or one to go on with; see `transformers_backend.load_student`.

    Raises:
        UnslothError: if unsloth is missing, there is no CUDA GPU, or patched libraries were imported before.
    """
    language_model = _import_unsloth()
    import torch
    from peft import set_peft_model_state_dict

    model, _ = language_model.from_pretrained(
        model_name=checkpoint.name,
        revision=checkpoint.revision or "main",
        max_seq_length=UNSLOTH_TOKENS,
        dtype=getattr(torch, choose_dtype(dtype)),
        load_in_4bit=quantization == "nf4",
        fast_inference=False,
    )
    if isinstance(start, Adapter):
        start.require(checkpoint.identity)
    model = language_model.get_peft_model(
        model,
        **_shape(start),
        bias="none",
        use_gradient_checkpointing="unsloth" if gradient_checkpointing else False,
        random_state=seed,
    )
    if isinstance(start, Adapter):
        set_peft_model_state_dict(model, dict(start.tensors))
    model.checkpoint_identity = checkpoint.identity
    chat = checkpoint.load_chat()  # and not unsloth's tokenizer, whose padding and template it may have changed
    chat.bind(model)
    return model, chat


def prepare_environment() -> None:
    """Turn off unsloth's statistics and its way to a CPU, send its compiled cache to scratch; precedes its import."""
    scratch = os.environ.get("SQLREASON_SCRATCH") or tempfile.mkdtemp(prefix="sqlreason-")
    os.environ["UNSLOTH_DISABLE_STATISTICS"] = "1"
    os.environ["UNSLOTH_DISABLE_CPU_FALLBACK"] = "1"  # since 2026.10.9 it takes the CPU where it finds no GPU
    os.environ["UNSLOTH_COMPILE_LOCATION"] = os.path.join(scratch, "unsloth_compiled_cache")


def _import_unsloth() -> Any:
    too_early = [name for name in _PATCHED if name in sys.modules and "unsloth" not in sys.modules]
    if too_early:
        raise UnslothError(
            f"{', '.join(too_early)} was imported before unsloth in this process, which would leave it half patched; "
            "train with launch: child"
        )
    prepare_environment()
    try:
        from unsloth import FastLanguageModel
    except (ImportError, NotImplementedError) as error:
        raise UnslothError(
            f"unsloth cannot be imported ({error}); install the extra gpu on a machine with an NVIDIA GPU, "
            "or set backend: transformers"
        ) from error
    return FastLanguageModel


def _shape(start: Lora | Adapter) -> dict[str, Any]:
    """Rank, scale, dropout and modules of an adapter, in unsloth's words."""
    if isinstance(start, Adapter):
        modules = start.config["target_modules"]
        values = (start.config["r"], start.config["lora_alpha"], start.config["lora_dropout"], modules)
    else:
        values = (start.rank, start.alpha, start.dropout, start.target_modules)
    rank, alpha, dropout, modules = values
    modules = modules if isinstance(modules, str) else list(modules)
    return {"r": rank, "lora_alpha": alpha, "lora_dropout": dropout, "target_modules": modules}
