"""Databases with what no plain shop has: questions are still made, and nothing of it ends the run."""

import logging
import random
import sqlite3

import duckdb
import pytest

from sqlreason.sql.verifier import Verifier
from sqlreason.synthesis.queries.grammar import NothingFits, compose
from sqlreason.synthesis.schema.from_database import read_source
from sqlreason.synthesis.schema.readers import SourceError
from sqlreason.synthesis.schema.reflection import SqlReader
from sqlreason.synthesis.schema.rows import render_context
from sqlreason.synthesis.wording.sentences import word

ROWS = ["never", "synthetic", "sampled"]


@pytest.fixture(scope="module")
def verifier():
    with Verifier() as verifier:
        yield verifier


def sqlite_file(tmp_path, script, *changes):
    path = tmp_path / "odd.sqlite"
    with sqlite3.connect(path) as connection:
        connection.executescript(script)
        for statement, values in changes:
            connection.execute(statement, values)
    return f"sqlite:///{path}"


def duckdb_file(tmp_path, script):
    path = tmp_path / "odd.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(script)
    return f"duckdb:///{path}"


def ask_about(verifier, database, rows, count=60, seeds=2):
    """Questions are composed and worded, and their gold queries run on their contexts; the annotated schema is
    returned."""
    source = read_source(database, rows)
    for seed in range(seeds):
        rng = random.Random(seed)
        contents = source.fill(rng)
        golds = []
        for _ in range(count):
            try:
                query = compose(source.annotated_schema, rng, None, contents)
            except NothingFits:
                continue
            assert word(query, rng)
            golds += [query.sql] if query.task_type != "data manipulation" else []
        assert golds
        (results,) = verifier.run_batch([(render_context(source.annotated_schema, contents), golds, "sqlite")])
        assert {result.status for result in results} == {"ok"}, [r.reason for r in results if r.status != "ok"][:3]
    return source.annotated_schema


def kinds_of(annotated_schema, table):
    return {column.name: column.kind for column in annotated_schema.table(table).columns}


ODD_COLUMNS = {
    "flags that may be NULL": "CREATE TABLE t (id INTEGER PRIMARY KEY, title TEXT, done BOOLEAN);"
    + "".join(f"INSERT INTO t VALUES ({n}, 't{n % 4}', {('NULL', '1', '0')[n % 3]});" for n in range(1, 40)),
    "columns without any value": """
        CREATE TABLE t (id INTEGER PRIMARY KEY, done BOOLEAN, n INT, r REAL, name TEXT, day DATE, at TIMESTAMP, x);
        INSERT INTO t (id) VALUES (1), (2), (3)""",
    "one row": """
        CREATE TABLE t (id INTEGER PRIMARY KEY, done TINYINT(1), n INT, r REAL, name TEXT, day DATE);
        INSERT INTO t VALUES (1, 0, 5, 1.5, 'a', '2024-01-02')""",
    "numbers beyond measure": """
        CREATE TABLE t (id INTEGER PRIMARY KEY, r REAL, n INT);
        INSERT INTO t VALUES (1, 1e308, 9223372036854775807), (2, -1e308, -9223372036854775808), (3, 9e999, 4),
            (4, 1.5, 5)""",
    "one row near the largest number": """
        CREATE TABLE t (id INTEGER PRIMARY KEY, r REAL);
        INSERT INTO t VALUES (1, 1e308)""",
    "no days of the calendar": """
        CREATE TABLE t (id INTEGER PRIMARY KEY, day DATE, at TIMESTAMP);
        INSERT INTO t VALUES (1, '0000-00-00', '0000-00-00 00:00:00'), (2, '2024-13-45', 'soon'),
            (3, '31/12/2024', 1704067200), (4, '9999-12-31', '9999-12-31T23:59:59Z'),
            (5, '12024-01-01', '-4713-01-01')""",
    "texts for truth values": """
        CREATE TABLE t (id INTEGER PRIMARY KEY, done BOOLEAN);
        INSERT INTO t VALUES (1, 'yes'), (2, 'no'), (3, 'maybe')""",
    "other types than declared": """
        CREATE TABLE t (id INTEGER PRIMARY KEY, n INT, r REAL, name TEXT);
        INSERT INTO t VALUES (1, 'x', '12,50', x'00'), (2, 3, 4.5, 'a'), (3, x'ff', 'n/a', 'b')""",
}


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("script", ODD_COLUMNS.values(), ids=ODD_COLUMNS)
def test_odd_columns_are_asked_about_or_left_alone(verifier, tmp_path, script, rows) -> None:
    ask_about(verifier, sqlite_file(tmp_path, script), rows)


