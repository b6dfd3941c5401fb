"""Names and errors of unknown origin on their way to a terminal."""

import json

import pytest

from sqlreason.sql.verifier import Task, Verifier
from sqlreason.text.printable import printable

USERS = (
    "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INT);"
    "INSERT INTO users VALUES (1, 'Ann', 30), (2, 'Bob', 40), (3, 'Cy', 40);"
)
ESCAPES = ["\x1b[2J", "\x1b]0;title\x07", "\x9b31m", "\u202e", "\u2028", "\r", "\x00"]
CANDIDATES = [
    'SELECT name AS "{}" FROM users',
    'SELECT "{}" FROM users',
    "SELECT {} FROM users",
    "SELECT '{}' FROM users",
    "SELECT name FROM users WHERE age > 35 {} ORDER",
]


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_no_explanation_holds_what_a_terminal_would_obey(engine) -> None:
    task = Task("", "SELECT name FROM users WHERE age > 35", (USERS,), engine)
    with Verifier() as verifier:
        for escape in ESCAPES:
            for candidate in CANDIDATES:
                found = verifier.explanation(task, candidate.format(escape))
                assert all(line.isprintable() for line in found.to_text().split("\n")), found.to_text()
                assert found.verdict.reason.isprintable()


def test_a_broken_golds_reason_is_printable_too() -> None:
    with Verifier() as verifier:
        gold = Task("", 'SELECT "\x1b[2J" FROM users', (USERS,), "duckdb")
        assert verifier.verify(gold, ["SELECT 1"])[0].reason.count("\\x1b[2J") == 1
        assert verifier.trial(gold, [])[0].failure.isprintable()
        assert verifier.run(USERS, "SELECT \x1b[2J").reason.isprintable()


def test_letters_of_all_scripts_stay_and_the_rest_is_told() -> None:
    assert printable("naïve 日本 ✓") == "naïve 日本 ✓"
    assert printable("a\nb\x1b\u202e\ud800") == "a\\nb\\x1b\\u202e\\ud800"


def test_a_record_is_json_whatever_the_rows_hold() -> None:
    task = Task("", "SELECT 1.50, 'nan'::DOUBLE, [1.5], {'a': 2.50}, 'x'::BLOB FROM users", (USERS,), "duckdb")
    with Verifier() as verifier:
        record = verifier.explanation(task, "SELECT 1.50, 2, 3, 4, 5 FROM users").to_record()
    rows = json.loads(json.dumps(record, allow_nan=False))["gold"]["rows"]
    assert rows[0] == [1.5, "nan", [1.5], {"a": 2.5}, "x'78'"]
