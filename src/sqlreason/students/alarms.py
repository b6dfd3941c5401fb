"""What is watched during GRPO: the restored policy, the reference, groups without a signal, clipped completions."""

import logging
from typing import Any

from sqlreason.students.rollouts import Recorder, Writer
from sqlreason.students.stages import Stage
from sqlreason.students.training import TrainingError

logger = logging.getLogger(__name__)

MAX_FIRST_KL = 0.01  # nats per token; the policy equals its reference before the first update
MAX_ZERO_VARIANCE, PATIENCE = 0.8, 20  # share of groups without a signal, steps in a row
MAX_CLIPPED = 0.2  # share of completions that never end their turn


def watch(trainer: Any, stage: Stage, recorder: Recorder, writer: Writer | None) -> Any:
    """The trainer callback that restores the policy on resume, keeps rollouts and raises the alarms."""
    from transformers import TrainerCallback

    class Watch(TrainerCallback):
        silent, warned = 0, False

        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if state.global_step:
                restore_policy(trainer.model, stage, state.global_step)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if not logs or "reward" not in logs:
                return
            entry = state.log_history[-1]
            entry["generation_seconds"] = writer.seconds if writer else None
            entry["reward_seconds"] = recorder.seconds
            recorder.keep(state.global_step, list(trainer._logs["advantages"]))  # trl has no public way to them
            check_first_kl(state.global_step, logs.get("kl"))
            self._warn_of_clipping(state.global_step, logs["completions/clipped_ratio"], args.max_completion_length)
            self.silent = self.silent + 1 if logs["frac_reward_zero_std"] > MAX_ZERO_VARIANCE else 0
            if self.silent == PATIENCE:
                logger.warning(
                    "grpo: stopped at step %d: for %d steps over %.0f %% of the groups had equal rewards, so that "
                    "nothing could be learned; use harder (or easier) prompts or a higher temperature",
                    state.global_step,
                    PATIENCE,
                    100 * MAX_ZERO_VARIANCE,
                )
                control.should_training_stop = True

        def _warn_of_clipping(self, step: int, share: float, limit: int) -> None:
            if share > MAX_CLIPPED and not self.warned:
                self.warned = True
                logger.warning(
                    "grpo: %.0f %% of the completions of step %d reached %d tokens without ending their turn; "
                    "raise max_completion_tokens, or look at what is written",
                    100 * share,
                    step,
                    limit,
                )

    return Watch()


def restore_policy(model: Any, stage: Stage, step: int) -> None:
    """Loads the policy of a checkpoint: transformers 5.17 loads its reference alone and leaves the policy as it was."""
    from peft import set_peft_model_state_dict
    from safetensors.torch import load_file

    weights = load_file(stage.folder / f"checkpoint-{step}" / "adapter_model.safetensors")
    set_peft_model_state_dict(model, weights, adapter_name="default")


def check_first_kl(step: int, kl: float | None) -> None:
    """Raises TrainingError if the policy differs from its reference before the first update."""
    if step == 1 and kl is not None and kl > MAX_FIRST_KL:
        raise TrainingError(
            f"the KL before the first update is {kl:.4f} nats per token and should be 0: "
            "the reference is not the SFT student; train with backend: transformers, or with beta: 0"
        )
