"""The Kedro project that a command is about, wherever in it the command is started. Only click at the top."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlreason.errors import BadInput


def find_project() -> Path:
    """Return the folder of the project: the working folder, or the nearest above it that is one.

    Raises:
        BadInput: If there is none.
    """
    from kedro.utils import find_kedro_project

    project = find_kedro_project(Path.cwd())
    if project is None:
        raise BadInput(f"{Path.cwd()} lies in no Kedro project; start the command in the project's folder")
    return Path(project)


@contextmanager
def open_context(env: str | None) -> Iterator[Any]:
    """Give Kedro's context of an environment of the project.

    Args:
        env: Its name; None for the default one.

    Raises:
        BadInput: If there is no project here.
    """
    from kedro.framework import project as configured
    from kedro.framework.session import KedroSession
    from kedro.framework.startup import bootstrap_project

    folder = find_project()
    if configured.PACKAGE_NAME is None:  # `python -m sqlreason`: Kedro's own command has done it
        bootstrap_project(folder)
    with KedroSession.create(folder, env=env) as session:
        yield session.load_context()  # type: ignore[attr-defined]
