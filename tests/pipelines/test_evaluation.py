"""The evaluation: the gold scores 100 %, a wrong or cut answer nothing, and answers belong to their questions."""

import json
from dataclasses import replace

import pandas as pd
import pytest

from sqlreason.data.tables import TABLES, check_columns
from sqlreason.pipelines.evaluation import nodes
from sqlreason.pipelines.preprocessing.nodes import build_evaluation_prompts
from sqlreason.reasoning import format as grammar
from sqlreason.reporting import figures
from sqlreason.sql.verifier import Task
from sqlreason.students import evaluation
from sqlreason.students.checkpoints.adapter import Adapter, AdapterError
from sqlreason.students.generation import decoding
from sqlreason.students.training import forecast
from sqlreason.students.training.forecast_calibration import read_runs
from sqlreason.teachers.teacher import Teacher


@pytest.fixture(scope="module")
def prompts(heldout, databases, prompt_text, base_model, student, preparing):
    return build_evaluation_prompts(heldout, databases, prompt_text("student"), base_model, student, preparing())


@pytest.fixture(scope="module")
def score(prompts, options):
    return lambda answers, asked=prompts: nodes.score_answers(asked, answers, options("evaluation", workers=1))


def answer(prompts, texts, finished=True):
    return pd.DataFrame({"id": prompts["id"], "text": texts, "tokens": 10, "finished": finished, "seconds": 0.1})


def golden(prompts):
    return [grammar.render("Read the rows.", sql) for sql in prompts["gold_sql"]]


def test_the_gold_scores_100_percent(prompts, score):
    scores = score(answer(prompts, golden(prompts)))
    assert scores["agrees"].all() and scores["runs"].all() and scores["well_formed"].all()
    assert scores["status"].eq("match").all()
    reads = scores["id"].map(prompts.set_index("id")["gold_sql"]).str.match("(?i)(SELECT|WITH)")
    assert reads.any() and scores.loc[reads, ["agrees_spider", "agrees_bird"]].all(axis=None)
    check_columns(scores, "scores", "scores")


def test_the_scripts_of_published_benchmarks_stand_beside_with_their_own_mistakes(prompts, score):
    reading = prompts[prompts["gold_sql"].str.match("(?i)SELECT(?! DISTINCT)")]
    doubled = [f"SELECT * FROM ({sql}) UNION ALL SELECT * FROM ({sql})" for sql in reading["gold_sql"].str.rstrip("; ")]
    scores = score(answer(reading, [grammar.render("Twice.", sql) for sql in doubled]), reading)
    assert not scores["agrees"].any() and not scores["agrees_spider"].any()
    assert scores["agrees_bird"].all()


def test_the_order_of_the_answers_does_not_matter(prompts, score):
    answers = answer(prompts, golden(prompts)).sample(frac=1.0, random_state=1)
    assert score(answers)["agrees"].all()


def test_a_query_that_answers_something_else_runs_and_does_not_agree(prompts, score):
    scores = score(answer(prompts, grammar.render("Guess.", "SELECT 'nobody wants this' AS nonsense")))
    assert not scores["agrees"].any()
    assert scores["reason"].ne("").all()


def test_a_query_that_does_not_run_says_why(prompts, score):
    scores = score(answer(prompts, grammar.render("Guess.", "SELECT name FROM nowhere")))
    assert not scores["runs"].any() and not scores["agrees"].any()
    assert scores["reason"].str.contains("nowhere").all()


def test_an_answer_that_was_cut_off_is_not_well_formed_even_if_its_query_is_right(prompts, score):
    scores = score(answer(prompts, golden(prompts), finished=False))
    assert not scores["well_formed"].any() and not scores["agrees"].any()
    assert scores["reason"].eq("format: truncated").all()


def test_a_right_query_outside_of_the_grammar_scores_nothing(prompts, score):
    scores = score(answer(prompts, prompts["gold_sql"].tolist()))
    assert not scores[["well_formed", "runs", "agrees"]].any(axis=None)
    assert scores["reason"].str.startswith("format: ").all()


def test_answers_to_other_questions_are_refused(prompts, score):
    others = answer(prompts, golden(prompts)).assign(id=lambda frame: "other-" + frame["id"])
    with pytest.raises(ValueError, match=r"do not belong to these .* run the evaluation pipeline as a whole"):
        score(others)
    with pytest.raises(ValueError, match="do not belong"):
        score(answer(prompts, golden(prompts)).iloc[1:])


