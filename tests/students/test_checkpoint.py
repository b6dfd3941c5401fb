"""Checkpoints and adapters as values: who they are, and what they refuse."""

import copy
import dataclasses
import json
import pickle
import shutil

import pytest
import torch
from peft import LoraConfig, get_peft_model

from sqlreason.students.checkpoints.adapter import Adapter, AdapterError
from sqlreason.students.checkpoints.checkpoint import (
    Checkpoint,
    CheckpointError,
    TrainedModel,
    choose_dtype,
    write_checkpoint,
)


@pytest.fixture
def adapter(checkpoint):
    model = get_peft_model(checkpoint.load_model(), LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM"))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, generator=torch.Generator().manual_seed(0))
    return Adapter.from_model(model, checkpoint.identity, "prompt-1", {"stage": "sft"})


def test_a_folder_is_known_by_its_name_and_content(untrained, tokenizer, tmp_path):
    first = write_checkpoint(TrainedModel(untrained, tokenizer, "card"), tmp_path / "a" / "student")
    same = write_checkpoint(TrainedModel(untrained, tokenizer, "card"), tmp_path / "b" / "student")
    assert first.identity == same.identity and str(tmp_path) not in first.identity
    other = copy.deepcopy(untrained)
    with torch.no_grad():
        other.model.norm.weight += 1
    assert (
        write_checkpoint(TrainedModel(other, tokenizer, "card"), tmp_path / "a" / "student").identity != same.identity
    )
    assert not list(tmp_path.glob("*/.*"))


def test_a_written_model_reads_back_in_bfloat16_precision(checkpoint, tokenizer):
    model = checkpoint.load_model("auto")
    assert str(model.dtype) == f"torch.{choose_dtype('auto')}"
    assert checkpoint.load_tokenizer().chat_template == tokenizer.chat_template
    assert model.generation_config.eos_token_id[0] == tokenizer.eos_token_id


def test_a_folder_without_config_and_a_missing_folder_are_refused_in_plain_words(tmp_path):
    with pytest.raises(CheckpointError, match=r"has no config\.json"):
        Checkpoint(str(tmp_path)).load_tokenizer()
    with pytest.raises(CheckpointError, match="no folder"):
        Checkpoint("data/no/such/folder").load_model()


def test_weights_that_the_configuration_asks_for_and_the_files_lack_are_not_made_up(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint.name, tmp_path / "student")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": config["num_hidden_layers"] + 1}))
    with pytest.raises(CheckpointError, match=r"lacks 9 of the weights .* \(the first: model\.layers\."):
        Checkpoint(str(folder)).load_model()


def test_another_weight_in_the_middle_of_a_large_file_makes_another_model(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint.name, tmp_path / "student")
    (folder / "manifest.json").unlink()
    padded = next(iter(folder.glob("*.safetensors")))
    padded.write_bytes(padded.read_bytes() + bytes(40 << 20))
    before = Checkpoint(str(folder)).identity
    with padded.open("r+b") as file:  # as a merged adapter leaves embeddings, header and size alone
        file.seek(padded.stat().st_size // 2 + 1000)
        file.write(b"\1")
    assert Checkpoint(str(folder)).identity != before


def test_a_hub_that_is_out_of_reach_is_named(monkeypatch):
    with pytest.raises(CheckpointError, match=r"cannot load nobody/nothing .* offline"):
        Checkpoint("nobody/nothing", "abc").load_tokenizer()
    assert Checkpoint("nobody/nothing", "abc").identity == "nobody/nothing@abc"


@pytest.mark.parametrize("wrong", [{"dtype": "int8"}, {"quantization": "int3"}])
def test_unknown_precisions_are_refused(checkpoint, wrong):
    with pytest.raises(ValueError, match="accepted"):
        checkpoint.load_model(**wrong)


def test_an_applied_adapter_gives_the_logits_of_the_trained_model(checkpoint, adapter):
    ids = torch.arange(10, 30)[None]
    plain = checkpoint.load_model("float32")
    with torch.no_grad():
        before = plain(ids).logits
        after = adapter.apply(plain)(ids).logits
        again = pickle.loads(pickle.dumps(adapter)).apply(checkpoint.load_model("float32"))(ids).logits
    assert not torch.allclose(before, after) and torch.equal(after, again)


def test_only_a_trainable_adapter_has_gradients_and_it_stays_in_float32(checkpoint, adapter):
    frozen = adapter.apply(checkpoint.load_model("bfloat16"))
    assert not any(parameter.requires_grad for parameter in frozen.parameters())
    trained = adapter.apply(checkpoint.load_model("bfloat16"), trainable=True)
    assert {p.dtype for p in trained.parameters() if p.requires_grad} == {torch.float32}


def test_another_base_another_prompt_and_another_shape_are_refused(checkpoint, adapter):
    with pytest.raises(AdapterError, match="trained on other@1"):
        dataclasses.replace(adapter, base="other@1").apply(checkpoint.load_model())
    with pytest.raises(AdapterError, match="prompt prompt-1"):
        adapter.require(checkpoint.identity, "prompt-2")
    first = sorted(adapter.tensors)[0]
    less = {name: tensor for name, tensor in adapter.tensors.items() if name != first}
    with pytest.raises(AdapterError, match="1 places no tensor"):
        dataclasses.replace(adapter, tensors=less).apply(checkpoint.load_model())
