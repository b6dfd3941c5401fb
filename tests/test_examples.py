import pandas as pd

from sqlreason.reasoning.format import render
from sqlreason.reporting.examples import telling_examples


def _students(before, after):
    ids = [str(i) for i in range(len(before))]
    prompts = pd.DataFrame({"id": ids, "sql_prompt": [f"q{i}" for i in ids], "gold_sql": "SELECT 1"})
    answers = pd.DataFrame({"id": ids, "text": [render(f"plan {i}", f"SELECT {i}") for i in ids]})
    scores = [pd.DataFrame({"id": ids, "agrees": agrees, "reason": ""}) for agrees in (before, after)]
    return telling_examples(prompts, {"SFT": answers, "GRPO": answers}, {"SFT": scores[0], "GRPO": scores[1]}, limit=8)


def test_gains_and_losses_are_told_before_what_did_not_change():
    told = _students([False, True, True, False, True], [True, False, True, False, True])
    assert told["kind"].tolist() == ["gained", "lost", "both wrong", "both right", "both right"]
    assert told["question"].tolist() == ["q0", "q1", "q3", "q2", "q4"]
    assert told["think"].iloc[0] == "plan 0"
    assert told["sql"].iloc[0] == "SELECT 0"


def test_an_answer_that_is_not_well_formed_is_shown_as_it_is():
    prompts = pd.DataFrame({"id": ["0"], "sql_prompt": ["q"], "gold_sql": ["SELECT 1"]})
    answers = pd.DataFrame({"id": ["0"], "text": ["no tags at all"]})
    scores = pd.DataFrame({"id": ["0"], "agrees": [False], "reason": ["format"]})
    told = telling_examples(prompts, {"a": answers, "b": answers}, {"a": scores, "b": scores}, limit=4)
    assert told["think"].tolist() == ["no tags at all"]
