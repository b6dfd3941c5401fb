"""Several answers to one question: how many of them agree by execution."""

from collections.abc import Sequence
from dataclasses import replace

from sqlreason.sql.ray_verifier import RayVerifier
from sqlreason.sql.verifier import Task, Verdict, Verifier


def agreement(
    verifier: Verifier | RayVerifier,
    tasks: Sequence[Task],
    queries: Sequence[Sequence[str]],
    verdicts: Sequence[Sequence[Verdict]],
) -> list[list[float]]:
    """Return for each query the share of its question's queries that answer alike, itself included.

    The gold takes no part in it, so that the share can stand where there is none; queries that agree with it agree
    with each other, which saves comparisons. One that does not run agrees with none.

    Args:
        verifier: Where queries run.
        tasks: One a question.
        queries: The queries of each question.
        verdicts: What became of them beside the gold.
    """
    labels = [[0 if v.agrees else None if v.runs else -1 for v in found] for found in verdicts]
    label = 0
    while any(None in row for row in labels):
        label += 1
        unsorted = [(i, [j for j, known in enumerate(row) if known is None]) for i, row in enumerate(labels)]
        unsorted = [(i, rest) for i, rest in unsorted if rest]
        pairs = [
            (replace(tasks[i], gold=queries[i][rest[0]]), [queries[i][j] for j in rest[1:]]) for i, rest in unsorted
        ]
        for (i, rest), found in zip(unsorted, verifier.verify_batch(pairs), strict=True):
            labels[i][rest[0]] = label
            for j, verdict in zip(rest[1:], found, strict=True):
                labels[i][j] = label if verdict.agrees else None
    return [[row.count(known) / len(row) if known != -1 else 0.0 for known in row] for row in labels]
