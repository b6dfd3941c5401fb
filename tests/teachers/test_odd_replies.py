"""What providers answer beside plain text: read where it has a meaning, and else it costs its own row and no other."""

import asyncio
import dataclasses
import re
import sqlite3
from contextlib import closing, suppress
from dataclasses import asdict

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kedro_datasets.pandas import ParquetDataset

from sqlreason.data.tables import records
from sqlreason.datasets.hub_dataset import HubDataset
from sqlreason.exports.dataset_card import Publication
from sqlreason.pipelines.distillation.nodes import read_completions
from sqlreason.teachers.answers import read_answer
from sqlreason.teachers.asking import Request, ask
from sqlreason.teachers.clients.replies import MOST_TOKENS, UnreadableReply, read_reply
from sqlreason.teachers.journal.batched_writer import BatchedWriter
from sqlreason.teachers.journal.journal import Entry, Journal, JournalError, UnstorableEntry
from sqlreason.teachers.prices import Prices

from .conftest import ANSWER, reply
from .test_asking import put, requests, teacher

PARTS = [{"type": "text", "text": ANSWER[:20]}, {"type": "text", "text": ANSWER[20:]}]
THOUGHT = [{"type": "thinking", "thinking": [{"type": "text", "text": "Count the rows of t."}]}]
SQL = "SELECT COUNT(*) FROM t"
TOOLS = [{"id": "c1", "type": "function", "function": {"name": "run", "arguments": "{}"}}]


def changed(**body):
    """A good answer whose body has other values."""
    return 200, {}, {**reply()[2], **body}


def one_bad(chat_server, folder, bad, **options):
    """Three answers, of which the second is `bad`."""
    server = chat_server(lambda number, body: bad if body["messages"][-1]["content"] == "Question 1" else reply())
    return put(server, folder, 3, concurrency=3, **options)


READ = {
    "parts": reply(PARTS),
    "parts with the reasoning among them": reply([*THOUGHT, {"type": "text", "text": f"```sql\n{SQL}\n```"}]),
    "a finish reason that is an object": reply(finish_reason={"type": "stop"}, completion=20),
    "a reasoning in parts beside the content": reply(f"```sql\n{SQL}\n```", reasoning=THOUGHT),
    "no usage": changed(usage=None),
    "usage without counts": changed(usage={"prompt_tokens": None, "completion_tokens": None}),
    "counts that are whole numbers with a point": changed(usage={"prompt_tokens": 100.0, "completion_tokens": 50.0}),
    "no id": changed(id=None),
    "an id that is a number": changed(id=7),
    "a usage that is a text": changed(usage="free"),
    "no finish reason": reply(finish_reason=None, completion=20),
    "a content beside a call": reply(tool_calls=TOOLS),
    "no object field": changed(object=None, model=None, created="now"),
}
REJECTED = {
    "null": (reply(None), "empty"),
    "an empty content": (reply(""), "empty"),
    "no parts": (reply([]), "empty"),
    "white space": (reply(" \n"), "empty"),
    "a refusal": (reply(None, refusal="I will not."), "refusal: I will not."),
    "a filter": (reply(None, "content_filter"), "refusal: content_filter"),
    "a filter within the answer": (reply(ANSWER[:30], "content_filter"), "refusal"),
    "a tool": (reply(None, "tool_calls", tool_calls=TOOLS), "tool_call"),
    "a tool that is not told": (reply("", "stop", tool_calls=TOOLS), "tool_call"),
    "a tool in a part": (reply([{"type": "tool_use", "name": "run", "input": {}}]), "tool_call"),
}
HALF = "\ud800"
FAILED = {
    "half a character in the content": (reply(ANSWER + HALF), "half a character"),
    "half a character in a part": (reply([{"type": "text", "text": HALF}]), "half a character"),
    "half a character in the reasoning": (reply(ANSWER, reasoning_content=HALF), "half a character"),
    "half a character in the id": (changed(id=HALF), "half a character"),
    "half a character in the finish reason": (reply(ANSWER, HALF), "half a character"),
    "an object": (reply({"text": ANSWER}), "dict .* where a text should be"),
    "a number": (reply(7), "int 7 where a text should be"),
    "a list of strings": (reply([ANSWER]), "neither text nor reasoning"),
    "a list of lists": (reply([[]]), "neither text nor reasoning"),
    "a part of another kind": (reply([{"type": "image_url", "image_url": "x"}]), "neither text nor reasoning"),
    "a part whose text is an object": (reply([{"type": "text", "text": {}}]), "where a text should be"),
    "a reasoning that is an object": (reply(ANSWER, reasoning_content={"a": 1}), "where a text should be"),
    "tokens beyond all sense": (reply(prompt=10**30), "where a number of tokens should be"),
    "tokens that are too many": (reply(completion=10**12), "where a number of tokens should be"),
    "fewer tokens than none": (reply(completion=-5), "where a number of tokens should be"),
    "tokens in words": (changed(usage={"prompt_tokens": "many"}), "where a number of tokens should be"),
    "no choices": (changed(choices=None), "."),
    "a message that is a list": (changed(choices=[{"index": 0, "message": [ANSWER]}]), "."),
    "a body that is a list": ((200, {}, [ANSWER]), "."),
    "a body that is a text": ((200, {}, ANSWER), "."),
    "a body that is null": ((200, {}, None), "."),
}


