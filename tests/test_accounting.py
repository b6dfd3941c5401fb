import pandas as pd
import pytest

from sqlreason.data.trace_outcomes import Stage, count_yield
from sqlreason.reporting import costs


def _outcomes(kept, *stages):
    rows = [{"outcome": "rejected", "stage": stage, "reason": f"r-{stage}"} for stage in stages]
    return pd.DataFrame([*rows, *[{"outcome": "kept", "stage": "", "reason": ""}] * kept])


def test_every_row_that_fell_out_is_counted_with_its_reason():
    table = count_yield(_outcomes(6, "databases", "teacher", "teacher", "execution"))
    assert table["rows"].tolist() == [10, 9, 7, 6, 6, 6]
    assert table["fell_out"].tolist() == ["", "r-databases 1", "r-teacher 2", "r-execution 1", "", ""]


def test_a_stage_that_does_not_exist_is_an_error_and_not_a_row_that_is_never_taken_away():
    with pytest.raises(ValueError, match=r"names the stages \['grammar'\]; there are databases, teacher, execution"):
        count_yield(_outcomes(8, "teacher", "grammar"))


def test_every_stage_of_a_rejection_is_a_step_of_the_funnel():
    table = count_yield(_outcomes(1, *Stage))
    assert table["rows"].tolist() == list(range(len(Stage) + 1, 0, -1))


def _bill(usd_per_hour):
    completions = pd.DataFrame({"seconds": [1.0, 2.0], "prompt_tokens": [10, 20], "completion_tokens": [5, 6],
                                "usd": [0.5, 0.25]})  # fmt: skip
    history = pd.DataFrame({"step": [1, 2], "seconds": [900.0, 1800.0]})
    profile = pd.DataFrame({"seconds": [90.0, 270.0], "tokens": [30, 12]})
    metrics = pd.DataFrame({"n": [2], "seconds": [180.0], "tokens": [7.5]})
    machine = {
        "sft": costs.of_training(history),
        "forecast": costs.of_rollouts(profile),
        "evaluation": costs.of_answers(metrics),
    }
    return costs.compute_costs(completions, machine, teacher="t", usd_per_hour=usd_per_hour, hardware="h")


def test_hours_are_billed_at_the_price_of_the_machine():
    bill = _bill(2.0).set_index("stage")
    assert bill["cost"].round(6).to_dict() == {
        "distillation": 0.75, "sft": 1.0, "forecast": 0.2, "evaluation": 0.2,
    }  # fmt: skip
    assert bill["tokens_out"].to_dict() == {"distillation": 11, "sft": 0, "forecast": 42, "evaluation": 15}


def test_the_teachers_calls_which_run_side_by_side_are_no_time_that_passed():
    assert _bill(2.0).set_index("stage")["seconds"].dropna().to_dict() == {
        "sft": 1800.0, "forecast": 360.0, "evaluation": 360.0,
    }  # fmt: skip


def test_the_summary_says_dollars_per_trace_kept():
    assert costs.summarise_costs(_bill(0.0), 3) == (
        "Bill: 0.75 USD (distillation 0.75, sft 0.00, forecast 0.00, evaluation 0.00); 0.2500 per trace kept (3)"
    )
