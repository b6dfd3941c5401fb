"""The same training by either backend, in 16 bits or 4: the same files, and on a GPU the same losses."""

import pytest
import torch
from trainings import of_sft

from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.training import sft

OPTIONS = {
    "fingerprint": "abc", "lora": {"rank": 8, "alpha": 16, "target_modules": ("q_proj", "down_proj")},
    "learning_rate": 2e-3, "lr_scheduler_type": "constant", "warmup_steps": 0.0, "per_device_train_batch_size": 4,
    "seed": 7,
}  # fmt: skip


@pytest.fixture(scope="module")
def tiny_student(project):
    """bitsandbytes wants layers whose sides are multiples of 64, which the very tiny model's are not."""
    return Checkpoint(str(project / "data/06_models/tiny_student"))


def layout(adapter):
    return {name: tuple(tensor.shape) for name, tensor in adapter.tensors.items()}


@pytest.mark.slow
def test_four_bits_train_on_a_cpu_and_leave_the_same_files(tiny_student, examples, tmp_path):
    few = examples.head(8)
    wide, wide_history = sft.train_sft(
        tiny_student, few, workdir=tmp_path, **of_sft(max_steps=4, dtype="float32", **OPTIONS)
    )
    four, history = sft.train_sft(
        tiny_student, few, workdir=tmp_path, **of_sft(max_steps=4, dtype="float32", quantization="nf4", **OPTIONS)
    )
    assert layout(four) == layout(wide) and four.config == wide.config
    assert all(tensor.dtype == torch.float32 for tensor in four.tensors.values())
    assert {name.split(".")[-3] for name in four.tensors} == {"q_proj", "down_proj"}
    # rounded weights begin a little worse and fall as the others do
    assert history["loss"].iloc[0] == pytest.approx(wide_history["loss"].iloc[0], rel=0.2)
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]


@pytest.mark.slow
@pytest.mark.skipif(not torch.cuda.is_available(), reason="unsloth needs an NVIDIA GPU")
@pytest.mark.parametrize("quantization", [None, "nf4"])
def test_both_backends_learn_alike(quantization, tiny_student, examples, tmp_path):
    pytest.importorskip("unsloth_zoo")
    runs = {
        backend: sft.train_sft(
            tiny_student, examples, workdir=tmp_path / backend,
            **of_sft(
                max_steps=12, backend=backend, quantization=quantization, dtype="bfloat16", launch="child", **OPTIONS
            ),
        )
        for backend in ("transformers", "unsloth")
    }  # fmt: skip
    (plain, plain_history), (quick, quick_history) = runs["transformers"], runs["unsloth"]
    assert layout(plain) == layout(quick)
    assert quick_history["loss"].tolist() == pytest.approx(plain_history["loss"].tolist(), rel=0.05)
