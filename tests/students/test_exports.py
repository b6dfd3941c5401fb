"""Exports on a very tiny Llama: merged it answers as with its adapter, as GGUF it answers the same tokens."""

import dataclasses
import json
import threading
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pandas as pd
import pytest
import torch
from peft import LoraConfig, get_peft_model

from families import STANDINS
from sqlreason.datasets.gguf_dataset import GgufDataset
from sqlreason.exports import gguf, gguf_families, licences, llama_server, llamacpp, merging, publishing
from sqlreason.sql.verifier import Task
from sqlreason.students import evaluation
from sqlreason.students.checkpoints.adapter import Adapter, AdapterError
from sqlreason.students.checkpoints.checkpoint import Checkpoint, write_checkpoint


@pytest.fixture(scope="module")
def adapter(checkpoint):
    model = get_peft_model(checkpoint.load_model(), LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM"))
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.02, generator=torch.Generator().manual_seed(0))
    return Adapter.from_model(model, checkpoint.identity, "prompt-1", {"stage": "grpo"})


@pytest.fixture(scope="module")
def merged(checkpoint, adapter, tmp_path_factory):
    trained = merging.merge(checkpoint, adapter, "# Card\n", trained_on=checkpoint)
    return write_checkpoint(trained, tmp_path_factory.mktemp("merged") / "student")


@pytest.fixture
def prompts(examples):
    task = Task("", "", ("CREATE TABLE singer (name TEXT)",)).to_json()
    return examples.head(6).assign(task=task)


def answer(checkpoint, adapter, prompts, limit=24):
    options = {"dtype": "float32", "quantization": None, "max_completion_tokens": limit, "batch_size": 6}
    return evaluation.answer_questions(checkpoint, adapter, prompts, **options)


def test_the_merged_model_gives_the_logits_of_base_and_adapter(checkpoint, adapter, merged):
    ids = torch.arange(10, 30)[None]
    with torch.no_grad():
        before = adapter.apply(checkpoint.load_model("float32"))(ids).logits
        after = merged.load_model("float32")(ids).logits
    assert (before - after).abs().max() < 0.05 * before.abs().max()  # rounded once, to bfloat16


def test_nothing_is_merged_into_four_bits_or_into_another_model(checkpoint, adapter, merged, tmp_path):
    with pytest.raises(AdapterError, match="export_base is"):
        merging.merge(merged, adapter, "", trained_on=checkpoint)
    rounded = tmp_path / "rounded"
    rounded.mkdir()
    config = {**merging.read_config(checkpoint), "quantization_config": {"load_in_4bit": True}}
    (rounded / "config.json").write_text(json.dumps(config))
    with pytest.raises(AdapterError, match="4-bit weights"):
        base = dataclasses.replace(checkpoint, name=str(rounded))
        merging.merge(base, dataclasses.replace(adapter, base=base.identity), "", trained_on=base)


def request(merged, precision):
    return gguf.GgufRequest(merged, precision, "Answer with a query.", "very-tiny")


def test_a_gguf_file_holds_every_tensor_the_vocabulary_and_the_template(merged, tmp_path):
    from gguf import GGUFReader

    model = gguf.write_gguf(request(merged, "q8_0"), tmp_path / "gguf")
    reader = GGUFReader(model.path)
    tokenizer = merged.load_tokenizer()
    assert reader.get_field("tokenizer.chat_template").contents() == tokenizer.chat_template
    assert len(reader.get_field("tokenizer.ggml.tokens").contents()) == merging.read_config(merged)["vocab_size"]
    names = {tensor.name for tensor in reader.tensors}
    assert {"token_embd.weight", "output_norm.weight", "blk.1.attn_q.weight", "blk.1.ffn_down.weight"} <= names
    assert len(names) == len(merged.load_model().state_dict()) - 1  # the head is tied to the embedding


