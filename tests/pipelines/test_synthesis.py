"""Questions from a database of one's own: drawn, split by template, reworded, and learned by the other pipelines."""

import json
import sqlite3
from pathlib import Path

import pandas as pd
import pytest
import yaml

from sqlreason.data.tables import check_columns
from sqlreason.errors import BadInput
from sqlreason.options.checks import find_faults
from sqlreason.pipelines.synthesis.nodes import draw_questions, paraphrase_questions
from sqlreason.sql.parsing.statements import template
from sqlreason.teachers.prices import Prices
from sqlreason.teachers.teacher import Teacher
from teachers.conftest import ChatServer, reply

LIBRARY = """
CREATE TABLE authors (author_id INTEGER PRIMARY KEY, name TEXT NOT NULL, country TEXT NOT NULL, born_year INTEGER);
CREATE TABLE books (book_id INTEGER PRIMARY KEY, title TEXT NOT NULL, author_id INTEGER NOT NULL REFERENCES authors,
  pages INTEGER NOT NULL, price REAL NOT NULL, published DATE NOT NULL, genre TEXT NOT NULL);
CREATE TABLE loans (loan_id INTEGER PRIMARY KEY, book_id INTEGER NOT NULL REFERENCES books, days INTEGER NOT NULL,
  lent_on DATE NOT NULL);
"""


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("library") / "library.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(LIBRARY)
        for n in range(30):
            values = (n, f"Author {n}", ("Chad", "Peru", "Oman")[n % 3], 1900 + n)
            connection.execute("INSERT INTO authors VALUES (?, ?, ?, ?)", values)
        for n in range(90):
            values = (n, f"Book {n}", n % 30, 80 + 7 * n % 400, 5 + n % 17, f"2{n % 10:03d}-05-01", "abc"[n % 3] * 4)
            connection.execute("INSERT INTO books VALUES (?, ?, ?, ?, ?, ?, ?)", values)
            connection.execute("INSERT INTO loans VALUES (?, ?, ?, ?)", (n, n, n % 30 + 1, f"2024-{n % 12 + 1:02d}-03"))
    return f"sqlite:///{path}"


@pytest.fixture(scope="module")
def drawing(options, library):
    small = {"database": library, "train_questions": 40, "heldout_questions": 10, "databases": 2, "workers": 1}
    return lambda **changes: options("synthesis", **{**small, **changes})


@pytest.fixture(scope="module")
def drawn(drawing):
    return draw_questions(drawing())


def test_both_parts_are_question_tables_of_the_wanted_size(drawn):
    train, heldout, _ = drawn
    assert (len(train), len(heldout)) == (40, 10)
    for table in (train, heldout):
        check_columns(table, "questions", "synthetic_questions")
    assert not set(train["id"]) & set(heldout["id"])


def test_no_sql_template_is_in_both_parts_and_the_overlap_is_told(drawn):
    train, heldout, summary = drawn
    assert not set(train["sql"].map(template)) & set(heldout["sql"].map(template))
    assert summary["templates_in_both"] == summary["groups_in_both"] == 0


def test_the_summary_says_how_much_can_be_trusted(drawn):
    summary = drawn[2]
    assert summary["kept"] >= 50 and summary["mutants"] > 200
    assert 0.8 < summary["mutants_killed_share"] <= 1.0
    assert summary["drawn"] >= summary["kept"] + summary["near_duplicates"]


def test_the_same_seed_gives_the_same_table_whatever_the_number_of_workers(drawn, drawing):
    train, heldout, summary = draw_questions(drawing(workers=2))
    pd.testing.assert_frame_equal(train, drawn[0])
    pd.testing.assert_frame_equal(heldout, drawn[1])
    assert summary == drawn[2]
    assert draw_questions(drawing(seed=12))[0]["sql"].tolist() != train["sql"].tolist()


def test_difficulty_and_mix_change_what_is_asked(drawing):
    small = {"train_questions": 25, "heldout_questions": 4}
    easy, _, _ = draw_questions(drawing(difficulty="easy", **small))
    assert set(easy["sql_complexity"]) <= {"basic SQL", "aggregation", "single join", "multiple_joins"}
    families = ("basic", "aggregation", "joins", "subqueries", "sets", "ctes", "writes", "relations")
    windows, _, _ = draw_questions(drawing(mix=dict.fromkeys(families, 0.0), heldout_share=0.4, **small))
    assert set(windows["sql_complexity"]) == {"window functions"}


def test_difficulty_holds_without_a_database_too(drawing):
    small = {"database": None, "train_questions": 160, "heldout_questions": 24}
    for table in draw_questions(drawing(difficulty="easy", **small))[:2]:
        assert not {"window functions", "CTEs", "set operations"} & set(table["sql_complexity"])


def test_a_database_that_gives_too_little_is_refused_with_the_figures(drawing, tmp_path):
    path = tmp_path / "poor.sql"
    path.write_text("CREATE TABLE t (x BLOB);")
    with pytest.raises(ValueError, match="gives 0 training and 0 held-out questions"):
        draw_questions(drawing(database=str(path), mix={"basic": 0, "aggregation": 0}))


@pytest.mark.parametrize("url", ["postgresql://me:secret@host/shop", "postgresql://me@host/shop?password=secret"])
def test_a_url_with_a_password_is_refused_before_the_run_record_could_keep_it(drawing, url):
    given = drawing().model_dump() | {"database": url}
    (fault,) = (fault for fault in find_faults({"synthesis": given}) if fault.startswith("synthesis"))
    assert "PGPASSWORD" in fault and "secret" not in fault


