"""Small folders in the layouts of Spider and BIRD, with rows of our own."""

import json
import sqlite3
from contextlib import closing

import pytest

HARBOUR = """
CREATE TABLE pier (pier_id INTEGER PRIMARY KEY, place TEXT, depth REAL);
CREATE TABLE boat (boat_id INTEGER PRIMARY KEY, rig TEXT, years INTEGER, pier_id INTEGER REFERENCES pier);
INSERT INTO pier VALUES (1, 'north', 3.5), (2, 'south', 2.0);
INSERT INTO boat VALUES (1, 'sloop', 3, 1), (2, 'ketch', 2, 1), (3, 'ketch', 1, 2);
"""
#: The suite's database on which `years <> 1` is not `years > 1`.
HARBOUR_SUITE = HARBOUR + "INSERT INTO boat VALUES (4, 'yawl', 0, 2);"
BAKERY = """
CREATE TABLE bread (bread_id INTEGER PRIMARY KEY, flour TEXT, grams INTEGER);
INSERT INTO bread VALUES (1, 'rye', 500), (2, 'rye', 750), (3, 'spelt', 500);
"""
GOLD = "SELECT rig FROM boat WHERE years > 1"
#: Database, question, gold, hardness by Spider's rules.
SPIDER = [
    ("harbour", "Which rigs are older than a year?", GOLD, "easy"),
    ("harbour", "How many boats has each place?",
     "SELECT T1.place, count(*) FROM pier AS T1 JOIN boat AS T2 ON T1.pier_id = T2.pier_id GROUP BY T1.place", "medium"),
    ("bakery", "What is the heaviest bread?", "SELECT flour FROM bread ORDER BY grams DESC LIMIT 1", "medium"),
    ("bakery", "Which flours make no bread over 600 g?",
     "SELECT flour FROM bread EXCEPT SELECT flour FROM bread WHERE grams > 600", "hard"),
]  # fmt: skip
#: Likewise with BIRD's evidence and difficulty.
BIRD = [
    (31, "harbour", "How many old boats are there?", "old means years > 1", "SELECT COUNT(*) FROM boat WHERE years > 1",
     "simple"),
    (47, "bakery", "List the flours of bread.", "", "SELECT flour FROM bread", "moderate"),
    (90, "bakery", "What share of the bread is rye?", "rye is the flour",
     "SELECT CAST(SUM(flour = 'rye') AS REAL) * 100 / COUNT(*) FROM bread", "challenging"),
]  # fmt: skip


def write_database(file, script):
    file.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(script)


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
