"""How well classes are told apart: accuracy, precision, recall, F1, confusion; for two, more.

scikit-learn computes the values; intervals and baselines stand beside them. Arrays in, plain
data out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import metrics

from dlrun.evaluation.intervals import resampled, resampled_table, wilson
from dlrun.evaluation.meaning import Meaning, Scores, class_one_scores, predicted_classes

NUM_BINS = 10
"""Of the calibration, equally wide."""


def class_report(outputs: np.ndarray, labels: np.ndarray, meaning: Meaning) -> dict[str, Any]:
    """Returns metrics with intervals, a row a class, the confusion matrix; of two classes more.

    Args:
        outputs: (n, num_classes) or (n, 1), as the model gave them.
        labels: (n,) int64.
        meaning: Of outputs and labels.
    """
    predicted = predicted_classes(outputs, meaning.threshold)
    report = label_report(predicted, labels, meaning.class_names)
    if len(meaning.class_names) != 2:
        return report
    extra = two_class_report(class_one_scores(outputs, meaning), labels)
    return report | extra | {"metrics": report["metrics"] | extra["metrics"]}


def label_report(predicted: np.ndarray, labels: np.ndarray, names: Sequence[str]) -> dict[str, Any]:
    """Returns what can be said of predicted classes, whatever they were predicted by.

    Args:
        predicted: (n,) int64.
        labels: (n,) int64.
        names: Of the classes.
    """
    numbers = list(range(len(names)))
    matrix = metrics.confusion_matrix(labels, predicted, labels=numbers)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        labels, predicted, labels=numbers, zero_division=0
    )
    found = {"accuracy": wilson(int(np.trace(matrix)), len(labels))}
    if len(names) == 2:
        found["f1"] = resampled_table(float(f1[1]), lambda drawn: _f1(drawn)[:, 1], matrix)
    else:
        value = float(f1[support > 0].mean())
        found["f1_macro"] = resampled_table(value, _f1_macro, matrix)
    return {
        "metrics": found,
        "per_class": [
            {
                "class": names[i],
                "precision": float(precision[i]),
                "recall": float(recall[i]),
                "f1": float(f1[i]),
                "num_rows": int(support[i]),
            }
            for i in numbers
        ],
        "confusion_matrix": matrix.tolist(),
    }


def _f1(matrices: np.ndarray) -> np.ndarray:
    """F1 of each class of each matrix, (resamples, classes); 0 where there is nothing right."""
    right = np.diagonal(matrices, axis1=1, axis2=2).astype(np.float64)
    both = matrices.sum(axis=1) + matrices.sum(axis=2)
    found: np.ndarray = np.divide(2 * right, both, out=np.zeros_like(right), where=both > 0)
    return found


def _f1_macro(matrices: np.ndarray) -> np.ndarray:
    """Mean F1 over the classes that have rows."""
    there = matrices.sum(axis=2) > 0
    means: np.ndarray = np.mean(_f1(matrices), axis=1, where=there)
    return means


def two_class_report(scores: Scores, labels: np.ndarray) -> dict[str, Any]:
    """Returns the areas under two curves, the threshold and, of probabilities, the calibration.

    ROC-AUC: how often a row of class 1 gets the larger output than one of class 0. PR-AUC: the
    average precision, as scikit-learn defines it; by chance it is the share of class 1.
    """
    extra: dict[str, Any] = {"threshold": scores.threshold, "metrics": {}}
    if len(np.unique(labels)) == 2:
        values = {
            "roc_auc": float(metrics.roc_auc_score(labels, scores.values)),
            "pr_auc": float(metrics.average_precision_score(labels, scores.values)),
        }
        order = np.argsort(-scores.values, kind="stable")  # rows are drawn in any order
        ends, is_one = _ends_of_ties(scores.values[order]), labels[order] == 1
        extra["metrics"] = resampled(
            values, lambda counts: _areas(counts, is_one, ends), len(labels)
        )
    if scores.are_probabilities:
        extra["calibration"] = calibration(scores.values, labels)
    return extra


def _ends_of_ties(scores: np.ndarray) -> np.ndarray:
    """Positions of the last of each run of equal scores: between them there is no threshold."""
    return np.flatnonzero(np.append(np.diff(scores) != 0, True))


def _areas(counts: np.ndarray, is_one: np.ndarray, ends: np.ndarray) -> dict[str, np.ndarray]:
    """ROC-AUC and PR-AUC of each resample, (resamples,); NaN where a class has no row.

    Args:
        counts: How often each row is drawn, rows from the largest score to the smallest.
        is_one: Which rows are of class 1.
        ends: From `_ends_of_ties`.
    """
    rows = np.cumsum(counts, axis=1, dtype=np.float64)[:, ends]
    ones = np.cumsum(counts * is_one, axis=1, dtype=np.float64)[:, ends]
    zeros = rows - ones
    more_ones, more_zeros = (np.diff(part, prepend=0, axis=1) for part in (ones, zeros))
    num_ones, num_zeros = ones[:, -1], zeros[:, -1]
    with np.errstate(divide="ignore", invalid="ignore"):
        precision = np.where(rows > 0, ones / rows, 0)
        trapezoids = (more_zeros * (ones - more_ones / 2)).sum(axis=1)
        return {
            "roc_auc": trapezoids / (num_ones * num_zeros),
            "pr_auc": (more_ones * precision).sum(axis=1) / num_ones,
        }


@dataclass(frozen=True, eq=False)
class ScoreCurves:
    """What every threshold costs.

    Attributes:
        roc: False positive rate and true positive rate, each (n,).
        precision_recall: Recall and precision, each (n,).
    """

    roc: tuple[np.ndarray, np.ndarray]
    precision_recall: tuple[np.ndarray, np.ndarray]


def score_curves(scores: np.ndarray, labels: np.ndarray) -> ScoreCurves:
    """Returns the points of the ROC and of the precision-recall curve.

    Args:
        scores: Outputs for class 1, (n,).
        labels: (n,) 0 or 1, both there.
    """
    false_rate, true_rate, _ = metrics.roc_curve(labels, scores)
    precision, recall, _ = metrics.precision_recall_curve(labels, scores, drop_intermediate=True)
    return ScoreCurves((false_rate, true_rate), (recall, precision))


def calibration(scores: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Returns how far probabilities are what they say, in equally wide bins.

    The expected calibration error is the mean distance of a bin's mean probability from its
    share of class 1, weighed by rows (M. P. Naeini and others, Obtaining Well Calibrated
    Probabilities Using Bayesian Binning, AAAI 2015).

    Args:
        scores: Probabilities of class 1, (n,).
        labels: (n,) 0 or 1.
    """
    bins = np.minimum((scores * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    num_rows = np.bincount(bins, minlength=NUM_BINS)
    sums = np.bincount(bins, weights=scores, minlength=NUM_BINS)
    ones = np.bincount(bins, weights=labels, minlength=NUM_BINS)
    rows = [
        {
            "mean_probability": sums[i] / num_rows[i],
            "share": ones[i] / num_rows[i],
            "num_rows": int(num_rows[i]),
        }
        for i in np.flatnonzero(num_rows)
    ]
    error = np.abs(sums - ones).sum() / len(scores)
    return {"expected_calibration_error": float(error), "bins": rows}
