"""`kedro sql score` as a user types it, and a benchmark as an entry of the catalog."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from benchmark_layouts import SPIDER
from click.testing import CliRunner
from kedro.io.core import DatasetError

from sqlreason.cli import cli
from sqlreason.data.tables import check_columns
from sqlreason.datasets.benchmark_dataset import BenchmarkDataset
from sqlreason.errors import BadInput

GOLDS = [gold for _, _, gold, _ in SPIDER]
WRONG = ["SELECT rig FROM boat WHERE years <> 1", "SELECT 1", "SELECT 'rye'", ""]


def run(*arguments):
    return CliRunner().invoke(cli, ["sql", "score", *map(str, arguments)])


@pytest.fixture
def files(tmp_path):
    for name, queries in (("gold", GOLDS), ("wrong", WRONG)):
        (tmp_path / f"{name}.txt").write_text("".join(f"{sql}\n" for sql in queries))
    return tmp_path


def test_a_file_is_scored_against_another_with_values_and_a_page(spider_folder, files):
    out = ("--json", files / "out.json", "--html", files / "out.html")
    told = run(files / "wrong.txt", "--benchmark", spider_folder, "--against", files / "gold.txt", *out)
    assert told.exit_code == 0, told.output
    assert "spider dev: 4 questions on 2 databases, 2 databases of test suites" in told.output
    lines = {line[:24].strip(): line for line in told.output.splitlines()}
    assert "100.0 %" in lines["gold"] and "50.0 %" in lines["wrong"]
    assert "EX against gold: -50.0 points" in told.output
    assert "wrong: 2 of 2 that pass the one database fail a drawn one, right by luck: 0, 2" in told.output
    assert "empty predictions, which count as wrong: 3" in told.output
    found = json.loads((files / "out.json").read_text())
    assert [(row["run"], row["id"], row["ex"]) for row in found["answers"]][4] == ("wrong", "0", True)
    assert found["summary"]["runs"][1]["ex"]["right"] == 2
    assert "Right by luck" in (files / "out.html").read_text()


def test_several_files_are_scored_with_one_preparation_that_is_kept(spider_folder, files):
    asked = (files / "gold.txt", files / "wrong.txt", "--benchmark", spider_folder, "--cache", files / "kept.sqlite")
    first, again = run(*asked), run(*asked)
    assert first.exit_code == 0 and (files / "kept.sqlite").is_file()
    assert again.output == first.output and "wrong: EX against gold" in first.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("{files}/gold.txt", "--benchmark", "{files}/none"), "there is no folder"),
        (("{files}/none.txt", "--benchmark", "{spider}"), "there is no file of predictions"),
        (("{files}/gold.txt", "--benchmark", "{spider}", "--split", "train"), "has 4 lines, spider train has 3"),
        (("{files}/gold.txt", "--benchmark", "{spider}", "--split", "x"), "no split of a benchmark is called 'x'"),
        (("{files}/gold.txt", "--benchmark", "{spider}", "--json", "{files}/no/x.json"), "there is no folder for"),
        (("--benchmark", "{spider}"), "Missing argument 'PREDICTIONS...'"),
    ],
)
def test_what_cannot_be_scored_is_said_in_a_sentence(spider_folder, files, arguments, told):
    result = run(*(argument.format(files=files, spider=spider_folder) for argument in arguments))
    assert result.exit_code != 0 and told in result.output and isinstance(result.exception, SystemExit)


@pytest.mark.slow
def test_an_interrupted_score_ends_at_once_and_leaves_no_worker(spider_folder, files, project):
    """The endless query is at work when the user presses Ctrl-C."""
    endless = "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) SELECT MAX(n) FROM x"
    (files / "endless.txt").write_text(f"{endless}\n" * 4)
    command = [sys.executable, "-m", "kedro", "sql", "score", str(files / "endless.txt"), "--workers", "2"]
    command += ["--benchmark", str(spider_folder), "--seconds", "300"]
    environment = {**os.environ, "PYTHONPATH": str(project / "src")}
    process = subprocess.Popen(
        command, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    time.sleep(40)  # importing and preparing takes about ten seconds
    assert process.poll() is None
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode != 0 and "Traceback" not in output, output[-3000:]
    end = time.monotonic() + 20  # what is dead is still to be reaped
    while is_alive(process.pid) and time.monotonic() < end:
        time.sleep(0.2)
    assert not is_alive(process.pid)


def is_alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_benchmark_is_an_entry_of_the_catalog(bird_folder, caplog):
    (bird_folder / "dev_databases/bakery/bakery.sqlite").unlink()
    entry = BenchmarkDataset(folder=str(bird_folder), format="bird", split="dev")
    table = check_columns(entry.load(), "questions", "heldout_questions")
    assert list(table["id"]) == ["31", "47", "90"] and entry.exists()
    assert table["database"][0] == f"sqlite:///{bird_folder}/dev_databases/harbour/harbour.sqlite"
    assert list(table["benchmark_status"]) == ["ok", "no_database", "no_database"]
    assert "2 of 3 questions: no_database: there is no database" in caplog.text
    with pytest.raises(DatasetError, match="is read and never written"):
        entry.save(table)


def test_an_entry_without_its_folder_says_what_was_looked_for(tmp_path):
    entry = BenchmarkDataset(folder=str(tmp_path), split="dev")
    assert not BenchmarkDataset(folder=str(tmp_path / "x")).exists()
    with pytest.raises((BadInput, DatasetError), match=r"holds none of dev\.json, spider-realistic\.json"):
        entry.load()
