"""A question to a student: the vote, the rows, and what is said where there is no result."""

import dataclasses
import sqlite3
from contextlib import closing
from types import SimpleNamespace

import duckdb
import pytest
import yaml
from click.testing import CliRunner
from kedro.framework.startup import bootstrap_project
from kedro.io import DataCatalog, MemoryDataset

from sqlreason.cli import cli
from sqlreason.commands import ask
from sqlreason.errors import BadInput
from sqlreason.reasoning.format import render
from sqlreason.reasoning.prompts import Prompt, prompt_schema
from sqlreason.sql.databases.plain_scripts import first_that_runs
from sqlreason.sql.databases.question_values import StoredText, texts_of_question
from sqlreason.sql.parsing.schema import parse_schema
from sqlreason.sql.verifier import Verifier
from sqlreason.students import question_answering
from sqlreason.students.checkpoints.checkpoint import Checkpoint
from sqlreason.students.generation.decoding import Generation
from sqlreason.students.prompting import StudentPrompts

CONTEXT = "CREATE TABLE users (name TEXT, age INT); INSERT INTO users VALUES ('Ann', 30), ('Bob', 40), ('Cy', 40);"
NAMES = "SELECT name FROM users WHERE age > 35"


def answers(*queries):
    return [render("Read users.", query) for query in queries]


def test_the_result_that_most_answers_share_is_shown_with_its_votes():
    reply = question_answering.choose(
        CONTEXT, [*answers("SELECT age FROM users", NAMES, f"{NAMES} ORDER BY 1 DESC"), "no tags"]
    )
    assert (reply.sql, reply.think, reply.fault) == (NAMES, "Read users.", "")
    assert (reply.columns, reply.rows, reply.votes, reply.answers) == (("name",), (("Bob",), ("Cy",)), 2, 4)


FAULTS = [
    (["no tags"], "no answer follows the grammar (no_think)", ""),
    (answers("SELECT surname FROM users"), "no such column: surname", "SELECT surname FROM users"),
    (answers("DROP TABLE users"), "denied", "DROP TABLE users"),
]


def test_a_failing_query_is_told_before_an_answer_outside_of_the_grammar():
    reply = question_answering.choose(CONTEXT, ["no tags", *answers("SELECT surname FROM users")])
    assert "no such column: surname" in reply.fault


def test_what_runs_only_as_it_stands_is_shown_as_it_was_voted_for(monkeypatch):
    monkeypatch.setattr(question_answering.voting, "to_engine", lambda sql, *_: ["SELECT misread", sql])
    reply = question_answering.choose(CONTEXT, answers(NAMES))
    assert (reply.rows, reply.fault) == ((("Bob",), ("Cy",)), "")


@pytest.mark.parametrize(("given", "told", "sql"), FAULTS, ids=[case[1] for case in FAULTS])
def test_where_there_is_no_result_the_reply_says_why(given, told, sql):
    reply = question_answering.choose(CONTEXT, given)
    assert told in reply.fault and reply.sql == sql and not reply.rows


def test_a_database_is_read_from_sqlite_or_from_statements_and_not_written(tmp_path):
    path, script = tmp_path / "users.db", tmp_path / "users.sql"
    with sqlite3.connect(path) as connection:
        connection.executescript(CONTEXT)
    script.write_text(CONTEXT)
    before = path.read_bytes()
    replies = [
        question_answering.choose(question_answering.read_context(text), answers(NAMES))
        for text in (f"sqlite:///{path}", str(script))
    ]
    assert replies[0].rows == replies[1].rows == (("Bob",), ("Cy",)) and path.read_bytes() == before
    for missing in (f"sqlite:///{tmp_path}/none.db", f"{tmp_path}/none.sql"):
        with pytest.raises(ValueError, match=r"none.* cannot be read .* give sqlite:///FILE"):
            question_answering.read_context(missing)


