"""What must hold of verdicts whatever the data: reflexive, symmetric, blind to what must not matter."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sqlreason.sql.parsing.tables import literal
from sqlreason.sql.verifier import Task, Verifier

ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "A", "it's", ""]) | st.none(),
        st.integers(-2, 4) | st.none(),
        st.sampled_from([0.1, 0.2, 0.30000000000000004, 1.0]) | st.none(),
    ),
    max_size=8,
)
# A query that LIMIT cuts inside of a tie answers by the order of insertion, and rightly so; so does one without
# an order where the gold has one.
CUTS_TIES = "SELECT t FROM x ORDER BY n DESC LIMIT 2"
# Pairs that say the same of every table, in other words.
SAME = [
    ("SELECT t, n FROM x WHERE n > 1", "SELECT one.t AS other, n FROM x AS one WHERE NOT (n <= 1)"),
    ("SELECT t FROM x WHERE n BETWEEN 0 AND 2", "SELECT t FROM (SELECT * FROM x WHERE n >= 0) y WHERE 2 >= n"),
    ("SELECT t, COUNT(*) FROM x GROUP BY t", "WITH y AS (SELECT t FROM x) SELECT t, SUM(1) FROM y GROUP BY 1"),
    ("SELECT DISTINCT n FROM x", "SELECT n FROM x GROUP BY n"),
    ("SELECT SUM(r) FROM x", "SELECT SUM(r) FROM (SELECT r FROM x ORDER BY r DESC) y"),
    ("SELECT n FROM x ORDER BY n", "SELECT n FROM x ORDER BY n, t DESC"),
    (CUTS_TIES, "SELECT t FROM x ORDER BY n DESC, r, t LIMIT 2"),
    ("SELECT COUNT(*) FROM x WHERE t = 'a' OR n = 1", "SELECT COUNT(*) FROM x WHERE n = 1 OR 'a' = t"),
    ("SELECT t FROM x UNION SELECT t FROM x WHERE n > 0", "SELECT DISTINCT t FROM x"),
    ("UPDATE x SET n = n + 1 WHERE t = 'a'", "UPDATE x SET n = 1 + n WHERE 'a' = t"),
    ("DELETE FROM x WHERE n > 1", "DELETE FROM x WHERE NOT n <= 1"),
]
UNORDERED = [gold for gold, _ in SAME if gold.startswith("SELECT") and "ORDER" not in gold]
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def verifier():
    with Verifier() as shared:
        yield shared


def _script(rows) -> str:
    values = ", ".join(f"({', '.join(map(literal, row))})" for row in rows)
    return "CREATE TABLE x (t TEXT, n INT, r REAL);" + (f"INSERT INTO x VALUES {values};" if rows else "")


@given(ROWS)
@FEW
def test_every_query_agrees_with_itself_and_with_its_rewrite(verifier, rows) -> None:
    for gold, other in SAME:
        verdicts = verifier.verify(Task("", gold, (_script(rows),)), [gold, other])
        assert [verdict.agrees for verdict in verdicts] == [True, True], (gold, verdicts)


@given(ROWS, st.sampled_from(UNORDERED), st.sampled_from(UNORDERED))
@FEW
def test_agreement_is_symmetric_where_no_order_is_asked(verifier, rows, one, other) -> None:
    scripts = (_script(rows),)
    (there,), (back,) = (verifier.verify(Task("", a, scripts), [b]) for a, b in ((one, other), (other, one)))
    assert there.agrees == back.agrees


@given(ROWS, st.sampled_from([gold for gold, _ in SAME if "LIMIT" not in gold]), st.randoms(use_true_random=False))
@FEW
def test_the_order_in_which_rows_were_inserted_does_not_matter(verifier, rows, gold, rng: random.Random) -> None:
    shuffled = rng.sample(rows, len(rows))
    free = "ORDER" not in gold
    candidates = [text for pair in SAME for text in pair if text != CUTS_TIES and (free or "ORDER" in text)]
    one, other = (verifier.verify(Task("", gold, (_script(r),)), candidates) for r in (rows, shuffled))
    assert [v.agrees for v in one] == [v.agrees for v in other]


@given(ROWS)
@FEW
def test_a_row_more_or_less_is_never_agreement(verifier, rows) -> None:
    gold = "SELECT t, n, r FROM x"
    more = "SELECT t, n, r FROM x UNION ALL SELECT 'z', 9, 9.5 FROM (SELECT COUNT(*) FROM x)"
    less = "SELECT t, n, r FROM (SELECT *, ROW_NUMBER() OVER () AS i FROM x) WHERE i > 1"
    verdicts = verifier.verify(Task("", gold, (_script(rows),)), [more, less])
    assert not verdicts[0].agrees and verdicts[1].agrees == (not rows)
