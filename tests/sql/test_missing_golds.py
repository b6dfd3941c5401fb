"""A row without a gold has none: it is not a gold that finds nothing."""

import pytest

from sqlreason.sql.databases.preparation import prepare
from sqlreason.sql.verifier import Verifier

CONTEXT = "CREATE TABLE t (a INT); INSERT INTO t VALUES (1);"


@pytest.fixture(scope="module")
def verifier():
    with Verifier() as verifier:
        yield verifier


@pytest.mark.parametrize("gold", ["", " \n", ";", " ; ;", "-- nothing", "/* nothing */ ;", "/* open", "--\n--\n"])
def test_a_gold_without_a_query_is_told_as_such(verifier, gold):
    found = prepare(verifier, "1", CONTEXT, gold, n=1)
    assert (found.status, found.task) == ("no_gold", None)


@pytest.mark.parametrize("gold", ["/* one */ SELECT a FROM t", "-- one\nSELECT a FROM t;"])
def test_a_comment_before_a_query_changes_nothing(verifier, gold):
    assert prepare(verifier, "1", CONTEXT, gold, n=1).task is not None
