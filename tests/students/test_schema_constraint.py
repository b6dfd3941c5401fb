"""A query that is written under the constraint names nothing that the prompt's schema lacks."""

import json
import random
import sqlite3

import pytest
import torch

from sqlreason.students.generation import decoding
from sqlreason.students.generation.schema_constraint import ConstrainedAnswer, Names
from sqlreason.synthesis.questions import stream
from sqlreason.synthesis.schema.annotated_schema import load_annotated_schemas

PETS = """CREATE TABLE Student (StuID INTEGER PRIMARY KEY, Fname VARCHAR(20), Age INT);
CREATE TABLE Has_Pet (StuID INTEGER, PetID INTEGER);
CREATE TABLE Pets (PetID INTEGER PRIMARY KEY, PetType TEXT, pet_age INT, weight REAL);"""


def prompt(schema):
    return [
        {"role": "system", "content": "Write SQL."},
        {"role": "user", "content": f"{schema}\n\nHow much do pets weigh?"},
    ]


@pytest.fixture(scope="module")
def names():
    return Names.of_prompt(prompt(PETS))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT MAX(weight), PetType FROM Pets GROUP BY PetType HAVING COUNT(*) > 1 ORDER BY MAX(weight) DESC LIMIT 1",
        "SELECT COUNT(*) FROM Student AS T1 JOIN Has_Pet AS T2 ON T1.StuID = T2.StuID WHERE T1.Age > 20",
        "SELECT s.Fname FROM Student s WHERE s.Age IN (1, 2) AND NOT s.Fname LIKE '%no such column%'",
        "WITH n AS (SELECT StuID, COUNT(*) AS amount FROM Has_Pet GROUP BY StuID) SELECT n.amount FROM n",
        "SELECT \"Fname\" FROM \"Student\" WHERE Fname = 'it''s'",
        "SELECT ROW_NUMBER() OVER (PARTITION BY PetType ORDER BY weight DESC) FROM Pets",
        "SELECT CASE WHEN Age > 3 THEN 'a' ELSE 'b' END, CAST(Age AS REAL), STRFTIME('%Y', Age) FROM Student",
        "SELECT Fname FROM Student EXCEPT SELECT Fname FROM Student\n</sql>",
        "UPDATE Pets SET weight = 1.5 WHERE PetID IN (SELECT PetID FROM Has_Pet WHERE StuID IS DISTINCT FROM PetID)",
    ],
)
def test_a_query_over_the_schema_may_be_written_letter_by_letter(names, sql):
    assert all(names.allow(sql[:length]) for length in range(len(sql) + 1))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT PetWeight ", "SELECT Fname FROM Students", "SELECT Has_Pet.Fname", "SELECT COUNT(friends)",
        "SELECT Pets.weight FROM Pets JOIN weight", "SELECT nickname(Fname)", "SELECT Fname FROM Age",
        "SELECT Fname FROM Student WHERE grade",
    ],
)  # fmt: skip
def test_one_that_names_something_else_may_not(names, sql):
    assert not names.allow(sql)


def test_names_that_the_reasoning_gave_may_be_used_before_the_query_gives_them(names):
    sql = "SELECT AVG(amount) FROM (SELECT COUNT(*) AS amount FROM Pets) AS counts"
    assert not names.allow(sql)
    assert names.allow(sql, ["amount", "counts"])


def test_every_gold_of_the_grammar_may_be_written():
    questions = stream(load_annotated_schemas(), random.Random(3), varied_share=1.0)
    for _ in range(300):
        question = next(questions)
        known = Names.of_prompt(prompt(question.schema))
        given = [word for word in question.sql.replace("(", " ").replace(")", " ").split() if word.isidentifier()]
        introduced = [given[place + 1] for place, word in enumerate(given[:-1]) if word == "AS"]
        assert all(known.allow(question.sql[:length], introduced) for length in range(len(question.sql) + 1)), question


def test_every_gold_of_a_published_benchmark_may_be_written(real_folder):
    folder = real_folder / "spider3"
    for row in json.loads((folder / "dev.json").read_text()):
        database = sqlite3.connect(folder / "database" / row["db_id"] / f"{row['db_id']}.sqlite")
        texts = [text for (text,) in database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")]
        known = Names.of_prompt(prompt(";\n".join(texts) + ";"))
        assert all(known.allow(row["query"][:length]) for length in range(len(row["query"]) + 1)), row["query"]


def test_a_prompt_without_a_schema_constrains_nothing():
    assert Names.of_prompt([{"role": "user", "content": "Which pets are there?"}]) is None


class Letters:
    """Each token is a letter."""

    @staticmethod
    def read(tokens):
        return "".join(map(chr, tokens))


def test_the_query_alone_is_held_to_the_schema(names):
    answer = ConstrainedAnswer(names, Letters.read)
    for letter in "<think>\nPetWeight of Students\n</think>\n<sql>\nSELECT wei":
        assert answer.allows(ord(letter))
        answer.take(ord(letter))
    assert answer.allows(ord("g")) and not answer.allows(ord("r"))
    for letter in "ght FROM Pets\n</sql> Students":
        assert answer.allows(ord(letter))
        answer.take(ord(letter))


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_a_rejected_token_gives_way_to_the_next_likeliest(names, temperature):
    answer = ConstrainedAnswer(names, Letters.read)
    for letter in "<sql>SELECT PetTy":
        answer.take(ord(letter))
    logits = torch.full((2, 128), -50.0)
    logits[:, [ord("x"), ord("y"), ord("p")]] = torch.tensor([9.0, 8.0, 7.0])
    random_source = torch.Generator().manual_seed(0)
    chosen = decoding._choose_allowed(
        logits, torch.tensor([ord("x"), ord("x")]), [answer, None], decoding.Sampling(1, temperature), random_source
    )
    assert chosen.tolist() == [ord("p"), ord("x")]
