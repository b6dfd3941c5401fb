"""Statistics of an examination: rates with intervals, and paired comparisons of students.

Covers two-sided intervals for one rate (Wilson), the exact paired test (McNemar) with an interval for the
paired difference (Newcombe), the mean of it over several trainings, and how many questions a difference needs to
be shown. Every student must have
been asked the same questions, so all comparisons are paired. No correction for multiple comparisons is made:
the report says so where several are shown.

A score frame has one row per question: `id` (str), `well_formed`, `runs`, `agrees`, `finished` (bool),
`status`, `reason`, `sql_complexity` (str), `plan_consistency` (float in [0, 1], NaN where it does not apply),
`tokens` (int, of the completion) and `seconds` (float, wall time of the answer); where answers were corrected also
`retries` (int).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

SCORE_COLUMNS = (
    "id", "well_formed", "runs", "agrees", "status", "reason", "plan_consistency", "tokens", "seconds",
    "finished", "sql_complexity",
)  # fmt: skip
RATES = {"format_rate": "well_formed", "executes": "runs", "accuracy": "agrees"}
"""Columns of the comparison that are rates with an interval, and the column of the scores behind each."""


@dataclass(frozen=True)
class Interval:
    """A rate or a difference with its confidence bounds."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class PairedTest:
    """The outcome of a paired comparison of two students on the same questions.

    Attributes:
        n: Questions asked to both.
        lost: Questions that only the first answers rightly (McNemar's b).
        gained: Questions that only the second answers rightly (McNemar's c).
        difference: Rate of the second minus the rate of the first, with a paired interval.
        p_value: Exact two-sided p-value; 1.0 where the two never disagree.
    """

    n: int
    lost: int
    gained: int
    difference: Interval
    p_value: float

    @property
    def discordance(self) -> float:
        """Share of questions on which exactly one of the two is right."""
        return (self.lost + self.gained) / self.n

    @property
    def shown(self) -> bool:
        """Whether a difference was shown: the interval leaves 0 out and the exact test agrees (5 %)."""
        return not self.difference.low <= 0 <= self.difference.high and self.p_value < 0.05


def wilson(successes: int, n: int, confidence: float = 0.95) -> Interval:
    """Score interval of a binomial rate.

    Wilson (1927), "Probable inference, the law of succession, and statistical inference"; unlike the normal
    approximation it stays within [0, 1] and does not collapse at 0 or n successes.

    Raises:
        ValueError: If `n` is not positive or `successes` is not within 0 … n.
    """
    from scipy import stats

    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"wilson needs 0 <= successes <= n and n >= 1; got successes={successes}, n={n}")
    bounds = stats.binomtest(int(successes), int(n)).proportion_ci(confidence, method="wilson")
    return Interval(successes / n, float(bounds.low), float(bounds.high))


def mcnemar(first: Sequence[bool], second: Sequence[bool], confidence: float = 0.95) -> PairedTest:
    """Compare two students on the same questions: exact McNemar test and paired interval.

    McNemar (1947): under the null hypothesis each question on which the two disagree favours either with
    probability 1/2; the exact two-sided binomial p-value is used because disagreements are few.

    Args:
        first: Whether the first student is right, one value per question.
        second: The same for the second student, in the same order.
        confidence: Of the interval for the difference.

    Raises:
        ValueError: If the two are of different length or empty.
    """
    from scipy import stats

    a, b = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    if a.shape != b.shape or a.size == 0:
        raise ValueError(f"mcnemar needs two samples of the same questions; got {a.size} and {b.size} answers")
    lost, gained = int((a & ~b).sum()), int((~a & b).sum())
    p_value = stats.binomtest(gained, lost + gained).pvalue if lost + gained else 1.0
    difference = paired_interval(int((a & b).sum()), gained, lost, int((~a & ~b).sum()), confidence)
    return PairedTest(a.size, lost, gained, difference, float(p_value))


