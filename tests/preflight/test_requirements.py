"""What is refused before the first node runs, by plain functions."""

from functools import reduce
from operator import getitem

import pytest
from kedro.pipeline import Node, Pipeline

from sqlreason.errors import BadInput
from sqlreason.preflight import extras, machine, requirements


def test_a_data_folder_that_is_a_file_is_refused_and_a_new_one_is_made(tmp_path):
    requirements.require_writable(tmp_path, "a/b")
    assert (tmp_path / "a/b").is_dir() and not list((tmp_path / "a/b").iterdir())
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match=r"data folder .*file cannot be written"):
        requirements.require_writable(tmp_path, "file")
    with pytest.raises(BadInput, match=r"^root: 's3://bucket/data' is no path on a disk of this machine"):
        requirements.require_writable(tmp_path, "s3://bucket/data")
    assert not (tmp_path / "s3:").exists()


def test_a_training_that_needs_a_gpu_is_refused_without_one(monkeypatch):
    monkeypatch.setattr(machine, "has_gpu", lambda: False)
    need = extras.NEEDS[0]
    parameters = {"student": {"quantization": None, "dtype": "auto"}, "grpo": {}, "preprocessing": {}}
    parameters["grpo"]["trl"] = {}
    for parameter, value in [*((each.parameter, None) for each in extras.NEEDS), (need.parameter, need.value)]:
        *above, name = parameter.split(".")
        reduce(getitem, above, parameters)[name] = value
    requirements.require_machine(parameters, ["evaluation.write_report"])
    with pytest.raises(BadInput, match=r"student.backend=unsloth needs an NVIDIA GPU.*\n.*Nothing has been started"):
        requirements.require_machine(parameters, ["sft.train_sft"])


def test_a_run_without_a_student_asks_nothing_of_it():
    pipeline = Pipeline([Node(func=len, inputs="cot_traces", outputs="n", name="count")])
    requirements.require_student(None, {}, pipeline.inputs())