def test_the_template_of_the_modelfile_writes_what_training_saw(merged, prompts):
    chat = merged.load_chat()
    tokenizer = chat.tokenizer
    text = gguf.render_modelfile(chat, "Answer with a query.")
    template = text.split('"""')[1]
    system, user = (turn["content"] for turn in json.loads(prompts["prompt"].iloc[0]))
    written = template.replace("{{ .System }}", system).replace("{{ .Prompt }}", user).split("{{ .Response }}")[0]
    seen = tokenizer.apply_chat_template(
        json.loads(prompts["prompt"].iloc[0]), tokenize=False, add_generation_prompt=True
    )
    assert tokenizer.bos_token + written == seen
    assert f'PARAMETER stop "{tokenizer.eos_token}"' in text


def test_unknown_precisions_and_other_architectures_are_refused(merged, tmp_path):
    with pytest.raises(gguf.GgufError, match="accepted: f32"):
        gguf.write_gguf(request(merged, "q3"), tmp_path)


def test_a_model_without_a_gguf_is_an_export_all_the_same(tmp_path):
    student = Checkpoint(str(STANDINS["gpt_oss"].student(tmp_path / "student")))
    entry = GgufDataset(path=str(tmp_path / "gguf"))
    entry.save(request(student, "f16"))
    assert entry.exists() and entry.load() == gguf.GgufModel(None, "")
    (file,) = (tmp_path / "gguf").iterdir()
    assert "is a GptOssForCausalLM; GGUF is written of LlamaForCausalLM, " in file.read_text()


def test_llama_3_frequencies_keep_the_short_waves_and_stretch_the_long_ones():
    from transformers import LlamaConfig

    scaling = {
        "rope_type": "llama3", "rope_theta": 500000.0, "factor": 32.0, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 8192,
    }  # fmt: skip
    shape = {"hidden_size": 3072, "num_attention_heads": 24, "head_dim": 128, "max_position_embeddings": 131072}
    factors = gguf_families.rope_factors(LlamaConfig(**shape, rope_parameters=scaling))
    assert factors.shape == (64,)
    assert factors[0] == pytest.approx(1.0) and factors[-1] == pytest.approx(32.0, rel=1e-4)
    assert (factors[1:] >= factors[:-1] - 1e-4).all()


@pytest.mark.parametrize("precision", ["f32", "f16"])
def test_llama_cpp_writes_the_tokens_that_transformers_writes(merged, prompts, precision, tmp_path):
    model = gguf.write_gguf(request(merged, precision), tmp_path / "gguf")
    theirs, ours = llamacpp.answer_questions(model.path, merged.load_chat(), prompts, 24), answer(merged, None, prompts)
    assert theirs["same_prompt"].all()
    assert theirs["text"].tolist() == ours["text"].tolist()
    assert theirs["finished"].tolist() == ours["finished"].tolist()


def test_the_tiny_student_answers_through_llama_cpp_as_through_transformers(project, tmp_path):
    """The student of the demo itself, whole: its own questions, greedy, in the format from the first token."""
    tiny = Checkpoint(str(project / "data/06_models/tiny_student"))
    system = {"role": "system", "content": "Answer with a query."}
    asked = [f"CREATE TABLE singer (name TEXT, {column} INT)\n\nShow {column}." for column in ("age", "year", "rank")]
    turns = [[system, {"role": "user", "content": text}] for text in asked]
    prompts = pd.DataFrame({"id": list("abc"), "prompt": [json.dumps(messages) for messages in turns]})
    prompts["task"] = [Task("", "", ("CREATE TABLE singer (name TEXT)",)).to_json()] * 3
    model = gguf.write_gguf(request(tiny, "f32"), tmp_path / "gguf")
    theirs, ours = llamacpp.answer_questions(model.path, tiny.load_chat(), prompts, 40), answer(tiny, None, prompts, 40)
    assert theirs["same_prompt"].all()
    assert theirs["text"].tolist() == ours["text"].tolist()
    assert theirs["tokens"].tolist() == ours["tokens"].tolist()


