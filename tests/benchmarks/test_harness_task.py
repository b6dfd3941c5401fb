"""An evaluation as a task of lm-evaluation-harness: what is written, and that its verdict is the pipeline's."""

import json

import pandas as pd
import pytest
import yaml

from sqlreason.benchmarks import harness_task
from sqlreason.errors import BadInput
from sqlreason.reasoning.format import render
from sqlreason.sql.verifier import Task
from sqlreason.students.evaluation import score_answers

CONTEXT = "CREATE TABLE users (name TEXT, age INT); INSERT INTO users VALUES ('Ada', 36), ('Bob', 20), ('Cy', 41)"
GOLD = "SELECT name FROM users WHERE age > 30"
ANSWERS = [
    render("Those over 30.", "SELECT name FROM users WHERE NOT age <= 30"),
    render("All.", "SELECT name FROM users"),
    render("No such column.", "SELECT nam FROM users"),
    render("Right.", GOLD) + " That is all.",
    render("Cut off.", GOLD)[:-1],
    "",
]


def row(number, gold=GOLD, roles=("system", "user")):
    messages = [{"role": role, "content": f"{role} {number}"} for role in roles]
    task = Task(f"q{number}", gold, (CONTEXT, CONTEXT.replace("41", "12"))).to_json()
    return {"id": f"q{number}", "prompt": json.dumps(messages), "task": task, "gold_sql": gold, "sql_context": CONTEXT}


@pytest.fixture
def folder(tmp_path):
    rows = [row(number) for number in range(len(ANSWERS))]
    assert harness_task.write_task(tmp_path / "task", "sqlreason_demo", rows, 192) == len(ANSWERS)
    return tmp_path / "task"


def test_its_verdict_on_an_answer_is_that_of_the_evaluation(folder):
    documents = harness_task.read_questions(folder)["test"]
    told = [harness_task.judge(one, [text]) for one, text in zip(documents, ANSWERS, strict=True)]
    prompts = pd.DataFrame([{**row(number), "sql_complexity": ""} for number in range(len(ANSWERS))])
    answers = pd.DataFrame({"id": prompts["id"], "text": ANSWERS, "finished": True, "tokens": 9, "seconds": 0.1})
    scores = score_answers(prompts, answers, workers=1)
    for metric, column in (("accuracy", "agrees"), ("executes", "runs"), ("format_rate", "well_formed")):
        assert [bool(one[metric]) for one in told] == scores[column].tolist(), metric
    assert [one["accuracy"] for one in told] == [1, 0, 0, 0, 0, 0]


def test_the_end_of_an_answer_is_a_token_that_the_harness_does_not_get(folder):
    class Loader(yaml.SafeLoader):
        """Reads the harness's tag as a text."""

    Loader.add_constructor("!function", lambda loader, node: node.value)
    config = yaml.load((folder / "sqlreason.yaml").read_text(), Loader)
    assert config["task"] == "sqlreason_demo" and config["generation_kwargs"]["max_gen_toks"] == 191


def test_a_gold_that_cannot_be_trusted_ends_it(tmp_path):
    harness_task.write_task(tmp_path, "t", [row(0, gold="SELECT nothing FROM nowhere")], 9)
    with pytest.raises(BadInput, match="the gold of q0 does not agree with itself"):
        harness_task.judge(harness_task.read_questions(tmp_path)["test"][0], ANSWERS[:1])


@pytest.mark.parametrize(
    ("name", "rows", "told"),
    [
        ("a b", [row(0)], "cannot be the name of a task"),
        ("t", [], "there are no questions"),
        ("t", [row(0, roles=("system", "user", "assistant", "user"))], "leave examples out of student_prompt"),
        ("t", [row(0, roles=("system",))], "takes one of the user"),
    ],
)
def test_what_makes_no_task_is_refused(name, rows, told, tmp_path):
    with pytest.raises(BadInput, match=told):
        harness_task.write_task(tmp_path / "task", name, rows, 9)
    assert not (tmp_path / "task").exists()


def test_the_harness_reads_the_folder(folder):
    tasks = pytest.importorskip("lm_eval.tasks", reason="lm_eval is installed apart")
    manager = tasks.TaskManager(include_path=str(folder), include_defaults=False)
    task = manager.load("sqlreason_demo")["tasks"]["sqlreason_demo"]
    document = task.test_docs()[1]
    context = task.fewshot_context(document, num_fewshot=0)
    assert "system 1" in context and context.endswith("user 1")
    assert task.process_results(document, ANSWERS[:1])["accuracy"] == 1.0
    assert set(task.aggregation()) == {"accuracy", "executes", "format_rate"}


def test_inspect_gives_the_same_verdict_and_takes_no_answer_that_was_cut_off(folder, tmp_path, monkeypatch):
    inspect = pytest.importorskip("inspect_ai", reason="inspect_ai is installed apart")
    from inspect_ai.model import ModelOutput, ModelUsage, get_model

    outputs = [ModelOutput.from_content("mockllm/model", text) for text in ANSWERS]
    outputs[1] = ModelOutput.from_content("mockllm/model", ANSWERS[0], stop_reason="max_tokens")
    for output in outputs:
        output.usage = ModelUsage(input_tokens=9, output_tokens=9, total_tokens=18)  # else its tokenizer is fetched
    monkeypatch.chdir(folder)
    model = get_model("mockllm/model", custom_outputs=outputs)
    (log,) = inspect.eval(
        "inspect_task.py", model=model, log_dir=str(tmp_path / "logs"), display="none", max_connections=1
    )
    assert (log.status, log.eval.task) == ("success", "sqlreason_demo"), log.error
    right = {sample.id: sample.scores["verdict"].value for sample in log.samples}
    assert sum(right.values()) == 1 and len(right) == len(ANSWERS)
    assert [sample.messages[0].role for sample in log.samples] == ["system"] * len(ANSWERS)
