"""Kedro hooks: stop what cannot go well before it starts, and tell at the end what happened."""

import logging
import os
import platform
import subprocess
import time
from collections import defaultdict
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import click
from kedro.framework.hooks import hook_impl

from sqlreason.preflight import requirements

logger = logging.getLogger(__name__)

STUDENT = "base_model"
"""The entry whose nodes train the student or speak to it."""


class CheckHooks:
    """Checks that cost nothing, made before the first node runs."""

    def __init__(self) -> None:
        self._entries: dict[str, Any] = {}
        self._parameters: dict[str, Any] = {}

    @hook_impl
    def after_context_created(self, context: Any) -> None:
        """Refuse an unknown environment, faulty parameters and a data folder that cannot be written.

        Raises:
            BadInput: If one of them is found; the message says what was given and what to do.
        """
        requirements.require_environment(Path(context.config_loader.conf_source), context.env)
        self._parameters = context.config_loader["parameters"]
        requirements.require_parameters(self._parameters)
        requirements.require_writable(Path(context.project_path) / context.config_loader["globals"]["root"])

    @hook_impl
    def after_catalog_created(self, conf_catalog: dict[str, Any]) -> None:
        """Note how the entries are configured, for messages."""
        self._entries = conf_catalog

    @hook_impl
    def before_pipeline_run(self, run_params: dict[str, Any], pipeline: Any, catalog: Any) -> None:
        """Look for what the nodes lack on this machine, and load once whatever the pipeline does not make itself.

        So that nothing is spent on a training that cannot start, or on a faulty source.

        Raises:
            BadInput: If a node lacks an extra or a GPU, an entry of the catalog cannot be loaded, or is refused by its
                validator.
        """
        requirements.require_machine(self._parameters, [node.name for node in pipeline.nodes])
        requirements.take_sources(pipeline, catalog, self._entries)
        if STUDENT in pipeline.inputs():
            requirements.require_student(catalog, self._parameters, pipeline.inputs())


class SummaryHooks:
    """Times the stages, writes the run record, and prints the table, the bill and where the report lies."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = defaultdict(float)
        self._started: dict[str, float] = {}
        self._touched = ""

    @hook_impl
    def before_dataset_loaded(self, dataset_name: str) -> None:
        """Note which entry is touched, for the message of an error."""
        self._touched = f"while '{dataset_name}' was loaded"

    @hook_impl
    def before_dataset_saved(self, dataset_name: str) -> None:
        """Note which entry is touched, for the message of an error."""
        self._touched = f"while '{dataset_name}' was saved"

    @hook_impl
    def after_dataset_saved(self) -> None:
        """Forget it."""
        self._touched = ""

    @hook_impl
    def before_node_run(self, node: Any) -> None:
        """Name the node and start its clock."""
        logger.info("%s: %s", stage_of(node.name), node.name)
        self._started[node.name], self._touched = time.monotonic(), ""

    @hook_impl
    def after_node_run(self, node: Any) -> None:
        """Add the node's seconds to its stage."""
        self._seconds[stage_of(node.name)] += time.monotonic() - self._started.pop(node.name)

    @hook_impl
    def after_pipeline_run(self, run_params: dict[str, Any], pipeline: Any, catalog: Any) -> None:
        """Save the run record and print the summary."""
        record = describe_run(run_params, dict(self._seconds))
        catalog.save("run_record", record)
        click.echo(self._summary(pipeline, catalog))
        self._seconds.clear()

    @hook_impl
    def on_pipeline_error(self, error: Exception, run_params: dict[str, Any]) -> None:
        """Note on the exception where the run stopped and how to go on; whoever shows it shows that as well."""
        where = self._touched or " and ".join(f"at {name}" for name in self._started) or "between its nodes"
        error.add_note(
            f"The run stopped {where}. What the teacher answered and the last checkpoints are kept: mend the cause, "
            "and the same command goes on."
        )
        self._started.clear()
        self._touched = ""

    def _summary(self, pipeline: Any, catalog: Any) -> str:
        parts = [""]
        if {"evaluation_metrics", "costs"} <= pipeline.all_outputs():
            from sqlreason.reporting import costs, report

            parts += [report.summary_table(catalog.load("evaluation_metrics")), ""]
            kept = len(catalog.load("filtered_traces"))
            parts += [costs.summarise_costs(catalog.load("costs"), kept)]
        parts += ["Seconds per stage: " + ", ".join(f"{k} {v:.0f}" for k, v in self._seconds.items())]
        if "evaluation_report" in pipeline.all_outputs():
            parts += [f"Report: {catalog['evaluation_report']._get_load_path()}"]
        return "\n".join(parts)


def stage_of(node_name: str) -> str:
    """Return the pipeline that a node belongs to."""
    from kedro.framework.project import pipelines

    for name, pipeline in pipelines.items():
        if name != "__default__" and node_name in {node.name for node in pipeline.nodes}:
            return name
    return "other"


def describe_run(run_params: dict[str, Any], seconds: dict[str, float]) -> dict[str, Any]:
    """Return what is needed to tell this run from another: code, versions, machine, parameters, times."""
    wanted = (
        "session_id",
        "env",
        "pipeline_names",
        "runtime_params",
        "load_versions",
        "from_nodes",
        "to_nodes",
    )
    return {
        **{key: run_params.get(key) for key in wanted},
        "commit": _commit(run_params["project_path"]),
        "python": platform.python_version(),
        "machine": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "packages": {dist.name: dist.version for dist in distributions()},
        "seconds_per_stage": {stage: round(value, 1) for stage, value in seconds.items()},
    }


def _commit(project: str) -> str:
    try:
        done = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
            cwd=project,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()
