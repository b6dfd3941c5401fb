"""The longest batch first: forward and backward, no step, so that a training that does not fit fails at once.

From the same pass come the estimates of memory, seconds a step and hours. Nothing of it stays: gradients are dropped,
the random numbers are those that would have been drawn without it.
"""

import logging
import resource
import sys
import time
from typing import Any

from sqlreason.students.memory import GIB

logger = logging.getLogger(__name__)


def rehearse_sft(trainer: Any) -> Any:
    """The trainer callback that passes the longest rows before the first step of SFT."""
    from transformers import TrainerCallback

    class Rehearsal(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step:  # it goes on: its batches have passed before
                return
            lengths = [len(ids) for ids in trainer.train_dataset["input_ids"]]
            longest = sorted(range(len(lengths)), key=lambda i: -lengths[i])[: args.per_device_train_batch_size]
            seconds = _pass(trainer, [trainer.train_dataset[i] for i in longest])
            share = sum(lengths) / len(lengths) / lengths[longest[0]]
            step = seconds * args.gradient_accumulation_steps * share
            logger.info(
                "sft: the longest batch (%d rows, %d tokens the longest) passed in %.1f s, %.1f GiB at the peak; "
                "%d steps of about %.1f s, %.2f h",
                len(longest), lengths[longest[0]], seconds, peak_bytes() / GIB, state.max_steps, step,
                state.max_steps * step / 3600,
            )  # fmt: skip

    return Rehearsal()


def peak_bytes() -> float:
    """The most memory that this process has had: of the GPU where there is one, else of the machine."""
    import torch

    if torch.cuda.is_available():
        return float(torch.cuda.max_memory_allocated())
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes on macOS, kilobytes on Linux
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def _pass(trainer: Any, rows: list[dict[str, Any]]) -> float:
    """Seconds of one forward and backward pass."""
    import torch

    device = trainer.args.device
    batch = {name: value.to(device) for name, value in trainer.data_collator(rows).items() if hasattr(value, "to")}
    model = trainer.model
    model.train()
    began = time.monotonic()
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices), trainer.compute_loss_context_manager():
        model(**batch).loss.backward()
    if device.type == "cuda":
        torch.cuda.synchronize()
    model.zero_grad()
    return time.monotonic() - began
