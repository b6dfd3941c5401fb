"""Preflight of students: the shipped environments pass with their own, and what a training would refuse is refused."""

import json
import shutil

import pandas as pd
import pytest
import yaml
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from safetensors.torch import save_file

from families import STANDINS
from sqlreason.preflight.base_model import check_student
from sqlreason.students.checkpoints.checkpoint import Checkpoint

SIZES = {  # of the published configurations: hidden_size, intermediate_size, heads, key-value heads, layers
    "llama-3.2-3b": (3072, 8192, 24, 8, 28),
    "llama-3.1-8b": (4096, 14336, 32, 8, 32),
    "qwen2.5-14b": (5120, 13824, 40, 8, 48),
}
STUDENTS = {  # environment: whose tokenizer, whose sizes
    "base": ("llama3_2_unsloth", "llama-3.2-3b"),
    "article": ("llama3_2_unsloth", "llama-3.2-3b"),
    "cluster": ("llama3_1", "llama-3.1-8b"),
    "cluster14b": ("qwen2_5", "qwen2.5-14b"),
    "gpu12": ("llama3_2_unsloth", "llama-3.2-3b"),
    "gpu16": ("llama3_2_unsloth", "llama-3.2-3b"),
    "gpu80": ("llama3_2_unsloth", "llama-3.2-3b"),
}


@pytest.fixture(scope="module")
def parameters(project):
    """`parameters(env)`: of an environment, as Kedro resolves them."""
    bootstrap_project(project)

    def resolve(env):
        with KedroSession.create(project, env=env) as session:
            return session.load_context().config_loader["parameters"]

    return resolve


@pytest.fixture(scope="module")
def demo(parameters):
    return parameters("demo")


@pytest.fixture(scope="module")
def student_prompt(project):
    return yaml.safe_load((project / "data/01_raw/prompts/student.yaml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def questions(project):
    return pd.read_parquet(project / "data/01_raw/questions/train.parquet").head(40)


def with_sizes(family, folder, sizes, **changes):
    """A checkpoint without a single tensor: tokenizer files, and a configuration of published sizes."""
    shutil.copytree(family.folder(), folder)
    hidden, intermediate, heads, shared, layers = SIZES[sizes]
    config = {
        "model_type": family.architecture, "vocab_size": len(family.tokenizer), "hidden_size": hidden,
        "intermediate_size": intermediate, "num_attention_heads": heads, "num_key_value_heads": shared,
        "num_hidden_layers": layers, "max_position_embeddings": 32768, "eos_token_id": family.end_ids(),
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config | changes))
    save_file({}, folder / "model.safetensors")
    return Checkpoint(str(folder))


def refused(findings):
    return [f"{found.message} -> {found.fix}" for found in findings if found.level == "FAIL"]


def changed(parameters, **sections):
    return {**parameters, **{name: {**parameters[name], **given} for name, given in sections.items()}}


@pytest.mark.parametrize("env", STUDENTS)
def test_a_shipped_environment_passes_with_its_own_student(env, parameters, student_prompt, questions, tmp_path):
    family, sizes = STUDENTS[env]
    student = with_sizes(STANDINS[family], tmp_path / env, sizes)
    findings = check_student(student, student_prompt, parameters(env), questions)
    assert refused(findings) == []
    assert "answers end with" in findings[0].message and findings[0].level == "OK"


def test_the_cluster_s_student_passes_with_its_published_tokenizer(
    published, parameters, student_prompt, questions, tmp_path
):
    student = with_sizes(published("llama3_1"), tmp_path / "cluster", "llama-3.1-8b")
    assert refused(check_student(student, student_prompt, parameters("cluster"), questions)) == []


@pytest.mark.parametrize(
    ("family", "config", "given", "message"),
    [
        ("base", {}, {}, "has no chat template: it is a base model"),
        ("qwen3", {}, {"student": {"chat_template": {"thinking": True}}}, "does not read thinking; it reads"),
        ("llama3_1", {"max_position_embeddings": 512}, {}, "it reads 512 tokens, not preprocessing.max_prompt_tokens="),
        ("llama3_1", {"vocab_size": 64}, {}, "they do not belong together"),
        (
            "phi4_mini", {"pad_token_id": None}, {"sft": {"lora": {"target_modules": ["q_proj", "o_proj"]}}},
            "names q_proj, to which LoRA cannot be added in this model -> set it to all-linear, or to some of down_",
        ),
        ("gpt_oss", {"model_type": "vit"}, {}, "no language model can be made of its config.json"),
        ("llama3_1", {}, {"preprocessing": {"max_prompt_tokens": 60}}, "-> raise preprocessing.max_prompt_tokens"),
        (
            "llama3_1", {"hidden_size": 3000}, {"student": {"quantization": "nf4"}},
            "needs multiples of 64, and its configuration has {'hidden_size': 3000}",
        ),
    ],
)  # fmt: skip
def test_what_a_training_would_refuse_is_refused(
    demo, student_prompt, questions, tmp_path, family, config, given, message
):
    student = with_sizes(STANDINS[family], tmp_path / "student", "llama-3.2-3b", **config)
    findings = check_student(student, student_prompt, changed(demo, **given), questions)
    assert any(message in sentence for sentence in refused(findings)), findings


def test_a_template_that_takes_no_second_question_is_refused_only_where_one_is_asked(demo, student_prompt, tmp_path):
    family = STANDINS["llama3_1"]
    student = with_sizes(family, tmp_path / "student", "llama-3.2-3b")
    refusing = "{% if messages | length > 2 %}{{ raise_exception('one question') }}{% endif %}"
    (tmp_path / "student/chat_template.jinja").write_text(refusing + family.tokenizer.chat_template)
    asked_once = {**student_prompt, "examples": []}
    assert refused(check_student(student, asked_once, demo)) == []
    twice = changed(demo, evaluation={"self_repairs": 1})
    (message,) = refused(check_student(student, asked_once, twice))
    assert "refuses a second question behind an answer: one question" in message


def test_questions_that_are_too_long_are_counted_before_anything_is_paid(demo, student_prompt, questions, tmp_path):
    student = with_sizes(STANDINS["llama3_1"], tmp_path / "student", "llama-3.2-3b")
    columns = ", ".join(f"some_long_name_of_a_column_{number} INTEGER" for number in range(400))
    long = questions.assign(sql_context=[f"CREATE TABLE wide ({columns})", *questions["sql_context"][1:]])
    long.loc[long.index[0], "sql"] = "SELECT some_long_name_of_a_column_1 FROM wide"
    wide = changed(demo, preprocessing={"max_prompt_tokens": 3000})
    (doubt,) = [found for found in check_student(student, student_prompt, wide, long) if found.level == "WARN"]
    assert doubt.message.startswith("1 of 16 questions, the longest among them, are left out: the prompt has ")


def test_a_folder_that_is_no_student_is_told(demo, student_prompt, tmp_path):
    assert "no folder" in refused(check_student(Checkpoint(str(tmp_path / "none")), student_prompt, demo))[0]


def cut(path, size):
    path.write_bytes(path.read_bytes()[:size])


def split_in_two(folder):
    """The weights as two files with an index, the second of which is not there."""
    (folder / "model.safetensors").rename(folder / "model-00001-of-00002.safetensors")
    parts = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": parts}))


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 6\n"
TORN = {
    "no tokenizer": (
        lambda folder: [path.unlink() for path in folder.glob("tokenizer*")],
        "has no tokenizer (tokenizer.json); copy that of the model",
    ),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "has no weights (model.safetensors, or"),
    "half a header": (lambda folder: cut(folder / "model.safetensors", 1000), "model.safetensors is torn ("),
    "half the tensors": (lambda folder: cut(folder / "model.safetensors", -1000), "model.safetensors is torn ("),
    "a part missing": (split_in_two, "model-00002-of-00002.safetensors is missing, which student needs beside"),
    "git-lfs": (lambda folder: (folder / "model.safetensors").write_text(POINTER), "run `git lfs pull` in its folder"),
    "torn generation_config": (
        lambda folder: (folder / "generation_config.json").write_text("{"),
        "generation_config.json cannot be read",
    ),
    "an end that is a word": (
        lambda folder: (folder / "generation_config.json").write_text('{"eos_token_id": ["</s>"]}'),
        "declares eos_token_id=['</s>']; numbers of tokens are needed",
    ),
    "an end that is no token": (
        lambda folder: (folder / "generation_config.json").write_text('{"eos_token_id": 999999}'),
        "has an end of its generation_config.json as number 999999, its model",
    ),
}


