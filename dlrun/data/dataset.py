"""`Dataset`: a data set's arrays and the facts that go with them, checked when it is made.

It knows nothing of where data comes from, of splits or of scaling.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dlrun.catalog.datasets import Task
from dlrun.errors import DatasetError

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Dataset:
    """A whole data set in memory.

    Attributes:
        name: What a config calls it; it opens every message about the data.
        task: What is predicted.
        x: (num_rows, *input_shape), uint8 or float32, as it came: not scaled.
        y: (num_rows,) int64 class labels 0 … num_classes - 1; for regression (num_rows,) or
            (num_rows, k) float32.
        num_official_test: The last so many rows are the official test rows; 0 without.
        class_names: In the order of the labels; empty for regression.
        feature_names: Of the columns of a table; empty for images.
        title: One line.
        source: Which way it was had: cache, home, package client, file.
        licence: On what terms it may be used.
        notes: What was done to it on the way, such as a dropped column; a sentence each.
        sample_weight: (num_rows,) float32, 0 or more: what each row's loss is multiplied by, in
            training and in validation; None for all alike.

    Raises:
        DatasetError: the arrays do not fit each other or the task, are empty, or hold NaN.
    """

    name: str
    task: Task
    x: Array
    y: Array
    num_official_test: int = 0
    class_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()
    title: str = ""
    source: str = ""
    licence: str = ""
    notes: tuple[str, ...] = field(default=())
    sample_weight: Array | None = None

    def __post_init__(self) -> None:
        check_dataset(self)

    @property
    def num_rows(self) -> int:
        """All rows, the official test rows included."""
        return len(self.x)

    @property
    def num_train_rows(self) -> int:
        """The official training part: all rows but the official test rows."""
        return len(self.x) - self.num_official_test

    @property
    def num_classes(self) -> int | None:
        """How many classes there are; None for regression."""
        return None if self.task == "regression" else len(self.class_names)

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample, without the batch."""
        return tuple(self.x.shape[1:])

    @property
    def is_image(self) -> bool:
        """Whether a sample has rows and columns, (height, width) or (height, width, channels)."""
        return self.x.ndim in (3, 4)

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 over dtype, shape and bytes of x, y and weights, in hexadecimal digits."""
        return _hash(self.x, self.y, self.sample_weight)

    def hash_rows(self, rows: Array) -> str:
        """Returns the SHA-256 of some rows alone, by which a test set is known in other data, too.

        Args:
            rows: Row numbers, (n,) int64.
        """
        weight = self.sample_weight
        return _hash(self.x[rows], self.y[rows], None if weight is None else weight[rows])


def _hash(*arrays: Array | None) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        if array is None:
            continue
        digest.update(f"{array.dtype.newbyteorder('<').str}{array.shape}".encode())
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        digest.update(np.ascontiguousarray(little).data)
    return digest.hexdigest()


def check_dataset(dataset: Dataset) -> None:
    """Checks that a data set's arrays fit each other and its task.

    Raises:
        DatasetError: object or other unfit dtypes, no rows, no features, lengths that differ,
            NaN or infinite values, labels outside the classes, wrong counts of names, weights
            below 0 or all 0.
    """
    for message in _problems(dataset):
        raise DatasetError(f"{dataset.name}: {message}")


def _problems(dataset: Dataset) -> list[str]:
    """What is wrong, the first thing first; later checks need the earlier ones to have passed."""
    x, y = dataset.x, dataset.y
    if dataset.task not in ("multiclass", "binary", "regression"):
        return [f"task is {dataset.task!r}; it must be 'multiclass', 'binary' or 'regression'"]
    found = _dtype_problems(dataset) or _shape_problems(dataset)
    if not found:
        found = _finite_problems("x", x) + _finite_problems("y", y)
    if not found and dataset.task != "regression":
        found = _class_problems(dataset)
    return found or _weight_problems(dataset)


def _dtype_problems(dataset: Dataset) -> list[str]:
    x, y = dataset.x, dataset.y
    if x.dtype not in (np.uint8, np.float32):
        return [f"x has dtype {x.dtype}; it must be uint8 or float32"]
    wanted = np.dtype(np.float32 if dataset.task == "regression" else np.int64)
    if y.dtype != wanted:
        return [f"y has dtype {y.dtype}; for {dataset.task} it must be {wanted}"]
    return []


def _shape_problems(dataset: Dataset) -> list[str]:
    x, y = dataset.x, dataset.y
    if x.ndim < 2 or 0 in x.shape:
        return [f"x has shape {x.shape}; it must be (rows, features …), with at least one of each"]
    if len(x) != len(y):
        return [f"x has {len(x)} rows and y has {len(y)}; every row of x needs its label in y"]
    if y.ndim != 1 and (dataset.task != "regression" or y.ndim != 2 or not y.shape[1]):
        return [f"y has shape {y.shape}; it must be one-dimensional, a label a row"]
    if not 0 <= dataset.num_official_test < len(x):
        return [
            f"num_official_test is {dataset.num_official_test} of {len(x)} rows; "
            "some rows must be left for training"
        ]
    names = dataset.feature_names
    if names and len(names) != int(np.prod(x.shape[1:])):
        return [f"{len(names)} feature names for inputs of shape {x.shape[1:]}; give one each"]
    return []


def _finite_problems(name: str, array: Array) -> list[str]:
    if array.dtype.kind != "f" or np.isfinite(array.sum(dtype=np.float64)):
        return []
    bad = ~np.isfinite(array)
    row = int(np.argwhere(bad)[0][0])
    kind = "NaN" if np.isnan(array[bad]).any() else "infinite"
    count = int(bad.sum())
    values = "value" if count == 1 else "values"
    return [
        f"{name} has {count} {kind} {values}, the first in row {row}; "
        "fill them in or leave these rows out"
    ]


def _class_problems(dataset: Dataset) -> list[str]:
    num_classes, y = len(dataset.class_names), dataset.y
    if num_classes < 2:
        return [f"{num_classes} class(es) {list(dataset.class_names)}; at least two are needed"]
    if dataset.task == "binary" and num_classes != 2:
        return [f"a binary task with {num_classes} classes; make it 'multiclass'"]
    if y.min() < 0 or y.max() >= num_classes:
        return [
            f"y holds labels from {y.min()} to {y.max()}; "
            f"with {num_classes} classes they must be 0 to {num_classes - 1}"
        ]
    return []


def _weight_problems(dataset: Dataset) -> list[str]:
    weight = dataset.sample_weight
    if weight is None:
        return []
    if weight.dtype != np.float32:
        return [f"sample_weight has dtype {weight.dtype}; it must be float32"]
    if weight.shape != (len(dataset.x),):
        return [
            f"sample_weight has shape {weight.shape}; it must be ({len(dataset.x)},), "
            "a weight a row"
        ]
    found = _finite_problems("sample_weight", weight)
    if not found and weight.min() < 0:
        row = int(np.argmax(weight < 0))
        return [f"sample_weight is {weight[row]:g} in row {row}; weights must be 0 or more"]
    if not found and not weight.any():
        return ["sample_weight is 0 in every row; some must count"]
    return found
