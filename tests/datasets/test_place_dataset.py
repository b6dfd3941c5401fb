import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.io import DatasetError

from sqlreason.datasets.place_dataset import PlaceDataset


def test_a_place_is_a_path_and_loading_it_makes_nothing(tmp_path):
    place = PlaceDataset(path=str(tmp_path / "deep/journal.sqlite"))
    assert place.load() == tmp_path / "deep/journal.sqlite" and not place.exists()
    assert list(tmp_path.iterdir()) == [] and '"exists": false' in str(place.preview())
    with pytest.raises(DatasetError, match="nothing is saved there"):
        place.save(1)


def test_without_a_path_nothing_is_kept():
    assert PlaceDataset(path=None).load() is None and not PlaceDataset(path=None).exists()


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("journal", "01_raw/journal.sqlite"),
        ("prepared_questions", "02_intermediate/prepared.sqlite"),
        ("checkpoints", "06_models/checkpoints"),
    ],
)
def test_the_places_of_the_catalog_lie_in_the_project_wherever_a_run_is_started(
    project, tmp_path, monkeypatch, name, place
):
    bootstrap_project(project)
    monkeypatch.chdir(tmp_path)
    with KedroSession.create(project, env="demo") as session:
        assert session.load_context().catalog.load(name) == project / "data/demo" / place
