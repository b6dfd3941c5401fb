"""The export's nodes: a card made of the run's figures, and a gate before anything is passed on."""

import json
from dataclasses import replace

import pandas as pd
import pytest
import torch
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.io import DataCatalog, DatasetError
from kedro.pipeline import Node, Pipeline

from sqlreason.datasets.available_dataset import AvailableDataset
from sqlreason.errors import BadInput
from sqlreason.exports.gguf import GgufModel
from sqlreason.hooks import CheckHooks
from sqlreason.pipelines.export import nodes
from sqlreason.preflight.requirements import take_sources
from sqlreason.reasoning.prompts import Prompt, build_messages
from sqlreason.students.checkpoints.adapter import Adapter, AdapterError
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.prompting import prompt_fingerprint
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


def choose(options, prompt_text, adapters, student=LLAMA, name="Llama-sql", adapter="grpo", target=None, **changes):
    sources = {f"{stage}_adapter": lambda held=held: held for stage, held in adapters.items()}
    asked = options("export", adapter=adapter).model_copy(update={"name": name, "target": target})
    return nodes.choose_adapter(
        sources, student, prompt_text("student"), Teacher("scripted"), options("student", **changes), asked
    )


@pytest.fixture
def trained(prompt_text):
    """An adapter as one of the trainings leaves it."""
    fingerprint = Prompt.from_mapping(prompt_text("student")).fingerprint
    return lambda stage: Adapter({}, {}, LLAMA.identity, fingerprint, {"stage": stage})


@pytest.mark.parametrize("adapter", ["sft", "grpo"])
def test_either_training_can_be_exported(options, prompt_text, trained, adapter):
    there = {stage: trained(stage) for stage in ("sft", "grpo")}
    assert choose(options, prompt_text, there, adapter=adapter).facts["stage"] == adapter


@pytest.mark.parametrize(
    ("there", "told"),
    [
        (["sft"], r"=grpo: no such adapter .*=grpo`, or export what there is: --params export\.adapter=sft$"),
        ([], r"export\.adapter=grpo: no such adapter was trained yet\. Run `kedro run --pipelines=grpo`$"),
    ],
)
def test_an_adapter_that_was_not_trained_is_told_with_what_there_is(options, prompt_text, trained, there, told):
    with pytest.raises(BadInput, match=told):
        choose(options, prompt_text, {stage: trained(stage) for stage in there})


@pytest.mark.parametrize(
    ("student", "changes", "told"),
    [
        (LLAMA, {"chat_template": {"enable_thinking": False}}, r"student\.chat_template, student\.plain_template"),
        (Checkpoint("meta-llama/Llama-3.2-1B", "abc"), {}, r"the model at hand is meta-llama/Llama-3\.2-1B@abc"),
    ],
)
def test_an_adapter_is_not_exported_with_other_prompts_or_another_base(
    options, prompt_text, trained, student, changes, told
):
    with pytest.raises(AdapterError, match=told):
        choose(options, prompt_text, {"grpo": trained("grpo")}, student, **changes)


def test_a_name_that_the_licence_forbids_is_refused_before_anything_is_merged(options, prompt_text, trained):
    with pytest.raises(ValueError, match="begins with Llama"):
        choose(options, prompt_text, {"grpo": trained("grpo")}, name="sql-3b")
    with pytest.raises(ValueError, match=r"export\.target='me/sql'"):
        choose(options, prompt_text, {"grpo": trained("grpo")}, target="me/sql")


METRICS = pd.DataFrame(
    {"student": ["SFT", "GRPO"], "n": [1000, 1000], "format_rate": [0.9, 0.946], "accuracy": [0.15, 0.205],
     "accuracy_low": [0.13, 0.181], "accuracy_high": [0.18, 0.231]}
)  # fmt: skip
LEDGER = pd.DataFrame(
    {"stage": ["teacher", "sft", "initial_adapter", "forecast", "grpo"], "cost": [14.52, 0.4, 0.1, 0.4, 1.0],
     "seconds": [None, 3600, 300, 1500, 3600]}
)  # fmt: skip


