"""A benchmark as the project's table of questions, and back: what the catalog holds can be judged in its own terms."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pandas as pd

from sqlreason.benchmarks.benchmark_folder import Benchmark, BenchmarkQuestion, column_descriptions
from sqlreason.data.tables import to_json

#: Columns that only a benchmark has, beside those of every table of questions.
COLUMNS = {
    "benchmark": "`spider` or `bird`",
    "split": "`dev`, `train` or `test`",
    "db_id": "name of its database",
    "question": "the question as published, without evidence",
    "evidence": "hint that BIRD gives with it",
    "difficulty": "Spider's hardness (easy, medium, hard, extra), BIRD's difficulty (simple, moderate, challenging)",
    "suite": "files of its test suite, one a line",
    "benchmark_status": "ok, no_database, no_gold",
    "benchmark_reason": "why it is not ok",
}


def question_table(benchmark: Benchmark, evidence: bool = True) -> pd.DataFrame:
    """Return the questions with gretel's columns and those in `COLUMNS`, in the benchmark's order.

    What BIRD says of columns stands in `column_descriptions`, as every table of questions has it.

    Args:
        benchmark: The split.
        evidence: Whether BIRD's hint becomes part of the question.
    """
    described = {path: _descriptions(path) for path in {question.database for question in benchmark.questions}}
    rows = [_row(benchmark, question, evidence) for question in benchmark.questions]
    meanings = [described[question.database] for question in benchmark.questions]
    return pd.DataFrame(rows).assign(**({"column_descriptions": meanings} if any(meanings) else {}))


def _descriptions(database: Path) -> str:
    """Return what is said of a database's columns, as JSON; "" where nothing is."""
    tables: dict[str, dict[str, str]] = {}
    for (table, column), meaning in column_descriptions(database).items():
        tables.setdefault(table, {})[column] = meaning
    return to_json(tables) if tables else ""


def _row(benchmark: Benchmark, question: BenchmarkQuestion, evidence: bool) -> dict[str, Any]:
    hint = f"\nEvidence: {question.evidence}" if evidence and question.evidence else ""
    return {
        "id": question.id,
        "domain": question.db_id,
        "sql_prompt": question.question + hint,
        "sql_context": "",
        "database": question.url,
        "sql": question.gold,
        "sql_explanation": "",
        "sql_complexity": question.difficulty or "unknown",
        "sql_task_type": "data retrieval",
        "benchmark": benchmark.format,
        "split": benchmark.split,
        "db_id": question.db_id,
        "question": question.question,
        "evidence": question.evidence,
        "difficulty": question.difficulty,
        "suite": "\n".join(map(str, question.suite)),
        "benchmark_status": question.status,
        "benchmark_reason": question.reason,
    }


def benchmark_of(questions: pd.DataFrame) -> Benchmark | None:
    """Return the benchmark that a table of questions is; None where it is none.

    Args:
        questions: What `question_table` returned, or any other table of questions.
    """
    if not set(COLUMNS) <= set(questions.columns) or questions.empty:
        return None
    rows = cast(list[dict[str, Any]], questions.to_dict("records"))
    first = rows[0]
    asked = tuple(map(_question, rows))
    return Benchmark(str(first["benchmark"]), asked[0].database.parents[1], str(first["split"]), (), asked)


def _question(row: dict[str, Any]) -> BenchmarkQuestion:
    database = Path(str(row["database"]).removeprefix("sqlite:///"))
    suite = tuple(Path(line) for line in str(row["suite"]).split("\n") if line)
    return BenchmarkQuestion(
        id=str(row["id"]),
        db_id=str(row["db_id"]),
        question=str(row["question"]),
        evidence=str(row["evidence"]),
        gold=str(row["sql"]),
        difficulty=str(row["difficulty"]),
        database=database,
        suite=suite,
        status=str(row["benchmark_status"]),
        reason=str(row["benchmark_reason"]),
    )
