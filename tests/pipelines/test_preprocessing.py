"""Preprocessing: databases, verdicts, the yield, and what trainers and evaluation are given."""

import json
import sqlite3

import pandas as pd
import pytest

from sqlreason.data import splits
from sqlreason.data.tables import TABLES, check_columns
from sqlreason.data.trace_outcomes import Stage, count_yield, summarise_outcomes
from sqlreason.errors import BadInput
from sqlreason.pipelines.distillation.nodes import split_questions
from sqlreason.pipelines.preprocessing import nodes
from sqlreason.sql.databases.cache import Cache
from sqlreason.sql.parsing.schema import parse_schema
from sqlreason.sql.verifier import Task
from sqlreason.students.training_data import filtering

WRONG = "SELECT 'nobody wants this' AS nonsense"


@pytest.fixture(scope="module")
def mixed(traces):
    """Three traces with a wrong query, two malformed ones; the others answer with the gold."""
    frame = traces.copy()
    frame.loc[:2, "sql"] = WRONG
    frame.loc[3:4, ["think", "sql", "well_formed", "reason"]] = ["", "", False, "format: no_think"]
    frame.loc[3:4, "status"] = "rejected"
    return frame


@pytest.fixture(scope="module")
def verified(mixed, questions, databases, preparing, options):
    return nodes.verify_traces(mixed, questions, databases, preparing(), options("distillation"))


@pytest.fixture(scope="module")
def sift(mixed, verified, databases, questions, question_split, prompt_text, base_model, student, preparing):
    """Filters with a few changed options."""
    prompt = prompt_text("student")

    def run(**changes):
        return nodes.filter_traces(
            mixed, verified, databases, questions, question_split, prompt, base_model, student, preparing(**changes)
        )

    return run


def test_every_question_that_is_used_has_its_databases(databases, raw_prompts):
    train = databases[databases["split"] == "train"]
    assert set(raw_prompts["id"]) <= set(train["id"])
    assert not databases.duplicated(["split", "id"]).any()
    assert (databases["split"] == "heldout").sum() == 6


def test_a_usable_question_has_a_task_and_the_others_a_reason(databases):
    usable = databases["status"] == "ok"
    assert usable.mean() > 0.9
    held = databases.loc[usable, "task"].map(lambda task: len(Task.from_json(task).databases))
    evaluated = databases.loc[usable, "split"] == "heldout"  # strictly: one with ties and one with no match on top
    assert (held[~evaluated] == 2).all() and held[evaluated].between(2, 4).all()
    assert databases.loc[~usable, "reason"].ne("").all()


def test_the_gold_agrees_and_nonsense_does_not(verified, mixed):
    wrong = verified["id"].isin(mixed["id"][:3])
    assert verified.loc[~wrong, "agrees"].all()
    assert not verified.loc[wrong, "agrees"].any()
    assert verified.loc[wrong, "reason"].ne("").all()


def test_answers_to_other_prompts_are_told_before_they_are_executed(questions, mixed, databases, preparing, options):
    others = mixed.assign(id=mixed["id"] + "-of-another-seed")
    with pytest.raises(
        BadInput, match=r"answers to \d+ questions that are not in raw_prompts .*Run the pipeline distill"
    ):
        nodes.verify_traces(others, questions, databases, preparing(), options("distillation"))


def test_malformed_traces_are_not_executed(verified, mixed):
    assert not set(verified["id"]) & set(mixed.loc[~mixed["well_formed"], "id"])


def test_the_yield_adds_up(sift, mixed):
    kept, rejected = sift()
    assert sorted([*kept["id"], *rejected["id"]]) == sorted(mixed["id"])
    counted = count_yield(summarise_outcomes(mixed[["id"]], mixed, kept, rejected))
    assert counted["rows"].iloc[0] == len(mixed) and counted["rows"].iloc[-1] == len(kept)
    assert set(rejected["stage"]) <= set(Stage)
    check_columns(kept, "filtered_traces", "kept")
    check_columns(rejected, "rejected_traces", "rejected")


def test_wrong_and_malformed_traces_fall_out_with_their_stage(sift, mixed):
    _, rejected = sift()
    stages = rejected.set_index("id")["stage"]
    assert stages[mixed["id"][:3]].eq("execution").all()
    assert stages[mixed["id"][3:5]].eq("teacher").all()
    assert rejected.set_index("id").loc[mixed["id"][3], "reason"] == "format"


def test_none_but_right_traces_are_kept_for_a_share_of_0(sift):
    kept, _ = sift()
    assert kept["agrees"].all()


