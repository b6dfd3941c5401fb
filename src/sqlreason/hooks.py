"""Kedro hooks: stop what cannot go well before it starts, and tell at the end what happened."""

import json
import logging
import os
import platform
import subprocess
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import click
import pandas as pd
from kedro.framework.hooks import hook_impl

from sqlreason.parameters import find_faults
from sqlreason.sources import encoding_of, read_lines
from sqlreason.teachers.redaction import redact

logger = logging.getLogger(__name__)


class BadInput(click.ClickException, ValueError):
    """Something that the user gave cannot be used; the command line prints the message alone, without a traceback."""


class GuardHooks:
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
        require_environment(Path(context.config_loader.conf_source), context.env)
        self._parameters = context.config_loader["parameters"]
        faults = find_faults(self._parameters)
        if faults:
            raise BadInput(
                "the parameters cannot be used:\n  "
                + "\n  ".join(faults)
                + "\nCorrect --params or conf/<environment>/parameters.yml; what each parameter holds stands in "
                "conf/base/parameters.yml, types and ranges in src/sqlreason/options.py."
            )
        require_writable(Path(context.project_path) / context.config_loader["globals"]["root"])

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
        require_machine(self._parameters, [node.name for node in pipeline.nodes])
        take_sources(pipeline, catalog, self._entries)


def require_environment(conf: Path, env: str | None) -> None:
    """Check that an environment has a folder.

    Raises:
        BadInput: If it has none.
    """
    if env is None or (conf / env).is_dir():
        return
    known = sorted(path.name for path in conf.iterdir() if path.is_dir() and not path.name.startswith("."))
    raise BadInput(
        f"there is no environment '{env}'; conf/ has {', '.join(known)}. Give --env one of these, or make conf/{env}."
    )


def require_machine(parameters: Mapping[str, Any], nodes: Sequence[str]) -> None:
    """Check that this machine has what the nodes need beyond the locked packages; warn of what will hardly end on it.

    Raises:
        BadInput: If it lacks something.
    """
    from sqlreason.doctor.extras import find_doubts, find_lacks

    lacks = list(find_lacks(parameters, nodes))
    if lacks:
        raise BadInput(
            "this machine cannot run it:\n  " + "\n  ".join(lacks) + "\nNothing has been started; "
            "`kedro doctor --env=…` tells all that an environment needs."
        )
    for doubt in find_doubts(parameters, nodes):
        logger.warning("%s", doubt)


def require_writable(folder: Path) -> None:
    """Make `folder`, or say why nothing can be written there.

    Raises:
        BadInput: If it cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".writable-{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise BadInput(
            f"the data folder {folder} cannot be written ({error.strerror}); change its rights, free some space, "
            "or set `root` in conf/<environment>/globals.yml to another folder"
        ) from error


def take_sources(pipeline: Any, catalog: Any, entries: Mapping[str, Any]) -> None:
    """Load whatever the pipeline does not make itself, and hand tables on to its nodes from memory.

    So that a source behind an address is fetched once a run, however many nodes read it.

    Raises:
        BadInput: If an entry of the catalog cannot be loaded, or is refused by its validator.
    """
    for name in sorted(pipeline.inputs()):
        if not name.startswith("params:") and name in catalog:
            data = require_loadable(catalog, name, entries.get(name, {}))
            if isinstance(data, pd.DataFrame):
                catalog[name] = data


def require_loadable(catalog: Any, name: str, entry: Mapping[str, Any]) -> Any:
    """Return what an entry of the catalog holds.

    Args:
        catalog: The catalog.
        name: Of the entry.
        entry: How it is configured.

    Raises:
        BadInput: If that fails; the message holds the cause and not what Kedro wraps around it.
    """
    try:
        return catalog.load(name)
    except Exception as error:
        logger.debug("Loading '%s' failed.", name, exc_info=True)
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        place = entry.get("filepath") or entry.get("path") or ""
        raise BadInput(
            f"the catalog entry '{name}' ({place or entry.get('type')}) cannot be used: {cause}{locate_fault(entry)}\n"
            "Mend it, point the entry elsewhere, or first run the pipeline that makes it. Nothing has been started."
        ) from error


def locate_fault(entry: Mapping[str, Any]) -> str:
    """Return what is wrong with a text file, as the end of a sentence; empty where nothing is found.

    That is the mark of an encoding that the entry does not name, or the line of JSON lines that is no JSON.
    """
    path, options = Path(entry.get("filepath", "")), entry.get("load_args") or {}
    if not path.is_file():
        return ""
    encoding = encoding_of(path)
    understood = "utf-8" if options.get("lines") else "utf-8-sig"  # pandas passes over that mark in CSV alone
    if encoding not in ("utf-8", understood, options.get("encoding")):
        return f" (it begins with the mark of {encoding}: add encoding: {encoding} to the entry's load_args)"
    if not options.get("lines"):
        return ""
    for number, line in read_lines(path, errors="replace"):
        try:
            json.loads(line)
        except (ValueError, RecursionError) as error:
            return f" (line {number} is no JSON: {error})"
    return ""


class SummaryHooks:
    """Times the stages, writes the run record, and prints the table, the bill and where the report lies."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = defaultdict(float)
        self._started: dict[str, float] = {}

    @hook_impl
    def before_node_run(self, node: Any) -> None:
        """Name the node and start its clock."""
        logger.info("%s: %s", stage_of(node.name), node.name)
        self._started[node.name] = time.monotonic()

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
        """Say what stopped the run, and as the very last lines of the traceback how to go on."""
        logger.error("The run stopped: %s: %s", type(error).__name__, redact(str(error)))
        error.add_note(
            "What the teacher answered and the last checkpoints are kept: mend the cause, and the same command goes on."
        )

    def _summary(self, pipeline: Any, catalog: Any) -> str:
        parts = [""]
        if {"evaluation_metrics", "cost_ledger"} <= pipeline.all_outputs():
            from sqlreason import accounting, report

            parts += [report.summary_table(catalog.load("evaluation_metrics")), ""]
            kept = len(catalog.load("filtered_traces"))
            parts += [accounting.summarise_bill(catalog.load("cost_ledger"), kept)]
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
