"""A prompt read once for its group gives the numbers of separate rows."""

import pytest
import torch

from sqlreason.students.checkpoints import cpu
from sqlreason.students.training import shared_prompts

PROMPTS = [[5, 6, 7, 8], [5, 6, 7, 8], [9, 10], [5, 6, 7, 8], [9, 10]]
COMPLETIONS = [[11, 12, 13], [14], [15, 16], [], [17, 18, 19]]


@pytest.fixture(scope="module")
def model(checkpoint):
    loaded = checkpoint.load_model("float32")
    loaded.set_attn_implementation(cpu.register_attention())
    return loaded


@pytest.fixture(scope="module")
def batch():
    ids = [[0] * (4 - len(p)) + p + c + [0] * (3 - len(c)) for p, c in zip(PROMPTS, COMPLETIONS, strict=True)]
    mask = [
        [0] * (4 - len(p)) + [1] * len(p + c) + [0] * (3 - len(c)) for p, c in zip(PROMPTS, COMPLETIONS, strict=True)
    ]
    return torch.tensor(ids), torch.tensor(mask)


def _alone(model, prompt, completion, temperature):
    logits = model(torch.tensor([prompt + completion])).logits[0, len(prompt) - 1 : -1] / temperature
    logs = logits.log_softmax(-1)
    return logs.gather(-1, torch.tensor(completion)[:, None])[:, 0], -(logs.exp() * logs).sum(-1)


@pytest.fixture(params=["together", "in parts"])
def logits_at_once(request, model, monkeypatch):
    """All logits together, and those of two tokens at a time."""
    if request.param == "in parts":
        monkeypatch.setattr(shared_prompts, "LOGITS_AT_ONCE", 2 * model.config.vocab_size)


@pytest.mark.parametrize("at_once", [None, 2])
@pytest.mark.usefixtures("logits_at_once")
def test_the_numbers_are_those_of_separate_rows(model, batch, at_once):
    logps, entropies = shared_prompts.completion_logps(model, *batch, 3, 0.7, at_once)
    for row, (prompt, completion) in enumerate(zip(PROMPTS, COMPLETIONS, strict=True)):
        if completion:
            logp, entropy = _alone(model, prompt, completion, 0.7)
            torch.testing.assert_close(logps[row, : len(completion)], logp, atol=2e-5, rtol=1e-4)
            torch.testing.assert_close(entropies[row, : len(completion)], entropy, atol=2e-5, rtol=1e-4)
        assert (logps[row, len(completion) :] == 0).all() and (entropies[row, len(completion) :] == 0).all()


@pytest.mark.usefixtures("logits_at_once")
def test_so_are_the_gradients(model, batch):
    weight = model.model.layers[0].self_attn.q_proj.weight
    logps, _ = shared_prompts.completion_logps(model, *batch, 3, 1.0)
    (shared,) = torch.autograd.grad(logps.sum(), weight)
    pairs = [pair for pair in zip(PROMPTS, COMPLETIONS, strict=True) if pair[1]]
    (alone,) = torch.autograd.grad(sum(_alone(model, *pair, 1.0)[0].sum() for pair in pairs), weight)
    torch.testing.assert_close(shared, alone, atol=1e-5, rtol=1e-3)


def test_a_prompt_is_computed_once_for_its_completions(batch):
    groups = shared_prompts.group(*batch, 3)
    assert groups.ids.shape == (2, 4 + 3 + 1)
    assert int((groups.parts == 0).sum()) == 4 + 2


def test_completions_that_count_nothing_still_have_a_gradient(model, batch):
    ids, mask = batch
    nothing = mask.clone()
    nothing[:, -3:] = 0
    logps, _ = shared_prompts.completion_logps(model, ids, nothing, 3, 1.0)
    logps.sum().backward()
    model.zero_grad()


def test_regrouping_moves_whole_rows_and_nothing_else(batch):
    ids, mask = batch
    rows = {
        "prompt_ids": ids[:4, :4],
        "prompt_mask": mask[:4, :4],
        "advantages": torch.arange(4.0),
        "count": torch.tensor(7),
    }
    shuffled = {name: value[[0, 2, 1, 3]] if value.ndim else value for name, value in rows.items()}
    halves = [
        {name: value[part] if value.ndim else value for name, value in shuffled.items()}
        for part in (slice(2), slice(2, 4))
    ]
    together = shared_prompts.regroup(halves)
    assert torch.cat([half["advantages"] for half in together]).tolist() == [0.0, 1.0, 3.0, 2.0]
    assert together[1]["prompt_ids"].tolist() == [[5, 6, 7, 8], [0, 0, 9, 10]]
    assert together[0]["count"] == 7
