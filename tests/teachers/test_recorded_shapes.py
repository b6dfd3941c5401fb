"""Answers as providers have returned them, brought into the grammar where that is unambiguous."""

import json

import pytest

from sqlreason.reasoning.format import normalise, parse

SQL = "SELECT COUNT(*) FROM t"
# Shape -> (content, separate reasoning field); what each provider's own field is called is overheard elsewhere.
READABLE = {
    "in the grammar": (f"<think>\nCount t.\n</think>\n<sql>\n{SQL}\n</sql>", ""),
    "reasoning in its own field, bare SQL": (SQL, "Count t."),
    "reasoning in its own field, a fence": (f"```sql\n{SQL}\n```", "Count t."),
    "the opening tag eaten by the chat template": (f"Count t.\n</think>\n<sql>\n{SQL}\n</sql>", ""),
    "a fence inside of the tag": (f"<think>Count t.</think><sql>```sql\n{SQL}\n```</sql>", ""),
    "the native block repeated before the asked one": (
        f"<think>\nHm.\n</think>\n<think>\nCount t.\n</think>\n```sql\n{SQL}\n```", "Hm.",
    ),
    "the same fence twice": (f"<think>Count t.</think>\n```sql\n{SQL}\n```\nAs said:\n```sql\n{SQL}\n```", ""),
}  # fmt: skip
UNCLEAR = {
    "two different fences": ("<think>Count t.</think>\n```sql\nSELECT 1\n```\n```sql\nSELECT 2\n```", ""),
    "two queries": ("<think>a</think><sql>SELECT 1</sql><sql>SELECT 2</sql>", ""),
    "no query": ("I cannot answer that.", "Hm."),
    "cut within the query": ("<think>Count t.</think><sql>SELECT COUNT(", ""),
}


@pytest.mark.parametrize("shape", READABLE)
def test_a_clear_answer_is_read(shape):
    reading = parse(normalise(*READABLE[shape]))
    assert (reading.sql, reading.think) == (SQL, "Count t.")


@pytest.mark.parametrize("shape", UNCLEAR)
def test_an_answer_that_could_be_read_in_two_ways_stays_as_it_is(shape):
    text, reasoning = UNCLEAR[shape]
    assert normalise(text, reasoning) == text and not parse(text).well_formed


def test_most_answers_of_a_real_reasoning_model_are_read(real_folder):
    lines = (real_folder / "traces_deepseek_25.jsonl").read_text(encoding="utf-8").splitlines()
    answers = [json.loads(line) for line in lines]
    readings = [parse(normalise(answer["response"], answer["reasoning_content"])) for answer in answers]
    assert sum(parse(answer["response"]).well_formed for answer in answers) == 0  # none keeps to our format by itself
    assert sum(reading.well_formed for reading in readings) >= 24
    assert all("SELECT" in reading.sql.upper() for reading in readings if reading.well_formed)
