"""What a run prints at its end: the table of students, what it cost, seconds per stage, and where the report lies."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from sqlreason.data.trace_outcomes import count_kept
from sqlreason.reporting import costs, report


def summarise_run(
    made: Collection[str], load: Callable[[str], Any], seconds: Mapping[str, float], report_path: str | None = None
) -> str:
    """Return the summary of a run as lines of text.

    Args:
        made: Entries of the catalog that the run has written; what it has not made is not told.
        load: Returns what an entry holds.
        seconds: By stage.
        report_path: Where the report lies, if it was written.
    """
    parts = [""]
    if {"evaluation_metrics", "costs"} <= set(made):
        parts += [report.summary_table(load("evaluation_metrics")), ""]
        parts += [costs.summarise_costs(load("costs"), count_kept(load("trace_outcomes")))]
    parts += ["Seconds per stage: " + ", ".join(f"{stage} {value:.0f}" for stage, value in seconds.items())]
    if report_path is not None:
        parts += [f"Report: {report_path}"]
    return "\n".join(parts)
