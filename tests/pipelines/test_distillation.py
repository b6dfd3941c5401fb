"""Distillation: what the teacher is asked, what is stored, and how answers are read."""

import json

import pandas as pd
import pytest

from sqlreason.data.tables import TABLES
from sqlreason.pipelines.distillation.nodes import (
    ask_teacher,
    build_teacher_prompts,
    estimate_teaching,
    read_completions,
    split_questions,
)
from sqlreason.reasoning import prompts
from sqlreason.sql.parsing.schema import parse_schema
from sqlreason.teachers.journal.journal import Journal
from sqlreason.teachers.prices import Prices
from sqlreason.teachers.teacher import Teacher

ANSWER = "<think>\nRead the rows.\n</think>\n<sql>\nSELECT 1\n</sql>"


@pytest.fixture
def ask(questions, prompt_text, options):
    """Builds prompts with a few changed options."""

    def build(split=None, **changes):
        chosen = options("distillation", **{"questions": None, **changes})
        parts = split_questions(questions, options("split", **(split or {})))
        return build_teacher_prompts(questions, parts, prompt_text("teacher"), prompt_text("teacher_plan"), chosen)

    return build


def fingerprints(questions, ids):
    contexts = questions[questions["id"].isin(ids)]["sql_context"]
    return {parse_schema(context).fingerprint for context in contexts}


def test_blind_the_teacher_sees_question_and_schema_but_not_the_gold(ask, questions):
    rows = questions.set_index("id")
    for prompt in ask(mode="blind").itertuples():
        user = json.loads(prompt.messages)[-1]["content"]
        assert rows.loc[prompt.id, "sql_prompt"] in user and "CREATE TABLE" in user
        assert rows.loc[prompt.id, "sql"] not in prompt.messages
        assert prompt.mode == "blind"


def test_hinted_the_teacher_sees_the_gold_and_the_row_says_so(ask, questions):
    golds = questions.set_index("id")["sql"]
    for prompt in ask(mode="hinted").itertuples():
        assert golds[prompt.id] in "".join(message["content"] for message in json.loads(prompt.messages))
        assert prompt.mode == "hinted"


def test_reserved_schemas_are_not_asked_about(ask, questions):
    asked = set(ask()["id"])
    kept_back = set(questions["id"]) - asked
    assert asked and kept_back
    assert not fingerprints(questions, asked) & fingerprints(questions, kept_back)


def test_nothing_is_reserved_for_a_share_of_0(ask, questions):
    assert ask({"grpo_share": 0.0})["id"].tolist() == questions["id"].tolist()


def test_so_many_questions_as_were_wanted_are_asked_the_same_for_the_same_seed(ask):
    first, again, other = ask(questions=5), ask(questions=5), ask(questions=5, seed=8)
    assert len(first) == 5
    pd.testing.assert_frame_equal(first, again)
    assert first["id"].tolist() != other["id"].tolist()


def test_a_question_without_a_usable_context_or_text_gets_a_reason_and_no_prompt(questions, prompt_text, options):
    broken = questions.assign(sql_context=["no schema", *questions["sql_context"][1:]])
    broken.loc[1, "sql_prompt"] = "  "
    broken.loc[2, "sql"] = ""
    built = build_teacher_prompts(
        broken,
        split_questions(broken, options("split", grpo_share=0.0)),
        prompt_text("teacher"),
        prompt_text("teacher_plan"),
        options("distillation", questions=None),
    )
    assert built["reason"].iloc[0].startswith("context: ")
    assert built["reason"].iloc[1:3].tolist() == ["question: there is none", "gold: there is none"]
    assert built["messages"].eq("").tolist() == [True, True, True, *[False] * (len(questions) - 3)]


def test_whatever_is_raised_while_one_prompt_is_built_costs_that_question_alone(
    questions, prompt_text, options, monkeypatch
):
    real = prompts.schema_text

    def schema_text(context, **given):
        if context == questions["sql_context"].iloc[0]:
            raise RecursionError
        return real(context, **given)

    monkeypatch.setattr(prompts, "schema_text", schema_text)
    texts = (prompt_text("teacher"), prompt_text("teacher_plan"))
    split = split_questions(questions, options("split", grpo_share=0.0))
    asked = build_teacher_prompts(questions, split, *texts, options("distillation", questions=None))
    lost = asked.loc[questions["sql_context"] == questions["sql_context"].iloc[0], "reason"]
    assert lost.eq("context: RecursionError").all() and (asked["reason"] == "").sum() == len(asked) - len(lost)


