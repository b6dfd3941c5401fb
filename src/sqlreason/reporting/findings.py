"""Findings of an evaluation in sentences that say no more than the numbers.

Written from the table of `comparison.compare_students`: what each student reaches, which differences were
shown and which were not (and how many questions that would take), and what to know before quoting a number.
"""

from itertools import pairwise

import pandas as pd

#: Share of unfinished answers above which the length limit, not the student, may decide.
MANY_UNFINISHED = 0.2
#: Below this the 95 % interval at 50 % is wider than ±7 points.
FEW_QUESTIONS = 200


def findings(metrics: pd.DataFrame) -> list[str]:
    """Say what the comparison shows, one sentence or two per student and per difference.

    Args:
        metrics: The table of `comparison.compare_students`.
    """
    rows = [row for _, row in metrics.iterrows()]
    sentences = [_reached(row) for row in rows]
    sentences += [_compared(row, above) for above, row in pairwise(rows)]
    return sentences + [sentence for row in rows for sentence in _hindered(row)] + _cautions(metrics)


def reservations(teacher_scripted: bool, demo: bool) -> list[str]:
    """Say what the whole run cannot tell, whatever its numbers are.

    Args:
        teacher_scripted: Whether the traces come from a script instead of a language model.
        demo: Whether this is the demonstration on embedded questions with a tiny student.
    """
    sentences = []
    if teacher_scripted:
        sentences.append(
            "The teacher is scripted: it derives the reasoning from the gold query by rule. The traces show "
            "that the chain works, not how well a language model reasons, and no money was spent on them."
        )
    if demo:
        sentences.append(
            "This is the demo: a tiny student and questions composed from embedded schemas. Its figures say "
            "nothing about real databases, real questions or larger models."
        )
    return sentences


def percent(rate: float) -> str:
    """Format a rate in [0, 1] as a percentage with one decimal, e.g. `41.0 %`."""
    return f"{100 * rate:.1f} %"


def span(low: float, high: float, signed: bool = False) -> str:
    """Format the bounds of an interval in percent or points, e.g. `31.7 … 48.9` or `-1.2 … +7.9`."""
    sign = "+" if signed else ""
    return f"{100 * low:{sign}.1f} … {100 * high:{sign}.1f}"


def p_text(p_value: float) -> str:
    """Format a p-value, e.g. `p = 0.18` or `p < 0.001`."""
    return "p < 0.001" if p_value < 0.001 else f"p = {p_value:.3f}" if p_value < 0.1 else f"p = {p_value:.2f}"


def _reached(row: pd.Series) -> str:
    right, n = round(row["accuracy"] * row["n"]), int(row["n"])
    return (
        f"{row['student']} answers {right:,} of {n:,} questions like the gold query: "
        f"{percent(row['accuracy'])} (95 % interval {span(row['accuracy_low'], row['accuracy_high'])} %)."
    )


def _compared(row: pd.Series, above: pd.Series) -> str:
    pair = f"{row['student']} and {above['student']}"
    if row["gained"] + row["lost"] == 0:
        bounds = span(row["difference_low"], row["difference_high"], signed=True)
        return f"{pair} are right on the same questions: no difference was shown (95 % interval {bounds})."
    numbers = (
        f"95 % interval {span(row['difference_low'], row['difference_high'], signed=True)}, "
        f"exact paired test {p_text(row['p_value'])}; {int(row['gained'])} questions gained, "
        f"{int(row['lost'])} lost"
    )
    if row["shown"]:
        direction = "more" if row["difference"] > 0 else "fewer"
        points = f"{abs(100 * row['difference']):.1f} points {direction}"
        return f"{row['student']} answers {points} than {above['student']} ({numbers})."
    contains = row["difference_low"] <= 0 <= row["difference_high"]
    why = "the interval contains 0" if contains else "the exact test does not confirm it"
    points = f"{100 * row['difference']:+.1f} points"
    return f"Between {pair} no difference was shown: {points}, and {why} ({numbers}). {_effort(row)}"


def _effort(row: pd.Series) -> str:
    if pd.isna(row["questions_needed"]):
        return "As many questions were gained as lost, so no number of questions would show a difference of 0."
    exact, n = int(row["questions_needed"]), int(row["n"])
    # two digits: the disagreement it rests on is itself an estimate; all of them where two would pass what was asked
    rounded = int(float(f"{exact:.1e}"))
    needed = rounded if (rounded <= n) == (exact <= n) else exact
    if exact <= n:
        return (
            f"{needed:,} questions show a difference of this size in four of five evaluations; {n:,} were "
            "asked, and this evaluation did not."
        )
    return (
        f"About {needed:,} questions would be needed to show a difference of this size (80 % power); {n:,} were asked."
    )


def _hindered(row: pd.Series) -> list[str]:
    sentences = []
    if row["timeouts"] > 0:
        sentences.append(f"{percent(row['timeouts'])} of {row['student']}'s queries ran into the time limit.")
    if row["unfinished"] > MANY_UNFINISHED:
        sentences.append(
            f"{percent(row['unfinished'])} of {row['student']}'s answers were cut off before they ended: the "
            "length limit weighs on its figures."
        )
    return sentences


def _cautions(metrics: pd.DataFrame) -> list[str]:
    sentences = []
    if len(metrics) > 2:
        sentences.append(f"The p-values are not corrected for {len(metrics) - 1} comparisons.")
    n = int(metrics["n"].iloc[0])
    if n < FEW_QUESTIONS:
        sentences.append(f"{n:,} questions are few: at 50 % the interval is about ±{98 / n**0.5:.0f} points wide.")
    return sentences
