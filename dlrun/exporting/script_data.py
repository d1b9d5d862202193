"""The part of a script that has the data: loaded, encoded, scaled and split in a few lines."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dlrun.data import Scaling
from dlrun.data.weights import class_weights
from dlrun.exporting.expressions import WIDTH, literal
from dlrun.prepare import PreparedData

_SKLEARN = {
    "digits": ("load_digits", ".images"),
    "iris": ("load_iris", ".data"),
    "wine": ("load_wine", ".data"),
    "breast_cancer": ("load_breast_cancer", ".data"),
    "diabetes": ("load_diabetes", ".data"),
}
"""scikit-learn's functions for the sets in its wheel, and where their inputs are."""

_KERAS = ("mnist", "fashion_mnist")
"""Sets that `keras.datasets` has, too."""


@dataclass(frozen=True, eq=False)
class DataSource:
    """What a script needs to have its data.

    Attributes:
        lines: Source, from loading to `x_train, y_train` and the other parts.
        arrays: For the file beside it.
        from_sklearn: The function of `sklearn.datasets` that is called; empty for none.
        parts: Names of the parts that the script uses.
        weighted: Which parts have a weight a row.
    """

    lines: Sequence[str]
    arrays: Mapping[str, np.ndarray]
    from_sklearn: str
    parts: Sequence[str]
    weighted: Sequence[str]


SHORT = {"train": "train", "validation": "val", "test": "test"}
"""How variables of a part end."""


def data_source(data: PreparedData, data_file: str, *, with_test: bool) -> DataSource:
    """Returns the part of the script, and the arrays that it loads.

    Args:
        data: Its scaling is the recorded one.
        data_file: Name of the file beside the script.
        with_test: Whether the script looks at the test rows, as the run did.
    """
    parts = [part for part in data.rows if part != "test" or with_test]
    arrays = {part: data.rows[part] for part in parts}
    function, lines = _loading(data, data_file, arrays)
    scaling_lines, fitted = _scaling(data)
    arrays |= fitted
    lines += [*_parts(data, parts), *_encoding(data), *scaling_lines, ""]
    lines += [f"x_{SHORT[part]}, y_{SHORT[part]} = x[{part}], y[{part}]" for part in parts]
    weight_lines, weighted = _weights(data, parts)
    if data.sample_weight is not None:
        arrays["sample_weight"] = data.sample_weight
    return DataSource([*lines, *weight_lines], arrays, function, parts, weighted)


def _loading(
    data: PreparedData, data_file: str, arrays: dict[str, np.ndarray]
) -> tuple[str, list[str]]:
    """The lines that have x and labels; adds to the arrays what they load."""
    dataset = data.dataset
    opened = f"data = np.load(Path(__file__).with_name({literal(data_file)}))"
    found = _SKLEARN.get(dataset.name)
    if found is not None and data.config.dataset.duplicates != "drop":
        function, inputs = found
        arguments = "scaled=False" if dataset.name == "diabetes" else ""
        dtype = "float32" if dataset.task == "regression" else "int64"
        lines = [
            "# Data: scikit-learn's; which rows train and which validate is in the file beside.",
            opened,
            f"loaded = {function}({arguments})",
            f'x = loaded{inputs}.astype("float32")',
            f'labels = loaded.target.astype("{dtype}")',
        ]
        return function, lines
    arrays |= {"x": dataset.x, "labels": dataset.y}
    what = "# Data: the rows of the run, in the file beside."
    if dataset.name in _KERAS:
        what = f"# Data: those of keras.datasets.{dataset.name}, training part first, then test."
    return "", [what, opened, 'x, labels = data["x"], data["labels"]']


def _parts(data: PreparedData, parts: Sequence[str]) -> list[str]:
    """The row numbers of each part, and what the labels stand for."""
    rows = ", ".join(f'data["{part}"]' for part in parts)
    lines = ["# The rows of each part, as the run split them.", f"{', '.join(parts)} = {rows}"]
    names = data.dataset.class_names
    if names and names != tuple(map(str, range(len(names)))) and "".join(names).isprintable():
        shown = ", ".join(f"{label} {name}" for label, name in enumerate(names[:20]))
        more = ", …" if names[20:] else ""
        lines += [f"# {line}" for line in textwrap.wrap(f"Labels: {shown}{more}.", WIDTH - 2)]
    return lines


