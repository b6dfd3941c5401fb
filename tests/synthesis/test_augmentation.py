"""Variations of schemas stay consistent and stay schemas."""

import random
import sqlite3

from sqlreason.synthesis.schema.annotated_schema import TRAINING, load_annotated_schemas
from sqlreason.synthesis.schema.augmentation import vary
from synthesis.conftest import populate


def test_variations_keep_their_references_and_run(annotated_schemas):
    rng = random.Random(7)
    for annotated_schema in annotated_schemas * 4:
        varied = vary(annotated_schema, rng, annotated_schemas)
        names = {table.name for table in varied.tables}
        for table in varied.tables:
            columns = [column.name.lower() for column in table.columns]
            assert len(set(columns)) == len(columns) >= 2
            assert bool(table.key_name) != bool(table.primary)
            assert set(table.primary) <= {reference.name for reference in table.references}
            assert all(reference.target in names for reference in table.references)
        database = sqlite3.connect(":memory:")
        database.execute("PRAGMA foreign_keys = ON")
        database.executescript(populate(varied, rng))


def test_variations_of_one_schema_differ(shop, annotated_schemas):
    rng = random.Random(1)
    prints = {vary(shop, rng, annotated_schemas).fingerprint for _ in range(100)}
    assert len(prints) > 90
    assert shop.fingerprint not in prints or len(prints) > 95


def test_varying_leaves_the_blueprint_alone_and_is_deterministic(shop, annotated_schemas):
    before = shop.fingerprint
    first, second = (vary(shop, random.Random(9), annotated_schemas) for _ in range(2))
    assert first == second and shop.fingerprint == before


def test_a_wide_variation_stands_among_other_schemas_and_is_as_consistent_as_others():
    pool = load_annotated_schemas(TRAINING)
    rng = random.Random(4)
    for _ in range(40):
        wide = vary(rng.choice(pool), rng, pool, wide_share=1.0)
        assert len(wide.tables) >= 6
        assert len({table.singular for table in wide.tables}) == len(wide.tables)
        names = {table.name for table in wide.tables}
        assert all(reference.target in names for table in wide.tables for reference in table.references)
        database = sqlite3.connect(":memory:")
        database.execute("PRAGMA foreign_keys = ON")
        database.executescript(populate(wide, rng))
