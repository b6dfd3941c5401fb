"""What a tracker is told of an evaluation: its figures, its tables, and the files of its report."""

import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any

import pandas as pd

from sqlreason.students.training.tracking import PROJECT, make_experiment

RUN = "evaluation"
#: Entries of the catalog that are told as tables, and those that are told as files.
TABLES = ("evaluation_metrics", "complexity_metrics", "costs", "evaluation_examples")
FILES = ("evaluation_report", "benchmark_report", "benchmark_metrics", "report_facts")


@dataclass(frozen=True)
class Evaluation:
    """What is told.

    Attributes:
        metrics: Numbers by name, such as `grpo/accuracy`.
        tables: By name.
        files: That exist.
        folder: For the tracker that keeps files of its own here.
    """

    metrics: dict[str, float]
    tables: dict[str, pd.DataFrame]
    files: list[Path]
    folder: Path


def collect(made: Collection[str], catalog: Any, folder: Path) -> Evaluation:
    """Return what a run has to tell of its evaluation.

    Args:
        made: Entries of the catalog that the run has written.
        catalog: Kedro's.
        folder: For the tracker that keeps files of its own here.
    """
    tables = {name: catalog.load(name) for name in TABLES if name in made}
    files = [Path(str(catalog[name]._get_load_path())) for name in (*tables, *FILES) if name in made]
    return Evaluation(flatten_metrics(tables["evaluation_metrics"]), tables, files, folder)


def flatten_metrics(evaluation_metrics: pd.DataFrame) -> dict[str, float]:
    """Return the numbers of the table of students by `student/column`; what is not a number is left out."""
    numbers = evaluation_metrics.set_index("student").select_dtypes(["number", "bool"]).astype(float)
    rows = numbers.to_dict("index").items()
    return {f"{student}/{name}": value for student, row in rows for name, value in row.items() if not isnan(value)}


def track(tracker: str, evaluation: Evaluation) -> None:
    """Tell a tracker of an evaluation, as a run of its own.

    Args:
        tracker: Name in `TELLING`.
        evaluation: What is told.
    """
    make_experiment()
    TELLING[tracker](evaluation)


def _tell_mlflow(evaluation: Evaluation) -> None:
    import mlflow

    mlflow.set_experiment(os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT))
    with mlflow.start_run(run_name=RUN):
        mlflow.log_metrics(evaluation.metrics)
        for name, table in evaluation.tables.items():
            mlflow.log_table(table, f"{name}.json")
        for file in evaluation.files:
            mlflow.log_artifact(str(file))


def _tell_wandb(evaluation: Evaluation) -> None:
    import wandb

    with wandb.init(project=os.environ.get("WANDB_PROJECT", PROJECT), name=RUN, job_type=RUN) as run:
        tables = {name: wandb.Table(dataframe=table) for name, table in evaluation.tables.items()}
        run.log({**evaluation.metrics, **tables})
        artifact = wandb.Artifact(RUN, type=RUN)
        for file in evaluation.files:
            artifact.add_file(str(file))
        run.log_artifact(artifact)


def _tell_trackio(evaluation: Evaluation) -> None:
    import trackio

    trackio.init(project=PROJECT, name=RUN, embed=False)
    try:
        tables = {name: trackio.Table(dataframe=table) for name, table in evaluation.tables.items()}
        trackio.log({**evaluation.metrics, **tables})
        for file in evaluation.files:
            trackio.log_artifact(file, name=file.name, type=RUN)
    finally:
        trackio.finish()


def _tell_tensorboard(evaluation: Evaluation) -> None:
    """Tables are text, for TensorBoard has none; and it keeps no files, so it is told where they lie."""
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(evaluation.folder / RUN)) as writer:
        for name, value in evaluation.metrics.items():
            writer.add_scalar(name, value)
        for name, table in evaluation.tables.items():
            writer.add_text(name, _as_markdown(table))
        writer.add_text("files", "\n".join(f"- {file}" for file in evaluation.files))


def _as_markdown(table: pd.DataFrame) -> str:
    cells = [[" ".join(str(cell).split()).replace("|", "\\|") for cell in row] for row in table.to_numpy().tolist()]
    rows = [list(table.columns), ["---"] * table.shape[1], *cells]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


#: How each tracker is told.
TELLING: dict[str, Callable[[Evaluation], None]] = {
    "trackio": _tell_trackio,
    "mlflow": _tell_mlflow,
    "wandb": _tell_wandb,
    "tensorboard": _tell_tensorboard,
}
