"""Another source by an edit of the catalog alone: real questions through distillation and preprocessing."""

import json

import pandas as pd
import pytest
import yaml

from sqlreason.data.trace_outcomes import count_yield

pytestmark = pytest.mark.slow

PARAMETERS = (
    "preprocessing.grpo_prompts=20,preprocessing.evaluation_prompts=20,preprocessing.databases=1,"
    "preprocessing.workers=1"
)


def write_local(copy, entry):
    """A user's conf/local as conf/README.md describes it: this source, the tiny student, the scripted teacher."""
    folder = copy.folder / "conf/local"
    entries = yaml.safe_load((copy.folder / "conf/demo/catalog.yml").read_text(encoding="utf-8"))
    entries["sql_questions"] = entry
    entries["teacher"]["arguments"] = {"error_rate": 0.1, "format_error_rate": 0.0, "seed": 7}
    (folder / "catalog.yml").write_text(yaml.safe_dump(entries), encoding="utf-8")
    (folder / "globals.yml").write_text("root: data/local\n", encoding="utf-8")
    (folder / "parameters.yml").write_text((copy.folder / "conf/demo/parameters.yml").read_text(encoding="utf-8"))


SOURCES = {
    "gretel": (
        lambda folder: {"type": "pandas.CSVDataset", "filepath": str(folder / "gretel_25.csv")},
        "distillation.questions=null,split.grpo_share=0.3",
        25,
    ),
    "ambrosia": (
        lambda folder: {
            "type": "pandas.JSONDataset",
            "filepath": str(folder / "ambrosia_800.jsonl"),
            "load_args": {"lines": True},
        },
        "distillation.questions=60,split.grpo_share=0.3",
        800,
    ),
}


@pytest.fixture(scope="module", params=SOURCES)
def swapped(request, project_copies, real_folder):
    entry, parameters, rows = SOURCES[request.param]
    copy = project_copies(request.param)
    write_local(copy, entry(real_folder))
    command = ("--env=local", "--pipelines=distillation,preprocessing", "--params", f"{PARAMETERS},{parameters}")
    copy.output = copy.kedro("run", *command)
    names = (
        "sql_questions", "raw_prompts", "cot_traces", "test_databases", "filtered_traces", "rejected_traces",
        "sft_examples", "grpo_prompts", "trace_outcomes",
    )  # fmt: skip
    copy.tables = {name: copy.load(name, "local") for name in names}
    assert len(copy.tables["sql_questions"]) == rows
    return copy


def test_the_yield_accounts_for_every_row(swapped):
    asked, kept, rejected = (swapped.tables[name] for name in ("raw_prompts", "filtered_traces", "rejected_traces"))
    assert sorted([*kept["id"], *rejected["id"]]) == sorted(asked["id"])
    assert rejected["reason"].ne("").all() and rejected["detail"].ne("").all()
    steps = count_yield(swapped.tables["trace_outcomes"])
    assert steps["rows"].is_monotonic_decreasing and steps["rows"].iloc[-1] == len(kept) > 0


def test_ids_of_the_source_are_kept_as_text(swapped):
    assert set(swapped.tables["raw_prompts"]["id"]) <= set(swapped.tables["sql_questions"]["id"])
    assert all(isinstance(id_, str) for id_ in swapped.tables["raw_prompts"]["id"])


def test_a_question_whose_gold_cannot_be_trusted_has_its_reason(swapped):
    databases = swapped.tables["test_databases"]
    unusable = databases[databases["status"] != "ok"]
    assert unusable["reason"].ne("").all()
    assert not set(unusable.loc[unusable["split"] == "train", "id"]) & set(swapped.tables["filtered_traces"]["id"])


def test_grpo_gets_questions_that_the_teacher_was_not_asked(swapped):
    grpo, asked = swapped.tables["grpo_prompts"], swapped.tables["raw_prompts"]
    assert len(grpo) and not set(grpo["id"]) & set(asked["id"])


def test_the_student_is_given_a_prompt_without_the_gold(swapped):
    golds = swapped.tables["sql_questions"].set_index("id")["sql"]
    for row in swapped.tables["sft_examples"].itertuples():
        assert golds[row.id] not in json.loads(row.prompt)[-1]["content"]


def test_the_demo_s_data_is_left_alone(swapped):
    assert not (swapped.folder / "data/demo").exists()
    assert pd.api.types.is_bool_dtype(swapped.tables["filtered_traces"]["agrees"])
