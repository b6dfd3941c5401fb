"""The audit of a source: which gold queries can be trusted, and how well wrong ones are caught.

One row per question, and a matrix that counts rows by status, engine and reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from sqlreason.sql.databases.batch_preparation import Row
from sqlreason.sql.databases.preparation import Prepared, prepare
from sqlreason.sql.verifier import Verifier

#: What differs between two errors of one kind: names, numbers, quoted texts.
_PARTICULAR = re.compile(r"'[^']*'|\"[^\"]*\"|\d+|(?<=: )[\w.]+$")


@dataclass(frozen=True)
class AuditRow:
    """What became of one question.

    Attributes:
        id: The question's.
        status: Status of `Prepared`: ok, no_gold, database_error, schema_error, gold_error, vacuous, indistinct,
            undrawn, too_costly, fault.
        reason: Why it is not "ok", in words.
        engine: The engine that runs it; "" if none does.
        reading: The dialect from which it is rewritten for the engine; "" if it runs as it is.
        mutants: Wrong neighbours of the gold that ran.
        killed: Those that the chosen test databases tell from the gold.
        flags: Flags of `Prepared`.
    """

    id: str
    status: str
    reason: str
    engine: str
    reading: str
    mutants: int
    killed: int
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Audit:
    """The rows of an audit, in the source's order."""

    rows: tuple[AuditRow, ...]

    def matrix(self) -> list[dict[str, Any]]:
        """Return counts of rows by status, engine (with reading) and kind of reason, most frequent first.

        Returns:
            Records with `status`, `engine`, `reason`, `rows`.
        """
        cells = Counter((row.status, f"{row.engine} {row.reading}".strip(), _kind(row.reason)) for row in self.rows)
        return [
            {"status": status, "engine": engine or "none", "reason": reason, "rows": count}
            for (status, engine, reason), count in cells.most_common()
        ]

    def summary(self) -> dict[str, Any]:
        """Totals: `rows`, `usable`, `usable_share`, `mutants`, `killed`, `kill_rate`, `flags` by name.

        Shares are None where there is nothing to divide by.
        """
        usable = [row for row in self.rows if row.status == "ok"]
        mutants, killed = sum(row.mutants for row in usable), sum(row.killed for row in usable)
        return {
            "rows": len(self.rows),
            "usable": len(usable),
            "usable_share": len(usable) / len(self.rows) if self.rows else None,
            "mutants": mutants,
            "killed": killed,
            "kill_rate": killed / mutants if mutants else None,
            "flags": dict(Counter(flag for row in self.rows for flag in row.flags).most_common()),
        }


def audit(
    verifier: Verifier,
    rows: Iterable[Row],
    n: int = 3,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
    suite: str = "",
) -> Audit:
    """Prepare every question of a source and note what came of it.

    Args:
        verifier: Where gold queries and mutants run.
        rows: Id, context and gold of each question, and perhaps its further golds and dialect (`Row`).
        n: Test databases beside the original.
        seed: Draws the test databases.
        progress: Called after each row with the number of rows done.
        suite: Suite of the test databases, as `prepare` takes it.
    """
    found = []
    for row in rows:
        id_, context, gold, others, dialect = Row(*row)
        prepared = prepare(
            verifier, id_, context, gold, n=n, seed=seed, suite=suite, other_golds=others, dialect=dialect
        )
        found.append(_row(id_, prepared))
        if progress is not None:
            progress(len(found))
    return Audit(tuple(found))


def _row(id_: str, prepared: Prepared) -> AuditRow:
    engine, reading = (prepared.task.engine, prepared.task.reading) if prepared.task else ("", "")
    counts = prepared.mutants, prepared.killed
    return AuditRow(id_, prepared.status, prepared.reason, engine, reading, *counts, prepared.flags)


def _kind(reason: str) -> str:
    """Return the reason without what is particular to one row; of several attempts the first."""
    first = reason.partition("; ")[0].partition("\n")[0]
    return _PARTICULAR.sub("…", first)[:100]
