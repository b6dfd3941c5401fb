"""`kedro doctor`: what is missing for a run. Only the standard library and click at the top."""

import sys
from pathlib import Path
from typing import Any

import click


@click.command()
@click.option("--env", "-e", default=None, help="The environment that is to be run; demo if none is named.")
@click.option("--database", default=None, help="A database that questions will be put to, as synthesis.database.")
def doctor(env: str | None, database: str | None) -> None:
    """Say before a run what is missing: GPU, memory, disk, packages, hub, teacher, database; exit 1 if it cannot go."""
    from kedro.framework.project import pipelines
    from kedro.framework.session import KedroSession

    from sqlreason.preflight import check_environment, render
    from sqlreason.preflight.environment_files import check_names

    project = Path.cwd()
    with KedroSession.create(project, env=env) as session:
        context: Any = session.load_context()  # type: ignore[attr-defined]
        loader, catalog = context.config_loader, context.catalog
        root, run = loader["globals"]["root"], pipelines["__default__"]
        findings = check_environment(project, loader["parameters"], loader["catalog"], root, database, run, catalog)
        misspelt = check_names(loader, loader["catalog"], pipelines)
    findings += [misspelt] if misspelt else []
    click.echo(render(findings))
    sys.exit(int(any(found.level == "FAIL" for found in findings)))
