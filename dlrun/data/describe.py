"""What is in a data set: the facts behind `dlrun data show`.

Study the data before the first net: counts, ranges, labels, a picture as its numbers. Facts are
plain data, ready for JSON; `describe_lines` makes text of them.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from dlrun.data.dataset import Array, Dataset
from dlrun.data.describe_text import describe_lines
from dlrun.data.preprocessing import Scaling, encode_labels
from dlrun.data.splits import PARTS, Splits
from dlrun.data.statistics import statistics_of

__all__ = ["describe", "describe_lines"]

NUM_LABELS = 10
"""So many labels are shown beside their one-hot rows."""


def describe(
    dataset: Dataset, splits: Splits | None = None, scaling: Scaling | None = None
) -> dict[str, Any]:
    """Returns the facts of a data set as plain data.

    Statistics are of the training rows: those of `splits`, else all but the official test rows.

    Args:
        dataset: What to describe.
        splits: Adds the size and the class counts of each part.
        scaling: Adds how inputs are scaled, and their range after it.
    """
    rows = np.arange(dataset.num_train_rows) if splits is None else splits.train
    x, y = dataset.x[rows], dataset.y[rows]
    facts: dict[str, Any] = {
        "name": dataset.name,
        "title": dataset.title,
        "task": dataset.task,
        "source": dataset.source,
        "licence": dataset.licence,
        "notes": list(dataset.notes),
        "content_hash": dataset.content_hash,
        "num_rows": dataset.num_rows,
        "num_official_test": dataset.num_official_test,
        "num_described": len(rows),
        "input_shape": list(dataset.input_shape),
        "x_dtype": str(dataset.x.dtype),
        "y_shape": list(dataset.y.shape[1:]),
        "y_dtype": str(dataset.y.dtype),
        "num_classes": dataset.num_classes,
        "inputs": _statistics(x),
    }
    if splits is not None:
        facts["parts"] = {part: len(getattr(splits, part)) for part in PARTS}
        facts["hints"] = list(splits.hints)
    if dataset.num_classes is None:
        facts["values"] = [_statistics(column) for column in y.reshape(len(y), -1).T]
    else:
        facts["classes"] = _classes(dataset, splits)
    facts["labels"] = _labels(dataset, rows)
    if dataset.is_image:
        facts["image"] = _image(dataset, int(rows[0]))
    else:
        facts["features"] = _features(dataset.feature_names, x)
    if scaling is not None:
        facts["scaling"] = {**scaling.to_dict(), "inputs": _scaled_statistics(scaling, x)}
    return facts


def _statistics(values: Array) -> dict[str, float]:
    return asdict(statistics_of(values))


def _scaled_statistics(scaling: Scaling, x: Array) -> dict[str, float]:
    """Statistics of scaled inputs; one offset and divisor for all need no scaled copy."""
    if isinstance(scaling.offset, float) and isinstance(scaling.divisor, float):
        found = _statistics(x)
        moved = {key: (found[key] - scaling.offset) / scaling.divisor for key in found}
        return {**moved, "sd": found["sd"] / scaling.divisor}
    return _statistics(scaling.apply(x))


def _classes(dataset: Dataset, splits: Splits | None) -> list[dict[str, Any]]:
    num_classes = len(dataset.class_names)
    parts = {"all": dataset.y}
    if splits is not None:
        parts |= {part: dataset.y[getattr(splits, part)] for part in PARTS}
    elif dataset.num_official_test:
        parts["train"] = dataset.y[: dataset.num_train_rows]
        parts["test"] = dataset.y[dataset.num_train_rows :]
    counts = {part: np.bincount(y, minlength=num_classes).tolist() for part, y in parts.items()}
    return [
        {"label": label, "name": name, "counts": {part: c[label] for part, c in counts.items()}}
        for label, name in enumerate(dataset.class_names)
    ]


def _labels(dataset: Dataset, rows: Array) -> list[dict[str, Any]]:
    first = rows[:NUM_LABELS]
    if dataset.num_classes is not None:  # sorted files begin with a single class: show each
        of_class = np.unique(dataset.y[rows], return_index=True)[1][:NUM_LABELS]
        others = np.setdiff1d(first, rows[of_class])[: NUM_LABELS - len(of_class)]
        first = np.union1d(rows[of_class], others)
    labels = dataset.y[first]
    if dataset.num_classes is None:
        pairs = zip(first, labels.tolist(), strict=True)
        return [{"row": int(row), "value": value} for row, value in pairs]
    one_hot = encode_labels(labels, dataset.task, dataset.num_classes, "one_hot").astype(int)
    return [
        {
            "row": int(row),
            "label": int(label),
            "name": dataset.class_names[label],
            "one_hot": hot.tolist(),
        }
        for row, label, hot in zip(first, labels, one_hot, strict=True)
    ]


def _image(dataset: Dataset, row: int) -> dict[str, Any]:
    """One image whole, the first channel of several, with its row and label."""
    pixels = dataset.x[row] if dataset.x.ndim == 3 else dataset.x[row, :, :, 0]
    whole = np.array_equal(pixels, np.round(pixels))
    label = dataset.y[row]
    return {
        "row": row,
        "label": str(label) if dataset.num_classes is None else dataset.class_names[label],
        "pixels": (pixels.astype(int) if whole else pixels).tolist(),
        "channel": None if dataset.x.ndim == 3 else 0,
    }


def _features(names: tuple[str, ...], x: Array) -> list[dict[str, Any]]:
    names = names or tuple(f"x{i}" for i in range(x.shape[1]))
    return [
        {"name": name, **_statistics(x[:, i]), "num_distinct": len(np.unique(x[:, i]))}
        for i, name in enumerate(names)
    ]
