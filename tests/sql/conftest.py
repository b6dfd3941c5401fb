"""The role of the tests' PostgreSQL server that candidates are run as."""

import pytest


@pytest.fixture(scope="session")
def postgres(postgres):
    """URL of a fresh database on loopback, for a role without powers."""
    postgres.execute("CREATE ROLE sandbox LOGIN", "CREATE DATABASE sandbox OWNER sandbox")
    return postgres.url("sandbox", "sandbox").replace("postgresql:", "postgresql+psycopg:")
