"""The pipelines as jobs of Dagster, by kedro-dagster: `KEDRO_ENV=base dagster dev -f tools/dagster_definitions.py`.

kedro-dagster 0.8 makes Dagster's configuration of the parameters, and knows mappings alone; Kedro 1.7 gives the nodes
typed ones. So it gets the mappings, and each node the types again. Jobs are those of `dagster.yml` in `conf/`, or the
chain and each pipeline that is not in it: Dagster wants each node in one job.
"""

import os
from pathlib import Path
from typing import Any

import dagster
from kedro.framework.hooks import hook_impl
from kedro.framework.project import pipelines
from kedro_dagster import KedroProjectTranslator

from sqlreason.options.parameters import PARAMETERS
from sqlreason.pipeline_registry import CHAIN

PROJECT = Path(__file__).resolve().parents[1]


class TypedParameters:
    """Make the parameters of a node, which Dagster hands over as mappings, what Kedro makes of them."""

    @hook_impl
    def before_node_run(self, inputs: dict[str, Any]) -> None:
        """Replace them in place, for kedro-dagster does not look at what a hook returns."""
        for name in [name for name in inputs if name.startswith("params:")]:
            inputs[name] = PARAMETERS[name.removeprefix("params:")].model_validate(inputs[name])


class Translator(KedroProjectTranslator):
    """kedro-dagster's translator, with parameters as mappings."""

    def initialize_kedro(self, conf_source: str | None = None) -> None:
        """Start Kedro, with a job for each pipeline where the configuration names none."""
        super().initialize_kedro(conf_source)
        loader = self._context.config_loader
        for name in PARAMETERS:
            self._catalog[f"params:{name}"] = loader["parameters"][name]
        loader.config_patterns["dagster"] = ["dagster*"]
        if not list(Path(loader.conf_source).glob("*/dagster*")):
            jobs = {"chain" if name == "__default__" else name: name for name in pipelines if name not in CHAIN}
            loader["dagster"] = {"jobs": {job: {"pipeline": {"pipeline_name": name}} for job, name in jobs.items()}}
        self._context._hook_manager.register(TypedParameters())


def define(env: str) -> dagster.Definitions:
    """Return the jobs, assets and resources of an environment."""
    found = Translator(env=env, project_path=PROJECT).to_dagster()
    return dagster.Definitions(
        assets=list(found.named_assets.values()),
        resources={**found.named_resources, "io_manager": dagster.fs_io_manager},
        jobs=list(found.named_jobs.values()),
        schedules=list(found.named_schedules.values()),
        sensors=list(found.named_sensors.values()),
        loggers=found.named_loggers,
        executor=dagster.in_process_executor,
    )


definitions = define(os.environ.get("KEDRO_ENV", "demo"))
