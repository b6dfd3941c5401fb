"""trl's GRPOTrainer with what it lacks here: an order of rows that a resume finds again, prompts read once for a group.

The loss is trl's. What is given to it is in `grpo.py`, what happens between prompts and loss in `rollouts.py`.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sqlreason.students.checkpoints.chat import Chat
from sqlreason.students.training.rollouts import Recorder, Writer
from sqlreason.students.training.trl_arguments import complete
from sqlreason.students.training.work_folder import Stage


def longest_sequence(rows: Sequence[Mapping[Any, Any]], chat: Chat, limit: int) -> int:
    """Tokens of the longest prompt with a completion of full length.

    vLLM would make room for the longest sequence that the model can read, 131,072 tokens of a Llama 3.2, and not start.
    """
    return max(len(chat.prompt_ids(row["prompt"])) for row in rows) + limit


def shuffled_by_epoch(sampler: Any, seed: int) -> Any:
    """The sampler with an order that hangs on the epoch's number alone, so that a resume finds it again."""
    sampler.set_epoch = lambda epoch: sampler.generator.manual_seed(seed + epoch)
    return sampler


def make_trainer(
    stage: Stage,
    model: Any,
    chat: Chat,
    prompts: pd.DataFrame,
    recorder: Recorder,
    weights: Sequence[float],
    writer: Writer | None,
    arguments: Mapping[str, Any],
) -> Any:
    """Makes the trainer.

    Args:
        stage: Whose folder holds the checkpoints.
        model: PeftModel with a trainable adapter.
        chat: Its tokenizer with its chat template.
        prompts: Columns id, prompt (chat messages as JSON text) and those of the rewards.
        recorder: Of the rewards.
        weights: Of the rewards in the total.
        writer: Of the completions; None leaves them to trl, or to the backend that patched it.
        arguments: Of trl's GRPOConfig, for this rank.

    Raises:
        TrainingError: if trl would not do what was asked for.
    """
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer
    from trl.models.utils import _ForwardRedirection

    from sqlreason.students.training import shared_prompts, trainer_arguments

    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")  # rollout_func is marked as experimental
    held = {
        **trainer_arguments.arguments_of(arguments, stage.folder, trainer_arguments.is_mixed(model)),
        "reward_weights": list(map(float, weights)),
    }
    rows = [{**row, "prompt": json.loads(row["prompt"])} for row in prompts.to_dict("records")]
    whole = complete("GRPOConfig", {}) | held
    if whole["use_vllm"]:
        held["vllm_max_model_length"] = longest_sequence(rows, chat, whole["max_completion_length"])
    shared = writer is not None and _reads_prompts_once(model, rows, chat, whole["max_completion_length"])
    ours: dict[str, Any] = {"reward_funcs": recorder.wrapped(), **({"rollout_func": writer} if writer else {})}

    class Trainer(GRPOTrainer):  # type: ignore[misc]  # trl is untyped
        """Shuffles each epoch by its number: trl's order of an epoch hangs on those before, which a resume skips.

        With a writer of our own, a group's prompt is read once in the log-probabilities too, where that is right for
        the model. `writing_seconds` are those of the last completions, whoever wrote them.
        """

        writing_seconds: float | None = None

        def _tokenize_prompts(self, prompts: Any) -> Any:
            return [chat.prompt_ids(messages) for messages in prompts], None, {}

        def _generate(self, prompts: Any) -> Any:
            began = time.monotonic()
            written = super()._generate(prompts)
            self.writing_seconds = time.monotonic() - began
            return written

        def _get_train_sampler(self, dataset: Any = None) -> Any:
            return shuffled_by_epoch(super()._get_train_sampler(dataset), self.args.seed)

        def _prepare_inputs(self, generation_batch: Any) -> Any:
            before = self._buffered_inputs
            inputs = super()._prepare_inputs(generation_batch)
            if not shared or self._buffered_inputs is before:
                return inputs
            self._buffered_inputs = shared_prompts.regroup(self._buffered_inputs)
            return self._buffered_inputs[self._step % self.args.steps_per_generation]

        def _get_per_token_logps_and_entropies(self, model: Any, *inputs: Any, **options: Any) -> Any:
            if not shared or options.get("compute_aux_loss"):  # that of a mixture of experts is trl's to compute
                return super()._get_per_token_logps_and_entropies(model, *inputs, **options)
            inner = self.accelerator.unwrap_model(model)
            arguments = (inner, *inputs, self.temperature, options.get("batch_size"))
            with self.accelerator.autocast():
                if model is inner:
                    return (*shared_prompts.completion_logps(*arguments), None)
                # Several ranks: through the wrapper's forward, whose hooks gather the gradients of all. (trl makes a
                # redirection of its own only where it computes its log-probabilities in chunks.)
                return (*_ForwardRedirection()(model, inner, shared_prompts.completion_logps, *arguments), None)

    return Trainer(
        model=model,
        args=trainer_arguments.build_config(GRPOConfig, held),
        train_dataset=Dataset.from_list(rows),
        processing_class=chat.tokenizer,
        **ours,
    )


def _reads_prompts_once(model: Any, rows: Sequence[Mapping[Any, Any]], chat: Chat, limit: int) -> bool:
    """Whether our own log-probabilities are right for the model; where they are not, it is said."""
    from sqlreason.students.checkpoints import attention

    obstacle = attention.obstacle(model, longest_sequence(rows, chat, limit))
    if obstacle is not None:
        attention.tell(model, "log-probabilities are trl's, each row with its prompt", obstacle)
    return obstacle is None
