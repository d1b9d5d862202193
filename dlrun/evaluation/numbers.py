"""How near predicted numbers come: mean absolute error, root mean squared error, R².

scikit-learn computes the values; intervals stand beside them. Arrays in, plain data out.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import metrics

from dlrun.evaluation.intervals import resampled


def number_report(outputs: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Returns the metrics of a regression with intervals; of several numbers a row, their means.

    Args:
        outputs: (n, k), as the model gave them.
        labels: (n,) or (n, k).
    """
    y = labels.reshape(len(labels), -1).astype(np.float64)
    predicted = outputs.reshape(len(y), -1).astype(np.float64)
    errors = predicted - y
    values = {
        "mean_absolute_error": float(metrics.mean_absolute_error(y, predicted)),
        "root_mean_squared_error": float(metrics.root_mean_squared_error(y, predicted)),
    }
    if len(y) > 1 and np.ptp(y, axis=0).all():
        values["r2"] = float(metrics.r2_score(y, predicted))
    centred = y - y.mean(axis=0)  # else R² is made of the difference of two large numbers
    return {"metrics": resampled(values, lambda counts: _values(counts, centred, errors), len(y))}


def _values(counts: np.ndarray, y: np.ndarray, errors: np.ndarray) -> dict[str, np.ndarray]:
    squares = _mean(counts, errors**2)
    spread = _mean(counts, y**2) - _mean(counts, y) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            "mean_absolute_error": _mean(counts, np.abs(errors)).mean(axis=1),
            "root_mean_squared_error": np.sqrt(squares).mean(axis=1),
            "r2": (1 - squares / spread).mean(axis=1),
        }


def _mean(counts: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Mean of each column in each resample, (resamples, k)."""
    found: np.ndarray = counts @ values / counts.sum(axis=1, keepdims=True)
    return found
