"""Rows of drawn databases are such as their columns and rules allow."""

import pytest

from sql.sql_cases import load_cases
from sqlreason.sql.databases.plain_scripts import settle
from sqlreason.sql.databases.preparation import draw_databases, prepare
from sqlreason.sql.databases.styles import styles_of
from sqlreason.sql.parsing.check_constraints import Unreadable, condition_of, holds, is_readable
from sqlreason.sql.parsing.schema import parse_schema
from sqlreason.sql.verdicts import Task
from sqlreason.sql.verifier import Verifier

_, CASES = load_cases("checks")
FLAGS = ["BOOLEAN", "BOOL", "bool", "TINYINT(1)", "TINYINT (1)", "BIT", "BIT(1)"]


@pytest.fixture(scope="module")
def verifier(driver):
    with Verifier() as verifier:
        yield verifier


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("suite", ["lenient", "strict"])
def test_drawn_rows_obey(verifier, case, suite) -> None:
    context, gold, forbidden = case.texts
    task = Task("1", gold, (settle(context),))
    databases = draw_databases(task, parse_schema(context), styles_of(suite, 7), 3)
    assert len(databases) == 7
    for database in databases:
        breaking = verifier.run(database, f"SELECT * FROM t WHERE {forbidden}")
        assert (breaking.status, breaking.rows) == ("ok", ()), (breaking.reason, database)
        assert len(verifier.run(database, "SELECT * FROM t").rows) > 1


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golds_over_ruled_tables_are_usable(verifier, case) -> None:
    prepared = prepare(verifier, "1", *case.texts[:2])
    assert prepared.status == "ok" and "rules_unread" not in prepared.flags
    assert len(prepared.task.databases) == 4


def test_a_rule_that_cannot_be_read_is_told(verifier) -> None:
    context = "CREATE TABLE t (id INT, n INT CHECK (CASE WHEN n > 3 THEN 1 ELSE n END > 0)); INSERT INTO t VALUES (1,2)"
    assert "rules_unread" in prepare(verifier, "1", context, "SELECT id FROM t WHERE n > 1").flags


@pytest.mark.parametrize(
    ("condition", "row", "passes"),
    [
        ("a = 1", {"a": None}, True),
        ("a = 1 OR b = 2", {"a": None, "b": 2}, True),
        ("a = 1 AND b = 2", {"a": None, "b": 3}, False),
        ("a < b", {"a": 5, "b": "text"}, True),
        ("a IS NOT NULL", {"a": None}, False),
        ("a IS TRUE", {"a": True}, True),
        ("NOT a", {"a": 1}, False),
        ("coalesce(a, b) > 0", {"a": None, "b": 1}, True),
        ("a / 2 = 3", {"a": 7}, True),
        ("a % 2 = 0", {"a": 7}, False),
        ("upper(a) = 'AB' AND length(trim(a)) = 2", {"a": "ab"}, True),
        ("a LIKE 'A_c%'", {"a": "abcd"}, True),
        ("a GLOB '[^0-9]*'", {"a": "7"}, False),
        ("a NOT BETWEEN -1 AND 1", {"a": 0}, False),
    ],
)
def test_conditions_hold_as_in_sqlite(verifier, condition, row, passes) -> None:
    tree = condition_of(condition)
    assert is_readable(tree) and holds(tree, row) is passes
    shown = ", ".join(f"{'NULL' if v is None else repr(v)} AS {name}" for name, v in row.items())
    query = f"SELECT COALESCE(({condition}), 1) <> 0 FROM (SELECT {shown})"
    assert verifier.run("CREATE TABLE x (y);", query).rows == ((int(passes),),)


@pytest.mark.parametrize("condition", ["weird(a) > 1", "a IN (SELECT 1)", "CASE WHEN a THEN 1 END", "a > 1e"])
def test_other_conditions_are_told_to_be_unreadable(condition) -> None:
    tree = condition_of(condition)
    assert tree is None or not is_readable(tree)


def test_a_condition_on_a_column_that_is_not_there_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        holds(condition_of("b = 1"), {"a": 1})


# -------------------------------------------------------------------------------------------------- truth values
def flagged(kind, *rows):
    written = ", ".join(f"({number}, 't{number}', {row})" for number, row in enumerate(rows, 1))
    return f"CREATE TABLE task (id INT PRIMARY KEY, title TEXT, done {kind}); INSERT INTO task VALUES {written};"


SPELLINGS = ["done", "done = TRUE", "done IS TRUE", "done <> 0", "done = 1", "done > 0", "NOT done = 0"]