@pytest.mark.parametrize("case", READ)
def test_what_has_a_meaning_is_read(chat_server, tmp_path, case):
    completion = one_bad(chat_server, tmp_path, READ[case])[1]
    assert (completion.status, completion.reason) == ("ok", "")
    read = read_answer(asdict(completion))
    assert (read.status, read.think, read.sql) == ("ok", "Count the rows of t.", SQL)


@pytest.mark.parametrize("case", REJECTED)
def test_an_answer_without_a_trace_is_rejected_with_its_reason(chat_server, tmp_path, case):
    bad, reason = REJECTED[case]
    completions = one_bad(chat_server, tmp_path, bad)
    assert [c.status for c in completions] == ["ok"] * 3
    read = [read_answer(asdict(c)) for c in completions]
    assert [r.status for r in read] == ["ok", "rejected", "ok"] and read[1].reason.startswith(reason)


@pytest.mark.parametrize("case", FAILED)
def test_what_cannot_be_read_or_stored_fails_its_row_alone(chat_server, tmp_path, case):
    bad, reason = FAILED[case]
    completions = one_bad(chat_server, tmp_path, bad)
    assert [c.status for c in completions] == ["ok", "failed", "ok"]
    assert re.search(reason, completions[1].reason), completions[1].reason
    completions[1].reason.encode("utf-8")
    with Journal(tmp_path / "journal.sqlite") as journal:
        assert sorted(entry.id for entry in journal) == ["id0", "id2"]


