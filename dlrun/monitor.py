"""What "best" means: strictly better values, and the epoch where they were best."""

from __future__ import annotations

import math
from collections.abc import Sequence

GROWING_METRICS = {
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "SparseCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "AUC",
    "Precision",
    "Recall",
    "PrecisionAtRecall",
    "RecallAtPrecision",
    "SensitivityAtSpecificity",
    "SpecificityAtSensitivity",
    "TruePositives",
    "TrueNegatives",
    "F1Score",
    "FBetaScore",
    "IoU",
    "BinaryIoU",
    "MeanIoU",
    "OneHotIoU",
    "OneHotMeanIoU",
    "CosineSimilarity",
    "R2Score",
    "PearsonCorrelation",
    "ConcordanceCorrelation",
}
"""Keras's metrics that grow as a model gets better; every other metric of Keras shrinks."""

NEUTRAL_METRICS = {"Metric", "Mean", "MeanMetricWrapper", "Sum", "Reduction"}
"""Bases that say nothing about a direction: a metric of one's own may derive from them."""


def is_better(value: float, best: float | None, *, higher_is_better: bool) -> bool:
    """Returns whether `value` is strictly better than `best`; NaN never is."""
    if math.isnan(value):
        return False
    if best is None:
        return True
    return value > best if higher_is_better else value < best


def best_epoch(values: Sequence[float | None], *, higher_is_better: bool) -> int | None:
    """Returns the first epoch, counted from 1, with the best value; None where there is none."""
    best, epoch = None, None
    for index, value in enumerate(values, start=1):
        if value is not None and is_better(value, best, higher_is_better=higher_is_better):
            best, epoch = value, index
    return epoch
