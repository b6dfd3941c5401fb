import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from contextlib import closing

import pytest

from sqlreason.teachers.journal.journal import VERSION, Charge, Entry, Journal, JournalError, key_of

MESSAGES = [{"role": "user", "content": "How many?"}]


def entry(key: str, text: str = "an answer\nwith “lines”") -> Entry:
    return Entry(key, "1", "m", text, "", "stop", 3, 4, 0.5, 0.01, "r-1", "2025-01-01T00:00:00+00:00")


def test_what_is_recorded_is_found_after_reopening(tmp_path):
    path = tmp_path / "deep" / "journal.sqlite"
    with Journal(path) as journal:
        journal.record(entry("a"))
    with Journal(path) as journal:
        assert journal.find("a") == entry("a")
        assert journal.find("b") is None
        assert "a" in journal and len(journal) == 1 and list(journal) == [entry("a")]


def test_an_entry_is_never_overwritten(tmp_path):
    with Journal(tmp_path / "j") as journal:
        journal.record(entry("a", "first"))
        journal.record(entry("a", "second"))
        assert [item.text for item in journal] == ["first"]


def test_charges_are_added_up_by_request_and_are_no_entries(tmp_path):
    with Journal(tmp_path / "j") as journal:
        journal.record(Charge("a", 0.5, "why", ""), entry("b"), Charge("b", 1.0, "why", ""), Charge("a", 0.25, "", ""))
        assert journal.charged(["a", "c"]) == {"a": 0.75} and journal.charged("b") == {"b": 1.0}
        assert list(journal) == [entry("b")]


def test_a_journal_of_before_there_were_charges_is_read_and_can_be_charged(tmp_path):
    path = tmp_path / "j"
    with Journal(path) as journal:
        journal.record(entry("a"))
    with closing(sqlite3.connect(path)) as old:
        old.execute("DROP TABLE charges")
        old.execute("PRAGMA user_version = 1")
    with Journal(path) as journal:
        assert list(journal) == [entry("a")] and journal.charged("a") == {}
        journal.record(Charge("a", 0.5, "why", ""))
        assert journal.charged("a") == {"a": 0.5}


def test_a_journal_of_a_later_version_is_refused(tmp_path):
    path = tmp_path / "j"
    Journal(path).close()
    with closing(sqlite3.connect(path)) as later:
        later.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(JournalError, match=f"a journal of version {VERSION + 1}"):
        Journal(path)


def test_the_key_follows_model_sampling_and_messages():
    key = key_of("m", {"temperature": 0.7, "max_new_tokens": 9}, MESSAGES)
    assert key == key_of("m", {"max_new_tokens": 9, "temperature": 0.7}, MESSAGES)
    others = [
        key_of("n", {"temperature": 0.7, "max_new_tokens": 9}, MESSAGES),
        key_of("m", {"temperature": 0.8, "max_new_tokens": 9}, MESSAGES),
        key_of("m", {"temperature": 0.7, "max_new_tokens": 9}, [{"role": "user", "content": "How much?"}]),
    ]
    assert len({key, *others}) == 4


@pytest.mark.parametrize("content", [b"this is no database, but it is long enough to look at" * 20])
def test_another_file_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "j"
    path.write_bytes(content)
    with pytest.raises(JournalError, match="give another path"):
        Journal(path)
    assert path.read_bytes() == content


WRITER = """
    import sys
    from sqlreason.teachers.journal.journal import Entry, Journal
    with Journal(sys.argv[1]) as journal:
        for number in range(int(sys.argv[3])):
            key = f"{sys.argv[2]}{number}"
            journal.record(Entry(key, "1", "m", "x" * 3000, "", "stop", 1, 1, 0.1, 0.0, "", ""))
            print(key, flush=True)
"""


def write(path, name, count):
    code = textwrap.dedent(WRITER)
    return subprocess.Popen(
        [sys.executable, "-c", code, str(path), name, str(count)], stdout=subprocess.PIPE, text=True
    )


def test_two_processes_write_at_the_same_time(tmp_path):
    writers = [write(tmp_path / "j", name, 150) for name in "ab"]
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    with Journal(tmp_path / "j") as journal:
        assert len(journal) == 300


def test_a_killed_writer_loses_nothing_that_it_had_confirmed(tmp_path):
    writer = write(tmp_path / "j", "a", 100_000)
    confirmed = [writer.stdout.readline().strip() for _ in range(200)]
    os.kill(writer.pid, signal.SIGKILL)
    confirmed += writer.stdout.read().split("\n")[:-1]
    writer.wait()
    with Journal(tmp_path / "j") as journal:
        assert all(key in journal for key in confirmed)
        assert len(journal) - len(confirmed) in (0, 1)
        assert all(len(item.text) == 3000 for item in journal)
        journal.record(entry("b"))
