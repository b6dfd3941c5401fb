"""Voting by execution: of several answers the one whose result most of them share, without looking at the gold.

Wang et al. 2023, "Self-consistency" (arXiv:2203.11171), with results of queries as the answers that are compared.
"""

from collections import Counter
from collections.abc import Sequence

from sqlreason.reasoning.format import parse
from sqlreason.sql.execution import Verifier


def vote(verifier: Verifier, context: str, answers: Sequence[str], engine: str = "sqlite") -> int:
    """Return the index of the winning answer; see `elect`."""
    return elect(verifier, context, answers, engine)[0]


def elect(verifier: Verifier, context: str, answers: Sequence[str], engine: str = "sqlite") -> tuple[int, int]:
    """Return the index of the winning answer and the number of answers that share its result.

    Answers outside of the grammar and queries that fail do not vote; where none is left the first answer wins, and of
    results with equally many votes the one that came first.

    Args:
        verifier: Runs the queries, which may only read.
        context: DDL and INSERTs of the database that is asked.
        answers: Completions.
        engine: "sqlite" or "duckdb".
    """
    results: dict[int, str] = {}
    outcomes: dict[str, str] = {}
    for index, text in enumerate(answers):
        reading = parse(text)
        if not reading.well_formed:
            continue
        if reading.sql not in outcomes:
            outcomes[reading.sql] = _result(verifier, context, reading.sql, engine)
        if outcomes[reading.sql]:
            results[index] = outcomes[reading.sql]
    if not results:
        return 0, 0
    votes = Counter(results.values())
    winner = max(results, key=lambda index: (votes[results[index]], -index))
    return winner, votes[results[winner]]


def _result(verifier: Verifier, context: str, sql: str, engine: str) -> str:
    """The result as a text that equal bags of rows share; empty for a query that fails."""
    found = verifier.run(context, sql, engine)
    if found.status != "ok":
        return ""
    return f"{len(found.columns)}:{sorted(map(repr, found.rows))}"
