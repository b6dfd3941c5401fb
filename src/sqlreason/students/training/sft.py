"""Supervised fine-tuning of a LoRA adapter on verified traces, by trl's SFTTrainer.

Rows are token ids that `chat` made; the loss is on the completion alone; nothing is packed or cut. A training that was
killed goes on from its last checkpoint when it is asked for again, and one that is finished is returned at
once.
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pandas as pd

from sqlreason.environments.session import ToolLimits
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.chat import NOT_TRAINED, Chat
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.checkpoints.tool_chat import FACT, ToolChat, with_tools
from sqlreason.students.training import row_checks
from sqlreason.students.training.launch import call, rank
from sqlreason.students.training.setup import PLAIN, Setup
from sqlreason.students.training.transformers_backend import Lora
from sqlreason.students.training.trl_arguments import FIXED_OF_SFT, complete, share
from sqlreason.students.training.work_folder import Stage, hash_table

if TYPE_CHECKING:
    from peft import PeftModel
    from trl import SFTTrainer

logger = logging.getLogger(__name__)


def train_sft(
    checkpoint: Checkpoint,
    examples: pd.DataFrame,
    *,
    fingerprint: str,
    workdir: Path | str,
    lora: Mapping[str, Any] | None = None,
    start: Adapter | None = None,
    share_prefixes: bool = False,
    setup: Setup = PLAIN,
    tools: ToolLimits | None = None,
    trl: Mapping[str, Any] | None = None,
) -> tuple[Adapter, pd.DataFrame]:
    """Train an adapter to write the completions of the examples, or with tools what stands in their conversations.

    Args:
        checkpoint: The base model.
        examples: Columns id, prompt (chat messages as JSON text), completion (text).
        fingerprint: Of the student prompt; goes into the adapter.
        workdir: For checkpoints and the finished result.
        lora: Fields of `transformers_backend.Lora`, for a new adapter.
        start: An adapter with which the training goes on instead.
        share_prefixes: Whether rows that begin alike share a forward pass and the work for their beginning.
        setup: How the student is loaded, and where the training runs.
        tools: Limits of the tools in the column `conversation` of the examples, which the student then has for good;
            None trains on completions alone.
        trl: Arguments of trl's SFTConfig; `gradient_accumulation_steps` are those of all ranks together.

    Returns:
        The adapter, and the history: stage, step, loss (nats per trained token), learning_rate, tokens,
        seconds.

    Raises:
        ValueError: for options that contradict each other.
        TrainingError: if a guard finds that the data or the configuration would be trained wrongly.
    """
    options = {
        "base": checkpoint.identity,
        "prompt": fingerprint,
        "examples": hash_table(examples[["prompt", "completion"]]),
        "lora": dict(lora or {}),
        **setup.facts,
        **({"start": start.digest} if start else {}),
        **({"share_prefixes": True} if share_prefixes else {}),
        **(trl or {}),
    }
    if tools is not None:  # and nothing without: work of before there were any is found again
        options |= {"tools": asdict(tools), "conversations": hash_table(examples[["conversation"]])}
    complete("SFTConfig", trl or {})
    own = share(trl or {}, setup.launch.ranks)
    shape = start or Lora(**(lora or {}))
    stage = Stage("sft", workdir, options, setup.resume)
    finished = stage.result()
    if finished is not None:
        return finished  # type: ignore[return-value]
    given = (checkpoint, examples, shape, own, fingerprint, setup, share_prefixes, tools)
    return call(setup.launch, _train, stage, *given)


def _train(
    stage: Stage,
    checkpoint: Checkpoint,
    examples: pd.DataFrame,
    shape: Lora | Adapter,
    trl: Mapping[str, Any],
    fingerprint: str,
    setup: Setup,
    share_prefixes: bool,
    tools: ToolLimits | None,
) -> tuple[Adapter, pd.DataFrame]:
    from sqlreason.students.training.backends import choose_backend

    whole = complete("SFTConfig", trl)
    adapting = {name: whole[name] for name in ("gradient_checkpointing", "seed")}
    model, chat = choose_backend(setup.backend)(checkpoint, shape, **setup.weights, **adapting)
    if tools is not None:
        chat = with_tools(chat)
    # behind the backend: unsloth has to be imported before trl
    from sqlreason.students.training import memory_dry_run, trainer_arguments

    trainer = _trainer(stage, model, chat, make_rows(chat, examples), trl, setup.backend, share_prefixes)
    log = trainer_arguments.run(trainer, stage, "sft", [memory_dry_run.SFTDryRun(trainer)])
    history = _history(log)
    facts = {
        "stage": "sft",
        "examples": len(examples),
        "self_repairs": _count_corrections(examples, shape),
        "steps": int(history["step"].iloc[-1]),
        "seconds": float(history["seconds"].iloc[-1]),
        "loss": float(history["loss"].iloc[-1]),
        "chat": chat.facts,
        "options": stage.options,
        **({} if tools is None else {FACT: asdict(tools)}),
    }
    adapter = trainer_arguments.take_adapter(trainer, checkpoint, fingerprint, facts)
    logger.info(
        "sft: %d examples, %d steps in %.0f s, loss %.3f",
        len(examples),
        facts["steps"],
        facts["seconds"],
        facts["loss"],
    )
    if rank() == 0:
        stage.finish(adapter, history)
    return adapter, history


def _trainer(
    stage: Stage,
    model: "PeftModel",
    chat: Chat,
    rows: list[dict[str, list[int]]],
    trl: Mapping[str, Any],
    backend: str,
    share_prefixes: bool,
) -> "SFTTrainer":
    from datasets import Dataset
    from trl import SFTConfig

    from sqlreason.students.checkpoints import architecture
    from sqlreason.students.training import token_inspection, trainer_arguments

    config = trainer_arguments.build_config(
        SFTConfig,
        {
            **trainer_arguments.arguments_of(trl, stage.folder, trainer_arguments.is_mixed(model)),
            **FIXED_OF_SFT,
            "loss_type": _loss(model, backend),
        },
    )
    kind = _kind_of_trainer(model, max(len(row["input_ids"]) for row in rows), share_prefixes)
    trainer = kind(model=model, args=config, train_dataset=Dataset.from_list(rows), processing_class=chat.tokenizer)
    positions = architecture.longest_input(model.config)
    share = row_checks.check_rows(trainer.train_dataset, rows, chat, positions)
    trainer_arguments.note(trainer, rows_checked=len(rows), truncated=0, trained_share=round(share, 4))
    first = cast(Dataset, trainer.train_dataset)[0]
    logger.info(
        "sft: %d rows checked, 0 truncated, %.0f %% of the tokens are trained; the first, trained behind the plus:\n%s",
        len(rows),
        100 * share,
        token_inspection.as_text(token_inspection.read_tokens(first["input_ids"], first["labels"], chat)),
    )
    return trainer


def _kind_of_trainer(model: "PeftModel", longest: int, share_prefixes: bool) -> "type[SFTTrainer]":
    """Return trl's trainer, or ours over shared prefixes where they are asked for and right for the model."""
    from trl import SFTTrainer

    from sqlreason.students.checkpoints import attention
    from sqlreason.students.training.shared_prefixes import PrefixSharingTrainer

    if not share_prefixes:
        return SFTTrainer
    obstacle = attention.obstacle(model, longest)
    if obstacle is None:
        return PrefixSharingTrainer
    attention.tell(model, "each row is read with its whole prompt", obstacle)
    return SFTTrainer


