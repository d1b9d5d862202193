from __future__ import annotations

import numpy as np
import pytest

from dlrun.plots.data_rows import (
    class_groups,
    histogram,
    name_features,
    row_labels,
    scale_pixels,
    thin_rows,
)

ALL = np.ones(4, dtype=bool)


def test_bytes_are_divided_by_255() -> None:
    images = np.array([[[0, 51], [102, 204]]], dtype=np.uint8)  # (1, 2, 2)
    np.testing.assert_allclose(scale_pixels(images), [[[0.0, 0.2], [0.4, 0.8]]])


def test_floats_of_zero_to_one_stay() -> None:
    images = np.array([[[0.25, 0.5]]], dtype=np.float32)
    np.testing.assert_array_equal(scale_pixels(images), images)


@pytest.mark.parametrize("values", [[0.0, 8.0, 16.0], [-1.0, 0.0, 1.0]])
def test_another_range_is_stretched(values: list[float]) -> None:
    np.testing.assert_allclose(scale_pixels(np.array([[values]])), [[[0.0, 0.5, 1.0]]])


def test_pixels_that_are_no_numbers_are_black() -> None:
    np.testing.assert_array_equal(scale_pixels(np.array([[[np.nan, 1.0]]])), [[[0.0, 1.0]]])


def test_a_single_channel_is_left_out_and_colours_are_kept() -> None:
    assert scale_pixels(np.zeros((3, 4, 5, 1))).shape == (3, 4, 5)
    assert scale_pixels(np.zeros((3, 4, 5, 3))).shape == (3, 4, 5, 3)


def test_rows_of_one_label_are_labelled_once() -> None:
    assert row_labels(["a", "a", "b", "b", "c"], 2) == ("a", "b", "c")
    assert row_labels(["a", "a", "b", "c"], 2) is None
    assert row_labels(["a", "b"], 1) is None


def test_a_histogram_holds_every_value_once() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    row = histogram("x", values, [values < 0, values >= 0])
    assert [sum(shares) for shares in row.shares] == pytest.approx([1.0, 1.0])
    assert (row.edges[0], row.edges[-1]) == (values.min(), values.max())
    assert len(row.edges) == 24 + 1
    assert not row.is_trimmed


def test_whole_numbers_have_a_bin_each() -> None:
    row = histogram("sex", np.array([1, 2, 2, 4]), [ALL])
    assert row.edges == (0.5, 1.5, 2.5, 3.5, 4.5)
    assert row.shares == ((0.25, 0.5, 0.0, 0.25),)
    assert row.is_whole


def test_far_off_values_do_not_squeeze_the_rest() -> None:
    values = np.append(np.linspace(0.0, 1.0, 999), 1e6)
    row = histogram("pay", values, [np.ones(1000, dtype=bool)])
    assert row.is_trimmed
    assert row.edges[-1] < 1.1
    assert sum(row.shares[0]) == pytest.approx(0.99, abs=0.002)


@pytest.mark.parametrize("value", [0.3, 0.0, -7.5, 1e12])
def test_a_constant_feature_is_one_full_bin(value: float) -> None:
    row = histogram("x", np.full(4, value), [ALL])
    assert sum(row.shares[0]) == 1.0


def test_missing_values_and_empty_classes_are_left_out() -> None:
    row = histogram("x", np.array([np.nan, 0.0, 1.5, np.inf]), [ALL, ~ALL])
    assert sum(row.shares[0]) == 1.0
    assert sum(row.shares[1]) == 0.0
    assert sum(histogram("x", np.full(4, np.nan), [ALL]).shares[0]) == 0.0


def test_each_class_is_a_group_and_very_many_are_one() -> None:
    y = np.array([0, 1, 1])
    (no, no_rows), (yes, yes_rows) = class_groups(y, ["no", "yes"])
    assert (no, yes) == ("no", "yes")
    assert no_rows.tolist() == [True, False, False]
    assert yes_rows.tolist() == [False, True, True]
    assert [name for name, _ in class_groups(y, [str(i) for i in range(13)])] == ["all rows"]


def test_few_rows_are_all_drawn_and_many_are_thinned_evenly() -> None:
    assert thin_rows(3).tolist() == [0, 1, 2]
    rows = thin_rows(1000, most=5)
    assert rows.tolist() == [0, 249, 499, 749, 999]


def test_a_feature_without_a_name_is_numbered() -> None:
    assert name_features(["age"], 3) == ("age", "feature 2", "feature 3")
