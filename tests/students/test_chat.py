"""What a student of each family is trained on: the tokens of its prompt, of its answer, and the end of its turn."""

import json
import re

import pandas as pd
import pytest
from tokenizers.normalizers import Lowercase

from families import STANDINS
from sqlreason.reasoning.format import parse
from sqlreason.reasoning.prompts import Prompt
from sqlreason.students.checkpoints.chat import PLAIN_TEMPLATE, ChatError, open_chat
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.prompting import prompt_fingerprint
from sqlreason.students.training import row_checks, sft

ANSWER = "<think>\nx < 3\n</think>\n<sql>\nSELECT \"a\" , b FROM t WHERE c >= 'é'\n</sql>"
QUESTION = [{"role": "system", "content": "Answer."}, {"role": "user", "content": "How many?"}]
CORRECTION = [*QUESTION, {"role": "assistant", "content": ANSWER}, {"role": "user", "content": "It says: no."}]

AS_PUBLISHED = {  # behind the question, and padding by its rule: the six students of the issue, and what others do
    "llama3_1": ("<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>", "<|reserved_special_token_0|>"),
    "llama3": ("<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>", "<|reserved_special_token_0|>"),
    "smollm2": ("<|im_start|>assistant\n", "<|im_end|>", "<|endoftext|>"),
    "qwen3": ("<|im_start|>assistant\n", "<|im_end|>", "<|vision_pad|>"),
    "gemma3": ("<start_of_turn>model\n", "<end_of_turn>", "<pad>"),
    "llama3_2": ("<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>", "<|finetune_right_pad_id|>"),
    "mistral_nemo": ("[/INST]", "</s>", "<pad>"),
}
STAND_INS = sorted(STANDINS.keys() - {"base", "r1_distill_llama"})


def open_family(family, **options):
    return open_chat(family.load(), family.end_ids(), **options)


def row_of(chat, prompt=QUESTION, answer=ANSWER):
    (row,) = sft.make_rows(chat, pd.DataFrame([{"prompt": json.dumps(prompt), "completion": answer}]))
    return row


def trained(row):
    return [label for label in row["labels"] if label != row_checks.NOT_TRAINED]


@pytest.mark.parametrize("name", AS_PUBLISHED)
def test_a_row_is_the_published_prompt_the_answer_and_the_end_of_the_turn(published, name):
    family = published(name)
    head, end, padding = AS_PUBLISHED[name]
    chat = open_family(family)
    row = row_of(chat)
    asked = family.tokenizer.apply_chat_template(
        QUESTION, add_generation_prompt=True, return_dict=False, **({"date_string": "01 Jan 2025"})
    )
    answered = family.tokenizer.encode(ANSWER, add_special_tokens=False)
    (closing,) = family.tokenizer.convert_tokens_to_ids([end])
    assert row["input_ids"] == asked + answered + [closing]
    assert trained(row) == [*answered, closing]
    assert family.tokenizer.decode(row["input_ids"]).partition("How many?")[2].endswith(f"{head}{ANSWER}{end}")
    assert chat.padding.token == padding and chat.padding.id not in chat.ends


def test_llama_2_has_no_template_and_says_so(published):
    with pytest.raises(ChatError, match=r"has no chat template: it is a base model. Set student.plain_template=true"):
        open_family(published("llama2"))
    chat = open_family(published("llama2"), plain=True)
    row = row_of(chat)
    assert chat.tokenizer.decode(row["input_ids"]).endswith(f"### Assistant\n {ANSWER}</s>")
    assert chat.read(trained(row)) == ANSWER and chat.facts["template"] == "plain"
    assert chat.tokenizer.chat_template == PLAIN_TEMPLATE


