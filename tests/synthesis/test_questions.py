"""The stream is quick and varied; tables of questions are checked, and their schemas split."""

import itertools
import random
import time
from dataclasses import replace

import pytest

from sqlreason.sql.parsing.schema import parse_schema
from sqlreason.sql.verifier import Verifier
from sqlreason.synthesis.queries.grammar import DIFFICULTIES, NothingFits
from sqlreason.synthesis.questions import COLUMNS, make_questions, stream
from sqlreason.synthesis.skeletons import Skeletons
from sqlreason.synthesis.varied import make_varied_questions


@pytest.fixture(scope="module")
def table(annotated_schemas):
    with Verifier() as verifier:
        return make_questions(annotated_schemas[:6], 25, verifier, seed=1)


def test_the_stream_gives_hundreds_of_questions_a_second(annotated_schemas):
    began = time.process_time()
    questions = list(itertools.islice(stream(annotated_schemas, random.Random(0)), 600))
    assert 600 / (time.process_time() - began) > 150
    assert len({q.prompt for q in questions}) > 590


def test_the_stream_is_deterministic_by_seed(annotated_schemas):
    first, second = (list(itertools.islice(stream(annotated_schemas, random.Random(4)), 50)) for _ in range(2))
    assert first == second


def test_the_stream_can_do_without_variations(shop):
    question = next(stream([shop], random.Random(0), varied_share=0.0))
    assert parse_schema(question.context).table("customers") is not None


def test_questions_are_worded_in_thousands_of_ways(annotated_schemas):
    rng = random.Random(11)
    skeletons = {b.name: Skeletons(b) for b in annotated_schemas}
    found = set()
    for annotated_schema in annotated_schemas * 10:
        question = next(stream([annotated_schema], rng, varied_share=0.0))
        found.add(skeletons[annotated_schema.name].of(question.prompt))
    assert len(found) > 0.8 * len(annotated_schemas) * 10


def test_a_skeleton_holds_no_name_and_no_value(shop):
    skeleton = Skeletons(shop).of("Show the order total of orders of Ada Moreau above 12.5 euros before 2021-03-01.")
    assert skeleton == "show the _ of _ of _ above _ before _."


def test_a_table_of_questions_has_the_columns_and_unique_ids(table):
    assert tuple(table.columns) == COLUMNS
    assert table["id"].is_unique and len(table) == 150
    assert table.map(lambda cell: isinstance(cell, str) and len(cell) > 0).all().all()


def test_any_head_of_the_table_is_balanced_over_schemas(table):
    schemas = table["id"].str.rpartition("-")[0]
    assert schemas.head(60).value_counts().tolist() == [10] * 6


def test_every_gold_of_the_table_answers(table):
    with Verifier() as verifier:
        reads = table[table["sql_task_type"] != "data manipulation"]
        for context, sql in zip(reads["sql_context"], reads["sql"], strict=True):
            result = verifier.run(context, sql)
            assert result.status == "ok" and result.rows


def test_no_query_and_no_question_comes_twice_in_a_schema(table):
    schemas = table["id"].str.rpartition("-")[0]
    assert not table.assign(schema=schemas).duplicated(["schema", "sql"]).any()
    assert not table.assign(schema=schemas).duplicated(["schema", "sql_prompt"]).any()


def test_the_table_spreads_over_the_classes(table):
    shares = table["sql_complexity"].value_counts(normalize=True)
    assert shares.max() < 0.45 and len(shares) >= 7


def test_varied_questions_have_schemas_of_their_own_and_golds_that_answer(annotated_schemas):
    with Verifier() as verifier:
        first, again = (make_varied_questions(annotated_schemas, 60, verifier, seed=3) for _ in range(2))
        read = first[first["sql_task_type"] != "data manipulation"]
        found = [verifier.run(row.sql_context, row.sql) for row in read.itertuples()]
    assert len(found) > 40 and all(result.status == "ok" and result.rows for result in found)
    assert first.equals(again) and tuple(first.columns) == COLUMNS and first["id"].is_unique
    assert first["sql_context"].map(lambda text: parse_schema(text).fingerprint).nunique() > 55


def test_several_questions_over_one_variation_share_schema_and_rows(annotated_schemas):
    with Verifier() as verifier:
        questions = make_varied_questions(annotated_schemas, 40, verifier, seed=3, each=4)
    assert 10 <= questions["sql_context"].nunique() <= 20 and questions["sql_prompt"].is_unique


EASY = {**DIFFICULTIES["easy"], "joins": 0, "relations": 0}
LINKING = {"single join", "multiple_joins", "set operations", "window functions", "CTEs"}


def test_a_mix_that_leaves_classes_empty_gives_what_it_has_and_ends(annotated_schemas):
    with Verifier() as verifier:
        questions = make_varied_questions(annotated_schemas, 50, verifier, seed=1, mix=EASY)
    assert len(questions) == 50 and not LINKING & set(questions["sql_complexity"])


def test_a_mix_that_gives_too_little_ends_with_a_message(shop, monkeypatch, caplog):
    monkeypatch.setattr("sqlreason.synthesis.varied._FRUITLESS", 30)
    monkeypatch.setattr("sqlreason.synthesis.varied.answers", lambda *_: False)
    questions = make_varied_questions([shop], 5, None, seed=1, mix=EASY)
    assert questions.empty and "gave 0 of 5 questions" in caplog.text


def test_a_mix_that_no_schema_serves_is_refused(shop):
    lone = replace(shop, tables=(replace(shop.table("order_lines"), columns=shop.table("order_lines").columns[2:]),))
    joins = dict.fromkeys(("basic", "aggregation", "relations", "subqueries", "sets", "windows", "ctes", "writes"), 0)
    with pytest.raises(NothingFits, match="fits any of"):
        next(stream([lone], random.Random(0), joins, varied_share=0.0))
    with pytest.raises(NothingFits, match="fits any of"):
        make_questions([lone], 3, None, seed=1, mix=joins)


def test_the_mix_holds_for_questions_of_given_schemas_and_none_is_the_default(annotated_schemas):
    with Verifier() as verifier:
        plain, default, easy = (
            make_questions(annotated_schemas[:2], 12, verifier, seed=1, mix=mix) for mix in (None, {}, EASY)
        )
    assert plain.equals(default)
    assert len(easy) == 24 and not LINKING & set(easy["sql_complexity"])