def _encoding(data: PreparedData) -> list[str]:
    if data.encoding == "index":
        return ["y = labels"]
    if data.encoding == "one_hot":
        number = data.dataset.num_classes
        return [
            "# One output a class: 1 for the right one, else 0.",
            f"y = keras.utils.to_categorical(labels, num_classes={number})",
        ]
    return ['y = labels.reshape(len(labels), -1).astype("float32")']


def _scaling(data: PreparedData) -> tuple[list[str], dict[str, np.ndarray]]:
    """The lines that scale x, and the numbers that they load where no formula gives them."""
    scaling = data.scaling
    taken = 'x.astype("float32")' if data.dataset.x.dtype == np.uint8 else "x"
    offset, divisor = np.asarray(scaling.offset), np.asarray(scaling.divisor)
    if not offset.any() and (divisor == 1).all():
        return [] if taken == "x" else [f"x = {taken}"], {}
    if not divisor.ndim:
        if offset:
            taken = f"({taken} - {literal(float(offset))})"
        number = float(divisor)
        shown = literal(int(number) if number.is_integer() else number)
        reason = "Bytes become numbers from 0 to 1." if number == 255 else _meaning(scaling)
        return [f"# {reason}", f"x = {taken} / {shown}"], {}
    formula = _formula(data)
    if formula is not None:
        return formula, {}
    lines = ["# Fitted on the training rows, and 1 where a feature never changes."]
    lines.append(f'x = ({taken} - data["offset"]) / data["divisor"]')
    return lines, {"offset": offset, "divisor": divisor}


def _meaning(scaling: Scaling) -> str:
    return {
        "unit": "The largest number becomes 1.",
        "standard": "Mean 0 and deviation 1 in the training rows.",
    }.get(scaling.kind, "0 to 1 in the training rows.")


def _formula(data: PreparedData) -> list[str] | None:
    """Lines that compute a table's scaling from the training rows, if they give its numbers."""
    x, scaling = data.dataset.x[data.splits.train], data.scaling
    if x.dtype == np.uint8:
        return None
    zero = np.zeros(x.shape[1], np.float32)
    if scaling.kind == "standard":
        mean = x.mean(axis=0, dtype=np.float64).astype(np.float32)
        found = mean, x.std(axis=0, dtype=np.float64).astype(np.float32)
        lines = [
            "# Mean 0 and deviation 1 in the training rows, the sums in double precision.",
            "x_train = x[train]",
            'mean = x_train.mean(axis=0, dtype="float64").astype("float32")',
            'deviation = x_train.std(axis=0, dtype="float64").astype("float32")',
            "x = (x - mean) / deviation",
        ]
    elif scaling.kind == "minmax":
        found = x.min(axis=0), x.max(axis=0) - x.min(axis=0)
        lines = [
            "# 0 to 1 in the training rows.",
            "x_train = x[train]",
            "low, high = x_train.min(axis=0), x_train.max(axis=0)",
            "x = (x - low) / (high - low)",
        ]
    else:
        found = zero, np.abs(x).max(axis=0)
        lines = [
            "# The largest of each feature in the training rows becomes 1.",
            "x = x / np.abs(x[train]).max(axis=0)",
        ]
    same = np.array_equal(found[0], scaling.offset) and np.array_equal(found[1], scaling.divisor)
    return lines if same else None


def _weights(data: PreparedData, parts: Sequence[str]) -> tuple[list[str], list[str]]:
    """The lines that have each row's weight, and the parts that have one."""
    weights = class_weights(data.config, data.dataset, data.splits.train)
    if weights is not None:
        lines = ["", "# Each row's loss counts as much as its class."]
        if data.config.training.class_weight == "balanced":
            lines.append("counts = np.bincount(labels[train])")
            lines.append("class_weight = len(train) / (len(counts) * counts)")
        else:
            numbers = ", ".join(map(repr, weights.tolist()))
            lines.append(f"class_weight = np.array([{numbers}])")
        lines.append('weight_train = class_weight.astype("float32")[labels[train]]')
        return lines, ["train"]
    if data.sample_weight is None:
        return [], []
    lines = ["", "# Each row's loss counts as much as the data say."]
    lines += [f'weight_{SHORT[part]} = data["sample_weight"][{part}]' for part in parts]
    return lines, list(parts)
