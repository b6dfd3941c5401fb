"""What the hooks do before the first node: each source is read once, and handed on as its validator left it."""

import logging
import os
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest
import yaml
from kedro.io import AbstractDataset, DataCatalog
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner

from sqlreason.errors import BadInput
from sqlreason.hooks import TrackingHooks
from sqlreason.preflight.requirements import take_sources
from sqlreason.students.training.tracking import VARIABLE

QUESTIONS = pd.DataFrame({"id": [1, 2], "sql_prompt": ["a", None], "sql_context": "", "sql": "", "sql_complexity": ""})


class Counted(AbstractDataset):
    """A source that counts how often it is fetched."""

    data, fetched = QUESTIONS, 0

    def load(self):
        type(self).fetched += 1
        return self.data

    def save(self, data):
        raise NotImplementedError

    def _describe(self):
        return {}


def spoil(frame):
    """A node that alters what it was given."""
    frame["id"] = "spoiled"
    return len(frame)


@pytest.fixture
def catalog():
    """A catalog with one counted source, validated as a question table."""
    Counted.fetched = 0
    validator = {
        "class": "sqlreason.data.tables.ColumnsValidator",
        "options": {"entry": "source", "table": "questions"},
    }
    return DataCatalog.from_config({"source": {"type": "test_hooks.Counted", "validator": validator}})


def run(catalog):
    nodes = [Node(spoil, "source", f"out{n}", name=f"n{n}") for n in range(4)]
    pipeline = Pipeline([*nodes, Node(lambda frame: frame, "source", "seen", name="last")])
    take_sources(pipeline, catalog, {})
    SequentialRunner().run(pipeline, catalog)
    return catalog.load("seen")


def test_a_source_that_many_nodes_read_is_fetched_once_and_none_sees_what_another_made_of_it(catalog):
    seen = run(catalog)
    assert Counted.fetched == 1
    assert seen["id"].tolist() == ["1", "2"] and seen["sql_prompt"].tolist() == ["a", ""]  # as the validator fills it


def test_a_source_that_its_validator_refuses_is_named_before_any_node_runs(catalog, monkeypatch):
    monkeypatch.setattr(Counted, "data", QUESTIONS.drop(columns="sql"))
    with pytest.raises(BadInput, match=r"'source' lacks the columns \['sql'\]"):
        run(catalog)
    assert Counted.fetched == 1


class Context:
    """What the hooks look at of Kedro's context."""

    def __init__(self, folder, tracker):
        self.project_path = folder
        self.config_loader = {"parameters": {"tracking": tracker}, "globals": {"root": "data/local"}}


@pytest.mark.parametrize("tracker", [None, "tensorboard"])
def test_a_tracker_that_fails_costs_its_own_record_and_is_over_with_the_run(tracker, tmp_path, caplog):
    caplog.set_level(logging.WARNING, "sqlreason")
    hooks, pipeline = TrackingHooks(), Pipeline([Node(lambda: 1, None, "evaluation_metrics", name="compare")])
    hooks.after_context_created(Context(tmp_path, tracker))
    hooks.before_pipeline_run()
    assert os.environ.get(VARIABLE) == tracker
    hooks.after_pipeline_run(pipeline, DataCatalog())  # which has no such entry
    assert VARIABLE not in os.environ
    assert [record.levelname for record in caplog.records] == ["WARNING"] * (tracker is not None)
    assert (tmp_path / "data/local/08_reporting/tracking").exists() == (tracker is not None)


@pytest.fixture
def web(tmp_path):
    """`web.folder` is served at `web.url`; `web.fetched` holds the paths that were fetched."""
    (tmp_path / "web").mkdir()

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self):
            server.fetched.append(self.path)
            super().do_GET()

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path / "web")))
    server.folder, server.fetched = tmp_path / "web", []
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_a_run_from_a_subfolder_fetches_its_source_once_and_keeps_everything_in_the_project(project_copy, web):
    questions = pd.read_parquet(project_copy.folder / "data/01_raw/questions/train.parquet").head(60)
    questions.to_csv(web.folder / "train.csv", index=False)
    folder = project_copy.folder / "conf/remote"
    shutil.copytree(project_copy.folder / "conf/demo", folder)
    entries = yaml.safe_load((folder / "catalog.yml").read_text())
    entries["sql_questions"] |= {"type": "pandas.CSVDataset", "filepath": f"{web.url}/train.csv"}
    (folder / "catalog.yml").write_text(yaml.safe_dump(entries))
    (folder / "globals.yml").write_text("root: data/remote\n")
    project_copy.kedro("run", "--env=remote", "--pipelines=distillation", folder=folder)
    assert web.fetched == ["/train.csv"]
    found = [path.relative_to(project_copy.folder).as_posix() for path in project_copy.folder.rglob("journal.sqlite")]
    assert found == ["data/remote/01_raw/journal.sqlite"]
    assert len(project_copy.load("cot_traces", "remote")) == len(project_copy.load("raw_prompts", "remote")) > 0
