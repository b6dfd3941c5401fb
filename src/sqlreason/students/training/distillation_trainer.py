"""trl's DistillationTrainer with what it lacks here: a teacher that reads another prompt, rollouts that are kept.

The loss is trl's (Agarwal et al. 2023, arXiv:2306.13649): the divergence of teacher and student over the whole
vocabulary, at each token of a completion that the student wrote. What is given to it is in `on_policy_distillation.py`.
"""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pandas as pd
import torch
from datasets import Dataset
from peft import PeftModel
from torch import Tensor
from torch.utils.data import Sampler
from transformers import PreTrainedModel
from trl import DistillationConfig, DistillationTrainer

from sqlreason.students.checkpoints import attention, output_heads
from sqlreason.students.checkpoints.architecture import longest_input
from sqlreason.students.checkpoints.chat import Chat, Messages
from sqlreason.students.training import trainer_arguments, trl_private
from sqlreason.students.training.grpo_trainer import longest_sequence, shuffled_by_epoch
from sqlreason.students.training.rollouts import Recorder, Writer, reward_name
from sqlreason.students.training.trainer_arguments import TrainingError
from sqlreason.students.training.trl_arguments import complete
from sqlreason.students.training.work_folder import Stage

#: A causal language model, with an adapter or bare.
Reader = PeftModel | PreTrainedModel


class HintedTrainer(DistillationTrainer):  # type: ignore[misc]  # trl is untyped
    """trl's DistillationTrainer, with these differences (its private names that they use in brackets).

    1. Prompts become tokens by our `Chat` (`_tokenize_prompts`).
    2. Each epoch is shuffled by its number, as in `GroupTrainer` (`_get_train_sampler`).
    3. Completions are written by our writer, if there is one; `writing_seconds` are those of the last
       (`_generate_single_turn`).
    4. The teacher reads a prompt of its own in front of the same completion (`_generate_and_score_completions`,
       `_compute_loss`, `_get_last_hidden_state`).
    5. Rewards are told of the completions, and logged; nothing is learned from them (`_metrics`).
    6. The rows of a step are sorted by length over its passes (`_prepare_inputs`, `_buffered_inputs`, `_step`).

    Args:
        chat: The student's tokenizer with its chat template, which is the teacher's too.
        recorder: Record of the rewards.
        writer: Writer of the completions; None leaves them to trl.
        options: Of trl's trainer.
    """

    args: DistillationConfig
    model: PeftModel
    train_dataset: Dataset

    def __init__(self, *, chat: Chat, recorder: Recorder, writer: Writer | None, **options: Any) -> None:
        self.chat, self.recorder, self.writer = chat, recorder, writer
        self.writing_seconds: float | None = None
        self.generated_tokens = 0
        super().__init__(**options)

    @property
    def limit(self) -> int:
        """Tokens of a completion at most."""
        return cast(int, self.args.max_completion_length)

    def _get_train_sampler(self, dataset: Dataset | None = None) -> Sampler[int]:
        return shuffled_by_epoch(super()._get_train_sampler(dataset), self.args.seed)

    def _tokenize_prompts(self, prompts: Sequence[Messages]) -> tuple[list[list[int]], None, dict[str, Any]]:
        return [self.chat.prompt_ids(messages) for messages in prompts], None, {}

    def _generate_single_turn(self, prompt_ids: list[list[int]], *inputs: Any, **options: Any) -> Any:
        began = time.monotonic()
        if self.writer is None:
            written = super()._generate_single_turn(prompt_ids, *inputs, **options)
        else:
            written = self.writer.write(self, prompt_ids, self.chat.ends)
        self.writing_seconds = time.monotonic() - began
        return written

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        batch: dict[str, Any] = super()._generate_and_score_completions(inputs)
        self._score(inputs, batch)
        tokens = self.accelerator.reduce(batch["completion_mask"].sum(), "sum")
        self.generated_tokens = int(tokens)
        shown = [self.chat.prompt_ids(row["teacher_prompt"]) for row in inputs]
        batch["teacher_ids"], batch["teacher_mask"] = pad_left(shown, self.chat.padding.id, self.args.device)
        return batch

    def _score(self, inputs: list[dict[str, Any]], batch: dict[str, Any]) -> None:
        masks = batch["completion_mask"].bool()
        ids = [row[mask].tolist() for row, mask in zip(batch["completion_ids"], masks, strict=True)]
        said = [[{"role": "assistant", "content": self.chat.read(row)}] for row in ids]
        columns = {name: [row[name] for row in inputs] for name in inputs[0] if name != "prompt"}
        figures = trl_private.figures(self)
        for reward in self.recorder.wrapped():
            values = reward(said, prompts=[row["prompt"] for row in inputs], completion_ids=ids, **columns)
            figures[f"rewards/{reward_name(reward)}/mean"].append(self._gathered(values).nanmean().item())
        totals = self._gathered(self.recorder.totals())
        figures["reward"].append(totals.mean().item())
        figures["reward_std"].append(totals.std().item())

    def _gathered(self, values: Any) -> Tensor:
        numbers = pd.Series(values, dtype="float32").to_numpy()  # None, which does not apply, is not a number there
        return self.accelerator.gather(torch.tensor(numbers, device=self.args.device))  # type: ignore[no-any-return]

    def _prepare_inputs(self, generation_batch: Any) -> Any:
        before = trl_private.rows_of_step(self)
        inputs = super()._prepare_inputs(generation_batch)
        if trl_private.rows_of_step(self) is before:
            return inputs
        return trl_private.rearrange_step(self, sort_by_length, self.args.gradient_accumulation_steps)

    def _compute_loss(self, student: Reader, inputs: dict[str, Any], *counts: Any) -> Any:
        self._shown = inputs["teacher_ids"], inputs["teacher_mask"]
        return super()._compute_loss(student, inputs, *counts)

    def _get_last_hidden_state(self, reader: Reader, ids: Tensor, mask: Tensor, kept: int, **fields: Any) -> Any:
        if reader is self.accelerator.unwrap_model(self.teacher_model):
            ids, mask = (
                torch.cat([shown, read[:, -kept:]], 1) for shown, read in zip(self._shown, (ids, mask), strict=True)
            )
        return super()._get_last_hidden_state(reader, ids, mask, kept, **fields)


