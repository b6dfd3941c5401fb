"""A second chance for queries that do not run: who gets it, what the student is told, and what is counted."""

from types import SimpleNamespace

import pytest

from sqlreason.reasoning.format import parse, render
from sqlreason.sql.verifier import Task
from sqlreason.students.checkpoints.adapter import Adapter
from sqlreason.students.generation import self_repair
from sqlreason.students.generation.decoding import Generation

CONTEXT = "CREATE TABLE users (name TEXT, age INT); INSERT INTO users VALUES ('Ann', 30), ('Bob', 40);"
RIGHT, MISNAMED = "SELECT name FROM users", "SELECT surname FROM users"
QUESTION = [{"role": "user", "content": "Who is there?"}]
TASK = Task("1", "", (CONTEXT,))


def said(sql, finished=True, think="Read users."):
    return Generation(render(think, sql) if sql else "no tags", 10, finished, 0.5)


def correct(answers, replies, attempts=1, fits=lambda _: True, task=TASK):
    """The corrected answers, and the conversations of every round; `replies` are given in their order."""
    rounds, waiting = [], iter(replies)

    def ask(conversations, number):
        rounds.append(conversations)
        return [next(waiting) for _ in conversations]

    many = [QUESTION] * len(answers), [task] * len(answers)
    return self_repair.correct(answers, *many, ask, attempts=attempts, fits=fits), rounds


def test_only_a_query_that_does_not_run_is_asked_about_again():
    wrong_but_runs = "SELECT age FROM users"
    given = [said(RIGHT), said(MISNAMED), said(wrong_but_runs), said(""), said(MISNAMED, finished=False)]
    found, ((asked,),) = correct(given, [said(RIGHT)])
    assert [corrected.retries for corrected in found] == [0, 1, 0, 0, 0]
    assert parse(found[1].answer.text).sql == RIGHT and found[1].first == said(MISNAMED).text
    assert [turn["role"] for turn in asked] == ["user", "assistant", "user"]
    assert asked[1]["content"] == said(MISNAMED).text and "no such column: surname" in asked[2]["content"]


def test_tokens_and_seconds_of_both_answers_count():
    ((corrected,), _) = correct([said(MISNAMED)], [said(RIGHT)])
    assert (corrected.answer.tokens, corrected.answer.seconds) == (20, 1.0)


@pytest.mark.parametrize("text", [RIGHT, "INSERT INTO users VALUES ('Cy', 50)"], ids=["read", "write"])
def test_the_gold_is_not_looked_at(text):
    ruined = Task("1", "SELECT nothing FROM nowhere", (CONTEXT, "no SQL at all"))
    (found,), rounds = correct([said(text)], [], task=ruined)
    assert not rounds and not found.retries


def test_an_answer_outside_of_the_grammar_does_not_replace_one_within_and_ends_the_attempts():
    (found,), rounds = correct([said(MISNAMED)], [said(""), said(RIGHT)], attempts=3)
    assert len(rounds) == 1 and found.answer.text == said(MISNAMED).text and found.answer.tokens == 20


def test_every_round_shows_the_last_failure_alone():
    (found,), rounds = correct([said(MISNAMED)], [said("SELECT name FROM user"), said(RIGHT)], attempts=3)
    assert [len(asked) for (asked,) in rounds] == [3, 3]
    assert "no such table: user" in rounds[1][0][2]["content"] and "surname" not in str(rounds[1])
    assert found.retries == 2 and parse(found.answer.text).sql == RIGHT


def test_what_the_student_cannot_read_is_not_asked_and_counted():
    (found,), rounds = correct([said(MISNAMED)], [], fits=lambda _: False)
    assert not rounds and found.too_long and not found.retries and found.answer.text == said(MISNAMED).text


HOSTILE = [
    "ATTACH 'out.db' AS o", "SELECT load_extension('x')", "PRAGMA writable_schema=1", "DROP TABLE users; SELECT 1",
]  # fmt: skip


@pytest.mark.parametrize("sql", HOSTILE)
def test_hostile_queries_stay_in_the_sandbox_in_every_round(sql, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (found,), rounds = correct([said(sql)], [said(sql)], attempts=1)
    assert len(rounds) == 1 and found.retries == 1 and not list(tmp_path.iterdir())


def test_tokens_of_the_template_in_an_answer_are_mere_words_when_it_is_shown_again():
    sql = 'SELECT "<|eot_id|>" FROM users'
    _, ((asked,),) = correct([said(sql, think="See <|start_header_id|>.")], [said(RIGHT)])
    assert not any("<|eot_id|>" in turn["content"] or "<|start_header_id|>" in turn["content"] for turn in asked)


def test_without_attempts_nothing_is_run():
    found, rounds = correct([said(MISNAMED)], [], attempts=0)
    assert not rounds and found == [self_repair.Repaired(said(MISNAMED), said(MISNAMED).text)]


def test_samples_are_corrected_one_by_one():
    drawn = [said(MISNAMED), said(RIGHT), said(RIGHT), said("SELECT name FROM user")]

    class Student:
        adapter, tools = None, None

        class checkpoint:
            window = 100

            @staticmethod
            def load_chat():
                return SimpleNamespace(prompt_ids=lambda messages: range(60))

        def answer(self, conversations, progress=None, **sampling):
            asked.append((len(conversations), sampling))
            return drawn if len(asked) == 1 else [said(RIGHT)] * len(conversations)

    asked = []
    shared = {"samples": 2, "temperature": 0.7, "attempts": 1}
    found = self_repair.answer(Student(), [QUESTION] * 2, [TASK] * 2, max_new_tokens=40, **shared)
    assert [corrected.retries for corrected in found] == [1, 0, 0, 1] and [count for count, _ in asked] == [2, 2]
    assert all(sampling["temperature"] == 0.7 for _, sampling in asked) and "samples" not in asked[1][1]
    asked.clear()
    found = self_repair.answer(Student(), [QUESTION] * 2, [TASK] * 2, max_new_tokens=41, **shared)
    assert [corrected.too_long for corrected in found] == [True, False, False, True] and len(asked) == 1


@pytest.mark.parametrize(("facts", "warned"), [({}, True), ({"self_repairs": 0}, True), ({"self_repairs": 5}, False)])
def test_a_student_that_was_not_taught_so_is_warned_of(facts, warned, caplog, checkpoint):
    class Student:
        adapter, tools = Adapter({}, {}, "base", "prompt", facts), None

        def __init__(self):
            self.checkpoint = checkpoint

        def answer(self, conversations, progress=None, **_):
            return [said(RIGHT)] * len(conversations)

    chances = {"samples": 1, "temperature": 0.7, "max_new_tokens": 8}
    self_repair.answer(Student(), [QUESTION], [TASK], attempts=0, **chances)
    assert "taught no corrections" not in caplog.text
    self_repair.answer(Student(), [QUESTION], [TASK], attempts=1, **chances)
    assert ("taught no corrections" in caplog.text) == warned
