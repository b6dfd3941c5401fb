"""Several answers to a question, hints for what failed blind, near-duplicates, outcomes and the leakage audit."""

import pandas as pd
import pytest

from sqlreason.data.agreement import agreement
from sqlreason.data.duplicates import near_duplicates, shingles, similarity
from sqlreason.data.tables import TABLES, check_columns
from sqlreason.data.trace_outcomes import summarise_outcomes
from sqlreason.pipelines.distillation.nodes import (
    ask_teacher,
    build_teacher_prompts,
    estimate_teaching,
    read_completions,
)
from sqlreason.pipelines.preprocessing.nodes import audit_leakage, filter_traces, verify_traces
from sqlreason.sql.verifier import Task, Verifier
from sqlreason.students.training_data.filtering import in_order_of_merit
from sqlreason.teachers.teacher import Teacher

CONTEXT = "CREATE TABLE t (a INT, b INT); INSERT INTO t VALUES (1, 5), (2, 6), (3, 7);"
GOLD = "SELECT a FROM t WHERE b > 5"


@pytest.fixture(scope="module")
def verifier():
    with Verifier() as verifier:
        yield verifier


def shares(verifier, *queries):
    task = Task("1", GOLD, (CONTEXT,))
    verdicts = verifier.verify_batch([(task, queries)])
    return agreement(verifier, [task], [queries], verdicts)[0]


def test_queries_that_give_the_same_rows_agree_whatever_they_look_like(verifier):
    alike = shares(verifier, GOLD, "SELECT a FROM t WHERE a >= 2", "SELECT b FROM t", "SELECT b FROM t WHERE 1")
    assert alike == [0.5] * 4


def test_a_query_that_does_not_run_agrees_with_none(verifier):
    assert shares(verifier, "SELECT nothing FROM nowhere", GOLD, "SELECT nothing FROM nowhere", "SELECT 7") == [
        0.0, 0.25, 0.0, 0.25,
    ]  # fmt: skip


def test_a_majority_can_be_wrong_and_the_right_one_is_still_kept(verifier):
    alike = shares(verifier, "SELECT b FROM t", "SELECT t.b FROM t", GOLD)
    assert alike == pytest.approx([2 / 3, 2 / 3, 1 / 3])
    rows = [
        {"agrees": i == 2, "mode": "blind", "agreement": share, "plan_consistency": 1.0, "sample": i}
        for i, share in enumerate(alike)
    ]
    assert [row["sample"] for row in in_order_of_merit(rows)] == [2, 0, 1]


def test_a_blind_answer_is_preferred_to_a_hinted_one():
    row = {"agrees": True, "agreement": 0.5, "plan_consistency": 1.0, "sample": 0}
    ordered = in_order_of_merit([{**row, "mode": "hinted"}, {**row, "mode": "blind"}])
    assert [row["mode"] for row in ordered] == ["blind", "hinted"]


@pytest.fixture(scope="module")
def rescued(questions, question_split, prompt_text, options, tmp_path_factory):
    """A run in which every second blind answer is wrong and two samples are asked for."""
    chosen = options("distillation", questions=8, mode="blind_then_hinted", samples=2, workers=1)
    journal = tmp_path_factory.mktemp("rescue") / "journal.sqlite"
    prompts = build_teacher_prompts(
        questions, question_split, prompt_text("teacher"), prompt_text("teacher_plan"), chosen
    )
    teacher = Teacher("scripted", arguments={"error_rate": 0.5, "format_error_rate": 0.0, "seed": 5})
    estimate = estimate_teaching(prompts, questions, teacher, journal, chosen)
    return prompts, ask_teacher(prompts, questions, teacher, estimate, journal, chosen)


def test_only_what_failed_blind_is_asked_with_a_hint_and_the_flag_stays(rescued, questions):
    prompts, completions = rescued
    check_columns(completions, "cot_completions", "completions")
    blind, hinted = (completions[completions["mode"] == mode] for mode in ("blind", "hinted"))
    assert len(blind) == 16 and set(blind["sample"]) == {0, 1}
    assert 0 < hinted["id"].nunique() < 8
    golds = questions.set_index("id")["sql"]
    right = {row.id for row in blind.itertuples() if golds[row.id] in row.text}
    assert not right & set(hinted["id"])
    traces = read_completions(prompts, completions)
    assert set(traces["mode"]) == {"blind", "hinted"} and set(traces["status"]) == {"ok"}