def make_trainer(
    stage: Stage,
    model: PeftModel,
    teacher: Reader,
    chat: Chat,
    prompts: pd.DataFrame,
    recorder: Recorder,
    writer: Writer | None,
    arguments: Mapping[str, Any],
) -> HintedTrainer:
    """Make the trainer.

    Args:
        stage: Whose folder holds the checkpoints.
        model: Student with a trainable adapter.
        teacher: Causal language model with the same vocabulary.
        chat: The student's tokenizer, which is the teacher's too, with its chat template.
        prompts: Columns id, prompt and teacher_prompt (chat messages as JSON text), and those of the rewards.
        recorder: Record of the rewards, which are looked at and not learned from.
        writer: Writer of the completions; None leaves them to trl.
        arguments: Arguments of trl's DistillationConfig, for this rank.

    Raises:
        TrainingError: If what the teacher reads is longer than its model can, trl would compute other logits than the
            model, or not do what was asked for.
    """
    for reader in (model, teacher):
        _require_known_head(reader)
    held = trainer_arguments.arguments_of(arguments, stage.folder, trainer_arguments.is_mixed(model))
    whole = complete("DistillationConfig", {}) | held
    told = ("prompt", "teacher_prompt")
    rows = [{**row, **{name: json.loads(row[name]) for name in told}} for row in prompts.to_dict("records")]
    limit = whole["max_completion_length"]
    _require_room(teacher, longest_sequence([{"prompt": row["teacher_prompt"]} for row in rows], chat, limit))
    if whole["use_vllm"]:
        held["vllm_max_model_length"] = longest_sequence(rows, chat, limit)
    return HintedTrainer(
        chat=chat,
        recorder=recorder,
        writer=writer,
        model=model,
        teacher_model=teacher,
        args=trainer_arguments.build_config(DistillationConfig, held),
        train_dataset=Dataset.from_list(rows),
        processing_class=chat.tokenizer,
    )


def _require_room(teacher: Reader, longest: int) -> None:
    positions = longest_input(teacher.config)
    if positions and longest > positions:
        raise TrainingError(
            f"the teacher would read up to {longest} tokens (prompt, hint and answer), and its model has {positions} "
            "positions; lower preprocessing.max_prompt_tokens or grpo.trl.max_completion_length"
        )


def _require_known_head(model: Reader) -> None:
    if not output_heads.is_known_to_trl(model):
        raise TrainingError(
            f"trl's distillation takes the logits of {type(attention.bare(model)).__name__} from its head alone, and "
            "the model itself does more to them; choose another grpo.method or base_model"
        )


def pad_left(rows: Sequence[Sequence[int]], padding: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return token ids and their mask, both rows x longest."""
    longest = max(map(len, rows))
    ids = [[padding] * (longest - len(row)) + list(row) for row in rows]
    mask = [[0] * (longest - len(row)) + [1] * len(row) for row in rows]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def sort_by_length(batches: Sequence[dict[str, Tensor]]) -> list[dict[str, Tensor]]:
    """Sort the rows of some equal batches by length and drop the padding that each no longer needs.

    trl pads a step's rows to the longest of all and shuffles them over its forward passes; the step's gradient is
    their sum either way.

    Args:
        batches: Tensors whose first dimension is the row, `NAME_ids` beside `NAME_mask`: completions padded on the
            right, all others on the left.
    """
    size = len(batches[0]["completion_ids"])
    names = [name for name, value in batches[0].items() if value.ndim > 0]
    together = {name: torch.cat([batch[name] for batch in batches]) for name in names}
    order = (together["teacher_mask"].sum(1) + together["completion_mask"].sum(1)).argsort(stable=True)
    parts = [{name: tensor[rows] for name, tensor in together.items()} for rows in order.split(size)]
    return [{**batch, **part, **_trimmed(part)} for batch, part in zip(batches, parts, strict=True)]


def _trimmed(batch: dict[str, Tensor]) -> dict[str, Tensor]:
    trimmed: dict[str, Tensor] = {}
    for kind in ("prompt", "teacher", "completion"):
        width = int(batch[f"{kind}_mask"].sum(1).max())
        kept = slice(width) if kind == "completion" else slice(-width, None)
        trimmed |= {name: batch[name][:, kept] for name in (f"{kind}_ids", f"{kind}_mask")}
    return trimmed
