"""What became of the rows, and what the run cost: the yield table and the bill.

Seconds and dollars are what was measured: the teacher's calls as the journal holds them, the trainings as their
histories hold them, the answers as they were generated. A stage that was reused from an earlier run is billed with
what it cost then.
"""

from collections.abc import Mapping
from enum import StrEnum

import pandas as pd

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


def count_yield(asked: int, rejected: pd.DataFrame, kept: int) -> pd.DataFrame:
    """Return how many rows are left after each step, and why the others fell out.

    Args:
        asked: Questions that were to be put to the teacher.
        rejected: Table `rejected_traces`.
        kept: Rows of `filtered_traces`.

    Returns:
        One row a step: `step`, `rows`, `fell_out` (reasons with counts).

    Raises:
        ValueError: If a row was lost without a reason, or at a stage that does not exist.
    """
    unknown = sorted(map(str, set(rejected["stage"]) - set(Stage)))
    if unknown:
        raise BadInput(f"rejected_traces names the stages {unknown}; there are {', '.join(Stage)}")
    if asked != len(rejected) + kept:
        raise BadInput(
            f"{asked} questions were asked, {kept} kept and {len(rejected)} rejected: "
            f"{asked - kept - len(rejected)} are unaccounted for; run distillation and preprocessing together"
        )
    rows = [{"step": "questions asked", "rows": asked, "fell_out": ""}]
    left = asked
    for stage in Stage:
        lost = rejected[rejected["stage"] == stage]
        left -= len(lost)
        rows.append({"step": stage.passed, "rows": left, "fell_out": _counts(lost["reason"])})
    if left != kept:
        raise ValueError(f"the funnel ends with {left} rows, but {kept} were kept")
    return pd.DataFrame(rows)


def _counts(reasons: pd.Series) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in reasons.value_counts().items())


def compute_costs(
    completions: pd.DataFrame,
    histories: Mapping[str, pd.DataFrame],
    answers: Mapping[str, pd.DataFrame],
    teacher: str,
    usd_per_hour: float,
    hardware: str,
    estimated: float = 0.0,
    kept: int = 0,
) -> pd.DataFrame:
    """Return the bill, one row a stage: the one place where what was paid is added up.

    Args:
        completions: Table `cot_completions`.
        histories: Stage -> history with `seconds` since the stage began.
        answers: Student -> table `answers`.
        teacher: Name of the teacher.
        usd_per_hour: Price of the training machine, US dollars an hour.
        hardware: Its name.
        estimated: What the teacher was estimated to cost before the first call, US dollars.
        kept: Traces that were kept; for dollars per trace.

    Returns:
        Columns `stage`, `paid_for`, `seconds` (wall time; for the teacher the sum over its calls), `tokens_in`,
        `tokens_out`, `cost` (US dollars), `estimated` (US dollars, of the teacher; missing for the others) and
        `cost_per_trace` (US dollars per trace that was kept, likewise).
    """
    rows = [
        {
            "stage": "distillation",
            "paid_for": f"{len(completions)} answers of {teacher}",
            "seconds": float(completions["seconds"].sum()),
            "tokens_in": int(completions["prompt_tokens"].sum()),
            "tokens_out": int(completions["completion_tokens"].sum()),
            "cost": float(completions["usd"].sum()),
            "estimated": estimated,
            "cost_per_trace": float(completions["usd"].sum()) / kept if kept else float("nan"),
        }
    ]
    for stage, history in histories.items():
        rows.append(_hours(stage, hardware, float(history["seconds"].max()), 0, usd_per_hour))
    seconds = sum(float(frame["seconds"].sum()) for frame in answers.values())
    tokens = sum(int(frame["tokens"].sum()) for frame in answers.values())
    rows.append(_hours("evaluation", hardware, seconds, tokens, usd_per_hour))
    return pd.DataFrame(rows)


def _hours(stage: str, hardware: str, seconds: float, tokens: int, usd_per_hour: float) -> dict[str, object]:
    return {
        "stage": stage,
        "paid_for": hardware,
        "seconds": seconds,
        "tokens_in": 0,
        "tokens_out": tokens,
        "cost": seconds / 3600 * usd_per_hour,
        "estimated": float("nan"),
        "cost_per_trace": float("nan"),
    }


def summarise_costs(bill: pd.DataFrame, kept: int) -> str:
    """Return the bill in a line: dollars in all, by stage, and per trace that was kept."""
    parts = ", ".join(f"{row.stage} {row.cost:.2f}" for row in bill.itertuples())
    teacher = float(bill.loc[bill["stage"] == "distillation", "cost"].sum())
    per_trace = f"; {teacher / kept:.4f} per trace kept ({kept})" if kept else ""
    return f"Bill: {bill['cost'].sum():.2f} USD ({parts}){per_trace}"
