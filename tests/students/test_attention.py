"""Attention as each architecture has it: our loops give transformers' own tokens and log-probabilities, or leave it."""

import logging
import random

import pytest
import torch
from student_families import OURS, THEIRS, VOCABULARY, WINDOW, make_model

from sqlreason.students.checkpoints import attention, cpu
from sqlreason.students.generation import decoding
from sqlreason.students.generation.decoding import Sampling
from sqlreason.students.training import shared_prompts

END = 2
NEW = 12
TEMPERATURE = 0.7
_random = random.Random(1)


def _tokens(count):
    return [_random.randint(3, VOCABULARY - 1) for _ in range(count)]


PROMPTS = [_tokens(count) for count in (21, 5, 13, WINDOW, 30)]  # some longer than the windows, some shorter
ROWS = [(PROMPTS[0], 12), (PROMPTS[0], 3), (PROMPTS[1], 9), (PROMPTS[0], 0), (PROMPTS[1], 11)]
COMPLETIONS = [(prompt, _tokens(count)) for prompt, count in ROWS]
FAMILIES = [*OURS, "gemma3 (whole)"]


def _alone(model, prompt, **options):
    ids = torch.tensor([prompt])
    plan = {"max_new_tokens": NEW, "do_sample": False, **options}
    return model.generate(ids, attention_mask=torch.ones_like(ids), **plan)[0, len(prompt) :].tolist()


@pytest.mark.parametrize("family", [*FAMILIES, *THEIRS])
def test_greedy_tokens_of_a_padded_batch_are_those_of_generate_row_by_row(family):
    model = make_model(family)
    with decoding.inference(model):
        written = decoding.complete(model, PROMPTS, Sampling(NEW), [END], torch.Generator())
    assert written == [_alone(model, prompt) for prompt in PROMPTS]


@pytest.mark.parametrize("implementation", ["sdpa", "eager"])
@pytest.mark.parametrize("family", ["llama", "mistral", "gemma3", "gemma3 (whole)"])
def test_so_they_are_with_the_attention_that_is_used_on_a_gpu(family, implementation):
    model = make_model(family)
    held = model.config._attn_implementation
    model.set_attn_implementation(implementation)
    with torch.inference_mode():
        written = decoding.complete(model, PROMPTS, Sampling(70), [END], torch.Generator())  # beyond a block of keys
    model.set_attn_implementation(held)
    assert written == [_alone(model, prompt, max_new_tokens=70) for prompt in PROMPTS]


@pytest.mark.parametrize("family", [*FAMILIES, *THEIRS])
def test_samples_of_a_prompt_see_it_as_its_greedy_completion_does(family):
    model, sharp = make_model(family), Sampling(NEW, temperature=1.0, samples=3, top_p=1e-6)
    with decoding.inference(model):
        written = decoding.complete(model, PROMPTS[:2], sharp, [END], torch.Generator())
    assert written == [row for prompt in PROMPTS[:2] for row in [_alone(model, prompt)] * 3]


@pytest.mark.parametrize("family", FAMILIES)
def test_log_probabilities_and_gradients_of_a_group_are_those_of_separate_rows(family, monkeypatch):
    model = make_model(family)
    held = model.config._attn_implementation
    logps, entropies, gradients = _separate(model)
    model.set_attn_implementation(attention.choose(model))
    for at_once in (1 << 26, 2 * VOCABULARY):  # all logits together, and those of two tokens at a time
        monkeypatch.setattr(shared_prompts, "LOGITS_AT_ONCE", at_once)
        shared, spread = shared_prompts.completion_logps(model, *_batch(), NEW, TEMPERATURE)
        torch.testing.assert_close(shared, logps, atol=2e-5, rtol=1e-4)
        torch.testing.assert_close(spread, entropies, atol=2e-5, rtol=1e-4)
        for weight, gradient in zip(_gradients(shared.sum(), model), gradients, strict=True):
            torch.testing.assert_close(weight, gradient, atol=1e-4, rtol=1e-3)
    model.set_attn_implementation(held)


@pytest.mark.parametrize("family", THEIRS)
def test_what_the_loop_cannot_serve_is_said_once_with_its_reason(family, caplog):
    model = make_model(family)
    attention._warn.cache_clear()
    with caplog.at_level(logging.WARNING, "sqlreason"), decoding.inference(model):
        for _ in range(2):
            decoding.complete(model, PROMPTS, Sampling(2), [END], torch.Generator())
    (told,) = caplog.messages
    assert type(model).__name__ in told and attention.obstacle(model, 50).why in told and "generate" in told


