"""Mutants: distinct, parsable, different from the query, and of many kinds."""

import pytest

from sqlreason.sql.mutation.mutants import mutants
from sqlreason.sql.parsing.schema import parse_schema
from sqlreason.sql.parsing.statements import parse

SCHEMA = parse_schema(
    "CREATE TABLE users (id INT, name TEXT, age INT); CREATE TABLE pets (id INT, owner INT, kind TEXT);"
    "INSERT INTO pets VALUES (1, 1, 'dog'), (2, 1, 'cat');"
)
RICH = (
    "SELECT u.name, COUNT(*) FROM users u JOIN pets p ON u.id = p.owner WHERE u.age > 30 AND p.kind = 'dog' "
    "GROUP BY u.name HAVING COUNT(*) > 1 ORDER BY 2 DESC LIMIT 5"
)


def test_mutants_are_distinct_and_parse() -> None:
    found = mutants(RICH, SCHEMA, limit=40)
    assert len(found) == len(set(found)) > 25
    assert all(parse(text, "sqlite") is not None for text in found)
    assert parse(RICH).sql("sqlite") not in found


@pytest.mark.parametrize("piece", ["LEFT JOIN", "'cat'", "ASC", "u.age >= 30", "LIMIT 6", "DISTINCT", "OR (p.kind"])
def test_each_family_takes_part(piece: str) -> None:
    text = " ".join(mutants(RICH.replace("p.kind = 'dog'", "(p.kind = 'dog' OR u.age < 9)"), SCHEMA, limit=100))
    assert piece in text or (piece == "ASC" and "ORDER BY 2 LIMIT" in text)


def test_the_seed_decides() -> None:
    assert mutants(RICH, SCHEMA, seed=3) == mutants(RICH, SCHEMA, seed=3) != mutants(RICH, SCHEMA, seed=4)


def test_double_quoted_strings_are_literals() -> None:
    assert "SELECT name FROM users WHERE name = 'Annx'" in mutants(
        'SELECT name FROM users WHERE name = "Ann"',
        parse_schema("CREATE TABLE users (name TEXT, age INT)"),
        50,
    )


def test_writes_have_mutants_too() -> None:
    assert "DELETE FROM users" in mutants("DELETE FROM users WHERE id = 1", SCHEMA)
    assert mutants("UPDATE users SET age = 3 WHERE id = 1", SCHEMA)
    assert mutants("SELECT FROM WHERE", SCHEMA) == []


def test_the_shared_tree_stays_as_it_was() -> None:
    before = parse(RICH).sql()
    mutants(RICH, SCHEMA)
    assert parse(RICH).sql() == before
