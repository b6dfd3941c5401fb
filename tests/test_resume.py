"""A run that is killed goes on where it stopped, by the same command, and ends where an undisturbed one ends."""

import os
import re
import signal
import sqlite3
import time

import pandas as pd
import pytest
import yaml

pytestmark = pytest.mark.slow

# Both trainings are killed in their second epoch, whose order a resume must find again. Weight decay and a
# falling learning rate move the adapter at every step whatever the rewards say, so that equal adapters mean equal
# optimiser, schedule and data also for a student that earns nothing.
SMALL = ",".join([
    "preprocessing.examples=24", "preprocessing.grpo_prompts=6", "preprocessing.evaluation_prompts=4",
    "preprocessing.databases=1",
    "sft.trl.num_train_epochs=null", "sft.trl.max_steps=16",
    "sft.trl.per_device_train_batch_size=4", "sft.trl.save_steps=2",
    "grpo.trl.max_steps=6", "grpo.trl.per_device_train_batch_size=8",
    "grpo.trl.gradient_accumulation_steps=1", "grpo.trl.num_generations=4",
    "grpo.trl.save_steps=1", "grpo.trl.weight_decay=0.1",
    "grpo.trl.lr_scheduler_type=linear", "grpo.trl.max_completion_length=24",
    "grpo.trl.mask_truncated_completions=false",
    "grpo.forecast.prompts=4", "grpo.forecast.samples=2", "grpo.forecast.processes=1", "preprocessing.workers=1",
    "grpo.certification.on_failure=warn",  # one test database is too few
])  # fmt: skip
COMMAND = ("run", "--env=small", "--pipelines=distillation,preprocessing,sft,grpo", "--params", SMALL)
CALLS = re.compile(r"(\d+) requests, (\d+) answers are not in the journal yet")


def make_small(copy):
    """An environment with 120 questions and a teacher that takes its time."""
    folder = copy.folder / "conf/small"
    folder.mkdir()
    questions = pd.read_parquet(copy.folder / "data/01_raw/questions/train.parquet")
    questions.sample(120, random_state=1).to_parquet(copy.folder / "small.parquet", index=False)
    entries = yaml.safe_load((copy.folder / "conf/demo/catalog.yml").read_text())
    entries["sql_questions"]["filepath"] = "small.parquet"
    entries["teacher"]["arguments"]["latency_seconds"] = 0.3
    (folder / "catalog.yml").write_text(yaml.safe_dump(entries))
    (folder / "globals.yml").write_text("root: data/small\n")
    (folder / "parameters.yml").write_text((copy.folder / "conf/demo/parameters.yml").read_text())
    copy.data = copy.folder / "data/small"
    return copy


def journal_rows(copy):
    path = copy.data / "01_raw/journal.sqlite"
    if not path.exists():
        return []
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        try:
            return connection.execute("SELECT key, created FROM entries ORDER BY rowid").fetchall()
        except sqlite3.OperationalError:  # the table is about to be made
            return []


def checkpoints(copy, stage):
    """Steps of a stage whose checkpoints were written to their end."""
    marks = (copy.data / "06_models/checkpoints" / stage).glob("*/checkpoint-*/complete")
    return sorted(int(mark.parent.name.partition("-")[2]) for mark in marks)


def kill_when(copy, reached):
    """Starts the command and kills its process group with SIGKILL as soon as `reached`; returns what it printed."""
    process = copy.start(*COMMAND)
    until = time.monotonic() + 600
    while not reached() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    assert process.poll() is None, process.communicate()[0][-4000:]
    os.killpg(process.pid, signal.SIGKILL)
    # The end of the pipe shows that no worker outlived the run.
    output, _ = process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    return output


@pytest.fixture(scope="module")
def undisturbed(project_copies):
    copy = make_small(project_copies("undisturbed"))
    copy.output = copy.kedro(*COMMAND)
    return copy


