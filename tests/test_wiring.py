"""Tests of the wiring of all pipelines: names on the command line, names of arguments, width of the nodes."""

import inspect

import pytest
from kedro.framework.project import pipelines
from kedro.framework.startup import bootstrap_project

WIDEST = 10
"""Entries, parameters aside, that a node reads at most; beyond, a value holds what belongs together."""
EITHER_STUDENT = {"adapter", "answers"}
"""Arguments of the nodes that serve SFT and GRPO alike: the end of the entry's name."""


@pytest.fixture(scope="module")
def nodes(project):
    """Every node with the name of its pipeline."""
    bootstrap_project(project)
    return [(name, node) for name in pipelines if name != "__default__" for node in pipelines[name].nodes]


def test_a_node_is_named_with_its_pipeline(nodes):
    assert [node.name for name, node in nodes if node.namespace != name] == []


def test_arguments_are_named_like_the_entries_that_they_take(nodes):
    """`options` are the parameters of the node's own pipeline."""
    wrong = []
    for pipeline, node in nodes:
        for argument, entry in zip(inspect.signature(node.func).parameters, node.inputs, strict=True):
            names = {entry.removeprefix("params:"), *(["options"] if entry == f"params:{pipeline}" else [])}
            names |= {name for name in EITHER_STUDENT if entry.endswith(f"_{name}")}
            if argument not in names:
                wrong.append(f"{node.name}: {argument} takes {entry}")
    assert wrong == []


def test_no_node_reads_more_than_one_can_follow(nodes):
    wide = {node.name: len([name for name in node.inputs if not name.startswith("params:")]) for _, node in nodes}
    assert {name: width for name, width in wide.items() if width > WIDEST} == {}
