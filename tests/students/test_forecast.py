"""The forecast of GRPO, its calibration, the ladder, the curriculum and voting."""

import itertools
import math

import pandas as pd
import pytest

from sqlreason.reasoning.format import render
from sqlreason.sql.verifier import Task, Verifier
from sqlreason.students.generation import decoding
from sqlreason.students.generation.voting import elect
from sqlreason.students.training import forecast, forecast_calibration
from sqlreason.students.training.forecast_calibration import FinishedRun

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


def finished(headroom, gained, run="a", points=1.0, low=-1.0, high=3.0, go=True):
    return FinishedRun(run, "grpo", headroom, points, low, high, go, gained, 1500)


def test_headroom_is_counted_from_the_greedy_answers_where_there_are_any():
    drawn = rollouts([0, 4, 8, 2])
    greedy = rollouts([0, 1, 1, 0], temperature=0.0, samples=1)
    (row,) = forecast.summarise(pd.concat([drawn, greedy]), group=8).to_dict("records")
    assert (row["temperature"], row["greedy"], row["headroom"]) == (1.0, 0.5, 0.25)
    assert forecast.summarise(drawn, group=8)["headroom"].item() == pytest.approx(0.75 - 14 / 32)


def test_runs_that_gained_nothing_turn_a_go_into_a_no_go():
    profile = rollouts([3, 5, 4, 8, 0, 2])
    before = forecast.advise(forecast.summarise(profile, group=8))
    runs = [finished(30.0, gained) for gained in (0.0, 0.3, -0.2, 0.1)]
    after = forecast.advise(forecast.summarise(profile, group=8, runs=runs))
    assert before.go and not after.go
    assert before.headroom == after.headroom and before.gain.points > after.gain.points
    assert after.gain.high - after.gain.low < before.gain.high - before.gain.low
    assert "points are expected" in before.sentence


def test_the_expected_share_is_that_of_the_runs_once_they_outweigh_the_prior():
    runs = [finished(h, 0.7 * h, run=str(h)) for h in range(10, 30)]
    gain = forecast_calibration.predict(20.0, runs)
    assert gain.points == pytest.approx(14.0, abs=0.1) and gain.low < 14 < gain.high
    assert forecast_calibration.predict(0.0, runs).points == forecast_calibration.predict(-3.0, runs).points == 0.0


def test_a_run_that_is_told_again_replaces_itself_and_right_advice_is_counted(tmp_path):
    table = tmp_path / "deep" / "forecast_calibration.jsonl"
    assert forecast_calibration.read_runs(table) == forecast_calibration.read_runs(None) == []
    forecast_calibration.add_run(table, finished(10.0, 2.0))
    forecast_calibration.add_run(table, finished(10.0, 5.0, run="b"))
    runs = forecast_calibration.add_run(table, finished(10.0, 0.1))
    assert forecast_calibration.read_runs(table) == runs and [run.gained for run in runs] == [5.0, 0.1]
    assert forecast_calibration.describe(runs).startswith(
        "of 2 finished runs 1 gained what their interval held, 1 were"
    )


def test_pass_at_k_is_the_share_of_all_draws_of_k_that_hold_a_right_one():
    for right, k in itertools.product(range(6), range(1, 6)):
        draws = list(itertools.combinations([True] * right + [False] * (5 - right), k))
        assert forecast.pass_at_k(right, 5, k) == pytest.approx(sum(map(any, draws)) / len(draws))


def test_the_ladder_of_a_student_rises_and_its_entropy_is_that_of_its_samples(checkpoint, start, examples):
    tasks = [Task("t", "SELECT name FROM singer", (CONTEXT,)).to_json()] * 3
    prompts = examples.head(3).assign(task=tasks)
    options = {"samples": 4, "temperature": 1.0, "group": 2, "max_completion_tokens": 48, "batch_size": 8}
    row = forecast.climb_ladder(checkpoint, start, prompts, **options, seed=1, dtype="float32")
    assert [name for name in row if name.startswith("pass")] == ["pass@1", "pass@2", "pass@4"]
    assert row["pass@1"] <= row["pass@2"] <= row["pass@4"]
    assert row["headroom"] == pytest.approx(100 * (row["pass@4"] - row["greedy"]))
    assert 0 < row["entropy"] < math.log(512) and 0 <= row["zero_variance_share"] <= 1
    assert row == forecast.climb_ladder(checkpoint, start, prompts, **options, seed=1, dtype="float32")


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


def test_greedy_answers_are_no_profile_of_a_low_temperature():
    profile = pd.concat([rollouts([2], 0.7), rollouts([1], 0.0, samples=1)])
    assert forecast.pass_rates(profile, 0.3).tolist() == [0.25]


def test_the_profile_rewards_length_by_the_tokens_and_the_limit_of_the_training():
    rows = pd.DataFrame({"id": ["1", "2"], "gold_sql": "", "sql_context": ""})
    written = [decoding.Generation("x" * 40, tokens, True, 0.1) for tokens in (300, 384)]
    assert forecast._rewarded({"length": 1.0}, rows, written, 384) == [0.0, -1.0]


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
    ((None, "SELECT nothing"), 1, "the first within the grammar where none can vote"),
    ((None, None), 0, "else the first of all"),
    (("DROP TABLE singer", "DROP TABLE singer", "SELECT name FROM singer"), 2, "nor what writes"),
    (("SELECT age FROM singer", "SELECT name FROM singer ORDER BY 1 DESC", "SELECT name FROM singer"), 1, "bags"),
]


@pytest.mark.parametrize(("queries", "winner", "why"), BALLOTS, ids=[ballot[2] for ballot in BALLOTS])
def test_the_result_with_most_votes_wins(verifier, queries, winner, why):
    assert elect(verifier, CONTEXT, answers(*queries))[0] == winner
