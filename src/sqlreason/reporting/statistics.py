"""Statistics of an evaluation: rates with intervals, and paired differences.

Covers two-sided intervals for one rate (Wilson), the exact paired test (McNemar) with an interval for the
paired difference (Newcombe), the mean of it over several trainings, and how many questions a difference needs to
be shown. Every student must have been asked the same questions, so all comparisons are paired. Where several are
shown side by side, `holm` corrects for their number; the report makes no correction and says so.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

#: Whether the first and the second student are right, one value per question.
Pair = tuple[Sequence[bool], Sequence[bool]]


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


def mean_difference(pairs: Sequence[Pair], confidence: float = 0.95) -> Interval:
    """Mean paired difference of several trainings that answered the same questions, each beside its own start.

    The interval holds the chance of the questions, whose differences are averaged over the trainings first, so that a
    question counts once however many answered it. That of the trainings it does not hold; a few seeds are too few for
    that, which is why their range is shown beside it.

    Agresti and Min (2005), "Simple improved confidence intervals for comparing matched proportions", Statistics in
    Medicine 24: half a question gained, half a one lost and one that is alike are added, so that no interval collapses
    where few questions differ.

    Args:
        pairs: For each training whether the first and the second student are right, one value per question.
        confidence: Of the interval, which stays within [-1, 1].

    Raises:
        ValueError: If there are no pairs, no questions, or samples of different lengths.
    """
    from scipy import stats

    differences = _summed_differences(pairs) / len(pairs)
    n = differences.size + 2
    center = float(differences.sum()) / n
    variance = (float((differences**2).sum()) + 1) / n - center**2
    arm = float(stats.norm.ppf((1 + confidence) / 2)) * math.sqrt(variance / n)
    return Interval(float(differences.mean()), max(center - arm, -1.0), min(center + arm, 1.0))


def mean_p_value(pairs: Sequence[Pair]) -> float:
    """Return the exact two-sided p-value of the mean difference of `mean_difference`.

    Fisher's randomisation test (1935, "The Design of Experiments", section 21) over questions: if the trainings
    changed nothing, the difference of each question might as well have had the other sign. All sums of all signs are
    counted, none is drawn. One training has McNemar's exact p-value; 1.0 where no question differs.

    Raises:
        ValueError: As of `mean_difference`.
    """
    differences = _summed_differences(pairs)
    chances: np.ndarray[Any, np.dtype[np.float64]] = np.ones(
        1
    )  # of each sum of those questions so far, from the lowest in steps of two
    for size in np.abs(differences[differences != 0]):
        step = np.zeros(size + 1)
        step[[0, -1]] = 0.5
        chances = np.convolve(chances, step)
    sums = np.arange(chances.size) * 2 - (chances.size - 1)
    return float(min(chances[np.abs(sums) >= abs(int(differences.sum()))].sum(), 1.0))


def _summed_differences(pairs: Sequence[Pair]) -> "np.ndarray[Any, np.dtype[np.int64]]":
    """For each question in how many trainings the second student alone is right, less those of the first."""
    lengths = {len(sample) for pair in pairs for sample in pair}
    if len(lengths) != 1 or not min(lengths):
        raise ValueError(f"the mean of differences needs samples of the same questions; got lengths {lengths}")
    answers = np.asarray(pairs, dtype=bool).astype(np.int64)  # training, student, question
    return (answers[:, 1] - answers[:, 0]).sum(axis=0)


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for being looked at together, in their order.

    Holm (1979), "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6: the
    smallest of m is multiplied by m, the next by m - 1 and so on, none falling below one before it. The chance of any
    false claim among them stays within the level, whatever they have to do with each other.

    Example:
        >>> holm([0.01, 0.5, 0.02])
        [0.03, 0.5, 0.04]
    """
    corrected, worst = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[place]))
        corrected[place] = worst
    return corrected


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