# --------------------------------------------------------------------------------------------------- paraphrases
@pytest.fixture
def teacher(drawn):
    """Rewords by a fixed phrase; answers with the gold, but for every third question with another query."""
    golds = {row.sql_prompt: row.sql for row in [*drawn[0].itertuples(), *drawn[1].itertuples()]}
    order = list(golds)

    def behave(number, body):
        user = body["messages"][-1]["content"]
        if user.startswith("The database"):
            return reply("Could you tell me: " + user.rpartition("Question: ")[2])
        question = max((q for q in golds if f"Could you tell me: {q}" in user), key=len)
        sql = "SELECT 1" if order.index(question) % 3 == 0 else golds[question]
        return reply(f"<think>\nLook.\n</think>\n<sql>\n{sql}\n</sql>")

    server = ChatServer(behave)
    server.right = {q for q in order if order.index(q) % 3}
    yield server
    server.close()


def test_a_paraphrase_is_kept_only_if_it_leads_back_to_an_agreeing_query(
    drawn, drawing, teacher, options, prompt_text, tmp_path, monkeypatch
):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    asked = Teacher("OpenAILLM", "m", {"base_url": teacher.url})
    place = tmp_path / "journal.sqlite"
    arguments = (
        *drawn[:2],
        asked,
        prompt_text("teacher"),
        place,
        drawing(paraphrase_share=0.6),
        options("distillation"),
    )
    reworded = pd.concat(paraphrase_questions(*arguments), ignore_index=True)
    before = pd.concat(drawn[:2], ignore_index=True)
    changed = reworded["sql_prompt"] != before["sql_prompt"]
    assert 10 < changed.sum() < 40
    assert set(before["sql_prompt"][changed]) <= teacher.right
    assert reworded["sql_prompt"][changed].str.startswith("Could you tell me: ").all()
    pd.testing.assert_frame_equal(reworded.drop(columns="sql_prompt"), before.drop(columns="sql_prompt"))
    calls = len(teacher.questions)
    paraphrase_questions(*arguments)
    assert len(teacher.questions) == calls  # the journal knows all of it


def test_nobody_is_asked_for_a_share_of_0_and_the_scripted_teacher_is_refused(drawn, drawing, options, prompt_text):
    scripted = Teacher("scripted")
    rest = (prompt_text("teacher"), Path("none"), drawing(), options("distillation"))
    assert paraphrase_questions(*drawn[:2], scripted, *rest)[0] is drawn[0]
    with pytest.raises(ValueError, match="the scripted teacher cannot paraphrase"):
        paraphrase_questions(*drawn[:2], scripted, *rest[:2], drawing(paraphrase_share=0.1), rest[3])
    unpriced = Teacher("OpenAILLM", "m", {}, {}, Prices(unknown=True))
    with pytest.raises(BadInput, match="The price of m is unknown"):
        paraphrase_questions(*drawn[:2], unpriced, *rest[:2], drawing(paraphrase_share=0.1), rest[3])


# ------------------------------------------------------------------------------------------------- the whole path
@pytest.mark.slow
def test_your_own_database_from_the_first_command_to_the_report(library, project_copies):
    """The page docs/your-own-database.md in small: a catalog edit, and the other pipelines take the questions."""
    copy = project_copies("own")
    local = copy.folder / "conf/local"
    demo = yaml.safe_load((copy.folder / "conf/demo/catalog.yml").read_text(encoding="utf-8"))
    made = {"sql_questions": "synthetic_questions", "heldout_questions": "synthetic_heldout"}
    own = {name: {**demo[name], "filepath": f"data/local/01_raw/{file}.parquet"} for name, file in made.items()}
    (local / "catalog.yml").write_text(yaml.safe_dump({**demo, **own}), encoding="utf-8")
    (local / "globals.yml").write_text("root: data/local\n", encoding="utf-8")
    (local / "parameters.yml").write_text((copy.folder / "conf/demo/parameters.yml").read_text(encoding="utf-8"))
    sizes = "synthesis.train_questions=60,synthesis.heldout_questions=16,synthesis.workers=1"
    embedded = (copy.folder / "data/01_raw/questions/train.parquet").read_bytes()
    copy.kedro("run", "--env=local", "--pipelines=synthesis", "--params", f"synthesis.database={library},{sizes}")
    assert (copy.folder / "data/01_raw/questions/train.parquet").read_bytes() == embedded
    small = (
        "distillation.questions=30,preprocessing.grpo_prompts=8,preprocessing.evaluation_prompts=12,"
        "preprocessing.databases=2,preprocessing.workers=1,sft.trl.num_train_epochs=1,"
        "grpo.trl.max_steps=1,grpo.trl.per_device_train_batch_size=8,"
        "grpo.trl.gradient_accumulation_steps=1,grpo.forecast.prompts=0,evaluation.workers=1,evaluation.processes=1,"
        # eight prompts may hold one whose answer no database changes: the certification's own tests are about that
        "grpo.certification.on_failure=warn"
    )
    output = copy.kedro("run", "--env=local", "--params", small)
    assert "Report:" in output
    examination = copy.load("evaluation_prompts", "local")
    assert examination["sql_context"].str.contains("CREATE TABLE authors").all()
    trained = set(copy.load("sft_examples", "local")["id"]) | set(copy.load("grpo_prompts", "local")["id"])
    assert not trained & set(examination["id"])
    assert json.loads((copy.folder / "data/local/08_reporting/synthesis_summary.json").read_text())["train"] == 60
