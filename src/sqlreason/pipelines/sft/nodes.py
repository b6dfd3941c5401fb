"""Nodes of SFT: train an adapter on verified traces, and draw the loss."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from sqlreason.errors import BadInput
from sqlreason.options.distillation_options import DistillationOptions
from sqlreason.options.sft_options import SFTOptions, StudentOptions
from sqlreason.reasoning.prompts import Prompt
from sqlreason.reporting import figures
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.checkpoints.tool_chat import with_tools
from sqlreason.students.prompting import prompt_fingerprint


def train_student(
    base_model: Checkpoint,
    sft_examples: pd.DataFrame,
    student_prompt: dict[str, Any],
    checkpoints: Path,
    student: StudentOptions,
    options: SFTOptions,
    distillation: DistillationOptions,
) -> tuple[Adapter, pd.DataFrame]:
    """Return the LoRA adapter trained on the examples, and its history.

    Running it again with the same inputs and options goes on from the last checkpoint.

    Args:
        base_model: The student before training.
        sft_examples: Table `sft_examples`.
        student_prompt: The student's prompt text; its fingerprint goes into the adapter.
        checkpoints: The folder of the checkpoints.
        student: Backend, quantisation, precision.
        options: LoRA shape, optimiser, length of training.
        distillation: Whether the teacher had tools, whose calls the examples then show, and their limits.

    Returns:
        The adapter and table `sft_history`.

    Raises:
        BadInput: If the examples were made with tools and the parameters know of none, or the other way round.
    """
    from sqlreason.students.training import sft

    tools = distillation.tool_limits
    if ("conversation" in sft_examples) != (tools is not None):
        made = "with" if tools is None else "without"
        raise BadInput(
            f"sft_examples were made {made} tools and distillation.environment is {distillation.environment!r}; run "
            "distillation and preprocessing again, or set it back"
        )
    base_model = base_model.spoken_to(**student.template)
    return sft.train_sft(
        base_model,
        sft_examples,
        fingerprint=prompt_fingerprint(Prompt.from_mapping(student_prompt), base_model),
        workdir=checkpoints / "sft",
        lora=options.lora.model_dump(),
        share_prefixes=options.share_prefixes,
        setup=student.setup,
        tools=tools,
        trl=options.trl.arguments,
    )


def show_tokens(base_model: Checkpoint, sft_examples: pd.DataFrame, student: StudentOptions) -> str:
    """Return a page that shows one example token by token: what is read, what is trained, BOS and EOS.

    Args:
        base_model: For its tokenizer.
        sft_examples: Table `sft_examples`; the first is shown.
        student: How its chat template is used.
    """
    from sqlreason.students.training import token_inspection

    chat = base_model.spoken_to(**student.template).load_chat()
    if "conversation" in sft_examples:
        chat = with_tools(chat)
    first = sft_examples.iloc[0]
    tokens = token_inspection.example_tokens(
        chat, json.loads(first["prompt"]), first["completion"], first.get("conversation", "")
    )
    return token_inspection.as_html(tokens, chat)


def plot_loss(sft_history: pd.DataFrame) -> go.Figure:
    """Return the training loss over steps."""
    return figures.training_loss(sft_history)
