"""A user's database becomes an annotated schema, whatever it looks like, and is never written."""

import contextlib
import hashlib
import random
import sqlite3

import duckdb
import pytest

from sqlreason.sql.parsing.schema import parse_schema, render_ddl
from sqlreason.sql.verifier import Verifier
from sqlreason.synthesis.queries.grammar import NothingFits, compose
from sqlreason.synthesis.schema.from_database import read_source
from sqlreason.synthesis.schema.naming import nouns_of, phrase_and_unit
from sqlreason.synthesis.schema.readers import SourceError
from sqlreason.synthesis.schema.rows import render_context, render_schema
from sqlreason.synthesis.wording.sentences import word

SHOP = """
CREATE TABLE tbl_customers (customer_id INTEGER PRIMARY KEY, full_name VARCHAR(80) NOT NULL, country TEXT NOT NULL,
  email TEXT, joined TIMESTAMP NOT NULL, is_member BOOLEAN NOT NULL, photo BLOB);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES tbl_customers(customer_id),
  placed_on DATE NOT NULL, total_eur NUMERIC(8, 2) NOT NULL, status VARCHAR(10) NOT NULL, note TEXT);
CREATE TABLE order_lines (order_id INTEGER NOT NULL, line_no INTEGER NOT NULL, quantity INTEGER NOT NULL,
  PRIMARY KEY (order_id, line_no), FOREIGN KEY (order_id) REFERENCES orders(id));
"""
COUNTRIES = ("Norway", "Chile", "Ghana", "Japan")


def fill_shop(execute):
    """Forty customers, eighty orders, as rows of any database."""
    for number in range(40):
        execute(
            f"INSERT INTO tbl_customers VALUES ({number}, 'Person {number}', '{COUNTRIES[number % 4]}', "
            f"'secret{number}@corp.example', '2021-03-{number % 28 + 1:02d} 10:30:00', {number % 2 == 0}, NULL)"
        )
    for number in range(80):
        execute(
            f"INSERT INTO orders VALUES ({number}, {number % 40}, '2023-{number % 12 + 1:02d}-15', "
            f"{number * 3 + 10}.5, '{('open', 'paid', 'sent')[number % 3]}', NULL)"
        )
        execute(f"INSERT INTO order_lines VALUES ({number}, 1, {number % 9 + 1})")


@pytest.fixture(scope="module")
def sqlite_shop(tmp_path_factory):
    path = tmp_path_factory.mktemp("shop") / "shop.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(SHOP)
        fill_shop(connection.execute)
    return path


@pytest.fixture(scope="module")
def duckdb_shop(tmp_path_factory):
    path = tmp_path_factory.mktemp("shop") / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(SHOP)
        fill_shop(connection.execute)
        connection.execute("COMMENT ON TABLE tbl_customers IS 'client'")
        connection.execute("COMMENT ON COLUMN orders.total_eur IS 'order value (euros)'")
    return path


@pytest.fixture(scope="module")
def postgres_shop(postgres):
    postgres.execute("CREATE DATABASE shop")
    postgres.execute(
        *SHOP.replace("BLOB", "BYTEA").strip().split(";\n"),
        "COMMENT ON TABLE tbl_customers IS 'client'",
        "COMMENT ON COLUMN orders.total_eur IS 'order value (euros)'",
        "CREATE TYPE mood AS ENUM ('calm', 'cross')",
        "ALTER TABLE orders ADD COLUMN mood mood NOT NULL DEFAULT 'calm'",
        "ALTER TABLE orders ALTER COLUMN mood DROP DEFAULT",
        "CREATE ROLE writer LOGIN", "CREATE ROLE stranger LOGIN",
        "GRANT ALL ON ALL TABLES IN SCHEMA public TO writer",
        database="shop",
    )  # fmt: skip
    statements = []
    fill_shop(lambda text: statements.append(text.replace("NULL)", "NULL, 'calm')") if "INTO orders" in text else text))
    postgres.execute(*statements, database="shop")
    return postgres.url("writer", "shop")


def questions_of(source, count=60, seed=1):
    """Questions with their SQL over one set of rows, and the context."""
    rng = random.Random(seed)
    contents = source.fill(rng)
    queries = [compose(source.annotated_schema, rng, None, contents) for _ in range(count)]
    return [(word(query, rng), query) for query in queries], render_context(source.annotated_schema, contents)


