"""Tests of the project's own commands."""

import pytest
from click.testing import CliRunner
from kedro.framework.startup import bootstrap_project

from sqlreason.cli import cli
from sqlreason.commands.docs import describe_pipelines


def test_the_page_of_the_pipelines_is_up_to_date(project):
    bootstrap_project(project)
    page = (project / "docs/pipelines.md").read_text(encoding="utf-8")
    assert page == describe_pipelines(), "run `kedro sqlreason pipelines`"


def test_every_node_is_told_with_what_it_does(project):
    bootstrap_project(project)
    rows = [line.split(" | ") for line in describe_pipelines().splitlines() if line.startswith("| `")]
    assert len(rows) > 25
    assert all(len(row) == 4 and row[3].endswith(". |") for row in rows)


@pytest.mark.parametrize("page", ["dictionary", "pipelines"])
def test_a_page_that_is_out_of_date_is_told_and_mended(page, project, tmp_path, monkeypatch):
    bootstrap_project(project)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    (tmp_path / "pyproject.toml").write_text("[tool.kedro]\n")
    run = CliRunner().invoke
    told = run(cli, ["sqlreason", page, "--check"])
    assert told.exit_code == 1 and f"sqlreason {page}`" in told.output
    assert run(cli, ["sqlreason", page]).exit_code == 0
    assert run(cli, ["sqlreason", page, "--check"]).exit_code == 0
