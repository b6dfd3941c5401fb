"""What the hooks do before the first node: each source is read once, and handed on as its validator left it."""

import pandas as pd
import pytest
from kedro.io import AbstractDataset, DataCatalog
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner

from sqlreason.hooks import BadInput, take_sources

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
    validator = {"class": "sqlreason.tables.ColumnsValidator", "options": {"table": "questions", "entry": "source"}}
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
