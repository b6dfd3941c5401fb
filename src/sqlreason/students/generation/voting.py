"""Voting by execution: of several answers the one whose result most of them share, without looking at the gold.

Wang et al. 2023, "Self-consistency" (arXiv:2203.11171), with results of queries as the answers that are compared. A
result that holds nothing wins only where there is no other (Wang et al. 2018, "Execution-guided decoding",
arXiv:1807.03100): who asks of something that is there and is shown nothing, was mostly misunderstood.
"""

from collections import Counter
from collections.abc import Sequence

from sqlreason.reasoning.format import parse
from sqlreason.sql.parsing.dialects import to_engine
from sqlreason.sql.verdicts import Result
from sqlreason.sql.verifier import Task, Verifier


def elect(
    verifier: Verifier, context: str, answers: Sequence[str], engine: str = "sqlite", reading: str = ""
) -> tuple[int, int]:
    """Return the index of the winning answer and the number of answers that share its result, by the engine's equality.

    Answers outside of the grammar and queries that fail do not vote; where none is left the first one within the
    grammar wins, else the first of all, with no vote. Results without a row, or of NULL alone, come behind all others;
    of results with equally many votes the one that came first wins.

    Args:
        verifier: Runs the queries, which may only read.
        context: DDL and INSERTs of the database that is asked.
        answers: Completions.
        engine: "sqlite" or "duckdb".
        reading: The dialect from which queries are rewritten for the engine, as of `Task`.

    Example:
        >>> from sqlreason.reasoning.format import render
        >>> rows = "CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2)"
        >>> answers = [render("…", f"SELECT {what} FROM t") for what in ("SUM(a)", "COUNT(*)", "MAX(a)")]
        >>> with Verifier() as verifier:  # 3, 2 and 2
        ...     elect(verifier, rows, answers)
        (1, 2)
    """
    parsed = {index: answer.sql for index, text in enumerate(answers) if (answer := parse(text)).well_formed}
    numbers = verifier.group(Task("", "", (context,), engine, reading), list(parsed.values()))
    groups = {index: number for index, number in zip(parsed, numbers, strict=True) if number is not None}
    if not groups:
        return next(iter(parsed), 0), 0
    votes = Counter(groups.values())
    first = {groups[index]: index for index in reversed(groups)}
    ranked = [first[number] for number, _ in sorted(votes.items(), key=lambda item: (-item[1], item[0]))]

    def holds_something(index: int) -> bool:
        result = run_as_read(verifier, context, parsed[index], engine, reading)
        return result.status != "ok" or any(cell is not None for row in result.rows for cell in row)

    winner = next(filter(holds_something, ranked), ranked[0])
    return winner, votes[groups[winner]]


def run_as_read(verifier: Verifier, context: str, sql: str, engine: str, reading: str) -> Result:
    """Run a query as its dialect reads it, and as it stands where that fails; of two failures the first counts."""
    first, *others = to_engine(sql, engine, reading)
    result = verifier.run(context, first, engine)
    for text in others:
        if result.status != "ok" and (other := verifier.run(context, text, engine)).status == "ok":
            return other
    return result
