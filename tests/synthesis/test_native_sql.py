"""Questions in the SQL of the database that they are about: one drawn query, the same answer on every engine."""

import random
from collections import Counter
from decimal import Decimal

import pytest
from sqlglot import exp

from sqlreason.reasoning.explanation import explain_query
from sqlreason.sql.databases.plain_scripts import scripts_of
from sqlreason.sql.sandbox.named_server import VARIABLE
from sqlreason.sql.verifier import Task, Verifier
from sqlreason.synthesis.drawing.native_sql import write_context, write_query, write_schema
from sqlreason.synthesis.drawing.trees import compare, filter_column, literal, name_column, select, sort
from sqlreason.synthesis.queries.grammar import NothingFits, compose
from sqlreason.synthesis.schema.from_database import read_source
from sqlreason.synthesis.schema.rows import sample_contents
from sqlreason.synthesis.trust import Tally, trusted_questions

SHOP = """
CREATE TABLE "Staff" ("StaffId" INTEGER PRIMARY KEY, "FullName" VARCHAR(60) NOT NULL, "HiredOn" DATE NOT NULL,
    "ReportsTo" INTEGER REFERENCES "Staff" ("StaffId"));
CREATE TABLE orders ("order" INTEGER PRIMARY KEY, staff_id INTEGER NOT NULL REFERENCES "Staff" ("StaffId"),
    placed_at TIMESTAMP NOT NULL, total NUMERIC(10, 2) NOT NULL, is_paid BOOLEAN NOT NULL, is_gift INTEGER NOT NULL,
    status VARCHAR(20), noted_on VARCHAR(10));
"""
ENGINES = ("sqlite", "duckdb", "postgres")


@pytest.fixture(scope="module")
def server(postgres):
    """URL of a sandbox on a real server."""
    postgres.execute("CREATE ROLE native LOGIN", "CREATE DATABASE native OWNER native")
    return postgres.url("native", "native")


