"""trl's DistillationTrainer with what it lacks here: a teacher that reads another prompt, rollouts that are kept.

The loss is trl's (Agarwal et al. 2023, arXiv:2306.13649): the divergence of teacher and student over the whole
vocabulary, at each token of a completion that the student wrote. What is given to it is in `distillation.py`.
"""

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from sqlreason.students.checkpoints import attention, output_heads
from sqlreason.students.checkpoints.architecture import longest_input
from sqlreason.students.checkpoints.chat import Chat
from sqlreason.students.training.grpo_trainer import longest_sequence, shuffled_by_epoch
from sqlreason.students.training.rollouts import Recorder, Writer, reward_name
from sqlreason.students.training.trainer_arguments import TrainingError
from sqlreason.students.training.trl_arguments import complete
from sqlreason.students.training.work_folder import Stage


def make_trainer(
    stage: Stage,
    model: Any,
    teacher: Any,
    chat: Chat,
    prompts: pd.DataFrame,
    recorder: Recorder,
    writer: Writer | None,
    arguments: Mapping[str, Any],
) -> Any:
    """Makes the trainer.

    Args:
        stage: Whose folder holds the checkpoints.
        model: PeftModel with a trainable adapter.
        teacher: Causal language model with the same vocabulary.
        chat: The student's tokenizer, which is the teacher's too, with its chat template.
        prompts: Columns id, prompt and teacher_prompt (chat messages as JSON text), and those of the rewards.
        recorder: Of the rewards, which are looked at and not learned from.
        writer: Of the completions; None leaves them to trl.
        arguments: Of trl's DistillationConfig, for this rank.

    Raises:
        TrainingError: if what the teacher reads is longer than its model can, trl would compute other logits than the
            model, or not do what was asked for.
    """
    import torch
    from datasets import Dataset
    from trl import DistillationConfig, DistillationTrainer

    from sqlreason.students.training import trainer_arguments

    for reader in (model, teacher):
        _require_known_head(reader)

    class Trainer(DistillationTrainer):  # type: ignore[misc]  # trl is untyped
        """Shows the teacher its own prompt, and notes what the rewards say of the student's completions.

        `writing_seconds` are those of the last completions.
        """

        writing_seconds: float | None = None

        def _get_train_sampler(self, dataset: Any = None) -> Any:
            return shuffled_by_epoch(super()._get_train_sampler(dataset), self.args.seed)

        def _tokenize_prompts(self, prompts: Any) -> Any:
            return [chat.prompt_ids(messages) for messages in prompts], None, {}

        def _generate_single_turn(self, prompt_ids: Any, *inputs: Any, **options: Any) -> Any:
            began = time.monotonic()
            if writer is None:
                written = super()._generate_single_turn(prompt_ids, *inputs, **options)
            else:
                written = writer.write(self, prompt_ids, chat.ends)
            self.writing_seconds = time.monotonic() - began
            return written

        def _generate_and_score_completions(self, inputs: Any) -> Any:
            batch = super()._generate_and_score_completions(inputs)
            self._score(inputs, batch)
            shown = [chat.prompt_ids(row["teacher_prompt"]) for row in inputs]
            batch["teacher_ids"], batch["teacher_mask"] = pad_left(shown, chat.padding.id, self.args.device)
            return batch

        def _score(self, inputs: Any, batch: Any) -> None:
            masks = batch["completion_mask"].bool()
            ids = [row[mask].tolist() for row, mask in zip(batch["completion_ids"], masks, strict=True)]
            said = [[{"role": "assistant", "content": chat.read(row)}] for row in ids]
            columns = {name: [row[name] for row in inputs] for name in inputs[0] if name != "prompt"}
            figures = self._metrics["train"]
            for reward in recorder.wrapped():
                values = reward(said, prompts=[row["prompt"] for row in inputs], completion_ids=ids, **columns)
                figures[f"rewards/{reward_name(reward)}/mean"].append(self._gathered(values).nanmean().item())
            totals = self._gathered(recorder.totals())
            figures["reward"].append(totals.mean().item())
            figures["reward_std"].append(totals.std().item())

        def _gathered(self, values: Any) -> Any:
            numbers = pd.Series(values, dtype="float32").to_numpy()  # None, which does not apply, is not a number there
            return self.accelerator.gather(torch.tensor(numbers, device=self.args.device))

        def _prepare_inputs(self, generation_batch: Any) -> Any:
            before = self._buffered_inputs
            inputs = super()._prepare_inputs(generation_batch)
            if self._buffered_inputs is before:
                return inputs
            self._buffered_inputs = sort_by_length(self._buffered_inputs)
            return self._buffered_inputs[self._step % self.args.gradient_accumulation_steps]

        def _compute_loss(self, student: Any, inputs: Any, *counts: Any) -> Any:
            self._shown = inputs["teacher_ids"], inputs["teacher_mask"]
            return super()._compute_loss(student, inputs, *counts)

        def _get_last_hidden_state(self, reader: Any, ids: Any, mask: Any, kept: int, **fields: Any) -> Any:
            if reader is self.accelerator.unwrap_model(self.teacher_model):
                ids, mask = (
                    torch.cat([shown, read[:, -kept:]], 1) for shown, read in zip(self._shown, (ids, mask), strict=True)
                )
            return super()._get_last_hidden_state(reader, ids, mask, kept, **fields)

    held = trainer_arguments.arguments_of(arguments, stage.folder, trainer_arguments.is_mixed(model))
    whole = complete("DistillationConfig", {}) | held
    told = ("prompt", "teacher_prompt")
    rows = [{**row, **{name: json.loads(row[name]) for name in told}} for row in prompts.to_dict("records")]
    limit = whole["max_completion_length"]
    _require_room(teacher, longest_sequence([{"prompt": row["teacher_prompt"]} for row in rows], chat, limit))
    if whole["use_vllm"]:
        held["vllm_max_model_length"] = longest_sequence(rows, chat, limit)
    return Trainer(
        model=model,
        teacher_model=teacher,
        args=trainer_arguments.build_config(DistillationConfig, held),
        train_dataset=Dataset.from_list(rows),
        processing_class=chat.tokenizer,
    )


