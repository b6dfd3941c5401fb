"""What parameters ask of a machine beyond the lock is told before a run, for the nodes that it has."""

import copy
import re
import tomllib
from functools import reduce
from operator import getitem

import pytest
from kedro.framework.startup import bootstrap_project

from sqlreason.pipeline_registry import register_pipelines
from sqlreason.preflight import extras, machine

PLAIN = {
    "student": {"backend": "transformers", "quantization": None, "dtype": "auto"},
    "preprocessing": {"verifier": "local"},
    "grpo": {"trl": {"use_vllm": False}},
    "tracking": None,
}


def asking(**values):
    """The plain parameters with other values, by their names with dots."""
    found = copy.deepcopy(PLAIN)
    for name, value in values.items():
        *path, last = name.split(".")
        reduce(getitem, path, found)[last] = value
    return found


CASES = [(need, asking(**{need.parameter: need.value})) for need in extras.NEEDS]
IDS = [need.asked for need in extras.NEEDS]


@pytest.fixture
def bare(monkeypatch):
    """A machine with a GPU and without any of the packages."""
    monkeypatch.setattr(machine, "has_gpu", lambda: True)
    monkeypatch.setattr(extras, "find_spec", lambda name: None)


@pytest.mark.parametrize(("need", "parameters"), CASES, ids=IDS)
def test_a_missing_package_is_told_with_its_parameter_and_both_ways_out(need, parameters, bare):
    (message,) = extras.find_lacks(parameters, need.nodes)
    assert all(text in message for text in (need.asked, "not installed", need.install, f"or set {need.instead}"))
    (found,) = [finding for finding in extras.check_extras(parameters) if finding.subject == need.package] or [None]
    assert found is None if need.package in machine.GPU_EXTRA else found.level == "FAIL"


@pytest.mark.parametrize(("need", "parameters"), CASES, ids=IDS)
def test_nodes_that_do_not_use_it_run_without_it(need, parameters, bare):
    assert not list(extras.find_lacks(parameters, ["distillation.ask_teacher"]))
    assert not list(extras.find_lacks(PLAIN, need.nodes))


def test_without_a_gpu_nobody_is_sent_to_install_what_needs_one(monkeypatch):
    monkeypatch.setattr(machine, "has_gpu", lambda: False)
    for need, parameters in CASES:
        message = list(extras.find_lacks(parameters, need.nodes))
        assert not need.gpu or ("needs an NVIDIA GPU" in message[0] and "install" not in message[0])


@pytest.mark.parametrize(
    ("student", "doubtful"),
    [
        ({}, False),
        ({"student.quantization": "nf4"}, True),
        ({"student.dtype": "bfloat16"}, True),
        ({"student.dtype": "float32"}, False),
    ],
)
def test_a_training_for_a_gpu_is_doubted_without_one(student, doubtful, monkeypatch):
    monkeypatch.setattr(machine, "has_gpu", lambda: False)
    assert bool(list(extras.find_doubts(asking(**student), ["sft.train_sft"]))) == doubtful
    assert not list(extras.find_doubts(asking(**student), ["evaluation.compare_students"]))


def test_nodes_and_extras_of_the_needs_exist(project):
    bootstrap_project(project)
    nodes = {node.name for pipeline in register_pipelines().values() for node in pipeline.nodes}
    known = tomllib.loads((project / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for need in extras.NEEDS:
        assert set(need.nodes) <= nodes
        assert set(re.findall(r"\[(\w+)\]", need.install)) <= set(known)
