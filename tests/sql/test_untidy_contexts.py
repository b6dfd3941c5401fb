"""Contexts as they come: references of another type, to undrawn tables, violated, to keys of several columns.

Each case is a wrong query that the given rows accept, or a right one that badly drawn rows would refuse.
"""

import pytest

from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.parsing.keys import Reference, references_of, with_parents
from sqlreason.sql.parsing.schema import parse_schema
from sqlreason.sql.verifier import Verifier

SEEDS = range(4)
HALLS = """
CREATE TABLE hall (hall_id INT PRIMARY KEY, name TEXT);
CREATE TABLE fest (fest_id INT PRIMARY KEY, hall_id TEXT, year TEXT, FOREIGN KEY (hall_id) REFERENCES hall(hall_id));
INSERT INTO hall VALUES (1, 'Kreuz'), (2, 'Thomas'), (3, 'Guild');
INSERT INTO fest VALUES (1, '1', '2014'), (2, '2', '2014'), (3, '1', '2015'), (4, '3', '2016');
"""
PLAYED = "SELECT T1.name FROM hall AS T1 JOIN fest AS T2 ON T1.hall_id = T2.hall_id WHERE T2.year = '{}'"
BOTH_YEARS = f"{PLAYED.format(2014)} INTERSECT {PLAYED.format(2015)}"
TEMPLATES = """
CREATE TABLE kinds (code TEXT PRIMARY KEY, descr TEXT);
CREATE TABLE tmpl (tid INTEGER PRIMARY KEY, ver INTEGER, code TEXT REFERENCES kinds);
INSERT INTO kinds VALUES ('PP', 'Paper'), ('BK', 'Book'), ('CV', 'CV');
INSERT INTO tmpl VALUES (1, 2, 'PP'), (2, 5, 'PP'), (3, 1, 'BK'), (4, 8, 'CV'), (5, 3, 'XX');
"""
CARS = """
CREATE TABLE makes (make_id INTEGER PRIMARY KEY, make TEXT);
CREATE TABLE specs (id INTEGER PRIMARY KEY, cyl INTEGER, FOREIGN KEY (id) REFERENCES makes(make_id));
INSERT INTO makes VALUES (1, 'Ford'), (2, 'Fiat'), (3, 'Opel'), (4, 'Audi');
INSERT INTO specs VALUES (1, 8), (2, 4), (3, 8), (4, 6);
"""
FERRIES = """
CREATE TABLE ports (code TEXT PRIMARY KEY, town TEXT);
CREATE TABLE lines (uid INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE trips (line INTEGER, no INTEGER, src TEXT, dst TEXT, PRIMARY KEY (line, no),
  FOREIGN KEY (src) REFERENCES ports(code), FOREIGN KEY (dst) REFERENCES ports(code));
INSERT INTO ports VALUES ('AAR', 'Aarhus'), ('OSL', 'Oslo'), ('BGO', 'Bergen');
INSERT INTO lines VALUES (1, 'Fjord'), (2, 'Swan'), (3, 'Isles');
INSERT INTO trips VALUES (1, 1, ' AAR', ' OSL'), (1, 2, ' OSL', ' AAR'), (2, 3, ' BGO', ' OSL'), (3, 4, ' AAR', ' BGO');
"""
SAILS = "SELECT T1.name FROM lines AS T1 JOIN trips AS T2 ON T1.uid = T2.line WHERE T2.src = '{}'"
PETS = """
CREATE TABLE pets (id INTEGER PRIMARY KEY, kind TEXT, age INTEGER);
INSERT INTO pets VALUES (1, 'cat', 3), (2, 'dog', 2), (3, 'dog', 1), (4, 'cat', 2);
"""
STATIONS = """
CREATE TABLE station (id TEXT PRIMARY KEY, country TEXT);
INSERT INTO station VALUES ('a', 'FR'), ('b', 'FR'), ('c', 'FR'), ('d', 'IT'), ('e', 'IT'), ('f', 'AT');
"""
COUNTED = "SELECT country, COUNT(*) FROM station GROUP BY country"


@pytest.fixture(scope="module")
def ours():
    with Verifier() as shared:
        yield shared


@pytest.fixture(scope="module")
def spiders():
    with Verifier(preset="spider") as shared:
        yield shared


def agreements(verifier, context: str, gold: str, candidate: str, n: int = 3) -> list[bool]:
    """Whether the candidate is taken for right, by the seed of the databases."""
    prepared = [prepare(verifier, "", context, gold, n=n, seed=seed) for seed in SEEDS]
    assert all(found.status == "ok" and "few_databases" not in found.flags for found in prepared)
    return [verifier.verify(found.task, [candidate])[0].agrees for found in prepared]


@pytest.mark.parametrize(
    ("context", "gold", "wrong"),
    [
        (HALLS, BOTH_YEARS, "SELECT name FROM hall WHERE name = 'Kreuz'"),
        (FERRIES, "SELECT line FROM trips GROUP BY line HAVING COUNT(*) > 1",
         "SELECT line FROM trips GROUP BY line HAVING COUNT(*) >= 1"),
    ],
    ids=["a text that refers to a number", "groups in a key of two columns"],
)  # fmt: skip
def test_what_the_given_rows_accept_is_refused(ours, context, gold, wrong) -> None:
    assert agreements(ours, context, gold, wrong) == [False] * len(SEEDS)


