from dataclasses import replace

import pytest

from sqlreason.students.checkpoints.checkpoint import write_checkpoint
from sqlreason.synthesis.schema.annotated_schema import HELDOUT, PRETRAINING, TRAINING, load_annotated_schemas
from tiny_student import __main__ as command
from tiny_student import making


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    return tmp_path_factory.mktemp("pretraining")


@pytest.fixture(scope="module")
def recipe():
    return making.Recipe(
        start=None, documents=60, vocabulary=512, hidden=32, layers=2, tokens=4096, sequence_length=256, batch_size=8,
        learning_rate=1e-3, seed=1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def corpus(recipe):
    return making.write_corpus(recipe)


def test_the_corpus_has_the_documents_asked_for_and_names_its_schemas(corpus):
    assert len(corpus) == 60
    assert corpus.attrs["schemas"] == [schema.name for schema in load_annotated_schemas(PRETRAINING)]


def test_a_student_is_trained_and_can_be_saved_and_loaded(corpus, checkpoints, recipe, tmp_path):
    trained, history = making.pretrain_student(corpus, checkpoints, recipe)
    assert history["tokens"].iloc[-1] >= recipe.tokens
    checkpoint = write_checkpoint(trained, tmp_path / "student")
    assert (
        checkpoint.load_tokenizer()
        .apply_chat_template([{"role": "user", "content": "hello"}], tokenize=False, add_generation_prompt=True)
        .startswith("<|begin_of_text|>")
    )
    assert sum(p.numel() for p in checkpoint.load_model("float32").parameters()) == pytest.approx(
        trained.facts["parameters"] * 1e6
    )
    assert "trained from scratch" in (tmp_path / "student/README.md").read_text()


def test_running_it_again_gives_the_same_student(corpus, checkpoints, recipe):
    import torch

    first, _ = making.pretrain_student(corpus, checkpoints, recipe)
    again, _ = making.pretrain_student(corpus, checkpoints, recipe)
    for left, right in zip(first.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(left, right)


def test_a_student_can_go_on_learning_from_an_earlier_one(corpus, checkpoints, recipe, tmp_path):
    first, _ = making.pretrain_student(corpus, checkpoints, recipe)
    folder = write_checkpoint(first, tmp_path / "first").folder
    later = replace(recipe, start=str(folder), seed=2)
    second, history = making.pretrain_student(corpus, tmp_path / "work", later)
    assert [training["seed"] for training in second.facts["trainings"]] == [1, 2]
    assert second.card.count("| 60 |") == 2
    assert history["loss"].iloc[-1] < first.facts["trainings"][0]["loss"]


def test_the_committed_student_has_seen_no_schema_that_is_taught_or_examined(project):
    import json

    manifest = json.loads((project / "data/06_models/tiny_student/manifest.json").read_text())
    seen = set(manifest["facts"]["schemas"])
    assert len(seen) == 96
    assert not seen & {
        annotated_schema.name for part in (TRAINING, HELDOUT) for annotated_schema in load_annotated_schemas(part)
    }


def test_the_committed_student_is_small(project):
    folder = project / "data/06_models/tiny_student"
    assert sum(path.stat().st_size for path in folder.iterdir()) < 25e6


def test_the_command_writes_a_student_with_its_card_and_history(tmp_path):
    small = {
        "documents": 60,
        "vocabulary": 512,
        "hidden": 32,
        "layers": 2,
        "tokens": 4096,
        "sequence-length": 256,
        "seed": 1,
    }
    knobs = [f"--{name}={value}" for name, value in small.items()]
    command.main(["--folder", str(tmp_path / "student"), "--checkpoints", str(tmp_path / "work"), *knobs])
    assert "| 60 | 1 |" in (tmp_path / "student/README.md").read_text()
    assert (tmp_path / "work/history.csv").exists() and (tmp_path / "student/model.safetensors").exists()
