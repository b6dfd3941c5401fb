"""The cluster's way on one machine: two teachers on loopback, and a local Ray of two workers that verifies."""

import json
import sys
from types import SimpleNamespace

import pandas as pd
import pytest

from sqlreason.pipelines.preprocessing.nodes import verify_traces
from sqlreason.sql.ray_verifier import RayVerifier
from sqlreason.sql.verifier import Task
from sqlreason.teachers.asking import Request, ask
from sqlreason.teachers.journal.journal import Journal
from sqlreason.teachers.teacher import Teacher

from .conftest import reply

CONTEXT = "CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (1), (2), (3), (5), (8);"
ROWS = 100  # more than a task holds


@pytest.mark.slow
def test_two_teachers_and_two_workers_of_ray_bring_the_same_table_as_one_machine(chat_server, tmp_path):
    pytest.importorskip("ray", reason="pip install 'sqlreason[ray]'")

    def answer(number, body):
        row = int(body["messages"][-1]["content"])
        return reply(f"SELECT COUNT(*) FROM t WHERE x > {row if row % 3 else -1}")

    servers = [chat_server(answer) for _ in range(2)]
    teacher = Teacher("OpenAILLM", "m", {"base_url": [server.url for server in servers]}, {"max_new_tokens": 50})
    prompts = [Request(f"id{n}", json.dumps([{"role": "user", "content": str(n)}])) for n in range(ROWS)]
    with Journal(tmp_path / "journal.sqlite") as journal:
        answers = ask(teacher, prompts, journal, progress=lambda _: None)
    assert all(server.questions for server in servers)

    traces = pd.DataFrame(
        {"id": a.id, "sample": 0, "mode": "blind", "think": "", "sql": a.text, "well_formed": True} for a in answers
    )
    tasks = {f"id{n}": Task(f"id{n}", f"SELECT COUNT(*) FROM t WHERE x > {n}", (CONTEXT,)) for n in range(ROWS)}
    databases = pd.DataFrame(
        {"id": id_, "split": "train", "status": "ok", "task": task.to_json()} for id_, task in tasks.items()
    )
    questions = pd.DataFrame({"id": list(tasks), "sql_context": CONTEXT})
    local, on_ray = (
        verify_traces(traces, questions, databases, SimpleNamespace(workers=2, verifier=where), None)
        for where in ("local", "ray")
    )
    pd.testing.assert_frame_equal(local, on_ray)
    assert len(on_ray) == ROWS and 0 < on_ray["agrees"].mean() < 1


def test_without_ray_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ModuleNotFoundError, match=r"sqlreason\[ray\]"):
        RayVerifier()