def check_that_golds_run(source, count=60):
    asked, context = questions_of(source, count)
    connection = sqlite3.connect(":memory:")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.executescript(context)
    with Verifier() as verifier:
        for question, query in asked:
            if query.task_type != "data manipulation":
                result = verifier.run(context, query.sql)
                assert result.status == "ok", (question, query.sql, result.reason)
    return asked, context


# ------------------------------------------------------------------------------------------------- what is read
def check_shop(annotated_schema, comments):
    customers, orders, lines = (annotated_schema.table(name) for name in ("tbl_customers", "orders", "order_lines"))
    assert (customers.singular, customers.plural) == (("client", "clients") if comments else ("customer", "customers"))
    assert {c.name: c.kind for c in customers.columns} == {
        "customer_id": "key", "full_name": "name", "country": "category", "email": "name", "joined": "date",
        "is_member": "bool",
    }  # fmt: skip
    assert [c.name for c in customers.unasked] == ["photo"]
    assert customers.column("joined").has_time and not orders.column("placed_on").has_time
    assert orders.column("customer_id").target == "tbl_customers"
    total = orders.column("total_eur")
    assert (total.kind, total.unit, total.phrase) == ("real", "euros", "order value" if comments else "total")
    assert lines.primary == ("order_id", "line_no") and lines.key_name == ""


@pytest.mark.parametrize("rows", ["never", "synthetic", "sampled"])
def test_sqlite_becomes_a_blueprint_whose_golds_run(sqlite_shop, rows):
    source = read_source(f"sqlite:///{sqlite_shop}", rows)
    check_shop(source.annotated_schema, comments=False)
    check_that_golds_run(source)


@pytest.mark.parametrize("rows", ["synthetic", "sampled"])
def test_duckdb_with_comments(duckdb_shop, rows):
    source = read_source(f"duckdb:///{duckdb_shop}", rows)
    check_shop(source.annotated_schema, comments=True)
    check_that_golds_run(source)


@pytest.mark.parametrize("rows", ["synthetic", "sampled"])
def test_postgresql_with_comments_and_enumerations(postgres_shop, rows):
    source = read_source(postgres_shop, rows)
    check_shop(source.annotated_schema, comments=True)
    check_that_golds_run(source)
    mood = read_source(postgres_shop, "never").annotated_schema.table("orders").column("mood")
    assert (mood.kind, mood.values) == ("category", ("calm", "cross"))


def test_a_file_of_ddl_with_rows(tmp_path):
    path = tmp_path / "shop.sql"
    inserts: list[str] = []
    fill_shop(inserts.append)
    path.write_text(SHOP + ";\n".join(inserts) + ";")
    for rows in ("never", "synthetic", "sampled"):
        source = read_source(str(path), rows)
        check_shop(source.annotated_schema, comments=False)
        check_that_golds_run(source, 20)


def test_the_schema_text_of_a_read_database_is_what_the_parser_reads_from_its_context(sqlite_shop):
    source = read_source(f"sqlite:///{sqlite_shop}")
    _, context = questions_of(source, 1)
    assert render_schema(source.annotated_schema) == render_ddl(parse_schema(context))


# --------------------------------------------------------------------------------------------- the privacy dial
def test_never_reads_no_row_and_shows_no_value(sqlite_shop, monkeypatch):
    from sqlreason.synthesis.schema.reflection import SqlReader

    def refuse(*_):
        raise AssertionError("a row was read")

    monkeypatch.setattr(SqlReader, "rows", refuse)
    monkeypatch.setattr(SqlReader, "rows_by", refuse)
    _, context = questions_of(read_source(f"sqlite:///{sqlite_shop}", "never"), 1)
    assert "Person" not in context and "Ghana" not in context


def test_synthetic_rows_keep_what_many_share_and_nothing_that_is_somebody_s(sqlite_shop):
    source = read_source(f"sqlite:///{sqlite_shop}", "synthetic")
    asked, context = questions_of(source, 200)
    text = context + " ".join(question for question, _ in asked)
    assert "secret" not in text and "Person" not in text
    assert any(country in text for country in COUNTRIES)
    assert source.annotated_schema.table("orders").column("placed_on").low == "2023-01-01"


