"""Small folders in the layouts of Spider and BIRD, with rows of our own."""

import json

import pytest
from benchmark_layouts import BAKERY, BIRD, HARBOUR, HARBOUR_SUITE, SPIDER, write_database


@pytest.fixture
def spider_folder(tmp_path):
    """A folder in Spider's layout; of its two databases one has a suite."""
    folder = tmp_path / "spider"
    write_database(folder / "database/harbour/harbour.sqlite", HARBOUR)
    write_database(folder / "database/harbour/harbour_suite0.sqlite", HARBOUR_SUITE)
    write_database(folder / "database/bakery/bakery.sqlite", BAKERY)
    asked = [{"db_id": db_id, "question": text, "query": gold} for db_id, text, gold, _ in SPIDER]
    (folder / "dev.json").write_text(json.dumps(asked))
    (folder / "train_spider.json").write_text(json.dumps(asked[:1]))
    (folder / "train_others.json").write_text(json.dumps(asked[2:]))
    (folder / "tables.json").write_text("[]")
    return folder


@pytest.fixture
def bird_folder(tmp_path):
    """A folder in BIRD's layout, with descriptions of columns in two encodings."""
    folder = tmp_path / "bird"
    write_database(folder / "dev_databases/harbour/harbour.sqlite", HARBOUR)
    write_database(folder / "dev_databases/bakery/bakery.sqlite", BAKERY)
    names = ("question_id", "db_id", "question", "evidence", "SQL", "difficulty")
    (folder / "dev.json").write_text(json.dumps([dict(zip(names, row, strict=True)) for row in BIRD]))
    described = folder / "dev_databases/bakery/database_description"
    described.mkdir()
    head = "original_column_name,column_name,column_description,data_format,value_description\n"
    text = head + 'grams,weight,weight of a loaf,integer,"in grams;\n± 5"\nflour,,kind of flour,text,\n'
    (described / "bread.csv").write_bytes(text.encode("cp1252"))
    (described / "oven.csv").write_bytes(b"\xef\xbb\xbf" + (head + "heat,,temperature °C,real,\n").encode())
    return folder
