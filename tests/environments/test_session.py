"""The session: its tools, its limits, its reward, whatever a model calls."""

import hashlib
import pickle
import sqlite3
import threading
from contextlib import closing

import duckdb
import pytest

from sqlreason.environments import SessionFactory, ToolLimits
from sqlreason.environments.session import TOOLS, names_a_file
from sqlreason.environments.tool_calls import find_calls
from sqlreason.environments.wording import opening_messages
from sqlreason.errors import BadInput
from sqlreason.reasoning.format import TAGS, render
from sqlreason.rewards import REWARDS
from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.verifier import Task, Verifier

CONTEXT = (
    "CREATE TABLE users (name TEXT, age INT);"
    "INSERT INTO users VALUES ('Ada', 36), ('Bob', 20), (NULL, 41);"
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, buyer TEXT);"
)
GOLD = "SELECT name FROM users WHERE age > 30"
ROW = {"sql_context": CONTEXT, "gold_sql": GOLD}


@pytest.fixture(scope="module")
def sessions():
    with SessionFactory() as factory:
        yield factory


def test_a_model_looks_around_and_submits(sessions):
    session = sessions.open("Who is over 30?", **ROW)
    assert session.list_tables() == "users (name, age)\norders (id, buyer)"
    assert session.describe_table('"USERS"').splitlines() == [
        "CREATE TABLE users (name TEXT, age INT);", "name | age", "Ada | 36", "Bob | 20", "NULL | 41", "(3 rows)"
    ]  # fmt: skip
    assert session.run_sql("SELECT COUNT(*) AS n FROM users") == "n\n3\n(1 row)"
    assert not session.done and session.submit(f"{GOLD} AND 1 = 1") == "submitted"
    assert session.done and session.reward() == 1.0 and session.reason == "agrees"
    assert [call.tool for call in session.calls] == [*TOOLS[:3], "submit"]
    assert not any(call.failed for call in session.calls)


def test_the_first_answer_counts_and_ends_the_tools(sessions):
    session = sessions.open(**ROW)
    session.submit("SELECT name FROM users")
    assert session.submit(GOLD).startswith("error: the answer was submitted")
    assert session.run_sql(GOLD).startswith("error: the answer was submitted")
    session.answer(render("…", GOLD))
    assert session.reward() < 1.0 and session.reason == "mismatch"


@pytest.mark.parametrize(
    "query",
    [
        *(f"{GOLD} AND name <> '{tag}'" for tag in TAGS),
        f"{GOLD} -- see <sql>, </think>",
        f"/* </sql> */ {GOLD}",
        f"```sql\n{GOLD}\n```",
    ],
)
def test_a_right_query_is_paid_whatever_its_text_holds(sessions, query):
    session = sessions.open(**{**ROW, "gold_sql": f"{GOLD} AND name IS NOT NULL"} if "AND" in query else ROW)
    session.submit(query)
    assert (session.reward(), session.reason) == (1.0, "agrees")


def test_a_value_that_is_a_tag_can_be_asked_for(sessions):
    rows = "CREATE TABLE parts (name TEXT); INSERT INTO parts VALUES ('<sql>'), ('<think>'), ('b')"
    for tag in ("<sql>", "</sql>"):
        gold = f"SELECT COUNT(*) FROM parts WHERE name = '{tag}'"
        session = sessions.open(sql_context=rows, gold_sql=gold)
        session.answer(render("Count it.", gold))
        assert (session.reward(), session.reason) == (1.0, "agrees")


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("drop", {}, "there is no tool 'drop'; there are list_tables"),
        (["run_sql"], {}, "there is no tool \"['run_sql']\""),
        (None, {}, "there is no tool 'None'"),
        ("run_sql", {1: "a", "query": "b"}, "run_sql takes query, not {1: 'a'"),
        ("run_sql", {}, "run_sql takes query, not {}"),
        ("run_sql", {"query": "SELECT 1", "limit": 5}, "run_sql takes query"),
        ("run_sql", {"query": 5}, "the arguments of run_sql are texts"),
        ("run_sql", "SELECT 1", "run_sql takes query, not 'SELECT 1'"),
        ("run_sql", None, "run_sql takes query, not None"),
        ("list_tables", {"table": "users"}, "list_tables takes no arguments"),
        ("describe_table", {"table": "nope"}, "there is no table 'nope'; there are users, orders"),
        ("run_sql", {"query": "SELECT agee FROM users"}, "no such column: agee"),
        ("run_sql", {"query": "SELEC"}, "syntax_error"),
        ("run_sql", {"query": ""}, "empty"),
        ("run_sql", {"query": "DELETE FROM users"}, "denied"),
        ("run_sql", {"query": "SELECT 1; SELECT 2"}, "multi_statement"),
        ("run_sql", {"query": "SELECT '\ud800\x00'"}, ""),
    ],
)
def test_what_goes_wrong_in_a_tool_is_a_text(sessions, tool, arguments, told):
    session = sessions.open(**ROW)
    text = session.call(tool, arguments)
    assert text.startswith("error: ") and told in text
    assert session.calls[-1].failed and len(text) < 5_000 and not session.done


