"""Is a difference more than chance? Student's and Welch's t, McNemar's test.

A difference is an `Estimate` of how much larger the second is than the first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from dlrun.evaluation.intervals import (
    CONFIDENCE,
    Estimate,
    normal_quantile,
    standard_deviation,
    t_quantile,
)

MIN_RUNS = 3
"""With two runs a side, an interval reaches 13 standard errors far: it tells nothing."""


def paired_difference(
    first: Sequence[float],
    second: Sequence[float],
    overlap: float = 0.0,
    confidence: float = CONFIDENCE,
) -> Estimate:
    """Returns the mean difference of pairs that share seed and split, with Student's interval.

    What a seed or a fold makes easy or hard it makes so for both; in the difference it is gone.

    Args:
        first: One value a pair.
        second: Likewise, in the same order.
        overlap: Validation rows by training rows where pairs split the same rows otherwise, 0
            where they do not: the correction after C. Nadeau and Y. Bengio, Inference for the
            Generalization Error, Machine Learning 52 (2003).
        confidence: Share of such intervals that hold the true difference.
    """
    differences = [b - a for a, b in zip(first, second, strict=True)]
    mean = math.fsum(differences) / len(differences)
    if len(differences) < MIN_RUNS:
        return Estimate(mean)
    error = standard_deviation(differences) * math.sqrt(1 / len(differences) + overlap)
    return _estimate(mean, t_quantile(len(differences) - 1, confidence) * error)


def _estimate(value: float, half: float) -> Estimate:
    """A difference and its interval; none where runs that differ vary by nothing.

    Then seed and fold decide nothing, and all runs of a config are one.
    """
    if half < 1e-9 * abs(value):  # nothing but rounding
        return Estimate(value)
    return Estimate(value, value - half, value + half)


def unpaired_difference(
    first: Sequence[float],
    second: Sequence[float],
    overlaps: tuple[float, float] = (0.0, 0.0),
    confidence: float = CONFIDENCE,
) -> Estimate:
    """Returns the difference of two means of runs that share nothing, with Welch's interval.

    Args:
        first: One value a run.
        second: Likewise.
        overlaps: As of `paired_difference`, of each side.
        confidence: Likewise.
    """
    means = [math.fsum(side) / len(side) for side in (first, second)]
    value = means[1] - means[0]
    if min(len(first), len(second)) < MIN_RUNS:
        return Estimate(value)
    errors, weights = [], []
    for side, overlap in zip((first, second), overlaps, strict=True):
        errors.append(standard_deviation(side) ** 2 * (1 / len(side) + overlap))
        weights.append(errors[-1] ** 2 / (len(side) - 1))
    total = sum(errors)
    if not total:
        return _estimate(value, 0.0)
    return _estimate(value, t_quantile(total**2 / sum(weights), confidence) * math.sqrt(total))


@dataclass(frozen=True)
class McNemar:
    """Two models on the same rows.

    Attributes:
        only_first: Rows that the first alone gets right.
        only_second: Rows that the second alone does.
        num_rows: All of them.
        p_value: How often two equally good models would part so far or farther.
    """

    only_first: int
    only_second: int
    num_rows: int
    p_value: float


def mcnemar(first_right: np.ndarray, second_right: np.ndarray) -> McNemar:
    """Returns the exact test of Q. McNemar, Psychometrika 12 (1947).

    Of the rows that one of two equally good models alone gets right, each has half, as coins
    fall.

    Args:
        first_right: Whether the first is right, (rows,) bool.
        second_right: Likewise, of the same rows.
    """
    only_first = int(np.sum(first_right & ~second_right))
    only_second = int(np.sum(~first_right & second_right))
    total = only_first + only_second
    below = float(special.bdtr(min(only_first, only_second), total, 0.5)) if total else 0.5
    return McNemar(only_first, only_second, len(first_right), min(1.0, 2 * below))


def share_difference(found: McNemar, confidence: float = CONFIDENCE) -> Estimate:
    """Returns the difference of two accuracies on the same rows, with its exact interval.

    Of the rows that one model alone gets right, the second's share lies between the limits of
    C. J. Clopper and E. S. Pearson, Biometrika 26 (1934). The interval excludes 0 where McNemar's
    exact test rejects.

    Args:
        found: The two models.
        confidence: Share of such intervals that hold the true difference.
    """
    second, total, n = found.only_second, found.only_first + found.only_second, found.num_rows
    tail = (1 - confidence) / 2
    low = float(special.betaincinv(second, total - second + 1, tail)) if second else 0.0
    high = (
        float(special.betaincinv(second + 1, total - second, 1 - tail)) if second < total else 1.0
    )
    shares = [(2 * share - 1) * total / n for share in (second / max(total, 1), low, high)]
    return Estimate(*shares) if total else Estimate(0.0, 0.0, 0.0)


def row_difference(
    first: np.ndarray, second: np.ndarray, confidence: float = CONFIDENCE
) -> Estimate:
    """Returns the mean difference of two models' losses on the same rows, with its interval."""
    differences = second.astype(np.float64) - first.astype(np.float64)
    mean = float(differences.mean())
    if len(differences) < 2:
        return Estimate(mean)
    error = float(differences.std(ddof=1)) / math.sqrt(len(differences))
    return _estimate(mean, normal_quantile(confidence) * error)
