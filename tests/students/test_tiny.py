"""The tiny student's tokenizer and pretraining: right tokens, quick learning, exact resume."""

import copy
import math

import pytest
import torch

from sqlreason.students.checkpoints import cpu
from tiny_student import packing, pretraining, tiny

PLAN = {"row_tokens": 128, "learning_rate": 5e-3, "batch_rows": 8}


def test_text_survives_the_tokenizer_and_tags_are_plain_text(tokenizer, texts):
    for text in [*texts, "SELECT 'é', \"naïve\"\n\n\t-- 1,234.5 €"]:
        ids = tokenizer(text, add_special_tokens=False)["input_ids"]
        assert tokenizer.decode(ids) == text
    answer = "<think>\nx\n</think>\n<sql>\nSELECT 1\n</sql>"
    assert tokenizer.decode(tokenizer(answer)["input_ids"], skip_special_tokens=True) == answer


def test_digits_stand_alone_and_padding_has_its_own_token(tokenizer):
    assert len(tokenizer("2024", add_special_tokens=False)["input_ids"]) == 4
    special = {tokenizer.pad_token_id, tokenizer.eos_token_id, tokenizer.bos_token_id}
    assert len(special) == 3 and None not in special


def test_special_tokens_inside_the_training_text_are_not_learned_as_text():
    tokenizer = tiny.train_tokenizer(["<|eot_id|> abc <|eot_id|>"] * 50, vocab_size=300)
    assert tokenizer("<|eot_id|>")["input_ids"] == [tokenizer.eos_token_id]
    assert not any("eot" in token for token in tokenizer.get_vocab() if token != tiny.EOT)


def test_the_prompt_is_a_prefix_of_prompt_and_completion(tokenizer):
    turns = [{"role": "user", "content": "Show it."}, {"role": "assistant", "content": "<think>\nx\n</think>"}]
    prompt = tokenizer.apply_chat_template(turns[:1], add_generation_prompt=True, return_dict=True)["input_ids"]
    whole = tokenizer.apply_chat_template(turns, return_dict=True)["input_ids"]
    assert whole[: len(prompt)] == prompt
    assert whole.count(tokenizer.bos_token_id) == 1 and whole[-1] == tokenizer.eos_token_id


def test_the_default_student_has_under_six_million_parameters(tokenizer):
    config = tiny.tiny_config(4096, **tiny.token_ids_of(tokenizer))
    with torch.device("meta"):
        from transformers import LlamaForCausalLM

        assert 5e6 < LlamaForCausalLM(config).num_parameters() < 6e6


def test_rows_hold_every_document_once_and_attention_ends_at_documents(tokenizer, texts):
    documents = packing.encode(texts, tokenizer)
    rows = list(packing.batches(documents, 128, 4, seed=1, pad=tokenizer.pad_token_id, epochs=1))
    assert sum(row.tokens for row in rows) == len(documents.ids)
    first = rows[0]
    mask = first.mask(mixed=False)[0, 0] == 0
    for query, key in [(5, 6), (127, 0)]:
        same = first.documents[0, query] == first.documents[0, key]
        assert mask[query, key] == (same and key <= query)
    again = next(packing.batches(documents, 128, 4, seed=1, pad=tokenizer.pad_token_id, skip=1))
    assert torch.equal(again.ids, rows[1].ids)


def test_of_a_chat_every_turn_of_the_assistant_is_learned_and_nothing_else(tokenizer):
    turns = [
        {"role": role, "content": content}
        for role, content in [("user", "one?"), ("assistant", "first"), ("user", "two?"), ("assistant", "second")]
    ]
    chat = tokenizer.apply_chat_template(turns, tokenize=False)
    documents = packing.encode([chat, "a plain text"], tokenizer)
    middle = documents.starts[1]
    learned = tokenizer.decode(documents.ids[:middle][documents.trained[:middle]])
    assert learned == f"\n\nfirst{tiny.EOT}\n\nsecond{tiny.EOT}"
    assert documents.trained[middle:].all()