@pytest.mark.parametrize("name", STAND_INS)
def test_an_answer_is_read_as_it_was_written_and_ends_its_turn(name):
    chat = open_family(STANDINS[name])
    row = row_of(chat)
    assert row["input_ids"][: -len(trained(row))] == chat.prompt_ids(QUESTION)
    assert chat.read(trained(row)) == ANSWER and chat.is_finished(trained(row))
    assert not chat.is_finished(trained(row)[:-1]) and not chat.is_finished([])
    assert parse(chat.read(trained(row))).well_formed


@pytest.mark.parametrize("name", STAND_INS)
def test_the_system_text_reaches_every_student_and_a_correction_is_a_dialogue(name):
    chat = open_family(STANDINS[name])
    asked, corrected = (chat.tokenizer.decode(chat.prompt_ids(turns)) for turns in (QUESTION, CORRECTION))
    assert asked.count("Answer.") == 1 and asked.count("How many?") == 1
    assert corrected.count("Answer.") == 1 and "It says: no." in corrected and "SELECT" in corrected


@pytest.mark.parametrize("name", ["r1_distill_qwen", "qwen3_thinking"])
def test_an_answer_begins_inside_of_the_thought_that_the_prompt_opened(name):
    chat = open_family(STANDINS[name])
    row = row_of(chat)
    assert chat.opening == "<think>\n"
    assert chat.tokenizer.decode(row["input_ids"]).count("<think>") == 1
    assert chat.tokenizer.decode(trained(row)).startswith("x < 3\n</think>")
    odd = chat.read(chat.completion_ids(ANSWER.replace("<think>\n", "<think> ")))
    assert parse(odd) == parse(chat.read(trained(row)))


def test_tags_that_are_special_tokens_are_read_all_the_same():
    chat = open_family(STANDINS["special_think"])
    assert not chat.keeps_tags
    assert chat.read([*trained(row_of(chat)), chat.padding.id]) == ANSWER


def test_a_tokenizer_that_changes_text_is_refused():
    tokenizer = STANDINS["llama3_1"].load()
    tokenizer.backend_tokenizer.normalizer = Lowercase()
    with pytest.raises(ChatError, match="does not give an answer back as it was written"):
        open_chat(tokenizer)


def test_a_folder_whose_tokenizer_loses_spaces_is_read_as_its_file_says(tmp_path):
    student = Checkpoint(str(STANDINS["r1_distill_llama"].student(tmp_path / "student")))
    chat = student.load_chat()
    assert chat.opening == "<think>\n" and chat.read(trained(row_of(chat))) == ANSWER


def test_the_date_is_pinned():
    for name, day in (("llama3_2", "01 Jan 2025"), ("gpt_oss", "2025-01-01")):
        chat = open_family(STANDINS[name])
        assert day in chat.tokenizer.decode(chat.prompt_ids(QUESTION))
    chosen = open_family(STANDINS["llama3_2"], arguments={"date_string": "24 Dec 2026"})
    assert "24 Dec 2026" in chosen.tokenizer.decode(chosen.prompt_ids(QUESTION))


def test_template_arguments_are_used_and_a_typo_is_refused():
    silent = open_family(STANDINS["qwen3"], arguments={"enable_thinking": False})
    assert silent.prompt_text(QUESTION).endswith("<think>\n\n</think>\n\n")
    with pytest.raises(ChatError, match=r"does not read enable_thinkin; it reads .*enable_thinking"):
        open_family(STANDINS["qwen3"], arguments={"enable_thinkin": False})
    with pytest.raises(ChatError, match="tokenize are given by the program itself"):
        open_family(STANDINS["qwen3"], arguments={"tokenize": False})


