"""The PostgreSQL server of a run: named by the environment, as keys are, so that no table and no record keeps it."""

from __future__ import annotations

import os
from pathlib import Path

#: Holds the URL of a database of a role that may make schemas and nothing else (docs/sandbox.md).
VARIABLE = "SQLREASON_POSTGRES"


def named_server() -> str:
    """Return the URL that the environment names; "" if it names none."""
    return os.environ.get(VARIABLE, "").strip()


def reachable(server: str) -> str:
    """Return the URL as a worker connects by it: with this project's driver, and with the password of the environment.

    A worker is given no environment of its own and no home folder.

    Args:
        server: SQLAlchemy URL of any driver; "" stays "".
    """
    if not server:
        return ""
    from sqlalchemy import make_url

    url = make_url(server).set(drivername="postgresql+psycopg")
    if url.password is None and (password := os.environ.get("PGPASSWORD")):
        url = url.set(password=password)
    file = Path(os.environ.get("PGPASSFILE") or Path.home() / ".pgpass")
    if url.password is None and file.is_file():
        url = url.update_query_dict({"passfile": str(file)})
    return url.render_as_string(hide_password=False)
