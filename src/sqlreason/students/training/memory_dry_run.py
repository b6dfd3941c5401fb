"""The longest batch first: forward and backward, no step, so that a training that does not fit fails at once.

From the same pass come the estimates of memory, seconds a step and hours. Nothing of it stays: gradients are dropped,
the random numbers are those that would have been drawn without it. Memory that is too small for it, or for anything
later, is told with the parameters that lower the need.
"""

import logging
import resource
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from datasets import Dataset
from peft import PeftModel
from torch import Tensor
from transformers import Trainer, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from sqlreason.students.checkpoints.chat import Chat
from sqlreason.students.generation.decoding import longest_first
from sqlreason.students.training import trl_private
from sqlreason.students.training.distillation_trainer import HintedTrainer, pad_left
from sqlreason.students.training.grpo_trainer import GroupTrainer
from sqlreason.students.training.memory_estimate import GIB
from sqlreason.students.training.rollouts import Writer
from sqlreason.students.training.shared_prefixes import PrefixSharingTrainer, count_tokens
from sqlreason.students.training.trainer_arguments import LESS_TO_LEARN_FROM, fitting, is_sharded, note

logger = logging.getLogger(__name__)

_LESS_TO_WRITE = (
    "lower grpo.trl.gradient_accumulation_steps or per_device_train_batch_size (the completions of a step are written "
    "at once), grpo.trl.max_completion_length or preprocessing.max_prompt_tokens, or set student.quantization: nf4"
)


