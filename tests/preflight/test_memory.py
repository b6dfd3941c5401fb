"""The estimate of memory: exact where it counts weights, and each profile within its card."""

import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project

from sqlreason.preflight.environment import estimate_peak
from sqlreason.students.training import memory_estimate
from sqlreason.students.training.memory_estimate import GIB, Shape

# config.json of meta-llama/Llama-3.2-3B-Instruct and Llama-3.1-8B-Instruct
LLAMA_3B = Shape(28, 3072, 8192, 24, 8, 128, 128256, tied=True)
LLAMA_8B = Shape(32, 4096, 14336, 32, 8, 128, 128256, tied=False)
QWEN_14B = Shape(48, 5120, 13824, 40, 8, 128, 152064, tied=False)  # likewise of Qwen/Qwen2.5-14B-Instruct


def test_weights_and_adapter_are_counted_as_the_models_have_them(project):
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.from_pretrained(project / "data/06_models/tiny_student")
    model = AutoModelForCausalLM.from_config(config)
    shape = Shape.from_config(config.to_dict())
    norms = sum(parameter.numel() for name, parameter in model.named_parameters() if "norm" in name)
    counted = shape.linear_parameters + shape.embedding_parameters
    assert counted + norms == sum(parameter.numel() for parameter in model.parameters())
    # as unsloth prints it for this model, rank 16 and all linear layers
    assert LLAMA_3B.adapter_parameters(16) == 24_313_856


def test_four_bits_need_about_a_quarter_and_checkpointing_saves_activations():
    wide, four = (memory_estimate.weight_bytes(LLAMA_8B, kind) for kind in (None, "nf4"))
    assert 0.3 < four / wide < 0.4  # embedding and head stay wide
    common = {"rows": 8, "tokens": 1536, "logit_tokens": 512, "rank": 16, "quantization": None, "optimizer": "adamw"}
    kept, computed = (memory_estimate.estimate(LLAMA_8B, checkpointing=flag, **common) for flag in (False, True))
    assert computed["activations"] < 0.15 * kept["activations"]


def test_the_names_of_sizes_are_those_of_the_shapes():
    sizes = [shape.linear_parameters + shape.embedding_parameters for shape in (LLAMA_3B, LLAMA_8B, QWEN_14B)]
    assert [round(size / 1e9, 1) for size in sizes] == [3.2, 8.0, 14.8]


@pytest.mark.parametrize(
    ("env", "gib", "shape"),
    [("gpu12", 12, LLAMA_3B), ("gpu16", 16, LLAMA_3B), ("base", 24, LLAMA_3B), ("article", 24, LLAMA_3B),
     ("gpu80", 80, LLAMA_3B), ("cluster", 80, LLAMA_8B), ("cluster14b", 80, QWEN_14B)],
)  # fmt: skip
def test_each_profile_is_estimated_to_fit_its_card_with_a_tenth_to_spare(env, gib, shape, project):
    bootstrap_project(project)
    with KedroSession.create(project, env=env) as session:
        parameters = session.load_context().config_loader["parameters"]
    assert estimate_peak(shape, parameters) < 0.9 * gib * GIB
