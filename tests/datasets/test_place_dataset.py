import re

import pytest
from kedro.framework.session import KedroSession
from kedro.framework.startup import bootstrap_project
from kedro.io import DataCatalog, DatasetError

from sqlreason.datasets.place_dataset import PlaceDataset


def test_a_place_is_a_path_and_loading_it_makes_nothing(tmp_path):
    place = PlaceDataset(path=str(tmp_path / "deep/journal.sqlite"))
    assert place.load() == tmp_path / "deep/journal.sqlite" and not place.exists()
    assert list(tmp_path.iterdir()) == [] and '"exists": false' in str(place.preview())
    with pytest.raises(DatasetError, match="nothing is saved there"):
        place.save(1)


def test_without_a_path_nothing_is_kept():
    place = PlaceDataset(path=None, optional=True)
    assert place.load() is None and not place.exists()


@pytest.mark.parametrize(
    ("type_", "key"),
    [
        ("place_dataset.PlaceDataset", "path"),
        ("gguf_dataset.GgufDataset", "path"),
        ("hub_dataset.HubDataset", "filepath"),
        ("benchmark_dataset.BenchmarkDataset", "folder"),
        ("checkpoint_dataset.CheckpointDataset", "path"),
    ],
)
@pytest.mark.parametrize("given", ["s3://bucket/folder", None])
def test_a_place_that_is_no_path_on_this_machine_is_refused(type_, key, given):
    catalog = DataCatalog.from_config({"place": {"type": f"sqlreason.datasets.{type_}", key: given}})
    told = (
        "give a model either" if given is None and "checkpoint" in type_ else f"{key}: {given!r} is no path on a disk"
    )
    with pytest.raises(DatasetError, match=re.escape(told)):
        catalog.load("place")


def test_the_places_that_a_run_can_do_without_may_have_no_path(project):
    bootstrap_project(project)
    with KedroSession.create(project, env="demo") as session:
        entries = session.load_context().config_loader["catalog"]
    places = {name: entry for name, entry in entries.items() if entry["type"].endswith("PlaceDataset")}
    optional = {name for name, entry in places.items() if entry.get("optional")}
    assert optional == {"prepared_questions", "forecast_calibration"} < set(places)


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