def test_an_answer_without_usage_is_paid_for_by_its_length(chat_server, tmp_path):
    priced = Prices(usd_per_million_input=1e6, usd_per_million_output=1e6)
    completion = one_bad(chat_server, tmp_path, changed(usage=None), prices=priced)[1]
    assert (completion.prompt_tokens, completion.completion_tokens) == (0, 0)  # unknown
    assert completion.usd == -(-len("Question 1") // 4) + -(-len(ANSWER) // 4)


def test_an_answer_that_cannot_be_read_is_paid_for_all_the_same(chat_server, tmp_path):
    server = chat_server(lambda number, body: reply({"text": ANSWER}))
    priced = Prices(usd_per_million_output=1e6)  # a dollar a token, 50 an answer
    completions = put(server, tmp_path, 10, priced, concurrency=1, max_usd=149.0)
    assert len(server.questions) == 2 and "budget: 100.0000 of 149.0" in completions[-1].reason


def test_what_was_paid_for_replies_without_an_answer_is_in_the_bill_and_in_the_next_runs_budget(chat_server, tmp_path):
    def every_second(number, body):
        odd = int(body["messages"][-1]["content"].split()[-1]) % 2
        return reply(ANSWER if odd else {"text": ANSWER}, prompt=0, completion=30)

    server = chat_server(every_second)
    priced = Prices(usd_per_million_output=5_000.0)  # 0.15 dollars an answer, 0.25 for what cannot be read
    first = put(server, tmp_path, 10, priced, concurrency=1, max_usd=2.5)
    assert [c.status for c in first] == ["failed", "ok"] * 5
    assert [c.usd for c in first] == pytest.approx([0.25, 0.15] * 5)
    again = put(server, tmp_path, 10, priced, concurrency=1, max_usd=2.5)
    assert len(server.questions) == 12 and "2.5000 of 2.5" in again[-2].reason
    assert sum(c.usd for c in again) == pytest.approx(2.5)
    server.behaviour = lambda number, body: reply(prompt=0, completion=30)
    last = put(server, tmp_path, 10, priced, concurrency=1)
    assert [c.status for c in last] == ["ok"] * 10
    assert sum(c.usd for c in last) == pytest.approx(0.25 * 7 + 0.15 * 10)
    assert put(server, tmp_path, 10, priced) == last  # without a call


def test_an_answer_that_no_file_can_hold_is_billed_too(chat_server, tmp_path, monkeypatch):
    insert = Journal.record

    def record(journal, *entries):
        if any(isinstance(one, Entry) and one.id == "id1" for one in entries):
            raise UnstorableEntry("too odd")
        insert(journal, *entries)

    monkeypatch.setattr(Journal, "record", record)
    server = chat_server(lambda number, body: reply())
    completions = put(server, tmp_path, 3, Prices(usd_per_million_output=20_000.0))
    assert [c.status for c in completions] == ["ok", "failed", "ok"] and [c.usd for c in completions] == [1.0] * 3


def test_of_equal_requests_the_first_is_billed_for_what_cannot_be_read(chat_server, tmp_path):
    server = chat_server(lambda number, body: reply({"text": ANSWER}))
    twice = [Request(name, requests(1)[0].messages) for name in ("a", "b")]
    with Journal(tmp_path / "j") as journal:
        who = teacher(server, Prices(usd_per_million_output=20_000.0))
        completions = ask(who, twice, journal, max_failed_share=1.0, progress=lambda _: None)
    assert [c.usd for c in completions] == [1.0, 0.0] and len(server.questions) == 1


LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(st.characters(), max_size=4),
                   st.sampled_from(["text", "thinking", "tool_use", "stop", HALF]))  # fmt: skip
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["type", "text", "thinking", "content", "name", "prompt_tokens"]), inner),
    ),
    max_leaves=6,
)
MESSAGES = st.fixed_dictionaries(
    {"content": VALUES}, optional=dict.fromkeys(["reasoning_content", "reasoning", "refusal", "tool_calls"], VALUES)
)
BODIES = st.one_of(
    VALUES,
    st.fixed_dictionaries(
        {"choices": st.one_of(VALUES, st.lists(st.fixed_dictionaries({"message": MESSAGES, "finish_reason": VALUES})))},
        optional={"id": VALUES, "usage": VALUES, "content": VALUES},
    ),
)


@given(BODIES, st.sampled_from([{}, {"generations": [None]}, {"generations": ["x"], "statistics": {}}]))
def test_whatever_a_provider_sends_is_a_reply_that_can_be_stored_or_is_refused_as_unreadable(body, output):
    try:
        found = read_reply(body, output, 50)
    except UnreadableReply as error:
        str(error).encode("utf-8")
        return
    for value in (found.text, found.reasoning, found.finish_reason, found.request_id):
        value.encode("utf-8")
    assert 0 <= found.prompt_tokens <= MOST_TOKENS and 0 <= found.completion_tokens <= MOST_TOKENS
    assert read_answer(asdict(found)).status in ("ok", "rejected")


ODD = ["\x00", "\x08\x1b[31m", "a\rb", "\u2028\u2029\x85", "\ufeff\ufffe", "\u202ea\u0301", "\U0001f600\U0010ffff"]


