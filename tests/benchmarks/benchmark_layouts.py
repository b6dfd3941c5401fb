"""Questions and rows of our own for small folders in the layouts of Spider and BIRD."""

import sqlite3
from contextlib import closing

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
     "SELECT T1.place, count(*) FROM pier AS T1 JOIN boat AS T2 ON T1.pier_id = T2.pier_id GROUP BY T1.place",
     "medium"),
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
