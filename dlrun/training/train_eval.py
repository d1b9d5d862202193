"""Which training rows are measured after each epoch as validation rows are.

Keras's own training metrics are a running mean over the epoch, taken while the weights change,
with dropout on; beside validation's they mislead. `train_eval_*` are the same metrics of the
weights at the epoch's end, in inference mode and without class weights, as `val_*` are.
"""

from __future__ import annotations

import numpy as np

from dlrun.events import Message
from dlrun.prepare import PreparedData

AUTO_ROWS = 10_000
"""Rows at most where the config says auto: an accuracy is exact to 0.01 then (95 %), and an epoch
of MNIST takes 5 to 8 % longer."""

_STREAM = 0x7E7A
"""Keeps the choice of rows apart from other random numbers of the same seed."""


def train_eval_rows(data: PreparedData) -> np.ndarray:
    """Returns the row numbers, sorted, (n,) int64: the same after every epoch; none for off."""
    asked, train = data.config.training.train_eval, data.splits.train
    if asked == "off":
        return train[:0]
    most = {"auto": AUTO_ROWS, "full": len(train)}.get(str(asked), asked)
    if len(train) <= int(most):
        return train
    generator = np.random.default_rng([data.config.seed, _STREAM])
    return np.sort(generator.choice(train, int(most), replace=False))


def describe_train_eval(data: PreparedData) -> Message:
    """Returns what is said of it before training."""
    num_rows, num_train = len(train_eval_rows(data)), len(data.splits.train)
    if not num_rows:
        return Message("train_eval: off, as training.train_eval asks", level="log")
    if num_rows == num_train:
        return Message(f"train_eval: all {num_rows:,} training rows", level="log")
    return Message(f"train_eval: {num_rows:,} of {num_train:,} training rows, the same every epoch")