@pytest.mark.parametrize(("context", "query", "rows"), [
    ("CREATE TABLE `ship` (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(9), built DATE) ENGINE=InnoDB;"
     "INSERT INTO `ship` VALUES (1, 'O\\'Neil', '2020-01-01'), (2, 'Ann', '2024-06-01');",
     "SELECT name FROM ship WHERE built < DATE_SUB(CURDATE(), INTERVAL 1 YEAR)", (("O'Neil",),)),
    ("CREATE TABLE public.ship (id SERIAL PRIMARY KEY, name VARCHAR(9), out_on DATE, back_on DATE);"
     "INSERT INTO public.ship VALUES (1, 'Ann', DATE '2024-01-01', '2024-02-01');",
     "SELECT back_on - out_on FROM public.ship WHERE name::text = 'Ann'", ((31,),)),
    ("CREATE TABLE [dbo].[ship] ([id] INT IDENTITY(1,1), [name] NVARCHAR(9));"
     "INSERT INTO [dbo].[ship] ([id], [name]) VALUES (1, N'Ann');",
     "SELECT TOP 1 name + '!' FROM [ship]", (("Ann!",),)),
], ids=["mysql", "postgres", "tsql"])  # fmt: skip
def test_a_script_of_another_dialect_is_asked_as_that_dialect_has_it(context, query, rows):
    with Verifier() as verifier:
        script, engine, reading = first_that_runs(verifier, context)
    reply = question_answering.choose(script, answers(query), engine, reading)
    assert (reply.rows, reply.fault, reply.sql) == (rows, "", query)


def test_a_script_that_loads_nowhere_is_told_with_its_error():
    with Verifier() as verifier:
        script, engine, reading = first_that_runs(verifier, "CREATE TABLE users (name TEXT; no")
    assert "syntax error" in question_answering.choose(script, answers(NAMES), engine, reading).fault


def test_a_database_with_a_search_index_broken_texts_and_computed_columns_is_copied_without_what_no_sandbox_has(
    tmp_path, caplog
):
    path = tmp_path / "odd.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(
            "CREATE TABLE book (id INTEGER PRIMARY KEY, title TEXT, n INT, twice INT AS (n * 2), r REAL);"
            "CREATE VIRTUAL TABLE book_fts USING fts5(title); CREATE VIRTUAL TABLE area USING rtree(id, x0, x1);"
            "CREATE TRIGGER t AFTER INSERT ON book BEGIN INSERT INTO book_fts VALUES (NEW.title); END;"
            "CREATE VIEW cheap AS SELECT title FROM book WHERE n < 5; CREATE INDEX i ON book (title);"
            "INSERT INTO book (title, n, r) VALUES ('A;''b', 2, 9e999), (x'00ff', 3, -9e999), ('C', NULL, 1e308);"
        )
        connection.execute("INSERT INTO book (title, n) VALUES (CAST(? AS TEXT), 7)", ("Müller".encode("latin-1"),))
        connection.execute("INSERT INTO book (title, n) VALUES ('with' || char(0) || 'in', 9)")
    context = question_answering.read_context(f"sqlite:///{path}")
    reply = question_answering.choose(context, answers("SELECT title, twice, r FROM book ORDER BY id"))
    assert reply.rows == (
        ("A;'b", 4, float("inf")), (b"\x00\xff", 6, float("-inf")), ("C", None, 1e308), ("M\ufffdller", 14, None),
        ("with\0in", 18, None),
    )  # fmt: skip
    assert "fts" not in context.partition("CREATE TRIGGER")[0] and "area" not in context
    assert question_answering.choose(context, answers("SELECT title FROM cheap")).fault == ""
    assert sum("no UTF-8" in record.message for record in caplog.records) == 1


def chosen(found, query):
    script, engine, reading = found
    return question_answering.choose(script, answers(query), engine, reading).rows


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_dump_of_another_engine_is_asked_like_any_script(tmp_path, encoding):
    path = tmp_path / "dump.sql"
    path.write_bytes(
        "CREATE TABLE `users` (`id` int unsigned NOT NULL AUTO_INCREMENT, `name` varchar(9), `age` int,\r\n"
        "PRIMARY KEY (`id`), KEY `k` (`age`)) ENGINE=InnoDB;\r\n"
        "INSERT INTO `users` (`name`, `age`) VALUES ('O\\'Neil',30),('Bob',40),('Cy',40);".encode(encoding)
    )
    with Verifier() as verifier:
        found = first_that_runs(verifier, question_answering.read_context(str(path)))
    assert found[1:] == ("sqlite", "mysql")
    assert chosen(found, NAMES) == (("Bob",), ("Cy",))
    assert chosen(found, "SELECT id, name FROM users WHERE age = 30") == ((1, "O'Neil"),)
    assert chosen(found, "SELECT age / 4 FROM users WHERE `name` <> 'Cy' AND id DIV 2 = 1") == ((10,),)