@pytest.mark.parametrize("kind", FLAGS)
@pytest.mark.parametrize("suite", ["lenient", "strict"])
@pytest.mark.parametrize("rows", [("TRUE", "FALSE", "TRUE"), ("1", "0", "NULL"), ("NULL",)], ids=str)
def test_a_truth_value_is_one_however_the_gold_asks(verifier, kind, suite, rows) -> None:
    context = flagged(kind, *rows)
    golds = [f"SELECT title FROM task WHERE {spelling}" for spelling in SPELLINGS]
    more = [
        "SELECT title FROM task WHERE done = 5",
        "SELECT done, COUNT(*) FROM task GROUP BY done HAVING COUNT(*) > 3",
        "SELECT title FROM task WHERE done = (SELECT done FROM task WHERE title = 'a') ORDER BY done LIMIT 1",
        "SELECT title FROM task WHERE id > (SELECT id FROM task WHERE done = 1)",
    ]
    for gold in [*golds, *more]:
        for database in draw_databases(Task("1", gold, (settle(context),)), parse_schema(context), styles_of(suite, 7)):
            result = verifier.run(database, "SELECT DISTINCT done FROM task")
            assert {row[0] for row in result.rows} <= {0, 1, None}, (gold, database)
    for seed in range(3):
        task = prepare(verifier, "1", context, golds[seed], seed=seed, suite=suite).task
        assert {verdict.status for verdict in verifier.verify(task, golds)} == {"match"}
        others = ("NOT done", "done IS NOT NULL", "done IS NULL", "done = 0")
        wrong = [f"SELECT title FROM task WHERE {other}" for other in others]
        assert {verdict.status for verdict in verifier.verify(task, wrong)} == {"mismatch"}


def test_a_small_number_that_is_no_truth_value_stays_one(verifier) -> None:
    context = flagged("TINYINT(1)", "1", "4", "5")
    task = prepare(verifier, "1", context, "SELECT title FROM task WHERE done > 3").task
    assert verifier.verify(task, ["SELECT title FROM task WHERE done >= 3"])[0].status == "mismatch"


def test_duckdb_has_truth_values_of_its_own() -> None:
    context = (
        "CREATE TABLE task (id INTEGER PRIMARY KEY, title VARCHAR, done BOOLEAN, tags VARCHAR[]); "
        "INSERT INTO task VALUES (1, 'a', TRUE, ['x']), (2, 'b', FALSE, ['y']), (3, 'c', NULL, NULL);"
    )
    with Verifier() as verifier:
        prepared = prepare(verifier, "1", context, "SELECT title FROM task WHERE done")
        assert (prepared.task.engine, len(prepared.task.databases)) == ("duckdb", 4)
        golds = [f"SELECT title FROM task WHERE {spelling}" for spelling in SPELLINGS[:5]]
        assert {verdict.status for verdict in verifier.verify(prepared.task, golds)} == {"match"}


def test_postgresql_has_truth_values_of_its_own(postgres) -> None:
    context = flagged("BOOLEAN", "TRUE", "FALSE", "NULL")
    with Verifier(server=postgres) as verifier:
        golds = [f"SELECT title FROM task WHERE {spelling}" for spelling in ("done", "done = TRUE", "done IS TRUE")]
        original = Task("1", golds[0], (context,), "postgres")
        drawn = draw_databases(original, parse_schema(context), styles_of("strict", 7))
        task = Task("1", golds[0], (context, *drawn), "postgres")
        wrong = "SELECT title FROM task WHERE done IS NOT FALSE"
        assert [verdict.status for verdict in verifier.verify(task, [*golds, wrong])] == ["match"] * 3 + ["mismatch"]
        assert {tried.failure for tried in verifier.trial(task, [])} == {""}


def test_a_column_of_json_holds_documents_and_only_such(verifier):
    context = 'CREATE TABLE t (id INT PRIMARY KEY, d TEXT); INSERT INTO t VALUES (1, \'{"a": 3, "s": 1}\');'
    gold = "SELECT id FROM t WHERE json_extract(d, '$.a') > 2"
    found = prepare(verifier, "json", context, gold, n=3)
    assert found.status == "ok" and found.killed >= found.mutants / 2
    for script in found.task.databases[1:]:
        rows = verifier.run(script, "SELECT d FROM t WHERE d IS NOT NULL AND NOT json_valid(d)")
        assert (rows.status, rows.rows) == ("ok", ())
    (right, wrong) = verifier.verify(found.task, [gold, gold.replace("> 2", "> 3")])
    assert right.agrees and not wrong.agrees
