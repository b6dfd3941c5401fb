"""What people leave unsaid: the golds of such questions, counted again from the rows."""

import random
import sqlite3
from collections import Counter

import pytest

from sqlreason.sql.verifier import Verifier
from sqlreason.synthesis.queries.grammar import QUERY_KINDS, NothingFits, compose
from sqlreason.synthesis.schema.rows import render_context, sample_contents
from sqlreason.synthesis.varied import make_varied_questions
from sqlreason.synthesis.wording.sentences import word


def drawn(annotated_schemas, kind, wanted=12):
    """Return queries of a kind, each with the schema's rows and the generator that words it."""
    found = []
    for seed in range(400):
        rng = random.Random(f"{kind}{seed}")
        annotated_schema = rng.choice(annotated_schemas)
        contents = sample_contents(annotated_schema, rng)
        try:
            query = compose(annotated_schema, rng, dict.fromkeys(QUERY_KINDS, 0.0) | {kind: 1.0}, contents)
        except NothingFits:
            continue
        found.append((query, annotated_schema, contents, rng))
        if len(found) == wanted:
            return found
    raise AssertionError(f"only {len(found)} questions of kind {kind}")


def run(annotated_schema, contents, sql):
    database = sqlite3.connect(":memory:")
    database.executescript(render_context(annotated_schema, contents))
    return database.execute(sql).fetchall()


def test_the_parent_with_the_most_children_is_the_one_that_a_count_of_the_rows_finds(annotated_schemas):
    for query, annotated_schema, contents, rng in drawn(annotated_schemas, "most_children"):
        link, name = query.parts["link"], query.parts["name"].column.name
        counts = Counter(row[link.reference.name] for row in contents[link.child.name])
        counts.pop(None, None)
        ((key, _),) = counts.most_common(1)
        called = next(row[name] for row in contents[link.parent.name] if row[link.parent.key.name] == key)
        assert run(annotated_schema, contents, query.sql) == [(called,)]
        assert link.child.plural in word(query, rng)


def test_who_is_not_tied_to_a_row_is_missing_from_every_tie(annotated_schemas):
    for query, annotated_schema, contents, _ in drawn(annotated_schemas, "rows_without_linked"):
        found = run(annotated_schema, contents, query.sql)
        assert len(found) <= len(contents[query.parts["subject"].name])
        assert not query.parts["second_where"] or len(found) < len(contents[query.parts["subject"].name])


@pytest.mark.parametrize("kind", ["group_sizes", "commonest_value"])
def test_groups_of_people_questions_hold_all_rows(annotated_schemas, kind):
    for query, annotated_schema, contents, _ in drawn(annotated_schemas, kind):
        group = query.parts["group"]
        counts = Counter(row[group.column.name] for row in contents[group.table.name])
        found = run(annotated_schema, contents, query.sql)
        if query.wording == "group_sizes":
            assert dict(found) == counts
        elif query.wording == "commonest_value":
            assert found == [(counts.most_common(1)[0][0],)]
        else:
            assert {value for (value,) in found} == {
                value
                for value, size in counts.items()
                if size > query.parts["bound"] - (query.parts["operator"] == ">=")
            }


def test_a_value_stands_before_its_noun_only_where_one_column_can_be_meant(annotated_schemas):
    for query, _, contents, rng in drawn(annotated_schemas, "rows_of_value", wanted=30):
        table, value = query.parts["subject"], query.parts["value"]
        columns = {name for row in contents[table.name] for name, held in row.items() if held == value}
        assert len(columns) == 1
        assert f"{value} {table.plural}" in word(query, rng).replace("'", "")


def test_a_mix_changes_what_varied_questions_ask(annotated_schemas):
    with Verifier() as verifier:
        plain = make_varied_questions(annotated_schemas, 60, verifier, seed=3)
        tied = make_varied_questions(annotated_schemas, 60, verifier, seed=3, mix={"relations": 5, "basic": 0.2})
    assert tied["sql"].str.contains("JOIN").sum() > plain["sql"].str.contains("JOIN").sum()
