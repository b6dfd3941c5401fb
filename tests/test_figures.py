import pandas as pd
import plotly.graph_objects as go
import pytest

from sqlreason.reporting import figures

METRICS = pd.DataFrame(
    {
        "student": ["base", "sft", "grpo"],
        "n": [120] * 3,
        "accuracy": [0.0, 0.4, 0.5],
        "accuracy_low": [0.0, 0.32, 0.41],
        "accuracy_high": [0.03, 0.49, 0.59],
    }
)
HISTORY = pd.DataFrame({"step": range(1, 21), "loss": [3 - 0.1 * step for step in range(20)]})
ROLLOUTS = pd.DataFrame(
    {
        "step": range(1, 11),
        "reward": [0.2 + 0.01 * step for step in range(10)],
        "rewards/execution/mean": [0.1] * 10,
        "rewards/format/mean": [0.1 + 0.01 * step for step in range(10)],
        "rewards/format/std": [0.1] * 10,
        "kl": [0.001 * step for step in range(10)],
    }
)
BREAKDOWN = pd.DataFrame(
    {
        "sql_complexity": ["basic SQL", "basic SQL", "subqueries", "subqueries"],
        "student": ["base", "sft"] * 2,
        "n": [90, 90, 30, 30],
        "accuracy": [0.1, 0.6, 0.0, 0.2],
        "accuracy_low": [0.05, 0.5, 0.0, 0.1],
        "accuracy_high": [0.2, 0.7, 0.1, 0.4],
    }
)
YIELD = pd.DataFrame({"step": ["written", "well formed", "agree"], "rows": [1000, 950, 730]})
BILL = pd.DataFrame({"stage": ["distillation", "sft"], "cost": [2.9, 0.0], "seconds": [None, 120.0]})

EVERY_FIGURE = {
    "training_loss": lambda: figures.training_loss(HISTORY),
    "grpo_rewards": lambda: figures.grpo_rewards(ROLLOUTS),
    "accuracy": lambda: figures.accuracy(METRICS),
    "accuracy_by_complexity": lambda: figures.accuracy_by_complexity(BREAKDOWN),
    "trace_yield": lambda: figures.trace_yield(YIELD),
    "costs": lambda: figures.costs(BILL),
}


def axes(figure: go.Figure) -> list:
    return [*figure.select_xaxes(), *figure.select_yaxes()]


@pytest.mark.parametrize("name", EVERY_FIGURE)
def test_every_figure_has_a_title_a_named_axis_and_serialises(name):
    figure = EVERY_FIGURE[name]()
    assert figure.layout.title.text
    assert any(axis.title.text for axis in axes(figure))
    assert go.Figure(figure.to_dict()).to_json()


@pytest.mark.parametrize("name", EVERY_FIGURE)
def test_figures_leave_their_frames_unchanged(name):
    frames = (METRICS, HISTORY, ROLLOUTS, BREAKDOWN, YIELD, BILL)
    before = [frame.copy() for frame in frames]
    EVERY_FIGURE[name]()
    for frame, copy in zip(frames, before, strict=True):
        pd.testing.assert_frame_equal(frame, copy)


@pytest.mark.parametrize("name", EVERY_FIGURE)
def test_a_legend_stands_beside_the_plot_where_no_margin_lets_it_meet_the_title(name):
    legend = EVERY_FIGURE[name]().layout.legend
    assert legend.orientation != "h" and legend.x is None and legend.y is None


def test_titles_say_what_is_seen():
    titles = {name: build().layout.title.text for name, build in EVERY_FIGURE.items()}
    assert titles["training_loss"] == "SFT loss falls from 2.95 to 1.15 in 20 steps"
    assert titles["grpo_rewards"] == "GRPO reward rises from 0.20 to 0.29 in 10 steps"
    assert titles["accuracy"] == "Execution accuracy on 120 questions: base 0.0 %, sft 40.0 %, grpo 50.0 %"
    assert titles["accuracy_by_complexity"].startswith("sft does best at “basic SQL” (60 %), worst at")
    assert titles["trace_yield"] == "Of 1,000 questions, 730 have a trace to learn from"
    assert titles["costs"] == "The run cost 2.90 USD and took 2.0 minutes, the teacher's calls not counted"


def test_a_curve_that_does_not_move_is_not_said_to_rise():
    flat = pd.DataFrame({"step": [1, 2], "loss": [1.0, 1.001]})
    assert figures.training_loss(flat).layout.title.text == "SFT loss stays at 1.00 over 2 steps"


def test_a_difference_that_single_steps_make_is_not_said_to_rise():
    noisy = pd.DataFrame({"step": range(1, 41), "reward": [0.2, 0.5] * 19 + [0.5, 0.6]})
    title = figures.grpo_rewards(noisy).layout.title.text
    assert title == "GRPO reward starts at 0.35 and ends at 0.45 after 40 steps, within its noise"
    steady = noisy.assign(reward=noisy["reward"] + noisy["step"])
    assert "rises from" in figures.grpo_rewards(steady).layout.title.text


def test_an_empty_history_gives_a_figure_that_says_so():
    empty = pd.DataFrame({"step": [], "loss": []})
    assert figures.training_loss(empty).layout.title.text == "SFT loss was not logged"


def test_log_rows_without_a_loss_are_left_out():
    mixed = pd.DataFrame({"step": [1, 1, 2], "loss": [2.0, None, 1.0], "eval_loss": [None, 1.5, None]})
    training, held_out = figures.training_loss(mixed).data
    assert list(training.x) == [1, 2]
    assert list(held_out.y) == [1.5]


def test_reward_components_are_drawn_beside_the_total():
    names = [trace.name for trace in figures.grpo_rewards(ROLLOUTS).data]
    assert names == ["total", "execution", "format", "KL to the reference"]
    distilled = figures.grpo_rewards(ROLLOUTS.assign(stage="distillation"))
    assert distilled.data[-1].name == "KL to the teacher"


@pytest.mark.parametrize(
    ("returned", "told"),
    [(0, "no step was better than the start, which is returned"), (4, "step 4 was the best"), (10, ""), (None, "")],
)
def test_the_title_says_which_step_is_returned_where_it_is_not_the_last(returned, told):
    title = figures.grpo_rewards(ROLLOUTS, returned).layout.title.text
    assert told in title and ("dev questions" in title) == bool(told)


def test_a_single_component_is_not_drawn_twice_and_kl_may_be_absent():
    single = ROLLOUTS[["step", "reward", "rewards/execution/mean"]]
    assert [trace.name for trace in figures.grpo_rewards(single).data] == ["total"]


def test_intervals_reach_from_low_to_high_in_percent():
    bar = figures.accuracy(METRICS).data[0]
    assert bar.x[1] - bar.error_x.arrayminus[1] == pytest.approx(32)
    assert bar.x[1] + bar.error_x.array[1] == pytest.approx(49)


def test_students_differ_by_symbol_as_well_as_by_colour():
    traces = figures.accuracy_by_complexity(BREAKDOWN).data
    assert len({trace.marker.symbol for trace in traces}) == len({trace.marker.color for trace in traces}) == 2


def test_fates_flow_from_asked_to_kept_or_out_with_a_reason():
    outcomes = pd.DataFrame(
        {"outcome": ["kept", "kept", "rejected"], "stage": ["", "", "execution"], "reason": ["", "", "mismatch"]}
    )
    (flow,) = figures.trace_outcomes(outcomes).data
    assert list(flow.node.label) == ["asked (3)", "kept (2)", "out: execution (1)", "execution: mismatch (1)"]
    assert list(flow.link.value) == [2, 1, 1]
