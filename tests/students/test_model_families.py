"""What a configuration tells of a model before its weights are read, and what its head does to the logits."""

import logging

import pytest
import torch
from student_families import OURS, THEIRS, make_config, make_model
from transformers import AutoModelForCausalLM, MambaConfig

from sqlreason.students.checkpoints import architecture, output_heads
from sqlreason.students.training import distillation_trainer, sft, shared_prompts
from sqlreason.students.training.memory_estimate import Shape
from sqlreason.students.training.trainer_arguments import TrainingError

LLAMA = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
WHOLE = "gemma3 (whole)"


@pytest.mark.parametrize(
    ("family", "missing"),
    [("llama", ""), ("gemma2", ""), ("gemma3", ""), (WHOLE, ""), ("smollm3", ""), ("qwen3", ""),
     ("phi3", "q_proj k_proj v_proj gate_proj up_proj"),
     ("gpt_oss", "gate_proj up_proj down_proj"),
     ("gpt2", " ".join(LLAMA)),
     ("mamba", " ".join(LLAMA))],
)  # fmt: skip
def test_the_names_of_llamas_layers_that_a_family_lacks_are_found(family, missing):
    assert architecture.find_target_modules(make_config(family), LLAMA) == missing.split()


@pytest.mark.parametrize("family", [*OURS, WHOLE, "bloom", "qwen3_5", "lfm2", "recurrent_gemma"])
def test_all_linear_and_the_names_of_its_own_fit_a_family(family):
    config = make_config(family)
    own = architecture.linear_modules(config)
    assert architecture.find_target_modules(config, "all-linear") == architecture.find_target_modules(config, own) == []


def test_a_part_of_a_path_names_a_layer_and_a_part_of_a_name_none():
    names = ["self_attn.q_proj", "mlp.q_proj", "proj", "layers.0.mlp.up_proj", "model.layers.0.mlp.up_proj"]
    assert architecture.find_target_modules(make_config("llama"), names) == ["mlp.q_proj", "proj"]


@pytest.mark.parametrize("family", ["falcon_h1", "mamba"])
def test_what_peft_refuses_in_a_state_space_model_is_found_as_missing(family):
    config = make_config(family)
    assert architecture.find_target_modules(config, "all-linear") == ["out_proj"]
    others = [name for name in architecture.linear_modules(config) if name != "out_proj"]
    assert architecture.find_target_modules(config, others) == []


def test_no_weight_is_made_to_look_at_a_model():
    config = make_config("llama")
    config.update({"hidden_size": 1 << 16, "intermediate_size": 1 << 18, "num_attention_heads": 1 << 9})
    assert architecture.find_target_modules(config, LLAMA) == []  # 500 GB of weights


def test_the_longest_input_is_that_of_the_text_model_or_none():
    longest = {family: architecture.longest_input(make_config(family)) for family in ("llama", WHOLE, "gpt2")}
    assert longest == {"llama": 128, WHOLE: 128, "gpt2": 128}
    assert architecture.longest_input(MambaConfig()) is None


@pytest.mark.parametrize("family", sorted(set(OURS) - {"gemma3n", "gpt2", "opt"}))
def test_the_shape_of_a_model_counts_its_weights(family):
    config = make_config(family)
    shape = Shape.from_config(config.to_dict())
    model = AutoModelForCausalLM.from_config(config)
    weights = sum(weight.numel() for weight in model.parameters())
    # norms, biases, sinks and the router of experts are left out
    assert 0.95 * weights < shape.linear_parameters + shape.embedding_parameters <= weights
    adapted = [layer for layer in model.model.modules() if isinstance(layer, torch.nn.Linear)]
    if family != "phi3":  # its q, k and v are one layer, gate and up another: fewer inputs
        assert shape.adapter_parameters(4) == sum(4 * (one.in_features + one.out_features) for one in adapted)


def test_the_shape_of_a_model_that_reads_images_is_that_of_its_text_part():
    whole, text = (Shape.from_config(make_config(family).to_dict()) for family in (WHOLE, "gemma3"))
    assert whole == text


def test_what_a_published_file_leaves_out_is_taken_as_transformers_takes_it():
    # the fields of config.json of google/gemma-2-2b-it, as published by transformers 4: nothing of tied weights
    gemma = {"num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 256, "hidden_size": 2304,
             "intermediate_size": 9216, "num_hidden_layers": 26, "vocab_size": 256000}  # fmt: skip
    shape = Shape.from_config(gemma)
    assert round((shape.linear_parameters + shape.embedding_parameters) / 1e9, 2) == 2.61


@pytest.mark.parametrize("family", ["falcon_h1", "mamba", "qwen3_5", "lfm2", "recurrent_gemma", "bloom", "gpt2"])
def test_no_shape_is_claimed_of_what_is_not_like_a_llama(family):
    assert Shape.from_config(make_config(family).to_dict()) is None


@pytest.mark.parametrize("config", [{}, {"text_config": None}, {"hidden_size": 8}, {"num_hidden_layers": [1, 2]},
                                    {"hidden_size": "8", "num_attention_heads": 0}])  # fmt: skip
def test_no_shape_is_claimed_of_a_file_that_tells_too_little(config):
    assert Shape.from_config(config) is None


@pytest.mark.parametrize("family", [*OURS, WHOLE, *(family for family in THEIRS if family != "llama4")])
def test_logits_from_hidden_states_are_those_of_the_whole_model(family):
    model = make_model(family)
    ids = torch.arange(3, 23)[None]
    read = model.base_model(input_ids=ids)
    torch.testing.assert_close(output_heads.logits(model, read, read.last_hidden_state[0]), model(ids).logits[0])
    assert model.base_model(input_ids=ids).last_hidden_state.shape == read.last_hidden_state.shape  # all is as it was


def test_heads_that_trl_does_not_know_are_told_by_their_logits(caplog):
    unknown = {family for family in [*OURS, WHOLE, *THEIRS] if not output_heads.is_known_to_trl(make_model(family))}
    assert unknown == {"granite", "falcon_h1", "recurrent_gemma", "llama4"}
    with caplog.at_level(logging.WARNING, "sqlreason"):
        losses = [sft._loss(make_model(family), "transformers") for family in ("llama", "gemma2", "granite")]
    assert losses == ["chunked_nll", "chunked_nll", "nll"] and "all logits" in caplog.text
    with pytest.raises(TrainingError, match="GraniteForCausalLM from its head alone"):
        distillation_trainer._require_known_head(make_model("granite"))


def test_the_parts_of_a_group_are_scored_by_the_models_own_forward_pass():
    model = make_model("granite")
    ids = torch.tensor([[5, 6, 7, 8]])
    logps, _ = shared_prompts.completion_logps(model, ids, torch.ones_like(ids), 2, 1.0)
    wanted = model(ids).logits[0, 1:3].log_softmax(-1).gather(-1, ids[0, 2:, None])[:, 0]
    torch.testing.assert_close(logps[0], wanted)
