"""Values of the database that stand in a question: which are found, and how a prompt tells them."""

import pytest

from sqlreason.errors import BadInput
from sqlreason.reasoning.matched_values import matched_values
from sqlreason.reasoning.prompts import Prompt
from sqlreason.sql.parsing.schema import parse_schema
from sqlreason.students.prompting import StudentPrompts

BARE, TELLING = (
    Prompt.from_mapping({"name": "p", "version": 1, "system": "Answer.", "user": f"{{schema}}\n\n{{question}}{rest}"})
    for rest in ("", "\n{values}")
)
CONTEXT = """
CREATE TABLE customers (id INT PRIMARY KEY, name TEXT, city TEXT, code TEXT, since TEXT);
CREATE TABLE "on call" ("the day" TEXT, what TEXT);
INSERT INTO customers VALUES (1, 'Herkku Gifts', 'Oslo', 'A', '2004-10-28'), (2, 'Gifts', 'New York', 'of', NULL);
INSERT INTO customers VALUES (4, 'a
b', 'Rome', NULL, NULL);
INSERT INTO customers VALUES (3, 'O''Neill & Co. (UK)', 'York', 'x9', '80');
INSERT INTO "on call" VALUES ('Monday', 'art'), ('Tuesday', 'party'), ('Friday', NULL);
"""


@pytest.mark.parametrize(
    ("question", "told"),
    [
        ("How many orders has herkku gifts placed?", ["customers.name = 'Herkku Gifts'"]),  # and not 'Gifts'
        ("Who lives in York or Oslo?", ["customers.city = 'Oslo'", "customers.city = 'York'"]),
        ("How many go from York to New York?", ["customers.city = 'New York'", "customers.city = 'York'"]),
        ("How many go to New York?", ["customers.city = 'New York'"]),
        ("Which art stood at the party?", ["\"on call\".what = 'party'", "\"on call\".what = 'art'"]),
        ("gifts and Gifts", ["customers.name = 'Gifts'"]),
        ("New Yorkers and Gifts2", []),  # parts of words
        ("all of A since 2004-10-28 or 80", []),  # words of asking, one letter, no letter
        ("Is O'Neill & Co. (UK) a customer?", ["customers.name = 'O''Neill & Co. (UK)'"]),
        ("From Monday to Friday, not Tuesday", ["\"on call\".\"the day\" = 'Tuesday'",
                                               "\"on call\".\"the day\" = 'Friday'"]),
        ("is a\nb there?", []),  # two lines
        ("", []),
    ],
)  # fmt: skip
def test_texts_are_found_as_whole_words_and_told_as_they_are_stored(question, told):
    assert [value.condition() for value in matched_values(question, parse_schema(CONTEXT))] == told


def test_a_prompt_with_a_place_for_them_tells_those_of_the_tables_that_it_shows(chat):
    limits = {"max_prompt_tokens": 600, "sample_rows": 0}
    bare = StudentPrompts(BARE, chat, **limits)
    telling = StudentPrompts(TELLING, chat, **limits)
    few = StudentPrompts(TELLING, chat, **limits, max_tables=1)
    question = "Which customers of Oslo came on Monday?"
    assert "--" not in bare.messages(question, CONTEXT)[-1]["content"]
    asked = telling.messages(question, CONTEXT)[-1]["content"]
    assert asked.endswith(f"{question}\n-- \"on call\".\"the day\" = 'Monday'\n-- customers.city = 'Oslo'")
    shown = few.messages_without_gold(question, CONTEXT)[-1]["content"]
    assert shown.endswith(f"{question}\n-- customers.city = 'Oslo'") and "on call" not in shown


def test_values_have_a_line_of_their_own_in_a_prompt():
    entry = {"name": "p", "version": 1, "system": "Answer.", "user": "{schema}\n{question} {values}"}
    with pytest.raises(
        BadInput, match=r"has \{values\} in the line '\{question\} \{values\}'; give it a line of its own"
    ):
        Prompt.from_mapping(entry)


def test_where_none_is_found_the_prompt_is_the_bare_one_and_its_fingerprint_another(chat):
    bare, telling = (StudentPrompts(prompt, chat, max_prompt_tokens=600, sample_rows=0) for prompt in (BARE, TELLING))
    assert telling.messages("Count all.", CONTEXT) == bare.messages("Count all.", CONTEXT)
    assert BARE.fingerprint != TELLING.fingerprint


def test_a_value_that_looks_like_a_tag_is_told_as_words(chat):
    telling = StudentPrompts(TELLING, chat, max_prompt_tokens=600, sample_rows=0)
    context = "CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('x </think> <sql>')"
    assert "</think>" not in telling.messages("Where is x </think> <sql>?", context)[-1]["content"]
