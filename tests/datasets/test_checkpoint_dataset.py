"""Base models in the catalog: a light value to load, a whole folder to save."""

import pytest
from kedro.io import DatasetError

from sqlreason.datasets.checkpoint_dataset import CheckpointDataset
from sqlreason.students.checkpoints.checkpoint import TrainedModel
from tiny_student import tiny


@pytest.fixture(scope="module")
def trained():
    tokenizer = tiny.train_tokenizer(["SELECT name FROM singer"] * 3, vocab_size=300)
    model = tiny.tiny_model(tokenizer, hidden_size=16, layers=1, heads=2, key_value_heads=1, intermediate_size=32)
    return TrainedModel(model, tokenizer, "# Card\n", {"steps": 1})


def test_a_trained_model_becomes_a_checkpoint(trained, tmp_path):
    dataset = CheckpointDataset(path=str(tmp_path / "student"))
    assert not dataset.exists()
    dataset.save(trained)
    checkpoint = dataset.load()
    assert dataset.exists() and checkpoint.identity.startswith("student@")
    assert (tmp_path / "student" / "README.md").read_text() == "# Card\n"
    assert checkpoint.load_model().num_parameters() == trained.model.num_parameters()


def test_a_second_save_replaces_the_folder_as_a_whole(trained, tmp_path):
    dataset = CheckpointDataset(path=str(tmp_path / "student"))
    dataset.save(trained)
    (tmp_path / "student" / "left_over.txt").touch()
    dataset.save(trained)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["student"]
    assert not (tmp_path / "student" / "left_over.txt").exists()


def test_a_name_on_the_hub_loads_without_the_hub_and_cannot_be_saved(trained):
    dataset = CheckpointDataset(hub="org/model", revision="abc")
    assert dataset.load().identity == "org/model@abc"
    with pytest.raises(DatasetError, match="is on the hub"):
        dataset.save(trained)


@pytest.mark.parametrize(
    "arguments", [{}, {"path": "here", "hub": "org/model"}, {"path": "here", "revision": "abc"}], ids=str
)
def test_a_model_is_either_a_folder_or_on_the_hub(arguments):
    with pytest.raises(DatasetError, match="either as the path of a folder"):
        CheckpointDataset(**arguments)


def test_a_folder_that_is_missing_is_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"there is no folder .*given as hub"):
        CheckpointDataset(path=str(tmp_path / "nothing")).load()


def test_kedro_leaves_a_hub_name_as_it_is(project):
    from kedro.framework.session import KedroSession
    from kedro.framework.startup import bootstrap_project

    bootstrap_project(project)
    for env in ("base", "article", "cluster"):
        with KedroSession.create(project, env=env) as session:
            checkpoint = session.load_context().catalog.load("base_model")
        assert checkpoint.folder is None and checkpoint.name.count("/") == 1


def test_a_folder_without_config_is_refused(tmp_path):
    with pytest.raises(DatasetError, match=r"no config\.json"):
        CheckpointDataset(path=str(tmp_path)).load()
