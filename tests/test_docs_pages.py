"""Pages that say where things are name what is there, and their examples run."""

import random
import re

import pytest

from sqlreason.synthesis.drawing.query_context import QueryContext
from sqlreason.synthesis.drawing.query_kinds import Family
from sqlreason.synthesis.queries import basic
from sqlreason.synthesis.queries.grammar import TEMPLATES
from sqlreason.synthesis.schema.annotated_schema import load_annotated_schemas
from sqlreason.synthesis.schema.rows import sample_contents
from sqlreason.synthesis.wording.sentences import word

PAGES = ("architecture", "how-to-extend", "glossary")


def page(project, name):
    return (project / "docs" / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_every_path_that_a_page_names_is_there(project, name):
    text = page(project, name)
    paths = {path for path in re.findall(r"`((?:src|tests|conf|data|docs|benchmarks|tools)/[^`\s]*)`", text)}
    links = {f"docs/{link}" for link in re.findall(r"\]\(([\w-]+\.md)\)", text)}
    assert [path for path in sorted(paths | links) if "<" not in path and not (project / path).exists()] == []


def test_every_node_that_the_walk_names_is_wired(project):
    wiring = "".join(path.read_text(encoding="utf-8") for path in project.glob("src/sqlreason/pipelines/*/pipeline.py"))
    walk = page(project, "architecture").split("## Rooms")[0]
    rows = [line.split("|") for line in walk.splitlines() if line.startswith("| ") and "---" not in line]
    named = {name for row in rows for cell in row[1:3] for name in re.findall(r"`(\w+)`", cell)}
    assert len(named) > 20
    students = re.compile(r"^(?:score|answer_after)_(?:base|sft|grpo)$")  # names made in a loop
    assert [name for name in sorted(named) if f'"{name}"' not in wiring and not students.match(name)] == []


def test_every_room_of_the_contract_is_in_the_table_of_rooms(project):
    contract = (project / "pyproject.toml").read_text(encoding="utf-8").split('name = "Arrows point down"')[1]
    rooms = re.findall(r"sqlreason\.(\w+)", contract.split("]")[0])
    table = page(project, "architecture").split("## Rooms and arrows")[1]
    assert len(rooms) > 15
    assert [room for room in rooms if f"`{room}`" not in table] == []


def test_the_words_of_the_glossary_stand_in_their_order(project):
    words = re.findall(r"^\| ([^|]+?) \|", page(project, "glossary"), re.M)[2:]
    assert words == sorted(words, key=str.lower)


def test_the_example_of_a_kind_of_question_runs_as_it_stands(project, monkeypatch):
    (example,) = re.findall(r"```python\n(.*?)```", page(project, "how-to-extend"), re.S)
    family = Family("examples", place=9, opening="[Show|List]")
    exec(example, {**vars(basic), "FAMILY": family})
    (kind,) = family.kinds.values()
    monkeypatch.setitem(TEMPLATES, "newest_rows", kind.templates["newest_rows"])
    schema = next(
        schema for schema in load_annotated_schemas() if any(c.kind == "date" for c in schema.tables[0].columns)
    )
    rng = random.Random(3)
    query = kind.draw(QueryContext(schema, sample_contents(schema, rng), rng))
    assert re.search(r"ORDER BY \w+ DESC LIMIT [13]$", query.sql)
    assert word(query, rng)[-1] in ".?"
