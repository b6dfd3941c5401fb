"""A real server as the teacher: llama.cpp's own, on loopback, with the tiny student behind it as GGUF."""

import json
import re
import shutil

import pytest
import yaml

from kedro_in_process import error_part
from sqlreason.errors import failures
from sqlreason.exports import gguf, llama_server
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.teachers.asking import Request, ask
from sqlreason.teachers.journal.journal import Journal
from sqlreason.teachers.teacher import Teacher

SLOTS = 2
LOADING = (503, {}, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}})
TWO_PARTS = re.compile(r"<(\w+)>(.*?)</\1>\s*<(\w+)>(.*?)</\3>", re.DOTALL)
SCHEMA = "CREATE TABLE singer (name TEXT, age INTEGER, city TEXT);"


@pytest.fixture(scope="module")
def tiny(project):
    return Checkpoint(str(project / "data/06_models/tiny_student"))


@pytest.fixture(scope="module")
def model(tiny, tmp_path_factory):
    request = gguf.GgufRequest(tiny, "f16", "Answer.", "tiny")
    return gguf.write_gguf(request, tmp_path_factory.mktemp("tiny")).path


@pytest.fixture(scope="module")
def server(model):
    with llama_server.serve(model, context=512, slots=SLOTS) as running:
        yield running


@pytest.fixture
def put(server, tmp_path, monkeypatch):
    """Asks the server questions, as the distillation does."""
    monkeypatch.setenv("OPENAI_API_KEY", server.key)

    def ask_all(texts, base_url=f"{server.address}/v1", max_new_tokens=192, **options):
        teacher = Teacher(
            "OpenAILLM", "tiny", {"base_url": base_url}, {"temperature": 0.0, "max_new_tokens": max_new_tokens}
        )
        asked = [Request(str(number), json.dumps(conversation(text))) for number, text in enumerate(texts)]
        settings = {"pause_seconds": 0.01, "max_failed_share": 1.0, "progress": lambda _: None, **options}
        with Journal(tmp_path / "journal.sqlite") as journal:
            return ask(teacher, asked, journal, **settings)

    return ask_all


def conversation(text):
    system = "Plan in <think></think>, then write one SQLite query in <sql></sql>."
    return [{"role": "system", "content": system}, {"role": "user", "content": f"{SCHEMA}\n\n{text}"}]


def test_usage_and_finish_reason_are_the_servers_own(put, tiny):
    (whole,) = put(["How many singers are there?"])
    assert TWO_PARTS.fullmatch(whole.text)  # untrained, it has names of its own for them
    assert whole.prompt_tokens == len(tiny.load_chat().prompt_ids(conversation("How many singers are there?")))
    assert whole.finish_reason == "stop" and 10 < whole.completion_tokens < 192
    (cut,) = put(["How many singers are there?"], max_new_tokens=7)
    assert (cut.finish_reason, cut.completion_tokens) == ("length", 7)


def test_a_prompt_beyond_the_context_costs_its_own_row_alone(put):
    completions = put(["How many singers are there?", "Show everything. " * 400, "Show the age of each singer."])
    assert [completion.status for completion in completions] == ["ok", "failed", "ok"]
    assert "exceeds the available context size (512 tokens)" in completions[1].reason


def test_more_requests_than_slots_are_all_answered_each_with_its_own(put, server):
    texts = [f"Show the {column} of each singer whose age is {age}." for column in ("name", "city") for age in range(6)]
    completions = put(texts, concurrency=2 * SLOTS)
    assert {completion.status for completion in completions} == {"ok"}
    again = put([texts[0]], concurrency=1)
    assert again[0].text == completions[0].text
    assert len({completion.request_id for completion in completions}) == len(texts)


def test_a_server_that_still_loads_its_model_is_waited_for(put, server, chat_server):
    def behave(number, body):
        if number <= 3:
            return LOADING
        body = {key: value for key, value in body.items() if value is not None}
        return 200, {}, server.post("/v1/chat/completions", body)

    front = chat_server(behave)
    (answer,) = put(["How many singers are there?"], base_url=front.url)
    assert answer.status == "ok" and len(front.questions) == 4


def test_a_wrong_key_ends_the_asking_at_once(put, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "wrong")
    completions = put([f"Question {number}?" for number in range(4)], concurrency=1)
    assert {completion.status for completion in completions} == {"failed"}
    assert "401" in completions[0].reason


