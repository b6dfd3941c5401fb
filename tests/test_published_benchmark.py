"""The benchmark on published predictions reads a folder in Spider's layout and counts what engine and suite say."""

import json
import sqlite3
import subprocess
import sys

DEFINITIONS = """
CREATE TABLE boat (boat_id INTEGER PRIMARY KEY, rig TEXT, years INTEGER);
INSERT INTO boat VALUES (1, 'sloop', 3), (2, 'ketch', 2), (3, 'ketch', 1);
"""
GOLD = "SELECT rig FROM boat WHERE years > 1"
#: Prediction, official verdict on the one database, official verdict on the suite.
PREDICTIONS = [
    (GOLD, 1, 1),
    ("SELECT rig FROM boat WHERE years >= 2", 1, 1),
    ("SELECT rig FROM boat WHERE years <> 1", 1, 0),
]


def test_it_tells_agreement_lucky_ones_left_and_right_ones_refused(project, tmp_path) -> None:
    folder = tmp_path / "database" / "boats"
    folder.mkdir(parents=True)
    with sqlite3.connect(folder / "boats.sqlite") as connection:
        connection.executescript(DEFINITIONS)
    (tmp_path / "dev.json").write_text(json.dumps([{"db_id": "boats", "query": GOLD}]))
    rows = [
        {"index": 0, "prediction": text, "official_single": single, "official_suite": suite}
        for text, single, suite in PREDICTIONS
    ]
    (tmp_path / "predictions.jsonl").write_text("\n".join(json.dumps(row) for row in rows * 2))
    command = [sys.executable, "benchmarks/published.py", tmp_path, "--seeds", "0", "--to", tmp_path / "out.jsonl"]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    record = json.loads((tmp_path / "out.jsonl").read_text())
    counts = record["counts"]
    assert (counts["predictions"], counts["lucky"], counts["right"], counts["golds"]) == (6, 2, 4, 1)
    assert (record["agreement"], counts["lucky_left"], counts["right_refused"]) == (100.0, 0, 0)