def test_flags_are_what_their_rows_say(tmp_path, verifier) -> None:
    script = (
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a TINYINT(1), b BIT, c TINYINT(1), d BOOLEAN, e BOOLEAN); "
        "INSERT INTO t VALUES (1, 1, 0, 1, NULL, 'yes'), (2, NULL, 1, 4, NULL, 'no'), (3, 1, 1, 5, NULL, 'yes');"
    )
    found = kinds_of(ask_about(verifier, sqlite_file(tmp_path, script), "synthetic"), "t")
    assert (found["a"], found["b"], found["c"], found["d"]) == ("bool", "bool", "int", "bool")
    assert found.get("e") != "bool"


@pytest.mark.parametrize("rows", ROWS)
def test_virtual_tables_and_what_lies_behind_them_are_not_asked_about(tmp_path, verifier, rows) -> None:
    script = (
        "CREATE TABLE book (book_id INTEGER PRIMARY KEY, title TEXT); INSERT INTO book VALUES (1, 'A'), (2, 'B'); "
        "CREATE VIRTUAL TABLE book_fts USING fts5(title, content='book', content_rowid='book_id'); "
        "CREATE VIRTUAL TABLE area USING rtree(id, x0, x1); INSERT INTO area VALUES (1, 0, 1); "
        "CREATE VIRTUAL TABLE old USING fts4(body); CREATE TABLE book_archive (id INTEGER PRIMARY KEY, n INT);"
    )
    annotated_schema = ask_about(verifier, sqlite_file(tmp_path, script), rows)
    assert sorted(table.name for table in annotated_schema.tables) == ["book", "book_archive"]


def test_texts_that_are_no_utf8_are_read_with_replacements_and_told_once(tmp_path, verifier, caplog) -> None:
    database = sqlite_file(
        tmp_path, "CREATE TABLE player (id INTEGER PRIMARY KEY, last_name TEXT); INSERT INTO player VALUES (1, 'Ann');",
        ("INSERT INTO player VALUES (2, CAST(? AS TEXT))", ("Albarracín".encode("latin-1"),)),
        ("INSERT INTO player VALUES (3, CAST(? AS TEXT))", ("Müller".encode("latin-1"),)),
    )  # fmt: skip
    with caplog.at_level(logging.WARNING):
        annotated_schema = ask_about(verifier, database, "sampled")
    assert set(annotated_schema.table("player").column("last_name").values) == {"Ann", "Albarrac\ufffdn", "M\ufffdller"}
    assert sum("no UTF-8" in record.message for record in caplog.records) == 1


SCHEMAS = """
CREATE SCHEMA sales; CREATE TABLE customer (id INTEGER PRIMARY KEY, name VARCHAR);
CREATE TABLE sales.customer (customer_id INTEGER PRIMARY KEY, city VARCHAR, born DATE, seen TIMESTAMP,
  v DOUBLE PRECISION);
CREATE TABLE sales.orders (order_id INTEGER PRIMARY KEY, n INTEGER,
  customer_id INTEGER REFERENCES sales.customer(customer_id));
INSERT INTO customer VALUES (1, 'Ann'), (2, 'Bo');
INSERT INTO sales.customer VALUES (1, 'Oslo', 'infinity', '-infinity', 'NaN'), (2, 'Rome', '2024-01-02', 'infinity',
  'Infinity'), (3, 'Rome', '10000-01-01', '2024-01-02 03:04:05.678', 1e308), (4, 'Rome', NULL, NULL, 2.5);
INSERT INTO sales.orders VALUES (1, 5, 1), (2, 6, 2), (3, 7, 2);
"""


