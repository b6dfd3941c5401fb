"""Golds that a right answer meets: each row once, nobody without a value the lowest, whatever names are taken."""

import random
import sqlite3

import pytest
from sqlglot import exp

from sqlreason.synthesis.drawing.query_context import callings
from sqlreason.synthesis.names import free_name
from sqlreason.synthesis.queries.grammar import QUERY_KINDS, NothingFits, compose
from sqlreason.synthesis.schema.annotated_schema import read_annotated_schema
from sqlreason.synthesis.schema.rows import render_context, sample_contents
from sqlreason.synthesis.wording.sentences import word


def drawn(schema, kind, contents=None, seeds=60):
    """Return queries of a kind over a schema, each with its question and the rows that an SQL query finds."""
    found = []
    for seed in range(seeds):
        rng = random.Random(f"{kind}{seed}")
        rows = contents or sample_contents(schema, rng)
        try:
            query = compose(schema, rng, dict.fromkeys(QUERY_KINDS, 0.0) | {kind: 1.0}, rows)
        except NothingFits:
            continue
        database = sqlite3.connect(":memory:")
        database.executescript(render_context(schema, rows))
        found.append((query, word(query, rng), lambda sql, database=database: database.execute(sql).fetchall()))
    return found


def schema_of(**tables):
    return read_annotated_schema({"name": "s", "tables": tables}, "d")


def table(noun, **columns):
    return {"noun": noun, "columns": columns}


NAMES = {"name": ["Ada", "Ben", "Cyd", "Dan", "Eve", "Fay", "Gus", "Hal"]}
PLAYLISTS = schema_of(
    playlist=table("playlist / playlists", playlist_id="key", name=NAMES),
    track=table("track / tracks", track_id="key", title=NAMES, genre={"category": ["folk", "rock"]}),
    entry=table("entry / entries", entry_id="key", playlist_id={"ref": "playlist"}, track_id={"ref": "track"}),
)
ENTRIES = {
    "playlist": [{"playlist_id": 1, "name": "Music"}, {"playlist_id": 2, "name": "Quiet"}],
    "track": [{"track_id": key, "title": f"Song {key}", "genre": "folk"} for key in (1, 2, 3)],
    "entry": [{"entry_id": key, "playlist_id": 1, "track_id": key} for key in (1, 2, 3)],
}


def test_a_row_is_listed_once_however_many_rows_it_is_tied_to():
    queries = drawn(PLAYLISTS, "rows_with_linked", ENTRIES)
    lists = [run(query.sql) for query, _, run in queries if query.parts["subject"].name == "playlist"]
    assert len(lists) > 10 and all(found == [("Music",)] for found in lists)


PROJECTS = schema_of(
    project=table("project / projects", code="key", title=NAMES, budget={"int": [1, 900]}),
    task=table("task / tasks", task_id="key", project={"ref": "project"}, hours={"int": [1, 90]}),
)
TASKS = {
    "project": [{"code": f"P{key}", "title": f"Bridge {key}", "budget": key * 100} for key in (1, 2, 3)],
    "task": [{"task_id": key, "project": f"P{key % 2 + 1}", "hours": key} for key in range(1, 7)],
}


@pytest.mark.parametrize("kind", ["rows_by_parent", "delete_by_parent"])
def test_parents_with_texts_as_keys_are_asked_about_too(kind):
    assert len(drawn(PROJECTS, kind, TASKS)) > 30


def test_who_counts_first_is_told_that_those_without_any_do_not_count():
    for kind in ("average_of_counts", "join_counts"):
        questions = [question for _, question, _ in drawn(PROJECTS, kind, TASKS, 120)]
        first = [question for question in questions if "tasks of each project" in question]
        assert first and all("that has any" in question or "more than" in question for question in first)


PEOPLE = {"noun": "customer / customers", "columns": {
    "customer_id": "key", "first_name": NAMES, "last_name": NAMES, "title": NAMES, "state": NAMES, "email": NAMES,
    "country": {"category": ["Chile", "Ghana"]}, "points": {"int": [0, 900]}}}  # fmt: skip
INVOICES = schema_of(
    customer=PEOPLE,
    invoice=table("invoice / invoices", invoice_id="key", customer_id={"ref": "customer"}, total={"int": [1, 90]}),
)


@pytest.mark.parametrize(
    ("noun", "phrases", "called"),
    [
        ("customer", ["first name", "last name", "title", "state"], ["first name", "last name"]),
        ("user", ["username", "email"], ["username"]),
        ("book", ["title", "publisher name", "edition"], ["title"]),
        ("course", ["starting day", "course"], ["course"]),
        ("supplier", ["contact name", "city"], ["contact name"]),
        ("order", ["ship name", "contact name"], []),
        ("couple", ["leader", "follower"], []),
        ("shop", ["street"], ["street"]),
        ("pet", ["pet type"], []),
        ("teacher", ["age", "hometown"], []),
    ],
)
def test_people_call_a_row_by_its_name_or_by_the_only_text_that_could_do(noun, phrases, called):
    columns = {f"c{place}": NAMES | {"phrase": phrase} for place, phrase in enumerate(phrases)}
    schema = schema_of(t=table(f"{noun} / {noun}s", id="key", **columns))
    assert [column.phrase for column in callings(schema.tables[0])] == called