def test_so_many_wrong_traces_are_kept_as_make_up_their_share(sift, mixed):
    kept, rejected = sift(incorrect_share=0.1)
    right = int(kept["agrees"].sum())
    assert (~kept["agrees"]).sum() == min(3, int(right * 0.1 / 0.9)) > 0
    assert len(kept) + len(rejected) == len(mixed)


def test_traces_over_the_budgets_fall_out(sift):
    _, rejected = sift(max_completion_tokens=45)
    long = rejected[rejected["reason"] == "too_long"]
    assert len(long) and long["stage"].eq("prompt").all() and long["detail"].str.contains("completion tokens").all()
    with pytest.raises(ValueError, match=r"no trace is left.*over_budget.*max_prompt_tokens=9"):
        sift(max_prompt_tokens=9)


@pytest.mark.parametrize(("share", "left"), [(0.0, "too_long"), (0.1, None)])
def test_a_wrong_trace_that_fits_does_not_hide_the_budget_that_lost_a_right_one(share, left, monkeypatch):
    rows = {True: {"stage": "prompt", "reason": "too_long"}, False: {"agrees": False}}
    monkeypatch.setattr(filtering, "_filtered_row", lambda *given: rows[given[3]["agrees"]])
    told = {"mode": "blind", "agreement": 1, "plan_consistency": 1.0, "sample": 0}
    limits = filtering.Limits(99, None, None, share)
    row = filtering._best_row(None, {}, "", [{"agrees": agrees, **told} for agrees in (False, True)], limits)
    assert row.get("reason") == left


def test_a_gold_that_reads_what_the_prompt_cannot_show_is_not_taken_for_a_long_one(
    prompt_text, base_model, student, preparing
):
    question = {
        "id": "1",
        "sql_prompt": "How many singers are there?",
        "sql_context": "CREATE TABLE singer (name TEXT);",
        "sql": "SELECT COUNT(*) FROM sqlite_master",
        "sql_complexity": "aggregation",
    }
    trace = {
        "id": "1", "sample": 0, "mode": "blind", "think": "Count.", "sql": question["sql"], "runs": True,
        "agrees": True, "status": "match", "reason": "", "plan_consistency": 1.0, "agreement": 1.0, "unknown_names": 0,
    }  # fmt: skip
    traces = pd.DataFrame([{**trace, "well_formed": True, "reason": ""}])
    task = Task("1", question["sql"], (question["sql_context"],)).to_json()
    databases = pd.DataFrame([{"id": "1", "split": "train", "status": "ok", "reason": "", "task": task}])
    with pytest.raises(ValueError, match=r"1 rows fell out for: {'schema_error': 1}"):
        nodes.filter_traces(
            traces, pd.DataFrame([trace]), databases, pd.DataFrame([question]), pd.DataFrame({"id": [], "group": []}),
            prompt_text("student"), base_model, student, preparing(),
        )  # fmt: skip


def test_a_kept_trace_is_within_its_budgets(sift, preparing):
    kept, _ = sift()
    assert kept["prompt_tokens"].between(1, preparing().max_prompt_tokens).all()
    assert kept["completion_tokens"].between(1, preparing().max_completion_tokens).all()


def test_features_are_of_the_gold_of_every_kept_trace(sift, questions):
    kept, _ = sift()
    table = nodes.extract_features(questions, kept)
    assert sorted(table["id"]) == sorted(kept["id"])
    check_columns(table, "sql_features", "features")


def test_a_small_set_of_examples_shows_every_template(preparing, verified, databases, prompt_text, base_model, student):
    templates = ["A"] * 8 + ["B", "C"]
    filtered = pd.DataFrame([{"id": str(i), "prompt": "[]", "completion": f"trace {i}"} for i in range(len(templates))])
    features = pd.DataFrame({"id": filtered["id"], "template": templates})
    more = (verified, databases, prompt_text("student"), base_model, student)
    chosen = nodes.build_sft_examples(filtered, features, *more, preparing(examples=3))
    assert set(features.set_index("id").loc[chosen["id"], "template"]) == {"A", "B", "C"}
    again = nodes.build_sft_examples(filtered, features, *more, preparing(examples=3))
    pd.testing.assert_frame_equal(chosen, again)
    assert len(nodes.build_sft_examples(filtered, features, *more, preparing(examples=None))) == len(templates)