def test_a_question_that_the_file_cannot_read_is_left_unanswered(merged, prompts, tmp_path):
    model = gguf.write_gguf(request(merged, "f16"), tmp_path / "gguf")
    long = [{"role": "system", "content": "s"}, {"role": "user", "content": "Show everything. " * 300}]
    prompts = prompts.head(2).assign(prompt=[prompts["prompt"].iloc[0], json.dumps(long)])
    answers = llamacpp.answer_questions(model.path, merged.load_chat(), prompts, 8)
    assert answers["text"].iloc[0] and not answers["text"].iloc[1]
    assert answers["finished"].iloc[1] == False  # noqa: E712 - numpy's


def test_k_quants_are_llama_cpps_and_hold_the_weights_nearly(tmp_path):
    from gguf import GGUFReader
    from gguf.quants import dequantize
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    folder = STANDINS["llama3_1"].student(tmp_path / "student")
    config = AutoConfig.from_pretrained(folder, hidden_size=256, intermediate_size=256, head_dim=64)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    student = Checkpoint(str(folder))
    model = gguf.write_gguf(request(student, "q4_k_m"), tmp_path / "gguf")
    tensors = {tensor.name: tensor for tensor in GGUFReader(model.path).tensors}
    kinds = {name: tensor.tensor_type.name for name, tensor in tensors.items()}
    assert kinds["output.weight"] == "Q6_K" and kinds["blk.0.attn_q.weight"] == "Q4_K"
    assert kinds["blk.1.ffn_down.weight"] == "Q6_K" and kinds["output_norm.weight"] == "F32"
    told = dequantize(tensors["blk.0.ffn_up.weight"].data, tensors["blk.0.ffn_up.weight"].tensor_type)
    meant = student.load_model("float32").model.layers[0].mlp.up_proj.weight.detach().numpy()
    assert 0 < abs(told - meant).max() < 0.15 * abs(meant).max()
    asked = [{"role": "system", "content": "s"}, {"role": "user", "content": "How many singers are there?"}]
    prompts = pd.DataFrame({"id": ["a"], "prompt": [json.dumps(asked)]})
    assert llamacpp.answer_questions(model.path, student.load_chat(), prompts, 8)["tokens"].iloc[0]


def test_a_file_that_llama_cpp_cannot_read_is_told_in_a_sentence(tmp_path):
    (tmp_path / "model.gguf").write_bytes(b"no model" * 100)
    fault = pytest.raises(llama_server.LlamaCppError, match=r"cannot load model\.gguf: invalid magic characters")
    with fault, llama_server.serve(tmp_path / "model.gguf", context=64):
        pass


@pytest.mark.parametrize(
    ("name", "base", "teacher", "licence", "allowed"),
    [
        ("sql-3b", "unsloth/Llama-3.2-3B-Instruct@main", "gpt-4o", "Llama 3.2 Community", False),
        ("me/Llama-sql-3b", "unsloth/Llama-3.2-3B-Instruct@main", "gpt-4o", "Llama 3.2 Community", True),
        ("out/sql-3b/", "Qwen/Qwen2.5-3B@main", "meta-llama/Llama-3.1-70B-Instruct", "Llama 3.1 Community", False),
        ("sql-3b", "deepseek-ai/DeepSeek-R1-Distill-Llama-8B@main", "gpt-4o", "the Llama Community", False),
        ("sql-7b", "meta-llama/Llama-2-7b-hf@main", "gpt-4o", "Llama 2 Community", True),
        ("sql-7b", "codellama/CodeLlama-7b-hf@main", "gpt-4o", "Llama 2 Community", True),
        ("sql-1b", "TinyLlama/TinyLlama-1.1B-Chat-v1.0@main", "gpt-4o", "", True),
        ("sql-tiny", "tiny_student@1", "openai/gpt-oss-120b", "", True),
    ],
)
def test_what_llama_made_or_taught_is_called_llama(name, base, teacher, licence, allowed):
    models = {"base model": base, "teacher": teacher}
    told = [text for text in licences.obligations(models) if "Community License" in text]
    assert [licence in text for text in told] == [True] * bool(licence)
    if allowed:
        licences.check_name(name, models, "export.target")
    else:
        with pytest.raises(ValueError, match=r"^export\.target=.* begins with Llama; call it Llama-sql-3b"):
            licences.check_name(name, models, "export.target")


