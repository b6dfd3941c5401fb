"""Schemas with meaning are read, checked and populated."""

import random
import sqlite3

import pytest

from sqlreason.sql.parsing.schema import parse_schema, render_ddl
from sqlreason.synthesis.english import article, be, is_plural, phrase_of, pluralise
from sqlreason.synthesis.schema.annotated_schema import (
    SchemaFileError,
    load_annotated_schemas,
    read_annotated_schema,
)
from sqlreason.synthesis.schema.rows import render_schema
from synthesis.conftest import populate


def table(**columns):
    return {"name": "s", "tables": {"t": {"noun": "thing / things", "columns": columns}}}


def test_every_schema_of_the_package_loads_with_names_of_its_own(annotated_schemas):
    assert len(annotated_schemas) >= 60
    assert (
        len({b.name for b in annotated_schemas})
        == len({b.fingerprint for b in annotated_schemas})
        == len(annotated_schemas)
    )


def test_columns_carry_their_meaning(shop):
    total = shop.table("orders").column("total")
    assert (total.kind, total.phrase, total.unit, total.low, total.high) == ("real", "order total", "euros", 4, 120)
    assert total.is_additive and not shop.table("customers").column("joined_on").is_measure
    assert shop.table("customers").column("advisor_id").role == "advisor"
    assert shop.table("orders").column("customer_id").role == "customer"


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"id": "key", "x": {"colour": [1]}}, "a kind is one of"),
        ({"id": "key", "x": {"ref": "nowhere"}}, "nowhere"),
        ({"x": "bool"}, "exactly one key"),
    ],
)
def test_a_broken_schema_is_refused_with_the_place_and_the_reason(columns, reason):
    with pytest.raises(SchemaFileError, match=reason):
        read_annotated_schema(table(**columns), "d")


def test_a_name_used_twice_is_refused(tmp_path):
    text = "domain: d\nschemas:\n  - {name: s, tables: {t: {noun: a / as, columns: {id: key, x: bool}}}}\n"
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(text)
    with pytest.raises(SchemaFileError, match="used twice: s"):
        load_annotated_schemas(tmp_path)


def test_contexts_run_with_foreign_keys_enforced(annotated_schemas):
    for seed, annotated_schema in enumerate(annotated_schemas):
        database = sqlite3.connect(":memory:")
        database.execute("PRAGMA foreign_keys = ON")
        database.executescript(populate(annotated_schema, random.Random(seed)))
        for plan in annotated_schema.tables:
            (count,) = database.execute(f"SELECT COUNT(*) FROM {plan.name}").fetchone()
            assert 4 <= count <= 8


def test_values_keep_to_their_ranges(shop):
    context = populate(shop, random.Random(1), rows=(8, 8))
    database = sqlite3.connect(":memory:")
    database.executescript(context)
    low, high = database.execute("SELECT MIN(total), MAX(total) FROM orders").fetchone()
    assert 4 <= low < high <= 120
    assert database.execute("SELECT COUNT(*) FROM orders WHERE status IS NULL").fetchone() == (0,)


def test_populating_is_deterministic_by_seed(shop):
    assert populate(shop, random.Random(3)) == populate(shop, random.Random(3))
    assert populate(shop, random.Random(3)) != populate(shop, random.Random(4))


def test_the_schema_text_is_what_the_parser_reads_from_the_context(annotated_schemas):
    for annotated_schema in annotated_schemas:
        context = populate(annotated_schema, random.Random(0))
        assert render_schema(annotated_schema) == render_ddl(parse_schema(context))


@pytest.mark.parametrize(
    ("word", "plural"),
    [
        ("city", "cities"), ("day", "days"), ("status", "statuses"), ("home port", "home ports"),
        ("branch", "branches"), ("year of service", "years of service"), ("species", "species"),
        ("diagnosis", "diagnoses"),
        ("loyalty points", "loyalty points"),
    ],
)  # fmt: skip
def test_plurals_go_by_the_head_word(word, plural):
    assert pluralise(word) == plural


def test_verbs_and_articles_agree():
    assert be("loyalty points") == "are" and be("number of points") == be("status") == "is"
    assert article("order") == "an" and article("unit") == "a" and article("points") == ""
    assert is_plural("age in months") is False
    assert phrase_of("qtyOnHand") == "quantity on hand"
