"""Examples of correction: where the failing query comes from, what is trained, how many there are."""

import json
import random

import pandas as pd
import pytest

from sqlreason.data.tables import check_columns
from sqlreason.pipelines.preprocessing import nodes
from sqlreason.reasoning import prompts
from sqlreason.reasoning.format import parse
from sqlreason.reasoning.name_corruption import corrupt_names
from sqlreason.sql.parsing.schema import parse_schema
from sqlreason.students.training import row_checks, sft


@pytest.fixture(scope="module")
def answered(traces):
    """Every question answered rightly, and the first of them before that by a query that fails."""
    failed = traces.head(1).assign(sample=1, sql="SELECT secret FROM nowhere", think="Look nowhere.")
    return pd.concat([failed, traces], ignore_index=True)


@pytest.fixture(scope="module")
def verified(answered, questions, databases, preparing, options):
    return nodes.verify_traces(answered, questions, databases, preparing(), options("distillation"))


@pytest.fixture(scope="module")
def build(answered, verified, databases, questions, question_split, prompt_text, base_model, student, preparing):
    """The SFT examples under a few changed options."""
    student = (prompt_text("student"), base_model, student)
    kept, _ = nodes.filter_traces(answered, verified, databases, questions, question_split, *student, preparing())
    features = nodes.extract_features(questions, kept)
    return lambda **changes: nodes.build_sft_examples(
        kept, features, verified, databases, *student, preparing(**changes)
    )


def test_without_corrections_there_are_traces_alone(build):
    assert set(build()["kind"]) == {"trace"}


def test_corrections_make_up_their_share_and_come_on_top_of_the_traces(build):
    plain, mixed = build(), build(self_repairs=0.25)
    counts = mixed["kind"].value_counts()
    assert counts["trace"] == len(plain) and counts["self_repair"] == round(len(plain) / 3)
    assert set(mixed.loc[mixed["kind"] == "trace", "id"]) == set(plain["id"])
    check_columns(mixed, "sft_examples", "examples")
    pd.testing.assert_frame_equal(mixed, build(self_repairs=0.25))


def test_a_correction_shows_the_failure_and_the_engines_words_and_is_mended_by_the_kept_trace(build, traces):
    mixed = build(self_repairs=0.3).set_index("id")
    own = traces["id"].iloc[0]
    asked = json.loads(mixed.loc[own + "/corrected", "prompt"])
    assert [turn["role"] for turn in asked] == ["system", "user", "assistant", "user"]
    assert asked[:2] == json.loads(mixed.loc[own, "prompt"])
    assert parse(asked[2]["content"]).sql == "SELECT secret FROM nowhere"
    assert "no such table: nowhere" in asked[3]["content"]
    repaired, kept = parse(mixed.loc[own + "/corrected", "completion"]), parse(mixed.loc[own, "completion"])
    assert repaired.sql == kept.sql
    assert repaired.think.endswith(kept.think) and "no such table: nowhere" in repaired.think


def test_other_failures_are_the_right_answer_with_a_name_exchanged_and_fail_by_the_engines_word(build):
    mixed = build(self_repairs=0.5)
    self_repairs = mixed[mixed["kind"] == "self_repair"]
    assert len(self_repairs) > 5
    for row in self_repairs.itertuples():
        _, _, failing, told = json.loads(row.prompt)
        assert parse(failing["content"]).well_formed and parse(failing["content"]).sql != parse(row.completion).sql
        assert told["content"].startswith("The database says: ")


def test_the_failing_answer_is_read_and_not_trained(build, base_model):
    """What stands before the last answer has no label."""
    row = build(self_repairs=0.3).query("kind == 'self_repair'").iloc[0]
    chat, asked = base_model.load_chat(), json.loads(row["prompt"])
    (made,) = sft.make_rows(chat, pd.DataFrame([row]))
    assert row_checks.check_rows([made], [made], chat, None) > 0
    read = chat.read([token for token in made["labels"] if token != row_checks.NOT_TRAINED])
    assert parse(read).well_formed and parse(asked[2]["content"]).sql not in read


def test_what_is_over_the_budgets_is_left_out_and_none_at_all_is_refused(build):
    with pytest.raises(ValueError, match=r"self_repairs=0.2 asks for .* none can be made.*max_prompt_tokens=9"):
        build(self_repairs=0.2, max_prompt_tokens=9)


def test_the_wording_hides_tokens_of_the_template():
    asked = prompts.build_self_repair([], parse("<think>a</think><sql>b</sql>"), "no such column: <|eot_id|>")
    assert "<|eot_id|>" not in asked[-1]["content"] and "< |eot_id| >" in asked[-1]["content"]
    assert prompts.repaired_reasoning("no such table: x.", "Read y.") == "The database says: no such table: x. Read y."


def test_a_name_is_exchanged_throughout_and_the_rest_stays():
    schema = parse_schema("CREATE TABLE singer (name TEXT, age INT); CREATE TABLE song (title TEXT);")
    right = parse("<think>Read singer, show name.</think><sql>SELECT name FROM singer WHERE name > 'singers'</sql>")
    damaged = list(corrupt_names(right, schema, random.Random(1)))
    assert damaged and all(reading.sql != right.sql for reading in damaged)
    table = [reading for reading in damaged if "SELECT name" in reading.sql]
    column = [reading for reading in damaged if "FROM singer " in reading.sql]
    assert len(table) + len(column) == len(damaged) and table and column
    assert all("Read singer," not in reading.think and "'singers'" in reading.sql for reading in table)
    assert list(corrupt_names(parse("<think>a</think><sql>SELECT 1</sql>"), schema, random.Random(1))) == []
