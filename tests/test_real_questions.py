"""Questions that people asked, in Spider's layout: read from their database files."""

import json
import sqlite3

import pytest


@pytest.fixture(scope="module")
def benchmark(load_benchmark):
    return load_benchmark("real_questions")


def test_a_folder_in_spiders_layout_becomes_questions_with_their_databases(benchmark, tmp_path):
    place = tmp_path / "people"
    (place / "database/shop").mkdir(parents=True)
    with sqlite3.connect(place / "database/shop/shop.sqlite") as connection:
        connection.executescript("CREATE TABLE item (name TEXT, price INT); INSERT INTO item VALUES ('pen', 2);")
    connection.close()
    rows = [{"db_id": "shop", "question": "Which items?", "query": "SELECT name FROM item"}] * 2
    (place / "dev.json").write_text(json.dumps(rows))
    asked = benchmark.read_questions(place, None)
    assert asked["id"].tolist() == ["people-0", "people-1"] and asked["sql"].tolist() == ["SELECT name FROM item"] * 2
    assert asked["sql_context"].str.contains("CREATE TABLE item").all() and "pen" in asked["sql_context"].iloc[0]
