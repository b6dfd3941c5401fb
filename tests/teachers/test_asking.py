"""distilabel's OpenAILLM against a real server on loopback."""

import asyncio
import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import closing

import pytest

from sqlreason.teachers.allowance import Allowance
from sqlreason.teachers.asking import Request, TeacherError, ask
from sqlreason.teachers.journal.journal import Journal, JournalError
from sqlreason.teachers.prices import Prices
from sqlreason.teachers.teacher import Teacher

from .conftest import ANSWER, refusal, reply

SAMPLING = {"temperature": 0.0, "max_new_tokens": 50}


def requests(count: int) -> list[Request]:
    return [
        Request(f"id{number}", json.dumps([{"role": "user", "content": f"Question {number}"}]))
        for number in range(count)
    ]


def teacher(server, prices: Prices | None = None) -> Teacher:
    return Teacher("OpenAILLM", "m", {"base_url": server.url}, SAMPLING, prices or Prices())


def put(server, path, count, prices=None, **options):
    settings = {"pause_seconds": 0.01, "max_failed_share": 1.0, "progress": lambda _: None, **options}
    with Journal(path / "journal.sqlite") as journal:
        return ask(teacher(server, prices), requests(count), journal, **settings)


def test_every_request_gets_its_own_answer_in_order_and_sampling_arrives(chat_server, tmp_path):
    server = chat_server(lambda number, body: reply(f"to {body['messages'][-1]['content']}"))
    ended = []
    completions = put(server, tmp_path, 20, progress=lambda tally: ended.append(tally.ended))
    assert [c.text for c in completions] == [f"to Question {number}" for number in range(20)]
    assert {c.status for c in completions} == {"ok"} and {c.model for c in completions} == {"m"}
    assert completions[0].prompt_tokens == 100 and completions[0].completion_tokens == 50
    assert server.bodies[0]["max_tokens"] == 50 and server.bodies[0]["temperature"] == 0.0
    assert ended[-1] == 20


def test_a_refused_call_costs_exactly_its_own_row(chat_server, tmp_path):
    refused = []

    def behave(number, body):
        if number % 10 == 0:
            refused.append(body["messages"][-1]["content"])
            return refusal(400)
        return reply()

    server = chat_server(behave)
    completions = put(server, tmp_path, 40, concurrency=8)
    failed = [c for c in completions if c.status == "failed"]
    assert sorted(c.id.replace("id", "Question ") for c in failed) == sorted(refused)
    assert len(failed) == 4 and len(server.questions) == 40
    assert all("400" in c.reason for c in failed)


def test_too_many_failures_are_an_error_and_the_answers_are_kept(chat_server, tmp_path):
    server = chat_server(lambda number, body: refusal(400) if number % 2 else reply())
    with pytest.raises(TeacherError, match="10 of 20 requests failed"):
        put(server, tmp_path, 20, max_failed_share=0.2)
    server.behaviour = lambda number, body: reply()
    assert all(c.status == "ok" for c in put(server, tmp_path, 20, max_failed_share=0.0))
    assert len(server.questions) == 30


def test_asking_again_asks_only_what_is_missing_even_without_a_server(chat_server, tmp_path):
    server = chat_server(lambda number, body: reply())
    first = put(server, tmp_path, 10)
    assert put(server, tmp_path, 15)[:10] == first
    assert len(server.questions) == 15
    server.close()
    assert len(put(server, tmp_path, 15)) == 15


def test_transient_faults_are_tried_again_and_retry_after_is_kept(chat_server, tmp_path):
    times = []

    def behave(number, body):
        times.append(time.monotonic())
        return {1: refusal(429, Retry_After="0.5"), 2: refusal(500), 3: refusal(503)}.get(number) or reply()

    server = chat_server(behave)
    assert put(server, tmp_path, 1, attempts=5)[0].status == "ok"
    assert len(server.questions) == 4
    assert times[1] - times[0] >= 0.5


def test_an_endless_fault_ends_after_the_attempts(chat_server, tmp_path):
    server = chat_server(lambda number, body: refusal(503))
    completions = put(server, tmp_path, 2, attempts=3)
    assert [c.status for c in completions] == ["failed"] * 2
    assert len(server.questions) == 6 and "503" in completions[0].reason


def test_a_hanging_call_times_out(chat_server, tmp_path):
    server = chat_server(lambda number, body: (time.sleep(3), reply())[1])
    completions = put(server, tmp_path, 1, attempts=1, timeout_seconds=0.3)
    assert completions[0].status == "failed" and "Timeout" in completions[0].reason


def test_wrong_credentials_stop_everything_at_once(chat_server, tmp_path):
    server = chat_server(lambda number, body: refusal(401))
    completions = put(server, tmp_path, 50, concurrency=4)
    assert len(server.questions) <= 4
    assert all(c.status == "failed" and "401" in c.reason for c in completions)


def test_no_more_requests_are_in_flight_than_allowed(chat_server, tmp_path):
    server = chat_server(lambda number, body: (time.sleep(0.05), reply())[1])
    put(server, tmp_path, 24, concurrency=5)
    assert 2 <= server.most_at_once <= 5


