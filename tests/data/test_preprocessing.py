from __future__ import annotations

import json

import numpy as np
import pytest

from dlrun.data import Scaling, encode_labels, fit_scaling
from dlrun.errors import DatasetError

BYTES = np.arange(256, dtype=np.uint8).reshape(4, 8, 8)
TABLE = np.array([[1, 5, -10], [2, 5, 0], [6, 5, 10]], np.float32)


def test_bytes_divided_by_255_equal_numpy_for_all_256_values() -> None:
    scaling = fit_scaling("auto", BYTES)
    scaled = scaling.apply(BYTES)
    assert (scaling.kind, scaling.offset, scaling.divisor) == ("unit", 0.0, 255.0)
    assert scaled.dtype == np.float32
    assert np.array_equal(scaled, BYTES.astype(np.float32) / np.float32(255))


def test_the_divisor_of_bytes_does_not_depend_on_the_rows() -> None:
    assert fit_scaling("unit", np.full((2, 2, 2), 7, np.uint8)).divisor == 255.0


def test_other_images_are_divided_by_their_largest_value() -> None:
    digits = np.array([[[0, 16], [8, 4]]], np.float32)
    assert fit_scaling("auto", digits).apply(digits).ravel().tolist() == [0, 1, 0.5, 0.25]


def test_tables_get_mean_0_and_deviation_1_feature_by_feature() -> None:
    scaling = fit_scaling("auto", TABLE)
    assert scaling.kind == "standard"
    assert scaling.offset == pytest.approx(TABLE.mean(axis=0))
    assert scaling.divisor[[0, 2]] == pytest.approx(TABLE.std(axis=0)[[0, 2]])
    scaled = scaling.apply(TABLE)
    assert scaled.mean(axis=0) == pytest.approx([0, 0, 0], abs=1e-6)
    assert scaled.std(axis=0) == pytest.approx([1, 0, 1], abs=1e-6)


def test_a_feature_that_never_changes_is_divided_by_1() -> None:
    assert fit_scaling("standard", TABLE).divisor[1] == 1
    assert fit_scaling("minmax", TABLE).divisor[1] == 1
    assert fit_scaling("unit", np.zeros((2, 1), np.float32)).divisor[0] == 1


def test_minmax_brings_each_feature_to_0_and_1() -> None:
    scaled = fit_scaling("minmax", TABLE).apply(TABLE)
    assert scaled[:, 0] == pytest.approx([0, 0.2, 1])
    assert scaled[:, 2] == pytest.approx([0, 0.5, 1])


def test_unit_divides_each_feature_by_its_largest_absolute_value() -> None:
    assert fit_scaling("unit", TABLE).divisor.tolist() == [6, 5, 10]


@pytest.mark.parametrize("kind", ["standard", "minmax"])
def test_images_are_scaled_as_a_whole(kind: str) -> None:
    scaling = fit_scaling(kind, BYTES)
    assert isinstance(scaling.offset, float)
    expected = {"standard": (127.5, float(np.arange(256).std())), "minmax": (0.0, 255.0)}
    assert (scaling.offset, scaling.divisor) == pytest.approx(expected[kind])


def test_none_only_makes_float32() -> None:
    assert np.array_equal(fit_scaling("none", BYTES).apply(BYTES), BYTES.astype(np.float32))


def test_scaling_leaves_its_input_as_it_was() -> None:
    before = TABLE.copy()
    fit_scaling("standard", TABLE).apply(TABLE)
    assert np.array_equal(TABLE, before)


@pytest.mark.parametrize("rows", [BYTES, TABLE / 3])
@pytest.mark.parametrize("kind", ["unit", "standard", "minmax", "none"])
def test_a_scaling_survives_json_to_the_last_bit(kind: str, rows: np.ndarray) -> None:
    scaling = fit_scaling(kind, rows)
    again = Scaling.from_dict(json.loads(json.dumps(scaling.to_dict())))
    assert np.array_equal(again.apply(rows), scaling.apply(rows))
    assert again.to_dict() == scaling.to_dict()


def test_an_unknown_scaling_is_refused() -> None:
    with pytest.raises(DatasetError, match="unknown scaling 'z'; choose from 'auto', 'unit'"):
        fit_scaling("z", TABLE)


LABELS = np.array([2, 0, 1])


def test_labels_become_one_hot_rows() -> None:
    rows = encode_labels(LABELS, "multiclass", 3, "one_hot")
    assert rows.dtype == np.float32
    assert rows.tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]


def test_labels_become_indices_or_a_column() -> None:
    assert encode_labels(LABELS, "multiclass", 3, "index").dtype == np.int64
    column = encode_labels(LABELS, "multiclass", 3, "column")
    assert (column.dtype, column.tolist()) == (np.float32, [[2], [0], [1]])


@pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 2)])
def test_values_become_columns(shape: tuple[int, ...]) -> None:
    values = np.ones(shape, np.float32)
    assert encode_labels(values, "regression", None, "value").shape == (4, np.prod(shape) // 4)


@pytest.mark.parametrize("encoding", ["one_hot", "index"])
def test_values_have_no_classes(encoding: str) -> None:
    with pytest.raises(DatasetError, match=f"cannot be encoded as '{encoding}'; a regression"):
        encode_labels(np.ones(3, np.float32), "regression", None, encoding)


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(DatasetError, match="unknown encoding 'onehot'; choose from 'index'"):
        encode_labels(LABELS, "multiclass", 3, "onehot")
