"""What is watched during GRPO: the restored policy, the reference, dev accuracy, and the ways in which it collapses."""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accelerate.utils import gather_object
from peft import PeftModel, set_peft_model_state_dict
from safetensors.torch import load_file
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from sqlreason.students.checkpoints.chat import Chat
from sqlreason.students.training import trl_private
from sqlreason.students.training.dev_evaluator import DevEvaluator
from sqlreason.students.training.distillation_trainer import HintedTrainer
from sqlreason.students.training.grpo_trainer import GroupTrainer
from sqlreason.students.training.rollouts import Recorder
from sqlreason.students.training.trainer_arguments import TrainingError
from sqlreason.students.training.work_folder import Stage

logger = logging.getLogger(__name__)

MAX_FIRST_KL = 0.01  # nats per token; the policy equals its reference before the first update
MAX_CLIPPED = 0.2  # share of completions that never end their turn, above which is warned


@dataclass(frozen=True)
class Collapse:
    """A way in which a run collapses: a figure beyond its bound for some steps in a row.

    Attributes:
        figure: Of the history.
        bound: Beyond which it is bad; for entropy, below.
        steps: In a row.
        meaning: What it means.
        advice: What to change.
    """

    figure: str
    bound: float
    steps: int
    meaning: str
    advice: str

    def is_bad(self, entry: Mapping[str, Any]) -> bool:
        """Whether a step's figure is beyond the bound."""
        value = entry.get(self.figure)
        if value is None:
            return False
        return bool(value < self.bound) if self.figure == "entropy" else bool(value > self.bound)

    def is_reached(self, entries: Sequence[Mapping[str, Any]]) -> bool:
        """Whether the last steps of a history were all bad."""
        last = entries[-self.steps :]
        return len(last) == self.steps and all(map(self.is_bad, last))

    def sentence(self) -> str:
        """What happened, and what to change."""
        side = "below" if self.figure == "entropy" else "above"
        return f"{self.figure} was {side} {self.bound:g} for {self.steps} steps: {self.meaning}; {self.advice}"


COLLAPSES = (
    Collapse(
        "zero_variance_share", 0.8, 20,
        "the groups had equal rewards, so that nothing could be learned",
        "use harder (or easier) prompts or a higher temperature",
    ),
    Collapse(
        "completions/clipped_ratio", 0.5, 10,
        "completions did not end their turn",
        "lower the learning rate, add the reward `length`, or raise max_completion_length",
    ),
    Collapse(
        "kl", 1.0, 10,
        "the policy had left its reference (nats per token)",
        "raise beta or lower the learning rate",
    ),
    Collapse(
        "entropy", 0.005, 20,
        "the policy wrote nearly the same every time (nats per token)",
        "raise the temperature or lower the learning rate",
    ),
)  # fmt: skip


