"""The order of batches: a function of the seed and the epoch alone."""

from __future__ import annotations

import numpy as np


def batch_order(seed: int, epoch: int, num_rows: int) -> np.ndarray:
    """Returns the order in which an epoch visits the training rows, (num_rows,) int64.

    A plain script with `model.fit(..., shuffle=False)` on rows in this order repeats the
    epoch; nothing else that draws random numbers can shift it.

    Args:
        seed: The config's seed.
        epoch: Counted from 0.
        num_rows: Number of training rows.
    """
    return np.random.default_rng([seed, epoch]).permutation(num_rows)