def test_finish_reason_reasoning_and_request_id_are_overheard(chat_server, tmp_path):
    server = chat_server(lambda number, body: reply("<think>cut", "length", reasoning_content="Let me see."))
    completion = put(server, tmp_path, 1)[0]
    assert (completion.status, completion.finish_reason) == ("ok", "length")
    assert completion.reasoning == "Let me see."
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert next(iter(journal)).request_id == "chat-1"


def test_an_answer_without_content_is_kept_with_its_finish_reason(chat_server, tmp_path):
    server = chat_server(lambda number, body: reply(None, "length", reasoning_content="Too long a thought"))
    completion = put(server, tmp_path, 1)[0]
    assert (completion.text, completion.finish_reason) == ("", "length")
    assert put(server, tmp_path, 1) == [completion] and len(server.questions) == 1


def test_the_budget_is_never_exceeded_and_counts_earlier_runs(chat_server, tmp_path):
    server = chat_server(lambda number, body: reply(prompt=100, completion=50))
    prices = Prices(usd_per_million_output=20_000.0)  # a dollar an answer, and no more than that
    completions = put(server, tmp_path, 20, prices, max_usd=7.5, concurrency=4)
    assert sum(c.usd for c in completions) == pytest.approx(7.0)
    assert len(server.questions) == 7
    assert {c.reason.split(":")[0] for c in completions if c.status == "failed"} == {"budget"}
    put(server, tmp_path, 20, prices, max_usd=8.0)
    assert len(server.questions) == 8


def test_that_the_budget_is_over_is_told_whatever_is_left_behind_the_comma(chat_server, tmp_path):
    server = chat_server(lambda number, body: reply(prompt=100, completion=50))
    prices = Prices(usd_per_million_output=2_000.0)  # 0.1 dollars an answer: sums of it are no round numbers
    completions = put(server, tmp_path, 20, prices, max_usd=0.75, concurrency=4)
    reasons = {c.reason for c in completions if c.status == "failed"}
    assert len(reasons) == 1 and reasons.pop().startswith("budget: 0.7")


def test_several_askings_share_an_allowance(chat_server, tmp_path):
    server = chat_server(lambda number, body: reply(prompt=100, completion=50))
    who, allowance = teacher(server, Prices(usd_per_million_output=20_000.0)), Allowance(7.5, None)
    terms = {"pause_seconds": 0.01, "max_failed_share": 1.0, "progress": lambda _: None, "concurrency": 1}
    with Journal(tmp_path / "journal.sqlite") as journal:
        answered = [
            sum(one.status == "ok" for one in allowance.ask(who, asked, journal, **terms))
            for asked in (requests(5), requests(9)[5:])
        ]
    assert answered == [5, 2] and len(server.questions) == 7


def test_hours_are_those_of_asking_and_what_is_over_is_over(chat_server, tmp_path):
    server = chat_server(lambda number, body: reply())
    clock = iter([0.0, 3600.0, 9000.0, 9000.0])
    allowance = Allowance(None, 1.0, clock=lambda: next(clock))
    with Journal(tmp_path / "journal.sqlite") as journal:
        first, second = (
            allowance.ask(teacher(server), asked, journal, max_failed_share=1.0, progress=lambda _: None)
            for asked in (requests(1), requests(2)[1:])
        )
    assert first[0].status == "ok" and "0.0 hours are over" in second[0].reason


def test_calls_that_turn_out_cheaper_leave_room_for_others(chat_server, tmp_path):
    server = chat_server(lambda number, body: reply(prompt=0, completion=10))
    prices = Prices(usd_per_million_output=20_000.0)  # at most a dollar, in fact 0.20
    completions = put(server, tmp_path, 20, prices, max_usd=4.0, concurrency=4)
    assert 15 <= sum(c.status == "ok" for c in completions) <= 20
    assert sum(c.usd for c in completions) <= 4.0


def test_a_journal_that_cannot_be_written_stops_the_spending(chat_server, tmp_path):
    server = chat_server(lambda number, body: (time.sleep(0.02), reply())[1])
    path = tmp_path / "j"
    with Journal(path) as journal, closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TRIGGER full BEFORE INSERT ON entries BEGIN SELECT RAISE(ABORT, 'disk'); END")
        with pytest.raises(JournalError, match="disk"):
            ask(teacher(server), requests(60), journal, concurrency=3, progress=lambda _: None)
    assert len(server.questions) <= 12


def test_time_is_billed_by_the_wall_clock(chat_server, tmp_path):
    server = chat_server(lambda number, body: (time.sleep(0.1), reply())[1])
    start = time.monotonic()
    completions = put(server, tmp_path, 8, Prices(usd_per_hour=3600.0), concurrency=4)
    billed = sum(c.usd for c in completions)
    assert 0.2 <= billed <= time.monotonic() - start