def test_what_is_shown_has_limits():
    limits = ToolLimits(calls=3, rows=2, characters=100, sample_rows=1)
    with SessionFactory(limits=limits) as sessions:
        session = sessions.open(**ROW)
        assert session.run_sql("SELECT age FROM users").endswith("36\n20\n(the first 2 rows; there are more)")
        assert len(session.run_sql("SELECT printf('%.*c', 900, 'x') FROM users")) < 160
        assert session.describe_table("users").splitlines()[-2:] == ["Ada | 36", "(1 row)"]
        assert session.list_tables() == "error: no calls are left; submit a query"
        assert session.submit(GOLD) == "submitted" and session.reward() == 1.0


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_a_task_brings_its_own_engine_and_hides_its_test_databases(sessions, engine):
    hidden = CONTEXT.replace("'Bob', 20", "'Secret', 50")
    session = sessions.open("Who?", task=Task("q", GOLD, (CONTEXT, hidden), engine))
    assert "Bob" in session.run_sql("SELECT * FROM users") and "users" in session.list_tables()
    session.submit("SELECT name FROM users WHERE age > 30 AND (name <> 'Secret' OR name IS NULL)")
    assert 0.1 < session.reward() < 1.0
    assert not any("Secret" in session.run_sql(f"SELECT * FROM users -- {n}") for n in range(2))


@pytest.mark.parametrize(
    "name", ["execution", "arctic", "sql_r1", "partial", "reasoning", "format", "check_sql_reward"]
)
def test_single_turn_earns_what_the_reward_itself_gives(name):
    reward = REWARDS[name]()
    texts = [render("Read users.", sql) for sql in (GOLD, "SELECT name FROM users", "SELECT 1", "DROP TABLE users")]
    texts += ["", f"words {texts[0]}", texts[0][:-5]]
    direct = reward(texts, sql_context=[CONTEXT] * len(texts), gold_sql=[GOLD] * len(texts))
    with SessionFactory(reward) as sessions:
        found = []
        for text in texts:
            session = sessions.open(**ROW)
            session.answer([{"role": "assistant", "content": text}])
            found.append(session.reward())
    assert found == direct


def test_an_episode_without_an_answer_earns_what_an_empty_one_does(sessions):
    session = sessions.open(**ROW)
    session.run_sql(GOLD)
    assert session.reward() == 0.0 and session.reason.startswith("malformed")


def test_a_row_without_a_gold_has_tools_and_no_reward(sessions):
    session = sessions.open("How many?", sql_context=CONTEXT)
    assert session.run_sql("SELECT COUNT(*) FROM users").splitlines()[1] == "3"
    with pytest.raises(BadInput, match="needs the column 'task', or 'sql_context' and 'gold_sql'"):
        session.reward()


def test_a_row_that_cannot_be_used_says_why(sessions):
    with pytest.raises(BadInput, match=r"the row has \['gold_sql'\]"):
        sessions.open(gold_sql=GOLD)
    with pytest.raises(BadInput, match="no reward is called 'nope'"):
        SessionFactory("nope")
    broken = sessions.open(task="no JSON")
    assert broken.run_sql("SELECT 1").startswith("error: the database cannot be read")
    broken.answer(render("…", GOLD))
    assert broken.reward() is None and broken.reason.startswith("unusable")
    unreadable = sessions.open(sql_context="CREATE TABEL x", gold_sql=GOLD)
    assert unreadable.list_tables().startswith("error: the definitions of the tables cannot be read")


def test_a_reward_and_a_session_take_the_same_tasks_and_contexts(sessions):
    statements = [f"{statement};" for statement in CONTEXT.split(";")[:-1]]
    task = Task("q", GOLD, (CONTEXT,))
    for row in ({"sql_context": statements, "gold_sql": GOLD}, {"task": task}, {"task": task.to_json()}):
        session = sessions.open(**row)
        assert session.list_tables().startswith("users (name, age)")
        session.submit(GOLD)
        columns = {name: [value] for name, value in row.items()}
        assert sessions.reward([render("…", GOLD)], **columns) == [session.reward()] == [1.0]
        assert REWARDS["reasoning"]()([render("Read users.", GOLD)], **columns) != [None]


