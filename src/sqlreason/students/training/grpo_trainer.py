"""trl's GRPOTrainer with what it lacks here: an order of rows that a resume finds again, prompts read once for a group.

The loss is trl's. What is given to it is in `grpo.py`, what happens between prompts and loss in `rollouts.py`.
"""

import json
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pandas as pd
import torch
from datasets import Dataset
from peft import PeftModel
from torch import Tensor, nn
from torch.utils.data import Sampler
from trl import GRPOConfig, GRPOTrainer

from sqlreason.environments.session import SessionFactory
from sqlreason.students.checkpoints import attention
from sqlreason.students.checkpoints.chat import Chat, Messages
from sqlreason.students.training import shared_prompts, trainer_arguments, trl_private
from sqlreason.students.training.rollouts import Recorder, Writer
from sqlreason.students.training.trl_arguments import complete
from sqlreason.students.training.work_folder import Stage


class GroupTrainer(GRPOTrainer):  # type: ignore[misc]  # trl is untyped
    """trl's GRPOTrainer, with these differences (its private names that they use in brackets).

    1. Prompts become tokens by our `Chat` (`_tokenize_prompts`).
    2. `writing_seconds` are those of the last completions, whoever wrote them (`_generate`).
    3. Each epoch is shuffled by its number: trl's order of an epoch hangs on those before, which a resume skips
       (`_get_train_sampler`).
    4. With a writer of our own, the rows of a prompt stand side by side in a step's passes (`_prepare_inputs`,
       `_buffered_inputs`, `_step`), and
    5. a group's prompt is read once in the log-probabilities too, where that is right for the model
       (`_get_per_token_logps_and_entropies`, `_ForwardRedirection`).

    Args:
        chat: The student's tokenizer with its chat template.
        shares_prompts: Whether 4 and 5 apply.
        options: Of trl's trainer.
    """

    args: GRPOConfig
    model: PeftModel
    train_dataset: Dataset

    def __init__(self, *, chat: Chat, shares_prompts: bool, **options: Any) -> None:
        self.chat, self.shares_prompts = chat, shares_prompts
        self.writing_seconds: float | None = None
        self.generated_tokens = 0
        super().__init__(**options)

    @property
    def group(self) -> int:
        """Completions of a prompt."""
        return cast(int, self.args.num_generations)

    @property
    def passes(self) -> int:
        """Forward passes over the completions that are written at once."""
        return cast(int, self.args.steps_per_generation)

    @property
    def limit(self) -> int:
        """Tokens of a completion at most."""
        return cast(int, self.args.max_completion_length)

    def _tokenize_prompts(self, prompts: Sequence[Messages]) -> tuple[list[list[int]], None, dict[str, Any]]:
        return [self.chat.prompt_ids(messages) for messages in prompts], None, {}

    def _generate(self, prompts: Sequence[Messages]) -> Any:
        began = time.monotonic()
        written = super()._generate(list(prompts))
        self.writing_seconds = time.monotonic() - began
        tokens = torch.tensor([self._count_tokens(written[1])], device=self.args.device)
        self.generated_tokens = int(self.accelerator.reduce(tokens, "sum").item())  # of all ranks
        return written

    def _count_tokens(self, completions: Sequence[Sequence[int]]) -> int:
        """Tokens that the student wrote."""
        return sum(map(len, completions))

    def _get_train_sampler(self, dataset: Dataset | None = None) -> Sampler[int]:
        return shuffled_by_epoch(super()._get_train_sampler(dataset), self.args.seed)

    def _prepare_inputs(self, generation_batch: Any) -> Any:
        before = trl_private.rows_of_step(self)
        inputs = super()._prepare_inputs(generation_batch)
        if not self.shares_prompts or trl_private.rows_of_step(self) is before:
            return inputs
        return trl_private.rearrange_step(self, shared_prompts.regroup, self.passes)

    def _get_per_token_logps_and_entropies(
        self, model: nn.Module, *inputs: Any, **options: Any
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        if not self.shares_prompts or options.get("compute_aux_loss"):  # that of a mixture of experts is trl's
            return super()._get_per_token_logps_and_entropies(model, *inputs, **options)  # type: ignore[no-any-return]
        inner = self.accelerator.unwrap_model(model)
        arguments = (inner, *inputs, self.temperature, options.get("batch_size"))
        with self.accelerator.autocast():
            if model is inner:
                return (*shared_prompts.completion_logps(*arguments), None)
            return (*trl_private.call_through(model, inner, shared_prompts.completion_logps, *arguments), None)


def make_trainer(
    stage: Stage,
    model: PeftModel,
    chat: Chat,
    prompts: pd.DataFrame,
    recorder: Recorder,
    weights: Sequence[float],
    writer: Writer | None,
    arguments: Mapping[str, Any],
    sessions: SessionFactory | None = None,
) -> GroupTrainer:
    """Make the trainer.

    Args:
        stage: Whose folder holds the checkpoints.
        model: Student with a trainable adapter.
        chat: Its tokenizer with its chat template.
        prompts: Columns id, prompt (chat messages as JSON text) and those of the rewards.
        recorder: Record of the rewards.
        weights: Weight of each reward in the total.
        writer: Writer of the completions; None leaves them to trl, or to the backend that patched it.
        arguments: Arguments of trl's GRPOConfig, for this rank.
        sessions: Opens the episodes of a student with tools, whose chat has them; None without.

    Raises:
        TrainingError: If trl would not do what was asked for.
    """
    os.environ.setdefault("TRL_EXPERIMENTAL_SILENCE", "1")  # rollout_func is marked as experimental
    held = {
        **trainer_arguments.arguments_of(arguments, stage.folder, trainer_arguments.is_mixed(model)),
        "reward_weights": list(map(float, weights)),
    }
    whole = complete("GRPOConfig", {}) | held
    limit = whole["max_completion_length"]
    rows = [{**row, "prompt": json.loads(row["prompt"])} for row in prompts.to_dict("records")]
    if whole["use_vllm"]:
        held["vllm_max_model_length"] = longest_sequence(rows, chat, limit)
    options: dict[str, Any] = {
        "chat": chat,
        "shares_prompts": writer is not None and _reads_prompts_once(model, rows, chat, limit),
        "model": model,
        "args": trainer_arguments.build_config(GRPOConfig, held),
        "train_dataset": Dataset.from_list(rows),
        "processing_class": chat.tokenizer,
        "reward_funcs": recorder.wrapped(),
    }
    if sessions is not None:
        from sqlreason.students.training.tool_trainer import ToolTrainer

        return ToolTrainer(writer=writer, sessions=sessions, **options)
    if writer is not None:
        options["rollout_func"] = writer
    return GroupTrainer(**options)


def longest_sequence(rows: Sequence[Mapping[Any, Any]], chat: Chat, limit: int) -> int:
    """Return the tokens of the longest prompt with a completion of full length.

    vLLM would make room for the longest sequence that the model can read, 131,072 tokens of a Llama 3.2, and not start.
    """
    return max(len(chat.prompt_ids(row["prompt"])) for row in rows) + limit


def shuffled_by_epoch(sampler: Sampler[int], seed: int) -> Sampler[int]:
    """Return the sampler with an order that hangs on the epoch's number alone, so that a resume finds it again."""
    generator: torch.Generator | None = getattr(sampler, "generator", None)
    if generator is not None:  # trl's sampler has none where the order is kept
        sampler.set_epoch = lambda epoch: generator.manual_seed(seed + epoch)  # type: ignore[attr-defined]
    return sampler


def _reads_prompts_once(model: PeftModel, rows: Sequence[Mapping[Any, Any]], chat: Chat, limit: int) -> bool:
    """Whether our own log-probabilities are right for the model; where they are not, it is said."""
    obstacle = attention.obstacle(model, longest_sequence(rows, chat, limit))
    if obstacle is not None:
        attention.tell(model, "log-probabilities are trl's, each row with its prompt", obstacle)
    return obstacle is None
