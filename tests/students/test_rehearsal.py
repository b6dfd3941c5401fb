"""GRPO's dry step: the longest completions first, and memory that is too small is told with what to change."""

import json
import logging
from types import SimpleNamespace

import pytest
import torch
from trainings import of_grpo

from sqlreason.students.training import (
    grpo,
    memory_dry_run,
    rollouts,
    shared_prompts,
    trainer_arguments,
    transformers_backend,
    work_folder,
)
from sqlreason.students.training.grpo_trainer import make_trainer
from sqlreason.students.training.trainer_arguments import TrainingError, fitting

OPTIONS = {
    "num_generations": 4,
    "max_completion_length": 12,
    "learning_rate": 5e-3,
    "per_device_train_batch_size": 4,
    "gradient_accumulation_steps": 2,
    "max_steps": 1,
    "beta": 0.05,
    "dtype": "float32",
    "mask_truncated_completions": False,
}


class LengthReward:
    """Characters of the completion, in hundreds."""

    __name__ = "length"

    def __call__(self, completions, **columns):
        return [len(completion[0]["content"]) / 100 for completion in completions]


def allocate_too_much(*_, **__):
    return torch.empty(1 << 60, dtype=torch.uint8)


def train(checkpoint, start, examples, workdir):
    prompts = examples[["id", "prompt"]]
    return grpo.train_grpo(
        checkpoint, start, prompts, rewards=[LengthReward()], weights=[1.0], workdir=workdir, **of_grpo(**OPTIONS)
    )


def test_the_longest_completions_are_written_and_learned_from_first(checkpoint, start, examples, tmp_path, caplog):
    caplog.set_level(logging.INFO, "sqlreason")
    _, history, _ = train(checkpoint, start, examples, tmp_path)
    told = [record.getMessage() for record in caplog.records if "at the peak" in record.getMessage()]
    assert len(told) == 1 and told[0].startswith("grpo: 8 completions of 12 tokens behind prompts of up to ")
    assert "written in" in told[0] and "4 of them learned from in" in told[0] and "1 steps of at most" in told[0]
    assert history["entropy"].iloc[0] > 0 and len(history) == 1


@pytest.mark.parametrize(
    ("module", "name", "told"),
    [
        (rollouts, "complete", r"grpo: writing 8 completions of 12 tokens .* lower grpo.trl.gradient_accumulation_st"),
        (shared_prompts, "completion_logps", r"grpo: learning from 4 completions .* halve grpo.trl.per_device_train_b"),
    ],
)
def test_too_little_memory_is_told_at_once(checkpoint, start, examples, tmp_path, monkeypatch, module, name, told):
    monkeypatch.setattr(module, name, allocate_too_much)
    with pytest.raises(TrainingError, match=told):
        train(checkpoint, start, examples, tmp_path)


def test_other_errors_pass_as_they_are():
    with pytest.raises(RuntimeError, match=r"^shapes differ$"), fitting("it", "advice"):
        raise RuntimeError("shapes differ")
    with pytest.raises(TrainingError, match=r"^it does not fit into memory: advice"), fitting("it", "advice"):
        allocate_too_much()


def test_where_others_write_the_loss_alone_is_tried(checkpoint, start, examples, tmp_path, caplog):
    caplog.set_level(logging.INFO, "sqlreason")
    trl = of_grpo(**OPTIONS)["trl"]
    loading = {"dtype": "float32", "quantization": None, "gradient_checkpointing": False, "seed": 0}
    model, chat = transformers_backend.load_student(checkpoint, start, **loading)
    recorder = rollouts.Recorder([LengthReward()], [1.0], tmp_path, trl["num_generations"])
    stage = work_folder.Stage("grpo", tmp_path, {})
    columns = examples[["id", "prompt"]]
    trainer = make_trainer(stage, model, chat, columns, recorder, [1.0], None, trl)
    state = SimpleNamespace(global_step=0, max_steps=3)
    memory_dry_run.GRPODryRun(trainer, chat, None).on_train_begin(trainer.args, state, None)
    assert "4 completions of 12 tokens" in caplog.text and "3 steps of at most" in caplog.text
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not trainer._metrics["train"] and trainer_arguments.is_sharded(trainer) is False
    assert trainer.writing_seconds is None
    trainer._generate([json.loads(columns["prompt"].iloc[0])] * 4)  # as a step does, by trl's own means
    assert trainer.writing_seconds > 0
