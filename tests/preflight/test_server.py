"""What is told of the PostgreSQL server before a run: there is none, it does not answer, its role may do too much."""

from types import SimpleNamespace

import pandas as pd
import pytest

from sqlreason.errors import BadInput
from sqlreason.preflight.reach import check_server
from sqlreason.preflight.requirements import require_server
from sqlreason.sql.sandbox.named_server import VARIABLE

NO_DATABASE = {"synthesis": {"database": None, "dialect": None}}


def a_run(inputs=(), nodes=(), **tables):
    """A catalog and a pipeline, as far as they are looked at."""
    catalog = SimpleNamespace(load=lambda name: pd.DataFrame(tables[name]))
    return catalog, SimpleNamespace(inputs=lambda: set(inputs), nodes=[SimpleNamespace(name=name) for name in nodes])


@pytest.mark.parametrize("dialect", [None, "postgres"])
def test_a_database_in_postgresql_needs_a_server(monkeypatch, dialect):
    monkeypatch.delenv(VARIABLE, raising=False)
    catalog, pipeline = a_run(nodes=["synthesis.draw_questions"])
    place = "postgresql://me@host/shop" if dialect is None else "duckdb:///shop.duckdb"
    with pytest.raises(BadInput, match=f"synthesis.database: .* none is named. To mend it, set {VARIABLE}"):
        require_server(catalog, {"synthesis": {"database": place, "dialect": dialect}}, pipeline)
    require_server(catalog, {"synthesis": {"database": place, "dialect": "sqlite"}}, pipeline)
    require_server(catalog, {"synthesis": {"database": place, "dialect": dialect}}, a_run()[1])


def test_a_source_in_postgresql_needs_a_server(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    told = {"sql_questions": {"dialect": ["", "PostgreSQL"]}, "heldout_questions": {"id": [1]}}
    catalog, pipeline = a_run(told, **told)
    with pytest.raises(BadInput, match=r"^sql_questions: gold SQL in PostgreSQL's dialect needs a server"):
        require_server(catalog, NO_DATABASE, pipeline)
    require_server(*a_run(["heldout_questions"], **told)[:1], NO_DATABASE, a_run(["heldout_questions"])[1])


def test_a_server_that_is_named_must_answer(monkeypatch):
    pytest.importorskip("psycopg")
    monkeypatch.setenv(VARIABLE, "postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(BadInput, match=r"cannot be used: .*refused.*CREATE ROLE sandbox.*Nothing has been started"):
        require_server(*a_run()[:1], NO_DATABASE, a_run()[1])


def test_the_role_may_make_schemas_and_nothing_else(postgres):
    postgres.execute(
        "CREATE ROLE plain LOGIN",
        "CREATE ROLE reads LOGIN",
        "CREATE DATABASE plain OWNER plain",
        "CREATE ROLE writes LOGIN",
    )
    assert check_server(postgres.url("plain", "plain")).level == "WARN"  # the superuser has revoked nothing here
    postgres.execute("CREATE TABLE kept (a INT)", "GRANT INSERT ON kept TO plain", database="plain")
    assert "may write tables that are no sandbox's: kept" in check_server(postgres.url("plain", "plain")).message
    for role, why in (("postgres", "is powerful (SUPERUSER"), ("reads", "permission denied for database")):
        found = check_server(postgres.url(role, "plain"))
        assert found.level == "FAIL" and (why in found.message or "kept" in found.message)
    assert "permission denied for database plain" in check_server(postgres.url("reads", "plain")).message
