"""The schema reader: DDL of several dialects in, tables, keys and rows out."""

import sqlite3

import pytest

from sqlreason.sql.parsing.schema import ForeignKey, Schema, SchemaError, parse_schema, render_ddl
from sqlreason.sql.parsing.undeclared_keys import with_inferred_keys

SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR(50) NOT NULL, note TEXT);
CREATE TABLE orders (id INT, customer_id INT REFERENCES customers(id), total DECIMAL(5,2), PRIMARY KEY (id));
INSERT INTO customers (name, id) VALUES ('Ann; Bob''s', 1), ('Eve', -2);
INSERT INTO orders VALUES (1, 1, 9.5, 'too many'), (2, 1, 3.25);
"""


def test_columns_keys_and_rows_are_read() -> None:
    customers, orders = parse_schema(SHOP).tables
    assert [(c.name, c.type, c.nullable) for c in customers.columns] == [
        ("id", "INTEGER", False), ("name", "VARCHAR(50)", False), ("note", "TEXT", True),
    ]  # fmt: skip
    assert customers.rows == ((1, "Ann; Bob's", None), (-2, "Eve", None))
    assert orders.primary_key == ("id",)
    assert orders.foreign_keys == (ForeignKey(("customer_id",), "customers", ("id",)),)
    assert orders.rows == ((2, 1, 3.25),)


@pytest.mark.parametrize(
    "context",
    [
        "CREATE TABLE `t` (`id` INT AUTO_INCREMENT PRIMARY KEY, `kind` ENUM('a','b') COMMENT 'x') ENGINE=InnoDB;",
        "CREATE TABLE public.t (id SERIAL PRIMARY KEY, kind TEXT[] DEFAULT '{}'::text[])",
        "CREATE TABLE [t] ([id] INT IDENTITY(1,1) PRIMARY KEY, [kind] NVARCHAR(MAX) NULL)",
        "CREATE TABLE IF NOT EXISTS t(id INTEGRER PRIMARY KEY, kind)",
    ],
)
def test_every_dialect_yields_the_same_names(context: str) -> None:
    (table,) = parse_schema(context).tables
    assert (table.name, [c.name for c in table.columns], table.primary_key) == ("t", ["id", "kind"], ("id",))


def test_a_column_may_be_named_like_a_keyword() -> None:
    (table,) = parse_schema('CREATE TABLE t (key TEXT, date DATE, "primary" INT, UNIQUE (key, date))').tables
    assert [c.name for c in table.columns] == ["key", "date", "primary"]
    assert table.unique == (("key", "date"),)


@pytest.mark.parametrize("context", ["", "SELECT 1", "CREATE TABLE t", "CREATE TABLE t ()", "CREATE TABLE t (a 'x"])
def test_a_context_without_a_table_names_the_reason(context: str) -> None:
    with pytest.raises(SchemaError, match="no schema can be read"):
        parse_schema(context)


def test_the_fingerprint_ignores_rows_order_and_letter_case() -> None:
    other = parse_schema("CREATE TABLE Orders (total REAL, id INT, customer_id INT); CREATE TABLE customers (note "
                         "TEXT, name TEXT, ID INT)")  # fmt: skip
    assert other.fingerprint == parse_schema(SHOP).fingerprint
    assert other.fingerprint != Schema(other.tables[:1]).fingerprint


def test_the_rendered_ddl_is_one_line_a_table_and_runs() -> None:
    schema = parse_schema(SHOP + "CREATE VIEW rich AS SELECT * FROM orders WHERE total > 5")
    text = render_ddl(schema, sample_rows=1)
    sqlite3.connect(":memory:").executescript(text)
    assert text.splitlines()[:2] == [
        "CREATE TABLE customers (id INTEGER PRIMARY KEY, name VARCHAR(50) NOT NULL, note TEXT);",
        "-- (1, 'Ann; Bob''s', NULL)",
    ]
    assert (
        "rich" in text and "customers" not in render_ddl(Schema(schema.tables[1:]), tables=["ORDERS"]).split("\n")[1:]
    )


def test_foreign_keys_to_tables_that_are_not_shown_are_not_shown() -> None:
    schema = parse_schema(SHOP)
    assert "REFERENCES" in render_ddl(schema, tables=["orders", "customers"]) and "REFERENCES" in render_ddl(schema)
    assert "REFERENCES" not in render_ddl(schema, tables=["orders"])


@pytest.mark.parametrize(
    ("referred", "column", "led"),
    [
        ("films (id INT PRIMARY KEY)", "film_id", True),
        ("films (id INT PRIMARY KEY)", "FilmsID", True),
        ("companies (code INT PRIMARY KEY)", "company_code", True),
        ("films (filmNumber INT PRIMARY KEY)", "filmnumber", True),
        ("films (filmNumber INT PRIMARY KEY)", "film_id", False),
        ("films (id INT PRIMARY KEY)", "id", False),  # says not whose
        ("films (id INT)", "film_id", False),  # no key
        ("films (id INT, part INT, PRIMARY KEY (id, part))", "film_id", False),  # half of one
        ("shop.films (id INT PRIMARY KEY)", "film_id", True),
        ("productlines (productLine INT PRIMARY KEY)", "productLine", True),
        ("x (isbn_no INT PRIMARY KEY)", "isbn_no", True),
        ("genre (name TEXT PRIMARY KEY)", "name", False),  # everybody has a name
        ("day (date DATE PRIMARY KEY)", "date", False),
        ("t (type INT PRIMARY KEY)", "type", False),
        ("u (uuid INT PRIMARY KEY)", "uuid", False),
        ("films (film_no TEXT PRIMARY KEY)", "film_no", False),  # a text, and the column is a number
    ],
)
def test_a_reference_that_nobody_declared_is_told_by_its_name(referred: str, column: str, led: bool) -> None:
    schema = with_inferred_keys(parse_schema(f"CREATE TABLE {referred}; CREATE TABLE seen (n INT, {column} INT)"))
    assert [key.columns for key in schema.tables[1].foreign_keys] == ([(column,)] if led else [])
    assert with_inferred_keys(schema) == schema


@pytest.mark.parametrize(
    ("tables", "led"),
    [
        (["customers (customer_id INT PRIMARY KEY)", "customer_details (customer_id INT PRIMARY KEY)"], "customers"),
        (["film_text (film_id INT PRIMARY KEY)", "film (film_id INT PRIMARY KEY)"], "film"),
        (["parts (isbn_no INT PRIMARY KEY)", "books (isbn_no INT PRIMARY KEY)"], None),
    ],
)
def test_of_tables_that_share_a_key_the_one_that_it_names_is_meant(tables: list[str], led: str | None) -> None:
    key = tables[0].split("(")[1].split()[0]
    script = ";".join(f"CREATE TABLE {table}" for table in [*tables, f"seen (n INT, {key} INT)"])
    keys = with_inferred_keys(parse_schema(script)).tables[2].foreign_keys
    assert [found.table for found in keys] == ([led] if led else [])


def test_a_declared_reference_is_not_told_twice_and_keeps_what_leads_nowhere() -> None:
    script = (
        "CREATE TABLE Ann (id INT PRIMARY KEY);"
        "CREATE TABLE b (ANN_ID INT, g INT REFERENCES gone (id), FOREIGN KEY (ann_id) REFERENCES ann (id))"
    )
    keys = with_inferred_keys(parse_schema(script)).tables[1].foreign_keys
    assert sorted((key.columns[0].lower(), key.table) for key in keys) == [("ann_id", "Ann"), ("g", "gone")]


def test_real_contexts_are_read_as_sqlite_reads_them(real_folder) -> None:
    import json

    lines = (real_folder / "ambrosia_800.jsonl").read_text().splitlines()[::8]
    for context in {json.loads(line)["sql_context"] for line in lines}:
        database = sqlite3.connect(":memory:")
        database.executescript(context)
        for table in parse_schema(context).tables:
            cursor = database.execute(f'SELECT * FROM "{table.name}"')
            assert [c.name for c in table.columns] == [d[0] for d in cursor.description]
            assert sorted(map(repr, table.rows)) == sorted(map(repr, cursor.fetchall()))
