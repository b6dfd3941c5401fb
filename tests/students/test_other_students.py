"""Whole trainings of students that are no Llamas: of what is theirs alone nothing is left out, and it is said."""

import logging

import pytest
from student_families import make_config
from trainings import of_grpo, of_sft
from transformers import AutoModelForCausalLM

from sqlreason.students.checkpoints import attention
from sqlreason.students.checkpoints.checkpoint import TrainedModel, write_checkpoint
from sqlreason.students.training import grpo, sft
from tiny_student import tiny

TRAINING = {"learning_rate": 1e-2, "lr_scheduler_type": "constant", "warmup_steps": 0.0, "dtype": "float32"}
ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")


class LengthReward:
    """Characters of a completion."""

    __name__ = "length"

    def __call__(self, completions, **columns):
        return [float(len(completion[0]["content"])) for completion in completions]


@pytest.fixture
def student(request, tokenizer, tmp_path):
    config = make_config(
        request.param, vocab_size=len(tokenizer), max_position_embeddings=256, **tiny.token_ids_of(tokenizer)
    )
    model = AutoModelForCausalLM.from_config(config)
    model.generation_config.update(eos_token_id=tokenizer.eos_token_id)
    return write_checkpoint(TrainedModel(model, tokenizer, "# Another\n"), tmp_path / request.param)


@pytest.mark.parametrize(
    ("student", "said"),
    [
        ("falcon_h1", ["loss takes all logits", "log-probabilities are trl's", "written by transformers' generate"]),
        ("granite", ["loss takes all logits"]),
        ("gemma2", []),  # its windows are shorter than the prompts
    ],
    indirect=["student"],
)
def test_it_is_taught_and_rewarded_on_its_own_completions(student, said, examples, tmp_path, caplog):
    attention._warn.cache_clear()
    with caplog.at_level(logging.WARNING, "sqlreason"):
        lora = {"rank": 2, "alpha": 4, "target_modules": ATTENTION}
        options = {"workdir": tmp_path, **TRAINING}
        adapter, losses = sft.train_sft(
            student, examples, fingerprint="abc", lora=lora, **of_sft(max_steps=8, **options)
        )
        prompts = examples.head(4)[["id", "prompt"]]
        group = {"num_generations": 4, "max_completion_length": 8, "mask_truncated_completions": False}
        rewarded, history, rollouts = grpo.train_grpo(
            student,
            adapter,
            prompts,
            rewards=[LengthReward()],
            weights=[1.0],
            **of_grpo(max_steps=2, beta=0.05, **group, **options),
        )
    assert losses["loss"].iloc[-1] < losses["loss"].iloc[0]
    assert rewarded.digest != adapter.digest and len(rollouts) == 16
    # what GRPO computes for tokens before its first update is what the reference, the same adapter, computes
    assert history["kl"].iloc[0] == pytest.approx(0, abs=1e-6) and history["entropy"].gt(0).all()
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("sqlreason")]
    told = [message for message in ours if "because" in message or "all logits" in message]
    assert len(told) == len(said) and all(part in message for part, message in zip(said, told, strict=True))