@pytest.fixture(scope="module")
def duckdb_shop(tmp_path_factory):
    """URL of a DuckDB file with some rows."""
    import duckdb

    path = tmp_path_factory.mktemp("native") / "shop.duckdb"
    rng = random.Random(3)
    with duckdb.connect(str(path)) as connection:
        connection.execute(SHOP)
        for key in range(1, 9):
            row = [key, f"Person {key}", f"20{10 + key}-0{key}-11", None if key == 1 else rng.randint(1, key - 1)]
            connection.execute('INSERT INTO "Staff" VALUES (?, ?, ?, ?)', row)
        for key in range(1, 80):
            row = [key, rng.randint(1, 8), f"202{key % 4}-03-{key % 27 + 1:02d} 10:30:00", rng.randint(100, 9999) / 100,
                   rng.random() < 0.5, rng.randint(0, 1), rng.choice(["open", "Shipped", "returned", None]),
                   f"2023-05-{key % 27 + 1:02d}"]  # fmt: skip
            connection.execute("INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
    return f"duckdb:///{path}"


def alike(value):
    """A value as it is compared between engines: years are texts in SQLite, midnight is a day, 2.0 is 2."""
    if isinstance(value, bool | int | float | Decimal):
        return round(float(value), 6)
    if isinstance(value, str) and value.isdigit() and len(value) == 4:
        return float(value)
    return value.removesuffix(" 00:00:00") if isinstance(value, str) else value


def test_the_same_drawn_query_gives_the_same_answer_on_every_engine(duckdb_shop, server):
    schema = read_source(duckdb_shop).annotated_schema
    told: Counter[str] = Counter()
    with Verifier(server=server) as verifier:
        for seed in range(6):
            rng = random.Random(seed)
            contents, drawn = sample_contents(schema, rng), []
            while len(drawn) < 12:
                try:
                    drawn.append(compose(schema, rng, {}, contents))
                except NothingFits:
                    continue
            contexts = [
                scripts_of(write_context(schema, contents, e), e, e if e != "sqlite" else "")[0] for e in ENGINES
            ]
            golds = [[write_query(query.tree, schema, engine) for query in drawn] for engine in ENGINES]
            reads = [i for i, query in enumerate(drawn) if query.task_type != "data manipulation"]
            groups = zip(contexts, ([texts[i] for i in reads] for texts in golds), ENGINES, strict=True)
            for number, (plain, *others) in zip(
                reads, zip(*verifier.run_batch(list(groups)), strict=True), strict=True
            ):
                for engine, found in zip(ENGINES[1:], others, strict=True):
                    text = golds[ENGINES.index(engine)][number]
                    assert found.status == "ok", (text, found.reason)
                    rows = [sorted(map(repr, (tuple(map(alike, row)) for row in r.rows))) for r in (plain, found)]
                    assert rows[0] == rows[1], (golds[0][number], text)
                    told[engine] += 1
            writes = [i for i in range(len(drawn)) if i not in reads]
            for context, texts, engine in zip(contexts, golds, ENGINES, strict=True):
                for i in writes:
                    own = engine if engine != "sqlite" else ""
                    (trial,) = verifier.trial(Task("", texts[i], (context,), engine, own), [])
                    refused = engine == "postgres" and "foreign key" in trial.failure
                    assert not trial.failure or refused, (texts[i], trial.failure)
    assert min(told.values()) > 40 and set(told) == {"duckdb", "postgres"}


def test_what_differs_between_the_dialects_is_written_as_each_has_it(duckdb_shop):
    schema = read_source(duckdb_shop).annotated_schema
    year = exp.Anonymous(this="STRFTIME", expressions=[literal("%Y"), name_column("noted_on")])
    where = exp.And(
        this=filter_column(name_column("status"), "prefix", ("S",)),
        expression=compare(name_column("is_gift"), "=", literal(True)),
    )
    order = sort((name_column("total"), True), (name_column("order"), False))
    tree = select([year, name_column("total")], schema.table("orders"), where, order=order, limit=2)
    assert [write_query(tree, schema, engine) for engine in ENGINES] == [
        "SELECT STRFTIME('%Y', noted_on), total FROM orders WHERE status LIKE 'S%' AND is_gift = TRUE "
        'ORDER BY total DESC, "order" ASC LIMIT 2',
        "SELECT EXTRACT(YEAR FROM CAST(noted_on AS DATE)), total FROM orders WHERE status ILIKE 'S%' AND is_gift = 1 "
        'ORDER BY total DESC, "order" ASC LIMIT 2',
        "SELECT EXTRACT(YEAR FROM CAST(noted_on AS DATE)), total FROM orders WHERE status ILIKE 'S%' AND is_gift = 1 "
        'ORDER BY total DESC NULLS LAST, "order" ASC LIMIT 2',
    ]
    said = explain_query(write_query(tree, schema, "postgres"), random.Random(1))
    assert "the year of noted_on" in said and "is_gift is 1" in said
    text = write_query(select([name_column("FullName")], schema.table("Staff")), schema, "postgres")
    assert text == 'SELECT "FullName" FROM "Staff"' and 'CREATE TABLE "Staff" (' in write_schema(schema, "postgres")
    assert "CREATE TABLE Staff (" in write_schema(schema, "duckdb")


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_questions_are_prepared_on_the_engine_of_their_database(duckdb_shop, server, monkeypatch, engine):
    monkeypatch.setenv(VARIABLE, server)
    source = read_source(duckdb_shop, dialect=engine)
    questions = trusted_questions(source, {"basic": 1, "joins": 1}, 5, 1, tally := Tally(), databases=2)
    row = next(questions)
    questions.close()
    assert row["dialect"] == engine and row["sql_context"].startswith("CREATE TABLE")
    assert not tally.fallen["gold_error"]


FOREIGN = """
CREATE TABLE team (code NVARCHAR(5) PRIMARY KEY, title NVARCHAR(100) NOT NULL, badge BLOB);
CREATE TABLE player (id INT UNSIGNED PRIMARY KEY, team NVARCHAR(5) REFERENCES team(code), note MEDIUMTEXT,
    seen DATETIME NOT NULL, born DATETEXT, goals MEDIUMINT NOT NULL, is_keeper TINYINT(1) NOT NULL, fee NUMBER(10,2));
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_types_are_those_of_the_engine_where_it_is_not_the_database_s(tmp_path, server, monkeypatch, engine):
    monkeypatch.setenv(VARIABLE, server)
    path = tmp_path / "league.sql"
    path.write_text(FOREIGN)
    source = read_source(str(path), "never", dialect=engine)
    questions = trusted_questions(source, {"basic": 1, "joins": 1}, 5, 1, tally := Tally(), databases=1)
    assert next(questions)
    questions.close()
    assert not tally.fallen["gold_error"] and not tally.fallen["context_error"]
    types = {c.name: c.type for c in source.annotated_schema.table("player").definition}
    assert types["team"] == ("NVARCHAR(5)" if engine == "sqlite" else "TEXT")
    assert types["seen"] == ("DATETIME" if engine == "sqlite" else "TIMESTAMP")