@pytest.mark.parametrize(
    ("teacher", "told"),
    [
        ("openai/gpt-oss-120b", "Apache-2.0"),
        ("gpt-4o", "forbid"),
        ("meta-llama/Llama-3.3-70B-Instruct", "Built with Llama"),
        ("Llama-2-70b-chat-hf", "may not be used to improve other models"),
        ("TinyLlama-1.1B", "Unknown"),
    ],
)
def test_what_answers_may_be_used_for_is_told_by_who_wrote_them(teacher, told):
    assert told in licences.duty_of_data(teacher)


class Hub(BaseHTTPRequestHandler):
    """As much of the hub as a push needs: make a repository, ask how to upload, commit."""

    files: dict = {}  # noqa: RUF012 - one hub a test session

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.endswith("/repos/create"):
            self.answer({"url": f"http://{self.headers['Host']}/me/Llama-tiny"})
        elif "/preupload/" in self.path:
            asked = json.loads(body)["files"]
            plan = {"uploadMode": "regular", "shouldIgnore": False}
            self.answer({"files": [{"path": file["path"], **plan} for file in asked]})
        elif self.path.endswith("/validate-yaml"):
            self.answer({"errors": [], "warnings": []})
        else:
            lines = [json.loads(line) for line in body.splitlines()]
            for value in (line["value"] for line in lines if line["key"] == "file"):
                self.files[value["path"]] = b64decode(value["content"])
            place = f"http://{self.headers['Host']}/me/Llama-tiny"
            self.answer({"commitUrl": f"{place}/commit/1", "commitOid": "1" * 40, "success": True})

    def do_GET(self):
        self.answer({"siblings": [], "id": "me/Llama-tiny", "sha": "0" * 40})

    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_push_puts_every_file_onto_the_hub(merged, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    monkeypatch.setenv("HF_TOKEN", "hf_of_the_test")
    server = HTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    folder = Path(merged.name)
    record = publishing.publish([folder], {"README.md": "# New card\n"}, "me/Llama-tiny", True, endpoint)
    server.shutdown()
    assert record["url"].startswith(endpoint)
    assert Hub.files["README.md"] == b"# New card\n"
    assert Hub.files["model.safetensors"] == (folder / "model.safetensors").read_bytes()
    assert set(Hub.files) == set(record["files"])


def test_a_folder_is_a_target_too(tmp_path):
    for name, text in (("a", "first"), ("b", "second")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "both").write_text(text)
    target = tmp_path / "target"
    record = publishing.publish([tmp_path / "a", tmp_path / "b"], {"README.md": "card"}, str(target), False)
    assert (target / "both").read_text() == "first" and (target / "README.md").read_text() == "card"
    assert record["files"] == {"README.md": 4, "both": 5}


@pytest.mark.parametrize("name", ["llama3_1", "smollm2", "base"])
def test_an_export_pads_stops_and_asks_as_the_training_did(name, tmp_path):
    trained_on = Checkpoint(str(STANDINS[name].student(tmp_path / "base"))).spoken_to({}, plain_template=True)
    model = get_peft_model(trained_on.load_model(), LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM"))
    adapter = Adapter.from_model(model, trained_on.identity, "prompt-1", {"stage": "sft"})
    merged = write_checkpoint(merging.merge(trained_on, adapter, "", trained_on), tmp_path / "merged")
    before, after = trained_on.load_chat(), merged.load_chat()
    turns = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
    assert after.prompt_ids(turns) == before.prompt_ids(turns)
    assert (after.padding.id, after.ends, after.end) == (before.padding.id, before.ends, before.end)
    generation = json.loads((tmp_path / "merged/generation_config.json").read_text())
    assert (generation["eos_token_id"], generation["pad_token_id"]) == (list(before.ends), before.padding.id)
    assert merged.load_tokenizer().pad_token == before.padding.token