LONG = "".join(
    f"CREATE TABLE part_{i} (id INTEGER PRIMARY KEY, size_{i} INT, before INT REFERENCES part_{max(i - 1, 0)} (id));"
    for i in range(40)
)


@pytest.mark.parametrize(
    ("tables", "told"),
    [
        ([f"part_{i}" for i in range(40)], r"max_prompt_tokens = 640\. Name fewer tables, or"),
        (["pard_3"], "no table pard_3; it has part_0, part_1"),
    ],
)
def test_a_schema_that_is_too_long_names_the_budget_and_both_ways_out(tables, told, asked):
    with pytest.raises(ValueError, match=told):
        asked(tables)


def test_around_the_tables_that_are_named_a_long_schema_is_cut(asked):
    assert asked(["part_9", "part_10"]).fault.startswith("no answer follows the grammar")


@pytest.fixture
def prompts(project):
    prompt = Prompt.from_mapping(yaml.safe_load((project / "data/01_raw/prompts/student.yaml").read_text()))
    chat = Checkpoint(str(project / "data/06_models/tiny_student")).load_chat()
    return StudentPrompts(prompt, chat, max_prompt_tokens=640, sample_rows=0)


def test_of_a_schema_over_the_budget_the_tables_are_shown_that_the_question_speaks_of(prompts, caplog):
    long = question_answering.Database(LONG)
    (_, told) = question_answering._messages(prompts, "Which part 9 has the largest size 20?", long, ())
    assert "part_9 (" in told["content"] and "part_20 (" in told["content"] and "part_38 (" not in told["content"]
    assert "of 40 tables, by the words of the question: part_" in caplog.text
    assert "--table names others" in caplog.text


def test_tables_of_postgresql_are_told_as_it_keeps_their_names(prompts, caplog):
    prompts.max_tables = 1
    shop = question_answering.Database(
        'CREATE TABLE Customer (Id INT); CREATE TABLE "Invoice" (Total INT);', "postgres"
    )
    question_answering._messages(prompts, "How many customers?", shop, ())
    assert "is shown 1 of 2 tables, by the words of the question: customer;" in caplog.text


def test_who_asks_is_told_which_values_of_the_question_were_found(prompts, caplog):
    prompts.prompt = dataclasses.replace(prompts.prompt, user=f"{prompts.prompt.user}\n{{values}}")
    database = question_answering.Database(CONTEXT)
    (_, told) = question_answering._messages(prompts, "How old is bob?", database, ())
    assert told["content"].endswith("How old is bob?\n-- users.name = 'Bob'")
    assert caplog.messages == ["values that the question holds: users.name = 'Bob'"]


def test_a_table_that_alone_is_over_the_budget_is_told(prompts):
    wide = f"CREATE TABLE readings ({', '.join(f'sensor_{i} REAL' for i in range(400))});"
    with pytest.raises(
        BadInput, match=r"= 640\. That is with one table alone: shorten the question, or raise it in conf/"
    ):
        question_answering._messages(prompts, "How many readings?", question_answering.Database(wide), ())


@pytest.fixture
def asked(project):
    """Asks the untrained student about the long schema."""
    student = Checkpoint(str(project / "data/06_models/tiny_student"))
    prompt = Prompt.from_mapping(yaml.safe_load((project / "data/01_raw/prompts/student.yaml").read_text()))
    prompts = StudentPrompts(prompt, student.load_chat(), max_prompt_tokens=640, sample_rows=0)
    options = {"votes": 1, "temperature": 0.7, "max_completion_tokens": 4}
    long = question_answering.Database(LONG)
    return lambda tables: question_answering.ask(
        student, None, prompts, "How many parts?", long, **options, tables=tables
    )


def test_a_student_that_was_taught_nothing_yet_is_told_of(project, tmp_path, monkeypatch):
    bootstrap_project(project)
    monkeypatch.chdir(project)
    script = tmp_path / "users.sql"
    script.write_text(CONTEXT)
    question = ["Who is older than 35?", "--database", str(script), "--student", "base", "--votes", "2"]
    told = CliRunner().invoke(cli, ["sqlreason", "ask", *question])
    assert told.exit_code == 1 and "no answer follows the grammar" in told.output


