"""Questions that name a database file: what the tables, the prompts and the preparation make of the column."""

import json
import sqlite3
from contextlib import closing

import duckdb
import pandas as pd
import pytest
from click.testing import CliRunner

from sqlreason.cli import cli
from sqlreason.data.preparation_rows import further_golds, original_of, preparation_rows
from sqlreason.data.question_databases import described_columns
from sqlreason.data.sources import questions_of, read_file
from sqlreason.data.tables import ColumnsValidator, check_columns, records
from sqlreason.errors import BadInput
from sqlreason.reasoning.prompts import Prompt, schema_text
from sqlreason.sql.databases.batch_preparation import prepare_all
from sqlreason.teachers.blind_failures import find_blind_failures
from sqlreason.teachers.teacher_prompts import prompt_row

SHOP = """
CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, city TEXT);
CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), amount REAL);
INSERT INTO customers VALUES (1, 'Ann', 'Bern'), (2, 'Bob', 'Oslo'), (3, 'Cy', 'Bern');
INSERT INTO orders VALUES (1, 1, 5.5), (2, 1, 20), (3, 2, 7), (4, 3, 11);
"""
GOLD = "SELECT name FROM customers WHERE city = 'Bern'"
PROMPT = Prompt("p", 1, "You write SQL.", "{schema}\n\n{question}")
SECRET = "mysql://role:secret@host/shop"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project folder with a SQLite and a DuckDB file."""
    (tmp_path / "data").mkdir()
    with closing(sqlite3.connect(tmp_path / "data" / "shop.sqlite")) as connection:
        connection.executescript(SHOP)
    with closing(duckdb.connect(str(tmp_path / "data" / "shop.duckdb"))) as connection:
        connection.execute(SHOP + "COMMENT ON COLUMN customers.city IS 'where bills go';")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def questions(**columns):
    plain = {"id": "1", "sql_prompt": "Who lives in Bern?", "sql": GOLD, "sql_complexity": "basic SQL"}
    return pd.DataFrame([{**plain, **columns}])


def test_a_table_without_databases_stays_as_it_is():
    frame = questions(sql_context=SHOP)
    checked = check_columns(frame, "questions", "sql_questions")
    assert list(checked.columns) == [*frame.columns, "domain", "sql_explanation", "sql_task_type", "dialect"]
    assert preparation_rows(records(checked)) == [("1", SHOP, GOLD, (), "")]


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_the_schema_is_read_from_the_database_and_queries_are_judged_on_it(folder, engine):
    frame = check_columns(questions(database=f"data/shop.{engine}"), "questions", "sql_questions")
    (question,) = records(frame)
    url = f"{engine}:///{folder}/data/shop.{engine}"
    assert question["database"] == url and question["database_fault"] == ""
    text = schema_text(question["sql_context"], sample_rows=1)
    assert "CREATE TABLE orders" in text and "REFERENCES customers" in text and "'Ann'" in text and "'Bob'" not in text
    assert "Ann" not in schema_text(question["sql_context"])
    assert ("/* where bills go */" in text) == (engine == "duckdb")
    (prepared,) = prepare_all(preparation_rows(records(frame)))
    assert prepared.status == "ok" and prepared.task.databases[0] == url and len(prepared.task.databases) == 4


def test_paths_of_a_catalog_s_table_begin_in_the_project_wherever_the_run_is_started(folder, monkeypatch):
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    checked = ColumnsValidator("sql_questions", folder=str(folder)).validate(questions(database="data/shop.sqlite"))
    assert checked["database_fault"].tolist() == [""]


def test_a_context_that_is_given_stands_in_the_prompt_and_the_file_is_judged_on(folder):
    frame = check_columns(questions(database="data/shop.sqlite", sql_context=SHOP), "questions", "sql_questions")
    (question,) = records(frame)
    assert question["sql_context"] == SHOP and original_of(question).startswith("sqlite:///")


def test_descriptions_of_columns_stand_beside_them(folder):
    described = json.dumps({"customers": {"city": "where\nbills go"}, "orders": {"amount": "francs"}})
    frame = questions(database="data/shop.sqlite", column_descriptions=described)
    (question,) = records(check_columns(frame, "questions", "sql_questions"))
    text = schema_text(question["sql_context"])
    assert "city TEXT /* where bills go */" in text and "amount REAL /* francs */" in text
    assert described_columns("") == {}
    with pytest.raises(BadInput, match="give JSON such as"):
        described_columns("[1]")


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        ({"database": "data/missing.sqlite"}, "there is no such file"),
        ({"database": SECRET}, "mysql://… is of no known kind"),
        ({"database": "postgresql://role:secret@host/shop"}, "set PGPASSWORD"),
        ({"database": "postgresql://role@127.0.0.1:1/shop"}, "none is named: set SQLREASON_POSTGRES"),
        ({"database": "data/shop.sqlite", "column_descriptions": "no JSON"}, "give JSON such as"),
    ],
)
def test_a_database_that_cannot_be_read_costs_nothing_and_is_told(folder, columns, told):
    frame = check_columns(questions(**columns), "questions", "sql_questions")
    (question,) = records(frame)
    row = prompt_row(question, PROMPT, mode="blind", style="free", dialect="SQLite", sample_rows=0)
    assert row["messages"] == "" and told in row["reason"] and "secret" not in row["reason"]
    (prepared,) = prepare_all(preparation_rows(records(frame)))
    assert prepared.status in ("database_error", "ok")  # the descriptions alone are no fault of the database
    assert "secret" not in prepared.reason


def test_a_context_that_names_a_file_is_not_followed(folder):
    url = f"sqlite:///{folder}/data/shop.sqlite"
    (row,) = preparation_rows(records(questions(sql_context=url)))
    (prepared,) = prepare_all([row])
    assert prepared.status == "schema_error" and prepared.task is None


def test_blind_answers_are_judged_on_the_file(folder):
    frame = check_columns(questions(database="data/shop.duckdb"), "questions", "sql_questions")
    answers = {text: f"<think>So.</think><sql>{text}</sql>" for text in (GOLD, "SELECT name FROM customers")}
    for sql, failed in zip(answers, (set(), {"1"}), strict=True):
        completion = {
            "id": "1",
            "text": answers[sql],
            "reasoning": "",
            "status": "ok",
            "reason": "",
            "finish_reason": "",
        }
        assert find_blind_failures([completion], records(frame), 1) == failed


def test_further_golds_are_read_from_lists_and_texts(folder):
    assert further_golds(None) == further_golds("") == further_golds(float("nan")) == ()
    assert (
        further_golds(["SELECT 1", ""]) == further_golds('["SELECT 1"]') == further_golds("SELECT 1") == ("SELECT 1",)
    )
    other = "SELECT id, name FROM customers WHERE city = 'Bern'"
    frame = check_columns(questions(database="data/shop.sqlite", other_golds=[[other]]), "questions", "sql_questions")
    (prepared,) = prepare_all(preparation_rows(records(frame)))
    assert prepared.task.other_golds == (other,)


def test_files_of_questions_name_databases_too(folder):
    rows = [{"id": 1, "database": "data/shop.sqlite", "sql": GOLD}, {"id": 2, "database": "data/no.db", "sql": GOLD}]
    (folder / "asked.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = questions_of(read_file(folder / "asked.jsonl"), "asked.jsonl")
    assert [row[1] for row in found] == [f"sqlite:///{folder}/data/{name}" for name in ("shop.sqlite", "no.db")]
    told = CliRunner().invoke(cli, ["sql", "audit", "asked.jsonl"])
    assert "1 of 2 gold queries can be trusted" in told.output and "there is no such file" in told.output


def test_the_commands_take_a_database(folder):
    (folder / "asked.csv").write_text(f'id,sql\n1,"{GOLD}"\n')
    told = CliRunner().invoke(cli, ["sql", "audit", "asked.csv", "--database", "data/shop.duckdb"])
    assert told.exit_code == 0 and "1 of 1 gold queries can be trusted" in told.output and "duckdb" in told.output
    shared = ["sql", "explain", "--database", "data/shop.sqlite", "--gold", GOLD]
    right = CliRunner().invoke(cli, [*shared, "--candidate", "SELECT name FROM customers WHERE city IN ('Bern')"])
    assert right.exit_code == 0 and "agrees with the gold on all 4 databases" in right.output, right.output
    wrong = CliRunner().invoke(cli, [*shared, "--candidate", "SELECT name FROM customers"])
    assert wrong.exit_code == 1 and "Bob" in wrong.output
    asked = ["sql", "explain", "--source", "asked.csv", "--id", "1", "--database", "data/shop.sqlite"]
    assert CliRunner().invoke(cli, [*asked, "--candidate", GOLD]).exit_code == 0
    refused = CliRunner().invoke(cli, ["sql", "audit", "asked.csv", "--database", SECRET])
    assert refused.exit_code == 1 and "no known kind" in refused.output and "secret" not in refused.output
