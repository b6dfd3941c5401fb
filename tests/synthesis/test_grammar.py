"""Every kind of question of the grammar gives SQL that runs and a question that says what it does."""

import itertools
import random
import re
import sqlite3
from collections import Counter

import pytest
import sqlglot
from sqlglot import exp

from sqlreason.synthesis.drawing.query_kinds import Family
from sqlreason.synthesis.queries.grammar import (
    QUERY_KINDS,
    TEMPLATES,
    NothingFits,
    collect_kinds,
    collect_templates,
    compose,
    find_families,
)
from sqlreason.synthesis.schema.annotated_schema import Unsuitable
from sqlreason.synthesis.schema.rows import render_context, sample_contents
from sqlreason.synthesis.wording.placeholders import PLACEHOLDERS
from sqlreason.synthesis.wording.sentences import tidy, word

SEEDS = range(12)
CLASSES = {
    "basic SQL", "aggregation", "single join", "multiple_joins", "subqueries", "set operations", "window functions",
    "CTEs",
}  # fmt: skip


def drawn_queries(annotated_schema, name, seeds=SEEDS):
    """Yield queries of one kind with their rows, where the annotated schema has something for it."""
    mix = dict.fromkeys(QUERY_KINDS, 0.0) | {name: 1.0}
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


@pytest.mark.parametrize("name", QUERY_KINDS)
def test_a_kind_of_question_runs_on_several_schemas_and_mostly_finds_something(name, shop, annotated_schemas):
    results = []
    for annotated_schema in [shop, *random.Random(name).sample(annotated_schemas, 25)]:
        for query, contents, _ in drawn_queries(annotated_schema, name, range(4)):
            database = open_database(annotated_schema, contents)
            rows = database.execute(query.sql).fetchall()
            results.append(bool(rows) or database.total_changes > 0)
            assert query.complexity in CLASSES
    assert len(results) >= 10
    assert sum(results) >= 0.8 * len(results)


@pytest.mark.parametrize("name", QUERY_KINDS)
def test_a_question_mentions_every_literal_of_its_query(name, shop, annotated_schemas):
    for annotated_schema in [shop, *random.Random(name).sample(annotated_schemas, 10)]:
        for query, _, rng in drawn_queries(annotated_schema, name, range(5)):
            question = word(query, rng)
            for literal in literals_to_mention(query):
                assert literal.lower() in question.lower(), (question, query.sql)


def literals_to_mention(query):
    """Literals that only the question can tell; the rest belongs to the form of the query or is said in words."""
    for node in query.tree.find_all(exp.Literal):
        parent = node.parent
        form = isinstance(parent, (exp.Limit, exp.If, exp.Case)) and node.this in ("0", "1")
        form |= isinstance(parent, exp.Select) or node.this == "%Y" or isinstance(parent, exp.Mul)
        form |= "position" in query.sql and node.this == "1"
        if form:
            continue
        whole_period = isinstance(parent, exp.Between) and re.fullmatch(r"\d{4}-\d\d-(01|28|29|30|31)", node.this)
        yield node.this[:4] if whole_period else node.this.strip("%")


def test_a_query_stays_itself_when_it_is_parsed_and_written_again(annotated_schemas):
    rng = random.Random(5)
    for _ in range(300):
        query = compose(rng.choice(annotated_schemas), rng)
        assert sqlglot.parse_one(query.sql, dialect="sqlite").sql(dialect="sqlite") == query.sql


def test_columns_are_qualified_exactly_where_several_tables_meet(shop):
    for query, _, _ in drawn_queries(shop, "join_rows"):
        assert all(column.table for column in query.tree.find_all(exp.Column))
    for query, _, _ in drawn_queries(shop, "select_columns"):
        assert not any(column.table for column in query.tree.find_all(exp.Column))