@pytest.mark.parametrize(
    ("there", "named", "found"),
    [
        (["sft", "kept"], (), "sft"),
        (["kept"], (), "kept"),
        (["sft", "kept"], ("kept",), "kept"),
        (["sft"], ("grpo",), None),
    ],
)
def test_the_best_student_that_there_is_answers_unless_one_is_named(there, named, found, capsys):
    catalog = DataCatalog({f"{name}_adapter": MemoryDataset(f"adapter of {name}") for name in there})
    if found is None:
        with pytest.raises(BadInput, match=r"no trained student yet \(of grpo\)"):
            ask._load_adapter(catalog, named)
    else:
        assert ask._load_adapter(catalog, named or ask.TRAINED) == f"adapter of {found}"
        assert capsys.readouterr().err == f"student: {found}\n"


def test_each_of_the_answers_is_corrected_before_the_vote(monkeypatch):
    class Student:
        def __init__(self, *_, **__):
            self.adapter = self.tools = None
            self.checkpoint = SimpleNamespace(window=10**6, load_chat=lambda: SimpleNamespace(prompt_ids=lambda _: []))

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def answer(self, conversations, progress=None, samples=1, **_):
            told.extend(turns[-1]["content"] for turns in conversations)
            texts = answers("SELECT surname FROM users", "SELECT name FROM users LIMIT 1", "SELECT title FROM users")
            texts = texts if samples == 3 else answers(NAMES) * len(conversations)
            return [Generation(text, 1, True, 0.0) for text in texts]

    told = []
    monkeypatch.setattr(question_answering.generator, "Generator", Student)
    prompts = SimpleNamespace(
        prompt=SimpleNamespace(tells_values=False),
        messages_without_gold=lambda question, *_, **__: [{"role": "user", "content": question}],
        values_of=lambda *_, **__: [],
    )
    asked = {"votes": 3, "temperature": 0.7, "max_completion_tokens": 50}
    users = question_answering.Database(CONTEXT)
    reply = question_answering.ask(None, None, prompts, "Who is older?", users, **asked, self_repairs=1)
    assert (reply.sql, reply.votes, reply.answers, reply.retried) == (NAMES, 2, 3, 2)
    assert [("surname" in text, "title" in text) for text in told[1:]] == [(True, False), (False, True)]
    reply = question_answering.ask(None, None, prompts, "Who is older?", users, **asked)
    assert (reply.votes, reply.retried) == (1, 0)


@pytest.fixture(scope="module")
def duckdb_file(tmp_path_factory):
    """A DuckDB file with two schemas, a type of its own kind, a generated column and a table that refers to itself."""
    import duckdb

    path = tmp_path_factory.mktemp("asked") / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE part (id INTEGER PRIMARY KEY, label VARCHAR, whole INTEGER REFERENCES part (id), "
            "sizes INTEGER[], double_id INTEGER GENERATED ALWAYS AS (id * 2)); CREATE SCHEMA store; "
            "CREATE TABLE store.sale (part_id INTEGER, sold TIMESTAMP, price DECIMAL(8, 2)); "
            "CREATE VIEW named AS SELECT label FROM part"
        )
        connection.execute("INSERT INTO part VALUES (1, 'frame', NULL, [1, 2])")
        connection.execute("INSERT INTO part VALUES (2, 'it''s', 1, NULL)")
        connection.execute(
            "INSERT INTO store.sale VALUES (1, '2024-05-01 10:00:00', 9.5), (2, '2024-05-02 11:00:00', 3)"
        )
    return path


def task_of(database):
    with Verifier() as verifier:
        return question_answering._task(verifier, database)


def ask_it(database, *queries):
    task = task_of(database)
    return question_answering.choose(task.databases[0], answers(*queries), task.engine, task.reading)


def test_a_duckdb_file_is_asked_in_its_own_sql_and_stays_as_it_is(duckdb_file):
    before = duckdb_file.read_bytes()
    database = question_answering.open_database(f"duckdb:///{duckdb_file}")
    query = (
        "SELECT label, list_sum(sizes), double_id, price, sold::DATE FROM part JOIN sale ON part_id = id ORDER BY id"
    )
    found = ask_it(database, query)
    assert (database.dialect, found.fault) == ("duckdb", "")
    assert [tuple(map(str, row)) for row in found.rows] == [
        ("frame", "3", "2", "9.50", "2024-05-01"), ("it's", "None", "4", "3.00", "2024-05-02"),
    ]  # fmt: skip
    assert ask_it(database, "SELECT COUNT(*) FROM named").rows == ((2,),)
    assert ask_it(database, "SELECT SUM(price) FROM store.sale").fault == ""
    assert "DELETE is not allowed" in ask_it(database, "DELETE FROM part").fault
    assert duckdb_file.read_bytes() == before and [file.name for file in duckdb_file.parent.iterdir()] == [
        "shop.duckdb"
    ]


