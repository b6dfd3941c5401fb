"""Tests of what kedro-viz makes of the project, from the pipelines and the catalog's layers; no server is needed."""

import pytest
from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

LAYERS = ["raw", "intermediate", "primary", "feature", "model_input", "models", "model_output", "reporting"]


@pytest.fixture(scope="module", params=["base", "demo", "article", "cluster"])
def layer_of(request, project):
    """Maps datasets to the number of their layer."""
    bootstrap_project(project)
    with KedroSession.create(project, env=request.param) as session:
        catalog = session.load_context().catalog
    names = {name for pipeline in pipelines.values() for name in _data(pipeline.datasets())}
    return {name: LAYERS.index(catalog[name].metadata["kedro-viz"]["layer"]) for name in names}


def _data(names):
    return [name for name in names if not name.startswith("params:")]


@pytest.mark.parametrize("name", ["__default__", "synthesis"])
def test_no_node_reads_from_a_later_layer_than_it_writes(layer_of, name):
    """kedro-viz drops the strip of layers for the whole graph as soon as two of them form a cycle."""
    backwards = [
        f"{node.name}: {read} -> {written}"
        for node in pipelines[name].nodes
        for read in _data(node.inputs)
        for written in node.outputs
        if layer_of[read] > layer_of[written]
    ]
    assert not backwards


def test_each_layer_of_the_chain_rests_on_the_one_before_so_that_no_other_order_is_drawn(layer_of):
    chain = pipelines["__default__"]
    found = {layer_of[name] for name in _data(chain.datasets())}
    assert found == set(range(len(LAYERS)))
    for number in range(1, len(LAYERS)):
        ancestors = set()
        for name in (name for name in _data(chain.datasets()) if layer_of[name] == number):
            ancestors |= {layer_of[above] for above in _data(chain.to_outputs(name).datasets())}
        assert number - 1 in ancestors, f"nothing in {LAYERS[number]} depends on {LAYERS[number - 1]}"


def test_the_picture_opens_on_one_box_a_pipeline_with_the_catalog_between_them(project):
    bootstrap_project(project)
    chain = pipelines["__default__"]
    assert {node.namespace for node in chain.nodes} == {"distillation", "preprocessing", "sft", "grpo", "evaluation"}
    assert not [name for name in chain.datasets() if "." in name.removeprefix("params:")]


def test_every_entry_can_be_previewed_but_the_pages(project):
    bootstrap_project(project)
    with KedroSession.create(project) as session:
        catalog = session.load_context().catalog
    without = {name for name in _data(pipelines["__default__"].datasets()) if not hasattr(catalog[name], "preview")}
    pages = {"evaluation_report", "sft_tokens_page", "benchmark_report"}
    assert without == pages | {f"{student}_spider_predictions" for student in ("base", "sft", "grpo")}
