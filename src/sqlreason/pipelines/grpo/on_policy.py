"""Method `distillation` of GRPO's place: choose the teacher, teach it if it must be, show it the gold, distil."""

import dataclasses
import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from sqlreason.options.grpo_options import DistillationTeacherOptions, GRPOOptions
from sqlreason.options.sft_options import SFTOptions, StudentOptions
from sqlreason.pipelines.grpo.methods import Improved, split_dev
from sqlreason.reasoning import prompts as wording
from sqlreason.reasoning.format import parse
from sqlreason.rewards import make_rewards
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.checkpoints.checkpoint import Checkpoint

if TYPE_CHECKING:
    from sqlreason.students.training.on_policy_distillation import Teacher


def train_distillation(
    base_model: Checkpoint,
    start: Adapter,
    prompts: pd.DataFrame,
    examples: pd.DataFrame,
    distillation_teacher: Checkpoint,
    checkpoints: Path,
    student: StudentOptions,
    sft_options: SFTOptions,
    options: GRPOOptions,
) -> Improved:
    """Teach the student on its own answers, one to a prompt.

    Args:
        base_model: The student before training.
        start: With which the training goes on, and the teacher where that is the student itself.
        prompts: Table `grpo_prompts`.
        examples: Table `sft_examples`, by which the teacher is prepared.
        distillation_teacher: The catalog's, used if the options name it.
        checkpoints: The folder of the checkpoints.
        student: Precision and quantisation, of the teacher too.
        sft_options: How the teacher is prepared.
        options: Teacher, hint, divergence, length of training.

    Raises:
        VocabularyError: If the catalog's teacher has another vocabulary.
    """
    from sqlreason.students.training import on_policy_distillation

    shown = options.distillation
    asked = prompts.assign(teacher_prompt=_worded(prompts["prompt"], prompts["gold_sql"], shown))
    trained, dev = split_dev(asked, options)
    teacher = _prepare_teacher(
        base_model, start, examples, distillation_teacher, checkpoints, student, sft_options, shown
    )
    improved = on_policy_distillation.train_distillation(
        base_model,
        start,
        teacher,
        trained,
        rewards=make_rewards(list(options.rewards), options.trl.max_completion_length),
        weights=list(options.rewards.values()),
        workdir=checkpoints / "distillation",
        dev=dev,
        dev_steps=options.dev_steps,
        patience=options.patience,
        **{name: value for name, value in student.training.items() if name != "backend"},
        trl={**options.trl.of_distillation, "beta": shown.beta},
    )
    return _billed(improved, teacher.adapter.facts["seconds"] if shown.teacher_epochs and teacher.adapter else 0.0)


def _billed(improved: Improved, seconds: float) -> Improved:
    """The result with the seconds in which the teacher was prepared: they are part of the method's price."""
    adapter, history, rollouts = improved
    facts = {**adapter.facts, "seconds": adapter.facts["seconds"] + seconds, "teacher_seconds": seconds}
    return dataclasses.replace(adapter, facts=facts), history.assign(seconds=history["seconds"] + seconds), rollouts


def _prepare_teacher(
    base_model: Checkpoint,
    start: Adapter,
    examples: pd.DataFrame,
    distillation_teacher: Checkpoint,
    checkpoints: Path,
    student: StudentOptions,
    sft_options: SFTOptions,
    shown: DistillationTeacherOptions,
) -> "Teacher":
    """The teacher, after SFT on the examples as it will read them: the query of each stands in its own prompt."""
    from sqlreason.students.checkpoints import shared_vocabulary
    from sqlreason.students.training import on_policy_distillation, sft

    itself = shown.teacher == "self"
    if not itself:
        shared_vocabulary.require_same(base_model, distillation_teacher)
    checkpoint, adapter = (base_model, start) if itself else (distillation_teacher, None)
    if shown.teacher_epochs:
        answered = [parse(completion).sql for completion in examples["completion"]]
        length = {"num_train_epochs": shown.teacher_epochs, "max_steps": None}
        adapter, _ = sft.train_sft(
            checkpoint,
            examples.assign(prompt=_worded(examples["prompt"], answered, shown)),
            fingerprint=start.fingerprint,
            workdir=checkpoints / "distillation_teacher",
            lora=sft_options.lora.model_dump(),
            start=adapter,
            **student.training,
            trl=sft_options.trl.model_copy(update=length).arguments,
        )
    return on_policy_distillation.Teacher(checkpoint, adapter)


def _worded(prompts: Iterable[str], golds: Iterable[str], shown: DistillationTeacherOptions) -> list[str]:
    """The prompts (chat messages as JSON text) as the teacher reads them."""
    if shown.hint is None:
        return list(prompts)
    pairs = zip(prompts, golds, strict=True)
    return [json.dumps(wording.with_hint(json.loads(prompt), shown.hint, gold)) for prompt, gold in pairs]
