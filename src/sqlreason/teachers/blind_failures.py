"""Which questions a teacher failed that was not shown the gold; these are asked again, with a hint."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlreason.data.preparation_rows import further_golds, original_of
from sqlreason.sql.database_files import dialect_of, engine_of, is_database_url
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
        pairs = [(original_task(row, bool(verifier.server)), queries[row["id"]]) for row in questions]
        found = verifier.verify_batch(pairs)
    return {
        row["id"]
        for row, verdicts in zip(questions, found, strict=True)
        if not any(verdict.agrees for verdict in verdicts)
    }


def original_task(question: Row, served: bool) -> Task:
    """Return a question on its original database alone.

    Args:
        question: Row of the question table.
        served: Whether a PostgreSQL server is named.
    """
    database, others = original_of(question), further_golds(question.get("other_golds"))
    id_, gold = question["id"], question["sql"]
    if is_database_url(database):
        return Task(id_, gold, (database,), engine_of(database), dialect_of(database), other_golds=others)
    own = own_dialect(database, gold, question.get("dialect", ""), served)
    context = scripts_of(database, own, own)[0] if own else database
    return Task(id_, gold, (context,), own or "sqlite", own, other_golds=others)