def traces(student_prompt, dialects):
    """Traces to questions whose prompts name these dialects so many times."""
    named = {name: build_messages(Prompt.from_mapping(student_prompt), "Who?", "", name) for name in dialects}
    return pd.DataFrame({"prompt": [json.dumps(named[name]) for name, times in dialects.items() for _ in range(times)]})


@pytest.fixture
def card(options, prompt_text, trained):
    """The card of a run that left such tables."""

    def write(adapter, written_by=None, **tables):
        exported = trained(adapter) if isinstance(adapter, str) else adapter
        adapter = "sft" if exported.facts["stage"] == "sft" else "grpo"
        digest = exported.digest if written_by is None else written_by
        tables[f"{adapter}_answers"] = pd.DataFrame({"id": ["a"], "adapter": [digest], "votes": 1})
        asked = options("export", adapter=adapter).model_copy(update={"name": "Llama-sql"})
        return nodes.write_card(
            LLAMA, exported, {name: lambda table=table: table for name, table in tables.items()},
            prompt_text("student"), traces(prompt_text("student"), {"SQLite": 878}), Teacher("scripted"),
            options("evaluation", demo=False), asked,
        )  # fmt: skip

    return write


def test_the_card_tells_results_costs_and_conditions(card):
    text = card("grpo", evaluation_metrics=METRICS, costs=LEDGER)
    assert "878 verified traces of a scripted teacher, then by GRPO" in text
    for told in ("20.5 % (18.1 … 23.1)", "16.42 USD and 2.50 h", "Llama 3.2 Community License"):
        assert told in text
    assert "{dialect}" not in text and "tiny student" not in text
    assert text.startswith("---\nbase_model: meta-llama/Llama-3.2-3B-Instruct\n")


@pytest.mark.parametrize(
    ("dialects", "told"),
    [({"SQLite": 3}, "SQLite"), ({"DuckDB": 2}, "DuckDB"), ({"SQLite": 1, "PostgreSQL": 2}, "PostgreSQL")],
)
def test_the_exported_student_is_told_the_dialect_that_it_was_taught(options, prompt_text, files, dialects, told):
    prompt = prompt_text("student")
    request = nodes.request_gguf(files[0], prompt, traces(prompt, dialects), options("export"))
    assert request.system == build_messages(Prompt.from_mapping(prompt), "", "", told)[0]["content"]
    assert f"one {told} query" in request.system


def test_the_card_of_the_sft_student_tells_nothing_of_grpo(card):
    text = card("sft", evaluation_metrics=METRICS, costs=LEDGER)
    assert "15.0 % (13.0 … 18.0)" in text and "14.92 USD and 1.00 h" in text
    assert "grpo" not in text.lower()


def test_the_card_tells_how_it_was_taught_by_what_the_adapter_says(card, trained):
    start = trained("sft")
    facts = {"stage": "distillation", "options": {"start": start.digest, "teacher": "Llama-3.1-8B@1+bare"}}
    text = card(replace(start, facts=facts), sft_adapter=start)
    assert "then by on-policy distillation" in text and "GRPO on execution" not in text
    assert "teacher of the distillation Llama-3.1-8B@1+bare is under the Llama 3.1 Community License" in text
    text = card(replace(start, facts={"stage": "grpo", "options": {"start": "another"}}), sft_adapter=start)
    assert "taught without supervised fine-tuning before it by GRPO" in text and "878" not in text


def test_figures_of_another_adapter_do_not_stand_on_the_card(card):
    text = card("sft", written_by="of the training before", evaluation_metrics=METRICS, costs=LEDGER)
    assert "Not evaluated" in text and "15.0 %" not in text


def test_without_an_evaluation_the_card_says_so(card):
    text = card("sft")
    assert "Not evaluated: how often it is right is not known" in text and "Not added up" in text
    assert "| student |" not in text