@pytest.mark.parametrize("name", TORN)
def test_a_folder_that_is_not_whole_is_refused_before_anything_is_paid(name, demo, student_prompt, questions, tmp_path):
    tear, message = TORN[name]
    folder = STANDINS["llama3_1"].student(tmp_path / "student")
    tear(folder)
    sentences = refused(check_student(Checkpoint(str(folder)), student_prompt, demo, questions))
    assert any(message in sentence for sentence in sentences), sentences


def test_what_a_template_writes_in_front_of_an_answer_alone_is_told(demo, student_prompt, tmp_path):
    message = [
        found.message
        for found in check_student(
            with_sizes(STANDINS["gpt_oss"], tmp_path / "student", "llama-3.2-3b"), student_prompt, demo
        )
        if found.level == "WARN"
    ]
    assert any("'<|channel|>final<|message|>' in front of an answer" in sentence for sentence in message), message


def test_a_student_that_is_to_have_tools_needs_a_template_that_speaks_of_them(
    published, project, demo, student_prompt, tmp_path
):
    tools = changed(demo, grpo={"environment": "tools"})
    tiny = Checkpoint(str(project / "data/06_models/tiny_student"))
    assert refused(check_student(tiny, student_prompt, demo)) == []
    (fault,) = refused(check_student(tiny, student_prompt, tools))
    assert "does not write the tools that there are" in fault and "grpo.environment to single" in fault
    qwen = Checkpoint(str(published("qwen3").student(tmp_path / "qwen3")))
    findings = check_student(qwen, student_prompt, tools)
    assert refused(findings) == [] and any("its template speaks of tools" in found.message for found in findings)
    longer = changed(tools, preprocessing={"max_prompt_tokens": 3700})
    assert refused(check_student(qwen, student_prompt, changed(longer, grpo={"environment": "single"}))) == []
    (fault,) = refused(check_student(qwen, student_prompt, longer))
    assert "about tools + grpo.trl.max_completion_length=192" in fault