@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_whatever_unicode_an_answer_holds_arrives_in_the_table_of_traces(chat_server, tmp_path, odd):
    sql = f"SELECT '{odd}' FROM t"
    (_, done, _) = one_bad(chat_server, tmp_path, reply(f"<think>\nCount {odd} t.\n</think>\n<sql>\n{sql}\n</sql>"))
    asked = pd.DataFrame([{"id": "id1", "reason": "", "mode": "blind"}])
    traces = read_completions(asked, pd.DataFrame([{**asdict(done), "mode": "blind"}]))
    for entry in (ParquetDataset(filepath=str(tmp_path / "t.parquet")), HubDataset(filepath=str(tmp_path / "hub"))):
        entry.save(traces if isinstance(entry, ParquetDataset) else Publication(records(traces), odd))
        loaded = pd.DataFrame(entry.load())
        assert loaded["sql"].tolist() == [sql] and loaded["think"].tolist() == [f"Count {odd} t."]


def entry(key, **changes):
    good = Entry(key, "1", "m", "text", "", "stop", 3, 4, 0.5, 0.01, "r", "2025-01-01T00:00:00+00:00")
    return dataclasses.replace(good, **changes)


@pytest.mark.parametrize(
    "changes",
    [{"text": HALF}, {"reasoning": HALF}, {"id": HALF}, {"text": {}}, {"text": ["a"]}, {"prompt_tokens": 10**30}],
    ids=str,
)
def test_an_entry_that_no_file_can_hold_leaves_the_journal_as_it_was_and_usable(tmp_path, changes):
    with Journal(tmp_path / "j") as journal:
        journal.record(entry("a"))
        with pytest.raises(UnstorableEntry):
            journal.record(entry("b"), entry("c", **changes))
        assert [item.key for item in journal] == ["a"] and not journal._writer.in_transaction
        journal.record(entry("d"))
        assert [item.key for item in journal] == ["a", "d"]


def test_an_entry_that_cannot_be_stored_takes_no_other_of_its_batch_with_it(tmp_path):
    async def keep(journal):
        writer = BatchedWriter(journal)
        entries = [entry("a"), entry("b", text=HALF), entry("c")]
        return await asyncio.gather(*map(writer.record, entries), return_exceptions=True)

    with Journal(tmp_path / "j") as journal:
        done = asyncio.run(keep(journal))
        assert [type(result) for result in done] == [type(None), UnstorableEntry, type(None)]
        assert sorted(item.key for item in journal) == ["a", "c"]


# ---------------------------------------------------------------------------------------------- foreign files
@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("CREATE TABLE entries (key TEXT, answer TEXT)", "entries has the columns key, answer"),
        ("CREATE TABLE album (id INTEGER)", "it has the tables album"),
        ("CREATE TABLE entries (key INTEGER NOT NULL)", "entries has the columns key"),
    ],
)
def test_a_database_of_another_program_is_refused_and_left_alone(tmp_path, statement, told):
    path = tmp_path / "other.sqlite"
    with closing(sqlite3.connect(path)) as other:
        other.execute(statement)
    content = path.read_bytes()
    with pytest.raises(JournalError, match=told) as error:
        Journal(path)
    assert "other.sqlite is no journal" in str(error.value) and "give another path" in str(error.value)
    assert path.read_bytes() == content and [file.name for file in tmp_path.iterdir()] == ["other.sqlite"]


def test_a_journal_where_no_file_can_be_is_named(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(JournalError, match="folder cannot be read or written"):
        Journal(tmp_path / "folder")


@pytest.mark.parametrize("odd", [5, {}, "stop", [], [{}], [None], None, True])
def test_what_distilabel_makes_of_an_answer_is_not_trusted_either(odd):
    response = changed(usage=None)[2]
    output = {"generations": odd, "finish_reason": odd, "statistics": {"input_tokens": odd, "output_tokens": odd}}
    with suppress(UnreadableReply):
        assert read_reply(response, output, 100).text == ANSWER
    with suppress(UnreadableReply):
        assert not read_reply(None, output, 100).text
