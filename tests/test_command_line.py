"""Kedro's command line as a user meets it: what can be named, from where, and what Ctrl-C leaves behind."""

import os
import shutil
import signal
import sqlite3
import time

import pandas as pd
import pytest
import yaml

from kedro_in_process import error_part

pytestmark = pytest.mark.slow

ASK = ("--params", "distillation.questions=12", "--pipelines=distillation")


@pytest.fixture(scope="module")
def copy(project_copies):
    """A copy with the environments `few` (40 questions) and `slow` (its teacher takes half a second an answer)."""
    copy = project_copies("command_line")
    questions = pd.read_parquet(copy.folder / "data/01_raw/questions/train.parquet")
    questions.sample(40, random_state=1).to_parquet(copy.folder / "few.parquet", index=False)
    for env, latency in (("few", 0.0), ("slow", 0.5)):
        folder = copy.folder / "conf" / env
        shutil.copytree(copy.folder / "conf/demo", folder)
        entries = yaml.safe_load((folder / "catalog.yml").read_text())
        entries["sql_questions"]["filepath"] = "few.parquet"
        entries["teacher"]["arguments"]["latency_seconds"] = latency
        (folder / "catalog.yml").write_text(yaml.safe_dump(entries))
        (folder / "globals.yml").write_text(f"root: data/{env}\n")
    return copy


@pytest.fixture(scope="module")
def plain(copy):
    """After distillation without an environment's name."""
    copy.kedro("run", *ASK)
    return copy


def answers(copy, env):
    path = copy.folder / f"data/{env}/01_raw/journal.sqlite"
    if not path.exists():
        return 0
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        try:
            return connection.execute("SELECT COUNT(*) FROM entries").fetchone()[0]
        except sqlite3.OperationalError:  # the table is about to be made
            return 0


def test_ctrl_c_ends_the_run_in_order_and_keeps_what_was_answered(copy):
    one_at_a_time = ASK[1] + ",distillation.concurrency=1"
    process = copy.start("run", "--env=slow", "--params", one_at_a_time, ASK[2])
    while answers(copy, "slow") < 2 and process.poll() is None:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    kept = answers(copy, "slow")
    assert process.returncode not in (0, None) and 2 <= kept < 12
    assert f"Stopped with {kept} answers in the journal; run again to ask for the rest." in output
    assert f"12 requests, {12 - kept} answers are not in the journal yet" in copy.kedro("run", "--env=slow", *ASK)


def test_from_a_subfolder_the_same_journal_is_used(copy):
    copy.kedro("run", "--env=few", *ASK)
    output = copy.kedro("run", "--env=few", *ASK, folder=copy.folder / "conf")
    assert "12 requests, 0 answers are not in the journal yet" in output and answers(copy, "few") == 12
    assert not (copy.folder / "conf/data").exists()


def test_nothing_costs_money_unless_its_environment_is_named(plain):
    completions = plain.load("cot_completions")
    assert completions["usd"].eq(0.0).all() and set(completions["model"]) == {"scripted"}


def test_each_run_leaves_a_record_of_its_parameters_and_seconds(plain):
    record = plain.load("run_record")
    assert record["runtime_params"] == {"distillation": {"questions": 12}}
    assert list(record["seconds_per_stage"]) == ["distillation"]


def test_a_version_that_does_not_exist_is_named(copy):
    copy.kedro("run", "--env=few", *ASK)
    output = copy.kedro(
        "run",
        "--env=few",
        "--nodes=distillation.read_completions",
        "--load-versions=cot_completions:2020-01-01T00.00.00.000Z",
        code=1,
    )
    assert "Traceback" not in output
    assert "'cot_completions'" in output and "2020-01-01T00.00.00.000Z" in output


def test_a_node_that_does_not_exist_is_named_in_the_last_line(copy):
    output = copy.kedro("run", "--nodes=read_completion", code=1)
    assert "read_completion" in output.strip().splitlines()[-1]


def test_who_names_a_node_without_its_pipeline_is_told_its_whole_name(copy):
    output = copy.kedro("run", "--from-nodes=compare_students", code=1)
    assert "Did you mean: ['evaluation.compare_students']?" in output.strip().splitlines()[-1]


def test_a_run_that_fails_tells_the_cause_and_how_to_go_on_in_its_last_lines(copy):
    small = "preprocessing.max_completion_tokens=3,preprocessing.databases=1,preprocessing.evaluation_prompts=4"
    until = "--to-nodes=preprocessing.filter_traces"
    output = copy.kedro("run", "--env=few", until, "--params", f"{ASK[1]},{small}", code=1)
    last = output.strip().splitlines()[-2:]
    assert last[0].startswith("Error: no trace is left for the student")
    assert last[1].startswith("The run stopped at preprocessing.filter_traces. ")
    assert "the same command goes on." in last[1]
    assert "Traceback" not in output and output.count("no trace is left") == 1


EXPLAIN = ("--context=CREATE TABLE t (a INT)", "--gold=SELECT a FROM t", "--candidate=SELECT 1 FROM t WHERE a = 2")


@pytest.mark.parametrize(
    ("command", "code", "told"),
    [
        (("run", "--pipelines=grpo"), 1, "first run the pipeline that makes it"),
        (("sql", "explain", *EXPLAIN), 1, "mismatch"),
        (("sqlreason", "ask", "How many?", "--database=absent.sql"), 1, "absent.sql"),
        (("catalog", "describe-datasets"), 0, "sft_adapter"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_each_command_ends_in_a_process_of_its_own_as_in_this_one(copy, command, code, told):
    """All other tests of commands are in this process (`kedro_in_process`); the doctor has its own."""
    output = copy.kedro_process(*command, code=code)
    assert told in output and "Traceback" not in output
    assert sorted(error_part(copy.kedro(*command, code=code))) == sorted(error_part(output))  # Kedro lists sets


def test_what_can_be_run_is_listed(copy):
    assert "distillation" in copy.kedro("registry", "list")
