"""Kedro hooks: check before a run (`preflight/`), summarise after it (`reporting/`), report to a tracker."""

import logging
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines

from sqlreason.datasets.available_dataset import AvailableDataset
from sqlreason.preflight import environment_files, requirements
from sqlreason.preflight.entries import complete_entries
from sqlreason.reporting.run_record import Progress, describe_run
from sqlreason.students.training.tracking import tracking

logger = logging.getLogger(__name__)

_AVAILABLE = f"{AvailableDataset.__module__}.{AvailableDataset.__name__}"


class CheckHooks:
    """Checks that cost nothing, made before the first node runs; what they refuse is a `BadInput`."""

    @hook_impl
    def after_context_created(self, context: Any) -> None:
        """Refuse an unknown environment, faulty parameters and an unwritable data folder; complete the catalog."""
        loader = context.config_loader
        environment_files.require_environment(loader, Path(context.project_path))
        self._parameters = loader["parameters"]
        requirements.require_parameters(self._parameters)
        requirements.require_writable(Path(context.project_path), loader["globals"]["root"])
        self._loader = loader
        loader["catalog"] = complete_entries(loader["catalog"], Path(context.project_path))

    @hook_impl
    def after_catalog_created(self, catalog: Any, conf_catalog: dict[str, Any]) -> None:
        """Note how the entries are configured, for messages; bind those that stand for others of the catalog."""
        self._entries = conf_catalog
        for name, entry in conf_catalog.items():
            if entry.get("type") == _AVAILABLE:
                catalog[name].bind(catalog)

    @hook_impl
    def before_pipeline_run(self, pipeline: Any, catalog: Any) -> None:
        """Refuse misspelt entries, what this machine cannot run, unusable sources or servers, a student likewise."""
        environment_files.require_names(self._loader, self._entries, pipelines)
        requirements.require_machine(self._parameters, [node.name for node in pipeline.nodes])
        requirements.take_sources(pipeline, catalog, self._entries)
        requirements.require_server(catalog, self._parameters, pipeline)
        requirements.require_student(catalog, self._parameters, pipeline.inputs())
        requirements.require_sound_rewards(self._parameters, [node.name for node in pipeline.nodes])


class SummaryHooks:
    """Follow a run; at its end write the run record and print the summary, or note on its error how to go on."""

    def __init__(self) -> None:
        self._progress = Progress()

    @hook_impl
    def before_node_run(self, node: Any) -> None:
        """Name the node and start its clock."""
        logger.info("%s: %s", node.namespace, node.short_name)
        self._progress.start(node.name)

    @hook_impl
    def after_node_run(self, node: Any) -> None:
        """Stop its clock."""
        self._progress.finish(node.name, node.namespace)

    @hook_impl
    def before_dataset_loaded(self, dataset_name: str) -> None:
        """Note which entry is touched."""
        self._progress.touch(f"while '{dataset_name}' was loaded")

    @hook_impl
    def before_dataset_saved(self, dataset_name: str) -> None:
        """Note which entry is touched."""
        self._progress.touch(f"while '{dataset_name}' was saved")

    @hook_impl
    def after_dataset_saved(self) -> None:
        """Forget it."""
        self._progress.touch("")

    @hook_impl
    def after_pipeline_run(self, run_params: dict[str, Any], pipeline: Any, catalog: Any) -> None:
        """Save the run record and print the summary."""
        from sqlreason.reporting.run_summary import summarise_run  # with plotly, which no other command needs

        seconds, made, self._progress = dict(self._progress.seconds), pipeline.all_outputs(), Progress()
        exported = {"exported": _describe_export(catalog)} if "exported_adapter" in made else {}
        catalog.save("run_record", {**describe_run(run_params, seconds), **exported})
        path = str(catalog["evaluation_report"]._get_load_path()) if "evaluation_report" in made else None
        click.echo(summarise_run(made, catalog.load, seconds, path))

    @hook_impl
    def on_pipeline_error(self, error: Exception) -> None:
        """Note on the exception where the run stopped and how to go on; whoever shows it shows that as well."""
        error.add_note(self._progress.how_to_go_on())
        self._progress = Progress()


def _describe_export(catalog: Any) -> dict[str, Any]:
    """Which adapter a run has exported: its entry, its version, and its digest as in tables of answers."""
    entry = f"{catalog.load('params:export').adapter}_adapter"
    return {
        "entry": entry,
        "version": catalog[entry].resolve_load_version(),
        "digest": catalog.load("exported_adapter").digest,
    }


class TrackingHooks:
    """Have the trainings of a run report to the tracker of the parameter `tracking`, and tell it of the evaluation."""

    def __init__(self) -> None:
        self._tracked = ExitStack()

    @hook_impl
    def after_context_created(self, context: Any) -> None:
        """Note the tracker, and where a run keeps what is reported."""
        loader = context.config_loader
        self._tracker = loader["parameters"].get("tracking")
        self._folder = Path(context.project_path) / loader["globals"]["root"] / "08_reporting" / "tracking"

    @hook_impl
    def before_pipeline_run(self) -> None:
        """Begin; by now it is known that the tracker is installed."""
        self._tracked.enter_context(tracking(self._tracker, self._folder))

    @hook_impl
    def after_pipeline_run(self, pipeline: Any, catalog: Any) -> None:
        """Tell of the evaluation, if there was one; a tracker that fails costs its own record and not the run."""
        with self._tracked:
            made = pipeline.all_outputs()
            if self._tracker is None or "evaluation_metrics" not in made:
                return
            from sqlreason.reporting import evaluation_tracking  # with pandas, which no other command needs

            try:
                told = evaluation_tracking.collect(made, catalog, self._folder)
                evaluation_tracking.track(self._tracker, told)
            except Exception as error:
                logger.warning("tracking: %s was not told of the evaluation: %s", self._tracker, error)
                logger.debug("tracking", exc_info=True)

    @hook_impl
    def on_pipeline_error(self) -> None:
        """End."""
        self._tracked.close()
