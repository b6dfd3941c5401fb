import itertools
import random
import sqlite3
from itertools import islice

import pytest

from sqlreason.synthesis.questions import ask
from sqlreason.synthesis.schema.annotated_schema import HELDOUT, PRETRAINING, TRAINING, load_annotated_schemas
from sqlreason.synthesis.schema.augmentation import vary
from tiny_student.corpus import write_documents
from tiny_student.invention import invent

BLUEPRINTS = load_annotated_schemas(PRETRAINING)


@pytest.fixture(scope="module")
def documents():
    return list(islice(write_documents(BLUEPRINTS, 1), 800))


def test_the_same_seed_gives_the_same_documents():
    first, again = (list(islice(write_documents(BLUEPRINTS, 5), 40)) for _ in range(2))
    assert first == again
    assert first != list(islice(write_documents(BLUEPRINTS, 6), 40))


def test_the_grammar_of_traces_never_occurs(documents):
    for document in documents:
        assert not any(tag in document.lower() for tag in ("<think", "</think", "<sql>", "</sql"))


def test_tags_are_written_and_closed_by_their_own_name(documents):
    documents = documents[:200]
    assert sum("</" in document for document in documents) > 30
    for document in documents:
        answer = document.rpartition("<|end_header_id|>")[2]
        for part in answer.split("</")[1:]:
            assert f"<{part.split('>')[0]}>" in answer


def test_no_heldout_table_occurs_beside_its_own_columns(documents):
    """A held-out schema may share a word with one of pretraining, but never a table with its columns."""
    text = "\n".join(documents)
    for annotated_schema in load_annotated_schemas(HELDOUT):
        for table in annotated_schema.tables:
            names = ", ".join(column.name for column in table.columns)
            assert names not in text


@pytest.mark.parametrize("seed", range(25))
def test_questions_about_invented_schemas_run(seed):
    rng = random.Random(seed)
    question = ask(invent(vary(rng.choice(BLUEPRINTS), rng, BLUEPRINTS), rng), rng)
    with sqlite3.connect(":memory:") as connection:
        connection.executescript(question.context)
        connection.execute(question.sql)


def test_no_word_of_an_invented_schema_is_one_of_the_original():
    annotated_schema = BLUEPRINTS[0]
    invented = invent(annotated_schema, random.Random(3))
    assert not {t.name for t in invented.tables} & {t.name for t in annotated_schema.tables}
    assert [[c.kind for c in t.columns] for t in invented.tables] == [
        [c.kind for c in t.columns] for t in annotated_schema.tables
    ]
    targets = {t.name for t in invented.tables}
    assert all(c.target in targets for t in invented.tables for c in t.references)


def test_pretraining_training_and_examination_share_no_schema_and_no_table():
    """A table with the same name and columns in two sets would let a student answer by heart."""
    parts = [load_annotated_schemas(part) for part in (PRETRAINING, TRAINING, HELDOUT)]
    tables = [
        {(t.name, frozenset(c.name for c in t.columns)) for annotated_schema in part for t in annotated_schema.tables}
        for part in parts
    ]
    for one, other in itertools.combinations(range(3), 2):
        assert not tables[one] & tables[other]
        assert not {b.fingerprint for b in parts[one]} & {b.fingerprint for b in parts[other]}
