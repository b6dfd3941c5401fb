"""GRPO in two ranks: each writes and judges whole groups, and the record holds those of both."""

import pytest
from trl import GRPOConfig

from sqlreason.students import grpo, sft


class LengthReward:
    """Characters of the completion, in hundreds."""

    __name__ = "length"

    def __call__(self, completions, **columns):
        return [len(completion[0]["content"]) / 100 for completion in completions]


@pytest.mark.slow
def test_two_ranks_keep_the_rollouts_of_both_each_beside_its_advantage(checkpoint, examples, tmp_path):
    lora = {"rank": 4, "alpha": 8}
    start, _ = sft.train_sft(
        checkpoint, examples, fingerprint="abc", workdir=tmp_path / "sft", lora=lora, learning_rate=1e-2, max_steps=1
    )
    trained, history, rollouts = grpo.train_grpo(
        checkpoint, start, examples[["id", "prompt"]], workdir=tmp_path / "grpo", rewards=[LengthReward()],
        weights=[1.0], launch="ranks", ranks=2, num_generations=4, max_completion_tokens=8, learning_rate=5e-3,
        scale_rewards="none", mask_truncated_completions=False, batch_size=4, gradient_accumulation=2, max_steps=2,
        dtype="float32",
    )  # fmt: skip
    assert list(history["step"]) == [1, 2] and trained.digest != start.digest
    assert rollouts.groupby("step").size().tolist() == [8, 8]
    groups = rollouts.groupby(["step", "id"])
    assert groups.size().eq(4).all() and groups.ngroups == 4
    centred = rollouts["reward"] - groups["reward"].transform("mean")
    assert rollouts["advantage"].tolist() == pytest.approx(centred.tolist(), abs=1e-4)


def test_vllm_is_asked_for_as_trl_wants_it_and_never_over_four_bits(checkpoint, tmp_path):
    known = set(GRPOConfig.__dataclass_fields__)
    server = grpo.Policy(vllm="server", vllm_server="http://gpu:8000").arguments()
    assert set(server) <= known
    assert (server["use_vllm"], server["vllm_mode"], server["vllm_server_base_url"]) == (True, "server", "http://gpu:8000")
    assert grpo.Policy().arguments()["use_vllm"] is False
    with pytest.raises(ValueError, match="vllm=colocate with quantization=nf4"):
        grpo._split({"learning_rate": 1e-5, "max_steps": 1, "vllm": "colocate"}, 1, "nf4")
