"""To which tracker a training reports, and where that keeps what it is told: on this machine, unless you say otherwise.

trl reports by callbacks of transformers, which read the environment variables of their libraries. So the parameter
`tracking` becomes variables for the time of a run, and they reach every child and rank. A variable that is set already
stays: MLFLOW_TRACKING_URI, or WANDB_MODE=online, is how to report to a server.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import Trainer, TrainingArguments

TRACKERS = ("trackio", "mlflow", "wandb", "tensorboard")
#: Holds the name of the tracker; without it trl reports to none.
VARIABLE = "SQLREASON_TRACKER"
PROJECT = "sqlreason"

#: Environment variables by tracker; {folder} is the one that a run keeps it in. No network, no telemetry.
_SETTINGS = {
    "trackio": {"TRACKIO_DIR": "{folder}"},
    "mlflow": {
        "MLFLOW_TRACKING_URI": "sqlite:///{folder}/mlflow.db",
        "MLFLOW_EXPERIMENT_NAME": PROJECT,
        "MLFLOW_DISABLE_TELEMETRY": "true",
    },
    "wandb": {
        "WANDB_MODE": "offline",
        "WANDB_DIR": "{folder}",
        "WANDB_PROJECT": PROJECT,
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_SILENT": "true",
    },
    "tensorboard": {},  # its files lie in the work folder of each training, where transformers puts them
}


@contextmanager
def tracking(tracker: str | None, folder: Path) -> Iterator[None]:
    """Within it, trainings report to a tracker.

    Args:
        tracker: One of `TRACKERS`; None for no tracker.
        folder: In which it keeps what it is told.
    """
    if tracker is None:
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    settings = {VARIABLE: tracker, **_SETTINGS[tracker]}
    fresh = {name: value.format(folder=folder.resolve()) for name, value in settings.items() if name not in os.environ}
    os.environ.update(fresh)
    try:
        if "MLFLOW_TRACKING_URI" in fresh:
            _make_experiment(folder.resolve())
        yield
    finally:
        for name in fresh:
            os.environ.pop(name, None)


def _make_experiment(folder: Path) -> None:
    """Make mlflow's experiment with a place for artefacts, which would be a folder where the run was started."""
    import mlflow

    if mlflow.get_experiment_by_name(PROJECT) is None:
        mlflow.create_experiment(PROJECT, artifact_location=(folder / "artifacts").as_uri())


def arguments(folder: Path) -> dict[str, Any]:
    """Return the arguments of trl's configuration classes that are about the tracker.

    Args:
        folder: Of the training: its name, under that of its stage, is the run's.
    """
    tracker = os.environ.get(VARIABLE)
    if not tracker:
        return {"report_to": []}
    return {"report_to": [tracker], "run_name": f"{folder.parent.name}-{folder.name}", "project": PROJECT}


def move_behind(trainer: "Trainer") -> None:
    """Move a trainer's trackers behind its other callbacks, and have them told what those noted of a step."""
    from transformers import TrainerCallback
    from transformers.integrations import get_reporting_integration_callbacks

    class Completion(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
        """Add to the log of a step what stands in its history: dev accuracy, seconds, shares of groups."""

        def on_log(self, args: "TrainingArguments", state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            noted = {name: value for name, value in state.log_history[-1].items() if value is not None}
            logs |= {name: value for name, value in noted.items() if name != "step" and name not in logs}

    kinds = get_reporting_integration_callbacks(trainer.args.report_to)
    trackers = [found for kind in kinds if (found := trainer.pop_callback(kind)) is not None]
    for callback in (Completion(), *trackers) if trackers else ():
        trainer.add_callback(callback)