def test_the_answers_of_an_evaluation_are_taken_if_they_are_to_these_questions():
    prompts = pd.DataFrame({"id": ["a", "b"]})
    adapter = Adapter({}, {}, "a", "print")
    answers = pd.DataFrame(
        {
            "id": ["b", "c", "a"],
            "text": ["B", "C", "A"],
            "first": ["b1", "c1", "a1"],
            "adapter": adapter.digest,
            "votes": 1,
        }
    )
    found = nodes._find_answers({"sft_answers": lambda: answers}, prompts, "sft", adapter)
    assert found["text"].tolist() == ["a1", "b1"]
    for given in (
        answers.head(2),
        answers.assign(votes=8),
        answers.assign(adapter="of the training before"),
        answers.drop(columns=["adapter", "votes"]),
    ):
        assert nodes._find_answers({"sft_answers": lambda given=given: given}, prompts, "sft", adapter) is None
    assert nodes._find_answers({"sft_answers": lambda: answers}, prompts, "grpo", adapter) is None


def test_a_run_that_makes_what_the_export_takes_is_refused(project):
    bootstrap_project(project)
    with KedroSession.create(project, env="demo") as session:
        context = session.load_context()
        entries = {"export_sources": context.config_loader["catalog"]["export_sources"]}
        whole = Pipeline(
            [Node(lambda sources: 1, "export_sources", "made"), Node(lambda: 1, None, "sft_adapter", name="train")]
        )
        with pytest.raises(BadInput, match=r"takes from earlier runs what this one makes \(sft_adapter\)"):
            take_sources(whole, context.catalog, entries)


def available(folder, load_versions=None, **config):
    """A catalog whose entry `sources` stands for `there` and `no`, as the hook binds it."""
    files = {name: {"type": "pandas.CSVDataset", "filepath": str(folder / f"{name}.csv")} for name in ("there", "no")}
    sources = {"type": "sqlreason.datasets.available_dataset.AvailableDataset", "names": ["there", "no"]}
    entries = {name: entry | config for name, entry in files.items()} | {"sources": sources}
    catalog = DataCatalog.from_config(entries, load_versions=load_versions, save_version="2026-01-02")
    CheckHooks().after_catalog_created(catalog, entries)
    return catalog


def test_of_earlier_runs_only_what_is_there_is_offered(tmp_path):
    pd.DataFrame({"a": [1]}).to_csv(tmp_path / "there.csv", index=False)
    loaded = available(tmp_path).load("sources")
    assert list(loaded) == ["there"] and loaded["there"]()["a"].tolist() == [1]
    with pytest.raises(DatasetError, match="there are entries of a catalog, and none was bound"):
        AvailableDataset(names=["there"]).load()


def test_the_version_that_is_named_is_taken_and_one_that_is_missing_is_told(tmp_path):
    for value, version in enumerate(("2026-01-01", "2026-01-02")):
        DataCatalog.from_config(
            {"there": {"type": "pandas.CSVDataset", "filepath": str(tmp_path / "there.csv"), "versioned": True}},
            save_version=version,
        ).save("there", pd.DataFrame({"a": [value]}))
    told = {
        version: available(tmp_path, {"there": version} if version else None, versioned=True).load("sources")["there"]
        for version in ("2026-01-01", None, "2020-01-01")
    }
    assert told["2026-01-01"]()["a"].tolist() == [0] and told[None]()["a"].tolist() == [1]
    with pytest.raises(DatasetError, match="2020-01-01"):
        told["2020-01-01"]()


@pytest.mark.slow
def test_the_version_that_a_run_names_is_exported_and_stands_in_its_record(project_copy):
    base = project_copy.load("base_model").spoken_to({}, False)
    fingerprint = prompt_fingerprint(Prompt.from_mapping(project_copy.load("student_prompt")), base)
    for size in (1.0, 2.0):
        tensors = {"base_model.model.lora_A.weight": torch.full((1, 1), size)}
        project_copy.save("grpo_adapter", Adapter({"peft_type": "LORA"}, tensors, base.identity, fingerprint))
    first, _ = sorted(path.name for path in (project_copy.folder / "data/demo/06_models/grpo_adapter").iterdir())
    project_copy.kedro(
        "run", "--pipelines=export", "--nodes=export.choose_exported_adapter", f"--load-versions=grpo_adapter:{first}",
        "--params=export.adapter=grpo",
    )  # fmt: skip
    exported = project_copy.load("exported_adapter")
    assert exported.tensors["base_model.model.lora_A.weight"].item() == 1.0
    told = {"entry": "grpo_adapter", "version": first, "digest": exported.digest}
    assert project_copy.load("run_record")["exported"] == told
