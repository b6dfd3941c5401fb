"""`kedro sql audit` and `kedro sql explain` as a user types them."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner
from kedro.framework.startup import bootstrap_project

from sqlreason.cli import cli

CONTEXT = "CREATE TABLE users (name TEXT, age INT); INSERT INTO users VALUES ('Ann', 30), ('Bob', 40), ('Cy', 40);"
GOLD = "SELECT name FROM users WHERE age > 35"
ROWS = [
    {"id": 7, "sql_context": CONTEXT, "sql": GOLD},
    {"id": 8, "sql_context": CONTEXT, "sql": "SELECT nope FROM users"},
    {"id": 9, "sql_context": CONTEXT, "sql": "SELECT MAX(age) FROM users"},
]


def run(*arguments):
    return CliRunner().invoke(cli, ["sql", *map(str, arguments)])


@pytest.fixture(params=["jsonl", "csv", "parquet"])
def source(request, tmp_path):
    path, frame = tmp_path / f"questions.{request.param}", pd.DataFrame(ROWS)
    if request.param == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    else:
        frame.to_csv(path, index=False) if request.param == "csv" else frame.to_parquet(path)
    return path


def test_an_audit_counts_the_golds_that_can_be_trusted_and_says_why_not(source):
    told = run("audit", source)
    assert told.exit_code == 0, told.output
    assert "2 of 3 gold queries can be trusted (66.7%)" in told.output
    assert "gold_error" in told.output and "no such column" in told.output
    found = json.loads(run("audit", source, "--json", "--limit", 2).stdout)
    assert [(row["id"], row["status"]) for row in found["rows"]] == [("7", "ok"), ("8", "gold_error")]
    assert found["summary"]["usable"] == 1 and found["summary"]["kill_rate"] > 0.5
    assert sum(cell["rows"] for cell in found["matrix"]) == 2


def test_a_catalog_entry_can_be_audited(project, monkeypatch):
    bootstrap_project(project)
    monkeypatch.chdir(project)
    told = run("audit", "heldout_questions", "--limit", 2)
    assert told.exit_code == 0 and "of 2 gold queries can be trusted" in told.output
    assert "no file and no catalog entry; entries are " in run("audit", "questions").output
    assert "holds a dict, no table" in run("audit", "student_prompt").output


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("none.csv", None, "there is no file"),
        ("empty.jsonl", "", "is empty"),
        ("bare.csv", "sql_context,sql\n", "has no rows"),
        ("wrong.csv", "question,answer\na,b\n", "lacks the columns ['sql_context', 'sql']"),
        ("broken.jsonl", '{"sql": "x", "sql_context": "y"}\n{"sql": \n', "line 2 is not JSON"),
        ("list.jsonl", "[1]\n", "line 1 holds a list"),
        ("text.parquet", "no parquet", "cannot be read"),
        ("binary.jsonl", b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_a_source_that_cannot_be_read_is_named_with_its_reason(tmp_path, name, content, told):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    result = run("audit", path)
    assert result.exit_code == 1 and isinstance(result.exception, SystemExit)
    assert told in result.output and str(path) in result.output


def test_an_explanation_shows_the_first_database_that_differs(tmp_path):
    wrong = tmp_path / "wrong.sql"
    wrong.write_text("SELECT name FROM users WHERE age > 25")
    told = run("explain", "--context", CONTEXT, "--gold", GOLD, "--candidate", f"@{wrong}")
    assert told.exit_code == 1
    assert "mismatch: more rows than the gold's 2 (on database 1 of" in told.output
    shown = " ".join(told.output.split())
    assert "> ('Ann',)" in shown and "('Bob',) | ('Bob',)" in shown
    same = "SELECT u.name FROM users u WHERE NOT age <= 35"
    right = run("explain", "--context", CONTEXT, "--gold", GOLD, "--candidate", same)
    assert (right.exit_code, right.output.startswith("agrees with the gold on all")) == (0, True), right.output


def test_an_explanation_can_be_json_and_follow_other_rules(source):
    distinct = "SELECT DISTINCT age FROM users WHERE age > 35"
    asked = ("explain", "--context", CONTEXT, "--gold", "SELECT age FROM users WHERE age > 35", "--candidate", distinct)
    strict = run(*asked, "--json")
    found = json.loads(strict.stdout)
    assert found["verdict"]["status"] == "mismatch" and found["gold"]["rows"] == [[40], [40]]
    assert found["candidate"]["rows"] == [[40]] and (found["engine"], strict.exit_code) == ("sqlite", 1)
    assert run(*asked, "--preset", "bird").exit_code == 0
    assert "no preset is called 'x'" in run(*asked, "--preset", "x").output
    of_source = run("explain", "--source", source, "--id", 9, "--candidate", "SELECT 40")
    assert of_source.exit_code == 1 and "no_table_read" in of_source.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--candidate", "SELECT 1"), "give --context and --gold, or --source and --id"),
        (("--context", "@none.sql", "--gold", GOLD, "--candidate", GOLD), "none.sql"),
        (("--context", "CREATE TABEL", "--gold", GOLD, "--candidate", GOLD), "the gold cannot be used, schema_error"),
    ],
)
def test_what_cannot_be_explained_is_said(arguments, told):
    result = run("explain", *arguments)
    assert result.exit_code == 1 and told in result.output


def test_a_question_that_the_source_lacks_is_said(source):
    told = run("explain", "--source", source, "--id", "1", "--candidate", GOLD)
    assert told.exit_code == 1 and "0 questions of" in told.output