def test_a_question_names_the_columns_in_the_order_of_the_query(shop):
    for query, _, rng in drawn_queries(shop, "select_columns", range(40)):
        question = word(query, rng).lower()
        wanted = [use.column for use in query.parts["columns"]]
        phrases = [re.sub("^is ", "", column.phrase) for column in wanted]
        assert [column.name for column in wanted] == [column.name for column in query.tree.selects]
        assert all(stem(phrase) in question for phrase in phrases)


def stem(phrase):
    return phrase.removesuffix("y").removesuffix("s")


def test_composing_is_deterministic_by_seed(shop):
    first, second = ([query.sql for query, _, _ in drawn_queries(shop, "aggregate_groups")] for _ in range(2))
    assert first == second


def test_a_mix_restricts_the_grammar_to_its_families(shop):
    families = {kind.family for kind in QUERY_KINDS.values()}
    mix = dict.fromkeys(families, 0.0) | {"joins": 1.0}
    rng = random.Random(0)
    found = Counter(compose(shop, rng, mix).complexity for _ in range(60))
    assert {"single join", "multiple_joins"} <= set(found) <= {"single join", "multiple_joins", "subqueries"}


@pytest.mark.parametrize(
    ("mix", "reason"), [({"jions": 1.0}, "jions"), (dict.fromkeys(QUERY_KINDS, 0.0), "no kind of question")]
)
def test_a_mix_that_makes_no_sense_is_refused(shop, mix, reason):
    with pytest.raises(ValueError, match=reason):
        compose(shop, random.Random(0), mix)


def test_every_wording_is_reached_by_a_kind_and_its_templates_can_be_filled(shop, annotated_schemas):
    rng = random.Random(2)
    reached = set()
    for name in QUERY_KINDS:
        for annotated_schema in [shop, *rng.sample(annotated_schemas, 15)]:
            reached |= {query.wording for query, _, _ in drawn_queries(annotated_schema, name, range(6))}
    assert reached == set(TEMPLATES)
    for template in itertools.chain.from_iterable(TEMPLATES.values()):
        assert template.count("[") == template.count("]")
        assert set(re.findall(r"\{(.*?)\}", template)) <= set(PLACEHOLDERS), template


def some_family(name="greetings", place=9):
    family = Family(name, place, opening="[Say|Shout]")

    @family.kind(weight=2, greet=("{ask} hello to {subject}.",))
    def greet(context):
        raise Unsuitable

    return family


def test_a_kind_brings_its_weight_and_its_sentences_with_the_openings_of_its_family():
    (kind,) = collect_kinds([some_family()]).values()
    assert (kind.family, kind.weight) == ("greetings", 2)
    assert kind.templates == {"greet": ("[Say|Shout] hello to {subject}.",)}


def test_kinds_and_wordings_of_one_name_are_refused():
    families = [some_family(), some_family("farewells", 10)]
    with pytest.raises(ValueError, match=r"called greet; rename that of farewells"):
        collect_kinds(families)
    with pytest.raises(ValueError, match="bring the wording greet"):
        collect_templates([kind for family in families for kind in family.kinds.values()])


def test_a_family_is_the_module_of_its_name():
    families = find_families()
    assert [family.name for family in families] == list(dict.fromkeys(kind.family for kind in QUERY_KINDS.values()))
    for family in families:
        assert {kind.draw.__module__.rpartition(".")[2] for kind in family.kinds.values()} == {family.name}


def test_articles_and_numbers_agree_with_what_fills_a_template(annotated_schemas):
    for name in ("average_of_counts", "join_counts", "join_itself", "count_known"):
        for annotated_schema in annotated_schemas:
            for query, _, rng in drawn_queries(annotated_schema, name, range(3)):
                question = word(query, rng)
                assert not re.search(r"\ba (?!uni|use|usa|eu|one)[aeiou]", question), question
                if "link" in query.parts and query.parts["link"].child.plural != query.parts["link"].child.singular:
                    assert f"more than 1 {query.parts['link'].child.plural}" not in question, question


def test_seams_of_a_filled_template_are_tidied():
    assert tidy("for the the  orders , Show x .") == "For the orders, show x."
