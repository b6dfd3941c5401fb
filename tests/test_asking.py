"""A question to a student: the vote, the rows, and what is said where there is no result."""

import sqlite3

import pytest
from click.testing import CliRunner
from kedro.framework.startup import bootstrap_project

from sqlreason import asking
from sqlreason.cli import cli
from sqlreason.reasoning.format import render

CONTEXT = "CREATE TABLE users (name TEXT, age INT); INSERT INTO users VALUES ('Ann', 30), ('Bob', 40), ('Cy', 40);"
NAMES = "SELECT name FROM users WHERE age > 35"


def answers(*queries):
    return [render("Read users.", query) for query in queries]


def test_the_result_that_most_answers_share_is_shown_with_its_votes():
    reply = asking.choose(CONTEXT, [*answers("SELECT age FROM users", NAMES, f"{NAMES} ORDER BY 1 DESC"), "no tags"])
    assert (reply.sql, reply.think, reply.fault) == (NAMES, "Read users.", "")
    assert (reply.columns, reply.rows, reply.votes, reply.answers) == (("name",), (("Bob",), ("Cy",)), 2, 4)


FAULTS = [
    (["no tags"], "no answer follows the grammar (no_think)", ""),
    (answers("SELECT surname FROM users"), "no such column: surname", "SELECT surname FROM users"),
    (answers("DROP TABLE users"), "denied", "DROP TABLE users"),
]


@pytest.mark.parametrize(("given", "told", "sql"), FAULTS, ids=[case[1] for case in FAULTS])
def test_where_there_is_no_result_the_reply_says_why(given, told, sql):
    reply = asking.choose(CONTEXT, given)
    assert told in reply.fault and reply.sql == sql and not reply.rows


def test_a_database_is_read_from_sqlite_or_from_statements_and_not_written(tmp_path):
    path, script = tmp_path / "users.db", tmp_path / "users.sql"
    with sqlite3.connect(path) as connection:
        connection.executescript(CONTEXT)
    script.write_text(CONTEXT)
    before = path.read_bytes()
    replies = [asking.choose(asking.read_context(text), answers(NAMES)) for text in (f"sqlite:///{path}", str(script))]
    assert replies[0].rows == replies[1].rows == (("Bob",), ("Cy",)) and path.read_bytes() == before
    for missing in (f"sqlite:///{tmp_path}/none.db", f"{tmp_path}/none.sql"):
        with pytest.raises(ValueError, match=r"none.* cannot be read .* give sqlite:///FILE"):
            asking.read_context(missing)


def test_a_student_that_was_taught_nothing_yet_is_told_of(project, tmp_path, monkeypatch):
    bootstrap_project(project)
    monkeypatch.chdir(project)
    script = tmp_path / "users.sql"
    script.write_text(CONTEXT)
    question = ["Who is older than 35?", "--database", str(script), "--student", "base", "--votes", "2"]
    told = CliRunner().invoke(cli, ["sqlreason", "ask", *question])
    assert told.exit_code == 1 and "no answer follows the grammar" in told.output
