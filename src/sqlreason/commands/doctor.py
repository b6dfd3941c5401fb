"""`kedro doctor`: what is missing for a run. Only the standard library and click at the top."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click


@click.command()
@click.option("--env", "-e", default=None, help="The environment that is to be run; demo if none is named.")
@click.option("--database", default=None, help="A database that questions will be put to, as synthesis.database.")
def doctor(env: str | None, database: str | None) -> None:
    """Say before a run what is missing: GPU, memory, disk, packages, hub, teacher, database; exit 1 if it cannot go."""
    from kedro.framework.session import KedroSession

    from sqlreason.preflight import check_environment, render
    from sqlreason.preflight.environment import OPTIONAL

    project = Path.cwd()
    with KedroSession.create(project, env=env) as session:
        context: Any = session.load_context()  # type: ignore[attr-defined]
        loader = context.config_loader
        entries = _load_entries(context.catalog, ("base_model", "student_prompt", *OPTIONAL))
        findings = check_environment(
            project, loader["parameters"], loader["catalog"], loader["globals"]["root"], database, entries
        )
    click.echo(render(findings))
    sys.exit(int(any(found.level == "FAIL" for found in findings)))


def _load_entries(catalog: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return what entries hold, or the exception with which one could not be loaded."""
    from kedro.io.core import DatasetError

    loaded: dict[str, Any] = {}
    for name in names:
        try:
            loaded[name] = catalog.load(name)
        except DatasetError as error:
            loaded[name] = error
    return loaded