def test_teacher_grpo_and_examination_share_no_schema(
    questions, heldout, databases, raw_prompts, question_split, prompt_text, base_model, student, preparing, sift
):
    student = (prompt_text("student"), base_model, student)
    grpo = nodes.build_grpo_prompts(questions, question_split, databases, sift()[0], *student, preparing())
    examination = nodes.build_evaluation_prompts(heldout, databases, *student, preparing())
    assert not grpo["teacher_think"].any()
    asked = questions[questions["id"].isin(raw_prompts["id"])]
    schemas = [{parse_schema(text).fingerprint for text in part["sql_context"]} for part in (asked, grpo, examination)]
    assert not schemas[0] & schemas[1] and not schemas[0] & schemas[2] and not schemas[1] & schemas[2]
    assert list(grpo.columns) == list(TABLES["grpo_prompts"].columns)
    assert list(examination.columns) == list(TABLES["evaluation_prompts"].columns)
    golds = questions.set_index("id")["sql"]
    assert all(golds[row.id] not in json.loads(row.prompt)[-1]["content"] for row in grpo.itertuples())


def test_where_nothing_is_reserved_grpo_draws_from_all_questions(questions, options):
    split = split_questions(questions, options("split", grpo_share=0.0))
    everything = splits.reserved_questions(questions, split)
    assert everything["id"].tolist() == questions["id"].tolist()


def test_where_nothing_is_reserved_the_teachers_reasoning_stands_beside_the_prompts_that_it_answered(
    questions, databases, prompt_text, base_model, student, preparing, sift
):
    kept, _ = sift()
    everything = pd.DataFrame({"id": questions["id"], "for_grpo": True})
    wide = preparing(grpo_prompts=None)
    text = prompt_text("student")
    grpo = nodes.build_grpo_prompts(questions, everything, databases, kept, text, base_model, student, wide)
    assert set(grpo.loc[grpo["teacher_think"] != "", "id"]) == set(kept.loc[kept["agrees"], "id"]) & set(grpo["id"])
    assert set(grpo["teacher_think"]) == {"", "Read the rows."}


def test_the_funnel_is_drawn(mixed, sift):
    assert nodes.plot_yield(summarise_outcomes(mixed[["id"]], mixed, *sift())).data


def test_the_examination_is_judged_on_databases_of_its_own_suite_and_both_are_kept(
    questions, heldout, raw_prompts, question_split, preparing, tmp_path
):
    few = (questions, heldout, raw_prompts.head(2), question_split)
    kept = tmp_path / "prepared.sqlite"
    bounds = {"grpo_prompts": 1, "evaluation_prompts": 8, "workers": 1}
    frames = [
        nodes.prepare_databases(*few, kept, preparing(**bounds, evaluation_suite=suite))
        for suite in ("strict", "lenient", "strict")
    ]
    train, exam = ([list(f[f["split"] == split]["task"]) for f in frames] for split in ("train", "heldout"))
    assert train[0] == train[1] == train[2] and exam[0] == exam[2] != exam[1]
    with Cache(kept) as cache:
        assert len(cache) == len(train[0]) + 2 * len(exam[0])


def test_questions_on_a_database_file_go_the_same_way(
    questions, raw_prompts, question_split, prompt_text, base_model, student, preparing, tmp_path
):
    script = "CREATE TABLE crew (id INTEGER PRIMARY KEY, name TEXT, rank TEXT);"
    script += "INSERT INTO crew VALUES (1, 'Ann', 'mate'), (2, 'Bob', 'cook'), (3, 'Cy', 'mate');"
    with sqlite3.connect(tmp_path / "crew.db") as connection:
        connection.executescript(script)
    asked = {
        "sql_prompt": "Who is a mate?",
        "sql": "SELECT name FROM crew WHERE rank = 'mate'",
        "sql_complexity": "basic",
    }
    rows = [{"id": "there", "database": f"{tmp_path}/crew.db", **asked}, {"id": "gone", "database": "no.db", **asked}]
    heldout = check_columns(pd.DataFrame(rows), "questions", "heldout_questions")
    options = preparing(grpo_prompts=1, evaluation_prompts=2, workers=1)
    found = nodes.prepare_databases(questions, heldout, raw_prompts.head(1), question_split, None, options)
    status = found[found["split"] == "heldout"].set_index("id")["status"]
    assert status.to_dict() == {"there": "ok", "gone": "database_error"}
    prompts = nodes.build_evaluation_prompts(heldout, found, prompt_text("student"), base_model, student, options)
    (row,) = prompts.to_dict("records")
    assert "CREATE TABLE crew" in row["prompt"] and Task.from_json(row["task"]).databases[0].endswith("crew.db")
