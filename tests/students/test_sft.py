"""Supervised fine-tuning on a very tiny Llama: it learns, resumes after a kill, and refuses what is wrong."""

import logging
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest
from trainings import of_sft

from sqlreason.students.training import sft
from sqlreason.students.training.trainer_arguments import TrainingError

OPTIONS = {
    "fingerprint": "abc",
    "lora": {"rank": 4, "alpha": 8},
    "learning_rate": 1e-2,
    "per_device_train_batch_size": 8,
    "save_steps": 4,
    "dtype": "float32",
}


def test_the_loss_falls_and_the_history_tells_each_step(checkpoint, examples, tmp_path):
    adapter, history = sft.train_sft(checkpoint, examples, workdir=tmp_path, **of_sft(num_train_epochs=2, **OPTIONS))
    assert list(history.columns) == ["stage", "step", "loss", "learning_rate", "tokens", "seconds"]
    assert list(history["step"]) == list(range(1, 13))
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    assert history["tokens"].is_monotonic_increasing and history["seconds"].is_monotonic_increasing
    assert adapter.base == checkpoint.identity and adapter.fingerprint == "abc"


def test_a_finished_training_is_recognised_and_another_option_starts_afresh(checkpoint, examples, tmp_path, caplog):
    caplog.set_level(logging.INFO, "sqlreason")
    first, history = sft.train_sft(checkpoint, examples, workdir=tmp_path, **of_sft(max_steps=2, **OPTIONS))
    again, same_history = sft.train_sft(checkpoint, examples, workdir=tmp_path, **of_sft(max_steps=2, **OPTIONS))
    assert again.digest == first.digest
    pd.testing.assert_frame_equal(history, same_history)
    assert "reused the finished training" in caplog.text
    other, _ = sft.train_sft(
        checkpoint, examples, workdir=tmp_path, **of_sft(max_steps=2, **{**OPTIONS, "per_device_train_batch_size": 4})
    )
    assert other.digest != first.digest
    assert "per_device_train_batch_size: 8 -> 4" in caplog.text


@pytest.mark.slow
def test_killed_half_way_and_run_again_it_ends_with_the_same_adapter(checkpoint, examples, tmp_path):
    undisturbed, history = sft.train_sft(
        checkpoint, examples, workdir=tmp_path / "whole", **of_sft(num_train_epochs=8, **OPTIONS)
    )
    inputs = tmp_path / "examples.parquet"
    examples.to_parquet(inputs)
    script = (
        "import sys, pandas as pd\n"
        "from sqlreason.students.training import sft\n"
        "from sqlreason.students.training.launch import Launch\n"
        "from sqlreason.students.training.setup import Setup\n"
        "from sqlreason.students.checkpoints.checkpoint import Checkpoint\n"
        f"sft.train_sft(Checkpoint({checkpoint.name!r}), pd.read_parquet({str(inputs)!r}),"
        f" workdir={str(tmp_path / 'killed')!r}, **{of_sft(num_train_epochs=8, **OPTIONS)!r})\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    while not list(tmp_path.glob("killed/*/checkpoint-*/complete")) and child.poll() is None:
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL, "the training was over before it could be killed"
    assert not list(tmp_path.glob("killed/*/result"))
    resumed, resumed_history = sft.train_sft(
        checkpoint, examples, workdir=tmp_path / "killed", **of_sft(num_train_epochs=8, **OPTIONS)
    )
    assert resumed.digest == undisturbed.digest
    assert resumed_history["loss"].tolist() == history["loss"].tolist()


def test_a_training_in_a_child_process_gives_the_same_adapter(checkpoint, examples, tmp_path):
    here, _ = sft.train_sft(checkpoint, examples, workdir=tmp_path / "here", **of_sft(max_steps=2, **OPTIONS))
    child, _ = sft.train_sft(
        checkpoint, examples, workdir=tmp_path / "child", **of_sft(max_steps=2, launch="child", **OPTIONS)
    )
    assert child.digest == here.digest


def test_bfloat16_weights_leave_the_adapter_in_float32(checkpoint, examples, tmp_path):
    options = {**OPTIONS, "dtype": "bfloat16"}
    adapter, history = sft.train_sft(checkpoint, examples, workdir=tmp_path, **of_sft(max_steps=3, **options))
    assert {str(tensor.dtype) for tensor in adapter.tensors.values()} == {"torch.float32"}
    assert history["loss"].notna().all()


def test_the_adapter_knows_how_many_corrections_it_was_taught(checkpoint, examples, tmp_path):
    kinds = examples.assign(kind=["self_repair"] * 3 + ["trace"] * (len(examples) - 3))
    first, _ = sft.train_sft(checkpoint, kinds, workdir=tmp_path, **of_sft(max_steps=1, **OPTIONS))
    more, _ = sft.train_sft(checkpoint, examples, workdir=tmp_path, **of_sft(max_steps=1, start=first, **OPTIONS))
    assert (first.facts["self_repairs"], more.facts["self_repairs"]) == (3, 3)


def test_a_row_that_is_longer_than_the_model_reads_is_refused(checkpoint, examples, tmp_path):
    long = examples.assign(completion=examples["completion"] + " name" * 300)
    with pytest.raises(TrainingError, match="the model reads 256"):
        sft.train_sft(checkpoint, long, workdir=tmp_path, **of_sft(max_steps=1, **OPTIONS))
