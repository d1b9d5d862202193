"""Shares of variance, against sums of squares by hand, SciPy's F test, and functions known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import pytest
from scipy import stats

from dlrun.evaluation.importance import Importance, measure_importance
from dlrun.evaluation.sweep_rows import SweepRows, TrialRow, make_axis


def sweep(
    values: Sequence[Mapping[str, Any]],
    objective: Sequence[float],
    *,
    metric: str = "val_accuracy",
    states: Sequence[str] = (),
) -> SweepRows:
    states = states or ["finished"] * len(values)
    trials = tuple(
        TrialRow(i, value, state, float(y))
        for i, (value, state, y) in enumerate(zip(values, states, objective, strict=True))
    )
    keys = dict.fromkeys(key for value in values for key in value)
    axes = tuple(make_axis(key, [v[key] for v in values if key in v]) for key in keys)
    return SweepRows("s", metric, metric == "val_accuracy", axes, trials, 0)


def found(rows: SweepRows) -> Importance:
    importance, reason = measure_importance(rows)
    assert importance is not None, reason
    assert reason == ""
    return importance


GRID = [{"a": a, "b": b} for a, b in product([1, 2, 3], ["x", "y", "z"])]
TABLE = np.array([[3.0, 5.0, 7.0], [4.0, 4.0, 10.0], [8.0, 9.0, 13.0]])


def test_shares_of_a_grid_are_sums_of_squares_by_hand() -> None:
    importance = found(sweep(GRID, TABLE.ravel().tolist()))
    # Row means 5, 6, 10, column means 5, 6, 10, and 7 over all: 3 · (4 + 1 + 9) = 42 each.
    total = ((TABLE - 7) ** 2).sum()
    assert total == 88
    assert dict(importance.shares) == pytest.approx({"a": 42 / 88, "b": 42 / 88})
    assert importance.rest == pytest.approx(4 / 88)
    assert importance.num_trials == 9
    assert "sums of squares of the full grid" in importance.method


def test_a_share_of_a_grid_is_clear_where_the_f_test_says_so() -> None:
    rng = np.random.default_rng(0)
    for effect in (0.0, 0.5, 1.0, 2.0):
        table = rng.normal(size=(3, 3)) + effect * np.arange(3)[:, None]
        importance = found(sweep(GRID, table.ravel().tolist()))
        shares = importance.shares
        for key in "ab":
            f = (shares[key] / 2) / (importance.rest / 4)
            assert importance.is_clear(key) == (stats.f.sf(f, 2, 4) < 0.05)


def test_cells_with_several_trials_each_are_a_grid_as_well() -> None:
    importance = found(sweep(GRID * 2, [*TABLE.ravel(), *(TABLE.ravel() + 1)]))
    total = 2 * 88 + 18 * 0.25  # means move by a half, all rows by a half about them
    assert dict(importance.shares) == pytest.approx({"a": 84 / total, "b": 84 / total})


def random_sweep(
    function: Callable[[np.ndarray], np.ndarray], count: int = 60, num_keys: int = 3, seed: int = 0
) -> SweepRows:
    rng = np.random.default_rng(seed)
    x = rng.random((count, num_keys))
    values = [{f"k{i}": float(v) for i, v in enumerate(row)} for row in x]
    return sweep(values, function(x).tolist())


def test_of_three_hyperparameters_the_only_one_that_matters_is_found() -> None:
    importance = found(random_sweep(lambda x: np.sin(5 * x[:, 1])))
    assert next(iter(importance.shares)) == "k1"
    assert importance.shares["k1"] > 0.8
    assert importance.is_clear("k1")
    assert not importance.is_clear("k0")
    assert not importance.is_clear("k2")
    assert "functional ANOVA" in importance.method


def test_shares_of_a_sum_are_near_the_variances_of_its_parts() -> None:
    importance = found(random_sweep(lambda x: 2 * x[:, 0] + x[:, 1], count=300))
    assert importance.shares["k0"] == pytest.approx(0.8, abs=0.08)
    assert importance.shares["k1"] == pytest.approx(0.2, abs=0.08)
    assert sum(importance.shares.values()) + importance.rest == pytest.approx(1)


def test_what_two_do_only_together_is_no_share_of_either() -> None:
    importance = found(random_sweep(lambda x: np.sign(x[:, 0] - 0.5) * np.sign(x[:, 1] - 0.5), 300))
    assert max(importance.shares.values()) < 0.15
    assert importance.rest > 0.7


def test_noise_is_hardly_ever_called_important() -> None:
    claims = 0
    for seed in range(12):
        rng = np.random.default_rng(100 + seed)
        importance, reason = measure_importance(
            random_sweep(lambda x, rng=rng: rng.normal(size=len(x)), 30, seed=seed)
        )
        if importance is None:
            assert "predicts others no better than their mean" in reason
        else:
            claims += any(importance.is_clear(key) for key in importance.shares)
    assert claims <= 1


def test_a_conditional_key_is_a_level_of_its_own_where_it_is_not_used() -> None:
    rng = np.random.default_rng(3)
    momenta = rng.random(40)
    values = [
        {"optimizer": "adam", "rate": rng.random()}
        if i % 2
        else {"optimizer": "sgd", "momentum": float(momenta[i]), "rate": rng.random()}
        for i in range(40)
    ]
    objective = [0.5 if "momentum" in v else 0.9 for v in values]
    importance = found(sweep(values, objective))
    assert importance.shares["momentum"] + importance.shares["optimizer"] > 0.7
    assert importance.shares["rate"] < 0.05


def test_a_few_far_worse_trials_are_not_all_of_the_variance() -> None:
    rows = random_sweep(lambda x: np.where(np.arange(60) % 20 == 7, -50.0, x[:, 2]))
    importance = found(rows)
    assert importance.shares["k2"] > 0.5
    assert "3 far worse counted as the worst of others" in importance.method


def test_losses_over_decades_are_taken_by_their_logarithm() -> None:
    objective = [10.0 ** (v["a"] - 2) for v in GRID]
    importance = found(sweep(GRID, objective, metric="val_loss"))
    assert "log of val_loss" in importance.method
    assert importance.shares["a"] == pytest.approx(1)


def test_only_finished_trials_count() -> None:
    states = ["finished"] * 9 + ["pruned", "diverged"]
    rows = sweep([*GRID, *GRID[:2]], [*TABLE.ravel(), 99.0, 99.0], states=states)
    assert dict(found(rows).shares) == dict(found(sweep(GRID, TABLE.ravel().tolist())).shares)


@pytest.mark.parametrize(
    ("values", "objective", "reason"),
    [
        (GRID[:1], [1.0], "1 trial finished; it takes 8 or more"),
        (GRID[:7], [*range(7)], "7 trials finished; it takes 8 or more"),
        ([{"a": i} for i in range(9)], [*range(9)], "only one hyperparameter varied"),
        ([{"a": i, "b": 1} for i in range(9)], [*range(9)], "only one hyperparameter varied"),
        (GRID, [0.7] * 9, "all trials came to the same value"),
        (
            [dict.fromkeys("abcd", i) for i in range(9)],
            [*range(9)],
            "9 trials finished; 4 hyperparameters take 12",
        ),
    ],
)
def test_too_little_to_tell_is_said(values: Any, objective: Any, reason: str) -> None:
    importance, told = measure_importance(sweep(values, objective))
    assert importance is None
    assert told.startswith(reason)


def test_the_numbers_are_the_same_every_time() -> None:
    rows = random_sweep(lambda x: x[:, 0] * x[:, 1])
    assert found(rows) == found(rows)
