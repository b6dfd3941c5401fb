"""What came of predictions for a benchmark: rates with intervals, as values, as a text and as an HTML page.

The page holds everything it needs; nothing is computed here but rates, intervals and paired tests.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from sqlreason.benchmarks.efficiency import r_ves
from sqlreason.benchmarks.scoring import ScoredAnswer, ScoredRun, Scores
from sqlreason.reporting.findings import p_text, percent, span
from sqlreason.reporting.statistics import mcnemar, wilson
from sqlreason.text.counts import counted

#: What is said of an answer, by the field of `ScoredAnswer`; in this order.
MEASURES = {"ex": "EX", "suite": "test suite", "drawn": "drawn databases", "strict": "strict"}
_NAMED = 5  # ids of a kind that are named
_LUCKY_SHOWN = 100


def summarise_scores(scores: Scores, against: str | None = None) -> dict[str, Any]:
    """Return the figures of all runs as values for JSON.

    Args:
        scores: The verdicts.
        against: The run beside which each other one is tested; the first where there are several.

    Returns:
        `benchmark`, `unjudged` and `undrawn` (ids by status), `unsuited` (ids), and `runs`: each with `name`,
        `problems` (ids by kind),
        `n`, per measure of `MEASURES` its `right`, `n`, `rate` and 95 % bounds `low` and `high` (Wilson); `r_ves`;
        `statuses` on the one database; `lucky` and `stopped` (ids); the same measures `by_difficulty`; `against`,
        the paired tests.
    """
    benchmark = scores.benchmark
    other = next((run for run in scores.runs if run.name == against), scores.runs[0] if scores.runs[1:] else None)
    return {
        "benchmark": {
            "format": benchmark.format,
            "split": benchmark.split,
            "folder": str(benchmark.folder),
            "files": [file.name for file in benchmark.files],
            "questions": len(benchmark.questions),
            "databases": len({question.db_id for question in benchmark.questions}),
            "suite_databases": scores.suite_databases,
            "drawn_databases": scores.databases,
            "seed": scores.seed,
        },
        "unjudged": {status: list(ids) for status, ids in scores.unjudged.items()},
        "undrawn": {status: list(ids) for status, ids in scores.undrawn.items()},
        "unsuited": list(scores.unsuited),
        "runs": [_run(run, benchmark.classes, None if run is other else other) for run in scores.runs],
    }


def _run(run: ScoredRun, classes: Sequence[str], other: ScoredRun | None) -> dict[str, Any]:
    rewards = [answer.efficiency for answer in run.answers if answer.efficiency is not None]
    judged = [answer for answer in run.answers if answer.ex is not None]
    parts = [(name, [answer for answer in judged if answer.difficulty == name]) for name in classes]
    return {
        "name": run.name,
        "problems": {kind: list(ids) for kind, ids in run.problems.items()},
        "n": len(judged),
        **_measures(run.answers),
        "r_ves": r_ves(rewards) if rewards else None,
        "statuses": dict(Counter(answer.status for answer in run.answers).most_common()),
        "lucky": [answer.id for answer in run.answers if answer.is_lucky],
        "stopped": [answer.id for answer in run.answers if answer.stopped],
        "by_difficulty": [{"difficulty": name, "n": len(part), **_measures(part)} for name, part in parts],
        "against": _paired(other, run) if other is not None else None,
    }


def _measures(answers: Iterable[ScoredAnswer]) -> dict[str, Any]:
    answers = list(answers)
    return {name: _rate([getattr(answer, name) for answer in answers]) for name in MEASURES}


def _rate(verdicts: Iterable[bool | None]) -> dict[str, float | int] | None:
    known = [verdict for verdict in verdicts if verdict is not None]
    if not known:
        return None
    found = wilson(sum(known), len(known))
    return {"right": sum(known), "n": len(known), "rate": found.value, "low": found.low, "high": found.high}


def _paired(first: ScoredRun, second: ScoredRun) -> dict[str, Any]:
    tests: dict[str, Any] = {"name": first.name}
    for name in MEASURES:
        pairs = [(getattr(a, name), getattr(b, name)) for a, b in zip(first.answers, second.answers, strict=True)]
        known = [(bool(a), bool(b)) for a, b in pairs if a is not None and b is not None]
        tests[name] = None
        if known:
            test = mcnemar([a for a, _ in known], [b for _, b in known])
            tests[name] = {
                "n": test.n,
                "lost": test.lost,
                "gained": test.gained,
                "difference": test.difference.value,
                "low": test.difference.low,
                "high": test.difference.high,
                "p_value": test.p_value,
                "shown": test.shown,
            }
    return tests


def answer_records(scores: Scores) -> list[dict[str, Any]]:
    """Return every verdict as values for JSON, with the run's name."""
    return [{"run": run.name, **answer._asdict()} for run in scores.runs for answer in run.answers]


def scores_table(summary: dict[str, Any]) -> str:
    """Lay the figures out for the terminal, at most 110 columns wide.

    Args:
        summary: What `summarise_scores` returned.
    """
    measures = _given(summary)
    lines = [benchmark_line(summary), ""]
    head = f"{'run':<24}{'n':>6}" + "".join(f"{MEASURES[name]:>24}" for name in measures)
    timed = any(run["r_ves"] is not None for run in summary["runs"])
    lines += [head + ("   R-VES" if timed else ""), "-" * len(head)]
    for run in summary["runs"]:
        lines.append(_line(run["name"], run, measures) + (f"{run['r_ves']:>8.1f}" if timed else ""))
        lines += [_line(f"  {part['difficulty']}", part, measures) for part in run["by_difficulty"] if part["n"]]
    for run in summary["runs"]:
        lines += ["", *(f"{run['name']}: {sentence}" for sentence in sentences(run))]
    return "\n".join([*lines, "", *remarks(summary)]).rstrip()


