"""Children and backends: results and errors come back, unsloth is refused where it cannot be right."""

import os

import pytest

from sqlreason.students import backends, launch, unsloth


def test_a_child_returns_values_and_has_its_own_process():
    assert launch.call("process", os.getpid) == os.getpid()
    assert launch.call("child", os.getpid) != os.getpid()


def test_an_error_in_a_child_comes_back_with_its_traceback():
    with pytest.raises(launch.ChildError, match=r"FileNotFoundError.*no_such_file"):
        launch.call("child", os.listdir, "no_such_file")


def test_a_child_that_dies_is_told_apart_from_one_that_fails():
    with pytest.raises(launch.ChildError, match="without a result"):
        launch.call("child", os._exit, 3)


def test_unknown_launches_and_backends_are_refused_by_name():
    with pytest.raises(ValueError, match="accepted: process, child"):
        launch.call("ranks", os.getpid)
    with pytest.raises(ValueError, match="accepted: transformers, unsloth"):
        backends.choose_backend("jax")


def test_unsloth_is_refused_after_the_libraries_that_it_patches(checkpoint):
    import peft  # noqa: F401

    with pytest.raises(unsloth.UnslothError, match="launch: child"):
        unsloth.load_student(checkpoint, None, dtype="auto", quantization="nf4", gradient_checkpointing=True, seed=0)


def test_unsloth_sends_no_statistics_and_keeps_its_cache_in_scratch(monkeypatch, tmp_path):
    for name in ("UNSLOTH_DISABLE_STATISTICS", "UNSLOTH_COMPILE_LOCATION"):
        monkeypatch.setenv(name, "before")
    monkeypatch.setenv("SQLREASON_SCRATCH", str(tmp_path))
    unsloth.prepare_environment()
    assert os.environ["UNSLOTH_DISABLE_STATISTICS"] == "1"
    assert os.environ["UNSLOTH_COMPILE_LOCATION"].startswith(str(tmp_path))
