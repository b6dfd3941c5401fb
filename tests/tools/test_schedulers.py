"""Airflow and Dagster can build every environment, where their plugins are installed; nothing is run."""

import ast
import importlib

import pytest
from kedro.framework.startup import bootstrap_project

from sqlreason.pipeline_registry import CHAIN


@pytest.fixture
def environments(project):
    return sorted(path.name for path in (project / "conf").iterdir() if path.is_dir() and path.name != "local")


@pytest.mark.slow
def test_airflow_gets_a_task_for_each_pipeline_of_the_chain(project, environments, tmp_path):
    plugin = pytest.importorskip("kedro_airflow.plugin", reason="kedro-airflow is installed apart")
    testing = importlib.import_module("click.testing")
    for name in environments:
        arguments = ["airflow", "create", f"--env={name}", "--group-by=namespace", f"--target-dir={tmp_path}"]
        done = testing.CliRunner().invoke(plugin.commands, arguments, obj=bootstrap_project(project))
        assert done.exit_code == 0, done.output
        text = (tmp_path / f"sqlreason_{name}_dag.py").read_text(encoding="utf-8")
        (tasks,) = [
            node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Assign) and _is_tasks(node)
        ]
        assert {key.value for key in tasks.keys} == set(CHAIN)


def _is_tasks(node):
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and ast.unparse(node.targets[0]) == "tasks"


@pytest.mark.slow
def test_dagster_gets_the_chain_and_the_pipelines_beside_it_as_jobs(environments):
    pytest.importorskip("kedro_dagster", reason="kedro-dagster is installed apart")
    definitions = importlib.import_module("dagster_definitions")
    for name in environments:
        found = definitions.define(name)
        found.validate_loadable(found)
        jobs = {job.name: job for job in found.get_repository_def().get_all_jobs() if not job.name.startswith("__")}
        assert set(jobs) == {f"{name}__{job}" for job in ("chain", "export", "publication", "synthesis")}
        assert {node.split("__")[0] for node in jobs[f"{name}__chain"].graph.node_dict} >= set(CHAIN)
