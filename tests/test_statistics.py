import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sqlreason.reporting.statistics import (
    holm,
    mcnemar,
    mean_difference,
    mean_p_value,
    needed,
    paired_interval,
    wilson,
)


def test_wilson_agrees_with_the_closed_formula():
    k, n, z = 13, 50, stats.norm.ppf(0.975)
    centre = (k + z * z / 2) / (n + z * z)
    half = z * math.sqrt(n) / (n + z * z) * math.sqrt(k / n * (1 - k / n) + z * z / (4 * n))
    interval = wilson(k, n)
    assert (interval.low, interval.high) == pytest.approx((centre - half, centre + half))


@pytest.mark.parametrize(("n", "half_width"), [(50, 13.4), (100, 9.6), (500, 4.4), (1000, 3.1)])
def test_wilson_at_one_half_is_as_wide_as_the_sample_is_small(n, half_width):
    interval = wilson(n // 2, n)
    assert 50 * (interval.high - interval.low) == pytest.approx(half_width, abs=0.06)


def test_wilson_does_not_collapse_where_nothing_or_all_succeeds():
    assert wilson(0, 20).high > 0.1
    assert wilson(20, 20).low < 0.9


@pytest.mark.parametrize(("successes", "n"), [(1, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_counts_that_are_not_a_rate(successes, n):
    with pytest.raises(ValueError, match="0 <= successes <= n"):
        wilson(successes, n)


def test_mcnemar_uses_only_the_questions_on_which_the_students_disagree():
    first = [True] * 30 + [True] * 2 + [False] * 12 + [False] * 56
    second = [True] * 30 + [False] * 2 + [True] * 12 + [False] * 56
    test = mcnemar(first, second)
    assert (test.lost, test.gained, test.n) == (2, 12, 100)
    assert test.difference.value == pytest.approx(0.10)
    # two-sided exact: 2 * P(X <= 2), X ~ B(14, 1/2) = 2 * (1 + 14 + 91) / 2**14
    assert test.p_value == pytest.approx(2 * 106 / 2**14)
    assert test.shown


def test_mcnemar_of_a_student_with_itself_shows_nothing():
    test = mcnemar([True, False, True], [True, False, True])
    assert test.p_value == 1.0
    assert test.difference.low < 0 < test.difference.high
    assert not test.shown


def test_mcnemar_refuses_samples_of_different_length():
    with pytest.raises(ValueError, match="got 2 and 1 answers"):
        mcnemar([True, False], [True])


counts = st.integers(min_value=0, max_value=60)


@given(counts, counts, counts, counts)
def test_the_paired_interval_holds_its_difference_and_mirrors_when_students_swap(both, gained, lost, neither):
    if both + gained + lost + neither == 0:
        return
    there = paired_interval(both, gained, lost, neither)
    back = paired_interval(both, lost, gained, neither)
    assert -1 - 1e-9 <= there.low <= there.value + 1e-12 and there.value - 1e-12 <= there.high <= 1 + 1e-9
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))


def test_the_paired_interval_covers_the_true_difference_about_95_times_in_100():
    rng = np.random.default_rng(7)
    tables = rng.multinomial(80, [0.3, 0.15, 0.05, 0.5], size=2000)
    intervals = [paired_interval(*map(int, table)) for table in tables]
    covered = np.mean([interval.low <= 0.10 <= interval.high for interval in intervals])
    assert 0.93 <= covered <= 0.98


def test_a_mean_over_trainings_counts_each_question_once():
    """Three trainings that gave the same answers tell no more than one of them."""
    rng = np.random.default_rng(3)
    first, second = rng.random(400) < 0.4, rng.random(400) < 0.5
    once, thrice = mean_difference([(first, second)]), mean_difference([(first, second)] * 3)
    assert dataclasses.astuple(once) == pytest.approx(dataclasses.astuple(thrice))
    assert once.value == pytest.approx(mcnemar(first, second).difference.value)


def test_the_mean_over_trainings_covers_the_true_difference_about_95_times_in_100():
    """Questions on which the trainings tend to agree, as seeds of one student do; the true gain is 0.05."""
    rng = np.random.default_rng(4)
    covered = 0
    for _ in range(400):
        hard = rng.random(300)
        pairs = [(hard < 0.4 + rng.normal(0, 0.1, 300), hard < 0.45 + rng.normal(0, 0.1, 300)) for _ in range(3)]
        interval = mean_difference(pairs)
        covered += interval.low <= 0.05 <= interval.high
    assert covered == pytest.approx(380, abs=12)


@pytest.mark.parametrize("pairs", [[], [([], [])], [([True] * 3, [True] * 3), ([True] * 2, [True] * 2)]])
@pytest.mark.parametrize("function", [mean_difference, mean_p_value])
def test_a_mean_over_other_questions_is_refused(function, pairs):
    with pytest.raises(ValueError, match="same questions"):
        function(pairs)


@pytest.mark.parametrize(
    ("gained", "lost", "alike"), [(2, 0, 0), (1, 0, 0), (5, 0, 0), (5, 1, 122), (0, 0, 30), (9, 21, 270)]
)
def test_the_p_value_of_one_training_or_of_several_alike_is_mcnemars(gained, lost, alike):
    first = [False] * gained + [True] * (lost + alike)
    second = [True] * gained + [False] * lost + [True] * alike
    for trainings in (1, 3):
        assert mean_p_value([(first, second)] * trainings) == pytest.approx(mcnemar(first, second).p_value)
        interval = mean_difference([(first, second)] * trainings)
        assert -1 <= interval.low < interval.value <= interval.high <= 1 and interval.low < interval.high


def test_the_p_value_of_a_mean_counts_all_signs():
    """Three questions that differ by 1, 2 and -1 of two trainings: sums of all eight signs, counted by hand."""
    pairs = [([False, False, True], [True, True, False]), ([False, False, False], [False, True, False])]
    sums = [a + 2 * b + c for a in (1, -1) for b in (1, -1) for c in (1, -1)]
    assert mean_p_value(pairs) == sum(abs(total) >= 2 for total in sums) / 8


def test_means_without_a_difference_are_called_one_at_most_5_times_in_100():
    """Few questions differ, which is where a t test calls too many."""
    rng = np.random.default_rng(5)
    called = 0
    for _ in range(1000):
        signs = np.zeros(128, dtype=int)
        signs[:5] = rng.choice((-1, 1), 5)
        called += mean_p_value([(signs < 0, signs > 0)]) < 0.05
    assert called <= 50


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_what_its_steps_reject_and_nothing_else(p_values):
    """Step down: the k-th smallest of m is rejected while it is at most level / (m - k)."""
    level, ordered = 0.05, sorted(p_values)
    steps = [p <= level / (len(p_values) - k) for k, p in enumerate(ordered)]
    rejected = ordered[: steps.index(False)] if False in steps else ordered
    corrected = holm(p_values)
    assert all(new >= old for new, old in zip(corrected, p_values, strict=True)) and max(corrected) <= 1
    assert sum(p <= level + 1e-12 for p in corrected) >= len(rejected) >= sum(p <= level - 1e-12 for p in corrected)


def test_three_points_need_about_1300_questions():
    assert needed(0.03, 0.15) == pytest.approx(1300, rel=0.02)


def test_the_needed_questions_give_the_promised_power():
    n = needed(0.10, 0.30)
    rng = np.random.default_rng(3)
    tables = rng.multinomial(n, [0.3, 0.2, 0.1, 0.4], size=3000)
    z = (tables[:, 1] - tables[:, 2]) / np.sqrt(np.maximum(tables[:, 1] + tables[:, 2], 1))
    assert np.mean(np.abs(z) > 1.96) == pytest.approx(0.8, abs=0.03)


def test_no_number_of_questions_shows_a_difference_of_nothing():
    assert needed(0.0, 0.2) is None


def test_a_discordance_below_the_difference_is_refused():
    with pytest.raises(ValueError, match="discordance must be"):
        needed(0.2, 0.1)
