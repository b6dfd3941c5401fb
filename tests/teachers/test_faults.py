"""What providers, networks, disks and people do to a run, with a real server on loopback."""

import json
import logging
import os
import random
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from sqlreason.teachers import workers
from sqlreason.teachers.asking import Request, TeacherError, ask
from sqlreason.teachers.journal.journal import Journal, JournalError
from sqlreason.teachers.teacher import Teacher

from .conftest import refusal, reply
from .test_asking import put, requests, teacher


def raw(status_line: bytes, body: bytes, length: int | None = None, pause: float = 0.0):
    """Writes an answer byte by byte where it pauses, and closes the connection."""

    def write(handler):
        head = status_line + b"\r\nContent-Type: application/json\r\nContent-Length: "
        handler.wfile.write(head + str(length if length is not None else len(body)).encode() + b"\r\n\r\n")
        for start in range(0, len(body), 8 if pause else len(body)):
            handler.wfile.write(body[start : start + 8 if pause else None])
            handler.wfile.flush()
            time.sleep(pause)
        handler.close_connection = True

    return 200, {}, write


GOOD = json.dumps(reply()[2]).encode()
RESET = raw(b"HTTP/1.1 200 OK", GOOD[:60], len(GOOD))
MALFORMED = raw(b"HTTP/1.1 200 OK", b'{"id": "chat-1", "choices": [')
DRIP = raw(b"HTTP/1.1 200 OK", GOOD, pause=0.2)
EMPTY = (200, {}, {**reply()[2], "choices": []})


@pytest.mark.parametrize("fault", [RESET, MALFORMED, refusal(500), refusal(429)], ids=["reset", "json", "500", "429"])
def test_what_goes_wrong_once_is_tried_again(chat_server, tmp_path, fault):
    server = chat_server(lambda number, body: fault if number in (2, 5) else reply())
    completions = put(server, tmp_path, 6, concurrency=2)
    assert {c.status for c in completions} == {"ok"} and len(server.questions) == 8


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(RESET, "Connection|RemoteProtocol"), (MALFORMED, "JSON"), (DRIP, "Timeout"), (EMPTY, "empty|index")],
    ids=["reset", "json", "drip", "empty"],
)
def test_what_goes_wrong_always_fails_its_own_rows_with_a_reason(chat_server, tmp_path, fault, reason):
    bad = {"Question 1", "Question 4"}
    server = chat_server(lambda number, body: fault if body["messages"][-1]["content"] in bad else reply())
    completions = put(server, tmp_path, 6, concurrency=3, attempts=2, timeout_seconds=1.0)
    failed = {f"Question {c.id[2:]}": c.reason for c in completions if c.status == "failed"}
    assert set(failed) == bad
    assert all(re.search(reason, text, re.IGNORECASE) for text in failed.values()), failed


def test_one_provider_that_asks_for_a_pause_stops_every_call(chat_server, tmp_path):
    server = chat_server(
        lambda number, body: refusal(429, Retry_After="0.6") if number == 10 else (time.sleep(0.02), reply())[1]
    )
    put(server, tmp_path, 40, concurrency=4)
    gaps = [after - before for before, after in zip(server.times, server.times[1:], strict=False)]
    assert max(gaps[9:]) >= 0.45 and len(server.questions) == 41


def test_an_overloaded_provider_gets_fewer_calls_at_once(chat_server, tmp_path):
    running, lock = [0], threading.Lock()

    def behave(number, body):
        with lock:
            running[0] += 1
            full = running[0] > 4
        try:
            time.sleep(0.02)
            return refusal(429) if full else reply()
        finally:
            with lock:
                running[0] -= 1

    server = chat_server(behave)
    completions = put(server, tmp_path, 120, concurrency=24, attempts=8)
    assert {c.status for c in completions} == {"ok"}
    assert len(server.questions) - 120 <= 100  # 24 at once throughout would be refused about 500 times


def test_a_burst_of_500s_loses_nothing(chat_server, tmp_path):
    server = chat_server(lambda number, body: refusal(500) if 10 <= number < 30 else reply())
    assert {c.status for c in put(server, tmp_path, 40, concurrency=8, attempts=8)} == {"ok"}


def test_failures_in_a_row_break_the_circuit_and_keep_what_was_answered(chat_server, tmp_path):
    server = chat_server(lambda number, body: reply() if number <= 20 else refusal(503))
    completions = put(server, tmp_path, 500, concurrency=4, attempts=2, stop_after_failures=5)
    reasons = {c.reason for c in completions if c.status == "failed"}
    assert sum(c.status == "ok" for c in completions) == 20 and len(server.questions) <= 20 + 5 * 4 + 4
    assert any("5 rounds of failures in a row" in reason and "503" in reason for reason in reasons)