def test_rotations_that_change_with_the_length_are_ours_as_long_as_they_do_not():
    model = make_model("phi3 (longrope)")
    assert attention.obstacle(model, 24) is None and attention.obstacle(model, 25) is not None
    short = [prompt[:10] for prompt in PROMPTS]
    with decoding.inference(model):
        written = decoding.complete(model, short, Sampling(NEW), [END], torch.Generator())
    assert written == [_alone(model, prompt) for prompt in short]


def test_samples_that_transformers_writes_differ_and_can_be_had_again():
    model, sampling = make_model("falcon_h1"), Sampling(NEW, temperature=1.0, samples=4)
    before = torch.random.get_rng_state()
    with decoding.inference(model):
        first, again, other = (
            decoding.complete(model, PROMPTS, sampling, [END], torch.Generator().manual_seed(seed))
            for seed in (1, 1, 2)
        )
    assert first == again != other and len(set(map(tuple, first[:4]))) > 1
    assert torch.equal(torch.random.get_rng_state(), before)


def test_transformers_writes_to_the_limit_where_nothing_ends_and_cuts_behind_an_end():
    model = make_model("mamba")
    model.generation_config.update(repetition_penalty=5.0)
    with decoding.inference(model):
        whole = decoding.complete(model, PROMPTS, Sampling(NEW), [], torch.Generator())
        ends = [row[4] for row in whole]
        cut = decoding.complete(model, PROMPTS, Sampling(NEW), ends, torch.Generator())
    model.generation_config.update(repetition_penalty=None)
    assert [len(row) for row in whole] == [NEW] * len(PROMPTS) and model.generation_config.eos_token_id == END
    plain = [_alone(model, prompt, eos_token_id=None) for prompt in PROMPTS]
    assert whole == plain  # a penalty of the model's own is none of ours
    places = [next(i for i, token in enumerate(row) if token in ends) for row in whole]
    assert cut == [row[: place + 1] for row, place in zip(whole, places, strict=True)]


def test_quick_attention_stands_in_for_sdpa_alone():
    chosen = {family: attention.choose(make_model(family)) for family in ("llama", "gpt_oss", "gemma3", "bloom")}
    plain = cpu.PLAIN_ATTENTION
    assert chosen == {"llama": plain, "gpt_oss": "eager", "gemma3": plain, "bloom": "eager"}


@pytest.mark.parametrize("family", ["gemma2", "llama"])
def test_quick_attention_caps_and_drops_out_as_the_models_own(family):
    model = make_model(family)
    ids = torch.tensor([PROMPTS[0]])
    held, module = model.config._attn_implementation, model.model.layers[0].self_attn
    wanted = model(ids).logits
    model.set_attn_implementation(cpu.register_attention())
    torch.testing.assert_close(model(ids).logits, wanted, atol=2e-5, rtol=1e-4)
    module.attention_dropout, before = 0.5, module.attention_dropout
    module.train()
    assert not torch.allclose(model(ids).logits, wanted, atol=1e-3)
    module.eval()
    module.attention_dropout = before
    model.set_attn_implementation(held)


def _batch():
    width = max(len(prompt) for prompt, _ in COMPLETIONS)
    ids, mask = [], []
    for prompt, completion in COMPLETIONS:
        left, right = [0] * (width - len(prompt)), [0] * (NEW - len(completion))
        ids.append([*left, *prompt, *completion, *right])
        mask.append([*left, *[1] * len(prompt + completion), *right])
    return torch.tensor(ids), torch.tensor(mask)


def _separate(model):
    logps, entropies = torch.zeros(2, len(COMPLETIONS), NEW)
    for row, (prompt, completion) in enumerate(COMPLETIONS):
        if completion:
            logits = model(torch.tensor([prompt + completion]), use_cache=False).logits[0, len(prompt) - 1 : -1]
            logs = (logits / TEMPERATURE).log_softmax(-1)
            picked = logs.gather(-1, torch.tensor(completion)[:, None])[:, 0]
            place = (torch.tensor(row), torch.arange(len(completion)))
            logps = logps.index_put(place, picked)
            entropies[place] = -(logs.exp() * logs).sum(-1).detach()
    return logps.detach(), entropies, _gradients(logps.sum(), model)


def _gradients(total, model):
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    return torch.autograd.grad(total, weights, allow_unused=True, materialize_grads=True)