def test_template_arguments_are_part_of_the_prompts_fingerprint():
    prompt = Prompt("student", 1, "Answer in {dialect}.", "{schema}\n{question}")
    plain = Checkpoint("student")
    one, other = (plain.spoken_to({"enable_thinking": value}, False) for value in (True, False))
    prints = [prompt_fingerprint(prompt, student) for student in (plain, one, other, plain.spoken_to({}, True))]
    assert prints[0] == prompt.fingerprint and len(set(prints)) == 4
    assert {len(found) for found in prints} == {len(prompt.fingerprint)}


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("llama3_2_unsloth", "published"),
        ("llama3_2", "kept for padding"),
        ("llama3_1", "unused"),
        ("mistral_instruct", "the unknown token"),
        ("no_spare_token", "an end: harmless"),
    ],
)
def test_padding_is_chosen_by_rule_and_nobody_is_refused_for_it(name, rule):
    chat = open_family(STANDINS[name])
    assert chat.padding.rule.startswith(rule)
    assert chat.tokenizer.pad_token_id == chat.padding.id
    assert rule in chat.facts["padding"]


def test_a_prompt_with_two_bos_is_refused_and_one_at_every_turn_is_not():
    assert open_family(STANDINS["smollm2"]).prompt_ids(QUESTION).count(STANDINS["smollm2"].tokenizer.bos_token_id) == 3
    tokenizer = STANDINS["llama3_1"].load()
    tokenizer.chat_template = "{{ bos_token }}" + tokenizer.chat_template
    with pytest.raises(ChatError, match=re.escape("begins a prompt with two <|begin_of_text|>")):
        open_chat(tokenizer)


def test_a_template_that_raises_is_told_in_its_own_words():
    tokenizer = STANDINS["llama3_1"].load()
    tokenizer.chat_template = "{{ raise_exception('only on Sundays') }}"
    with pytest.raises(ChatError, match=r"refuses an answer: only on Sundays"):
        open_chat(tokenizer)


@pytest.mark.parametrize(("name", "adds"), [("llama3_1", True), ("smollm2", False), ("llama2_chat", False)])
def test_servers_add_a_bos_only_where_it_opens_no_turn(name, adds):
    assert open_family(STANDINS[name]).adds_bos is adds


def turns(content):
    """A template that writes each turn with this expression for its content."""
    head = "<|start_header_id|>{{ m.role }}<|end_header_id|>"
    return f"{{% for m in messages %}}{head}{content}<|eot_id|>{{% endfor %}}"


FAULTY = {
    "no messages": ("Hello!", "does not write the question into the prompt"),
    "blank": ("  \n", "does not write the question into the prompt"),
    "capitals": (turns("{{ m.content | upper }}"), "does not write the question into the prompt"),
    "the beginning alone": (turns("{{ m.content[:200] }}"), "does not write the question into the prompt"),
    "as HTML": (turns("{{ m.content | e }}"), "does not write the question into the prompt"),
    "lists of parts alone": (
        turns("{% for part in m.content %}{{ part.text }}{% endfor %}"),
        "does not write the question into the prompt",
    ),
    "thoughts cut out of every turn": (
        turns("{{ m.content.split('</think>')[-1] }}"),
        "does not write the system text into the prompt",
    ),
    "torn": ("{% for m in messages %}{{ m.content }", "unexpected '}'"),
    "of another dialect": ("{% foo %}", "unknown tag 'foo'"),
    "recursive": ("{% macro r() %}{{ r() }}{% endmacro %}{{ r() }}", "recursion"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_a_template_that_loses_a_text_or_cannot_be_read_is_refused(name):
    template, told = FAULTY[name]
    tokenizer = STANDINS["llama3_1"].load()
    tokenizer.chat_template = template
    with pytest.raises(ChatError, match=re.escape(told)):
        open_chat(tokenizer)


@pytest.mark.parametrize("name", ["torn", "of another dialect"])
def test_a_template_that_cannot_be_read_is_refused_with_arguments_too(name):
    template, told = FAULTY[name]
    tokenizer = STANDINS["llama3_1"].load()
    tokenizer.chat_template = template
    with pytest.raises(ChatError, match=rf"cannot be read: .*{re.escape(told)}"):
        open_chat(tokenizer, arguments={"enable_thinking": True})
