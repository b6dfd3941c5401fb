import pytest

from sqlreason.options.synthesis_options import PretrainingOptions
from sqlreason.pipelines.pretraining import nodes
from sqlreason.students.checkpoints.checkpoint import write_checkpoint
from sqlreason.synthesis.schema.annotated_schema import HELDOUT, PRETRAINING, TRAINING, load_annotated_schemas


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    return tmp_path_factory.mktemp("pretraining")


@pytest.fixture(scope="module")
def options():
    return PretrainingOptions(
        start=None, documents=60, vocabulary=512, hidden=32, layers=2, tokens=4096, sequence_length=256, batch_size=8,
        learning_rate=1e-3, seed=1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def corpus(options):
    return nodes.write_corpus(options)


def test_the_corpus_has_the_documents_asked_for_and_names_its_schemas(corpus):
    assert len(corpus) == 60
    assert corpus.attrs["schemas"] == [
        annotated_schema.name for annotated_schema in load_annotated_schemas(PRETRAINING)
    ]


def test_a_student_is_trained_and_can_be_saved_and_loaded(corpus, checkpoints, options, tmp_path):
    trained, history = nodes.pretrain_student(corpus, checkpoints, options)
    assert history["tokens"].iloc[-1] >= options.tokens
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


def test_running_it_again_gives_the_same_student(corpus, checkpoints, options):
    import torch

    first, _ = nodes.pretrain_student(corpus, checkpoints, options)
    again, _ = nodes.pretrain_student(corpus, checkpoints, options)
    for left, right in zip(first.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(left, right)


def test_a_student_can_go_on_learning_from_an_earlier_one(corpus, checkpoints, options, tmp_path):
    first, _ = nodes.pretrain_student(corpus, checkpoints, options)
    folder = write_checkpoint(first, tmp_path / "first").folder
    later = options.model_copy(update={"start": str(folder), "seed": 2})
    second, history = nodes.pretrain_student(corpus, tmp_path / "work", later)
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