def check_schemas(annotated_schema):
    tables = {table.name: table for table in annotated_schema.tables}
    assert set(tables) == {"customer", "sales.customer", "sales.orders"}
    assert tables["sales.orders"].column("customer_id").target == "sales.customer"
    assert len({table.singular for table in annotated_schema.tables}) == 3
    assert kinds_of(annotated_schema, "sales.customer")["born"] == "date"


@pytest.mark.parametrize("rows", ROWS)
def test_duckdb_with_a_second_schema_and_values_beyond_python(tmp_path, verifier, rows) -> None:
    script = SCHEMAS + "INSERT INTO sales.customer VALUES (5, 'Rome', '0044-03-15 (BC)', NULL, -1e308);"
    check_schemas(ask_about(verifier, duckdb_file(tmp_path, script), rows))


def test_duckdb_with_times_of_a_zone(tmp_path, verifier) -> None:
    script = (
        "CREATE TABLE ev (id INTEGER PRIMARY KEY, seen TIMESTAMPTZ); "
        "INSERT INTO ev VALUES (1, '2024-01-02 03:04:05+00')"
    )
    assert kinds_of(ask_about(verifier, duckdb_file(tmp_path, script), "sampled"), "ev")["seen"] == "date"


@pytest.fixture(scope="module")
def odd_postgres(postgres):
    postgres.execute("CREATE DATABASE odd", "CREATE ROLE looker LOGIN")
    script = (
        SCHEMAS
        + """
      INSERT INTO sales.customer VALUES (5, 'Rome', '0044-03-15 BC', '0044-03-15 10:00:00 BC', 3);
      CREATE SCHEMA secret; CREATE TABLE secret.salary (id INTEGER PRIMARY KEY, amount INTEGER);
      GRANT USAGE ON SCHEMA sales TO looker; GRANT SELECT ON ALL TABLES IN SCHEMA public, sales TO looker"""
    )
    postgres.execute(*script.strip().split(";\n"), database="odd")
    postgres.execute("CREATE DATABASE padded")
    postgres.execute(
        "CREATE TABLE country (code CHAR(5) PRIMARY KEY, name TEXT NOT NULL)",
        "CREATE TABLE orders (id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY, status CHAR(10) NOT NULL, total "
        "NUMERIC(10, 2) NOT NULL, taxed NUMERIC GENERATED ALWAYS AS (total * 2) STORED, "
        "country CHAR(5) REFERENCES country(code))",
        "INSERT INTO country VALUES ('NO', 'Norway'), ('CL', 'Chile')",
        "INSERT INTO orders (status, total, country) SELECT (ARRAY['open', 'paid', 'sent'])[g % 3 + 1], g + 0.5, "
        "(ARRAY['NO', 'CL'])[g % 2 + 1] FROM generate_series(1, 60) g",
        database="padded",
    )
    postgres.execute("CREATE DATABASE parts")
    postgres.execute(
        "CREATE TABLE visit (visit_id int, at date NOT NULL, n numeric, ok boolean) PARTITION BY RANGE (at)",
        "CREATE TABLE visit_2023 PARTITION OF visit FOR VALUES FROM ('2023-01-01') TO ('2024-01-01')",
        "CREATE TABLE visit_2024 PARTITION OF visit FOR VALUES FROM ('2024-01-01') TO ('2025-01-01')",
        "INSERT INTO visit SELECT g, DATE '2023-01-01' + g, CASE WHEN g % 9 = 0 THEN 'NaN'::numeric ELSE g END, "
        "g % 3 = 0 FROM generate_series(1, 300) g",
        database="parts",
    )
    return postgres


@pytest.mark.parametrize("rows", ROWS)
def test_postgresql_with_a_second_schema_and_values_beyond_python(odd_postgres, verifier, rows) -> None:
    check_schemas(ask_about(verifier, odd_postgres.url("looker", "odd"), rows))


