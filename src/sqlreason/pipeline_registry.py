"""The registry of pipelines: one folder under `pipelines/` each, and the default chain."""

from pathlib import Path

from kedro.framework.project import find_pipelines
from kedro.pipeline import Pipeline

from sqlreason.errors import BadInput

CHAIN = ("distillation", "preprocessing", "sft", "grpo", "evaluation")


def register_pipelines() -> dict[str, Pipeline]:
    """Return every pipeline by name; `__default__` is the five that plain `kedro run` executes.

    Kedro loads only those that a command names, so not all of them need be there.

    Raises:
        ImportError: If a pipeline's module cannot be imported (it would otherwise vanish silently).
        BadInput: If a command names a pipeline that does not exist.
    """
    try:
        pipelines = find_pipelines(raise_errors=True)
    except ImportError as error:
        if error.__cause__ is not None:  # the module is there and broken
            raise
        raise BadInput(f"There is no such pipeline; there are {', '.join(_names())}. ({error})") from error
    pipelines["__default__"] = sum((pipelines[name] for name in CHAIN if name in pipelines), Pipeline([]))
    return pipelines


def _names() -> list[str]:
    return sorted(path.parent.name for path in (Path(__file__).parent / "pipelines").glob("*/pipeline.py"))
