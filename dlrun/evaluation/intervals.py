"""Intervals that hold the true value 19 times in 20: of shares, of means of rows, of means of runs.

Arrays in, numbers out; knows nothing of runs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from dlrun.wording import signed_interval

CONFIDENCE = 0.95

NUM_RESAMPLES = 500
_MOST_DRAWS = 5e6
"""Rows drawn in all resamples together; beyond it there are fewer of them, at least 100."""

_SEED = 0xB007
"""Intervals by resampling are the same every time."""


@dataclass(frozen=True)
class Estimate:
    """A measured value, and between which limits the true one lies with 95 % confidence.

    Attributes:
        value: As it was measured.
        low: Lower limit; None where the rows are too few to tell.
        high: Upper limit.
    """

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def excludes_zero(self) -> bool:
        """Whether 0 lies outside the limits: of a difference, that chance hardly makes it."""
        return self.low is not None and self.high is not None and not self.low <= 0 <= self.high

    @property
    def signed(self) -> str:
        """A difference as it is read: `-0.0039 (-0.0086 to +0.0008)`."""
        return signed_interval(self.value, self.low, self.high)

    def to_dict(self) -> dict[str, float | None]:
        """Returns it as JSON holds it."""
        return {"value": self.value, "low": self.low, "high": self.high}


def wilson(num_right: int, num_rows: int) -> Estimate:
    """Returns the share of rows that are right.

    The score interval of E. B. Wilson, Probable inference, the law of succession, and statistical
    inference, Journal of the American Statistical Association 22 (1927): unlike the textbook's
    p ± 1.96 se it stays between 0 and 1 and holds for few rows and for shares near 1.

    Args:
        num_right: How many are.
        num_rows: Of how many; 1 or more.
    """
    z = normal_quantile()
    share = num_right / num_rows
    middle = (share + z * z / (2 * num_rows)) / (1 + z * z / num_rows)
    spread = math.sqrt(share * (1 - share) / num_rows + (z / (2 * num_rows)) ** 2)
    half = z * spread / (1 + z * z / num_rows)
    low = max(0.0, middle - half) if num_right else 0.0  # exactly, whatever is rounded
    return Estimate(share, low, min(1.0, middle + half) if num_right < num_rows else 1.0)


def normal_quantile(confidence: float = CONFIDENCE) -> float:
    """Returns how many standard errors a normal interval reaches to each side."""
    return float(special.ndtri((1 + confidence) / 2))


def t_quantile(degrees_of_freedom: float, confidence: float = CONFIDENCE) -> float:
    """Returns how many standard errors Student's t interval reaches to each side."""
    return float(special.stdtrit(degrees_of_freedom, (1 + confidence) / 2))


def mean_of_runs(
    values: Sequence[float], overlap: float = 0.0, confidence: float = CONFIDENCE
) -> Estimate:
    """Returns the mean over runs that differ by seed or fold, with Student's t interval.

    Runs that split the same rows otherwise share most of their training rows, and so vary less
    than fresh data would; their variance is corrected after C. Nadeau and Y. Bengio, Inference
    for the Generalization Error, Machine Learning 52 (2003): 1/n becomes 1/n + overlap.

    Args:
        values: One a run.
        overlap: Validation rows by training rows where the runs split the same rows otherwise;
            0 where every run has the same split.
        confidence: Share of such intervals that hold the true mean.
    """
    mean = math.fsum(values) / len(values)
    if len(values) < 2:
        return Estimate(mean)
    error = standard_deviation(values) * math.sqrt(1 / len(values) + overlap)
    half = t_quantile(len(values) - 1, confidence) * error
    return Estimate(mean, mean - half, mean + half)


def standard_deviation(values: Sequence[float]) -> float:
    """Returns the sample's standard deviation, by n - 1; 0 of a single value."""
    if len(values) < 2:
        return 0.0
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1))


def resampled(
    values: Mapping[str, float],
    values_of: Callable[[np.ndarray], Mapping[str, np.ndarray]],
    num_rows: int,
) -> dict[str, Estimate]:
    """Returns values with their bootstrap intervals: what they would be on rows drawn anew.

    The percentile interval of B. Efron, Bootstrap Methods, Annals of Statistics 7 (1979).

    Args:
        values: By name, of the rows as they are.
        values_of: Takes how often each row is drawn, (resamples, num_rows) int64; returns, by
            the same names, the value of each resample, (resamples,); NaN where it has none.
        num_rows: How many rows there are.
    """
    if num_rows < 2:
        return {name: Estimate(value) for name, value in values.items()}
    rng = np.random.default_rng(_SEED)
    total = int(min(NUM_RESAMPLES, max(100, _MOST_DRAWS / num_rows)))
    step = max(1, int(1e6 / num_rows))  # few enough to stay in the processor's cache
    found = [
        values_of(_draw(rng, min(step, total - first), num_rows)) for first in range(0, total, step)
    ]
    return {
        name: _percentiles(value, np.concatenate([part[name] for part in found]))
        for name, value in values.items()
    }


def resampled_table(
    value: float, values_of: Callable[[np.ndarray], np.ndarray], table: np.ndarray
) -> Estimate:
    """Returns a value of a confusion matrix with its bootstrap interval.

    Drawing rows anew is drawing cells of the matrix, each as often as it has rows.

    Args:
        value: Of the matrix as it is.
        values_of: Takes matrices, (resamples, *table.shape); returns the value of each.
        table: Counts of rows, int64.
    """
    num_rows = int(table.sum())
    rng = np.random.default_rng(_SEED)
    drawn = rng.multinomial(num_rows, table.ravel() / num_rows, size=NUM_RESAMPLES)
    return _percentiles(value, values_of(drawn.reshape(-1, *table.shape)))


def _draw(rng: np.random.Generator, num_resamples: int, num_rows: int) -> np.ndarray:
    """How often each row comes in each resample."""
    rows = rng.integers(0, num_rows, (num_resamples, num_rows), dtype=np.int32)
    return np.stack([np.bincount(drawn, minlength=num_rows) for drawn in rows])


def _percentiles(value: float, values: np.ndarray) -> Estimate:
    values = values[np.isfinite(values)]
    if len(values) < 100 or not math.isfinite(value):  # a class that most resamples do not have
        return Estimate(value)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    if low == high:  # rows that are all alike do not tell how others may differ
        return Estimate(value)
    return Estimate(value, float(low), float(high))
