"""GGUF files of each family: llama.cpp cuts, asks, stops and computes as transformers does; small random weights."""

import json

import pandas as pd
import pytest

from families import STANDINS
from sqlreason.exports import gguf, gguf_families, llama_server, llamacpp, pretokenizers, served_template
from sqlreason.sql.verifier import Task
from sqlreason.students import evaluation
from sqlreason.students.checkpoints.chat import open_chat
from sqlreason.students.checkpoints.checkpoint import Checkpoint

WRITTEN = (
    "llama3_1", "llama3_2", "llama2_chat", "gemma2", "qwen2_5", "qwen3", "qwen3_thinking", "r1_distill_qwen",
    "r1_distill_llama", "deepseek_coder", "phi4", "phi4_mini", "smollm2", "glm4", "hermes3", "special_think", "base",
)  # fmt: skip
NO_GGUF = ("gpt_oss", "no_spare_token")
SHORT_WINDOW = "mistral_instruct"


def ask(number):
    schema = f"CREATE TABLE singer (name TEXT, c{number} INTEGER);\n\n"
    return [{"role": "system", "content": "Answer."}, {"role": "user", "content": f"{schema}Show c{number}, it's <5."}]


@pytest.fixture(scope="module")
def prompts():
    task = Task("", "", ("CREATE TABLE singer (name TEXT)",)).to_json()
    rows = [{"id": str(n), "prompt": json.dumps(ask(n)), "task": task} for n in range(4)]
    return pd.DataFrame(rows)


def write(name, folder, precision="f32", **template):
    spoken_to = {"template_arguments": {}, "plain_template": True, **template}
    student = Checkpoint(str(STANDINS[name].student(folder / "student"))).spoken_to(**spoken_to)
    return student, gguf.write_gguf(gguf.GgufRequest(student, precision, "Answer.", "x"), folder / "gguf")


def test_every_family_is_tried_or_known_to_have_no_gguf():
    assert {*WRITTEN, *NO_GGUF, SHORT_WINDOW, "llama3_2_unsloth"} == set(STANDINS)


@pytest.fixture(scope="module", params=WRITTEN)
def written(request, tmp_path_factory):
    """A student of each family, its GGUF file and a server of it."""
    student, model = write(request.param, tmp_path_factory.mktemp(request.param))
    with llama_server.serve(model.path, context=512) as server:
        yield student, model, server


def test_llama_cpp_writes_the_tokens_that_transformers_writes(written, prompts):
    student, model, _ = written
    theirs = llamacpp.answer_questions(model.path, student.load_chat(), prompts, 5)
    options = {"dtype": "float32", "quantization": None, "max_completion_tokens": 5, "batch_size": 1}
    ours = evaluation.answer_questions(student, None, prompts, **options)
    assert theirs["same_prompt"].all()
    assert theirs["text"].tolist() == ours["text"].tolist()
    assert theirs["finished"].tolist() == ours["finished"].tolist()


def test_the_server_asks_by_the_stored_template_what_training_asked(written):
    student, _, server = written
    chat, turns = student.load_chat(), ask(1)
    answer = {"role": "assistant", "content": "<think>\na\n</think>\n<sql>\nSELECT 1\n</sql>"}
    assert served_template.prompts_alike(server, chat, turns)
    assert served_template.prompts_alike(server, chat, [*turns, answer, *turns[1:]])
    reply = server.post("/v1/chat/completions", {"messages": turns, "max_tokens": 4, "temperature": 0})
    assert reply["usage"]["prompt_tokens"] == len(chat.prompt_ids(turns))


def test_the_modelfile_asks_what_training_asked(written):
    student, model, server = written
    turns = ask(2)
    asked = model.modelfile.split('"""')[1].partition("{{ .Response }}")[0]
    asked = asked.replace("{{ .System }}", turns[0]["content"]).replace("{{ .Prompt }}", turns[1]["content"])
    assert server.tokenize(asked, add_special=True) == student.load_chat().prompt_ids(turns)


def test_arguments_of_the_template_go_with_the_file(tmp_path):
    student, model = write("qwen3", tmp_path, template_arguments={"enable_thinking": False})
    with llama_server.serve(model.path, context=512) as server:
        assert served_template.prompts_alike(server, student.load_chat(), ask(1))


def test_where_llama_cpp_has_no_window_the_file_reads_no_further_than_it(prompts, tmp_path):
    """So that what it reads is right; the stand-in's window is shorter than a question, a published one is not."""
    from gguf import GGUFReader

    student, model = write(SHORT_WINDOW, tmp_path)
    window = student.load_config().sliding_window
    assert GGUFReader(model.path).get_field("llama.context_length").contents() == window
    answers = llamacpp.answer_questions(model.path, student.load_chat(), prompts, 8)
    assert (answers["text"] == "").all() and not answers["finished"].any()


def test_a_template_that_llama_cpp_cannot_run_is_replaced_by_a_plain_one(tmp_path, caplog):
    folder = STANDINS["llama3_1"].student(tmp_path / "student")
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text() + '{%- set odd = messages | selectattr("name", "undefined") | list %}')
    student = Checkpoint(str(folder))
    model = gguf.write_gguf(gguf.GgufRequest(student, "f16", "Answer.", "x"), tmp_path / "gguf")
    assert "holds a plain chat template, good for corrections too (llama.cpp cannot load" in caplog.text
    with llama_server.serve(model.path, context=512) as server:
        assert served_template.prompts_alike(server, student.load_chat(), ask(1))


def test_a_tokenizer_that_llama_cpp_cuts_otherwise_is_refused_in_a_sentence(tmp_path):
    folder = STANDINS["llama3_1"].student(tmp_path / "student")
    path = folder / "tokenizer.json"
    described = json.loads(path.read_text())
    reverse = {"type": "Split", "pattern": {"Regex": "[aeiou ]"}, "behavior": "MergedWithNext", "invert": False}
    described["pre_tokenizer"]["pretokenizers"].insert(0, reverse)
    path.write_text(json.dumps(described))
    with pytest.raises(gguf.NoGgufError, match="by none of its ways that are tried here; use its convert_hf_to_gguf"):
        gguf.write_gguf(gguf.GgufRequest(Checkpoint(str(folder)), "f16", "s", "x"), tmp_path / "gguf")


@pytest.mark.parametrize(("kind", "given"), [("dynamic", {"factor": 2.0}), ("longrope", {"factor": 2.0})])
def test_rotary_positions_that_llama_cpp_computes_otherwise_are_refused(kind, given):
    from transformers import LlamaConfig

    config = LlamaConfig(architectures=["LlamaForCausalLM"])
    config.rope_parameters = {"rope_type": kind, "rope_theta": 1e4, **given}
    with pytest.raises(gguf.NoGgufError, match=f"rotary positions of the kind '{kind}'"):
        gguf_families.find_family(config, "student")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("smollm2", "smollm"),
        ("qwen3", "qwen2"),
        ("mistral_nemo", "tekken"),
        ("llama2", "sentence pieces, with a space in front"),
    ],
)
def test_a_published_tokenizer_is_named_to_llama_cpp_by_its_own_way(published, name, way):
    family = published(name)
    tokenizer = Checkpoint(str(family.folder())).load_tokenizer()
    chat = open_chat(tokenizer, family.end_ids(), plain=True)
    assert str(pretokenizers.find_cutting(chat, family.rows)) == way