def _line(name: str, part: dict[str, Any], measures: Sequence[str]) -> str:
    cells = (_cell(part[measure]) for measure in measures)
    return f"{name[:23]:<24}{part['n']:>6}" + "".join(f"{cell:>24}" for cell in cells)


def _cell(rate: dict[str, Any] | None) -> str:
    return "—" if rate is None else f"{percent(rate['rate'])} [{span(rate['low'], rate['high'])}]"


def _given(summary: dict[str, Any]) -> list[str]:
    """Return the measures that some run has."""
    return [name for name in MEASURES if any(run[name] is not None for run in summary["runs"])]


def benchmark_line(summary: dict[str, Any]) -> str:
    """Return what was asked, in a sentence."""
    told = summary["benchmark"]
    suite = f", {counted(told['suite_databases'], 'database')} of test suites" if told["suite_databases"] else ""
    places = f"{counted(told['questions'], 'question')} on {counted(told['databases'], 'database')}"
    drawn = f"{counted(told['drawn_databases'], 'database')} drawn for each gold (seed {told['seed']})"
    return f"{told['format']} {told['split']}: {places}{suite}; {drawn}"


def sentences(run: dict[str, Any]) -> list[str]:
    """Return what is to be said of a run beside its rates."""
    found = []
    if run["lucky"]:
        right = f"{len(run['lucky'])} of {run['ex']['right']} that pass the one database"
        found.append(f"{right} fail a drawn one, right by luck: {named(run['lucky'])}")
    if run["stopped"]:
        found.append(f"pass the one database and come to no end on a drawn one: {named(run['stopped'])}")
    failed = {status: count for status, count in run["statuses"].items() if status not in ("match", "mismatch")}
    if failed:
        found.append("not run to an answer: " + ", ".join(f"{status} {count}" for status, count in failed.items()))
    found += [f"{_PROBLEMS[kind]}: {named(ids)}" for kind, ids in run["problems"].items()]
    other = run["against"]
    for name in MEASURES if other else ():
        if (test := other[name]) is not None:
            interval = span(test["low"], test["high"], signed=True)
            difference = f"{100 * test['difference']:+.1f} points ({interval})"
            counts = f"{test['gained']} gained, {test['lost']} lost of {test['n']}"
            told = f"{difference}, {p_text(test['p_value'])}; {counts}"
            found.append(f"{MEASURES[name]} against {other['name']}: {told}")
    return found


_PROBLEMS = {
    "missing": "questions without a prediction, which count as wrong",
    "empty": "empty predictions, which count as wrong",
    "duplicate": "questions with several predictions, of which the first counts",
    "unknown_id": "predictions for no question of the benchmark, left out",
}
_STATUSES = {
    "no_database": "the database is missing",
    "database_error": "the database cannot be read",
    "no_gold": "there is no gold",
    "gold_error": "the gold does not run",
}


def remarks(summary: dict[str, Any]) -> list[str]:
    """Return what is to be said of the questions, whoever answers them."""
    found = []
    for status, ids in summary["unjudged"].items():
        lost = counted(len(ids), "question is", "questions are")
        found.append(f"{lost} left out, {_STATUSES.get(status, status)}: {named(ids)}")
    if summary["undrawn"]:
        counts = ", ".join(f"{status} {len(ids)}" for status, ids in summary["undrawn"].items())
        found.append(f"judged on the one database alone, for none could be drawn for their gold: {counts}")
    if summary["unsuited"]:
        found.append(f"without a verdict of the test suite, on which their gold fails: {named(summary['unsuited'])}")
    return found


def named(ids: Sequence[str]) -> str:
    """Return how many ids there are and the first of them."""
    more = f" … ({len(ids)})" if len(ids) > _NAMED else ""
    return ", ".join(ids[:_NAMED]) + more


def render_scores(summary: dict[str, Any], scores: Scores) -> str:
    """Return the figures, and the answers that were right by luck, as one HTML page.

    Args:
        summary: What `summarise_scores` returned.
        scores: The verdicts.
    """
    environment = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True)
    measures = _given(summary)
    lucky = [(run.name, answer) for run in scores.runs for answer in run.answers if answer.is_lucky]
    return environment.get_template("benchmark_report.html.j2").render(
        title=f"Predictions for {scores.benchmark.format} {scores.benchmark.split}",
        created=datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z"),
        asked=benchmark_line(summary),
        measures={name: MEASURES[name] for name in measures},
        runs=[{**run, "sentences": sentences(run), "rows": _rows(run, measures)} for run in summary["runs"]],
        timed=any(run["r_ves"] is not None for run in summary["runs"]),
        remarks=remarks(summary),
        lucky=lucky[:_LUCKY_SHOWN],
        lucky_count=len(lucky),
    )


def _rows(run: dict[str, Any], measures: Sequence[str]) -> list[dict[str, Any]]:
    """Return the lines of a run's table: all questions, and each class."""
    parts = [("all", run), *((part["difficulty"], part) for part in run["by_difficulty"] if part["n"])]
    return [{"name": name, "n": part["n"], "cells": [_shown(part[m]) for m in measures]} for name, part in parts]


def _shown(rate: dict[str, Any] | None) -> tuple[str, str]:
    return ("—", "") if rate is None else (percent(rate["rate"]), span(rate["low"], rate["high"]))
