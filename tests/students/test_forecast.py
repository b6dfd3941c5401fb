"""The forecast of GRPO, the curriculum and voting."""

import pandas as pd
import pytest

from sqlreason.reasoning.format import render
from sqlreason.sql.verifier import Task, Verifier
from sqlreason.students.generation import decoding
from sqlreason.students.generation.voting import vote
from sqlreason.students.training import forecast

CONTEXT = "CREATE TABLE singer (name TEXT, age INT); INSERT INTO singer VALUES ('Ada', 36), ('Bob', 25), ('Cy', 41);"


def rollouts(rates, temperature=1.0, samples=8, seconds=0.5):
    """A profile in which each prompt has so many right rollouts."""
    rows = [
        {"id": str(i), "temperature": temperature, "completion": f"{i} {k % 3}", "right": k < right,
         "reward": float(k < right), "tokens": 10, "seconds": seconds}
        for i, right in enumerate(rates) for k in range(samples)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_the_forecast_tells_what_a_group_can_learn_from():
    (row,) = forecast.summarise(rollouts([0, 4, 8, 2]), group=8).to_dict("records")
    assert (row["right"], row["best_of_all"], row["learnable"]) == (14 / 32, 0.75, 0.5)
    assert row["zero_variance_share"] == 0.5 and row["completions_per_minute"] == 120
    useful = (1 - 2 * 0.5**8 + 1 - 0.25**8 - 0.75**8) / 4
    assert row["useful_groups_per_minute"] == pytest.approx(120 / 8 * useful)


def test_a_hopeless_student_and_a_perfect_one_get_a_no_go():
    for rates in ([0, 0, 0, 0], [8, 8, 8, 8]):
        advice = forecast.advise(forecast.summarise(rollouts(rates), group=8))
        assert not advice.go and advice.sentence.startswith("no-go") and "more SFT" in advice.sentence


def test_the_advice_names_the_temperature_with_the_most_variance_within_prompts():
    profile = pd.concat([rollouts([0, 0, 1, 8], 1.2), rollouts([3, 5, 4, 8], 0.6)])
    advice = forecast.advise(forecast.summarise(profile, group=8))
    assert advice.go and advice.temperature == 0.6 and advice.group == 4


def test_rare_right_answers_ask_for_larger_groups():
    rare = forecast.summarise(rollouts([1, 1, 1, 1], samples=16), group=8)
    even = forecast.summarise(rollouts([8, 8, 8, 8], samples=16), group=8)
    assert rare["advised_group"].item() > even["advised_group"].item() == 4


def test_the_curriculum_keeps_what_is_sometimes_right_easiest_first():
    prompts = pd.DataFrame({"id": list("43210x")})
    rates = forecast.pass_rates(rollouts([0, 4, 8, 2, 6]), temperature=0.9)
    assert forecast.choose_prompts(prompts, rates, "mixed")["id"].tolist() == ["4", "3", "1"]
    assert forecast.choose_prompts(prompts, rates, "easiest_first")["id"].tolist() == ["4", "1", "3"]


def test_pass_rates_are_those_of_the_nearest_temperature():
    profile = pd.concat([rollouts([8], 1.2), rollouts([2], 0.6)])
    assert forecast.pass_rates(profile, 0.7).tolist() == [0.25]


def test_rollouts_are_sampled_and_judged(checkpoint, start, examples):
    task = Task("t", "SELECT name FROM singer", (CONTEXT,)).to_json()
    prompts = examples.head(3).assign(task=task, sql_context=CONTEXT, gold_sql="SELECT name FROM singer")
    options = {"max_completion_tokens": 12, "batch_size": 8, "seed": 1, "dtype": "float32", "samples": 2}
    options |= {"rewards": {"execution": 1.0}, "temperatures": (0.5, 1.0)}
    found = forecast.sample_rollouts(checkpoint, start, prompts, **options)
    assert found["id"].tolist() == ["0", "0", "1", "1", "2", "2"] * 2
    assert found["temperature"].tolist() == [0.5] * 6 + [1.0] * 6
    assert found["reward"].between(0, 1).all() and (found["tokens"] <= 12).all()
    again = forecast.sample_rollouts(checkpoint, start, prompts, **options)
    assert again["completion"].tolist() == found["completion"].tolist()


def test_what_is_right_agrees_with_the_gold_and_ended_its_turn():
    task = Task("t", "SELECT name FROM singer", (CONTEXT,)).to_json()
    good, bad = render("Names.", "SELECT singer.name FROM singer"), render("Ages.", "SELECT age FROM singer")
    written = [decoding.Generation(*each, 0.1) for each in ((good, 5, True), (good, 5, False), (bad, 5, True))]
    assert forecast._right([task] * 3, written) == [True, False, False]


@pytest.fixture(scope="module")
def verifier():
    with Verifier() as made:
        yield made


def answers(*queries):
    return [render("x", query) if query else "no tags" for query in queries]


BALLOTS = [
    (("SELECT age FROM singer", "SELECT name FROM singer", "SELECT s.name FROM singer AS s"), 1, "most share a result"),
    (("SELECT age FROM singer", "SELECT name FROM singer"), 0, "of equals the first"),
    (("SELECT nothing", "SELECT nothing", "SELECT name FROM singer"), 2, "what fails has no vote"),
    ((None, None, "SELECT name FROM singer"), 2, "nor what breaks the grammar"),
    ((None, "SELECT nothing"), 0, "the first where none can vote"),
    (("DROP TABLE singer", "DROP TABLE singer", "SELECT name FROM singer"), 2, "nor what writes"),
    (("SELECT age FROM singer", "SELECT name FROM singer ORDER BY 1 DESC", "SELECT name FROM singer"), 1, "bags"),
]


@pytest.mark.parametrize(("queries", "winner", "why"), BALLOTS, ids=[ballot[2] for ballot in BALLOTS])
def test_the_result_with_most_votes_wins(verifier, queries, winner, why):
    assert vote(verifier, CONTEXT, answers(*queries)) == winner