def _require_room(teacher: Any, longest: int) -> None:
    positions = longest_input(teacher.config)
    if positions and longest > positions:
        raise TrainingError(
            f"the teacher would read up to {longest} tokens (prompt, hint and answer), and its model has {positions} "
            "positions; lower preprocessing.max_prompt_tokens or grpo.trl.max_completion_length"
        )


def _require_known_head(model: Any) -> None:
    if not output_heads.is_known_to_trl(model):
        raise TrainingError(
            f"trl's distillation takes the logits of {type(attention.bare(model)).__name__} from its head alone, and "
            "the model itself does more to them; choose another grpo.method or base_model"
        )


def pad_left(rows: Sequence[Sequence[int]], padding: int, device: Any) -> tuple[Any, Any]:
    """Return token ids and their mask, both rows x longest."""
    import torch

    longest = max(map(len, rows))
    ids = [[padding] * (longest - len(row)) + list(row) for row in rows]
    mask = [[0] * (longest - len(row)) + [1] * len(row) for row in rows]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def sort_by_length(batches: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sort the rows of some equal batches by length and drop the padding that each no longer needs.

    trl pads a step's rows to the longest of all and shuffles them over its forward passes; the step's gradient is
    their sum either way.

    Args:
        batches: Tensors whose first dimension is the row, `NAME_ids` beside `NAME_mask`: completions padded on the
            right, all others on the left.
    """
    import torch

    size = len(batches[0]["completion_ids"])
    names = [name for name, value in batches[0].items() if value.ndim > 0]
    together = {name: torch.cat([batch[name] for batch in batches]) for name in names}
    order = (together["teacher_mask"].sum(1) + together["completion_mask"].sum(1)).argsort(stable=True)
    parts = [{name: tensor[rows] for name, tensor in together.items()} for rows in order.split(size)]
    return [{**batch, **part, **_trimmed(part)} for batch, part in zip(batches, parts, strict=True)]


def _trimmed(batch: dict[str, Any]) -> dict[str, Any]:
    trimmed: dict[str, Any] = {}
    for kind in ("prompt", "teacher", "completion"):
        width = int(batch[f"{kind}_mask"].sum(1).max())
        kept = slice(width) if kind == "completion" else slice(-width, None)
        trimmed |= {name: batch[name][:, kept] for name in (f"{kind}_ids", f"{kind}_mask")}
    return trimmed
