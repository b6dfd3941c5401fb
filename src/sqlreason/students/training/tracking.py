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

from sqlreason.students.training.launch import rank

if TYPE_CHECKING:
    from transformers import Trainer, TrainingArguments

TRACKERS = ("trackio", "mlflow", "wandb", "tensorboard")
#: Holds the name of the tracker; without it trl reports to none.
VARIABLE = "SQLREASON_TRACKER"
#: Holds where mlflow's artefacts are kept, if its database is one of ours.
_ARTIFACTS = "SQLREASON_MLFLOW_ARTIFACTS"
PROJECT = "sqlreason"

#: Environment variables by tracker; {folder} is the one that a run keeps it in. No network, no telemetry.
_SETTINGS = {
    "trackio": {"TRACKIO_DIR": "{folder}"},
    "mlflow": {
        "MLFLOW_TRACKING_URI": "sqlite:///{folder}/mlflow.db",
        "MLFLOW_EXPERIMENT_NAME": PROJECT,
        "MLFLOW_DISABLE_TELEMETRY": "true",
        _ARTIFACTS: "{folder}/artifacts",
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
    if "MLFLOW_TRACKING_URI" not in fresh:
        fresh.pop(_ARTIFACTS, None)
    os.environ.update(fresh)
    try:
        yield
    finally:
        for name in fresh:
            os.environ.pop(name, None)


def make_experiment() -> None:
    """Make mlflow's experiment with a place for artefacts, which would be a folder where the run was started.

    Called by what is about to report, in the process that does: the import and the database cost seconds, and most runs
    of the project train and evaluate nothing.
    """
    place = os.environ.get(_ARTIFACTS)
    if place is None or rank() > 0:
        return
    import mlflow

    name = os.environ["MLFLOW_EXPERIMENT_NAME"]
    with _without_waiting_for_the_disk():
        if mlflow.get_experiment_by_name(name) is None:
            mlflow.create_experiment(name, artifact_location=Path(place).as_uri())


@contextmanager
def _without_waiting_for_the_disk() -> Iterator[None]:
    """Within it SQLite does not wait for its disk, as it would at each change of mlflow's schema: 5 to 70 s in all."""
    from sqlalchemy import event
    from sqlalchemy.pool import Pool

    def take(connection: Any, *_: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")

    def give_back(connection: Any, *_: Any) -> None:
        connection.execute("PRAGMA synchronous=FULL")

    listeners = (("checkout", take), ("checkin", give_back))
    for name, listener in listeners:
        event.listen(Pool, name, listener)
    try:
        yield
    finally:
        for name, listener in listeners:
            event.remove(Pool, name, listener)


def arguments(folder: Path) -> dict[str, Any]:
    """Return the arguments of trl's configuration classes that are about the tracker.

    Args:
        folder: Of the training: its name, under that of its stage, is the run's.
    """
    tracker = os.environ.get(VARIABLE)
    if not tracker:
        return {"report_to": []}
    make_experiment()
    return {"report_to": [tracker], "run_name": f"{folder.parent.name}-{folder.name}", "project": PROJECT}


@contextmanager
def run_of_its_own() -> Iterator[None]:
    """Within it a training has its run: trl leaves wandb's open, and the next training would go on with it."""
    if os.environ.get(VARIABLE) != "wandb":
        yield
        return
    import wandb

    opened_before = wandb.run is not None
    try:
        yield
    finally:
        if wandb.run is not None and not opened_before:
            wandb.finish()


def move_behind(trainer: "Trainer") -> None:
    """Move a trainer's trackers behind its other callbacks, and have them told what those noted of a step.

    Only the callbacks report from here on: trl reports the seconds of each of its methods by itself, with a write to
    disk each, also in the dry step, when trackio has no run yet and fails.
    """
    from transformers import TrainerCallback
    from transformers.integrations import get_reporting_integration_callbacks

    class Completion(TrainerCallback):  # type: ignore[misc]  # transformers is untyped here
        """Add to the log of a step what stands in its history: dev accuracy, seconds, shares of groups."""

        def on_log(self, args: "TrainingArguments", state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            noted = {name: value for name, value in state.log_history[-1].items() if value is not None}
            logs |= {name: value for name, value in noted.items() if name != "step" and name not in logs}

    kinds = get_reporting_integration_callbacks(trainer.args.report_to)
    trackers = [found for kind in kinds if (found := trainer.pop_callback(kind)) is not None]
    trainer.args.report_to = []
    for callback in (Completion(), *trackers) if trackers else ():
        trainer.add_callback(callback)
