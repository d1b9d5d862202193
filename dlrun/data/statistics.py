"""Means and spreads of large arrays, exact and without a float copy of all bytes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dlrun.data.dataset import Array

_CHUNK = 1 << 22


@dataclass(frozen=True)
class Statistics:
    """Smallest, mean, largest and standard deviation (of the population) of an array."""

    min: float
    mean: float
    max: float
    sd: float


def statistics_of(values: Array) -> Statistics:
    """Returns the statistics of all values of an array, computed in float64.

    Bytes are counted by value, so that 60,000 images need no float64 copy of 376 MB.
    """
    if values.dtype != np.uint8:
        mean, sd = values.mean(dtype=np.float64), values.std(dtype=np.float64)
        return Statistics(float(values.min()), float(mean), float(values.max()), float(sd))
    flat = values.reshape(-1)
    counts = np.zeros(256, np.int64)
    for start in range(0, flat.size, _CHUNK):
        counts += np.bincount(flat[start : start + _CHUNK], minlength=256)
    levels = np.arange(256, dtype=np.float64)
    present = np.flatnonzero(counts)
    mean = float(counts @ levels) / flat.size
    sd = math.sqrt(float(counts @ (levels - mean) ** 2) / flat.size)
    return Statistics(float(present[0]), mean, float(present[-1]), sd)
