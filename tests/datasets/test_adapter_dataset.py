"""Adapters on disk: PEFT's own layout, a manifest last, versions without torsos."""

import json

import pytest
import torch
from kedro.io import DatasetError, Version

from sqlreason.datasets.adapter_dataset import AdapterDataset
from sqlreason.students.checkpoints.adapter import Adapter


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=64, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
    )
    folder = tmp_path_factory.mktemp("models") / "base"
    torch.manual_seed(0)
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def make_adapter(base, fill: float) -> Adapter:
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base), LoraConfig(r=2, target_modules={"q_proj"}, task_type="CAUSAL_LM")
    )
    for name, parameter in model.named_parameters():
        if "lora" in name:
            torch.nn.init.constant_(parameter, fill)
    return Adapter.from_model(model, "base@1", "prompt-1", {"stage": "sft", "steps": 3})


def test_an_adapter_reads_back_as_it_was(base, tmp_path):
    adapter, dataset = make_adapter(base, 0.5), AdapterDataset(filepath=str(tmp_path / "adapter"))
    assert not dataset.exists()
    dataset.save(adapter)
    read = dataset.load()
    assert dataset.exists() and read.digest == adapter.digest
    assert (read.config, read.base, read.fingerprint, read.facts) == (
        adapter.config,
        "base@1",
        "prompt-1",
        {"stage": "sft", "steps": 3},
    )
    assert json.loads(dataset.preview())["facts"]["steps"] == 3


def test_peft_reads_the_folder_as_it_is(base, tmp_path):
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    adapter = make_adapter(base, 0.25)
    AdapterDataset(filepath=str(tmp_path / "adapter")).save(adapter)
    theirs = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), tmp_path / "adapter")
    ours = adapter.apply(AutoModelForCausalLM.from_pretrained(base), base="base@1")
    ids = torch.arange(1, 9)[None]
    assert torch.equal(theirs(ids).logits, ours(ids).logits)


def test_a_torso_is_no_version(base, tmp_path):
    folder = str(tmp_path / "adapter")
    first, second = "2026-01-01T00.00.00.000Z", "2026-01-02T00.00.00.000Z"
    AdapterDataset(filepath=folder, version=Version(None, first)).save(make_adapter(base, 0.1))
    AdapterDataset(filepath=folder, version=Version(None, second)).save(make_adapter(base, 0.2))
    latest = AdapterDataset(filepath=folder, version=Version(None, None))
    assert latest.resolve_load_version() == second
    (tmp_path / "adapter" / second / "adapter" / "manifest.json").unlink()
    latest = AdapterDataset(filepath=folder, version=Version(None, None))
    assert latest.exists() and latest.resolve_load_version() == first
    assert latest.load().digest == make_adapter(base, 0.1).digest
    assert not AdapterDataset(filepath=folder, version=Version(second, None)).exists()
    with pytest.raises(DatasetError, match=r"no manifest\.json"):
        AdapterDataset(filepath=folder, version=Version(second, None)).load()


def test_a_changed_file_is_refused(base, tmp_path):
    dataset = AdapterDataset(filepath=str(tmp_path / "adapter"))
    dataset.save(make_adapter(base, 0.1))
    weights = tmp_path / "adapter" / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8] + b"\0" * 8)
    with pytest.raises(DatasetError, match="not the file that its manifest names"):
        dataset.load()


def test_any_file_system_will_do(base):
    dataset = AdapterDataset(filepath="memory://adapters/one")
    dataset.save(make_adapter(base, 0.1))
    assert dataset.exists() and dataset.load().base == "base@1"
