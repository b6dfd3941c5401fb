"""Tests of the configuration: in every environment nothing is missing, nothing is unused, layers fit folders."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from kedro.framework.project import pipelines
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.io import DatasetError

from sqlreason.data.tables import TABLE_OF
from sqlreason.preflight.entries import complete_entries
from sqlreason.reasoning.prompts import Prompt

ENVIRONMENTS = ("base", "demo", "smol", "article", "cluster", "cluster14b", "gpu12", "gpu16", "gpu80")
LAYERS = {
    "raw": "01_raw",
    "intermediate": "02_intermediate",
    "primary": "03_primary",
    "feature": "04_feature",
    "model_input": "05_model_input",
    "models": "06_models",
    "model_output": "07_model_output",
    "reporting": "08_reporting",
}
BY_HOOK = {"run_record"}
BY_COMMAND = {"kept_adapter"}
VERSIONED = {
    "raw_prompts", "cot_completions", "filtered_traces", "sft_adapter", "grpo_adapter", "sft_history", "grpo_history",
    "grpo_rollouts", "certification", "grpo_profile", "grpo_forecast", "forecast_check",
    "evaluation_metrics", "evaluation_report", "costs", "run_record",
    *(f"{student}_{kind}" for student in ("base", "sft", "grpo") for kind in ("answers", "scores")),
    *(f"{name}_plot" for name in ("yield", "sft_loss", "grpo_reward", "accuracy", "complexity", "cost")),
}  # fmt: skip


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def context(request, project):
    bootstrap_project(project)
    with KedroSession.create(project, env=request.param) as session:
        yield session.load_context()


@pytest.fixture(scope="module")
def used():
    return set().union(*(pipeline.datasets() for pipeline in pipelines.values()))


@pytest.fixture(scope="module")
def entries(context, used):
    """Every entry by name, those made from a pattern included."""
    resolver = context.catalog.config_resolver
    made = {name: resolver.resolve_pattern(name) for name in used if resolver.match_dataset_pattern(name)}
    return {**made, **{name: entry for name, entry in context.config_loader["catalog"].items() if "{" not in name}}


def test_every_dataset_of_every_pipeline_is_in_the_catalog(entries, used):
    assert {name for name in used if not name.startswith("params:")} - set(entries) == set()


def test_every_catalog_entry_is_used(entries, used):
    assert set(entries) - used - BY_COMMAND == BY_HOOK


def test_every_pattern_makes_several_entries_and_none_that_has_one_of_its_own(context, used):
    resolver, named = context.catalog.config_resolver, set(context.config_loader["catalog"])
    made = Counter(resolver.match_dataset_pattern(name) for name in used - named)
    assert {pattern: made[pattern] for pattern in named if "{" in pattern and made[pattern] < 2} == {}


def test_the_validator_of_an_entry_made_from_a_pattern_names_that_entry(context):
    with pytest.raises(DatasetError, match="catalog entry 'sft_scores' has no rows"):
        context.catalog.save("sft_scores", pd.DataFrame())


def test_whatever_holds_a_table_is_checked_by_its_name_and_no_other_entry_is(context, used):
    catalog = context.catalog
    for name in TABLE_OF.keys() & used:
        with pytest.raises(DatasetError, match=f"catalog entry '{name}' holds a str, no table"):
            catalog.save(name, "no table")
    assert complete_entries({"mine": {"type": "text.TextDataset"}}, Path()) == {"mine": {"type": "text.TextDataset"}}


def test_every_parameter_is_typed_and_resolves(context, used):
    from sqlreason.options.parameters import PARAMETERS

    assert {name.removeprefix("params:") for name in used if name.startswith("params:")} == set(PARAMETERS)
    for name, type_ in PARAMETERS.items():
        assert isinstance(context.params[name], type_)


def test_every_entry_lies_in_the_folder_of_its_layer(entries):
    for name, entry in entries.items():
        layer = entry["metadata"]["kedro-viz"]["layer"]
        path = entry.get("filepath") or entry.get("path") or ""
        if path.startswith("data/") and name not in ("base_model", "export_base"):
            assert f"/{LAYERS[layer]}/" in path, name


def test_what_costs_money_or_hours_and_what_is_published_is_versioned(entries):
    assert {name for name in VERSIONED if not entries[name].get("versioned")} == set()


def test_every_environment_has_a_data_root_of_its_own(project):
    roots = set()
    for name in ENVIRONMENTS:
        bootstrap_project(project)
        with KedroSession.create(project, env=name) as session:
            roots.add(session.load_context().config_loader["globals"]["root"])
    assert len(roots) == len(ENVIRONMENTS)


def test_the_catalog_can_be_built(context, entries):
    catalog = context.catalog  # a property that makes it anew
    for name in entries:
        assert catalog.get(name) is not None


def test_no_student_is_cut_short_of_what_it_was_taught_to_write(context):
    parameters = context.config_loader["parameters"]
    taught, asked = (parameters[name]["max_completion_tokens"] for name in ("preprocessing", "evaluation"))
    assert asked >= taught


def test_the_student_that_comes_along_was_taught_with_the_prompt_of_its_environment(project):
    bootstrap_project(project)
    with KedroSession.create(project, env="smol") as session:
        catalog = session.load_context().catalog
        taught, prompt = catalog.load("kept_adapter"), Prompt.from_mapping(catalog.load("student_prompt"))
    assert taught.fingerprint == prompt.fingerprint


def test_each_knob_of_the_base_parameters_is_documented_or_obvious():
    text = (Path(__file__).parents[1] / "conf/base/parameters.yml").read_text()
    assert text.count("#") > 40