def test_a_sqlite_file_is_asked_where_it_is_and_from_a_copy_while_somebody_writes_it(tmp_path):
    path = tmp_path / "users.db"
    with closing(sqlite3.connect(path)) as writer:
        writer.executescript("PRAGMA journal_mode = WAL;" + CONTEXT)
        writer.execute("INSERT INTO users VALUES ('Di', 50)")
        writer.commit()
        written = question_answering.open_database(f"sqlite:///{path}")
        assert written.url == "" and ask_it(written, NAMES).rows == (("Bob",), ("Cy",), ("Di",))
    whole = question_answering.open_database(f"sqlite:///{path}")
    assert whole.url == f"sqlite:///{path}" and whole.dialect == ""
    assert ask_it(whole, NAMES).rows == (("Bob",), ("Cy",), ("Di",))
    assert "denied" in ask_it(whole, "DROP TABLE users").fault


SHOP = """
CREATE TABLE "Order" (id INT PRIMARY KEY, "Buyer's name" VARCHAR(40), note TEXT, total DECIMAL(9, 2));
CREATE TABLE item (code CHAR(6), stock INT);
"""
BUYERS = [(i, f"Buyer {i}", "Österreich" if i == 999 else None, i / 4) for i in range(1000)]


def texts_of(url, question):
    database = question_answering._with_texts(question_answering.open_database(url), question)
    return {(found.table, found.column, found.text) for found in database.texts}


def check_texts(url):
    buyers = {("Order", "Buyer's name", text) for text in ("Buyer 777", "Buyer 77", "Buyer 7")}
    assert texts_of(url, "What did buyer 777 order, and is there any of it's kind?") == buyers
    assert texts_of(url, "Was Österreich there?") == {("Order", "note", "Österreich")}
    assert texts_of(url, "Count all.") == set()


def test_texts_of_the_question_are_looked_up_in_a_sqlite_file_of_many_rows(tmp_path):
    with closing(sqlite3.connect(tmp_path / "shop.db")) as writer:
        writer.executescript(SHOP)
        writer.executemany('INSERT INTO "Order" VALUES (?, ?, ?, ?)', BUYERS)
        writer.commit()
    check_texts(f"sqlite:///{tmp_path / 'shop.db'}")


def test_texts_of_the_question_are_looked_up_in_a_duckdb_file(tmp_path):
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as writer:
        writer.execute(SHOP)
        writer.executemany('INSERT INTO "Order" VALUES (?, ?, ?, ?)', BUYERS)
    check_texts(f"duckdb:///{tmp_path / 'shop.duckdb'}")


def test_texts_of_the_question_are_looked_up_in_postgresql(postgres):
    postgres.execute("CREATE ROLE clerk LOGIN", "CREATE DATABASE shelf OWNER clerk")
    rows = ", ".join(f"({number}, '{name}', '{note}', {total})" for number, name, note, total in BUYERS)
    postgres.execute("SET ROLE clerk", SHOP, f'INSERT INTO "Order" VALUES {rows}', database="shelf")
    check_texts(postgres.url("clerk", "shelf"))


def test_who_has_looked_for_texts_long_enough_says_where_it_stopped(tmp_path, caplog):
    with closing(sqlite3.connect(tmp_path / "shop.db")) as writer:
        writer.executescript(SHOP)
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    schema = prompt_schema(question_answering.open_database(url).context)
    with Verifier() as verifier:
        assert texts_of_question(verifier, url, schema, "Buyer 7?", seconds=-1) == []
    assert "up to Order.Buyer's name; further ones not" in caplog.text


def test_a_column_that_cannot_be_read_is_told_and_the_others_are_read(tmp_path, caplog):
    with closing(sqlite3.connect(tmp_path / "shop.db")) as writer:
        writer.executescript("CREATE TABLE item (code TEXT); INSERT INTO item VALUES ('K7')")
    schema = parse_schema("CREATE TABLE gone (name TEXT); CREATE TABLE item (code TEXT)")
    with Verifier() as verifier:
        found = texts_of_question(verifier, f"sqlite:///{tmp_path / 'shop.db'}", schema, "Is k7 there?", seconds=9)
    assert [(text.table, text.text) for text in found] == [("item", "K7")]
    assert "values of gone.name could not be looked for: no such table" in caplog.text


