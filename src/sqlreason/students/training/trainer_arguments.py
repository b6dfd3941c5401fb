"""What SFT and GRPO share: the arguments that are not chosen, progress, history, checkpoints.

Covers Hugging Face's Trainer as trl uses it. The losses and the data are `sft.py` and `grpo.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from sqlreason.errors import SqlReasonError
from sqlreason.students.checkpoints import attention, cpu
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.checkpoint import Checkpoint, choose_device
from sqlreason.students.training import tracking
from sqlreason.students.training.trl_arguments import FIXED, read_arguments
from sqlreason.students.training.work_folder import Stage

if TYPE_CHECKING:
    from peft import PeftModel
    from torch import nn
    from transformers import PreTrainedModel, Trainer, TrainerCallback

Config = TypeVar("Config")

logger = logging.getLogger(__name__)

#: What to change where a pass does not fit into memory.
LESS_TO_LEARN_FROM = (
    "halve {stage}.trl.per_device_train_batch_size and double gradient_accumulation_steps (a step stays what it was), "
    "set {stage}.trl.gradient_checkpointing: true or student.quantization: nf4, or lower "
    "preprocessing.max_prompt_tokens"
)


class TrainingError(SqlReasonError, RuntimeError):
    """A guard found that the training would not do what was asked for."""


def arguments_of(trl: Mapping[str, Any], folder: Path, mixed: bool) -> dict[str, Any]:
    """Return the arguments given with those of every training, which nobody chooses.

    Args:
        trl: Arguments by trl's names.
        folder: For checkpoints; the run of a tracker is called after it.
        mixed: Whether it computes in bfloat16.
    """
    return {
        **tracking.arguments(folder),
        **trl,
        **FIXED,
        "output_dir": str(folder),
        "bf16": mixed,
        "data_seed": trl.get("seed", read_arguments("SFTConfig")["seed"].default),
        "use_cpu": not _has_gpu(),
    }


def build_config(kind: type[Config], arguments: dict[str, Any]) -> Config:
    """Build a trl configuration and compares every requested value with what it holds.

    Raises:
        TrainingError: if one differs, or is unknown to this version of trl.
    """
    try:
        config = kind(**arguments)
    except TypeError as error:
        raise TrainingError(f"{kind.__name__} of this trl does not know an argument: {error}") from error
    kept = {name: getattr(config, name) for name in arguments}
    changed = {
        name: (value, kept[name])
        for name, value in arguments.items()
        if value != kept[name] and str(value) != str(getattr(kept[name], "value", kept[name]))
    }
    if changed:
        raise TrainingError(f"{kind.__name__} holds other values than were requested (requested, held): {changed}")
    return config


def run(
    trainer: Trainer,
    stage: Stage,
    total: str,
    callbacks: Sequence[TrainerCallback] = (),
    parameters: str | None = None,
) -> list[dict[str, Any]]:
    """Train to the end, from the last complete checkpoint if there is one.

    Args:
        trainer: A trl trainer.
        stage: Whose folder holds the checkpoints.
        total: What the progress bar is called.
        callbacks: Further trainer callbacks.
        parameters: Section that holds the schedule, if it is called otherwise than the progress bar.

    Returns:
        The log entries of all steps, those before an interruption included; each has `seconds` since the
        start.
    """
    from transformers import PrinterCallback, ProgressCallback

    from sqlreason.students.training.bookkeeping import Bookkeeping

    for unwanted in (PrinterCallback, ProgressCallback):
        trainer.remove_callback(unwanted)
    for callback in (Bookkeeping(stage, total), *callbacks):
        trainer.add_callback(callback)
    tracking.move_behind(trainer)
    widen_adapter(cast("nn.Module", trainer.model))
    checkpoint = stage.last_checkpoint()
    try:
        advice = LESS_TO_LEARN_FROM.format(stage=parameters or total)
        with fitting(f"{total}: the training", advice), tracking.run_of_its_own():
            trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    finally:
        cpu.release_memory()
    return [entry for entry in trainer.state.log_history if "loss" in entry]


@contextmanager
def fitting(doing: str, advice: str) -> Iterator[None]:
    """Within it, memory that is too small is told as a TrainingError with what to change."""
    from accelerate.utils.memory import should_reduce_batch_size

    try:
        yield
    except RuntimeError as error:
        if isinstance(error, TrainingError) or not should_reduce_batch_size(error):
            raise
        first = str(error).splitlines()[0]
        raise TrainingError(f"{doing} does not fit into memory: {advice}. ({first})") from error


def note(trainer: Trainer, **found: Any) -> None:
    """Keep what was found before the first step, for the facts of the adapter."""
    trainer.found_before = {**getattr(trainer, "found_before", {}), **found}  # type: ignore[attr-defined]


def take_adapter(trainer: Trainer, checkpoint: Checkpoint, fingerprint: str, facts: Mapping[str, Any]) -> Adapter:
    """Copy the trained adapter off a trainer, with what was noted of it.

    Every rank has to ask, for under FSDP and ZeRO each holds a shard.
    """
    facts = {**facts, **getattr(trainer, "found_before", {})}
    if checkpoint.origin:
        facts["base_origin"] = checkpoint.origin
    trainer.accelerator.wait_for_everyone()
    weights = trainer.accelerator.get_state_dict(trainer.model_wrapped) if is_sharded(trainer) else None
    return Adapter.from_model(
        cast("PeftModel", trainer.model), checkpoint.identity, fingerprint, facts, weights=weights
    )


def is_sharded(trainer: Trainer) -> bool:
    """Whether each rank holds but a part of the weights."""
    return trainer.accelerator.distributed_type.value in ("FSDP", "DEEPSPEED")


def widen_adapter(model: nn.Module) -> None:
    """Put the adapter back into float32: over 4-bit weights trl rounds it to bfloat16, where small updates vanish.

    Shards of FSDP stay as they are: those of a group have to be of one type.
    """
    if choose_device() is None:
        return
    for parameter in model.parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.float()


def use_quick_attention(model: PreTrainedModel | PeftModel) -> None:
    """Set the attention of `attention.choose`: on a CPU that which is quick there."""
    if model.device.type == "cpu":
        cpu.keep_memory()
    model.set_attn_implementation(attention.choose(model))


def is_mixed(model: PeftModel) -> bool:
    """Whether the training computes in bfloat16: if the weights are in it (the adapter itself is kept in float32)."""
    import torch

    return bool(model.dtype == torch.bfloat16)


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()
