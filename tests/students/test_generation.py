"""Generation: batches equal singles, it equals transformers' own, ends are respected, samples are reproducible."""

import json

import pytest
import torch

from sqlreason.students.generation import decoding, generator


@pytest.fixture(scope="module")
def model(checkpoint):
    return checkpoint.load_model("float32")


@pytest.fixture(scope="module")
def conversations(examples):
    turns = [json.loads(prompt) for prompt in examples["prompt"].head(8)]
    for i, messages in enumerate(turns):  # lengths that differ
        messages[1]["content"] += " please" * (3 * i)
    return turns


def test_a_greedy_batch_of_eight_equals_eight_singles(model, chat, conversations):
    batch = decoding.generate(model, chat, conversations, 40, batch_size=8)
    singles = [decoding.generate(model, chat, [one], 40, batch_size=1)[0] for one in conversations]
    assert [g.text for g in batch] == [g.text for g in singles]
    assert [g.tokens for g in batch] == [g.tokens for g in singles]


def test_greedy_text_is_that_of_transformers(model, chat, conversations):
    own = decoding.generate(model, chat, conversations, 100, batch_size=8)
    for mine, ids in zip(own, [chat.prompt_ids(messages) for messages in conversations], strict=True):
        prompt = torch.tensor([ids])
        theirs = model.generate(prompt, attention_mask=torch.ones_like(prompt), max_new_tokens=100, do_sample=False)
        assert mine.text == chat.tokenizer.decode(theirs[0, len(ids) :], skip_special_tokens=True)


def test_completions_tell_whether_they_ended(model, chat, conversations):
    cut = decoding.generate(model, chat, conversations, 3, batch_size=4)
    assert all(g.tokens == 3 and not g.finished and g.seconds > 0 for g in cut)
    whole = decoding.generate(model, chat, conversations, 100, batch_size=8)
    assert any(g.finished for g in whole)
    assert all(g.finished == (g.tokens < 100) for g in whole if g.tokens < 100)


def test_samples_are_reproducible_and_differ_from_each_other(model, chat, conversations):
    options = {"max_new_tokens": 20, "batch_size": 8, "temperature": 1.0, "samples": 4}
    done = []
    first = decoding.generate(model, chat, conversations, seed=1, progress=done.append, **options)
    again = decoding.generate(model, chat, conversations, seed=1, **options)
    other = decoding.generate(model, chat, conversations, seed=2, **options)
    texts = [g.text for g in first]
    assert texts == [g.text for g in again] and texts != [g.text for g in other]
    assert len(texts) == 32 and sum(done) == 32 and len(set(texts[:4])) > 1


def test_a_sharp_nucleus_is_greedy(model, chat, conversations):
    prompts = [chat.prompt_ids(messages) for messages in conversations]
    ends = chat.ends
    with decoding.inference(model):
        greedy = decoding.complete(model, prompts, decoding.Sampling(15), ends, torch.Generator())
        nucleus = decoding.Sampling(15, temperature=1.0, top_p=1e-6)
        assert decoding.complete(model, prompts, nucleus, ends, torch.Generator()) == greedy


def test_sampled_tokens_follow_their_probabilities():
    logits = torch.tensor([[0.0, 1.0, 2.0, float("-inf")]]).repeat(20_000, 1)
    drawn = decoding._choose(logits, decoding.Sampling(1, temperature=0.5), torch.Generator().manual_seed(0))
    shares = torch.bincount(drawn, minlength=4) / len(drawn)
    assert torch.allclose(shares, (logits[0] / 0.5).softmax(-1), atol=0.01) and shares[3] == 0


def test_the_model_is_left_as_it_was(model, chat, conversations):
    model.train()
    decoding.generate(model, chat, conversations[:1], 2, batch_size=1)
    assert model.training and model.config._attn_implementation == "sdpa"
    model.eval()


@pytest.mark.parametrize("wrong", [{"temperature": -1.0}, {"samples": 2}, {"max_new_tokens": 0}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError):
        decoding.Sampling(**{"max_new_tokens": 5, **wrong})


def test_an_adapter_on_weights_of_another_precision_is_told_of(checkpoint, start, caplog):
    loading = {"dtype": "float32", "batch_size": 1}
    generator.Generator(checkpoint, start, quantization=None, **loading)
    generator.Generator(checkpoint, None, quantization="nf4", **loading)
    assert not caplog.records
    generator.Generator(checkpoint, start, quantization="nf4", **loading)
    assert "trained with student.quantization=null and is asked with nf4" in caplog.text
