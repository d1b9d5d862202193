from __future__ import annotations

import hashlib

import numpy as np
import pytest

from dlrun.data import Dataset
from dlrun.errors import DatasetError

X = np.zeros((4, 2), np.float32)
Y = np.array([0, 1, 0, 1])
TWO = ("no", "yes")


def make(x=X, y=Y, task="binary", class_names=TWO, **more) -> Dataset:
    return Dataset(name="toy", task=task, x=x, y=y, class_names=class_names, **more)


def test_a_dataset_knows_its_sizes() -> None:
    dataset = make(x=np.zeros((4, 3, 5), np.uint8), num_official_test=1)
    assert (dataset.num_rows, dataset.num_train_rows, dataset.num_classes) == (4, 3, 2)
    assert dataset.input_shape == (3, 5)
    assert dataset.is_image


def test_a_regression_has_no_classes() -> None:
    dataset = make(y=Y.astype(np.float32), task="regression", class_names=())
    assert dataset.num_classes is None
    assert not dataset.is_image


def test_the_content_hash_is_that_of_dtype_shape_and_bytes() -> None:
    expected = hashlib.sha256(
        b"<f4(4, 2)" + X.astype("<f4").tobytes() + b"<i8(4,)" + Y.astype("<i8").tobytes()
    )
    assert make().content_hash == expected.hexdigest()


def test_weights_count_in_the_content_hash_where_there_are_any() -> None:
    weight = np.array([0, 1, 2, 3], np.float32)
    expected = hashlib.sha256(
        b"<f4(4, 2)" + X.astype("<f4").tobytes() + b"<i8(4,)" + Y.astype("<i8").tobytes()
        + b"<f4(4,)" + weight.astype("<f4").tobytes()
    )  # fmt: skip
    assert make(sample_weight=weight).content_hash == expected.hexdigest()


@pytest.mark.parametrize("change", ["value", "label", "shape"])
def test_the_content_hash_tells_data_sets_apart(change: str) -> None:
    x, y = X.copy(), Y.copy()
    if change == "value":
        x[3, 1] = 1e-30
    elif change == "label":
        y[0] = 1
    else:
        x = x.reshape(4, 2, 1)
    assert make(x, y).content_hash != make().content_hash


def with_value(value: float) -> np.ndarray:
    x = X.copy()
    x[2, 1] = value
    return x


def weights(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"x": X[:3]}, "toy: x has 3 rows and y has 4; every row of x needs its label in y"),
        ({"x": with_value(np.nan)}, "x has 1 NaN value, the first in row 2; fill them in"),
        ({"x": with_value(np.inf)}, "x has 1 infinite value, the first in row 2"),
        ({"x": X.astype(object)}, "x has dtype object; it must be uint8 or float32"),
        ({"x": X.astype(np.float64)}, "x has dtype float64; it must be uint8 or float32"),
        ({"y": Y.astype(np.int32)}, "y has dtype int32; for binary it must be int64"),
        ({"x": X[:0], "y": Y[:0]}, r"x has shape \(0, 2\); it must be \(rows, features …\)"),
        ({"x": X[:, 0]}, r"x has shape \(4,\)"),
        ({"y": Y.reshape(4, 1)}, r"y has shape \(4, 1\); it must be one-dimensional"),
        ({"y": Y + 1}, "y holds labels from 1 to 2; with 2 classes they must be 0 to 1"),
        ({"class_names": ("one",)}, "at least two are needed"),
        ({"class_names": ("a", "b", "c")}, "a binary task with 3 classes; make it 'multiclass'"),
        ({"task": "ranking"}, "task is 'ranking'; it must be 'multiclass', 'binary' or"),
        ({"task": "regression"}, "y has dtype int64; for regression it must be float32"),
        ({"num_official_test": 4}, "num_official_test is 4 of 4 rows"),
        ({"sample_weight": np.ones(4)}, "toy: sample_weight has dtype float64; it must be float32"),
        ({"sample_weight": np.ones(3, np.float32)}, r"sample_weight has shape \(3,\); it must be"),
        ({"sample_weight": weights(1, np.nan, 1, 1)}, "sample_weight has 1 NaN value, the first"),
        ({"sample_weight": weights(1, 1, np.inf, 1)}, "sample_weight has 1 infinite value"),
        ({"sample_weight": weights(1, 2, -0.5, 1)}, "sample_weight is -0.5 in row 2; weights must"),
        ({"sample_weight": weights(0, 0, 0, 0)}, "sample_weight is 0 in every row; some must"),
        ({"feature_names": ("a",)}, r"1 feature names for inputs of shape \(2,\)"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(changes: dict, message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        make(**changes)


def test_nan_among_values_to_predict_is_refused() -> None:
    y = np.array([1, np.nan, 2, np.nan], np.float32)
    with pytest.raises(DatasetError, match="y has 2 NaN values, the first in row 1"):
        make(y=y, task="regression", class_names=())


def test_large_finite_numbers_are_no_infinity() -> None:
    assert make(x=np.full((4, 2), 3e38, np.float32)).num_rows == 4
