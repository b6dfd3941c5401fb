"""Trainings and an evaluation are told to the tracker that is asked for, on this machine, and change nothing else."""

import json
import os
import sqlite3
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from tracked import FIGURES, train

from sqlreason.options.checks import find_faults
from sqlreason.students.training.tracking import TRACKERS, tracking
from sqlreason.students.training.trainer_arguments import arguments_of

INSTALLED = [
    pytest.param(name, marks=pytest.mark.skipif(find_spec(name) is None, reason=f"{name} is an extra"))
    for name in TRACKERS
]


def test_without_a_tracker_trl_gets_what_it_got_before(tmp_path):
    given = arguments_of({"seed": 3}, tmp_path, mixed=False)
    assert given["report_to"] == [] and not {"run_name", "project"} & set(given)
    with tracking(None, tmp_path / "none"):
        assert arguments_of({"seed": 3}, tmp_path, mixed=False) == given
    assert not (tmp_path / "none").exists()


def test_a_tracker_that_there_is_not_is_refused_with_those_that_there_are(project):
    (fault,) = [fault for fault in find_faults({"tracking": "mlfow"}) if fault.startswith("tracking")]
    assert "'mlfow'" in fault and all(name in fault for name in ("null", *TRACKERS))


def test_what_the_user_has_set_stays_and_what_was_set_for_a_run_goes(tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "online")
    with tracking("wandb", tmp_path):
        assert os.environ["WANDB_MODE"] == "online" and os.environ["WANDB_DIR"] == str(tmp_path)
    assert os.environ["WANDB_MODE"] == "online" and "WANDB_DIR" not in os.environ


def test_a_run_that_reports_nothing_does_not_import_its_tracker(tmp_path):
    code = (
        "import pathlib, sys; from sqlreason.students.training.tracking import tracking\n"
        f"with tracking('mlflow', pathlib.Path({str(tmp_path)!r})):\n"
        "    print('mlflow' in sys.modules, len(list(pathlib.Path('.').iterdir())))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert done.stdout.split() == ["False", "0"], done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("tracker", INSTALLED)
def test_it_is_told_each_step_and_the_evaluation_and_the_training_is_the_same(
    tracker, checkpoint, examples, tmp_path, monkeypatch
):
    plain = train(checkpoint, examples, tmp_path / "plain")
    examples.to_parquet(tmp_path / "examples.parquet")
    command = [sys.executable, str(Path(__file__).with_name("tracked.py")), tracker, str(tmp_path), checkpoint.name]
    done = subprocess.run(
        [*command, str(tmp_path / "examples.parquet")],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["adapters"] == {stage: adapter.digest for stage, (adapter, _) in plain.items()}
    assert all(os.listdir(tmp_path / "plain" / stage) == os.listdir(tmp_path / stage) for stage in plain)
    assert said["tried"] == []
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/kept/mlflow.db")
    for stage in plain:
        steps, figures, texts = READERS[tracker](tmp_path, stage)
        for name, history in said["history"][stage].items():  # and seconds once more, of the end
            assert steps[name][: len(history)] == pytest.approx(history, rel=1e-4), (stage, name)
    assert figures["SFT/accuracy"] == 0.5 and figures["base/n"] == 4 and "base/p_value" not in figures
    assert any("report.html" in text for text in texts)
    kept = {"sft", "grpo", "plain", "kept", "report.html", "examples.parquet"}
    assert set(os.listdir(tmp_path)) == kept, "it has left something where it was started"


def _read_tensorboard(tmp_path, stage):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    training, evaluation = (
        EventAccumulator(str(next((tmp_path / name).rglob("events.out*")))).Reload() for name in (stage, "kept")
    )
    texts = [evaluation.Tensors(name)[0].tensor_proto.string_val[0].decode() for name in evaluation.Tags()["tensors"]]
    assert any("| SFT | 4 | 0.5 | 0.5 |" in text for text in texts)
    steps = {name: [one.value for one in training.Scalars(f"train/{name}")] for name in FIGURES}
    return steps, {name: evaluation.Scalars(name)[0].value for name in evaluation.Tags()["scalars"]}, texts


def _read_mlflow(tmp_path, stage):
    import mlflow

    runs = mlflow.search_runs(experiment_names=["sqlreason"], output_format="list")
    (evaluation,) = [run for run in runs if run.info.run_name == "evaluation"]
    (training,) = [run for run in runs if run.info.run_name.startswith(f"{stage}-")]
    assert training.info.status == "FINISHED"
    client = mlflow.MlflowClient()
    histories = {name: client.get_metric_history(training.info.run_id, name) for name in FIGURES}
    assert len(list((tmp_path / "kept").rglob("report.html"))) == 1
    names = [file.path for file in client.list_artifacts(evaluation.info.run_id)]
    assert set(names) == {"report.html", "costs.json"}
    return {name: [one.value for one in told] for name, told in histories.items()}, evaluation.data.metrics, names


def _read_trackio(tmp_path, stage):
    (file,) = (tmp_path / "kept").glob("*.db")
    with sqlite3.connect(file) as opened:
        logged = opened.execute("SELECT run_name, metrics FROM metrics ORDER BY id").fetchall()
        names = [name for (name,) in opened.execute("SELECT name FROM artifacts")]
    rows = [(name, json.loads(text)) for name, text in logged]
    steps = [row for name, row in rows if name.startswith(f"{stage}-") and "train/loss" in row]
    (evaluation,) = [row for name, row in rows if name == "evaluation"]
    return {name: [row[f"train/{name}"] for row in steps] for name in FIGURES}, evaluation, names


def _read_wandb(tmp_path, stage):
    """Read offline runs, in the format that `wandb sync` reads."""
    from wandb.proto import wandb_internal_pb2

    runs = {}
    for file in (tmp_path / "kept").rglob("run-*.wandb"):
        records = [wandb_internal_pb2.Record.FromString(data) for data in _log_records(file.read_bytes())]
        (run,) = [record.run for record in records if record.WhichOneof("record_type") == "run"]
        runs[run.display_name.split("-")[0]] = records
    rows = {
        name: [
            {item.key or ".".join(item.nested_key): json.loads(item.value_json) for item in record.history.item}
            for record in records
            if record.WhichOneof("record_type") == "history"
        ]
        for name, records in runs.items()
    }
    assert set(rows) == {"sft", "grpo", "evaluation"}
    steps = [row for row in rows[stage] if "train/loss" in row]
    (evaluation,) = rows["evaluation"]
    told = runs["evaluation"]
    kept = [record.artifact for record in told if record.WhichOneof("record_type") == "artifact"]
    kept += [record.request.log_artifact.artifact for record in told if record.request.HasField("log_artifact")]
    names = [entry.path for artifact in kept for entry in artifact.manifest.contents]
    return {name: [row[f"train/{name}"] for row in steps] for name in FIGURES}, evaluation, names


def _log_records(data, header=7, block=32768):
    """Records of LevelDB's log format behind a header of 7 bytes: checksum, length and kind, in blocks of 32 KiB."""
    place, parts = header, b""
    while place + header <= len(data):
        if block - place % block < header:
            place += block - place % block
            continue
        length, kind = int.from_bytes(data[place + 4 : place + 6], "little"), data[place + 6]
        parts += data[place + header : place + header + length]
        place += header + length
        if kind in (1, 4):  # whole, or the last part
            yield parts
            parts = b""


READERS = {"trackio": _read_trackio, "mlflow": _read_mlflow, "wandb": _read_wandb, "tensorboard": _read_tensorboard}