def test_texts_that_were_looked_up_find_their_table_and_are_told_and_not_shown_as_rows(prompts):
    telling = dataclasses.replace(prompts.prompt, user=f"{prompts.prompt.user}\n{{values}}")
    build = StudentPrompts(telling, prompts.chat, max_prompt_tokens=640, sample_rows=3, max_tables=1)
    context = "CREATE TABLE a (x TEXT); CREATE TABLE b (y TEXT); INSERT INTO b VALUES ('one')"
    (_, told) = build.messages_without_gold("What of Oslo?", context, texts=[StoredText("b", "y", "Oslo")])
    assert "CREATE TABLE b (" in told["content"] and "CREATE TABLE a (" not in told["content"]
    assert told["content"].endswith("\n-- b.y = 'Oslo'") and "('Oslo')" not in told["content"]


def test_postgresql_is_asked_where_it_is_and_only_read(postgres):
    postgres.execute("CREATE ROLE seller LOGIN", "CREATE DATABASE asked OWNER seller")
    postgres.execute(
        "SET ROLE seller",
        "CREATE SCHEMA store",
        'CREATE TABLE "Part" (id SERIAL PRIMARY KEY, "Label" TEXT, info JSONB)',
        "INSERT INTO \"Part\" (\"Label\", info) VALUES ('frame', '{\"kg\": 2}'), ('wheel', '{\"kg\": 1}')",
        'CREATE TABLE store.sale (part INT REFERENCES "Part" (id), price NUMERIC)',
        "INSERT INTO store.sale VALUES (2, 9.5)",
        database="asked",
    )
    database = question_answering.open_database(postgres.url("seller", "asked"))
    assert '"Label" TEXT' in database.context and "CREATE TABLE sale" in database.context
    assert "'frame'" in database.context
    found = ask_it(database, 'SELECT "Label", price FROM "Part" JOIN sale ON part = id WHERE (info->>\'kg\')::int < 2')
    assert [tuple(map(str, row)) for row in found.rows] == [("wheel", "9.5")]
    refused = ['DELETE FROM "Part"', "SELECT nextval('\"Part_id_seq\"')", "CREATE TABLE t (a INT)"]
    assert all("not allowed" in ask_it(database, query).fault for query in refused)
    hidden = 'WITH gone AS (DELETE FROM "Part" RETURNING 1) SELECT * FROM gone'
    assert "must not contain data-modifying" in ask_it(database, hidden).fault
    assert postgres.execute('SELECT COUNT(*) FROM "Part"', database="asked") == [(2,)]


def test_the_prompt_tells_the_dialect_and_names_as_it_has_them(project, duckdb_file):
    student = Checkpoint(str(project / "data/06_models/tiny_student"))
    prompt = Prompt.from_mapping(yaml.safe_load((project / "data/01_raw/prompts/student.yaml").read_text()))
    build = StudentPrompts(prompt, student.load_chat(), max_prompt_tokens=640, sample_rows=0)
    context = 'CREATE TABLE "Part" (id INT, "Label" TEXT)'
    told = {own: build.messages("How many?", context, dialect=own) for own in ("", "duckdb", "postgres")}
    names = {"": "one SQLite query", "duckdb": "one DuckDB query", "postgres": "one PostgreSQL query"}
    assert all(name in told[own][0]["content"] for own, name in names.items())
    assert 'CREATE TABLE "Part" (id INT, "Label" TEXT);' in told["postgres"][1]["content"]
    assert "CREATE TABLE Part (id INT, Label TEXT);" in told["duckdb"][1]["content"]
    assert told[""] == build.messages("How many?", context)


@pytest.mark.parametrize("place", ["duckdb:///nowhere.duckdb", "postgresql://nobody@127.0.0.1:1/none"])
def test_a_database_that_cannot_be_opened_is_told_in_a_sentence(place):
    pytest.importorskip("psycopg")
    with pytest.raises(BadInput, match=r"cannot be read\b.*; give sqlite:///FILE, duckdb:///FILE"):
        question_answering.open_database(place)


def test_a_powerful_role_is_not_asked_with(postgres):
    postgres.execute("CREATE TABLE IF NOT EXISTS of_the_superuser (a INT)")
    with pytest.raises(BadInput, match=r"SUPERUSER.*CREATE ROLE reader"):
        task_of(question_answering.open_database(postgres.url()))
