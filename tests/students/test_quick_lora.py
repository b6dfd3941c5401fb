"""The quick LoRA layer gives PEFT's outputs and gradients, and steps aside where the adapter is more or off."""

import copy

import pytest
import torch
from peft import LoraConfig, get_peft_model

from sqlreason.students.training.quick_lora import use_quick_lora


@pytest.fixture
def student(untrained):
    torch.manual_seed(0)
    base = copy.deepcopy(untrained).to(torch.bfloat16)
    config = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM", init_lora_weights=False)
    return get_peft_model(base, config)


def gradients(model):
    ids = torch.arange(10, 40).reshape(2, 15)
    model.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = model(input_ids=ids).logits.float()
    logits.log_softmax(-1)[..., 7].sum().backward()
    return logits.detach(), {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def test_outputs_and_gradients_are_those_of_peft(student):
    logits, wanted = gradients(student)
    assert use_quick_lora(student) == 14  # seven layers in each of two blocks
    quick, found = gradients(student)
    assert (quick - logits).abs().max() < 0.03 * logits.abs().max()
    assert found.keys() == wanted.keys() and all(name.count("lora_") == 1 for name in found)
    for name, gradient in wanted.items():
        assert found[name].dtype == torch.float32
        assert torch.nn.functional.cosine_similarity(found[name].flatten(), gradient.flatten(), dim=0) > 0.99, name
        assert float(found[name].norm()) == pytest.approx(float(gradient.norm()), rel=0.05)


def test_a_switched_off_adapter_leaves_the_base(student):
    ids = torch.arange(10, 25)[None]
    with torch.no_grad(), student.disable_adapter():
        base = student(input_ids=ids).logits
    use_quick_lora(student)
    with torch.no_grad(), student.disable_adapter():
        assert torch.equal(student(input_ids=ids).logits, base)
    with torch.no_grad():
        assert not torch.equal(student(input_ids=ids).logits, base)


@pytest.mark.parametrize("options", [{"lora_dropout": 0.1}, {"use_dora": True}, {"lora_bias": True}], ids=str)
def test_an_adapter_that_is_more_stays_as_it_is(untrained, options):
    base = copy.deepcopy(untrained).to(torch.bfloat16)
    config = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM", **options)
    assert use_quick_lora(get_peft_model(base, config)) == 0


def test_weights_in_float32_stay_as_they_are(untrained):
    config = LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")
    assert use_quick_lora(get_peft_model(copy.deepcopy(untrained), config)) == 0
