"""Several replicas of a teacher behind one line, each a server on loopback."""

import time

import pytest

from sqlreason.teachers.journal.journal import Journal
from sqlreason.teachers.replicas import connect
from sqlreason.teachers.teacher import Teacher

from .conftest import refusal, reply
from .test_asking import SAMPLING, ask, requests


def put(servers, path, count, **options):
    teacher = Teacher("OpenAILLM", "m", {"base_url": [server.url for server in servers]}, SAMPLING)
    settings = {"pause_seconds": 0.01, "max_failed_share": 0.0, "progress": lambda _: None, **options}
    with Journal(path / "journal.sqlite") as journal:
        return ask(teacher, requests(count), journal, **settings)


def slow(number, body):
    time.sleep(0.02)
    return reply()


def test_the_replicas_share_the_questions(chat_server, tmp_path):
    servers = [chat_server(slow) for _ in range(2)]
    assert {c.status for c in put(servers, tmp_path, 40, concurrency=8)} == {"ok"}
    asked = [set(server.questions) for server in servers]
    assert not asked[0] & asked[1] and sum(map(len, asked)) == 40 and min(map(len, asked)) >= 10


@pytest.mark.parametrize("fault", [refusal(503), None], ids=["overloaded", "dead"])
def test_a_replica_that_fails_draws_no_questions_to_itself(chat_server, tmp_path, fault):
    good, bad = chat_server(slow), chat_server(lambda number, body: fault)
    if fault is None:
        bad.close()
    assert {c.status for c in put([good, bad], tmp_path, 40, concurrency=4)} == {"ok"}
    assert len(good.questions) == 40 and len(bad.questions) <= 10


def test_an_empty_list_of_addresses_is_refused():
    with pytest.raises(ValueError, match="at least one replica"):
        connect(Teacher("OpenAILLM", "m", {"base_url": []}), None, 1.0)
