"""Our own commands find the project as Kedro's do: from any folder in it, and from none outside."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from kedro.framework.startup import bootstrap_project

from sqlreason.cli import cli
from sqlreason.preflight.entries import complete_entries

DATASETS = "sqlreason.datasets"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("doctor", "all that a run begins with can be loaded"),
        ("sql audit heldout_questions --limit 1 --databases 1", "gold queries can be trusted"),
        ("sqlreason pipelines --check", ""),
        ("sqlreason dictionary --check", ""),
    ],
)
def test_a_command_in_a_subfolder_is_about_the_project(project, monkeypatch, command, told):
    bootstrap_project(project)
    monkeypatch.chdir(project / "conf")
    result = CliRunner().invoke(cli, command.split())
    assert told in result.output and isinstance(result.exception, SystemExit | None), result.output


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("sql audit typo", "there is no file 'typo', and no catalog that could have such an entry"),
        ("sql audit folder", "'folder' is a folder; name a file in it (.parquet, .csv, .jsonl)"),
        ("sqlreason pipelines --check", "lies in no Kedro project; start the command in the project's folder"),
        ("sql audit folder --databases 0", "0 is not in the range x>=1"),
        ("sql certify check_sql_reward --databases -1", "-1 is not in the range x>=1"),
    ],
)
def test_a_command_outside_says_what_it_lacks(tmp_path, monkeypatch, command, told):
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, command.split())
    assert result.exit_code and told in f"{result.output}{result.exception}", result.output


@pytest.mark.parametrize(
    ("entry", "completed"),
    [
        (
            {"type": f"{DATASETS}.a.B", "folder": "data/x", "suite": "y"},
            {"folder": "/project/data/x", "suite": "/project/y"},
        ),
        ({"type": f"{DATASETS}.a.B", "gguf": "package:model.gguf"}, {}),
        ({"type": f"{DATASETS}.a.B", "gguf": "model.gguf", "folder": "/there"}, {"gguf": "/project/model.gguf"}),
        ({"type": f"{DATASETS}.a.B", "folder": "s3://bucket/x", "suite": None}, {}),
        ({"type": "somebody.Dataset", "folder": "x"}, {}),
    ],
)
def test_relative_paths_of_our_datasets_begin_in_the_project(entry, completed):
    assert complete_entries({"mine": entry}, Path("/project")) == {"mine": {**entry, **completed}}