def test_each_question_ends_with_one_fate(
    rescued, questions, databases, question_split, prompt_text, base_model, student, preparing, options
):
    prompts, completions = rescued
    traces = read_completions(prompts, completions)
    verified = verify_traces(traces, questions, databases, preparing(), options("distillation"))
    check_columns(verified, "verified_traces", "verified")
    kept, rejected = filter_traces(
        traces, verified, databases, questions, question_split, prompt_text("student"), base_model, student, preparing()
    )
    outcomes = summarise_outcomes(prompts, traces, kept, rejected)
    assert sorted(outcomes["id"]) == sorted(prompts["id"]) and not kept["id"].duplicated().any()
    assert (outcomes["outcome"] == "kept").sum() == len(kept) and outcomes["answers"].ge(2).all()
    with pytest.raises(ValueError, match="no outcome or two"):
        summarise_outcomes(prompts, traces, kept, pd.concat([rejected, rejected.assign(id=kept["id"].iloc[0])]).tail(0))


def test_a_hinted_trace_that_mentions_the_hint_leaks_the_gold(
    questions, databases, traces, question_split, prompt_text, base_model, student, preparing, options
):
    leaking = traces.assign(mode="hinted", think="The given query counts the rows, so I do the same.")
    verified = verify_traces(leaking, questions, databases, preparing(), options("distillation"))
    verified.loc[0, "think"] = "Count the rows."
    kept, rejected = filter_traces(
        leaking,
        verified,
        databases,
        questions,
        question_split,
        prompt_text("student"),
        base_model,
        student,
        preparing(),
    )
    assert len(kept) == 1 and (rejected["reason"] == "leaks_gold").sum() == len(verified) - 1


def test_names_that_are_nowhere_reject_a_trace(
    questions, databases, traces, question_split, prompt_text, base_model, student, preparing, options
):
    inventing = traces.assign(think="Read `made_up_column` of the rows.")
    verified = verify_traces(inventing, questions, databases, preparing(), options("distillation"))
    assert verified["unknown_names"].ge(1).all()
    arguments = (databases, questions, question_split, prompt_text("student"), base_model, student)
    with pytest.raises(ValueError, match="unknown_names"):
        filter_traces(inventing, verified, *arguments, preparing())
    kept, _ = filter_traces(inventing, verified, *arguments, preparing(max_unknown_names=None))
    assert len(kept)


LONG = "How many of the orders that were placed in Lyon last year were sent back by the customer within a week"


def test_near_duplicates_are_found_within_a_schema_only():
    questions = [(LONG, "s"), (LONG + "?", "s"), (LONG.replace("Lyon", "Rome"), "s"), (LONG, "other"), ("Who?", "s")]
    assert near_duplicates(questions, 0.9) == {1: 0}
    assert near_duplicates(questions, 0.6) == {1: 0, 2: 0}


def test_similarity_is_jaccard_over_word_triples():
    left, right = shingles("a b c d"), shingles("B, c. D e")
    assert similarity(left, right) == pytest.approx(1 / 3)
    assert similarity(shingles("Who?"), shingles("who")) == 1.0


def test_the_audit_finds_a_question_that_stands_in_training_and_in_the_benchmark(
    questions, heldout, raw_prompts, preparing, caplog
):
    asked = questions[questions["id"].isin(raw_prompts["id"])]
    leaking = pd.concat([heldout, asked.head(1).assign(id="leak")])
    nothing = pd.DataFrame({"id": [], "sql_context": []})
    evaluation = heldout.rename(columns={"sql": "gold_sql"})
    table = audit_leakage(questions, raw_prompts, nothing, evaluation, leaking, preparing())
    assert list(table.columns) == list(TABLES["leakage_audit"].columns)
    row = table.set_index(["left", "right"]).loc[("sft", "benchmark")]
    assert (row["schemas"], row["same_questions"], row["near_duplicates"], row["same_queries"]) == (1, 1, 1, 1)
    assert [(told.levelname, "1 questions word for word" in told.message) for told in caplog.records] == [
        ("WARNING", True)
    ]
    clean = table.set_index(["left", "right"]).loc[("sft", "evaluation")]
    assert clean["schemas"] == clean["same_questions"] == 0


def test_the_audit_tells_that_questions_of_one_database_share_its_schema(questions, raw_prompts, preparing):
    one = questions[
        questions["sql_context"] == questions["sql_context"].iloc[0]
    ]  # split by SQL template, as any few are
    asked, nothing = one.head(2), pd.DataFrame({"id": [], "sql_context": []})
    evaluation = one.tail(1).rename(columns={"sql": "gold_sql"})
    table = audit_leakage(asked, asked[["id"]], nothing, evaluation, one.tail(0), preparing())
    assert table.set_index(["left", "right"]).loc[("sft", "evaluation"), "schemas"] == 1