def test_sampled_rows_are_the_real_ones_with_what_they_refer_to(sqlite_shop):
    source = read_source(f"sqlite:///{sqlite_shop}", "sampled")
    contents = source.fill(random.Random(2))
    real = sqlite3.connect(sqlite_shop)
    for row in contents["orders"]:
        assert (row["total_eur"],) == real.execute("SELECT total_eur FROM orders WHERE id = ?", (row["id"],)).fetchone()
        assert any(row["customer_id"] == customer["customer_id"] for customer in contents["tbl_customers"])
    assert all(4 <= len(rows) <= 20 for rows in contents.values())


def test_rows_that_are_referred_to_are_fetched_however_far_down_they_stand(tmp_path, monkeypatch):
    monkeypatch.setattr("sqlreason.synthesis.schema.from_database.POOL", 10)
    path = tmp_path / "far.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE a (id INTEGER PRIMARY KEY, name TEXT);"
            "CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a(id), x INTEGER);"
        )
        connection.executemany("INSERT INTO a VALUES (?, ?)", [(i, f"n{i}") for i in range(500)])
        connection.executemany("INSERT INTO b VALUES (?, ?, ?)", [(i, 499 - i, i) for i in range(50)])
    contents = read_source(f"sqlite:///{path}", "sampled").fill(random.Random(1))
    assert contents["b"] and all(row["a_id"] > 400 for row in contents["b"])


def test_the_same_seed_gives_the_same_questions(sqlite_shop):
    source = read_source(f"sqlite:///{sqlite_shop}")
    first, second = ([(q, d.sql) for q, d in questions_of(source)[0]] for _ in range(2))
    assert first == second