def make_rows(chat: Chat, examples: pd.DataFrame) -> list[dict[str, list[int]]]:
    """Return the tokens of the examples as they are trained on: `input_ids`, and `labels` at the completion alone.

    Args:
        chat: The student's.
        examples: Columns prompt (chat messages as JSON text) and completion (text); for a student with tools also
            conversation (messages as JSON text), which where it is not empty takes the place of the completion.

    Raises:
        TrainingError: If a completion would not be read back as it was written.
        ChatError: If a call would not.
    """
    if isinstance(chat, ToolChat):
        given = zip(examples["prompt"], examples["completion"], examples["conversation"], strict=True)
        return [chat.example_row(json.loads(prompt), completion, said) for prompt, completion, said in given]
    rows = []
    for number, (prompt, completion) in enumerate(zip(examples["prompt"], examples["completion"], strict=True)):
        row = chat.row(json.loads(prompt), completion)
        trained = [label for label in row["labels"] if label != NOT_TRAINED]
        row_checks.check_reading(chat, trained, completion, f"row {number} of {len(examples)}")
        rows.append(row)
    return rows


def _loss(model: "PeftModel", backend: str) -> str:
    """The loss by trl's name: over the vocabulary of trained tokens only, where the logits are then right.

    unsloth brings a loss of its own.
    """
    from sqlreason.students.checkpoints import output_heads

    if backend == "unsloth":
        return "nll"
    if output_heads.is_known_to_trl(model):
        return "chunked_nll"
    logger.warning("sft: the loss takes all logits at once, as trl's chunks miss a part of this model's head")
    return "nll"


def _count_corrections(examples: pd.DataFrame, shape: Lora | Adapter) -> int:
    """How many examples of correction the student has seen by the end, those of its start included."""
    before = int(shape.facts.get("self_repairs", 0)) if isinstance(shape, Adapter) else 0
    return before + (int((examples["kind"] == "self_repair").sum()) if "kind" in examples else 0)


def _history(log: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "stage": "sft",
            "step": [entry["step"] for entry in log],
            "loss": [entry["loss"] for entry in log],
            "learning_rate": [entry["learning_rate"] for entry in log],
            "tokens": [int(entry.get("num_tokens", 0)) for entry in log],
            "seconds": [entry["seconds"] for entry in log],
        }
    )
