"""Children and backends: results and errors come back, unsloth is refused where it cannot be right."""

import os
import time

import in_ranks
import pytest
import torch
from trainings import of_sft

from sqlreason.students.training import backends, launch, sft, unsloth_backend
from sqlreason.students.training.launch import Launch


def test_a_child_returns_values_and_has_its_own_process():
    assert launch.call(Launch("process"), os.getpid) == os.getpid()
    assert launch.call(Launch("child"), os.getpid) != os.getpid()


def test_an_error_in_a_child_comes_back_with_its_traceback():
    with pytest.raises(launch.ChildError, match=r"FileNotFoundError.*no_such_file"):
        launch.call(Launch("child"), os.listdir, "no_such_file")


def test_a_child_that_dies_is_told_apart_from_one_that_fails():
    with pytest.raises(launch.ChildError, match="without a result"):
        launch.call(Launch("child"), os._exit, 3)


def test_unknown_launches_and_backends_are_refused_by_name():
    with pytest.raises(ValueError, match="accepted: process, child, ranks"):
        Launch("threads")
    with pytest.raises(ValueError, match="accepted: transformers, unsloth"):
        backends.choose_backend("jax")


@pytest.mark.parametrize("wrong", [("ranks", 1), ("child", 2), ("ranks", 2, "no/such/file.yaml")])
def test_a_launch_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match=r"launch=ranks|no file"):
        Launch(*wrong)


@pytest.mark.slow
def test_a_rank_that_dies_or_raises_fails_the_call_at_once_and_leaves_no_other_rank(capfd):
    began = time.monotonic()
    with pytest.raises(launch.ChildError, match=r"rank 0, 1 of 2 .* without a result"):
        launch.call(Launch("ranks", 2), in_ranks.die_in_the_second_rank)
    with pytest.raises(launch.ChildError, match=r"(?s)failed in rank 1 of 2.*no luck"):
        launch.call(Launch("ranks", 2), in_ranks.raise_in_the_second_rank)
    assert time.monotonic() - began < 120
    assert "Traceback" not in capfd.readouterr().err  # what a rank raised is told by who called, and once


@pytest.mark.slow
def test_a_file_of_accelerate_that_starts_one_process_is_refused(tmp_path):
    config = tmp_path / "one.yaml"
    config.write_text("compute_environment: LOCAL_MACHINE\ndistributed_type: 'NO'\nuse_cpu: true\nnum_processes: 1\n")
    with pytest.raises(launch.ChildError, match="2 ranks were asked for and 1 started"):
        launch.call(Launch("ranks", 2, str(config)), launch.rank)


@pytest.mark.slow
def test_two_ranks_train_the_adapter_that_one_trains_with_the_same_rows_a_step(checkpoint, examples, tmp_path):
    options = {
        "fingerprint": "abc", "lora": {"rank": 4, "alpha": 8}, "learning_rate": 1e-2, "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 2, "max_steps": 4, "dtype": "float32",
    }  # fmt: skip
    one, history = sft.train_sft(checkpoint, examples, workdir=tmp_path, **of_sft(**options))
    two, shared = sft.train_sft(checkpoint, examples, workdir=tmp_path, **of_sft(launch="ranks", ranks=2, **options))
    assert sorted(one.tensors) == sorted(two.tensors)
    for name, tensor in one.tensors.items():
        torch.testing.assert_close(two.tensors[name], tensor, rtol=1e-3, atol=1e-5)
    assert shared["loss"].tolist() == pytest.approx(history["loss"].tolist(), rel=1e-4)
    assert shared["tokens"].tolist() == history["tokens"].tolist()


def test_unsloth_is_refused_after_the_libraries_that_it_patches(checkpoint):
    import peft  # noqa: F401

    with pytest.raises(unsloth_backend.UnslothError, match="launch: child"):
        unsloth_backend.load_student(
            checkpoint, None, dtype="auto", quantization="nf4", gradient_checkpointing=True, seed=0
        )


def test_unsloth_sends_no_statistics_takes_no_cpu_and_keeps_its_cache_in_scratch(monkeypatch, tmp_path):
    for name in ("UNSLOTH_DISABLE_STATISTICS", "UNSLOTH_DISABLE_CPU_FALLBACK", "UNSLOTH_COMPILE_LOCATION"):
        monkeypatch.setenv(name, "before")
    monkeypatch.setenv("SQLREASON_SCRATCH", str(tmp_path))
    unsloth_backend.prepare_environment()
    assert os.environ["UNSLOTH_DISABLE_STATISTICS"] == os.environ["UNSLOTH_DISABLE_CPU_FALLBACK"] == "1"
    assert os.environ["UNSLOTH_COMPILE_LOCATION"].startswith(str(tmp_path))


@pytest.mark.slow
def test_ranks_stop_together_on_figures_of_all():
    assert launch.call(Launch("ranks", 2), in_ranks.watch_a_step, 100) == (0.5, True)
