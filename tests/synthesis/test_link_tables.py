"""A table of nothing but references, as many-to-many links are, serves every kind of question that needs no more."""

import random
import sqlite3

import pytest

from sqlreason.synthesis.queries.grammar import QUERY_KINDS, NothingFits, compose
from sqlreason.synthesis.schema.from_database import read_source
from sqlreason.synthesis.schema.rows import render_context
from sqlreason.synthesis.wording.sentences import word

LINKS = """
CREATE TABLE tracks (track_id INTEGER PRIMARY KEY, title TEXT NOT NULL, length_s INTEGER NOT NULL);
CREATE TABLE playlists (playlist_id INTEGER PRIMARY KEY, name TEXT NOT NULL, mood_type TEXT NOT NULL);
CREATE TABLE playlist_track (playlist_id INTEGER REFERENCES playlists, track_id INTEGER REFERENCES tracks,
  PRIMARY KEY (playlist_id, track_id));
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    path = tmp_path_factory.mktemp("links") / "links.sql"
    path.write_text(LINKS)
    return read_source(str(path))


@pytest.mark.parametrize("name", QUERY_KINDS)
def test_every_kind_gives_a_question_and_a_query_that_runs_or_gives_up(source, name):
    mix = dict.fromkeys(QUERY_KINDS, 0.0) | {name: 1.0}
    for seed in range(12):
        rng = random.Random(f"{name}{seed}")
        contents = source.fill(rng)
        try:
            query = compose(source.annotated_schema, rng, mix, contents)
        except NothingFits:
            continue
        database = sqlite3.connect(":memory:")
        database.executescript(render_context(source.annotated_schema, contents))
        database.execute(query.sql)
        assert word(query, rng)
