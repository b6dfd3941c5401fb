"""What the engine's tests share: SQLite through either driver, and the role that candidates have on PostgreSQL."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from sqlreason.sql.sandbox import forks


@pytest.fixture(scope="module")
def postgres(postgres):
    """URL of a fresh database on loopback, for a role without powers."""
    postgres.execute("CREATE ROLE sandbox LOGIN", "CREATE DATABASE sandbox OWNER sandbox")
    postgres.execute("CREATE DATABASE closed OWNER sandbox")
    text = (Path(__file__).parents[2] / "docs/sandbox.md").read_text(encoding="utf-8")
    (revoking,) = re.findall(r"```sql\n(.*?)```", text, re.S)
    postgres.execute(revoking, database="closed")
    return postgres.url("sandbox", "sandbox").replace("postgresql:", "postgresql+psycopg:")


@pytest.fixture(scope="module")
def closed_postgres(postgres):
    """URL of a database in which the role may call nothing that no query needs, as docs/sandbox.md has it."""
    return postgres.removesuffix("sandbox") + "closed"


@pytest.fixture(scope="module", params=["apsw", "sqlite3"])
def driver(request):
    """By which package the workers started from here on use SQLite."""
    if request.param == "apsw" and find_spec("apsw") is None:
        pytest.skip("apsw is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(forks._PACKAGES, "sqlite", ("apsw",) if request.param == "apsw" else ())
        yield request.param