def test_each_prompt_gets_one_answer_and_nothing_is_asked_twice(raw_prompts, questions, options, tmp_path, caplog):
    teacher = Teacher("scripted", "", {"error_rate": 0.0, "format_error_rate": 0.0})
    journal, chosen = tmp_path / "journal.sqlite", options("distillation")
    estimate = estimate_teaching(raw_prompts, questions, teacher, journal, chosen)
    answers = ask_teacher(raw_prompts, questions, teacher, estimate, journal, chosen)
    assert answers["id"].tolist() == raw_prompts["id"].tolist()
    assert answers["status"].eq("ok").all()
    with Journal(journal) as known:
        first = [entry.created for entry in known]
    again = ask_teacher(raw_prompts, questions, teacher, estimate, journal, chosen)
    with Journal(journal) as known:
        assert [entry.created for entry in known] == first
    pd.testing.assert_frame_equal(answers, again)


def test_a_teacher_whose_price_nobody_entered_is_refused_before_the_first_call(
    raw_prompts, questions, options, tmp_path
):
    journal, chosen = tmp_path / "journal.sqlite", options("distillation")
    unknown = Teacher("OpenAILLM", "some-model", prices=Prices.from_mapping({"source": "enter your provider's price"}))
    with pytest.raises(ValueError, match=r"price of some-model is unknown.*catalog entry `teacher`"):
        estimate_teaching(raw_prompts, questions, unknown, journal, chosen)
    stated = Teacher("OpenAILLM", "some-model", prices=Prices.from_mapping({"usd_per_hour": 0}))
    assert estimate_teaching(raw_prompts, questions, stated, journal, chosen)["usd"].tolist() == [0.0]


def _read(lost="", **answer):
    """The trace of one prompt and its answer."""
    prompt = {"id": "1", "messages": "[]", "mode": "blind", "prompt_fingerprint": "x", "reason": lost}
    blank = {**dict.fromkeys(TABLES["cot_completions"].columns, ""), "sample": 0, "mode": "blind"}
    rows = [{**blank, "id": "1", "status": "ok", "finish_reason": "stop", "text": ANSWER, **answer}]
    completions = pd.DataFrame([] if lost else rows, columns=list(TABLES["cot_completions"].columns))
    return read_completions(pd.DataFrame([prompt]), completions).iloc[0]


def test_a_good_answer_is_taken_apart():
    trace = _read()
    assert (trace["think"], trace["sql"], trace["well_formed"], trace["reason"]) == (
        "Read the rows.", "SELECT 1", True, "",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"finish_reason": "length"}, "truncated: the answer reached max_new_tokens"),
        ({"status": "failed", "reason": "429 too many requests", "text": ""}, "failed: 429 too many requests"),
        ({"text": "I cannot help with that."}, "format: no_think"),
        ({"text": ANSWER + ANSWER}, "format: "),
        ({"lost": "context: nothing to read"}, "context: nothing to read"),
    ],
)
def test_a_row_that_falls_out_has_its_reason_and_no_trace(answer, reason):
    trace = _read(**answer)
    assert trace["reason"].startswith(reason)
    assert not trace["well_formed"] and trace["sql"] == ""


def test_the_separate_reasoning_field_of_a_provider_becomes_the_reasoning():
    trace = _read(text="```sql\nSELECT 1\n```", reasoning="Read the rows.")
    assert trace["well_formed"] and trace["think"] == "Read the rows." and trace["sql"] == "SELECT 1"


def test_a_prompt_that_was_never_asked_says_so(raw_prompts):
    nothing = pd.DataFrame(columns=list(TABLES["cot_completions"].columns))
    traces = read_completions(raw_prompts, nothing)
    assert traces["reason"].eq("failed: the teacher was not asked").all()
