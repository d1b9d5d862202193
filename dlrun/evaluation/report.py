"""What `evaluation.json` says of one part of the data: metrics, their intervals, and the baseline.

The baseline looks at no input: it says the most frequent class, or the mean, of the training rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import metrics

from dlrun.evaluation.classes import class_report
from dlrun.evaluation.intervals import Estimate, resampled
from dlrun.evaluation.meaning import Meaning
from dlrun.evaluation.numbers import number_report


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model said of some rows.

    Attributes:
        outputs: (n, units) float32.
        labels: (n,) int64 classes, or (n,) or (n, k) float32 numbers.
        losses: (n,) float32, the loss of each row; None where that is not known.
    """

    outputs: np.ndarray
    labels: np.ndarray
    losses: np.ndarray | None = None


def evaluate_part(found: Predictions, meaning: Meaning, penalty: float = 0.0) -> dict[str, Any]:
    """Returns the report on one part, as JSON holds it.

    Args:
        found: What the kept model said of the part's rows; at least one.
        meaning: Of outputs and labels.
        penalty: What regularizers add to the loss of every row.
    """
    if meaning.class_names:
        outputs = found.outputs.reshape(len(found.outputs), -1)
        report = class_report(outputs, found.labels, meaning)
        baseline = _class_baseline(found.labels, meaning)
    else:
        report = number_report(found.outputs, found.labels)
        baseline = _number_baseline(found.labels, meaning)
    if found.losses is not None:
        report["metrics"] = _loss(found.losses, penalty) | report["metrics"]
    estimates: Mapping[str, Estimate] = report["metrics"]
    values = {name: estimate.to_dict() for name, estimate in estimates.items()}
    return {"num_rows": len(found.labels)} | report | {"metrics": values, "baseline": baseline}


def _loss(losses: np.ndarray, penalty: float) -> dict[str, Estimate]:
    rows = losses.astype(np.float64)
    values = {"loss": float(rows.mean()) + penalty}
    return resampled(values, lambda n: {"loss": n @ rows / len(rows) + penalty}, len(rows))


def _class_baseline(labels: np.ndarray, meaning: Meaning) -> dict[str, Any]:
    guess = int(np.argmax(meaning.baseline))
    values = {"accuracy": float(np.mean(labels == guess))}
    if len(meaning.class_names) == 2:
        values |= {"roc_auc": 0.5, "pr_auc": float(np.mean(labels == 1))}
    text = f"always {meaning.class_names[guess]!r}, the most frequent class of training"
    return {"says": text, "metrics": values}


def _number_baseline(labels: np.ndarray, meaning: Meaning) -> dict[str, Any]:
    y = labels.reshape(len(labels), -1).astype(np.float64)
    means = np.broadcast_to(np.asarray(meaning.baseline), y.shape)
    values = {
        "mean_absolute_error": float(metrics.mean_absolute_error(y, means)),
        "root_mean_squared_error": float(metrics.root_mean_squared_error(y, means)),
    }
    if len(y) > 1 and np.ptp(y, axis=0).all():
        values["r2"] = float(metrics.r2_score(y, means))
    return {"says": "always the mean of training", "metrics": values}
