"""Queries behind the reasoning, as models write them; and that no reply costs more than its length."""

import re
import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from sqlreason.reasoning.format import normalise, parse
from sqlreason.rewards.article import MatchFormatExactly, _has_shape, _query

REPLIES = yaml.safe_load((Path(__file__).parent / "fixtures/replies.yaml").read_text(encoding="utf-8"))
READ = [case for case in REPLIES if "sql" in case]
UNREAD = [case["behind"] for case in REPLIES if "sql" not in case]


@pytest.mark.parametrize("case", READ, ids=lambda case: case["behind"])
def test_the_query_is_found_behind_the_tag_and_behind_a_reasoning_field(case):
    for text, reasoning in ((f"<think>a</think>\n{case['behind']}", None), (case["behind"], "a")):
        reading = parse(normalise(text, reasoning))
        assert (reading.think, reading.sql) == ("a", case["sql"])


@pytest.mark.parametrize("behind", UNREAD)
def test_what_holds_no_one_query_stays_as_it_is(behind):
    assert normalise(f"<think>a</think>\n{behind}") == f"<think>a</think>\n{behind}"


def test_a_mark_of_the_encoding_before_the_answer_is_not_part_of_it():
    assert parse(normalise("\ufeff<think>a</think>```sql\nSELECT 1\n```")).sql == "SELECT 1"


def test_tags_within_tags_become_words():
    assert parse(normalise("```sql\nSELECT 1\n```", "<<think>> </<think>>")).well_formed


# ------------------------------------------------------------------------------------------------------ time
PIECES = [
    "<think>\nx\n</think>\n<sql>\n", "<think>", "</think>", "<sql>", "<sql></sql>", "```sql\n", "```", "````\n```\n",
    "~~~\n", "`", "'", '"', "/*", "/*x*/;", "--", "--\n", "(", ";(", ";", "SELECT 1;", "SELECT a FROM t\n\n",
    "SELECT\n", "\n", "\n \t", "\r\n", "word ", "a.", ").", "AND a\n", "<<think>", "It's ",
    "<", ">", "</", "<think", "_", "**", "#", "\\", "key=",
]  # fmt: skip
BEGINNINGS = ["", *(f"<think>a</think>{then}" for then in ("SELECT 1 ", "```sql\n", "<sql>", ";/*"))]


def seconds(function, text):
    """The best of three, of this process alone."""
    times = []
    for _ in range(3):
        began = time.process_time()
        function(text)
        times.append(time.process_time() - began)
    return min(times)


def read_in_every_way(text):
    normalise(text)
    normalise(f"{text}</think> SELECT 1")
    normalise("SELECT 1", text)
    parse(text)
    MatchFormatExactly()([text])
    _query(text)


@pytest.mark.parametrize("piece", PIECES)
def test_reading_takes_time_in_proportion_to_length(piece):
    for beginning in BEGINNINGS:
        short, long = (beginning + piece * (length // len(piece)) for length in (4_000, 64_000))
        # sixteen times the length; one that goes back over the text for each piece takes 256 times as long
        assert seconds(read_in_every_way, long) < 80 * max(seconds(read_in_every_way, short), 2e-4)


# ------------------------------------------------------------------------------- the article's own expressions
ARTICLE_SHAPE = re.compile(r"^<think>\n.*?\n</think>\n<sql>\n.*?\n</sql>$", re.DOTALL | re.MULTILINE)
ARTICLE_QUERY = re.compile(r"<sql>(.*?)</sql>", re.DOTALL)
PARTS = ["<think>", "</think>", "<sql>", "</sql>", "\n", "\n", "x", " ", "<think>\nx\n</think>\n<sql>\nx\n</sql>"]


@given(st.lists(st.sampled_from(PARTS), max_size=14).map("".join))
def test_the_article_s_rewards_read_as_its_expressions_do(text):
    found = ARTICLE_QUERY.search(text)
    assert _has_shape(text) == bool(ARTICLE_SHAPE.search(text))
    assert _query(text) == (found.group(1).strip() if found else None)
