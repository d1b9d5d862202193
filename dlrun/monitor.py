"""What "best" means: the monitored metric, its direction, and the epoch where it was best."""

from __future__ import annotations

import math
from collections.abc import Sequence

# Keras's metrics that grow as the model gets better; every loss and error shrinks.
_GROWING = (
    "accuracy",
    "auc",
    "precision",
    "recall",
    "f1",
    "fbeta",
    "iou",
    "r2",
    "cosine_similarity",
    "sensitivity",
    "specificity",
    "true_positives",
    "true_negatives",
    "pearson_correlation",
    "concordance_correlation",
)


def higher_is_better(metric: str) -> bool:
    """Returns whether a larger value of this metric is a better one.

    Args:
        metric: A name as in the history, `val_` or not, such as `val_accuracy`.
    """
    name = metric.removeprefix("val_")
    return not name.endswith("loss") and any(part in name for part in _GROWING)


def is_better(value: float, best: float | None, metric: str) -> bool:
    """Returns whether `value` is strictly better than `best`; NaN never is."""
    if math.isnan(value):
        return False
    if best is None:
        return True
    return value > best if higher_is_better(metric) else value < best


def best_epoch(values: Sequence[float | None], metric: str) -> int | None:
    """Returns the first epoch, counted from 1, with the best value; None where there is none."""
    best, epoch = None, None
    for index, value in enumerate(values, start=1):
        if value is not None and is_better(value, best, metric):
            best, epoch = value, index
    return epoch