def test_a_wrong_model_name_is_one_error_and_not_one_a_row(chat_server, tmp_path):
    server = chat_server(lambda number, body: refusal(404))
    with pytest.raises(TeacherError, match=r"300 of 300 requests failed.*404") as error:
        put(server, tmp_path, 300, concurrency=4, max_failed_share=0.05)
    assert len(server.questions) <= 4 and str(error.value).count("not asked") == 1


def test_no_credential_reaches_error_texts_logs_or_the_journal(chat_server, tmp_path, monkeypatch, caplog):
    secret = "sk-live-1234567890abcdef"
    server = chat_server(
        lambda number, body: (
            400, {}, {"error": {"message": f"Incorrect API key provided: {secret}. Bearer {secret}", "code": None}},
        )
    )  # fmt: skip
    monkeypatch.setenv("OPENAI_API_KEY", secret)
    with caplog.at_level(logging.DEBUG, logger="sqlreason"), pytest.raises(TeacherError) as error:
        put(server, tmp_path, 4, max_failed_share=0.0)
    assert "[credential]" in str(error.value)
    shown = str(error.value) + caplog.text + repr(error.value.__cause__) + repr(error.value.__context__)
    assert secret not in shown
    assert all(secret.encode() not in path.read_bytes() for path in tmp_path.iterdir())


def test_a_clock_that_goes_backwards_changes_neither_order_nor_latency(chat_server, tmp_path, monkeypatch):
    class Backwards(datetime):
        moments = iter(datetime(2030, 1, 1, tzinfo=UTC) - timedelta(hours=n) for n in range(100))

        @classmethod
        def now(cls, tz=None):
            return next(cls.moments)

    monkeypatch.setattr(workers, "datetime", Backwards)
    moments = iter(range(10**6, 0, -60))
    monkeypatch.setattr(time, "time", lambda: float(next(moments)))
    server = chat_server(lambda number, body: reply())
    completions = put(server, tmp_path, 8, concurrency=1)
    assert {c.status for c in completions} == {"ok"} and all(0 < c.seconds < 10 for c in completions)
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert [entry.id for entry in journal] == [f"id{n}" for n in range(8)]


def test_a_full_disk_stops_the_spending_and_loses_nothing_that_was_written(chat_server, tmp_path):
    server = chat_server(lambda number, body: (time.sleep(0.01), reply("x" * 3000))[1])
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        journal._writer.execute("PRAGMA max_page_count = 12")  # SQLite's own way of a full disk
        with pytest.raises(JournalError, match=r"journal\.sqlite cannot be .*full\).*free space"):
            ask(teacher(server), requests(80), journal, concurrency=3, progress=lambda _: None)
        kept = len(journal)
    asked = len(server.questions)
    assert 0 < kept < 40 and asked - kept <= 6
    assert {c.status for c in put(server, tmp_path, 80)} == {"ok"}
    assert len(server.questions) == asked + 80 - kept


ZYGOTE = """
    # Imports once and forks askers, so that killing twenty of them takes seconds.
    import json, os, sys, time
    import distilabel.models.llms, openai.resources.chat
    from sqlreason.teachers.asking import Request, ask
    from sqlreason.teachers.journal.journal import Journal
    from sqlreason.teachers.teacher import Teacher

    def asker(url, path, rows, concurrency):
        pid = os.fork()
        if pid:
            return pid
        prompts = [
            Request(f"id{n}", json.dumps([{"role": "user", "content": f"Question {n}"}])) for n in range(int(rows))
        ]
        teacher = Teacher("OpenAILLM", "m", {"base_url": url}, {"temperature": 0.0, "max_new_tokens": 50})
        with Journal(path) as journal:
            done = ask(teacher, prompts, journal, concurrency=int(concurrency), progress=lambda _: None)
        os._exit(sum(c.status != "ok" for c in done))

    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "start":
            print(asker(*arguments), flush=True)
        else:
            print(os.waitpid(int(arguments[0]), 0)[1], flush=True)
"""


@pytest.fixture(scope="module")
def forks():
    """`forks(line)` tells the zygote what to do and returns the number that it answers with."""
    environment = {**os.environ, "OPENAI_API_KEY": "not-a-key"}
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(ZYGOTE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=environment,
    )  # fmt: skip

    def tell(line):
        process.stdin.write(line + "\n")
        process.stdin.flush()
        return int(process.stdout.readline())

    yield tell
    process.stdin.close()
    process.wait(timeout=20)


@pytest.fixture
def zygote(forks, tmp_path):
    """`zygote(server, rows, concurrency)` gives `start()` -> process id, `wait(pid)` -> status, and the journal."""

    def prepare(server, rows, concurrency):
        path = tmp_path / "journal.sqlite"
        start = f"start {server.url} {path} {rows} {concurrency}"
        return lambda: forks(start), lambda pid: forks(f"wait {pid}"), path

    return prepare


