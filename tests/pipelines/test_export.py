"""The export's nodes: a card made of the run's figures, and a gate before anything is passed on."""

import pandas as pd
import pytest

from sqlreason.exports.gguf import GgufModel
from sqlreason.pipelines.export import nodes
from sqlreason.reasoning.prompts import Prompt
from sqlreason.students.checkpoints.adapter import Adapter, AdapterError
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.teachers.teacher import Teacher

LLAMA = Checkpoint("meta-llama/Llama-3.2-3B-Instruct", "abc")


@pytest.fixture
def files(tmp_path):
    """A merged model and a GGUF file, as far as publishing looks at them."""
    for name in ("merged/model.safetensors", "gguf/model.gguf", "gguf/Modelfile"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return Checkpoint(str(tmp_path / "merged")), GgufModel(tmp_path / "gguf/model.gguf", "")


def publish(files, drop, options, base=LLAMA, **changes):
    metrics = pd.DataFrame({"form": ["adapter", "merged", "GGUF"], "drop": [0.0, 0.0, drop]})
    return nodes.publish_export(metrics, *files, "# Card", base, Teacher("scripted"), options("export", **changes))


def test_a_form_that_lost_more_than_is_allowed_is_not_passed_on(files, options, tmp_path):
    with pytest.raises(nodes.ExportError, match=r"GGUF by 5\.0%.*allows 2\.0%"):
        publish(files, 0.05, options, target=str(tmp_path / "Llama-out"))
    assert not (tmp_path / "Llama-out").exists()


def test_what_passes_goes_to_its_target_with_its_card(files, options, tmp_path):
    assert publish(files, 0.01, options)["target"] is None
    record = publish(files, 0.01, options, target=str(tmp_path / "Llama-out"))
    assert sorted(record["files"]) == ["Modelfile", "README.md", "model.gguf", "model.safetensors"]
    assert (tmp_path / "Llama-out/README.md").read_text() == "# Card"


def test_without_a_gguf_file_the_merged_model_is_passed_on(files, options, tmp_path):
    record = publish((files[0], GgufModel(None, "")), 0.0, options, target=str(tmp_path / "Llama-out"))
    assert sorted(record["files"]) == ["README.md", "model.safetensors"]


def test_a_target_whose_name_the_licence_forbids_is_refused(files, options, tmp_path):
    with pytest.raises(ValueError, match="begins with Llama"):
        publish(files, 0.0, options, target=str(tmp_path / "sql"))


@pytest.mark.parametrize(
    ("student", "changes", "told"),
    [
        (LLAMA, {"chat_template": {"enable_thinking": False}}, r"student\.chat_template, student\.plain_template"),
        (Checkpoint("meta-llama/Llama-3.2-1B", "abc"), {}, r"the model at hand is meta-llama/Llama-3\.2-1B@abc"),
    ],
)
def test_an_adapter_is_not_exported_with_other_prompts_or_another_base(options, prompt_text, student, changes, told):
    adapter = Adapter({}, {}, LLAMA.identity, Prompt.from_mapping(prompt_text("student")).fingerprint)
    with pytest.raises(AdapterError, match=told):
        nodes.write_card(
            student, adapter, prompt_text("student"), pd.DataFrame(), Teacher("scripted"), pd.DataFrame(),
            pd.DataFrame(), options("student", **changes), options("evaluation"), options("export"),
        )  # fmt: skip


def test_the_card_tells_results_costs_and_conditions(options, prompt_text):
    fingerprint = Prompt.from_mapping(prompt_text("student")).fingerprint
    adapter = Adapter({}, {}, LLAMA.identity, fingerprint)
    metrics = pd.DataFrame(
        {"student": ["GRPO"], "n": [1000], "format_rate": [0.946], "accuracy": [0.205], "accuracy_low": [0.181],
         "accuracy_high": [0.231]}
    )  # fmt: skip
    ledger = pd.DataFrame({"stage": ["teacher", "sft"], "cost": [14.52, 0.4], "seconds": [100.0, 3500.0]})
    text = nodes.write_card(
        LLAMA, adapter, prompt_text("student"), pd.DataFrame({"id": range(878)}), Teacher("scripted"), metrics, ledger,
        options("student"), options("evaluation", demo=False),
        options("export").model_copy(update={"name": "Llama-sql"}),
    )  # fmt: skip
    assert "878 verified traces of a scripted teacher, then" in text
    for told in ("20.5 % (18.1 … 23.1)", "14.92 USD and 1.00 h", "Llama 3.2 Community License"):
        assert told in text
    assert "{dialect}" not in text and "tiny student" not in text
    assert text.startswith("---\nbase_model: meta-llama/Llama-3.2-3B-Instruct\n")