@pytest.fixture(scope="module")
def disturbed(project_copies):
    """Killed during the teacher, during SFT and during GRPO; `seen` holds what was there after each kill."""
    copy = make_small(project_copies("disturbed"))
    copy.seen, copy.outputs = {}, {}
    kill_when(copy, lambda: len(journal_rows(copy)) >= 20)
    copy.seen["teacher"] = journal_rows(copy)
    copy.outputs["sft"] = kill_when(copy, lambda: max(checkpoints(copy, "sft"), default=0) >= 8)
    copy.seen["sft"] = checkpoints(copy, "sft")
    copy.outputs["grpo"] = kill_when(copy, lambda: max(checkpoints(copy, "grpo"), default=0) >= 4)
    copy.seen["grpo"] = checkpoints(copy, "grpo")
    copy.outputs["end"] = copy.kedro(*COMMAND)
    return copy


def test_the_teacher_is_asked_only_for_what_is_missing(disturbed):
    kept = disturbed.seen["teacher"]
    asked = len(disturbed.load("raw_prompts", "small"))
    assert 20 <= len(kept) < asked
    ((requests, missing),) = CALLS.findall(disturbed.outputs["sft"])
    assert (int(requests), int(missing)) == (asked, asked - len(kept))
    assert journal_rows(disturbed)[: len(kept)] == kept
    assert len(journal_rows(disturbed)) == asked
    for later in ("grpo", "end"):
        assert CALLS.findall(disturbed.outputs[later]) == [(str(asked), "0")]


def test_sft_goes_on_from_its_last_checkpoint(disturbed):
    assert f"sft: going on from step {disturbed.seen['sft'][-1]}" in disturbed.outputs["grpo"]
    assert disturbed.load("sft_history", "small")["step"].tolist() == list(range(1, 17))


def test_grpo_goes_on_from_its_last_checkpoint_and_sft_is_not_trained_again(disturbed):
    assert f"grpo: going on from step {disturbed.seen['grpo'][-1]}" in disturbed.outputs["end"]
    assert "sft: reused the finished training" in disturbed.outputs["end"]
    assert disturbed.load("grpo_history", "small")["step"].tolist() == list(range(1, 7))


@pytest.mark.parametrize("stage", ["sft", "grpo"])
def test_the_adapter_is_that_of_an_undisturbed_run(disturbed, undisturbed, stage):
    adapters = [copy.load(f"{stage}_adapter", "small") for copy in (disturbed, undisturbed)]
    assert adapters[0].digest == adapters[1].digest


def test_each_stage_moved_the_adapter(undisturbed):
    assert undisturbed.load("sft_adapter", "small").digest != undisturbed.load("grpo_adapter", "small").digest


def test_losses_and_rollouts_are_those_of_an_undisturbed_run(disturbed, undisturbed):
    losses = [copy.load("sft_history", "small")["loss"].tolist() for copy in (disturbed, undisturbed)]
    assert losses[0] == losses[1]
    rollouts = [copy.load("grpo_rollouts", "small") for copy in (disturbed, undisturbed)]
    pd.testing.assert_frame_equal(*rollouts)


def test_a_finished_run_is_repeated_without_training(disturbed):
    output = disturbed.kedro("run", "--env=small", "--pipelines=sft,grpo", "--params", SMALL)
    assert "sft: reused the finished training" in output and "grpo: reused the finished training" in output


def test_a_changed_parameter_starts_its_stage_afresh_and_says_so(disturbed):
    changed = SMALL.replace("grpo.trl.max_steps=6", "grpo.trl.max_steps=1")
    output = disturbed.kedro("run", "--env=small", "--pipelines=sft,grpo", "--params", changed)
    assert "sft: reused the finished training" in output
    assert "grpo: starting afresh, changed since the last training: max_steps: 6 -> 1" in output
    assert disturbed.load("grpo_history", "small")["step"].tolist() == [1]


def test_another_way_of_asking_asks_the_teacher_anew(disturbed):
    parameters = f"{SMALL},distillation.mode=hinted"
    output = disturbed.kedro("run", "--env=small", "--pipelines=distillation", "--params", parameters)
    ((requests, missing),) = CALLS.findall(output)
    assert requests == missing
