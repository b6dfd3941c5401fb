"""The teacher of an on-policy distillation: choose it, teach it if it must be, show it the gold, count its seconds."""

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd

from sqlreason.reasoning import prompts as wording
from sqlreason.reasoning.format import parse
from sqlreason.students.checkpoints import shared_vocabulary
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.training import sft
from sqlreason.students.training.on_policy_distillation import Teacher

#: The adapter and tables `grpo_history` and `grpo_rollouts`.
Improved = tuple[Adapter, pd.DataFrame, pd.DataFrame]


def prepare_teacher(
    student: Checkpoint,
    start: Adapter,
    other: Checkpoint | None,
    examples: pd.DataFrame | None,
    hint: str | None,
    workdir: Path,
    **training: Any,
) -> Teacher:
    """Return the teacher, after SFT on the examples as it will read them: the query of each stands in its own prompt.

    Args:
        student: Who is taught.
        start: Its adapter; that of the teacher too where it teaches itself.
        other: The teacher, where it is another model.
        examples: Table `sft_examples`, by which it is prepared; None where it teaches as it is.
        hint: How the gold is shown to it, with `{gold}`; None where it is not.
        workdir: For its checkpoints.
        training: Further arguments of `sft.train_sft`.

    Raises:
        VocabularyError: If another teacher has another vocabulary.
    """
    if other is not None:
        shared_vocabulary.require_same(student, other)
    checkpoint, adapter = (student, start) if other is None else (other, None)
    if examples is not None:
        answered = [parse(completion).sql for completion in examples["completion"]]
        adapter, _ = sft.train_sft(
            checkpoint,
            examples.assign(prompt=word_for_teacher(examples["prompt"], answered, hint)),
            fingerprint=start.fingerprint,
            workdir=workdir,
            start=adapter,
            **training,
        )
    return Teacher(checkpoint, adapter)


def word_for_teacher(prompts: Iterable[str], golds: Iterable[str], hint: str | None) -> list[str]:
    """Return prompts (chat messages as JSON text) as the teacher reads them: with the gold, where there is a hint."""
    if hint is None:
        return list(prompts)
    pairs = zip(prompts, golds, strict=True)
    return [json.dumps(wording.with_hint(json.loads(prompt), hint, gold)) for prompt, gold in pairs]


def add_seconds(improved: Improved, seconds: float) -> Improved:
    """Return a result with the seconds in which the teacher was prepared: they are part of the method's price."""
    adapter, history, rollouts = improved
    facts = {**adapter.facts, "seconds": adapter.facts["seconds"] + seconds, "teacher_seconds": seconds}
    return dataclasses.replace(adapter, facts=facts), history.assign(seconds=history["seconds"] + seconds), rollouts