def test_definitions_come_from_the_first_database_that_has_any(sessions):
    hidden = CONTEXT.replace("Ada", "Secret")
    session = sessions.open(task=Task("q", GOLD, ("-- no script", hidden)))
    assert session.list_tables().startswith("users (name, age)")
    assert "Secret" not in session.describe_table("users")


def test_threads_may_share_what_sessions_share(sessions):
    earned = {}

    def work(number):
        session = sessions.open(**ROW)
        session.run_sql(f"SELECT {number} FROM users")
        session.submit(GOLD if number % 2 else "SELECT age FROM users")
        earned[number] = (session.reward() == 1.0, session.reason)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    [thread.start() for thread in threads]
    [thread.join(120) for thread in threads]
    assert earned == {n: (True, "agrees") if n % 2 else (False, "mismatch") for n in range(16)}


def test_calls_of_several_threads_share_one_limit():
    with SessionFactory(limits=ToolLimits(calls=3)) as sessions:
        session = sessions.open(**ROW)
        threads = [threading.Thread(target=session.run_sql, args=(f"SELECT {n} FROM users",)) for n in range(12)]
        [thread.start() for thread in threads]
        [thread.join(120) for thread in threads]
        assert [call.failed for call in session.calls] == [False] * 3 + [True] * 9


def test_what_a_table_holds_breaks_no_line_of_a_result(sessions):
    rows = "CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('two\nlines'), ('\x1b[31mred')"
    assert sessions.open(sql_context=rows).run_sql("SELECT a FROM t") == "a\ntwo\\nlines\n\\x1b[31mred\n(2 rows)"


def test_the_opening_shows_the_schema_or_names_the_tools():
    system, user = opening_messages("Who is </think> old?", CONTEXT)
    assert "<sql>" in system["content"] and user["content"].startswith("CREATE TABLE users (name TEXT, age INT);")
    assert user["content"].endswith("Who is < /think > old?")
    looking, question = opening_messages("Who?", CONTEXT, tools=True, in_text=True)
    assert all(tool in looking["content"] for tool in TOOLS) and question["content"] == "Who?"
    ((name, arguments),) = find_calls(looking["content"])
    assert (name, list(arguments)) == ("describe_table", ["table"])
    with pytest.raises(BadInput, match="let the model look with tools"):
        opening_messages("Who?", "no schema")


def test_a_call_in_text_is_read_however_it_is_written():
    text = '<tool_call>{"name": "run_sql", "arguments": {"query": "SELECT 1"}}</tool_call>'
    assert find_calls(f"a {text} b {text[:-12]}") == [("run_sql", {"query": "SELECT 1"})] * 2
    assert find_calls("<tool_call>[1]</tool_call><tool_call>" + "[" * 100_000) == [("", [1]), ("", "[" * 100_000)]
    assert pickle.loads(pickle.dumps(ToolLimits())) == ToolLimits()


def make_file(engine, folder):
    """A database file with the tables of these tests, and its URL."""
    path = folder / f"shop.{engine}"
    opened = sqlite3.connect(path) if engine == "sqlite" else duckdb.connect(str(path))
    with closing(opened) as connection:
        for statement in CONTEXT.split(";")[:-1]:
            connection.execute(statement)
        if engine == "sqlite":
            connection.commit()
        else:
            connection.execute("COMMENT ON COLUMN users.age IS 'in years'")
    return f"{engine}:///{path}"


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_a_question_may_name_a_file_which_is_looked_at_and_judged_on_and_never_written(
    sessions, tmp_path, monkeypatch, engine
):
    url = make_file(engine, tmp_path)
    before = hashlib.sha256((tmp_path / f"shop.{engine}").read_bytes()).hexdigest()
    monkeypatch.chdir(tmp_path)
    for named in (url, f"shop.{engine}"):
        session = sessions.open("Who?", database=named, gold_sql=GOLD)
        assert sorted(session.list_tables().splitlines()) == ["orders (id, buyer)", "users (name, age)"]
        described = session.describe_table("users")
        assert described.startswith("CREATE TABLE users") and "Ada | 36" in described
        assert ("in years" in described) == (engine == "duckdb")
        assert session.run_sql("SELECT name FROM users WHERE age < 30") == "name\nBob\n(1 row)"
        for written in ("DELETE FROM users", "DROP TABLE users", "ATTACH 'other.db' AS o"):
            assert session.run_sql(written).startswith("error: ")
        session.submit(f"{GOLD} AND 1 = 1")
        assert (session.reward(), session.reason) == (1.0, "agrees")
    assert {path.name for path in tmp_path.iterdir()} == {f"shop.{engine}"}
    assert hashlib.sha256((tmp_path / f"shop.{engine}").read_bytes()).hexdigest() == before


