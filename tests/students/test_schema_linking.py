"""Tables by the words of a question: names, columns, ties; and what an evaluation's prompt shows."""

import pandas as pd
import pytest

from sqlreason.reasoning.prompts import Prompt, prompt_schema
from sqlreason.sql.parsing.schema import parse_schema, render_ddl
from sqlreason.sql.verifier import Task
from sqlreason.students.prompting import StudentPrompts
from sqlreason.students.schema_linking import heart, stems, tables_of_question
from sqlreason.students.training_data.prompt_tables import prompt_table

PROMPT = Prompt.from_mapping({"name": "p", "version": 1, "system": "Answer.", "user": "{schema}\n{question}"})

CLINIC = parse_schema(
    """
    CREATE TABLE tbl_patient (id INT PRIMARY KEY, surname TEXT, birthDate DATE);
    CREATE TABLE tbl_doctor (id INT PRIMARY KEY, surname TEXT, speciality TEXT, ward_id INT REFERENCES tbl_ward (id));
    CREATE TABLE tbl_ward (id INT PRIMARY KEY, floor INT);
    CREATE TABLE tbl_visit (
      id INT PRIMARY KEY, patient_id INT REFERENCES tbl_patient (id), doctor_id INT REFERENCES tbl_doctor (id), fee REAL
    );
    CREATE TABLE tbl_invoiceLine (id INT PRIMARY KEY, visit_id INT REFERENCES tbl_visit (id), amount REAL);
    CREATE TABLE tbl_holiday (day DATE, weekday TEXT);
    INSERT INTO tbl_holiday VALUES ('2026-12-25', 'Friday'), ('2026-11-01', 'sunday');
    """
)


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("How many patients do we have?", ["tbl_patient"]),
        ("List the invoice lines.", ["tbl_invoiceLine"]),  # "invoice" or "line" alone would not be its name
        ("the highest speciality", ["tbl_doctor"]),  # a column
        ("Which patients saw doctors of cardiology?", ["tbl_patient", "tbl_doctor", "tbl_visit"]),  # tied by visits
        ("On which floors do doctors work?", ["tbl_doctor", "tbl_ward"]),
        ("holidays and patients", ["tbl_patient", "tbl_holiday"]),  # nothing ties them
        ("the doctor's patient", ["tbl_patient", "tbl_doctor", "tbl_visit"]),
        ("Who came on a Sunday?", ["tbl_holiday"]),  # a text of its rows
        ("Qui gagne le plus ?", []),
        ("", []),
        ("table tbl", []),  # a prefix that all share names none
    ],
)
def test_tables_are_found_by_names_columns_and_ties(question, found):
    assert tables_of_question(question, CLINIC) == found


def test_words_that_a_name_writes_as_one_are_found():
    shop = parse_schema(
        "CREATE TABLE orderdetails (n INT); CREATE TABLE lines (orderdate DATE); CREATE TABLE x (y INT)"
    )
    assert tables_of_question("How many order details are there?", shop) == ["orderdetails"]
    assert tables_of_question("the first order date", shop) == ["lines"]


def test_keys_that_nobody_declared_tie_tables():
    context = (
        "CREATE TABLE Customer (CustomerId INT PRIMARY KEY, Name TEXT);"
        "CREATE TABLE Film (FilmId INT PRIMARY KEY, Title TEXT);"
        "CREATE TABLE Rental (RentalId INT PRIMARY KEY, CustomerId INT, FilmId INT);"
        "CREATE TABLE Staff (StaffId INT PRIMARY KEY)"
    )
    asked = "Which customers have seen the film Alien?"
    assert tables_of_question(asked, parse_schema(context)) == ["Customer", "Film"]
    assert tables_of_question(asked, prompt_schema(context)) == ["Customer", "Film", "Rental"]


def test_names_of_whatever_kind_have_words():
    assert stems("HTTPServerLogs", "order-lines") == ["http", "server", "log", "order", "line"]
    assert stems("Straße", "Имена") == ["straße", "имена"]
    nameless = parse_schema(
        'CREATE TABLE "…" (cost INT); CREATE TABLE "--" (b INT, FOREIGN KEY (b) REFERENCES "…" (cost))'
    )
    assert tables_of_question("Show costs.", nameless) == ["…"] and heart(nameless) == "…"


def test_an_evaluation_shows_what_the_question_speaks_of_and_not_what_the_gold_reads(chat):
    near = "CREATE TABLE part_{} (id INT PRIMARY KEY, size INT, near INT REFERENCES part_{} (id));"
    chain = [near.format(number, number + 1) for number in range(40)]
    gold = "SELECT size FROM part_33"
    asked = {
        "id": "q",
        "sql_prompt": "Show the size of part 7.",
        "sql": gold,
        "sql_complexity": "",
        "teacher_think": "",
    }
    questions = pd.DataFrame([{**asked, "sql_context": "\n".join(chain)}])
    build = StudentPrompts(PROMPT, chat, max_prompt_tokens=640, sample_rows=0)
    tasks = {"q": Task(gold, "q", ("",))}
    trained, examined = (
        prompt_table(name, questions, tasks, build)["prompt"].iloc[0] for name in ("grpo_prompts", "evaluation_prompts")
    )
    assert "part_33 (" in trained and "part_7 (" not in trained
    assert "part_7 (" in examined and "part_33 (" not in examined


def test_of_more_tables_than_training_had_those_are_shown_that_the_question_names(chat):
    build = StudentPrompts(PROMPT, chat, max_prompt_tokens=2000, sample_rows=0, max_tables=2)
    few = StudentPrompts(PROMPT, chat, max_prompt_tokens=2000, sample_rows=0, max_tables=1)
    context = render_ddl(CLINIC)

    def shown(prompts, question):
        text = prompts.messages_without_gold(question, context)[-1]["content"]
        return [table.name for table in CLINIC.tables if f"CREATE TABLE {table.name} (" in text]

    assert shown(build, "How many wards?") == ["tbl_ward"]
    assert shown(build, "Combien ?") == ["tbl_visit", "tbl_invoiceLine"]  # the heart and what is near
    assert heart(CLINIC) == "tbl_visit"
    assert shown(build, "Which patients saw doctors?") == ["tbl_patient", "tbl_doctor"]  # not the visits between
    assert shown(few, "On which floors do doctors work?") == ["tbl_doctor"]
