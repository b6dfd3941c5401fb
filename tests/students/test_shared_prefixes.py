"""Rows that begin alike, read as one tree, train a student as separate rows do."""

import random

import pytest
import torch
from peft import LoraConfig, get_peft_model
from trainings import of_sft

from sqlreason.students.checkpoints import cpu
from sqlreason.students.checkpoints.chat import NOT_TRAINED
from sqlreason.students.training import sft
from sqlreason.students.training.shared_prefixes import (
    Families,
    collate,
    common_prefix,
    count_tokens,
    find_families,
    lay_out,
    see_trees,
)


def row(prompt, completion):
    return {"input_ids": prompt + completion, "labels": [NOT_TRAINED] * len(prompt) + completion}


SHOP, BANK = [5, 6, 7, 8, 9, 10, 11, 12], [5, 20, 21, 22, 23, 24]
ROWS = [
    row([*SHOP, 30, 31], [40, 41, 42]),
    row([*BANK, 32], [43]),
    row([*SHOP, 33], [44, 45]),
    row([*SHOP, 33], [46]),  # the same question answered otherwise
    row([*BANK, 34, 35], [47, 48, 49, 50]),
]


@pytest.fixture
def model(checkpoint):
    loaded = checkpoint.load_model("float32")
    loaded.set_attn_implementation(cpu.register_attention())
    torch.manual_seed(0)
    return get_peft_model(loaded, LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False))


def loss_alone(model, rows):
    """The mean loss of all trained tokens, each row by itself."""
    losses, count = 0.0, 0
    for one in rows:
        labels = torch.tensor([one["labels"]])
        trained = int((labels != NOT_TRAINED).sum())
        losses = losses + model(input_ids=torch.tensor([one["input_ids"]]), labels=labels).loss * trained
        count += trained
    return losses / count


def gradient(model, loss):
    model.zero_grad()
    loss.backward()
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


def test_loss_and_gradient_are_those_of_separate_rows(model):
    alone = loss_alone(model, ROWS)
    expected = gradient(model, alone)
    see_trees(model)
    batch = collate(ROWS)
    together = model(**batch).loss
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(gradient(model, together), expected, atol=1e-5, rtol=1e-3)
    assert len(batch["input_ids"]) == 2
    assert int(batch["attention_mask"].sum()) < sum(len(one["input_ids"]) for one in ROWS)


def test_what_is_shared_ends_before_anything_is_foretold():
    first, second = ROWS[2], ROWS[3]
    assert common_prefix(first, second) == len(SHOP)  # the question's last token foretells 44 here and 46 there
    assert common_prefix(ROWS[0], ROWS[1]) == 1


def test_rows_of_one_database_are_a_family_and_a_common_system_text_makes_none():
    assert sorted(map(sorted, find_families(ROWS))) == [[0, 2, 3], [1, 4]]


def test_a_pass_reads_rows_of_one_family_and_an_epoch_each_row_once():
    rows = [row([family] * 9 + [100 + number], [7]) for number in range(7) for family in range(1, 11)]
    families = Families(rows, 4)
    read = [[one["input_ids"] for one in families[place]] for place in range(len(families))]
    assert sorted(map(len, read)) == [3] * 10 + [4] * 10
    assert all(len({ids[0] for ids in part}) == 1 for part in read)
    assert sorted(ids for part in read for ids in part) == sorted(one["input_ids"] for one in rows)
    assert len(collate([families[0]])["input_ids"]) == 1


def test_a_tree_is_as_large_as_it_is_told():
    family = [ROWS[place] for place in (0, 2, 3)]
    assert count_tokens(family) == len(lay_out(family)["input_ids"]) < sum(len(one["input_ids"]) for one in family)


def test_a_training_shares_and_its_history_counts_what_was_computed(checkpoint, examples, tmp_path, caplog):
    caplog.set_level("INFO", "sqlreason")
    options = {"fingerprint": "abc", "lora": {"rank": 4, "alpha": 8}, "learning_rate": 1e-2, "dtype": "float32"}
    options |= {"per_device_train_batch_size": 4, "num_train_epochs": 2}
    repeated = examples.sample(24, replace=True, random_state=0).reset_index(drop=True)
    _, plain = sft.train_sft(checkpoint, repeated, workdir=tmp_path, **of_sft(**options))
    assert " tokens the longest) passed" in caplog.text
    caplog.clear()
    adapter, shared = sft.train_sft(checkpoint, repeated, workdir=tmp_path, share_prefixes=True, **of_sft(**options))
    assert "4 rows over one schema" in caplog.text  # the dry step passes a tree, as the training does
    assert shared["loss"].iloc[-1] < shared["loss"].iloc[0]
    assert shared["tokens"].iloc[-1] < plain["tokens"].iloc[-1]
    assert adapter.facts["options"]["share_prefixes"] is True


def test_families_are_found_whatever_the_order():
    shuffled = random.Random(0).sample(ROWS, len(ROWS))
    assert sorted(len(family) for family in find_families(shuffled)) == [2, 3]