def test_equal_messages_are_asked_once(chat_server, tmp_path):
    server = chat_server(lambda number, body: reply())
    twice = [Request(name, requests(1)[0].messages) for name in ("a", "b")]
    with Journal(tmp_path / "j") as journal:
        completions = ask(teacher(server), twice, journal, progress=lambda _: None)
    assert [c.id for c in completions] == ["a", "b"] and len(server.questions) == 1
    assert [(c.text, c.completion_tokens) for c in completions] == [(ANSWER, 50), (ANSWER, 0)]  # and billed once


def test_a_running_event_loop_is_no_obstacle(chat_server, tmp_path):
    server = chat_server(lambda number, body: reply())

    async def notebook_cell():
        return put(server, tmp_path, 3)

    assert [c.text for c in asyncio.run(notebook_cell())] == [ANSWER] * 3


def test_openais_client_made_lighter_sends_and_reads_what_it_did_before(chat_server, monkeypatch):
    from sqlreason.teachers.clients.openai_client import lighten

    server = chat_server(lambda number, body: reply("text", "length", reasoning_content="Let me see."))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-this-test")
    sampling = {**SAMPLING, "stop": ["</sql>"], "extra_body": {"top_k": 5}, "response_format": {"type": "json_object"}}
    messages = [{"role": "system", "content": "Sé breve."}, {"role": "user", "content": "How many?\n"}]

    async def both():
        llm = teacher(server).connect()
        llm.load()
        plain = await llm.agenerate(input=messages, **sampling)
        llm._aclient = await lighten(llm._aclient)
        return plain, await llm.agenerate(input=messages, **sampling), await llm._aclient.close()

    plain, light, _ = asyncio.run(both())
    assert plain == light and plain["generations"] == ["text"]
    assert server.bodies[0] == server.bodies[1] and server.bodies[1]["top_k"] == 5
    assert server.paths == ["/v1/chat/completions"] * 2
    plain_headers, light_headers = server.headers
    assert light_headers["authorization"] == plain_headers["authorization"] == "Bearer sk-of-this-test"
    assert light_headers["content-type"] == plain_headers["content-type"]


def test_an_unknown_sampling_option_is_refused_before_any_call(chat_server, tmp_path):
    server = chat_server(lambda number, body: reply())
    faulty = Teacher("OpenAILLM", "m", {"base_url": server.url}, {"max_tokens": 5})
    with Journal(tmp_path / "j") as journal, pytest.raises(ValueError, match="max_new_tokens"):
        ask(faulty, requests(1), journal)
    assert server.questions == []


def test_the_client_of_hugging_face_loses_neither_errors_nor_finish_reasons(chat_server, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "not-a-token")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    server = chat_server(
        lambda number, body: {2: refusal(400), 3: refusal(503)}.get(number) or reply(finish_reason="length")
    )
    arguments = {"base_url": server.url.removesuffix("/v1")}
    with Journal(tmp_path / "j") as journal:
        completions = ask(
            Teacher("InferenceEndpointsLLM", "org/m", arguments, SAMPLING),
            requests(4),
            journal,
            concurrency=1,
            pause_seconds=0.01,
            max_failed_share=0.25,
            progress=lambda _: None,
        )
    assert [c.status for c in completions] == ["ok", "failed", "ok", "ok"]
    assert "400" in completions[1].reason and completions[2].finish_reason == "length"
    assert completions[0].model == "org/m" and completions[0].completion_tokens == 50


ASKER = """
    import json, sys
    from sqlreason.teachers.asking import Request, ask
    from sqlreason.teachers.journal.journal import Journal
    from sqlreason.teachers.teacher import Teacher
    prompts = [Request(f"id{n}", json.dumps([{"role": "user", "content": f"Question {n}"}])) for n in range(200)]
    teacher = Teacher("OpenAILLM", "m", {"base_url": sys.argv[1]}, {"temperature": 0.0, "max_new_tokens": 50})
    with Journal(sys.argv[2]) as journal:
        ask(teacher, prompts, journal, concurrency=4, progress=lambda _: None)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_after_an_interruption_only_the_missing_ones_are_asked(chat_server, tmp_path, number):
    reached = threading.Event()

    def behave(count, body):
        time.sleep(0.02)
        if count >= 40:
            reached.set()
        return reply()

    server = chat_server(behave)
    path = tmp_path / "journal.sqlite"
    command = [sys.executable, "-c", textwrap.dedent(ASKER), server.url, str(path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert reached.wait(60)
    os.kill(process.pid, number)
    errors = process.communicate(timeout=30)[1]
    asked = len(server.questions)
    time.sleep(0.3)
    assert len(server.questions) == asked  # nothing more is paid for
    with Journal(path) as journal:
        kept = len(journal)
    # those in flight are lost to a kill, and waited for otherwise
    assert 0 <= asked - kept <= (4 if number == signal.SIGKILL else 0)
    completions = put(server, tmp_path, 200)
    assert all(c.status == "ok" for c in completions)
    assert len(server.questions) == asked + 200 - kept
    assert process.returncode == {signal.SIGKILL: -9, signal.SIGINT: -2, signal.SIGTERM: 143}[number], errors
