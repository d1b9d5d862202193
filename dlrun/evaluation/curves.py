"""What a training curve does beyond its noise: its levels, falls and rises."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, median

_NORMAL_MAD = 1.4826
"""Standard deviations in a median absolute deviation of normal values."""


@dataclass(frozen=True)
class Trend:
    """A loss over the epochs, in levels that noise hardly moves.

    Attributes:
        values: One an epoch.
        window: Epochs that a level is the mean of: a tenth of them, 2 at least.
        noise: Standard deviation of a single value around its course, from the differences of
            neighbours in the second half; by the median, so that single jumps do not count.
    """

    values: tuple[float, ...]
    window: int
    noise: float

    @property
    def first(self) -> float:
        """The value of the first epoch."""
        return self.values[0]

    @property
    def last(self) -> float:
        """The level at the end."""
        return fmean(self.values[-self.window :])

    @property
    def before_last(self) -> float:
        """The level one window earlier."""
        return fmean(self.values[-2 * self.window : -self.window])

    @property
    def best(self) -> float:
        """The lowest level there was."""
        return min(self.at(epoch) for epoch in range(self.window, len(self.values) + 1))

    @property
    def best_epoch(self) -> int:
        """The epoch, counted from 1, with the lowest value."""
        return self.values.index(min(self.values)) + 1

    @property
    def level_noise(self) -> float:
        """Standard deviation of the difference of two levels."""
        return self.noise * math.sqrt(2 / self.window)

    def at(self, epoch: int) -> float:
        """Returns the level up to an epoch, counted from 1."""
        return fmean(self.values[max(0, epoch - self.window) : max(epoch, 1)])


def make_trend(values: Sequence[float]) -> Trend:
    """Returns the trend of four values or more, all finite."""
    window = max(2, math.ceil(len(values) / 10))
    half = values[len(values) // 2 - 1 :]
    steps = [after - before for before, after in itertools.pairwise(half)]
    middle = median(steps)
    spread = median(abs(step - middle) for step in steps)
    return Trend(tuple(values), window, _NORMAL_MAD * spread / math.sqrt(2))
