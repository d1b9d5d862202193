"""When a training is ended early because others were better: a value for each epoch to reach.

The values are settled before the training begins, so that when it ends depends on nothing that
happens meanwhile; reads no file.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dlrun.monitor import is_better


@dataclass(frozen=True)
class Threshold:
    """What the best value so far must reach after each epoch.

    Attributes:
        metric: As history names it, such as "val_accuracy".
        higher_is_better: Its direction.
        values: For the first epoch, the second, …; None asks for nothing. Later epochs are free.
    """

    metric: str
    higher_is_better: bool
    values: tuple[float | None, ...]


def pruned_after(values: Sequence[float | None], threshold: Threshold) -> int | None:
    """Returns the epoch, counted from 1, after which a training ends; None: it is good enough.

    Args:
        values: Of the metric, epoch by epoch; None and NaN are no values.
        threshold: What they must reach: a value as good is good enough.
    """
    best: float | None = None
    for epoch, (value, wanted) in enumerate(
        zip(values, (*threshold.values, *[None] * len(values)), strict=False), start=1
    ):
        if (
            value is not None
            and not math.isnan(value)
            and is_better(value, best, higher_is_better=threshold.higher_is_better)
        ):
            best = value
        if wanted is None:
            continue
        if best is None or is_better(wanted, best, higher_is_better=threshold.higher_is_better):
            return epoch
    return None
