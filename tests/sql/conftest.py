"""What the engine's tests share: SQLite through either driver, and the role that candidates have on PostgreSQL."""

from importlib.util import find_spec

import pytest

from sqlreason.sql import forks


@pytest.fixture(scope="session")
def postgres(postgres):
    """URL of a fresh database on loopback, for a role without powers."""
    postgres.execute("CREATE ROLE sandbox LOGIN", "CREATE DATABASE sandbox OWNER sandbox")
    return postgres.url("sandbox", "sandbox").replace("postgresql:", "postgresql+psycopg:")


@pytest.fixture(scope="module", params=["apsw", "sqlite3"])
def driver(request):
    """By which package the workers started from here on use SQLite."""
    if request.param == "apsw" and find_spec("apsw") is None:
        pytest.skip("apsw is not installed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(forks._PACKAGES, "sqlite", ("apsw",) if request.param == "apsw" else ())
        yield request.param
