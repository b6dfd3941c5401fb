"""Golds that a right answer meets: each row once, nobody without a value the lowest, whatever names are taken."""

import random
import sqlite3

import pytest

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