def test_a_gold_that_does_not_agree_with_itself_stops_the_examination(prompts, score):
    task = Task.from_json(prompts["task"].iloc[0])
    broken = Task(task.id, "SELECT name FROM nowhere", task.databases, task.engine).to_json()
    faulty = prompts.assign(task=[broken, *prompts["task"].iloc[1:]])
    with pytest.raises(RuntimeError, match=f"1 gold queries do not agree with themselves.*{task.id}"):
        score(answer(prompts, golden(prompts)), faulty)


def test_the_untrained_student_answers_every_question_within_its_budget(prompts, base_model, options, tmp_path):
    few = prompts.head(2)
    short = options("evaluation", max_completion_tokens=5, batch_size=2, processes=1)
    answers = nodes.answer_as_base(base_model, few, tmp_path, options("student"), short)
    check_columns(answers, "answers", "answers")
    assert answers["id"].tolist() == few["id"].tolist()
    assert answers["tokens"].between(1, 5).all()
    assert list(tmp_path.rglob("*.json")) == []  # what a kill would have left is gone


def test_corrections_are_counted_and_tell_the_engines_message(
    prompts, base_model, options, score, monkeypatch, tmp_path
):
    few, told = prompts.head(2), []

    def written(model, tokenizer, conversations, **_):
        told.extend(turns[-1]["content"] for turns in conversations if len(turns) > 2)
        known = dict(zip(few["prompt"], ["SELECT x FROM nowhere", few["gold_sql"].iloc[1]], strict=True))
        queries = [known.get(json.dumps(turns), "SELECT 1") for turns in conversations]
        return [decoding.Generation(grammar.render("Guess.", sql), 7, True, 0.1) for sql in queries]

    monkeypatch.setattr(decoding, "generate", written)
    corrected = options("evaluation", self_repairs=1, processes=1)
    answers = nodes.answer_as_base(base_model, few, tmp_path, options("student"), corrected)
    check_columns(answers, "answers", "answers")
    assert answers["retries"].tolist() == [1, 0] and answers["tokens"].tolist() == [14, 7]
    assert len(told) == 1 and "no such table: nowhere" in told[0]
    assert "nowhere" in answers["first"].iloc[0] and "nowhere" not in answers["text"].iloc[0]
    scores = score(answers, few)
    metrics, _ = nodes.compare_students(scores, scores, scores)
    assert metrics["retried"].eq(0.5).all() and metrics["repaired"].eq(0.5).all()
    first = score(evaluation.first_answers(answers), few)
    assert first.set_index("id")["runs"].tolist() == [False, True]


@pytest.mark.parametrize(
    ("base", "fingerprint", "told"), [("other@1", "x", "was trained on other@1"), (None, "x", "with prompt x")]
)
def test_an_adapter_of_another_model_or_prompt_does_not_answer(
    prompts, base_model, prompt_text, options, base, fingerprint, told, tmp_path
):
    adapter = Adapter({}, {}, base or base_model.identity, fingerprint)
    with pytest.raises(AdapterError, match=told):
        asked = (base_model, adapter, prompts, prompt_text("student"), tmp_path)
        nodes.answer_with_adapter(*asked, options("student"), options("evaluation", processes=1))


def test_students_are_compared_on_the_same_questions(prompts, score):
    nothing, everything = score(answer(prompts, "")), score(answer(prompts, golden(prompts)))
    metrics, by_complexity = nodes.compare_students(nothing, nothing, everything)
    assert metrics.iloc[:, 0].tolist() == ["base", "SFT", "GRPO"]
    assert json.loads(by_complexity.to_json())