def mean_difference(pairs: Sequence[tuple[Sequence[bool], Sequence[bool]]], confidence: float = 0.95) -> Interval:
    """Mean paired difference of several trainings that answered the same questions, each beside its own start.

    The interval holds the chance of the questions: Student's t on the differences of each question, averaged over
    the trainings first, so that a question counts once however many answered it. That of the trainings it does not
    hold; a few seeds are too few for that, which is why their range is shown beside it.

    Args:
        pairs: For each training whether the first and the second student are right, one value per question.
        confidence: Of the interval.

    Raises:
        ValueError: If there are no pairs, fewer than two questions, or samples of different lengths.
    """
    from scipy import stats

    lengths = {len(sample) for pair in pairs for sample in pair}
    if len(lengths) != 1 or min(lengths) < 2:
        raise ValueError(f"mean_difference needs samples of the same questions, two or more; got lengths {lengths}")
    differences = np.asarray([np.subtract(second, first, dtype=float) for first, second in pairs]).mean(axis=0)
    mean, error = float(differences.mean()), float(stats.sem(differences))
    arm = float(stats.t.ppf((1 + confidence) / 2, differences.size - 1)) * error
    return Interval(mean, mean - arm, mean + arm)


def paired_interval(both: int, gained: int, lost: int, neither: int, confidence: float = 0.95) -> Interval:
    """Interval for the difference of two paired rates, from the four counts of the paired table.

    Newcombe (1998), "Improved confidence intervals for the difference between binomial proportions based on
    paired data", Statistics in Medicine 17, method 10: the two Wilson intervals are joined through the
    (continuity-corrected) correlation of the pairs, so no interval collapses where the two never disagree.
    """
    n = both + gained + lost + neither
    new, old = wilson(both + gained, n, confidence), wilson(both + lost, n, confidence)
    phi = _correlation(both, gained, lost, neither)
    difference = (gained - lost) / n
    below = _joined(new.value - new.low, old.high - old.value, phi)
    above = _joined(new.high - new.value, old.value - old.low, phi)
    return Interval(difference, difference - below, difference + above)


def needed(difference: float, discordance: float, power: float = 0.8, confidence: float = 0.95) -> int | None:
    """Count the questions at which a paired difference of this size would be shown with the given power.

    Connor (1987), "Sample size for testing differences in proportions for the paired-sample design",
    Biometrics 43: n = (z_a √ψ + z_b √(ψ - δ²))² / δ², with ψ the discordance and δ the difference.

    Args:
        difference: Between the two rates, in [-1, 1].
        discordance: Share of questions on which exactly one of the two is right; at least |difference|.
        power: Probability of showing the difference if it is real.
        confidence: One minus the two-sided error of the test.

    Returns:
        The number of questions, or None for a difference of 0, which no number of questions shows.

    Raises:
        ValueError: If the discordance is smaller than the difference or above 1.
    """
    from scipy import stats

    if not abs(difference) <= discordance + 1e-12 or discordance > 1:
        raise ValueError(f"discordance must be within |difference|={abs(difference)} … 1; got {discordance}")
    if difference == 0:
        return None
    z_error, z_power = float(stats.norm.ppf((1 + confidence) / 2)), float(stats.norm.ppf(power))
    spread = math.sqrt(max(discordance - difference**2, 0.0))
    return math.ceil((z_error * math.sqrt(discordance) + z_power * spread) ** 2 / difference**2)


def compare_students(scores: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Build the table of students, each with its rates and its paired difference from the row above.

    Args:
        scores: Score frame (see the module) per student, in the order in which they are to be compared.

    Returns:
        One row per student: `student`, `n`; `format_rate`, `executes`, `accuracy` with their 95 % bounds
        (`format_low`, `format_high`, `executes_low` …); against the row above `difference`, `difference_low`,
        `difference_high`, `p_value`, `lost`, `gained` and `questions_needed` (all NaN in the first row, the
        last also for a difference of 0) and whether a difference was `shown`; `plan_consistency`, `seconds`,
        `tokens` (means per answer); `timeouts`, `unfinished`, `retried` and `mended` (shares of the answers: cut off,
        asked again because the query did not run, and running after that).

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


def _correlation(both: int, gained: int, lost: int, neither: int) -> float:
    """Correlation of the pairs; a positive one is shrunk by n/2 in the numerator (Newcombe's correction)."""
    n = both + gained + lost + neither
    margins = math.prod((both + gained, lost + neither, both + lost, gained + neither))
    if margins == 0:
        return 0.0
    product = both * neither - gained * lost
    return (max(product - n / 2, 0.0) if product > 0 else product) / math.sqrt(margins)


def _joined(first: float, second: float, phi: float) -> float:
    """Length of one arm of the paired interval; the difference of rounded numbers may fall just below 0."""
    return math.sqrt(max(first**2 - 2 * phi * first * second + second**2, 0.0))


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
        "mended": float((retried & frame["runs"]).mean()),
    }
