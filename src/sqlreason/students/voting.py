"""Voting by execution: of several answers the one whose result most of them share, without looking at the gold.

Wang et al. 2023, "Self-consistency" (arXiv:2203.11171), with results of queries as the answers that are compared.
"""

from collections import Counter
from collections.abc import Sequence

from sqlreason.reasoning.format import parse
from sqlreason.sql.dialects import to_engine
from sqlreason.sql.execution import Verifier


def vote(verifier: Verifier, context: str, answers: Sequence[str], engine: str = "sqlite") -> int:
    """Return the index of the winning answer; see `elect`."""
    return elect(verifier, context, answers, engine)[0]


def elect(
    verifier: Verifier, context: str, answers: Sequence[str], engine: str = "sqlite", reading: str = ""
) -> tuple[int, int]:
    """Return the index of the winning answer and the number of answers that share its result.

    Answers outside of the grammar and queries that fail do not vote; where none is left the first answer wins, and of
    results with equally many votes the one that came first.

    Args:
        verifier: Runs the queries, which may only read.
        context: DDL and INSERTs of the database that is asked.
        answers: Completions.
        engine: "sqlite" or "duckdb".
        reading: The dialect from which queries are rewritten for the engine, as of `Task`.
    """
    results: dict[int, str] = {}
    outcomes: dict[str, str] = {}
    for index, text in enumerate(answers):
        answer = parse(text)
        if not answer.well_formed:
            continue
        if answer.sql not in outcomes:
            outcomes[answer.sql] = _result(verifier, context, to_engine(answer.sql, engine, reading)[0], engine)
        if outcomes[answer.sql]:
            results[index] = outcomes[answer.sql]
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