@pytest.mark.parametrize("rows", ROWS)
def test_partitions_belong_to_their_table(odd_postgres, verifier, rows) -> None:
    annotated_schema = ask_about(verifier, odd_postgres.url("postgres", "parts"), rows)
    assert [table.name for table in annotated_schema.tables] == ["visit"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le"])
def test_a_file_of_ddl_in_any_encoding(tmp_path, verifier, encoding) -> None:
    path = tmp_path / "shop.sql"
    script = "CREATE TABLE a (id SERIAL PRIMARY KEY, ort TEXT); INSERT INTO a (ort) VALUES ('Köln');"
    path.write_bytes(script.encode(encoding))
    assert kinds_of(ask_about(verifier, str(path), "sampled"), "a")["id"] == "key"


@pytest.mark.parametrize("rows", ROWS)
def test_names_without_words_are_asked_about_or_left_alone(tmp_path, verifier, rows) -> None:
    script = (
        'CREATE TABLE thing (" " INTEGER PRIMARY KEY, "" INTEGER, "_" TEXT, title TEXT, size REAL);'
        'CREATE TABLE " " (id INTEGER PRIMARY KEY, thing INTEGER REFERENCES thing(" "), weight REAL);'
        "INSERT INTO thing VALUES (1, 2, 'a', 'b', 1.5), (2, 3, 'c', 'd', 2.5);"
    )
    annotated_schema = ask_about(verifier, sqlite_file(tmp_path, script), rows)
    assert set(kinds_of(annotated_schema, "thing")) == {"title", "size"}
    assert [table.name for table in annotated_schema.tables] == ["thing"]


@pytest.mark.parametrize("rows", ROWS)
def test_the_day_that_stands_for_never_ends_no_run(tmp_path, verifier, rows) -> None:
    days = ("9999-12-31 00:00:00", "2024-02-28 10:30:00", "0001-01-01 00:00:00")
    script = (
        "CREATE TABLE price (id INTEGER PRIMARY KEY, product TEXT NOT NULL, valid_to TIMESTAMP NOT NULL);"
        + "".join(f"INSERT INTO price VALUES ({n}, 'p{n % 3}', '{days[n % 3]}');" for n in range(40))
    )
    found = ask_about(verifier, sqlite_file(tmp_path, script), rows, count=300).table("price").column("valid_to")
    assert found.kind == "date" and found.has_time


@pytest.mark.parametrize("odd", ["''", "'0000-00-00 00:00:00'", "'infinity'", "'soon'"])
def test_one_odd_moment_does_not_take_the_time_of_day_from_the_others(tmp_path, verifier, odd) -> None:
    script = "CREATE TABLE task (id INTEGER PRIMARY KEY, title TEXT, done_at TIMESTAMP NOT NULL);"
    for n in range(1, 40):
        moment = odd if n == 7 else f"'2024-05-{n % 28 + 1:02d} 14:30:00'"
        script += f"INSERT INTO task VALUES ({n}, 't{n % 5}', {moment});"
    done = ask_about(verifier, sqlite_file(tmp_path, script), "sampled").table("task").column("done_at")
    assert (done.has_time, done.low, done.high) == (True, "2024-01-01", "2024-12-31")


@pytest.mark.parametrize("value", ["1704067200 + {n}", "'{n}/12/2024'"])
def test_moments_that_are_not_written_as_days_are_not_asked_about(tmp_path, verifier, value) -> None:
    script = "CREATE TABLE ev (id INTEGER PRIMARY KEY, title TEXT, at DATETIME);" + "".join(
        f"INSERT INTO ev VALUES ({n}, 't{n % 5}', {value.format(n=n)});" for n in range(1, 30)
    )
    assert "at" not in kinds_of(ask_about(verifier, sqlite_file(tmp_path, script), "synthetic"), "ev")


def test_ranges_of_a_few_values_are_not_told(tmp_path, verifier) -> None:
    script = "CREATE TABLE staff (id INTEGER PRIMARY KEY, salary INTEGER, born DATE);" + "".join(
        f"INSERT INTO staff VALUES ({n}, {salary}, '19{n}1-03-04');"
        for n, salary in enumerate((41000, 52000, 48000, 187000), 3)
    )
    database = sqlite_file(tmp_path, script)
    staff, unseen = (ask_about(verifier, database, rows).table("staff") for rows in ("synthetic", "never"))
    for name in ("salary", "born"):
        assert (staff.column(name).low, staff.column(name).high) == (unseen.column(name).low, unseen.column(name).high)


def test_whole_numbers_of_0_and_1_are_flags_unless_they_count(tmp_path, verifier) -> None:
    script = "CREATE TABLE users (id INTEGER PRIMARY KEY, deleted INTEGER, enabled INTEGER NOT NULL, siblings INTEGER,"
    script += " level INTEGER, stay_days INTEGER, locked INTEGER);" + "".join(
        f"INSERT INTO users VALUES ({n}, {n % 2}, {int(n % 3 > 0)}, {n % 2}, {n % 2}, {n % 2}, 1);" for n in range(40)
    )
    found = ask_about(verifier, sqlite_file(tmp_path, script), "sampled").table("users")
    assert {column.name for column in found.columns if column.kind == "bool"} == {"deleted", "enabled"}
    assert {(column.low, column.high) for column in found.columns if column.kind == "int"} == {(0, 1), (1, 2)}


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("kind", ["NUMERIC(10, 0)", "DECIMAL(9)", "NUMBER", ""])
def test_keys_that_are_declared_as_numbers_of_any_sort(tmp_path, verifier, kind, rows) -> None:
    script = (
        f"CREATE TABLE cust (id {kind} PRIMARY KEY, name TEXT, total REAL);"
        f"CREATE TABLE ord (ord_id {kind} PRIMARY KEY, cust_id {kind} REFERENCES cust(id), amount REAL);"
    ) + "".join(
        f"INSERT INTO cust VALUES ({n}, 'n{n}', {n * 3}); INSERT INTO ord VALUES ({n}, {n % 7 + 1}, {n}.5);"
        for n in range(1, 40)
    )
    annotated_schema = ask_about(verifier, sqlite_file(tmp_path, script), rows)
    keys = [annotated_schema.table(name).key_name for name in ("cust", "ord")]
    assert keys == (["id", "ord_id"] if kind or rows != "never" else ["", ""])


def test_numbers_like_years_are_years_only_where_they_are_called_so(tmp_path, verifier) -> None:
    script = (
        "CREATE TABLE car (id INTEGER PRIMARY KEY, weight INTEGER, calories INTEGER, year INTEGER, founded INTEGER);"
    )
    script += "".join(
        f"INSERT INTO car VALUES ({n}, {1500 + n * 8}, {1600 + n * 5}, {1980 + n % 30}, {1900 + n});"
        for n in range(1, 60)
    )
    found = ask_about(verifier, sqlite_file(tmp_path, script), "synthetic").table("car")
    assert {column.name for column in found.columns if column.is_year} == {"year", "founded"}


def links_of(annotated_schema):
    return {(t.name, r.name, r.target) for t in annotated_schema.tables for r in t.references}


def filled(*tables):
    """INSERT statements of forty rows for each (table, values of row n)."""
    return "".join(f"INSERT INTO {name} VALUES ({values(n)});" for name, values in tables for n in range(1, 41))


@pytest.mark.parametrize("rows", ROWS)
def test_references_in_another_letter_case_are_followed(tmp_path, verifier, rows) -> None:
    script = (
        "CREATE TABLE customers (id INTEGER, name TEXT, PRIMARY KEY (ID));"
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, buyer INTEGER, total REAL,"
        " FOREIGN KEY (BUYER) REFERENCES Customers(ID));"
    ) + filled(("customers", lambda n: f"{n}, 'c{n}'"), ("orders", lambda n: f"{n}, {n % 9 + 1}, {n}.5"))
    for place in (sqlite_file(tmp_path, script), duckdb_file(tmp_path, script)):
        assert links_of(ask_about(verifier, place, rows)) == {("orders", "buyer", "customers")}


@pytest.mark.parametrize("rows", ROWS[1:])
def test_tables_without_primary_keys_are_tied_by_what_is_called_like_one(tmp_path, verifier, rows) -> None:
    script = (
        "CREATE TABLE album (title TEXT, AlbumId INTEGER, ArtistId INTEGER); CREATE TABLE artist (ArtistId INTEGER,"
        " name TEXT); CREATE TABLE visit (id INTEGER, artist_id INTEGER, day TEXT);"
    ) + filled(
        ("album", lambda n: f"'t{n}', {n}, {n % 9 + 1}"),
        ("artist", lambda n: f"{n}, 'a{n}'"),
        ("visit", lambda n: f"{n % 9}, {n}, 'Monday'"),
    )
    annotated_schema = ask_about(verifier, sqlite_file(tmp_path, script), rows)
    assert links_of(annotated_schema) == {("album", "ArtistId", "artist")}
    keys = {table.name: table.key_name for table in annotated_schema.tables}
    assert keys == {"album": "AlbumId", "artist": "ArtistId", "visit": ""}  # whose ids come twice


@pytest.mark.parametrize("rows", ROWS)
def test_a_foreign_key_to_a_unique_column_is_followed_and_others_are_told(tmp_path, verifier, rows, caplog) -> None:
    script = (
        "CREATE TABLE country (id INTEGER PRIMARY KEY, iso TEXT NOT NULL UNIQUE, name TEXT NOT NULL);"
        "CREATE TABLE city (id INTEGER PRIMARY KEY, iso TEXT REFERENCES country(iso), x INTEGER, y INTEGER);"
        "CREATE TABLE place (x INTEGER, y INTEGER, title TEXT, PRIMARY KEY (x, y));"
        "CREATE TABLE trip (id INTEGER PRIMARY KEY, km REAL, x INTEGER, y INTEGER,"
        " FOREIGN KEY (x, y) REFERENCES place(x, y));"
    ) + filled(
        ("country", lambda n: f"{n}, 'iso{n}', 'c{n}'"),
        ("city", lambda n: f"{n}, 'iso{n % 9 + 1}', 1, 2"),
        ("place", lambda n: f"{n}, {n % 3}, 't{n % 4}'"),
        ("trip", lambda n: f"{n}, {n}.5, {n}, {n % 3}"),
    )
    caplog.set_level(logging.INFO)
    annotated_schema = ask_about(verifier, sqlite_file(tmp_path, script), rows)
    assert links_of(annotated_schema) == {("city", "iso", "country")}
    assert annotated_schema.table("country").key_name == "iso"
    assert "no question joins by 1 foreign keys" in caplog.text and "trip(x, y) -> place(x, y)" in caplog.text


@pytest.mark.parametrize("rows", ROWS[1:])
def test_texts_of_char_n_come_without_the_blanks_that_fill_them_up(odd_postgres, verifier, rows) -> None:
    annotated_schema = ask_about(verifier, odd_postgres.url("postgres", "padded"), rows)
    assert set(annotated_schema.table("orders").column("status").values) == {"open", "paid", "sent"}
    assert [column.name for column in annotated_schema.table("orders").unasked] == ["taxed"]


@pytest.mark.parametrize("rows", ROWS[1:])
def test_what_is_no_value_of_its_column_makes_it_one_that_may_be_missing(tmp_path, verifier, rows) -> None:
    script = "CREATE TABLE prod (id INTEGER PRIMARY KEY, name TEXT NOT NULL, price REAL NOT NULL, made DATE NOT NULL,"
    script += " sold TEXT NOT NULL, size REAL NOT NULL);"
    for n in range(1, 60):
        price = "'n/a'" if n % 4 == 0 else n
        days = "'0000-00-00', '2024-02-30'" if n % 5 == 0 else f"'2024-03-0{n % 9 + 1}', '2024-02-29'"
        script += f"INSERT INTO prod VALUES ({n}, 'p{n}', {price}, {days}, {n});"
    prod = ask_about(verifier, sqlite_file(tmp_path, script), rows).table("prod")
    assert {column.name for column in prod.columns if column.optional} == {"price", "made", "sold"}
    assert (prod.column("price").low, prod.column("price").high) == (3.0, 57.0)


def test_columns_of_bytes_are_not_read(tmp_path, verifier, monkeypatch, caplog) -> None:
    asked = []
    read = SqlReader.rows
    monkeypatch.setattr(SqlReader, "rows", lambda self, *given: asked.extend(given[1]) or read(self, *given))
    script = "CREATE TABLE doc (id INTEGER PRIMARY KEY, title TEXT, image BLOB, note, seen INTERVAL, body TEXT);"
    script += "CREATE TABLE raw (data BLOB);" + filled(
        ("doc", lambda n: f"{n}, 't{n}', x'00', {n}, 1, 'b{n}'"), ("raw", lambda n: "x'00'")
    )
    caplog.set_level(logging.INFO)
    ask_about(verifier, sqlite_file(tmp_path, script), "synthetic")
    assert asked == ["id", "title", "note", "body"]
    assert "doc.image (type BLOB)" in caplog.text and "doc.body (texts too long to quote)" in caplog.text


def test_rows_that_cannot_be_quoted_are_told_with_the_reason(tmp_path, caplog) -> None:
    script = "CREATE TABLE a (id INTEGER PRIMARY KEY, title TEXT, size REAL);"
    script += filled(("a", lambda n: f"{n}, '{f't{n}' if n % 6 else ''}', {n}"))
    assert read_source(sqlite_file(tmp_path, script), "sampled")
    (tmp_path / "odd.sqlite").unlink()
    lone = (
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER REFERENCES a(id)); INSERT INTO b VALUES (1, 7), (2, 8);"
    )
    with pytest.raises(
        SourceError, match=r"of 2 that were read 0 hold a text .* and 2 refer to rows that are not there"
    ):
        read_source(sqlite_file(tmp_path, script.partition("INSERT")[0] + lone), "sampled")


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("file", [sqlite_file, duckdb_file])
def test_columns_that_the_database_computes_are_not_asked_about(tmp_path, verifier, file, rows) -> None:
    script = "CREATE TABLE line (id INTEGER PRIMARY KEY, price REAL, amount REAL GENERATED ALWAYS AS (price * 2));"
    script += "".join(f"INSERT INTO line (id, price) VALUES ({n}, {n}.5);" for n in range(1, 40))
    line = ask_about(verifier, file(tmp_path, script), rows).table("line")
    assert [(column.name, column.reason) for column in line.unasked] == [("amount", "computed by the database")]


@pytest.mark.parametrize("rows", ROWS)
def test_texts_that_hold_numbers_and_moments_are_not_made_up_as_names(tmp_path, verifier, rows) -> None:
    script = (
        "CREATE TABLE teacher (id INTEGER PRIMARY KEY, name TEXT, age TEXT, shoe TEXT, starting_date TEXT, hired DATE,"
        " birth_date DATE, kind TEXT, orders INTEGER);"
    ) + filled(("teacher", lambda n: f"{n}, 't{n}', '{n + 20}', '{n}', '{n} May', NULL, NULL, 'k{n}', 1"))
    teacher = ask_about(verifier, sqlite_file(tmp_path, script), rows).table("teacher")
    assert "starting_date" in [column.name for column in teacher.unasked]
    assert all(value.isdigit() for value in teacher.column("age").values)
    assert rows == "never" or all(value.isdigit() for value in teacher.column("shoe").values)
    assert (teacher.column("hired").low, teacher.column("birth_date").low) == ("2020-01-01", "1950-01-01")
    assert rows == "never" or (teacher.column("orders").low, teacher.column("orders").high) == (1, 2)
    assert rows == "sampled" or teacher.column("kind").values[0] in ("Amber Bay", "alpha kind")
