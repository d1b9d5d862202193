"""Tests of differences against SciPy's, and how often they are wrong and right in simulation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from dlrun.evaluation.difference import (
    mcnemar,
    paired_difference,
    row_difference,
    share_difference,
    unpaired_difference,
)
from dlrun.evaluation.intervals import Estimate

FIRST = [0.91, 0.93, 0.92, 0.95, 0.90]
SECOND = [0.92, 0.95, 0.92, 0.97, 0.93]


def test_pairs_are_compared_as_scipy_does() -> None:
    found = paired_difference(FIRST, SECOND)
    expected = stats.ttest_rel(SECOND, FIRST).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))
    assert found.value == pytest.approx(0.016)


def test_runs_that_share_nothing_are_compared_as_scipy_does() -> None:
    found = unpaired_difference(FIRST, SECOND[:4], confidence=0.9)
    expected = stats.ttest_ind(SECOND[:4], FIRST, equal_var=False).confidence_interval(0.9)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high))


def test_shared_rows_widen_the_interval() -> None:
    plain, corrected = (paired_difference(FIRST, SECOND, overlap) for overlap in (0.0, 0.25))
    assert plain.high is not None
    assert corrected.high is not None
    ratio = (corrected.high - corrected.value) / (plain.high - plain.value)
    assert ratio == pytest.approx(np.sqrt((1 / 5 + 0.25) / (1 / 5)))
    wide = unpaired_difference(FIRST, SECOND, (0.25, 0.25))
    narrow = unpaired_difference(FIRST, SECOND)
    assert wide.low is not None
    assert narrow.low is not None
    assert wide.low < narrow.low


@pytest.mark.parametrize("compare", [paired_difference, unpaired_difference])
def test_two_runs_are_too_few(compare: Callable[..., Estimate]) -> None:
    assert compare([0.9, 0.91], [0.95, 0.99]) == Estimate(pytest.approx(0.065))


def test_equal_values_leave_no_doubt_and_no_crash() -> None:
    assert not paired_difference([0.9] * 3, [0.9] * 3).excludes_zero
    assert not unpaired_difference([0.9] * 3, [0.9] * 3).excludes_zero


@pytest.mark.parametrize(("only_first", "only_second"), [(0, 0), (3, 9), (9, 3), (5, 5), (0, 7)])
def test_mcnemar_is_the_exact_test_of_scipy(only_first: int, only_second: int) -> None:
    first = np.array([True] * only_first + [False] * only_second + [True] * 20 + [False] * 4)
    second = np.array([False] * only_first + [True] * only_second + [True] * 20 + [False] * 4)
    found = mcnemar(first, second)
    assert (found.only_first, found.only_second, found.num_rows) == (
        only_first, only_second, only_first + only_second + 24,
    )  # fmt: skip
    total = only_first + only_second
    expected = stats.binomtest(only_first, total).pvalue if total else 1.0
    assert found.p_value == pytest.approx(expected)


def test_the_difference_of_accuracies_by_hand() -> None:
    first = np.array([True] * 10 + [False] * 30 + [True] * 60)
    second = np.array([False] * 10 + [True] * 30 + [True] * 60)
    found = share_difference(mcnemar(first, second))
    share = stats.binomtest(30, 40).proportion_ci(method="exact")  # of the 40 on which they part
    expected = (0.2, (2 * share.low - 1) * 0.4, (2 * share.high - 1) * 0.4)
    assert (found.value, found.low, found.high) == pytest.approx(expected)


@pytest.mark.parametrize(("gained", "lost"), [(5, 0), (6, 0), (0, 6), (9, 2), (8, 2), (20, 9)])
def test_the_interval_excludes_no_difference_exactly_where_the_test_rejects(
    gained: int, lost: int
) -> None:
    first = np.array([False] * gained + [True] * lost + [True] * 1000)
    second = np.array([True] * gained + [False] * lost + [True] * 1000)
    found = mcnemar(first, second)
    assert share_difference(found).excludes_zero == (found.p_value < 0.05)


def test_models_that_never_part_do_not_differ() -> None:
    right = np.array([True, False, True])
    found = share_difference(mcnemar(right, right))
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_differences_that_do_not_vary_have_no_interval() -> None:
    assert paired_difference([0.8] * 3, [0.9] * 3).low is None
    assert unpaired_difference([0.8] * 3, [0.9] * 3).low is None
    assert paired_difference([0.8] * 3, [0.8] * 3).low == 0


def test_losses_on_the_same_rows_are_compared_by_their_differences() -> None:
    rng = np.random.default_rng(0)
    easy = rng.exponential(1, 5000)
    first, second = easy, easy + rng.normal(0.02, 0.1, 5000)
    found = row_difference(first.astype(np.float32), second.astype(np.float32))
    assert found.excludes_zero
    assert found.value == pytest.approx(0.02, abs=0.005)


# How often the tests are wrong, and right, in 2,000 simulated comparisons of five runs each.
# Where the truth is 0.05, the share found lies within 0.037 to 0.063 in 99 % of simulations.


def simulated(difference: float, compare: Callable[..., Estimate], *, paired: bool) -> float:
    """The share of comparisons that find a difference between two configs.

    Each seed is easier or harder for both, as a split is; the rest is each run's own luck.
    """
    rng = np.random.default_rng(7)
    found = 0
    for _ in range(2000):
        seeds = rng.normal(0, 0.01, 5)
        others = seeds if paired else rng.normal(0, 0.01, 5)
        first = 0.9 + seeds + rng.normal(0, 0.004, 5)
        second = 0.9 + difference + others + rng.normal(0, 0.004, 5)
        found += compare(first.tolist(), second.tolist()).excludes_zero
    return found / 2000


@pytest.mark.parametrize("paired", [True, False])
def test_equal_configs_are_found_to_differ_in_5_of_100_comparisons(paired: bool) -> None:
    compare = paired_difference if paired else unpaired_difference
    assert 0.037 <= simulated(0.0, compare, paired=paired) <= 0.063


def test_a_difference_of_three_times_the_noise_is_found_in_most_comparisons_of_pairs() -> None:
    """Three standard deviations of a run's own luck, five pairs: Student's power is 0.94."""
    power = stats.nct(4, 0.012 / (0.004 * np.sqrt(2) / np.sqrt(5)))
    expected = power.sf(stats.t.ppf(0.975, 4))
    assert expected == pytest.approx(0.94, abs=0.01)
    assert simulated(0.012, paired_difference, paired=True) == pytest.approx(expected, abs=0.02)
    assert simulated(0.012, unpaired_difference, paired=False) < 0.5  # the seeds' noise hides it


def test_the_correction_holds_the_rate_where_folds_share_their_rows() -> None:
    """Two equal learners on five-fold splits of 100 rows; each guesses with the majority of
    a random half of its training rows, so that they differ by luck alone.
    """
    rng = np.random.default_rng(11)
    wrong = {"plain": 0, "corrected": 0}
    for _ in range(200):
        x = rng.normal(size=100)
        y = (x + rng.normal(0, 1, 100) > 0).astype(int)
        folds = np.array_split(rng.permutation(100), 5)
        scores: list[list[float]] = [[], []]
        for fold in folds:
            train = np.setdiff1d(np.arange(100), fold)
            for side in scores:
                half = rng.choice(train, 12, replace=False)
                cut = (x[half][y[half] == 1].mean() + x[half][y[half] == 0].mean()) / 2
                side.append(float(np.mean((x[fold] > cut) == y[fold])))
        wrong["plain"] += paired_difference(*scores).excludes_zero
        wrong["corrected"] += paired_difference(*scores, overlap=0.25).excludes_zero
    assert wrong["corrected"] <= 0.05 * 200
    assert wrong["corrected"] < wrong["plain"]
