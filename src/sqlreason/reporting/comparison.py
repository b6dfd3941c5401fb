"""The tables in which students are compared: all together, each beside the one above, and by kind of question.

A score frame has one row per question: `id` (str), `well_formed`, `runs`, `agrees`, `finished` (bool),
`status`, `reason`, `sql_complexity` (str), `plan_consistency` (float in [0, 1], NaN where it does not apply),
`tokens` (int, of the completion) and `seconds` (float, wall time of the answer); where answers were corrected also
`retries` (int).
"""

import math

import pandas as pd

from sqlreason.reporting.statistics import mcnemar, needed, wilson

SCORE_COLUMNS = (
    "id", "well_formed", "runs", "agrees", "status", "reason", "plan_consistency", "tokens", "seconds",
    "finished", "sql_complexity",
)  # fmt: skip
#: What students with tools did, means per answer.
TOOLS = ("turns", "tool_calls", "tool_errors", "tool_tokens")
#: Columns of the comparison that are rates with an interval, and the column of the scores behind each.
RATES = {"format_rate": "well_formed", "executes": "runs", "accuracy": "agrees"}


def compare_students(scores: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Build the table of students, each with its rates and its paired difference from the row above.

    Args:
        scores: Score frame (see the module) per student, in the order in which they are to be compared.

    Returns:
        One row per student: `student`, `n`; `format_rate`, `executes`, `accuracy` with their 95 % bounds
        (`format_low`, `format_high`, `executes_low` …); against the row above `difference`, `difference_low`,
        `difference_high`, `p_value`, `lost`, `gained` and `questions_needed` (all NaN in the first row, the
        last also for a difference of 0) and whether a difference was `shown`; `plan_consistency`, `seconds`,
        `tokens` (means per answer); `timeouts`, `unfinished`, `retried` and `repaired` (shares of the answers: cut off,
        asked again because the query did not run, and running after that); where a student had tools also `turns`,
        `tool_calls`, `tool_errors` and `tool_tokens` (means per answer), NaN for those without.

    Raises:
        ValueError: If the students were not asked the same questions, or a frame lacks a column.
    """
    frames = _aligned(scores)
    rows, above = [], None
    for student, frame in frames.items():
        rows.append({"student": student, "n": len(frame), **_rates(frame), **_against(above, frame), **_means(frame)})
        above = frame
    return pd.DataFrame(rows)


def by_complexity(scores: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Break the execution accuracy down by `sql_complexity`.

    Returns:
        One row per complexity and student: `sql_complexity`, `student`, `n`, `accuracy`, `accuracy_low`,
        `accuracy_high` (Wilson, 95 %). The most frequent complexity comes first.

    Raises:
        ValueError: As `compare_students`.
    """
    frames = _aligned(scores)
    complexities = next(iter(frames.values()))["sql_complexity"]
    rows = []
    for complexity in complexities.value_counts().index:
        for student, frame in frames.items():
            part = frame.loc[complexities == complexity, "agrees"]
            rate = wilson(int(part.sum()), len(part))
            rows.append((complexity, student, len(part), rate.value, rate.low, rate.high))
    columns = ["sql_complexity", "student", "n", "accuracy", "accuracy_low", "accuracy_high"]
    return pd.DataFrame(rows, columns=columns)


def _aligned(scores: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Return the frames indexed by question id, all in the order of the first."""
    if not scores:
        raise ValueError("no scores were given; a comparison needs at least one student")
    frames = {student: _by_question(student, frame) for student, frame in scores.items()}
    reference, first = next(iter(frames.items()))
    for student, frame in frames.items():
        differing = first.index.symmetric_difference(frame.index)
        if len(differing):
            raise ValueError(
                f"{student!r} and {reference!r} were not asked the same questions: {len(differing)} ids are "
                f"in one only, e.g. {sorted(differing)[:3]}; let both answer one table of questions"
            )
    return {student: frame.loc[first.index] for student, frame in frames.items()}


def _by_question(student: str, frame: pd.DataFrame) -> pd.DataFrame:
    missing = sorted(set(SCORE_COLUMNS) - set(frame.columns))
    if missing:
        raise ValueError(f"the scores of {student!r} lack the columns {missing}; they have {list(frame.columns)}")
    if frame.empty:
        raise ValueError(f"the scores of {student!r} are empty; no rate can be given")
    indexed = frame.assign(id=frame["id"].astype(str)).set_index("id")
    repeated = indexed.index[indexed.index.duplicated()]
    if len(repeated):
        raise ValueError(f"the scores of {student!r} repeat the ids {sorted(set(repeated))[:3]}; one row per question")
    return indexed


def _rates(frame: pd.DataFrame) -> dict[str, float]:
    row: dict[str, float] = {}
    for rate, column in RATES.items():
        interval = wilson(int(frame[column].sum()), len(frame))
        prefix = rate.removesuffix("_rate")
        row |= {rate: interval.value, f"{prefix}_low": interval.low, f"{prefix}_high": interval.high}
    return row


def _against(above: pd.DataFrame | None, frame: pd.DataFrame) -> dict[str, float | bool]:
    names = (
        "difference",
        "difference_low",
        "difference_high",
        "p_value",
        "lost",
        "gained",
        "questions_needed",
    )
    if above is None:
        return {**dict.fromkeys(names, math.nan), "shown": False}
    test = mcnemar(above["agrees"].to_list(), frame["agrees"].to_list())
    interval = test.difference
    questions = needed(interval.value, test.discordance) or math.nan
    values = (interval.value, interval.low, interval.high, test.p_value, test.lost, test.gained, questions)
    return {**dict(zip(names, values, strict=True)), "shown": test.shown}


def _means(frame: pd.DataFrame) -> dict[str, float]:
    retried = frame["retries"] > 0 if "retries" in frame else pd.Series(False, index=frame.index)
    return {
        "plan_consistency": float(frame["plan_consistency"].mean()),
        "seconds": float(frame["seconds"].mean()),
        "tokens": float(frame["tokens"].mean()),
        "timeouts": float((frame["status"] == "timeout").mean()),
        "unfinished": float((~frame["finished"].astype(bool)).mean()),
        "retried": float(retried.mean()),
        "repaired": float((retried & frame["runs"]).mean()),
        **{name: float(frame[name].mean()) for name in TOOLS if name in frame},
    }
