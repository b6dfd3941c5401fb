"""GRPO in two ranks: each writes and judges whole groups, and the record holds those of both."""

import json
from importlib.util import find_spec

import pytest
from trainings import of_grpo
from trl import GRPOConfig

from sqlreason.students.training import grpo
from sqlreason.students.training.grpo_trainer import longest_sequence
from sqlreason.students.training.initial_adapters import untrained


class LengthReward:
    """Characters of the completion, in hundreds."""

    __name__ = "length"

    def __call__(self, completions, **columns):
        return [len(completion[0]["content"]) / 100 for completion in completions]


@pytest.mark.slow
def test_two_ranks_keep_the_rollouts_of_both_each_beside_its_advantage(checkpoint, start, examples, tmp_path):
    trained, history, rollouts = grpo.train_grpo(
        checkpoint, start, examples[["id", "prompt"]], workdir=tmp_path, rewards=[LengthReward()],
        weights=[1.0],
        **of_grpo(
            launch="ranks", ranks=2, dtype="float32",
            num_generations=4, max_completion_length=8, learning_rate=5e-3, scale_rewards="none", max_steps=2,
            mask_truncated_completions=False, per_device_train_batch_size=4, gradient_accumulation_steps=2,
        ),
    )  # fmt: skip
    assert list(history["step"]) == [1, 2] and trained.digest != start.digest
    assert rollouts.groupby("step").size().tolist() == [8, 8]
    groups = rollouts.groupby(["step", "id"])
    assert groups.size().eq(4).all() and groups.ngroups == 4
    centred = rollouts["reward"] - groups["reward"].transform("mean")
    assert rollouts["advantage"].tolist() == pytest.approx(centred.tolist(), abs=1e-4)


def test_vllm_makes_room_for_our_longest_sequence_and_not_for_all_that_the_model_can_read(checkpoint, examples):
    chat = checkpoint.load_chat()
    rows = [{"prompt": json.loads(text)} for text in examples["prompt"]]
    lengths = [len(chat.prompt_ids(row["prompt"])) for row in rows]
    assert longest_sequence(rows, chat, 100) == max(lengths) + 100
    assert "vllm_max_model_length" in GRPOConfig.__dataclass_fields__


@pytest.mark.skipif(find_spec("vllm") is not None, reason="vllm is installed")
@pytest.mark.parametrize("mode", ["colocate", "server"])
def test_without_vllm_a_training_that_asks_for_it_says_what_to_install(mode, checkpoint, examples, tmp_path):
    start = untrained(checkpoint, "abc", {"rank": 4, "alpha": 8}, "float32", 0)
    with pytest.raises(ImportError, match="install vLLM"):
        grpo.train_grpo(
            checkpoint, start, examples[["id", "prompt"]], workdir=tmp_path, rewards=[LengthReward()], weights=[1.0],
            **of_grpo(
                num_generations=4, per_device_train_batch_size=4, max_steps=1, dtype="float32", use_vllm=True,
                vllm_mode=mode,
            ),
        )  # fmt: skip