@pytest.fixture
def copy(project_copy, server, chat_server, monkeypatch):
    """A project whose teacher is this server, asked as the student is, which is what it was brought up on.

    In front of it stands what calls the two parts of its answers think and sql, so that some can be used.
    """

    def behave(number, body):
        answer = server.post("/v1/chat/completions", {key: value for key, value in body.items() if value is not None})
        message = answer["choices"][0]["message"]
        message["content"] = TWO_PARTS.sub(r"<think>\n\2\n</think>\n<sql>\n\4\n</sql>", message["content"])
        return 200, {}, answer

    monkeypatch.setenv("OPENAI_API_KEY", server.key)
    folder = project_copy.folder / "conf/served"
    shutil.copytree(project_copy.folder / "conf/demo", folder)
    entries = yaml.safe_load((folder / "catalog.yml").read_text())
    entries["teacher"] = {
        **entries["teacher"], "kind": "OpenAILLM", "model": "tiny", "arguments": {"base_url": chat_server(behave).url},
        "generation": {"temperature": 0.0, "max_new_tokens": 192}, "prices": {"usd_per_hour": 0.0},
    }  # fmt: skip
    entries["teacher_prompt"] = {
        "type": "yaml.YAMLDataset", "filepath": "data/01_raw/prompts/student.yaml",
        "metadata": {"kedro-viz": {"layer": "raw"}},
    }  # fmt: skip
    (folder / "catalog.yml").write_text(yaml.safe_dump(entries))
    (folder / "globals.yml").write_text("root: data/served\n")
    return project_copy


FEW = (
    "distillation.questions=60,split.grpo_share=0.3,preprocessing.grpo_prompts=8,preprocessing.evaluation_prompts=8,"
    "preprocessing.databases=1,distillation.concurrency=1,sft.trl.num_train_epochs=null,sft.trl.max_steps=2,"
    "sft.trl.per_device_train_batch_size=2"
)


@pytest.mark.slow
def test_a_poor_teachers_answers_are_rejected_each_with_its_reason_and_the_rest_teaches_and_is_exported(copy):
    """From the served teacher to a GGUF file of the SFT student, without GRPO and without an evaluation."""
    copy.kedro("run", "--env=served", "--pipelines=distillation,preprocessing,sft", "--params", FEW)
    names = ("raw_prompts", "filtered_traces", "rejected_traces")
    asked, kept, rejected = (copy.load(name, "served") for name in names)
    assert 0 < len(kept) < len(asked) == 60
    assert len(kept) + len(rejected) == len(asked) and (rejected["reason"] != "").all()
    completions = copy.load("cot_completions", "served")
    assert (completions["completion_tokens"] > 0).all() and set(completions["finish_reason"]) <= {"stop", "length"}

    told = copy.kedro("run", "--env=served", "--pipelines=export", code=1)
    assert "export.adapter=grpo: no such adapter was trained yet" in told and "--params export.adapter=sft" in told

    options = f"{FEW},export.adapter=sft,export.questions=8,export.max_drop=1.0"
    copy.kedro("run", "--env=served", "--pipelines=export", "--params", options)
    metrics = copy.load("export_metrics", "served")
    assert metrics["form"].tolist() == ["adapter", "merged", "GGUF"]
    assert (metrics["same_prompt"] == 1.0).all() and (metrics["n"] == 8).all()
    card = copy.load("model_card", "served")
    assert "Not evaluated" in card and "GRPO" not in card


@pytest.mark.slow
def test_where_nothing_of_the_teacher_is_left_the_run_ends_in_a_few_lines(copy):
    """Answers of five tokens: none is whole."""
    path = copy.folder / "conf/served/catalog.yml"
    entries = yaml.safe_load(path.read_text())
    entries["teacher"]["generation"]["max_new_tokens"] = 5
    path.write_text(yaml.safe_dump(entries))
    few = FEW.replace("questions=60", "questions=12")
    command = ("run", "--env=served", "--pipelines=distillation,preprocessing,sft", "--params", few)
    output = copy.kedro(*command, code=1)
    assert "Traceback" not in output and len(error_part(output)) <= failures.LINES
    assert copy.load("cot_traces", "served")["reason"].str.startswith("truncated: ").all()
