from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from dlrun.plots import axes as scales


@pytest.mark.parametrize(
    ("last", "ticks"),
    [
        (1, (1,)),
        (2, (1, 2)),
        (10, tuple(range(1, 11))),
        (20, (1, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20)),
        (40, (1, 5, 10, 15, 20, 25, 30, 35, 40)),
        (1000, (1, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000)),
    ],
)
def test_epoch_ticks_are_the_first_and_round_ones(last: int, ticks: tuple[int, ...]) -> None:
    assert scales.epoch_ticks(last) == ticks


@pytest.mark.parametrize(
    "values", [[], [0.5, 0.5], [0.0], [0.1, 2.3], [1.0, 1.0 + 1e-15], [-3e8, 1e38], [1e-12]]
)
def test_the_y_axis_holds_all_values_with_room(values: list[float]) -> None:
    axes = Figure().add_subplot()
    scales.set_y(axes, values, log_scale=False)
    low, high = axes.get_ylim()
    assert low < min(values, default=0.5)
    assert high > max(values, default=0.5)


def test_a_log_scale_holds_the_positive_values() -> None:
    axes = Figure().add_subplot()
    scales.set_y(axes, [0.0, 0.01, 10.0], log_scale=True)
    low, high = axes.get_ylim()
    assert axes.get_yscale() == "log"
    assert 0 < low < 0.01
    assert high > 10.0


def test_a_log_scale_of_nothing_positive_is_linear() -> None:
    axes = Figure().add_subplot()
    scales.set_y(axes, [-1.0, 0.0], log_scale=True)
    assert axes.get_yscale() == "linear"
