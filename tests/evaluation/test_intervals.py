"""Intervals against SciPy's, and against how often they hold what they are to hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from dlrun.evaluation.intervals import (
    Estimate,
    mean_of_runs,
    resampled,
    resampled_table,
    standard_deviation,
    wilson,
)


@pytest.mark.parametrize(("num_right", "num_rows"), [(0, 1), (0, 30), (29, 30), (30, 30), (9, 10)])
def test_wilson_equals_scipy(num_right: int, num_rows: int) -> None:
    found = wilson(num_right, num_rows)
    expected = stats.binomtest(num_right, num_rows).proportion_ci(0.95, "wilson")
    assert found.value == num_right / num_rows
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)


def test_wilson_by_hand() -> None:
    # (0.9 + 1.96²/200) ± 1.96 √(0.9 · 0.1 / 100 + (1.96 / 200)²), both over 1 + 1.96² / 100
    found = wilson(90, 100)
    assert (found.low, found.high) == pytest.approx((0.8256, 0.9448), abs=5e-5)


def test_the_mean_of_runs_equals_scipys_t_interval() -> None:
    values = [0.91, 0.93, 0.92, 0.95, 0.90]
    found = mean_of_runs(values)
    low, high = stats.t.interval(0.95, 4, np.mean(values), stats.sem(values))
    assert (found.value, found.low, found.high) == pytest.approx((np.mean(values), low, high))
    assert standard_deviation(values) == pytest.approx(np.std(values, ddof=1))


def test_runs_that_share_rows_get_wider_intervals_after_nadeau_and_bengio() -> None:
    values = [0.91, 0.93, 0.92, 0.95, 0.90]
    plain, corrected = mean_of_runs(values), mean_of_runs(values, overlap=1 / 4)
    assert plain.high is not None
    assert corrected.high is not None
    ratio = (corrected.high - corrected.value) / (plain.high - plain.value)
    assert ratio == pytest.approx(math.sqrt((1 / 5 + 1 / 4) / (1 / 5)))


def test_one_run_has_no_interval() -> None:
    assert mean_of_runs([0.9]) == Estimate(0.9)
    assert standard_deviation([0.9]) == 0


def test_the_bootstrap_of_a_mean_is_its_interval_by_the_central_limit_theorem() -> None:
    values = np.random.default_rng(1).normal(5, 2, 400)
    found = resampled(
        {"mean": float(values.mean())}, lambda n: {"mean": n @ values / len(values)}, len(values)
    )["mean"]
    half = 1.96 * values.std() / math.sqrt(len(values))
    assert found.low == pytest.approx(values.mean() - half, abs=0.15 * half)
    assert found.high == pytest.approx(values.mean() + half, abs=0.15 * half)


def test_the_bootstrap_is_the_same_every_time() -> None:
    values = np.arange(50.0)
    first, again = (
        resampled({"mean": 24.5}, lambda n: {"mean": n @ values / 50}, 50) for _ in range(2)
    )
    assert first == again


def test_every_resample_draws_as_many_rows_as_there_are() -> None:
    seen = []

    def look(counts: np.ndarray) -> dict[str, np.ndarray]:
        seen.append(counts)
        return {"mean": np.zeros(len(counts))}

    resampled({"mean": 0.0}, look, 7000)
    counts = np.concatenate(seen)
    assert counts.shape == (500, 7000)
    assert np.all(counts.sum(axis=1) == 7000)
    assert counts.std() == pytest.approx(1, abs=0.01)  # Poisson's, about


def test_drawing_cells_of_a_table_is_drawing_rows() -> None:
    table = np.array([[40, 10], [5, 45]])
    found = resampled_table(0.85, lambda t: np.trace(t, axis1=1, axis2=2) / 100, table)
    exact = wilson(85, 100)
    assert exact.low is not None
    assert exact.high is not None
    assert found.low == pytest.approx(exact.low, abs=0.02)
    assert found.high == pytest.approx(exact.high, abs=0.02)


def test_a_value_that_most_resamples_do_not_have_gets_no_interval() -> None:
    found = resampled({"x": 1.0}, lambda n: {"x": np.full(len(n), math.nan)}, 10)
    assert found["x"] == Estimate(1.0)
    assert resampled({"x": 1.0}, lambda n: {"x": np.zeros(len(n))}, 1)["x"] == Estimate(1.0)


def test_95_of_100_intervals_of_wilson_hold_the_true_share() -> None:
    drawn = np.random.default_rng(3).binomial(50, 0.9, 2000)
    held = [(found := wilson(int(n), 50)).low <= 0.9 <= found.high for n in drawn]
    assert 0.935 <= np.mean(held) <= 0.975