@pytest.mark.parametrize("kind", ["children_of_one", "column_of_one", "same_as"])
def test_who_is_called_by_a_value_is_called_by_a_name(kind):
    for query, _, _ in drawn(INVOICES, kind):
        named = [node.left for node in query.tree.find_all(exp.EQ) if node.expression.is_string]
        assert {column.name for column in named} <= {"first_name", "last_name"}


@pytest.mark.parametrize("kind", ["count_children", "most_children", "several_children"])
def test_a_row_of_two_names_is_asked_for_by_one_of_them(kind):
    questions = drawn(INVOICES, kind)
    assert questions
    for query, question, _ in questions:
        assert query.parts["name"].column.phrase.rpartition(" ")[2] in question, question


def test_others_like_one_are_like_all_that_are_called_so():
    rows = [("Smith", "Oslo"), ("Jones", "Oslo"), ("Smith", "Rome"), ("Khan", "Rome"), ("Lee", "Oslo")]
    schema = schema_of(t=table("client / clients", id="key", surname=NAMES, city={"category": ["Oslo", "Rome"]}))
    contents = {"t": [{"id": key, "surname": name, "city": city} for key, (name, city) in enumerate(rows)]}
    for query, question, _ in drawn(schema, "same_as", contents):
        assert "Smith" not in question and not query.tree.find(exp.EQ).expression.find(exp.Subquery)
        assert query.tree.find(exp.In).args["query"]


PRICES = schema_of(
    shop=table("shop / shops", shop_id="key", name=NAMES, owner=NAMES | {"optional": True}),
    product=table(
        "product / products", product_id="key", group={"category": ["A", "B"]}, shop_id={"ref": "shop"},
        price={"int": [1, 90], "optional": True}),
)  # fmt: skip


@pytest.mark.parametrize("kind", ["top_groups", "join_top", "aggregate_groups", "join_groups"])
def test_a_group_without_any_value_is_not_ranked_lowest(kind):
    ranked = [query.tree.args["order"] for query, *_ in drawn(PRICES, kind, seeds=200) if query.tree.args.get("order")]
    assert ranked and not any(order.find(exp.Column) for order in ranked)


def test_the_group_with_the_most_rows_is_not_that_without_a_name():
    groups = {query.parts["group"].column.name for query, *_ in drawn(PRICES, "join_top")}
    assert groups == {"name"}


def test_a_query_s_own_names_are_free():
    assert free_name("peer", ["shop"]) == "peer"
    assert free_name("peer", ["Peer", "peer_2"]) == "peer_3"


@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        ("top_within", "ranked"),
        ("beyond_group", "peer"),
        ("average_of_counts", "counts"),
        ("join_counts", "counts"),
        ("groups_beyond", "groups_found"),
        ("groups_beyond_average", "groups_found"),
        ("group_selection", "selected"),
    ],
)
def test_a_table_may_have_the_name_that_a_query_gives_to_a_part_of_its_own(kind, taken):
    columns = {"id": "key", "label": NAMES, "status": {"category": ["old", "new"]}, "size": {"int": [1, 99]}}
    match = table("match / matches", match_id="key", team_id={"ref": "teams"}, goals={"int": [0, 9]})
    plain = drawn(schema_of(teams=table("team / teams", **columns), match=match), kind)
    match["columns"]["team_id"]["ref"] = taken
    taking = drawn(schema_of(**{taken: table("team / teams", **columns), "match": match}), kind)
    assert len(taking) == len(plain) > 20
    for (query, _, run), (other, _, run_other) in zip(taking, plain, strict=True):
        assert run(query.sql) == run_other(other.sql), query.sql


@pytest.mark.parametrize(
    ("kind", "taken"),
    [("top_within", {"position": {"int": [1, 9]}}), ("groups_beyond", {"total": {"category": ["low", "high"]}})],
)
def test_a_column_may_have_the_name_that_a_query_gives_to_a_value_of_its_own(kind, taken):
    others = {"driver": NAMES, "points": {"int": [1, 99]}, "team": {"category": ["red", "blue"]}}
    for query, _, run in drawn(schema_of(t=table("result / results", id="key", **taken, **others)), kind):
        names = [column.alias_or_name for column in query.tree.find(exp.Subquery, exp.CTE).this.selects]
        assert len(set(names)) == len(names) and run(query.sql), query.sql
