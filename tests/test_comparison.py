import math

import pandas as pd
import pytest

from sqlreason.reporting.comparison import by_complexity, compare_students


def score_frame(agrees, ids=None, **columns) -> pd.DataFrame:
    n = len(agrees)
    frame = {
        "id": ids or [str(i) for i in range(n)],
        "well_formed": [True] * n,
        "runs": [True] * n,
        "agrees": agrees,
        "status": ["match" if a else "mismatch" for a in agrees],
        "reason": [""] * n,
        "plan_consistency": [0.5] * n,
        "tokens": [40] * n,
        "seconds": [0.25] * n,
        "finished": [True] * n,
        "sql_complexity": ["basic SQL" if i % 3 else "subqueries" for i in range(n)],
    }
    return pd.DataFrame(frame | columns)


def test_the_comparison_pairs_each_student_with_the_row_above():
    base = score_frame([False] * 60)
    sft = score_frame([True] * 30 + [False] * 30)
    grpo = score_frame([True] * 31 + [False] * 29).sample(frac=1, random_state=1)  # order must not matter
    table = compare_students({"base": base, "sft": sft, "grpo": grpo}).set_index("student")
    assert table["accuracy"].to_list() == pytest.approx([0, 0.5, 31 / 60])
    assert math.isnan(table.loc["base", "difference"])
    assert table.loc["sft", "difference"] == pytest.approx(0.5)
    assert table.loc["sft", "p_value"] < 1e-6
    assert (table.loc["grpo", "gained"], table.loc["grpo", "lost"]) == (1, 0)
    assert table.loc["grpo", "difference_low"] < 0 < table.loc["grpo", "difference_high"]
    assert table.loc["grpo", "questions_needed"] > 60


def test_the_comparison_reports_timeouts_and_unfinished_answers_apart():
    frame = score_frame([True] * 4, status=["match", "timeout", "timeout", "match"], finished=[True] * 3 + [False])
    row = compare_students({"base": frame}).iloc[0]
    assert (row["timeouts"], row["unfinished"]) == (0.5, 0.25)
    assert (row["tokens"], row["seconds"], row["plan_consistency"]) == (40, 0.25, 0.5)


def test_the_comparison_accepts_integer_ids_beside_their_text():
    left = score_frame([True, False], ids=[1, 2])
    right = score_frame([True, True], ids=["1", "2"])
    assert len(compare_students({"a": left, "b": right})) == 2


def test_students_that_were_asked_other_questions_are_not_compared():
    with pytest.raises(ValueError, match="'b' and 'a' were not asked the same questions: 2 ids"):
        compare_students({"a": score_frame([True], ids=["x"]), "b": score_frame([True], ids=["y"])})


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (score_frame([True, True], ids=["x", "x"]), "repeat the ids"),
        (score_frame([True]).drop(columns="agrees"), "lack the columns"),
        (score_frame([]), "are empty"),
    ],
)
def test_frames_that_cannot_be_compared_are_named(frame, message):
    with pytest.raises(ValueError, match=message):
        compare_students({"base": frame})


def test_no_students_at_all_is_an_error():
    with pytest.raises(ValueError, match="at least one student"):
        by_complexity({})


def test_the_breakdown_adds_up_to_the_whole():
    frame = score_frame([i % 2 == 0 for i in range(20)])
    table = by_complexity({"base": frame, "sft": frame})
    assert table["sql_complexity"].iloc[0] == "basic SQL"
    base = table[table["student"] == "base"]
    assert base["n"].sum() == 20
    assert (base["n"] * base["accuracy"]).sum() == pytest.approx(10)
    assert (table["accuracy_low"] <= table["accuracy"]).all() and (table["accuracy"] <= table["accuracy_high"]).all()
