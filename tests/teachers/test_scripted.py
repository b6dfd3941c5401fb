import json

import pytest
import yaml

from sqlreason.reasoning.format import normalise, parse
from sqlreason.reasoning.plan import check_plan
from sqlreason.reasoning.prompts import Prompt, build_messages, schema_text
from sqlreason.sql.parsing.schema import parse_schema
from sqlreason.teachers.asking import Request, ask
from sqlreason.teachers.clients.scripted import MALFORMATIONS, Script, count_tokens
from sqlreason.teachers.journal.journal import Journal
from sqlreason.teachers.teacher import Teacher

CONTEXT = "CREATE TABLE orders (id INT, city TEXT, total REAL); INSERT INTO orders VALUES (1, 'Lyon', 3.5);"
GOLDS = {
    f"What is the total of the orders above {number} in Lyon?": (
        f"SELECT SUM(total) FROM orders WHERE city = 'Lyon' AND total > {number}"
    )
    for number in range(400)
}


@pytest.fixture(scope="module")
def prompt():
    user = "{schema}\n\nQuestion: {question}"
    return Prompt.from_mapping({"name": "p", "version": 1, "system": "Answer.", "user": user})


def messages(prompt, question):
    return build_messages(prompt, question, schema_text(CONTEXT, sample_rows=1))


def readings(prompt, **arguments):
    script = Script(GOLDS, **arguments)
    return {question: parse(script.answer(messages(prompt, question)).text) for question in GOLDS}


def test_without_errors_every_answer_is_the_explained_gold(prompt):
    schema = parse_schema(CONTEXT)
    for question, reading in readings(prompt, error_rate=0.0, format_error_rate=0.0).items():
        assert reading.sql == GOLDS[question]
        assert check_plan(reading.think, reading.sql, schema).consistency == 1.0


def test_the_same_question_gets_the_same_answer_and_another_seed_another_wording(prompt):
    first, second, other = (readings(prompt, seed=seed) for seed in (1, 1, 2))
    assert first == second
    assert sum(first[question] != other[question] for question in GOLDS) > 200


def test_it_errs_as_often_as_it_is_told_and_explains_the_wrong_query(prompt):
    answers = readings(prompt, error_rate=0.25, format_error_rate=0.0, seed=3)
    wrong = {question: reading for question, reading in answers.items() if reading.sql != GOLDS[question]}
    assert 70 <= len(wrong) <= 130  # 100 expected, standard deviation 8.7
    assert all(reading.well_formed for reading in wrong.values())
    assert all("orders" in reading.think for reading in wrong.values())
    assert any("SUM" not in reading.sql or "total >" not in reading.sql for reading in wrong.values())


def test_its_malformed_answers_are_malformed_in_every_way(prompt):
    answers = readings(prompt, error_rate=0.0, format_error_rate=0.5, seed=3)
    reasons = {reading.reason for reading in answers.values()}
    assert reasons == {"", "unclosed", "junk_before", "repeated_sql", "no_sql", "no_think"}
    assert 160 <= sum(not reading.well_formed for reading in answers.values()) <= 240
    text = "<think>\na\n</think>\n<sql>\nSELECT a, b, c FROM t\n</sql>"
    assert all(not parse(malform(text)).well_formed for malform in MALFORMATIONS)
    assert sum(parse(normalise(malform(text))).well_formed for malform in MALFORMATIONS) == 1  # the fence


def test_a_long_answer_is_cut_at_the_token_limit(prompt):
    question = next(iter(GOLDS))
    answer = Script(GOLDS, error_rate=0, format_error_rate=0).answer(messages(prompt, question), max_new_tokens=10)
    assert answer.finish_reason == "length" and answer.completion_tokens == 10 and len(answer.text) == 40


def test_tokens_are_counted_by_the_stated_approximation(prompt):
    assert [count_tokens(text) for text in ("", "a", "four", "fives")] == [0, 1, 1, 2]
    question = next(iter(GOLDS))
    asked = messages(prompt, question)
    answer = Script(GOLDS).answer(asked)
    assert answer.prompt_tokens == sum(count_tokens(message["content"]) for message in asked)


@pytest.mark.parametrize(
    "question", ["How many\norders are there?", "Is <|eot_id|> or </sql> a city?", "Note: how many?", "How?"]
)
def test_questions_are_found_however_they_are_written(prompt, question):
    script = Script({**GOLDS, question: "SELECT COUNT(*) FROM orders"}, error_rate=0, format_error_rate=0)
    assert parse(script.answer(messages(prompt, question)).text).sql == "SELECT COUNT(*) FROM orders"


def test_the_longest_matching_question_wins(prompt):
    key = {"How many?": "SELECT 1 FROM orders", "How many? And how much?": "SELECT 2 FROM orders"}
    script = Script(key, error_rate=0, format_error_rate=0)
    assert parse(script.answer(messages(prompt, "How many? And how much?")).text).sql == "SELECT 2 FROM orders"


def test_the_same_question_about_two_schemas_is_told_apart_by_the_whole_message(prompt):
    asked = messages(prompt, "How many?")
    script = Script({"How many?": "SELECT 1 FROM a", asked[-1]["content"]: "SELECT 2 FROM orders"}, 0, 0)
    assert parse(script.answer(asked).text).sql == "SELECT 2 FROM orders"


def test_shares_outside_of_zero_to_one_are_refused():
    with pytest.raises(ValueError, match=r"share in \[0, 1\]"):
        Script(GOLDS, error_rate=1.5)


def test_it_answers_through_distilabel_like_any_teacher(project, tmp_path):
    file = project / "data" / "01_raw" / "prompts" / "teacher.yaml"
    prompt = Prompt.from_mapping(yaml.safe_load(file.read_text(encoding="utf-8")))
    asked = [*list(GOLDS)[:30], "Who is this?"]
    prompts = [Request(str(n), json.dumps(messages(prompt, question))) for n, question in enumerate(asked)]
    teacher = Teacher("scripted", arguments={"seed": 1}, sampling={"temperature": 0.7, "max_new_tokens": 512})
    with Journal(tmp_path / "j") as journal:
        completions = ask(teacher, prompts, journal, answer_key=GOLDS, progress=lambda _: None)
        assert len(journal) == 30
    assert [c.status for c in completions] == ["ok"] * 30 + ["failed"]
    assert "answer key" in completions[-1].reason
    assert {c.finish_reason for c in completions[:-1]} == {"stop"} and completions[0].completion_tokens > 20


def test_other_arguments_or_golds_are_another_teacher_to_the_journal():
    plain, seeded = Teacher("scripted"), Teacher("scripted", arguments={"seed": 1})
    names = {plain.identity({"a": "x"}), plain.identity({"a": "y"}), seeded.identity({"a": "x"})}
    assert len(names) == 3 and plain.identity({"a": "x"}) in names


def test_only_the_scripted_teacher_sees_golds(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "not-a-key")
    with pytest.raises(ValueError, match="answer key"):
        Teacher("scripted").connect()
    with pytest.raises(ValueError, match="answer key"):
        Teacher("OpenAILLM", "m").connect(GOLDS)
