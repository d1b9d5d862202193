"""Scaling of inputs and encoding of labels: from a data set's arrays to what a net is fed.

What is learned from data (means, ranges) is learned from training rows only, and kept, so that
validation, test and later predictions go through the very same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlrun.catalog.datasets import Task
from dlrun.data.dataset import Array
from dlrun.data.statistics import Statistics, statistics_of
from dlrun.errors import DatasetError


@dataclass(frozen=True, eq=False)
class Scaling:
    """How inputs are scaled: `(x - offset) / divisor`, in float32.

    Attributes:
        kind: "unit", "standard", "minmax" or "none": never "auto".
        offset: One number, or one for each feature, float32; 0 is not subtracted.
        divisor: Likewise, never 0.
    """

    kind: str
    offset: float | Array
    divisor: float | Array

    def apply(self, x: Array) -> Array:
        """Returns scaled inputs, float32, of the same shape; training code must do the same."""
        scaled: Array = x.astype(np.float32)
        if np.any(self.offset):
            scaled -= np.asarray(self.offset, np.float32)
        if np.any(np.not_equal(self.divisor, 1)):
            scaled /= np.asarray(self.divisor, np.float32)
        return scaled

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data for `dataset.json`; float32 numbers survive the way there and back."""
        return {
            "kind": self.kind,
            "offset": np.asarray(self.offset, np.float32).tolist(),
            "divisor": np.asarray(self.divisor, np.float32).tolist(),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Scaling:
        """Returns the scaling that `to_dict` described."""
        offset, divisor = (
            np.array(plain[key], np.float32) if isinstance(plain[key], list) else float(plain[key])
            for key in ("offset", "divisor")
        )
        return cls(plain["kind"], offset, divisor)


def fit_scaling(kind: str, x: Array) -> Scaling:
    """Learns a scaling from training rows.

    Args:
        kind: "unit": bytes divided by 255, other images by their largest value, tables by each
            feature's largest absolute value. "standard": mean 0, standard deviation 1.
            "minmax": 0 to 1. "none". "auto": unit for bytes and images, standard for tables.
            Tables are scaled feature by feature, images as a whole.
        x: The training rows, (num_rows, *input_shape), uint8 or float32.

    Raises:
        DatasetError: an unknown kind.
    """
    is_table = x.ndim == 2
    if kind == "auto":
        kind = "standard" if is_table and x.dtype != np.uint8 else "unit"
    if kind == "none":
        return Scaling(kind, 0.0, 1.0)
    if kind == "unit" and x.dtype == np.uint8:
        return Scaling(kind, 0.0, 255.0)
    if kind in ("unit", "standard", "minmax"):
        columns = x.T if is_table else [x]
        pairs = [_offset_and_divisor(kind, statistics_of(column)) for column in columns]
        offset, divisor = np.array(pairs, np.float32).T
        divisor = np.where(divisor == 0, np.float32(1), divisor)  # a feature that never changes
        return Scaling(kind, _number(offset, is_table), _number(divisor, is_table))
    raise DatasetError(
        f"unknown scaling {kind!r}; choose from 'auto', 'unit', 'standard', 'minmax' and 'none'"
    )


def _offset_and_divisor(kind: str, found: Statistics) -> tuple[float, float]:
    if kind == "standard":
        return found.mean, found.sd
    if kind == "minmax":
        return found.min, found.max - found.min
    return 0.0, max(abs(found.min), abs(found.max))


def _number(values: Array, is_table: bool) -> float | Array:
    """Returns a number for each feature of a table, the only one for images."""
    return values if is_table else float(values[0])


def encode_labels(y: Array, task: Task, num_classes: int | None, encoding: str) -> Array:
    """Returns labels in the form that a loss wants.

    Args:
        y: (num_rows,) class labels, or (num_rows,) or (num_rows, k) values.
        task: What `y` means.
        num_classes: How many classes; None for regression.
        encoding: "index": (num_rows,) int64, for sparse_categorical_crossentropy; "one_hot":
            (num_rows, num_classes) float32; "column": (num_rows, 1) float32, for
            binary_crossentropy; "value": (num_rows, k) float32, for regression and for
            squared error on classes.

    Raises:
        DatasetError: an unknown encoding, or one for classes on values.
    """
    if encoding in ("index", "one_hot") and (task == "regression" or num_classes is None):
        raise DatasetError(
            f"labels that are values cannot be encoded as {encoding!r}; "
            "a regression needs a loss such as mean_squared_error"
        )
    if encoding == "index":
        return y.astype(np.int64)
    if encoding == "one_hot":
        rows: Array = np.zeros((len(y), num_classes or 0), np.float32)
        rows[np.arange(len(y)), y] = 1
        return rows
    if encoding in ("column", "value"):
        return y.reshape(len(y), -1).astype(np.float32)
    raise DatasetError(
        f"unknown encoding {encoding!r}; choose from 'index', 'one_hot', 'column' and 'value'"
    )
