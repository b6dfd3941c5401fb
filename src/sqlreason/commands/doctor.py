"""`kedro doctor`: what is missing for a run. Only the standard library and click at the top."""

import sys
from pathlib import Path

import click

from sqlreason.commands.project import open_context


@click.command()
@click.option("--env", "-e", default=None, help="The environment that is to be run; demo if none is named.")
@click.option("--database", default=None, help="A database that questions will be put to, as synthesis.database.")
def doctor(env: str | None, database: str | None) -> None:
    """Say before a run what is missing: GPU, memory, disk, packages, hub, teacher, database; exit 1 if it cannot go."""
    from kedro.framework.project import pipelines

    from sqlreason.preflight import check_environment, render
    from sqlreason.preflight.environment_files import check_names

    with open_context(env) as context:
        project, loader, catalog = Path(context.project_path), context.config_loader, context.catalog
        root, run = loader["globals"]["root"], pipelines["__default__"]
        findings = check_environment(project, loader["parameters"], loader["catalog"], root, database, run, catalog)
        misspelt = check_names(loader, loader["catalog"], pipelines)
    findings += [misspelt] if misspelt else []
    click.echo(render(findings))
    sys.exit(int(any(found.level == "FAIL" for found in findings)))