def test_after_twenty_kills_every_row_is_there_and_only_calls_in_flight_were_made_twice(chat_server, zygote):
    rows, concurrency, rng = 400, 8, random.Random(20)
    server = chat_server(lambda number, body: (time.sleep(0.06), reply(f"to {body['messages'][-1]['content']}"))[1])
    start, wait, path = zygote(server, rows, concurrency)
    lost = 0
    for _ in range(20):
        before, pid = len(server.questions), start()
        until = time.monotonic() + 20
        while len(server.questions) == before and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(rng.uniform(0.0, 0.25))
        os.kill(pid, signal.SIGKILL)
        assert wait(pid) == signal.SIGKILL
        time.sleep(0.1)  # the server finishes what it was asked
        with Journal(path) as journal:
            assert len(server.questions) - len(journal) - lost <= concurrency
            lost = len(server.questions) - len(journal)
    assert wait(start()) == 0
    with Journal(path) as journal:
        assert {entry.id: entry.text for entry in journal} == {f"id{n}": f"to Question {n}" for n in range(rows)}
    assert len(server.questions) == rows + lost <= rows + 20 * concurrency


def test_a_second_process_is_refused_in_a_sentence_until_the_first_has_ended_however_it_ended(chat_server, zygote):
    server = chat_server(lambda number, body: (time.sleep(1.0 if number <= 2 else 0.02), reply())[1])
    start, wait, path = zygote(server, 12, 2)
    first = start()
    while len(server.questions) < 2:
        time.sleep(0.01)
    with Journal(path) as journal:
        with pytest.raises(JournalError, match=r"Another run .*journal\.sqlite.*paid for twice: wait"):
            ask(teacher(server), requests(12), journal, progress=lambda _: None)
        assert len(server.questions) == 2
        os.kill(first, signal.SIGKILL)
        wait(first)
        ask(teacher(server), requests(12), journal, progress=lambda _: None)
        assert len(server.questions) == 14  # the two that the first had in flight were asked again
        ask(teacher(server), requests(12), journal, progress=lambda _: None)
    assert len(server.questions) == 14


def test_answers_that_are_there_are_read_while_another_asks(chat_server, tmp_path):
    server = chat_server(lambda number, body: reply())
    put(server, tmp_path, 3)
    with Journal(tmp_path / "journal.sqlite") as journal, Journal(tmp_path / "journal.sqlite") as other:
        with other.only_asker():
            assert {c.status for c in ask(teacher(server), requests(3), journal)} == {"ok"}
            with pytest.raises(JournalError, match="Another run"):
                ask(teacher(server), requests(4), journal)
        assert {c.status for c in ask(teacher(server), requests(4), journal)} == {"ok"}


def test_hours_are_a_hard_stop(chat_server, tmp_path):
    server = chat_server(lambda number, body: (time.sleep(0.05), reply())[1])
    completions = put(server, tmp_path, 100, concurrency=2, max_hours=0.4 / 3600)
    reasons = {c.reason for c in completions if c.status == "failed"}
    assert len(server.questions) <= 0.4 / 0.05 * 2 + 2 and len(reasons) == 1 and "hours are over" in reasons.pop()


def test_progress_tells_accepted_share_dollars_and_failures(chat_server, tmp_path):
    server = chat_server(lambda number, body: refusal(400) if number == 3 else reply("yes" if number % 2 else "no"))
    told = []
    put(server, tmp_path, 8, concurrency=1, accept=lambda entry: entry.text == "yes",
        progress=lambda tally: told.append((tally.ended, tally.accepted, tally.failed)))  # fmt: skip
    assert told[-1] == (8, 3, 1)


def test_samples_of_one_question_are_asked_each_and_the_first_keeps_its_key(chat_server, tmp_path):
    server = chat_server(lambda number, body: reply(f"answer {number}"))
    put(server, tmp_path, 1)
    message = requests(1)[0].messages
    with Journal(tmp_path / "journal.sqlite") as journal:
        asked = [Request("id0", message, sample) for sample in range(3)]
        completions = ask(teacher(server), asked, journal, concurrency=1, progress=lambda _: None)
    assert [c.text for c in completions] == ["answer 1", "answer 2", "answer 3"]
    assert [c.sample for c in completions] == [0, 1, 2]


def test_a_faulty_teacher_is_refused_before_anything_is_locked(chat_server, tmp_path):
    with Journal(tmp_path / "j") as journal, pytest.raises(ValueError, match="no argument url"):
        ask(Teacher("OpenAILLM", "m", {"url": "x"}), requests(1), journal)
    assert not list(tmp_path.glob("*-lock"))