@pytest.mark.parametrize("n", [3, 8])
@pytest.mark.parametrize(
    ("context", "gold", "right"),
    [
        (TEMPLATES, "SELECT code, COUNT(*) FROM tmpl WHERE ver > 1 GROUP BY code",
         "SELECT T1.code, COUNT(*) FROM kinds AS T1 JOIN tmpl AS T2 ON T1.code = T2.code WHERE ver > 1 GROUP BY 1"),
        (CARS, "SELECT COUNT(*) FROM specs WHERE cyl > 6",
         "SELECT COUNT(*) FROM makes AS T1 JOIN specs AS T2 ON T1.make_id = T2.id WHERE T2.cyl > 6"),
    ],
    ids=["a reference that the data violates, without a named column", "a key that is a reference"],
)  # fmt: skip
def test_a_superfluous_join_along_a_declared_reference_is_right(ours, context, gold, right, n) -> None:
    rows = "INSERT INTO tmpl VALUES (1, 2, 'PP'), (2, 5, 'PP'), (3, 1, 'BK'), (4, 8, 'CV'), (5, 3, 'XX')"
    sound = context.replace(rows, rows.replace(", (5, 3, 'XX')", ""))  # on the violating rows they do differ
    drawn = [prepare(ours, "", sound, gold, n=n, seed=seed).task for seed in SEEDS]
    assert all(ours.verify(task, [right])[0].agrees for task in drawn)
    for seed in SEEDS:  # and what is drawn from rows that violate it does not
        task = prepare(ours, "", context, gold, n=n, seed=seed).task
        verdict = ours.verify(type(task)("", gold, task.databases[1:]), [right])[0]
        assert verdict.agrees, verdict


def test_a_gold_of_two_branches_finds_rows_for_both(spiders) -> None:
    gold = f"{SAILS.format('AAR')} INTERSECT {SAILS.format('OSL')}"
    assert agreements(spiders, FERRIES, gold, SAILS.format("AAR")) == [False] * len(SEEDS)


@pytest.mark.parametrize("wrong", [
    "SELECT age FROM pets WHERE kind = 'dog' ORDER BY age DESC LIMIT 1",
    "SELECT MAX(age) FROM pets WHERE kind = 'dog' GROUP BY kind",
])  # fmt: skip
def test_published_presets_see_what_differs_where_nothing_is_found(spiders, wrong) -> None:
    assert not any(agreements(spiders, PETS, "SELECT MAX(age) FROM pets WHERE kind = 'dog'", wrong))


@pytest.mark.parametrize("wrong", [
    "SELECT country, MAX(c) FROM (SELECT country, COUNT(*) AS c FROM station GROUP BY country)",
    f"{COUNTED} HAVING COUNT(*) = (SELECT COUNT(*) FROM station GROUP BY country ORDER BY COUNT(*) DESC LIMIT 1)",
])  # fmt: skip
def test_published_presets_see_how_a_tie_of_counts_falls(spiders, wrong) -> None:
    found = agreements(spiders, STATIONS, f"{COUNTED} ORDER BY COUNT(*) DESC LIMIT 1", wrong)
    assert sum(found) <= 1


def test_a_bound_by_an_extreme_is_met_from_both_sides(ours) -> None:
    realms = """CREATE TABLE realm (code TEXT PRIMARY KEY, part TEXT, pop INT);
    INSERT INTO realm VALUES ('a', 'Africa', 5), ('b', 'Africa', 9), ('c', 'Asia', 7), ('d', 'Asia', 12);"""
    gold = "SELECT code FROM realm WHERE part = 'Asia' AND pop > (SELECT MAX(pop) FROM realm WHERE part = 'Africa')"
    assert sum(agreements(ours, realms, gold, gold.replace("pop >", "pop >="))) <= 1


def test_a_large_answer_is_no_broken_gold(ours) -> None:
    values = ", ".join(f"({i}, 'n{i}')" for i in range(9_000))
    context = f"CREATE TABLE players (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO players VALUES {values};"
    gold = "SELECT name FROM players ORDER BY id DESC"
    task = prepare(ours, "", context, gold).task
    right, wrong = ours.verify(task, ["SELECT name FROM players ORDER BY -id", "SELECT name FROM players"])
    assert right.agrees and wrong.databases_passed <= 1


def test_too_large_an_answer_is_told_at_once(ours) -> None:
    gold = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 60000) SELECT x FROM c, pets"
    found = prepare(ours, "", PETS, gold)
    assert found.status == "gold_error" and found.reason.count("too_big") == 1


def test_references_without_columns_mean_the_primary_key() -> None:
    found = references_of(parse_schema(TEMPLATES + FERRIES))
    assert found[0] == Reference("tmpl", ("code",), "kinds", ("code",)) and len(found) == 3
    assert with_parents({"tmpl"}, found) == {"tmpl", "kinds"} and with_parents({"ports"}, found) == {"ports"}


def test_a_key_of_whole_numbers_that_refers_to_texts_leaves_no_question_undrawn(ours) -> None:
    context = """CREATE TABLE firm (id INTEGER PRIMARY KEY, name TEXT, FOREIGN KEY (id) REFERENCES job (boss));
    CREATE TABLE job (id INTEGER PRIMARY KEY, trade TEXT, boss TEXT, pay REAL);
    INSERT INTO firm VALUES (1, 'Ace'), (2, 'Bolt');
    INSERT INTO job VALUES (1, 'mason', 'Dee', 40), (2, 'mason', 'Joe', 45), (3, 'baker', 'Dee', 50);"""
    gold = "SELECT pay FROM job WHERE (trade = 'mason' OR trade = 'baker') AND boss = 'Dee'"
    for seed in range(6):
        found = prepare(ours, "", context, gold, seed=seed)
        assert found.status == "ok" and "few_databases" not in found.flags