def test_documents_in_one_row_do_not_see_each_other(untrained, tokenizer, texts):
    model = copy.deepcopy(untrained).eval()
    model.set_attn_implementation(cpu.register_attention())
    together = next(packing.batches(packing.encode(texts, tokenizer), 200, 2, seed=0, pad=tokenizer.pad_token_id))
    place = together.documents[0] == 1
    with torch.no_grad():
        packed = model(
            input_ids=together.ids, position_ids=together.positions, attention_mask=together.mask(False)
        ).logits[0, place]
        model.set_attn_implementation("sdpa")
        alone = model(input_ids=together.ids[:1, place]).logits[0]
    assert torch.allclose(packed, alone, atol=1e-5)


def test_the_chunked_loss_and_its_gradients_are_those_of_cross_entropy():
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(2, 9, 8, generator=generator, requires_grad=True)
    weight = torch.randn(11, 8, generator=generator, requires_grad=True)
    labels = torch.randint(0, 11, (2, 9), generator=generator)
    labels[0, :4] = -100
    mine = packing.summed_loss(hidden, weight, labels, chunk=4) * 3
    gradients = torch.autograd.grad(mine, (hidden, weight))
    logits = hidden @ weight.T
    other = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum") * 3
    expected = torch.autograd.grad(other, (hidden, weight))
    assert mine.item() == pytest.approx(other.item(), rel=1e-5)
    for own, right in zip(gradients, expected, strict=True):
        assert torch.allclose(own, right, atol=1e-4)


def test_the_quick_attention_gives_the_numbers_of_torch(untrained):
    model = copy.deepcopy(untrained).eval()
    ids = torch.arange(7, 27).reshape(2, 10)
    mask = torch.ones_like(ids)
    mask[0, :3] = 0
    with torch.no_grad():
        expected = model(input_ids=ids, attention_mask=mask).logits
        model.set_attn_implementation(cpu.register_attention())
        assert torch.allclose(model(input_ids=ids, attention_mask=mask).logits[:, 3:], expected[:, 3:], atol=1e-5)


def test_pretraining_learns_and_its_history_tells_how(untrained, tokenizer, texts):
    plan = pretraining.PretrainingPlan(tokens=30_000, log_steps=5, **PLAN)
    model, history = pretraining.pretrain(texts, tokenizer, plan, model=copy.deepcopy(untrained))
    assert list(history[0]) == ["step", "tokens", "seconds", "loss", "learning_rate"]
    assert history[0]["loss"] < math.log(len(tokenizer)) + 0.5
    assert history[-1]["loss"] < 0.7 * history[0]["loss"]
    assert pretraining.heldout_loss(model, tokenizer, texts[:5], 128) < 0.8 * history[0]["loss"]


def test_interrupted_pretraining_goes_on_to_the_same_weights(untrained, tokenizer, texts, tmp_path, monkeypatch):
    plan = pretraining.PretrainingPlan(tokens=20_000, save_minutes=0, **PLAN)
    whole, _ = pretraining.pretrain(texts, tokenizer, plan, model=copy.deepcopy(untrained))
    accumulate, calls = pretraining._accumulate, []

    def fail_at_the_tenth(*arguments):
        calls.append(1)
        if len(calls) == 10:
            raise KeyboardInterrupt
        return accumulate(*arguments)

    monkeypatch.setattr(pretraining, "_accumulate", fail_at_the_tenth)
    with pytest.raises(KeyboardInterrupt):
        pretraining.pretrain(texts, tokenizer, plan, model=copy.deepcopy(untrained), folder=tmp_path)
    resumed, _ = pretraining.pretrain(texts, tokenizer, plan, model=copy.deepcopy(untrained), folder=tmp_path)
    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name


def test_other_texts_start_afresh(untrained, tokenizer, texts, tmp_path, caplog):
    plan = pretraining.PretrainingPlan(tokens=3_000, **PLAN)
    pretraining.pretrain(texts, tokenizer, plan, model=copy.deepcopy(untrained), folder=tmp_path)
    pretraining.pretrain(texts[:20], tokenizer, plan, model=copy.deepcopy(untrained), folder=tmp_path)
    assert "starting afresh" in caplog.text


@pytest.mark.parametrize("wrong", [{}, {"minutes": 1, "tokens": 10}])
def test_exactly_one_budget_is_given(wrong):
    with pytest.raises(ValueError, match="exactly one"):
        pretraining.PretrainingPlan(**wrong)
