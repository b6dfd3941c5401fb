"""What trainings on a student's own completions share: a check before the first step, the result after the last.

Covers GRPO and on-policy distillation alike; what is between the two is in `rollouts.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlreason.errors import BadInput
from sqlreason.students.training.launch import rank

if TYPE_CHECKING:
    import pandas as pd
    from transformers import Trainer

    from sqlreason.students.checkpoints.adapter import Adapter
    from sqlreason.students.checkpoints.chat import Chat
    from sqlreason.students.checkpoints.checkpoint import Checkpoint
    from sqlreason.students.training.dev_evaluator import DevEvaluator
    from sqlreason.students.training.work_folder import Stage


def require_a_step(prompts: int, rows: int, group: int = 1) -> None:
    """Refuse fewer prompts than one step asks: trl would end without a single step, and without a word.

    Args:
        prompts: At hand.
        rows: Completions of a step, of all ranks.
        group: Completions of a prompt.

    Raises:
        BadInput: If they are too few.
    """
    if prompts < rows // group:
        groups, of_a_group = (" groups", " / num_generations") if group > 1 else ("", "")
        raise BadInput(
            f"{prompts} prompts are too few for one step of {rows // group}{groups} (per_device_train_batch_size x "
            f"gradient_accumulation_steps{of_a_group}); lower one of the first two, or raise preprocessing.grpo_prompts"
        )


def finish(
    trainer: Trainer,
    stage: Stage,
    checkpoint: Checkpoint,
    start: Adapter,
    chat: Chat,
    tables: tuple[pd.DataFrame, pd.DataFrame],
    evaluator: DevEvaluator | None,
    **facts: Any,
) -> tuple[Adapter, pd.DataFrame, pd.DataFrame]:
    """Return the trained adapter, the best by its dev questions if there are any, with its tables, and keep them.

    Args:
        trainer: That has trained.
        stage: Whose folder keeps the result.
        checkpoint: The base model.
        start: The adapter with which it began.
        chat: The student's.
        tables: History and rollouts.
        evaluator: Knows the best adapter; None where the last one is taken.
        facts: Of this method alone.
    """
    from sqlreason.students.training.trainer_arguments import take_adapter

    history, rollouts = tables
    steps = trainer.state.global_step
    if evaluator:
        trainer.accelerator.wait_for_everyone()  # until the first rank has written it
        evaluator.restore_best(trainer.model)  # type: ignore[arg-type]  # a PeftModel, as ever
    shared = {
        "stage": stage.name,
        "steps": steps,
        "completions": len(rollouts),
        "self_repairs": start.facts.get("self_repairs", 0),
        "seconds": float(history["seconds"].iloc[-1]),
        "best_step": evaluator.best_step(steps) if evaluator else steps,
        "chat": chat.facts,
        "options": stage.options,
    }
    trained = take_adapter(trainer, checkpoint, start.fingerprint, {**shared, **facts})
    if rank() == 0:
        stage.finish(trained, history, rollouts)
    return trained, history, rollouts
