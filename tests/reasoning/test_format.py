import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqlreason.reasoning.format import TAGS, normalise, parse, plain_query, render

GOOD = "<think>\nCount the rows.\n</think>\n<sql>\nSELECT COUNT(*) FROM t\n</sql>"


def test_what_is_rendered_is_read_back():
    reading = parse(render("Count the rows.", "SELECT COUNT(*) FROM t"))
    assert reading.well_formed
    assert (reading.think, reading.sql) == ("Count the rows.", "SELECT COUNT(*) FROM t")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no_think"),
        ("SELECT 1", "no_think"),
        ("<sql>SELECT 1</sql>", "no_think"),
        ("<think>a</think>SELECT 1", "no_sql"),
        ("<think>a<sql>SELECT 1</sql>", "unclosed"),
        ("a</think><sql>SELECT 1</sql>", "unclosed"),
        ("<think>a</think><sql>SELECT 1", "unclosed"),
        ("<think>a</think><think>b</think><sql>SELECT 1</sql>", "repeated_think"),
        ("<think>a</think><sql>SELECT 1</sql><sql>SELECT 2</sql>", "repeated_sql"),
        ("<sql>SELECT 1</sql><think>a</think>", "wrong_order"),
        ("<think>a<sql>SELECT 1</sql></think>", "wrong_order"),
        ("Sure! " + GOOD, "junk_before"),
        ("<think>a</think> so <sql>SELECT 1</sql>", "junk_between"),
        (GOOD + " Hope this helps.", "junk_after"),
        ("<think> </think><sql>SELECT 1</sql>", "empty_think"),
        ("<think>a</think><sql>\n</sql>", "empty_sql"),
        ("<THINK>a</THINK><sql>SELECT 1</sql>", "no_think"),
    ],
)
def test_each_fault_has_its_reason_and_yields_no_sql(text, reason):
    reading = parse(text)
    assert reading.reason == reason
    assert (reading.think, reading.sql) == ("", "")


@pytest.mark.parametrize(
    "sql",
    [
        *(f"SELECT a FROM t WHERE a <> '{tag}'" for tag in TAGS),
        "SELECT '</sql>\n<sql>' FROM t",
        "SELECT 'it''s <sql>' FROM t -- don't",
        'SELECT "<sql>" FROM t /* it\'s */',
    ],
)
def test_what_a_string_or_a_quoted_name_of_the_query_holds_is_no_tag(sql):
    reading = parse(render("Count the rows.", sql))
    assert (reading.think, reading.sql, reading.reason) == ("Count the rows.", sql, "")
    provided = normalise(f"Count the rows.</think><sql>{sql}</sql>")
    assert "</think>" in sql or parse(provided) == reading


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (render("a", "SELECT 1 -- </sql> <sql> SELECT 2"), "repeated_sql"),
        (render("a", "SELECT 1 /* <think> */"), "repeated_think"),
        (render("a", "SELECT 1 -- don't\n</sql>\n<sql>\nSELECT 'a'"), "repeated_sql"),
        (render("a", "SELECT 'a'") + render("a", "SELECT 'b'"), "repeated_think"),
        (render("it's a <sql>, isn't it", "SELECT 1"), "repeated_sql"),
        ("<think>a</think>'<sql>'<sql>SELECT 1</sql>", "repeated_sql"),
        ("<think>a</think><sql>SELECT 'a</sql>'", "junk_after"),
    ],
)
def test_a_tag_in_a_comment_or_between_blocks_is_one(text, reason):
    assert parse(text).reason == reason


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("SELECT 1", "SELECT 1"),
        ("```sql\nSELECT 1\n```", "SELECT 1"),
        ("\n~~~\nSELECT 1\n~~~\n", "SELECT 1"),
        ("SELECT '<sql>' -- see </sql>", "SELECT '<sql>' -- see sql"),
        ("```sql\nSELECT 1\n```\nor\n```sql\nSELECT 2\n```",) * 2,
        ("Sure: ```sql\nSELECT 1\n```",) * 2,
    ],
)
def test_a_query_that_came_by_itself_is_taken_out_of_its_fence(text, query):
    assert plain_query(text) == query


def test_white_space_around_the_tags_is_allowed():
    assert parse(f"\n\n{GOOD}\n ").well_formed


@given(
    st.lists(st.one_of(st.sampled_from((*TAGS, "'", '"', "--", "\n")), st.text(max_size=5)), max_size=12).map("".join)
)
def test_the_parser_is_total_and_what_it_accepts_renders_to_the_same_reading(text):
    reading = parse(text)
    if reading.well_formed:
        assert parse(render(reading.think, reading.sql)) == reading
    assert parse(normalise(text)).well_formed or normalise(text) == text


@pytest.mark.parametrize(
    ("text", "reasoning"),
    [
        (GOOD, None),
        ("Count the rows.</think><sql>SELECT COUNT(*) FROM t</sql>", None),
        ("<think>Count the rows.</think>\n```sql\nSELECT COUNT(*) FROM t\n```", None),
        ("<think>Count the rows.</think><sql>```sql\nSELECT COUNT(*) FROM t\n```</sql>", None),
        ("<think>Count the rows.</think> SELECT COUNT(*) FROM t", None),
        ("<think>Count the rows.</think>The query is:\n```\nSELECT COUNT(*) FROM t\n```\nDone.", None),
        ("<sql>SELECT COUNT(*) FROM t</sql>", "Count the rows."),
        ("```sql\nSELECT COUNT(*) FROM t\n```", "Count the rows."),
        ("<think>\nHm. A <think> tag?\n</think>\n" + GOOD, "Hm. A <think> tag?"),
        ("<think></think>" + GOOD, None),
    ],
)
def test_shapes_of_providers_are_brought_into_the_grammar(text, reasoning):
    reading = parse(normalise(text, reasoning))
    assert (reading.think, reading.sql) == ("Count the rows.", "SELECT COUNT(*) FROM t")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1",
        "<think>a</think>\n```sql\nSELECT 1\n```\nor\n```sql\nSELECT 2\n```",
        "<think>a</think><sql>SELECT 1</sql><sql>SELECT 2</sql>",
        "<think>a</think>There is no query.",
        "<think>a <think>b</think><sql>SELECT 1</sql>",
        "I think so. <sql>SELECT 1</sql>",
        "<think>cut off in the middle of",
    ],
)
def test_what_could_be_read_in_two_ways_is_left_as_it_is(text):
    assert normalise(text) == text


def test_tags_that_the_reasoning_quotes_become_words():
    reading = parse(normalise("```sql\nSELECT 1\n```", "I write <sql> after </think>."))
    assert reading.think == "I write sql after think."


def test_recorded_answers_of_a_reasoning_model_are_read(real_folder):
    lines = (real_folder / "traces_deepseek_25.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    readings = {row["index"]: parse(normalise(row["response"], row["reasoning_content"])) for row in rows}
    unread = [index for index, reading in readings.items() if not reading.well_formed]
    assert unread == [16]  # it ends without a query
    assert all("think>" not in reading.think for reading in readings.values())
