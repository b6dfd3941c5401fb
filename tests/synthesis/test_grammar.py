"""Every shape of the grammar gives SQL that runs and a question that says what it does."""

import random
import re
import sqlite3
from collections import Counter

import pytest
import sqlglot
from sqlglot import exp

from sqlreason.synthesis.queries.grammar import SHAPES, NothingFits, compose
from sqlreason.synthesis.schema.rows import render_context, sample_contents
from sqlreason.synthesis.wording.sentences import FRAMES, tidy, word

SEEDS = range(12)
CLASSES = {
    "basic SQL", "aggregation", "single join", "multiple_joins", "subqueries", "set operations", "window functions",
    "CTEs",
}  # fmt: skip


def drafts(annotated_schema, name, seeds=SEEDS):
    """Drafts of one shape with their rows, where the annotated schema has something for it."""
    mix = dict.fromkeys(SHAPES, 0.0) | {name: 1.0}
    for seed in seeds:
        rng = random.Random(f"{name}{seed}")
        contents = sample_contents(annotated_schema, rng)
        try:
            yield compose(annotated_schema, rng, mix, contents), contents, rng
        except NothingFits:
            continue


def open_database(annotated_schema, contents):
    database = sqlite3.connect(":memory:")
    database.executescript(render_context(annotated_schema, contents))
    return database


@pytest.mark.parametrize("name", SHAPES)
def test_a_shape_runs_on_several_schemas_and_mostly_finds_something(name, shop, annotated_schemas):
    results = []
    for annotated_schema in [shop, *random.Random(name).sample(annotated_schemas, 25)]:
        for draft, contents, _ in drafts(annotated_schema, name, range(4)):
            database = open_database(annotated_schema, contents)
            rows = database.execute(draft.sql).fetchall()
            results.append(bool(rows) or database.total_changes > 0)
            assert draft.complexity in CLASSES
    assert len(results) >= 10
    assert sum(results) >= 0.8 * len(results)


@pytest.mark.parametrize("name", SHAPES)
def test_a_question_mentions_every_literal_of_its_query(name, shop, annotated_schemas):
    for annotated_schema in [shop, *random.Random(name).sample(annotated_schemas, 10)]:
        for draft, _, rng in drafts(annotated_schema, name, range(5)):
            question = word(draft, rng)
            for literal in literals_to_mention(draft):
                assert literal.lower() in question.lower(), (question, draft.sql)


def literals_to_mention(draft):
    """Literals that only the question can tell; the rest belongs to the form of the query or is said in words."""
    for node in draft.tree.find_all(exp.Literal):
        parent = node.parent
        form = isinstance(parent, (exp.Limit, exp.If, exp.Case)) and node.this in ("0", "1")
        form |= isinstance(parent, exp.Select) or node.this == "%Y" or isinstance(parent, exp.Mul)
        form |= "position" in draft.sql and node.this == "1"
        if form:
            continue
        whole_period = isinstance(parent, exp.Between) and re.fullmatch(r"\d{4}-\d\d-(01|28|29|30|31)", node.this)
        yield node.this[:4] if whole_period else node.this.strip("%")


def test_a_query_stays_itself_when_it_is_parsed_and_written_again(annotated_schemas):
    rng = random.Random(5)
    for _ in range(300):
        draft = compose(rng.choice(annotated_schemas), rng)
        assert sqlglot.parse_one(draft.sql, dialect="sqlite").sql(dialect="sqlite") == draft.sql


def test_columns_are_qualified_exactly_where_several_tables_meet(shop):
    for draft, _, _ in drafts(shop, "join_rows"):
        assert all(column.table for column in draft.tree.find_all(exp.Column))
    for draft, _, _ in drafts(shop, "select_columns"):
        assert not any(column.table for column in draft.tree.find_all(exp.Column))


def test_a_question_names_the_columns_in_the_order_of_the_query(shop):
    for draft, _, rng in drafts(shop, "select_columns", range(40)):
        question = word(draft, rng).lower()
        wanted = [use.column for use in draft.parts["columns"]]
        phrases = [re.sub("^is ", "", column.phrase) for column in wanted]
        assert [column.name for column in wanted] == [column.name for column in draft.tree.selects]
        assert all(stem(phrase) in question for phrase in phrases)


def stem(phrase):
    return phrase.removesuffix("y").removesuffix("s")


def test_composing_is_deterministic_by_seed(shop):
    first, second = ([draft.sql for draft, _, _ in drafts(shop, "aggregate_groups")] for _ in range(2))
    assert first == second


def test_a_mix_restricts_the_grammar_to_its_families(shop):
    families = {shape.family for shape in SHAPES.values()}
    mix = dict.fromkeys(families, 0.0) | {"joins": 1.0}
    rng = random.Random(0)
    found = Counter(compose(shop, rng, mix).complexity for _ in range(60))
    assert {"single join", "multiple_joins"} <= set(found) <= {"single join", "multiple_joins", "subqueries"}


@pytest.mark.parametrize(("mix", "reason"), [({"jions": 1.0}, "jions"), (dict.fromkeys(SHAPES, 0.0), "no shape")])
def test_a_mix_that_makes_no_sense_is_refused(shop, mix, reason):
    with pytest.raises(ValueError, match=reason):
        compose(shop, random.Random(0), mix)


def test_every_frame_is_reached_by_a_shape_and_has_balanced_brackets(shop, annotated_schemas):
    rng = random.Random(2)
    reached = set()
    for name in SHAPES:
        for annotated_schema in [shop, *rng.sample(annotated_schemas, 15)]:
            reached |= {draft.shape for draft, _, _ in drafts(annotated_schema, name, range(6))}
    assert reached == set(FRAMES)
    for frames in FRAMES.values():
        assert all(frame.count("[") == frame.count("]") for frame in frames)


def test_seams_of_a_filled_frame_are_tidied():
    assert tidy("for the the  orders , Show x .") == "For the orders, show x."
