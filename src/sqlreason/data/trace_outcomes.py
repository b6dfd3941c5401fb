"""What became of every question that was to be asked: its outcome, and how many are left after each stage."""

from enum import StrEnum
from typing import Any

import pandas as pd

from sqlreason.data.tables import TABLES, records
from sqlreason.errors import BadInput


class Stage(StrEnum):
    """Where a question can fall out, in the order in which the funnel takes them away; there are no others."""

    DATABASES = "databases"
    TEACHER = "teacher"
    EXECUTION = "execution"
    PROMPT = "prompt"
    DUPLICATES = "duplicates"

    @property
    def passed(self) -> str:
        """What is known of the questions that did not fall out there."""
        return _PASSED[self]


_PASSED = {
    Stage.DATABASES: "gold trusted",
    Stage.TEACHER: "answered in the grammar",
    Stage.EXECUTION: "answers like the gold",
    Stage.PROMPT: "within the token budget",
    Stage.DUPLICATES: "asked once",
}


def summarise_outcomes(
    raw_prompts: pd.DataFrame,
    cot_traces: pd.DataFrame,
    filtered_traces: pd.DataFrame,
    rejected_traces: pd.DataFrame,
) -> pd.DataFrame:
    """Return what became of every question that was to be asked, one row a question.

    Args:
        raw_prompts: Table `raw_prompts`.
        cot_traces: Table `cot_traces`.
        filtered_traces: Table `filtered_traces`.
        rejected_traces: Table `rejected_traces`.

    Returns:
        Table `trace_outcomes`.

    Raises:
        BadInput: If a question has no outcome, or two.
    """
    kept = {row["id"]: row for row in records(filtered_traces)}
    lost = {row["id"]: row for row in records(rejected_traces)}
    answers = cot_traces.groupby("id")["status"].agg(lambda status: int((status != "failed").sum())).to_dict()
    asked = raw_prompts["id"].tolist()
    without = [id_ for id_ in asked if (id_ in kept) == (id_ in lost)]
    if without:
        raise BadInput(
            f"{len(without)} questions have no outcome or two, e.g. {without[0]}; "
            "run distillation and preprocessing together"
        )
    rows = [_outcome(id_, kept.get(id_), lost.get(id_), answers.get(id_, 0)) for id_ in asked]
    return pd.DataFrame(rows, columns=list(TABLES["trace_outcomes"].columns))


def _outcome(id_: str, kept: dict[str, Any] | None, lost: dict[str, Any] | None, answers: int) -> dict[str, Any]:
    if kept is not None:
        return {"id": id_, "outcome": "kept", "stage": "", "reason": "", "mode": kept["mode"], "answers": answers}
    assert lost is not None
    outcome = "failed" if lost["reason"] == "failed" else "rejected"
    return {
        "id": id_,
        "outcome": outcome,
        "stage": lost["stage"],
        "reason": lost["reason"],
        "mode": "",
        "answers": answers,
    }


def count_kept(trace_outcomes: pd.DataFrame) -> int:
    """Return how many questions have a trace that is kept."""
    return int((trace_outcomes["outcome"] == "kept").sum())


def count_yield(trace_outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return how many questions are left after each stage, and why the others fell out.

    Args:
        trace_outcomes: Table `trace_outcomes`.

    Returns:
        One row a stage: `step`, `rows`, `fell_out` (reasons with counts).

    Raises:
        BadInput: If a question fell out at a stage that does not exist.
    """
    lost = trace_outcomes[trace_outcomes["outcome"] != "kept"]
    unknown = sorted(map(str, set(lost["stage"]) - set(Stage)))
    if unknown:
        raise BadInput(f"trace_outcomes names the stages {unknown}; there are {', '.join(Stage)}")
    left = len(trace_outcomes)
    rows = [{"step": "questions asked", "rows": left, "fell_out": ""}]
    for stage in Stage:
        here = lost[lost["stage"] == stage]
        left -= len(here)
        rows.append({"step": stage.passed, "rows": left, "fell_out": _counts(here["reason"])})
    return pd.DataFrame(rows)


def _counts(reasons: pd.Series) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in reasons.value_counts().items())