class Watch(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
    """Restore the policy on resume, keep rollouts, evaluate, and stop a run that collapses.

    Args:
        trainer: The trainer that is watched.
        stage: Whose folder holds the checkpoints.
        recorder: Record of the rewards.
        chat: The student's tokenizer with its chat template.
        evaluator: Dev evaluation; None for none.
        token_budget: Generated tokens after which the training ends; None for no limit.
    """

    def __init__(
        self,
        trainer: GroupTrainer | HintedTrainer,
        stage: Stage,
        recorder: Recorder,
        chat: Chat,
        evaluator: DevEvaluator | None = None,
        token_budget: int | None = None,
    ) -> None:
        self.trainer, self.stage, self.recorder, self.chat, self.evaluator = trainer, stage, recorder, chat, evaluator
        self.token_budget = token_budget
        self.warned = False

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Restore the policy of a training that goes on; evaluate the student of one that begins."""
        if state.global_step:
            restore_policy(self.trainer.model, self.stage, state.global_step)
        elif self.evaluator:
            score = self.evaluator.evaluate(self.trainer.model, self.chat, 0)
            logger.info("%s: dev accuracy before the first step %.1f %%", self.stage.name, 100 * score)

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, Any] | None = None,
        **_: Any,
    ) -> None:
        """Keep the rollouts of a step and look at its figures."""
        if not logs or "reward" not in logs:
            return
        step = state.global_step
        entry: dict[str, Any] = state.log_history[-1]
        entry["generation_seconds"] = self.trainer.writing_seconds
        entry["reward_seconds"] = self.recorder.seconds
        entry["generated_tokens"] = self.trainer.generated_tokens
        self.trainer.generated_tokens = 0  # completions that are used again cost nothing
        entry["zero_variance_share"] = _mean_of_ranks(self.recorder.zero_variance_share())
        self.recorder.keep(step, trl_private.advantages(self.trainer))
        check_first_kl(step, logs.get("kl"))
        self._warn_of_clipping(step, logs["completions/clipped_ratio"], self.trainer.limit)
        spent = self._is_spent(state)
        control.should_training_stop |= spent
        if self.evaluator and (self.evaluator.is_due(step) or step == state.max_steps or spent):
            self._evaluate(self.evaluator, entry, step, control)
        self._stop_on_collapse(state, control)
        # each rank has judged for itself, and one that stopped alone would leave the others waiting for it
        control.should_training_stop = any(gather_object([control.should_training_stop]))

    def _is_spent(self, state: TrainerState) -> bool:
        """Whether as many tokens are generated as the training may."""
        tokens = sum(entry.get("generated_tokens") or 0 for entry in state.log_history)
        return self.token_budget is not None and tokens >= self.token_budget

    def _evaluate(self, evaluator: DevEvaluator, entry: dict[str, Any], step: int, control: TrainerControl) -> None:
        began = time.monotonic()
        entry["dev_accuracy"] = evaluator.evaluate(self.trainer.model, self.chat, step)
        entry["dev_seconds"] = time.monotonic() - began
        logger.info("%s: dev accuracy after step %d %.1f %%", self.stage.name, step, 100 * entry["dev_accuracy"])
        if evaluator.is_over(step):
            best = evaluator.best_step(step)
            told = "%s: stopped at step %d: no better dev accuracy since step %d"
            logger.info(told, self.stage.name, step, best)
            control.should_training_stop = True

    def _stop_on_collapse(self, state: TrainerState, control: TrainerControl) -> None:
        entries = [entry for entry in state.log_history if "reward" in entry]
        for collapse in COLLAPSES:
            if collapse.is_reached(entries):
                logger.warning("%s: stopped at step %d: %s", self.stage.name, state.global_step, collapse.sentence())
                control.should_training_stop = True

    def _warn_of_clipping(self, step: int, share: float, limit: int) -> None:
        if share > MAX_CLIPPED and not self.warned:
            self.warned = True
            logger.warning(
                "%s: %.0f %% of the completions of step %d reached %d tokens without ending their turn; "
                "raise max_completion_length, or look at what is written",
                self.stage.name,
                100 * share,
                step,
                limit,
            )


def _mean_of_ranks(share: float | None) -> float | None:
    """The mean of a figure that each rank has of its own completions, of which all have as many."""
    shares = [own for own in gather_object([share]) if own is not None]
    return sum(shares) / len(shares) if shares else None


def restore_policy(model: PeftModel, stage: Stage, step: int) -> None:
    """Load the policy of a checkpoint: transformers 5.17 loads its reference alone and leaves the policy as it was."""
    weights = load_file(stage.folder / f"checkpoint-{step}" / "adapter_model.safetensors")
    set_peft_model_state_dict(model, weights, adapter_name="default")


def check_first_kl(step: int, kl: float | None) -> None:
    """Raise TrainingError if the policy differs from its reference before the first update."""
    if step == 1 and kl is not None and kl > MAX_FIRST_KL:
        raise TrainingError(
            f"the KL before the first update is {kl:.4f} nats per token and should be 0: "
            "the reference is not the SFT student; train with backend: transformers, or with beta: 0"
        )
