"""What is seen before a training: every token of an example, and the longest batch first."""

import json
import logging

import pytest
from trainings import of_sft

from sqlreason.students.training import row_checks, sft, token_inspection
from sqlreason.students.training.trainer_arguments import TrainingError


@pytest.fixture
def conversation(examples):
    row = examples.iloc[0]
    return json.loads(row["prompt"]), row["completion"]


def test_a_prompt_is_read_and_an_answer_is_trained_to_its_end(chat, conversation):
    prompt, completion = conversation
    tokens = token_inspection.example_tokens(chat, prompt, completion)
    trained = [token for token in tokens if token.trained]
    assert "".join(token.text for token in trained) == completion + chat.tokenizer.eos_token
    assert tokens[0].mark == "BOS" and [token.mark for token in tokens].count("BOS") == 1
    assert trained[-1].mark == "EOS" and tokens[-len(trained) :] == trained


def test_text_and_page_show_the_same_tokens(chat, conversation):
    tokens = token_inspection.example_tokens(chat, *conversation)
    read, trained = token_inspection.as_text(tokens).split("\n")
    end = chat.tokenizer.eos_token
    assert read.startswith(f"  |{chat.tokenizer.bos_token}<BOS>|") and trained.endswith(f"|{end}<EOS>|")
    assert trained.replace(end, "").count("|") == sum(token.trained for token in tokens) + 1
    page = token_inspection.as_html(tokens, chat)
    assert page.count("↵") == sum(token.text.count("\n") for token in tokens)
    assert page.count("<span class=") == len(tokens) + 2 and "&lt;think" not in page.split("<h1>")[0]


def row(chat, prompt, completion, cut=0):
    tokens = token_inspection.example_tokens(chat, prompt, completion)
    ids = [token.number for token in tokens]
    trained = [token.number if token.trained else -100 for token in tokens]
    return {"input_ids": ids, "labels": [*trained[: len(ids) - cut], *[-100] * cut]}


def test_a_completion_that_is_trained_in_part_is_refused(chat, conversation):
    made = [row(chat, *conversation)]
    assert row_checks.check_rows(made, made, chat, 256) > 0
    for cut in (1, 5):
        with pytest.raises(TrainingError, match=r"are trained and .* should be"):
            row_checks.check_rows([row(chat, *conversation, cut)], made, chat, 256)


def test_a_row_that_was_cut_or_is_too_long_to_read_is_refused(chat, conversation):
    made = [row(chat, *conversation)]
    short = [{name: values[:-3] for name, values in made[0].items()}]
    with pytest.raises(TrainingError, match="something was cut or added"):
        row_checks.check_rows(short, made, chat, 256)
    with pytest.raises(TrainingError, match="the model reads 16"):
        row_checks.check_rows(made, made, chat, 16)


def test_a_completion_that_holds_a_special_token_is_refused(chat, examples):
    other = examples.head(3).assign(completion=lambda t: t["completion"].str.replace("<sql>", chat.tokenizer.eos_token))
    with pytest.raises(TrainingError, match=r"row 0 of 3 .* are parts of it special tokens"):
        sft.make_rows(chat, other)


def test_the_longest_batch_passes_before_the_first_step(checkpoint, examples, tmp_path, caplog):
    caplog.set_level(logging.INFO, "sqlreason")
    long = examples.assign(completion=[*examples["completion"][:-1], examples["completion"].iloc[-1] + " name" * 20])
    adapter, _ = sft.train_sft(
        checkpoint, long, fingerprint="abc", workdir=tmp_path, lora={"rank": 2},
        **of_sft(learning_rate=1e-3, max_steps=1, per_device_train_batch_size=4, dtype="float32"),
    )  # fmt: skip
    said = next(record.getMessage() for record in caplog.records if "longest batch" in record.getMessage())
    assert "(4 rows, " in said and "1 steps of about" in said and "GiB at the peak" in said
    assert any("<EOS>|" in record.getMessage() for record in caplog.records)
    kept = adapter.facts
    assert (kept["rows_checked"], kept["truncated"]) == (len(long), 0) and 0.05 < kept["trained_share"] < 0.8
    assert (
        kept["memory_dry_run"].keys() == {"peak_gib", "step_seconds", "hours"}
        and kept["memory_dry_run"]["peak_gib"] > 0
    )
