"""A student that cannot be trained is refused before the first call to the teacher, in a few lines."""

import pytest

from families import STANDINS
from teachers.conftest import ChatServer, reply
from test_bad_input import CHECKPOINT, make_environment

TEACHER = "sqlreason.datasets.teacher_dataset.TeacherDataset"
FEW = "distillation.questions=4,distillation.max_failed_share=1.0"


@pytest.fixture(scope="module")
def copy(project_copies):
    return project_copies("refused")


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    server = ChatServer(lambda number, body: reply())
    yield server
    server.close()


def environment(copy, name, family, server):
    folder = STANDINS[family].student(copy.folder / f"student_{name}")
    teacher = {"type": TEACHER, "kind": "OpenAILLM", "model": "m", "arguments": {"base_url": server.url}}
    prices = {"usd_per_million_input": 0.0, "usd_per_million_output": 0.0, "source": "our own", "date": "today"}
    student = {"type": CHECKPOINT, "path": str(folder.relative_to(copy.folder))}
    make_environment(copy, name, {"base_model": student, "teacher": {**teacher, "prices": prices}})


def test_a_run_whose_student_is_refused_asks_the_teacher_nothing(copy, server):
    environment(copy, "untalkative", "base", server)
    output = copy.kedro("run", "--env=untalkative", "--params", FEW, code=1)
    assert "has no chat template: it is a base model. Set student.plain_template=true" in output
    assert "Nothing has been started" in output and "Traceback" not in output
    assert server.questions == []


def test_the_same_run_with_a_student_that_can_be_trained_asks_it(copy, server):
    environment(copy, "talkative", "llama3_1", server)
    copy.kedro("run", "--env=talkative", "--pipelines=distillation", "--params", FEW)
    assert len(server.questions) == 4