# ------------------------------------------------------------------------------------------- nothing is written
def snapshot(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize("rows", ["never", "synthetic", "sampled"])
def test_files_and_their_folders_stay_as_they_were(sqlite_shop, duckdb_shop, rows):
    for kind, path in (("sqlite", sqlite_shop), ("duckdb", duckdb_shop)):
        before = snapshot(path.parent)
        read_source(f"{kind}:///{path}", rows)
        assert snapshot(path.parent) == before


def test_an_sqlite_file_in_wal_mode_gets_no_companions(tmp_path):
    path = tmp_path / "wal.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(SHOP)
    connection.close()
    before = snapshot(tmp_path)
    read_source(f"sqlite:///{path}", "never")
    assert snapshot(tmp_path) == before and list(before) == ["wal.db"]


@pytest.mark.parametrize(
    "statement", ["DELETE FROM orders", "CREATE TABLE x (a INT)", "UPDATE orders SET status = 'x'"]
)
def test_no_session_could_write_even_if_it_were_asked_to(sqlite_shop, postgres_shop, statement):
    import sqlalchemy as sa

    from sqlreason.synthesis.schema.reflection import postgres_engine, sqlite_engine

    for engine in (sqlite_engine(sqlite_shop, 5), postgres_engine(postgres_shop, 5)):
        with pytest.raises(sa.exc.DBAPIError, match=r"read-?only"), engine.connect() as connection:
            connection.execute(sa.text(statement))


def test_postgresql_is_the_same_after_a_role_that_may_write_has_read_it(postgres, postgres_shop):
    count = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_all_tables WHERE schemaname = 'public'"
    before = postgres.execute("SELECT pg_stat_force_next_flush()", count, database="shop")
    read_source(postgres_shop, "sampled")
    assert postgres.execute("SELECT pg_stat_force_next_flush()", count, database="shop") == before


# ------------------------------------------------------------------------------------------------ odd databases
def make(tmp_path, script):
    path = tmp_path / "odd.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(script)
    return f"sqlite:///{path}"


@pytest.mark.parametrize(
    ("script", "told"),
    [("", "has no table;"), ("CREATE VIEW v AS SELECT 1 AS a", "has no table, only the views v")],
)
def test_without_tables_there_are_no_questions(tmp_path, script, told):
    with pytest.raises(SourceError, match=told):
        read_source(make(tmp_path, script))


def test_a_table_without_rows_is_asked_about_by_its_types_and_names(tmp_path, caplog):
    database = make(tmp_path, SHOP)
    check_that_golds_run(read_source(database), 30)
    assert "without rows" in caplog.text
    with pytest.raises(SourceError, match="sampled needs rows"):
        read_source(database, "sampled")


def test_of_400_columns_the_keys_and_the_first_ones_are_kept(tmp_path):
    columns = ", ".join(f"reading_{number} REAL" for number in range(400))
    database = make(tmp_path, f"CREATE TABLE wide ({columns}, wide_id INTEGER PRIMARY KEY)")
    table = read_source(database, max_columns=12).annotated_schema.table("wide")
    assert len(table.definition) == 12 and table.key_name == "wide_id"
    check_that_golds_run(read_source(database), 20)


def test_quoted_reserved_and_non_ascii_names(tmp_path):
    database = make(
        tmp_path,
        'CREATE TABLE "Order Details" ("select" INTEGER PRIMARY KEY, "unit price" REAL, "größe" INTEGER, "ort" TEXT,'
        ' "group" TEXT, "say ""hi""" TEXT);'
        'CREATE TABLE "straße" (id INTEGER PRIMARY KEY, "left" INTEGER REFERENCES "Order Details"("select"),'
        ' "naïve" TEXT, "desc" REAL);'
        'CREATE TABLE "таблица" ("ключ" INTEGER PRIMARY KEY, "имя" TEXT, "index" INTEGER, "match" REAL);',
    )
    for rows in ("never", "synthetic"):
        asked, _ = check_that_golds_run(read_source(database, rows), 150)
        assert any("straße" in query.sql for _, query in asked)


def test_cyclic_foreign_keys(tmp_path):
    database = make(
        tmp_path,
        "CREATE TABLE departments (id INTEGER PRIMARY KEY, name TEXT, head_id INTEGER REFERENCES staff(id));"
        "CREATE TABLE staff (id INTEGER PRIMARY KEY, name TEXT, department_id INTEGER REFERENCES departments(id),"
        " salary REAL);"
        "INSERT INTO departments VALUES (1, 'Sales', 1), (2, 'IT', 2);"
        "INSERT INTO staff VALUES (1, 'Ada', 1, 10.5), (2, 'Bo', 2, 20.5), (3, 'Cy', 1, 5.0);",
    )
    for rows in ("never", "synthetic", "sampled"):
        source = read_source(database, rows)
        asked, context = questions_of(source, 40)
        connection = sqlite3.connect(":memory:")
        connection.executescript(context)
        for _, query in asked:
            connection.execute(query.sql)


def test_keys_that_are_texts_and_foreign_keys_that_nobody_declared(tmp_path, caplog):
    caplog.set_level("INFO")
    database = make(
        tmp_path,
        "CREATE TABLE countries (code CHAR(2) PRIMARY KEY, name TEXT NOT NULL, area INTEGER NOT NULL);"
        "CREATE TABLE cities (id INTEGER PRIMARY KEY, name TEXT NOT NULL, country_code CHAR(2) NOT NULL"
        " REFERENCES countries(code), population INTEGER NOT NULL);"
        "CREATE TABLE streets (id INTEGER PRIMARY KEY, city_id INTEGER, name TEXT NOT NULL, length_km REAL NOT NULL);",
    )
    source = read_source(database)
    assert "streets.city_id -> cities" in caplog.text
    assert source.annotated_schema.table("streets").column("length_km").unit == "kilometres"
    asked, _ = check_that_golds_run(source, 150)
    assert any("JOIN countries" in query.sql for _, query in asked)


def test_a_large_schema_is_cut_around_the_tables_that_are_named(tmp_path):
    chain = "".join(
        f"CREATE TABLE t{n} (t{n}_id INTEGER PRIMARY KEY, name TEXT, "
        f"t{n - 1}_id INTEGER REFERENCES t{n - 1}(t{n - 1}_id));"
        for n in range(1, 30)
    )
    database = make(tmp_path, "CREATE TABLE t0 (t0_id INTEGER PRIMARY KEY, name TEXT);" + chain)
    source = read_source(database, tables=["T9"], max_tables=5)
    assert {table.name for table in source.annotated_schema.tables} == {"t7", "t8", "t9", "t10", "t11"}
    with pytest.raises(SourceError, match="names nowhere; the database has t0"):
        read_source(database, tables=["nowhere"])
    with pytest.raises(SourceError, match="names 3 tables, of which max_tables=2 would drop some"):
        read_source(database, tables=["t1", "t5", "t9"], max_tables=2)


# ---------------------------------------------------------------------------------------- what cannot be read
@pytest.mark.parametrize(
    ("database", "told"),
    [
        ("sqlite:///nowhere.db", "there is no file nowhere.db"),
        ("duckdb:///nowhere.duckdb", "there is no file"),
        ("mysql://root@localhost/shop", "of the kind 'mysql'; accepted are sqlite"),
        ("nowhere.sql", "there is no file nowhere.sql"),
        ("postgresql://nobody@127.0.0.1:1/none", "connection"),
    ],
)
def test_what_is_not_there_is_told_with_what_is_accepted(database, told):
    with pytest.raises(SourceError, match=told):
        read_source(database, timeout_seconds=1)


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_file_that_is_no_database(tmp_path, kind):
    path = tmp_path / "letter.db"
    path.write_text("Dear Sir or Madam, " * 300)
    with pytest.raises(SourceError, match=r"letter.db cannot be read .*Nothing was written"):
        read_source(f"{kind}:///{path}")


def test_a_text_that_is_no_ddl(tmp_path):
    path = tmp_path / "letter.sql"
    path.write_text("Dear Sir or Madam")
    with pytest.raises(SourceError, match="cannot be read as DDL"):
        read_source(str(path))


def test_a_locked_sqlite_database(tmp_path):
    database = make(tmp_path, SHOP)
    other = sqlite3.connect(database.removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(SourceError, match=r"database is locked.*end the program that holds it"):
        read_source(database, timeout_seconds=0.2)
    other.execute("ROLLBACK")


def test_a_locked_postgresql_table(postgres, postgres_shop):
    import psycopg

    with psycopg.connect(postgres.url(database="shop")) as other:
        other.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(SourceError, match="timeout"):
            read_source(postgres_shop, timeout_seconds=0.3)


def test_a_role_without_rights(postgres, postgres_shop):
    with pytest.raises(SourceError, match=r"permission denied.*grant the role SELECT"):
        read_source(postgres.url("stranger", "shop"))
    assert read_source(postgres.url("stranger", "shop"), "never").annotated_schema.tables


def test_a_statement_that_takes_too_long_is_stopped(sqlite_shop):
    import sqlalchemy as sa

    from sqlreason.synthesis.schema.reflection import sqlite_engine

    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n"
    engine = sqlite_engine(sqlite_shop, 0.2)
    with engine.connect() as connection, pytest.raises(sa.exc.OperationalError, match="interrupt"):
        connection.execute(sa.text(endless))


def test_a_server_that_goes_away_in_the_middle(postgres, postgres_shop, monkeypatch):
    from sqlreason.synthesis.schema.reflection import SqlReader

    read = SqlReader.rows

    def stop_first(self, *arguments):
        postgres.stop()
        return read(self, *arguments)

    monkeypatch.setattr(SqlReader, "rows", stop_first)
    try:
        with pytest.raises(SourceError, match=r"cannot be read .*run the same command again"):
            read_source(postgres_shop)
    finally:
        postgres.start()
    monkeypatch.undo()
    assert read_source(postgres_shop).annotated_schema.tables


def test_rows_of_which_nothing_can_be_told_are_counted_and_no_more(tmp_path):
    source = read_source(make(tmp_path, "CREATE TABLE blobs (data BLOB)"))
    contents = source.fill(random.Random(1))
    for seed in range(20):
        with contextlib.suppress(NothingFits):
            assert "data" not in compose(source.annotated_schema, random.Random(seed), None, contents).sql


# --------------------------------------------------------------------------------------------------------- names
@pytest.mark.parametrize(
    ("name", "comment", "found"),
    [
        ("salary_min", None, ("minimum salary", "")), ("temp_max", None, ("maximum temp", "")),
        ("duration_min", None, ("duration", "minutes")), ("weight_kg", None, ("weight", "kilograms")),
        ("price", "price (deprecated)", ("price", "")), ("age", "age (at signup)", ("age", "")),
        ("w", "weight (in kilograms)", ("weight", "kilograms")), ("v", "speed (km per hour)", ("speed", "km per hour")),
    ],
)  # fmt: skip
def test_a_unit_is_one_and_no_other_word_that_stands_in_its_place(name, comment, found):
    assert phrase_and_unit(name, comment) == found


@pytest.mark.parametrize(
    ("table", "nouns"),
    [
        ("children", ("child", "children")), ("men", ("man", "men")), ("aliases", ("alias", "aliases")),
        ("medical_records", ("medical record", "medical records")), ("customer_data", ("customer", "customers")),
        ("warehouses", ("warehouse", "warehouses")), ("statuses", ("status", "statuses")), ("sizes", ("size", "sizes")),
        ("branch_offices", ("branch office", "branch offices")),
    ],
)  # fmt: skip
def test_nouns_of_tables_that_no_rule_leads_back(table, nouns):
    assert nouns_of(table) == nouns
