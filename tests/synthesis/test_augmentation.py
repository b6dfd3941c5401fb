"""Variations of schemas stay consistent and stay schemas."""

import random
import sqlite3

from sqlreason.synthesis.schema.augmentation import vary
from sqlreason.synthesis.schema.rows import populate


def test_variations_keep_their_references_and_run(blueprints):
    rng = random.Random(7)
    for blueprint in blueprints * 4:
        varied = vary(blueprint, rng, blueprints)
        names = {table.name for table in varied.tables}
        for table in varied.tables:
            columns = [column.name.lower() for column in table.columns]
            assert len(set(columns)) == len(columns) >= 2
            assert sum(column.kind == "key" for column in table.columns) == 1
            assert all(reference.target in names for reference in table.references)
        database = sqlite3.connect(":memory:")
        database.execute("PRAGMA foreign_keys = ON")
        database.executescript(populate(varied, rng))


def test_variations_of_one_schema_differ(shop, blueprints):
    rng = random.Random(1)
    prints = {vary(shop, rng, blueprints).fingerprint for _ in range(100)}
    assert len(prints) > 90
    assert shop.fingerprint not in prints or len(prints) > 95


def test_varying_leaves_the_blueprint_alone_and_is_deterministic(shop, blueprints):
    before = shop.fingerprint
    first, second = (vary(shop, random.Random(9), blueprints) for _ in range(2))
    assert first == second and shop.fingerprint == before
