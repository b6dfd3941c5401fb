"""Airflow and Dagster can build every environment, where their plugins are installed; nothing is run."""

import ast
import importlib
from pathlib import Path

import pytest
from kedro.framework.startup import bootstrap_project

from sqlreason.options.parameters import PARAMETERS
from sqlreason.pipeline_registry import CHAIN

CONF = Path(__file__).parents[2] / "conf"
ENVIRONMENTS = sorted(path.name for path in CONF.iterdir() if path.is_dir() and path.name != "local")


@pytest.mark.slow
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_airflow_gets_a_task_for_each_pipeline_of_the_chain(name, project, tmp_path):
    plugin = pytest.importorskip("kedro_airflow.plugin", reason="kedro-airflow is installed apart")
    testing = importlib.import_module("click.testing")
    arguments = ["airflow", "create", f"--env={name}", "--group-by=namespace", f"--target-dir={tmp_path}"]
    done = testing.CliRunner().invoke(plugin.commands, arguments, obj=bootstrap_project(project))
    assert done.exit_code == 0, done.output
    text = (tmp_path / f"sqlreason_{name}_dag.py").read_text(encoding="utf-8")
    (tasks,) = [node.value for node in ast.walk(ast.parse(text)) if _is_tasks(node)]
    assert {key.value for key in tasks.keys} == set(CHAIN)


def _is_tasks(node):
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and ast.unparse(node.targets[0]) == "tasks"


@pytest.mark.slow
@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_dagster_gets_the_chain_and_the_pipelines_beside_it_as_jobs(name):
    pytest.importorskip("kedro_dagster", reason="kedro-dagster is installed apart")
    found = importlib.import_module("dagster_definitions").define(name)
    found.validate_loadable(found)
    jobs = {job.name: job for job in found.get_repository_def().get_all_jobs() if not job.name.startswith("__")}
    assert set(jobs) == {f"{name}__{job}" for job in ("chain", "export", "publication", "synthesis")}
    assert {node.split("__")[0] for node in jobs[f"{name}__chain"].graph.node_dict} >= set(CHAIN)


@pytest.mark.slow
def test_what_dagster_hands_over_as_parameters_becomes_what_the_nodes_take(project):
    pytest.importorskip("kedro_dagster", reason="kedro-dagster is installed apart")
    from kedro_dagster.utils import _create_pydantic_model_from_dict

    definitions = importlib.import_module("dagster_definitions")
    translator = definitions.Translator(env="base", project_path=project)
    for name, kind in PARAMETERS.items():
        given = {f"params:{name}": translator._catalog.load(f"params:{name}")}
        inputs = _create_pydantic_model_from_dict("Given", given, __base__=dagster_config())().model_dump()
        definitions.TypedParameters().before_node_run(inputs)
        assert inputs == {f"params:{name}": kind.model_validate(given[f"params:{name}"])}


def dagster_config():
    return importlib.import_module("dagster").Config
