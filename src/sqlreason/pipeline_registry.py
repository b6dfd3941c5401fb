"""The registry of pipelines: one folder under `pipelines/` each, and the default chain."""

from kedro.framework.project import find_pipelines
from kedro.pipeline import Pipeline

CHAIN = ("distillation", "preprocessing", "sft", "grpo", "evaluation")


def register_pipelines() -> dict[str, Pipeline]:
    """Return every pipeline by name; `__default__` is the five that plain `kedro run` executes.

    Kedro loads only those that a command names, so not all of them need be there.

    Raises:
        ImportError: If a pipeline's module cannot be imported (it would otherwise vanish silently).
    """
    pipelines = find_pipelines(raise_errors=True)
    pipelines["__default__"] = sum((pipelines[name] for name in CHAIN if name in pipelines), Pipeline([]))
    return pipelines
