"""What every training notes as it goes: its progress, the seconds of each step, which checkpoints are complete."""

import time
from typing import Any

from tqdm import tqdm
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from sqlreason.students.training.work_folder import Stage


class Bookkeeping(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Progress bar, seconds in the history, marks on complete checkpoints.

    Args:
        stage: Whose folder holds the checkpoints.
        description: What the progress bar is called.
    """

    def __init__(self, stage: Stage, description: str) -> None:
        self.stage, self.description = stage, description

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Start clock and bar, where an earlier training stopped."""
        self.before = state.log_history[-1].get("seconds", 0.0) if state.log_history else 0.0
        self.began = time.monotonic()
        self.bar = tqdm(
            total=state.max_steps,
            initial=state.global_step,
            desc=self.description,
            unit="step",
            disable=not state.is_world_process_zero,
        )

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Move the bar."""
        self.bar.update(1)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Note the seconds since the start, those before an interruption included."""
        state.log_history[-1]["seconds"] = round(self.before + time.monotonic() - self.began, 3)
        shown = {name: logs[name] for name in ("loss", "reward", "kl") if logs and logs.get(name) is not None}
        self.bar.set_postfix({name: f"{value:.3f}" for name, value in shown.items()})

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Mark a checkpoint that every rank has written its part of."""
        args.distributed_state.wait_for_everyone()
        if state.is_world_process_zero:
            self.stage.mark_complete(state.global_step)

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Close the bar."""
        self.bar.close()