def test_costs_and_report_are_made_of_the_tables_that_the_stages_left(prompts, score, base_model, options):
    answers = answer(prompts, golden(prompts))
    scores = score(answers)
    metrics, by_complexity = nodes.compare_students(scores, scores, scores)
    kept = {**dict.fromkeys(TABLES["trace_outcomes"].columns, ""), "outcome": "kept"}
    lost = {**kept, "outcome": "rejected", "stage": "teacher", "reason": "format"}
    outcomes = pd.DataFrame([kept, kept, lost])
    completions = pd.DataFrame(
        {"seconds": [1.0] * 3, "prompt_tokens": [9] * 3, "completion_tokens": [5] * 3, "usd": [0.5, 0.25, 0.25]}
    )
    estimate = pd.DataFrame({"usd": [0.75], "spent_usd": [0.25]})
    history = pd.DataFrame({"step": [1, 2], "loss": [2.0, 1.0], "reward": [0.1, 0.2], "kl": 0.0, "seconds": [5, 9]})
    profile = pd.DataFrame({"seconds": [0.5, 1.0], "tokens": [3, 4]})
    start = Adapter({}, {}, base_model.identity, "p", {"stage": "sft", "seconds": 7.0})
    teacher, prices, chosen = Teacher("scripted"), options("prices"), options("evaluation")

    def billed(start_from, profile):
        machine = (history, start, profile, history, metrics, teacher, prices, options("grpo", **start_from))
        return nodes.compute_costs(completions, estimate, outcomes, *machine)

    costs = billed({"initial_adapter": "format_only"}, profile)
    bill = costs.set_index("stage")
    assert list(bill.index) == ["distillation", "sft", "initial_adapter", "forecast", "grpo", "evaluation"]
    assert bill["seconds"].iloc[1:5].tolist() == [9, 7.0, 1.5, 9] and bill.loc["forecast", "tokens_out"] == 7
    assert list(billed({}, profile.head(0))["stage"]) == ["distillation", "sft", "grpo", "evaluation"]
    assert bill.loc["distillation", ["cost", "estimated", "cost_per_trace"]].tolist() == [1.0, 1.0, 0.5]
    assert bill.loc["evaluation", "tokens_out"] == 3 * answers["tokens"].sum()
    assert bill.loc["evaluation", "seconds"] == pytest.approx(3 * answers["seconds"].sum())
    facts = nodes.describe_run(teacher, base_model, prompts, prompts, prices, chosen)
    examples = nodes.choose_examples(prompts, answers, scores, answers, scores, chosen)
    plots = (figures.training_loss(history), figures.grpo_rewards(history))
    page = nodes.write_report(
        metrics, by_complexity, examples, outcomes, costs, *plots, "<p>tokens</p>", json.loads(json.dumps(facts))
    )  # fmt: skip
    assert "&lt;p&gt;tokens&lt;/p&gt;" in page
    assert "asked of the teacher" in page and "format 1" in page and base_model.identity in page
    durations = page.split("<h3>Seconds per stage on the training machine</h3>")[1].split("</table>")[0]
    assert "forecast" in durations and "distillation" not in durations
    assert "Bill: 1.00 USD" in page and "0.5000 per trace kept (2)" in page
    assert all(f'id="figure-{name}"' in page for name in ("accuracy", "trace_yield", "training_loss", "costs"))


def test_a_forecast_is_held_against_what_came_of_it_and_kept_for_the_next(tmp_path):
    rolled = [{"id": str(i), "temperature": 1.0, "completion": "", "reward": float(k < 4), "right": k < 4, "tokens": 9,
               "seconds": 0.1} for i in range(4) for k in range(8)]  # fmt: skip
    told = forecast.summarise(pd.DataFrame(rolled), group=8)
    before, after = (
        pd.DataFrame({"id": list("abcd"), "agrees": marks}) for marks in ([True, False] * 2, [True, True] * 2)
    )
    sft = Adapter({}, {}, "base", "print", {"stage": "sft"})
    adapter = replace(sft, facts={"stage": "grpo", "options": {"start": sft.digest}})
    place = tmp_path / "forecast_calibration.jsonl"
    table = nodes.check_forecast(told, before, after.sample(frac=1.0, random_state=2), sft, adapter, place)
    check_columns(table, "forecast_check", "forecast_check")
    (run,) = table.to_dict("records")
    assert run["gained"] == 50.0 and run["questions"] == 4 and run["headroom"] == 50.0 and run["go"]
    assert read_runs(place)[0].run == adapter.digest
    assert len(nodes.check_forecast(told, before, after, sft, adapter, place)) == 1  # the same run, told again
    assert len(nodes.check_forecast(told.head(0), before, after, sft, adapter, place)) == 1
    assert nodes.check_forecast(told.head(0), before, after, sft, adapter, None).empty
    elsewhere = replace(adapter, facts={"stage": "grpo", "options": {"start": "of another student"}})
    assert (
        len(nodes.check_forecast(told, before, after, sft, elsewhere, place)) == 1
    )  # sft's figures are none of its start
