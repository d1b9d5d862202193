from __future__ import annotations

import pytest

from dlrun.plots.overlay import color_of, marker_of, spread_labels, spread_markers


def test_labels_with_room_stay_where_they_are_wanted() -> None:
    assert spread_labels([1.0, 3.0, 2.0], gap=0.5, low=0.0, high=4.0) == [1.0, 3.0, 2.0]


def test_labels_wanted_at_one_place_are_spread_around_it() -> None:
    assert spread_labels([2.0, 2.0, 2.0], gap=0.5, low=0.0, high=4.0) == [1.5, 2.0, 2.5]


def test_labels_at_the_border_stay_inside() -> None:
    assert spread_labels([4.0, 4.0], gap=0.5, low=0.0, high=4.0) == [3.5, 4.0]
    assert spread_labels([0.0, 0.0, 0.2], gap=0.5, low=0.0, high=4.0) == [0.0, 0.5, 1.0]


def test_too_many_labels_are_spread_evenly() -> None:
    assert spread_labels([1.0] * 5, gap=10.0, low=0.0, high=4.0) == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_one_label_needs_no_gap() -> None:
    assert spread_labels([9.0], gap=1.0, low=0.0, high=4.0) == [4.0]


@pytest.mark.parametrize("num_points", [1, 2, 8, 9, 40, 1000])
def test_about_eight_points_carry_a_marker(num_points: int) -> None:
    for run in range(12):
        points = spread_markers(num_points, run)
        assert len(points) == min(num_points, 8)
        assert all(0 <= point < num_points for point in points)


def test_twelve_runs_have_twelve_colours_and_markers() -> None:
    assert len({color_of(run) for run in range(12)}) == 12
    assert len({marker_of(run) for run in range(12)}) == 12
    assert color_of(12) == color_of(0)
    assert marker_of(12) != marker_of(0)