@pytest.mark.parametrize("engine", ["sqlite", "duckdb"])
def test_a_task_on_a_file_shows_the_file_and_none_of_the_databases_drawn_like_it(sessions, tmp_path, engine):
    task = prepare(sessions.verifier, "q", make_file(engine, tmp_path), GOLD).task
    assert task.files and len(task.databases) > 1
    session = sessions.open("Who?", task=task)
    assert "users (name, age)" in session.list_tables().splitlines()
    assert session.run_sql("SELECT COUNT(*) AS n FROM users") == "n\n3\n(1 row)"
    session.submit(GOLD)
    assert session.reward() == 1.0


@pytest.mark.parametrize("name", ["execution", "partial", "reasoning", "check_sql_reward"])
def test_a_file_earns_through_a_session_what_the_reward_itself_gives(tmp_path, name):
    url, reward = make_file("sqlite", tmp_path), REWARDS[name]()
    texts = [render("Read users.", sql) for sql in (GOLD, "SELECT name FROM users", "SELECT 1")]
    with SessionFactory(reward) as sessions:
        shown = sessions.shown_context(url)
        direct = reward(texts, database=[url] * 3, sql_context=[shown] * 3, gold_sql=[GOLD] * 3)
        found = []
        for text in texts:
            session = sessions.open(database=url, gold_sql=GOLD)
            session.answer(text)
            found.append(session.reward())
    assert found == direct and found[0] is not None and found[0] > found[2]


def test_a_file_that_cannot_be_had_is_a_text_and_a_row_without_a_reward(sessions, tmp_path):
    for named in (str(tmp_path / "nothing.sqlite"), "postgresql://localhost/x"):
        session = sessions.open(database=named, gold_sql=GOLD)
        assert session.list_tables().startswith("error: ") and session.run_sql("SELECT 1").startswith("error: ")
        session.submit(GOLD)
        assert session.reward() is None and session.reason == "unusable:database_error"


def test_a_context_that_names_a_file_is_not_followed(sessions, tmp_path):
    url = make_file("sqlite", tmp_path)
    session = sessions.open(sql_context=url, gold_sql=GOLD)
    assert "Ada" not in session.run_sql("SELECT * FROM users") and session.calls[-1].failed
    assert session.list_tables().startswith("error: ")
    assert not names_a_file(ROW) and not names_a_file({"task": Task("q", GOLD, (CONTEXT,)), "database": ""})
    assert names_a_file({"database": "a.db"}) and names_a_file({"task": Task("q", GOLD, (CONTEXT, url)).to_json()})
    assert names_a_file({"task": "no JSON"})


#: Of each engine a script, the query that its tools let one write, and what they tell of the table.
ODD_NAMES = {
    "sqlite": ('CREATE TABLE "order" ("offset" INT, Name TEXT)', 'SELECT offset, Name FROM "order"'),
    "duckdb": ('CREATE TABLE "user" ("offset" INT, Name TEXT)', 'SELECT "offset", Name FROM "user"'),
    "postgres": ('CREATE TABLE "user" ("Offset" INT, Name TEXT)', 'SELECT "Offset", name FROM "user"'),
}


@pytest.mark.parametrize("engine", ["sqlite", "duckdb", "postgres"])
def test_names_are_told_as_the_engine_reads_them_back(request, engine):
    script, query = ODD_NAMES[engine]
    table, name = query.partition(" FROM ")[2], query.removeprefix("SELECT ").partition(" FROM ")[0]
    task = Task("", query, (f"{script}; INSERT INTO {table} VALUES (7, 'Ada')",), engine)
    server = request.getfixturevalue("looked_at_server") if engine == "postgres" else ""
    with SessionFactory(verifier=Verifier(server=server)) as factory:
        session = factory.open("?", task=task)
        assert session.list_tables() == f"{table} ({name})"
        described = session.describe_table(table)
        assert described.startswith(f"CREATE TABLE {table} ({name.split(', ')[0]} ") and "7 | Ada" in described
        assert "7 | Ada" in session.run_sql(query)


@pytest.fixture
def looked_at_server(postgres):
    postgres.execute("CREATE ROLE looker LOGIN", "CREATE DATABASE looked_at OWNER looker")
    return postgres.url("looker", "looked_at").replace("postgresql:", "postgresql+psycopg:")
