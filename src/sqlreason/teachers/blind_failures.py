"""Which questions a teacher failed that was not shown the gold; these are asked again, with a hint."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlreason.sql.databases.plain_scripts import scripts_of
from sqlreason.sql.parsing.dialects import own_dialect
from sqlreason.sql.verifier import Task, Verifier
from sqlreason.teachers.answers import read_answer

Row = Mapping[str, Any]


def find_blind_failures(completions: Iterable[Row], questions: Sequence[Row], workers: int) -> set[str]:
    """Return the questions none of whose answers is well-formed and agrees with the gold on the original database.

    The perturbed databases come later, in preprocessing; what passes here and fails there is not asked again.

    Args:
        completions: Rows of `cot_completions`.
        questions: Rows of the question table, of those that were asked.
        workers: Processes that run queries.
    """
    queries: dict[str, list[str]] = {row["id"]: [] for row in questions}
    for completion in completions:
        answer = read_answer(completion)
        if answer.status == "ok":
            queries[completion["id"]].append(answer.sql)
    with Verifier(workers=workers) as verifier:
        pairs = [(_task(row, bool(verifier.server)), queries[row["id"]]) for row in questions]
        found = verifier.verify_batch(pairs)
    return {
        row["id"]
        for row, verdicts in zip(questions, found, strict=True)
        if not any(verdict.agrees for verdict in verdicts)
    }


def _task(row: Row, served: bool) -> Task:
    own = own_dialect(row["sql_context"], row["sql"], row.get("dialect"), served)
    context = scripts_of(row["sql_context"], own, own)[0] if own else row["sql_context"]
    return Task(row["id"], row["sql"], (context,), own or "sqlite", own)
