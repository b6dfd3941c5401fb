"""Questions with several golds: a candidate that agrees with any of them on every test database is right."""

import pytest

from sqlreason.sql.audit import audit
from sqlreason.sql.databases.batch_preparation import Preparer
from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.verifier import Task, Verifier

USERS = (
    "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INT);"
    "INSERT INTO users VALUES (1, 'Ann', 30), (2, 'Bob', 40), (3, 'Cy', 40);"
)
OTHER = USERS.replace("'Ann', 30", "'Ann', 50")
NAMES, BOTH = "SELECT name FROM users WHERE age > 35", "SELECT id, name FROM users WHERE age > 35"


@pytest.fixture(scope="module")
def verifier():
    with Verifier() as shared:
        yield shared


def test_a_candidate_that_agrees_with_any_gold_on_all_databases_is_right(verifier):
    task = Task("q", NAMES, (USERS, OTHER), other_golds=(BOTH,))
    candidates = [
        "SELECT name FROM users WHERE NOT age <= 35",
        "SELECT id, name FROM users WHERE age >= 36",
        "SELECT name FROM users WHERE age = 40",  # on the first database alone
        "SELECT id, name FROM users",
        "SELECT nmae FROM users",
    ]
    verdicts = verifier.verify(task, candidates)
    assert [v.status for v in verdicts] == ["match", "match", "mismatch", "mismatch", "exec_error"]
    assert verifier.verify(task, candidates) == verdicts  # remembered, and united again
    alone = verifier.verify(Task("q", NAMES, (USERS, OTHER)), candidates)
    assert [v.status for v in alone] == ["match", "mismatch", "mismatch", "mismatch", "exec_error"]


def test_agreeing_with_one_gold_here_and_another_there_is_not_enough(verifier):
    old, young = "SELECT name FROM users WHERE age > 45", "SELECT name FROM users WHERE age < 35"
    task = Task("q", old, (USERS, OTHER), other_golds=(young,))
    assert [v.agrees for v in verifier.verify(task, [old, young])] == [True, True]
    neither = "SELECT name FROM users WHERE name = 'Ann'"  # the young on the first database, the old on the second
    assert not verifier.verify(task, [neither])[0].agrees


def test_a_gold_that_does_not_run_makes_nothing_right_and_nothing_wrong(verifier):
    task = Task("q", NAMES, (USERS,), other_golds=("SELECT name FROM nowhere",))
    found = verifier.verify(task, [NAMES, "SELECT name FROM nowhere"])
    assert [v.status for v in found] == ["match", "exec_error"]


def test_preparation_draws_databases_for_every_gold(verifier):
    one, two = "SELECT COUNT(*) FROM users WHERE age > 35", "SELECT COUNT(*) FROM users WHERE age >= 30"
    prepared = prepare(verifier, "q", USERS, one, other_golds=[two, one])
    alone = prepare(verifier, "q", USERS, one)
    assert prepared.task.other_golds == (two,) and prepared.task.databases[0] == alone.task.databases[0]
    assert len(prepared.task.databases) > len(alone.task.databases)
    near = "SELECT COUNT(*) FROM users WHERE age > 30"
    assert [v.agrees for v in verifier.verify(prepared.task, [one, two, near])] == [True, True, False]


def test_a_broken_gold_is_left_out_and_another_takes_the_first_place(verifier):
    prepared = prepare(verifier, "q", USERS, "SELECT nmae FROM users", other_golds=[NAMES])
    assert prepared.status == "ok" and prepared.task.gold == NAMES and "golds_left_out" in prepared.flags
    nothing = prepare(verifier, "q", USERS, "SELECT nmae FROM users", other_golds=["SELECT x FROM users"])
    assert nothing.status == "gold_error" and nothing.task is None


def test_a_task_with_several_golds_is_written_and_read_and_one_without_as_ever():
    task = Task("q", NAMES, (USERS,), other_golds=(BOTH,))
    assert Task.from_json(task.to_json()) == task
    assert "other_golds" not in Task("q", NAMES, (USERS,)).to_json()
    for wrong in (BOTH, (1,)):
        with pytest.raises(ValueError, match="give a tuple of texts"):
            Task("q", NAMES, (USERS,), other_golds=wrong)


def test_batches_and_audits_take_further_golds(verifier, tmp_path):
    rows = [("a", USERS, NAMES, (BOTH,)), ("b", USERS, NAMES)]
    with Preparer(cache=tmp_path / "kept.db") as preparer:
        several, one = preparer.prepare(rows)
        assert list(preparer.prepare(rows)) == [several, one]
    assert several.task.other_golds == (BOTH,) and one.task.other_golds == ()
    assert audit(verifier, rows).summary()["usable"] == 2