class SFTDryRun(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Pass the longest rows before the first step of SFT.

    Args:
        trainer: Trainer of trl.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Pass the longest batch, unless the training goes on: its batches have passed before."""
        if state.global_step:
            return
        model = cast(PeftModel, self.trainer.model)
        rows, what, share = _longest_batch(self.trainer)
        laid_out = cast(Callable[..., Any], self.trainer.data_collator)(rows)
        batch = {name: value.to(args.device) for name, value in laid_out.items() if hasattr(value, "to")}
        what = f"the longest batch ({what})"
        with fitting(f"sft: {what}", LESS_TO_LEARN_FROM.format(stage="sft")):
            forward, backward = _pass(self.trainer, lambda: model(**batch).loss)
        step = (forward + backward) * args.gradient_accumulation_steps * share
        _tell(self.trainer, "sft", f"{what} passed in {forward + backward:.1f} s", state.max_steps, step, "about")


class GRPODryRun(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Write and learn from the longest completions before the first step of GRPO.

    Args:
        trainer: Trainer of trl.
        chat: The student's tokenizer with its chat template.
        writer: Writer of the completions; without one (vLLM and unsloth write theirs) only the learning is tried.
    """

    def __init__(self, trainer: GroupTrainer, chat: Chat, writer: Writer | None) -> None:
        self.trainer, self.chat, self.writer = trainer, chat, writer

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Pass the longest batch, unless the training goes on: its batches have passed before."""
        if state.global_step or is_sharded(self.trainer):  # shards are gathered by whole steps only
            return
        arguments = self.trainer.args
        groups = arguments.per_device_train_batch_size * self.trainer.passes // self.trainer.group
        prompts = _longest(self.trainer, self.chat, "prompt", groups)
        limit = self.trainer.limit
        shape = f"completions of {limit} tokens behind prompts of up to {len(prompts[0])}"
        writing = 0.0
        if self.writer:
            count = len(prompts) * self.trainer.group
            with fitting(f"grpo: writing {count} {shape} at once", _LESS_TO_WRITE):
                writing = self.writer.write_to_the_limit(self.trainer, prompts)
        rows = arguments.per_device_train_batch_size
        batch = _grpo_batch(self.trainer, prompts, rows, limit)
        self.trainer.current_gradient_accumulation_steps = (
            arguments.gradient_accumulation_steps
        )  # the loss divides by it
        with fitting(f"grpo: learning from {rows} {shape}", LESS_TO_LEARN_FROM.format(stage="grpo")):
            forward, backward = _pass(self.trainer, lambda: _loss(self.trainer, batch))
        trl_private.figures(self.trainer).clear()  # no figure of a step
        reference = forward if arguments.beta else 0.0
        each = writing + reference * arguments.gradient_accumulation_steps
        step = each / arguments.num_iterations + (forward + backward) * arguments.gradient_accumulation_steps
        told = f"{rows} {shape} learned from in {forward + backward:.1f} s"
        if self.writer:
            told = f"{count} {shape} written in {writing:.1f} s, {rows} of them learned from in "
            told += f"{forward + backward:.1f} s"
        _tell(self.trainer, "grpo", told, state.max_steps, step, "at most, without the rewards, about")


class DistillationDryRun(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Write and learn from the longest completions before the first step of a distillation.

    Args:
        trainer: Trainer of trl.
        chat: The student's tokenizer with its chat template.
        writer: Writer of the completions; without one (vLLM and unsloth write theirs) only the learning is tried.
    """

    def __init__(self, trainer: HintedTrainer, chat: Chat, writer: Writer | None) -> None:
        self.trainer, self.chat, self.writer = trainer, chat, writer

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Pass the longest batch, unless the training goes on: its batches have passed before."""
        if state.global_step or is_sharded(self.trainer):
            return
        arguments = self.trainer.args
        rows, limit = arguments.per_device_train_batch_size, self.trainer.limit
        prompts = _longest(self.trainer, self.chat, "prompt", rows * arguments.gradient_accumulation_steps)
        shape = f"completions of {limit} tokens behind prompts of up to {len(prompts[0])}"
        writing = 0.0
        if self.writer:
            with fitting(f"distillation: writing {len(prompts)} {shape} at once", _LESS_TO_WRITE):
                writing = self.writer.write_to_the_limit(self.trainer, prompts)
        batch = _distillation_batch(
            self.trainer, prompts[:rows], _longest(self.trainer, self.chat, "teacher_prompt", rows), limit
        )
        with fitting(f"distillation: learning from {rows} {shape}", LESS_TO_LEARN_FROM.format(stage="grpo")):
            forward, backward = _pass(self.trainer, lambda: _loss(self.trainer, batch))
        trl_private.figures(self.trainer).clear()  # no figure of a step
        step = writing + (forward + backward) * arguments.gradient_accumulation_steps
        told = f"{rows} {shape} learned from in {forward + backward:.1f} s"
        _tell(self.trainer, "distillation", told, state.max_steps, step, "at most about")


def peak_bytes() -> float:
    """The most memory that this process has had: of the GPU where there is one, else of the machine."""
    if torch.cuda.is_available():
        return float(torch.cuda.max_memory_allocated())
    unit = 1 if sys.platform == "darwin" else 1024  # getrusage(2): bytes on macOS, kilobytes on Linux
    return float(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def _tell(trainer: Trainer, stage: str, passed: str, steps: int, seconds: float, how: str) -> None:
    peak, hours = peak_bytes() / GIB, steps * seconds / 3600
    note(
        trainer,
        memory_dry_run={"peak_gib": round(peak, 2), "step_seconds": round(seconds, 2), "hours": round(hours, 3)},
    )
    logger.info(
        "%s: %s, %.1f GiB at the peak; %d steps of %s %.1f s, %.2f h", stage, passed, peak, steps, how, seconds, hours
    )


def _longest_batch(trainer: Trainer) -> tuple[Sequence[Any], str, float]:
    """The rows of the longest pass of SFT, what they are, and which share of its tokens an average pass has."""
    if isinstance(trainer, PrefixSharingTrainer):
        trees = [trainer.families[place] for place in range(len(trainer.families))]
        sizes = [count_tokens(tree) for tree in trees]
        longest = max(range(len(trees)), key=lambda place: sizes[place])
        what = f"{len(trees[longest])} rows over one schema, {sizes[longest]} tokens"
        return trees[longest], what, sum(sizes) / len(sizes) / sizes[longest]
    dataset = cast(Dataset, trainer.train_dataset)
    lengths = [len(ids) for ids in dataset["input_ids"]]
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    rows = [dataset[i] for i in order[: trainer.args.per_device_train_batch_size]]
    what = f"{len(rows)} rows, {lengths[order[0]]} tokens the longest"
    return rows, what, sum(lengths) / len(lengths) / lengths[order[0]]


def _longest(trainer: GroupTrainer | HintedTrainer, chat: Chat, column: str, count: int) -> list[list[int]]:
    """Token ids of the longest prompts of a column."""
    ids = [chat.prompt_ids(messages) for messages in trainer.train_dataset[column]]
    return [ids[i] for i in longest_first(ids)[:count]]


def _distillation_batch(
    trainer: HintedTrainer, prompts: Sequence[list[int]], shown: Sequence[list[int]], limit: int
) -> dict[str, Tensor]:
    """What the loss is given for completions of full length; their words are those of the prompts."""
    device, padding = trainer.args.device, trainer.chat.padding.id
    written = torch.tensor([(ids * (limit // len(ids) + 1))[:limit] for ids in prompts], device=device)
    prompt_ids, prompt_mask = pad_left(prompts, padding, device)
    teacher_ids, teacher_mask = pad_left(shown, padding, device)
    return {
        "prompt_ids": prompt_ids,
        "prompt_mask": prompt_mask,
        "teacher_ids": teacher_ids,
        "teacher_mask": teacher_mask,
        "completion_ids": written,
        "completion_mask": torch.ones_like(written),
        "num_items_in_batch": torch.tensor(float(written.numel()), device=device),
    }


def _grpo_batch(trainer: GroupTrainer, prompts: Sequence[list[int]], rows: int, limit: int) -> dict[str, Tensor]:
    """What the loss is given for completions of full length; their words are those of the prompts."""
    device, group = trainer.args.device, trainer.group
    chosen = [prompts[i // group] for i in range(rows)]
    prompt_ids, prompt_mask = pad_left(chosen, trainer.chat.padding.id, device)
    written = [(ids * (limit // len(ids) + 1))[:limit] for ids in chosen]
    ones = torch.ones(rows, limit, device=device)
    return {
        "prompt_ids": prompt_ids,
        "prompt_mask": prompt_mask,
        "completion_ids": torch.tensor(written, device=device),
        "completion_mask": ones.long(),
        "advantages": ones[:, 0],
        "num_items_in_batch": ones.sum() * trainer.args.gradient_accumulation_steps,
        "ref_per_token_logps": torch.zeros_like(ones),
        "importance_sampling_ratio": ones,
    }


def _loss(trainer: GroupTrainer | HintedTrainer, batch: dict[str, Tensor]) -> Tensor:
    value = trainer.compute_loss(trainer.model, batch)
    assert isinstance(value, Tensor)  # and not with the outputs, which are only asked for in an evaluation of trl
    return value


def _pass(trainer: Trainer, loss: Callable[[], Tensor]) -> tuple[float, float]:
    """Seconds of one forward and of one backward pass."""
    device, model = trainer.args.device, cast(PeftModel, trainer.model)
    wait = torch.cuda.synchronize if device.type == "cuda" else (lambda: None)
    model.train()
    began = time.monotonic()
    with torch.random.fork_rng([device] if device.type == "cuda" else []), trainer.compute_loss_context_manager():
        value = loss()
        wait()
        half = time.monotonic()
        value.backward()
    wait()
    model.zero_grad()
    return half - began, time.monotonic() - half
