"""Questions in DuckDB's and PostgreSQL's own SQL: prepared, judged and explained on that engine."""

import pytest

from sqlreason.sql.audit import audit
from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.parsing.schema import as_postgres, parse_schema, render_ddl, spelled
from sqlreason.sql.sandbox.named_server import VARIABLE, reachable
from sqlreason.sql.verifier import Task, Verifier

ORDERS = """
CREATE TABLE orders (id SERIAL PRIMARY KEY, Customer TEXT, placed DATE, tags TEXT[], info JSONB,
    total NUMERIC(10, 2), paid BOOLEAN, "Shipped To" TEXT);
INSERT INTO orders (customer, placed, tags, info, total, paid, "Shipped To") VALUES
    ('Ann', '2024-01-02', ARRAY['a', 'b'], '{"k": 1}', 10.5, true, 'Rome'),
    ('Bob', '2024-02-02', '{b}', '{"k": 2}', 20, false, 'Oslo'),
    ('Ann', '2024-03-05', NULL, '{"k": 3}', 7.25, true, 'Oslo');
"""
ONLY_THERE = [
    "SELECT customer FROM orders WHERE 'b' = ANY(tags)",
    "SELECT DISTINCT ON (customer) customer, placed FROM orders ORDER BY customer, placed DESC",
    "SELECT customer, SUM(total) FILTER (WHERE paid)::numeric FROM orders GROUP BY customer",
    "SELECT id FROM orders WHERE info @> '{\"k\": 2}' OR (info->>'k')::int > 2",
    "SELECT customer, (placed + INTERVAL '1 month')::date FROM orders",
    "SELECT \"Shipped To\", array_agg(id ORDER BY id) FROM orders WHERE placed > DATE '2024-01-15' GROUP BY 1",
]
TREE = """
CREATE TABLE part (id INTEGER PRIMARY KEY, label VARCHAR, whole INTEGER, FOREIGN KEY (whole) REFERENCES part(id));
INSERT INTO part (id, label, whole) VALUES (1, 'bicycle', NULL), (2, 'wheel', 1), (3, 'spoke', 2), (4, 'hub', 2);
"""


@pytest.fixture
def unserved(monkeypatch):
    """No server is named."""
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.mark.parametrize("gold", ONLY_THERE)
def test_what_is_evidently_of_postgresql_runs_on_the_server_that_is_named(postgres, monkeypatch, gold):
    monkeypatch.setenv(VARIABLE, postgres.replace("+psycopg", ""))
    with Verifier() as verifier:
        found = prepare(verifier, "1", ORDERS, gold)
        assert found.status == "ok", found.reason
        assert (found.task.engine, found.task.dialect, len(found.task.databases)) == ("postgres", "postgres", 4)
        assert found.killed >= found.mutants * 0.7 > 0
        right, wrong = verifier.verify(found.task, [gold, "SELECT id, total FROM orders"])
    assert right.agrees and wrong.runs and not wrong.agrees


def test_without_a_server_it_says_so_and_what_others_run_stays_usable(unserved):
    with Verifier() as verifier:
        rows = [("1", ORDERS, ONLY_THERE[0]), ("2", ORDERS, "SELECT customer FROM orders WHERE paid"),
                ("3", ORDERS, "SELECT id FROM orders", (), "postgres")]  # fmt: skip
        first, second, third = audit(verifier, rows).rows
    assert first.status == "gold_error" and first.reason.startswith("it is PostgreSQL's and no server is named")
    assert (second.status, second.engine) == ("ok", "sqlite")
    assert third.status == "gold_error" and VARIABLE in third.reason


def test_an_unknown_dialect_is_the_rows_status(unserved):
    with Verifier() as verifier:
        found = prepare(verifier, "1", TREE, "SELECT label FROM part", dialect="oracle")
        assert found.status == "schema_error" and "there are sqlite, duckdb, postgres" in found.reason
        assert prepare(verifier, "1", TREE, "SELECT label FROM part", dialect=float("nan")).status == "ok"


