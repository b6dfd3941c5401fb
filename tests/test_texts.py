"""Texts of others in our cards: they stay in their line, their cell, their block."""

import re

import pandas as pd
import pytest
import yaml

from sqlreason.exports.dataset_card import dataset_card
from sqlreason.exports.model_card import render_card
from sqlreason.text.cells import cell, code_block, line
from sqlreason.text.counts import counted

ODD = [
    "a|b", "a\nb", "a\r\n\r\nb", "a\u2028b\x85c\x0bd", "| x | y |\n| --- | --- |", "\\|", "# a\n## b", "\x1b[31mred",
    "`a`",
]  # fmt: skip


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_a_cell_is_one_cell_in_one_line(text):
    row = f"| {cell(text)} |"
    assert len(row.splitlines()) == 1 and row.isprintable()
    assert len(re.findall(r"(?<!\\)(?:\\\\)*\|", row)) == 2  # those of the row itself


def test_words_stay():
    assert cell("no such column: naïve 😀") == line("no such column: naïve 😀") == "no such column: naïve 😀"


@pytest.mark.parametrize("text", ["a", "```sql\nSELECT 1\n```", "a ```` b"])
def test_no_fence_within_closes_the_block(text):
    first, *within, last = code_block(text).split("\n")
    assert "\n".join(within) == text and first == f"{last}text" and last not in text


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_the_dataset_card_keeps_its_shape(text):
    kept = pd.DataFrame({"id": ["1"], "mode": ["blind"], "agrees": [True]})
    outcomes = pd.DataFrame({"id": ["1", "2"], "outcome": ["kept", "rejected"], "stage": ["", "teacher"]})
    plain, odd = (
        dataset_card(kept, outcomes.assign(reason=["", reason]), title=said, license="mit", source=said, teacher=said,
                     usd=0.0, tokens=1)
        for reason, said in (("r", "t"), (text, text))
    )  # fmt: skip
    parts = odd.split("---\n", 2)
    assert yaml.safe_load(parts[1])["pretty_name"] == text
    bodies = [card.split("---\n", 2)[2].split("\n") for card in (plain, odd)]
    assert len(bodies[0]) == len(bodies[1])
    assert [row.startswith("#") for row in bodies[0]] == [row.startswith("#") for row in bodies[1]]


@pytest.mark.parametrize("text", ODD, ids=ascii)
def test_the_model_card_keeps_its_shape(text):
    metrics = pd.DataFrame([{"student": text, "n": 1, "format_rate": 1.0, "accuracy": 1.0, "accuracy_low": 0.0,
                             "accuracy_high": 1.0}])  # fmt: skip
    ledger = pd.DataFrame({"cost": [0.0], "seconds": [0.0]})
    facts = {"base": "org/m@1", "teacher": text, "traces": 1, "prompt": "p", "demo": False, "adapter": "grpo",
             "stage": "grpo", "after_sft": True, "origin": text}  # fmt: skip
    card = render_card("name", facts, metrics, ledger, [text], f"```\n{text}\n```")
    headings = [row for row in card.split("````text")[0].split("\n") if row.startswith("#")]
    assert headings == ["# name", *(f"## {part}" for part in ("Results", "Cost", "Limits", "Conditions", "Prompt"))]


def test_one_thing_is_counted_as_one():
    assert [counted(n, "question") for n in (0, 1, 1034)] == ["0 questions", "1 question", "1,034 questions"]
    assert (counted(1, "query is", "queries are"), counted(2, "query is", "queries are")) == (
        "1 query is", "2 queries are",
    )  # fmt: skip