@pytest.mark.parametrize("dialect", ["duckdb", "postgres", " PostgreSQL "])
def test_a_question_that_names_its_engine_is_prepared_there_alone(postgres, monkeypatch, dialect):
    monkeypatch.setenv(VARIABLE, postgres)
    gold = "SELECT w.label, COUNT(*) FROM part p JOIN part w ON p.whole = w.id GROUP BY w.label ORDER BY 2 DESC, 1"
    with Verifier() as verifier:
        found = prepare(verifier, "1", TREE, gold, dialect=dialect)
        assert found.status == "ok", found.reason
        assert found.task.dialect == found.task.engine == ("duckdb" if dialect == "duckdb" else "postgres")
        assert Task.from_json(found.task.to_json()).dialect == found.task.dialect
        (alike,) = verifier.verify(found.task, [gold.replace("COUNT(*)", "COUNT(p.id)")])
        strict = "SELECT w.label, p.label, COUNT(*) FROM part p JOIN part w ON p.whole = w.id GROUP BY w.label"
        assert alike.agrees and verifier.verify(found.task, [strict])[0].status == "exec_error"


def test_mutants_of_names_with_capitals_run_in_postgresql(postgres):
    context = """CREATE TABLE "Album" ("AlbumId" INT PRIMARY KEY, "Title" TEXT, "Year" INT);
        INSERT INTO "Album" VALUES (1, 'Low', 1977), (2, 'High', 1980), (3, 'Mid', 1979);"""
    with Verifier(server=postgres) as verifier:
        found = prepare(verifier, "1", context, 'SELECT "Title" FROM "Album" WHERE "Year" > 1978', dialect="postgres")
        assert found.status == "ok" and found.killed == found.mutants > 8
        change = 'UPDATE "Album" SET "Year" = "Year" + 1 WHERE "AlbumId" = 2'
        task = prepare(verifier, "1", context, change, dialect="postgres").task
        same, other = verifier.verify(task, [change, change.replace("+ 1", "+ 2")])
        assert same.agrees and other.status == "mismatch"


def test_names_are_as_postgresql_keeps_them():
    context = 'CREATE TABLE Users (Id INT, "FullName" TEXT, "order" INT); INSERT INTO Users VALUES (1, \'A\', 2)'
    schema = as_postgres(parse_schema(context, "postgres"), context)
    assert render_ddl(schema, dialect="postgres") == 'CREATE TABLE users (id INT, "FullName" TEXT, "order" INT);'
    assert [spelled(name, "duckdb") for name in ("AlbumId", "user", "pivot", "two words")] == [
        "AlbumId", '"user"', '"pivot"', '"two words"',
    ]  # fmt: skip


def test_a_worker_connects_by_our_driver_and_the_password_of_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("PGPASSWORD", "secret")
    assert reachable("postgres://me@host/db") == "postgresql+psycopg://me:secret@host/db"
    monkeypatch.delenv("PGPASSWORD")
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
    assert reachable("postgresql://me@host/db") == "postgresql+psycopg://me@host/db"
    (tmp_path / "pgpass").write_text("host:*:*:me:secret")
    assert "passfile=" in reachable("postgresql://me@host/db") and reachable("") == ""


def test_an_empty_script_is_the_servers_own_tables_only_read(postgres):
    with Verifier(server=postgres) as verifier:
        asked = ["SELECT 1 + 1", "CREATE TABLE t (a INT)", "SELECT set_config('transaction_read_only', 'off', true)"]
        found, *refused = verifier.run_batch([("", asked, "postgres")])[0]
        assert found.rows == ((2,),) and [result.status for result in refused] == ["denied", "denied"]
        assert verifier.run(TREE, "SELECT COUNT(*) FROM part", "postgres").rows == ((4,),)
