"""The columns of a history: which metric each is, and where it was measured.

A bare name is Keras's running mean over the epoch's training steps, dropout and all; `val_` is the
validation part after the epoch, `train_eval_` the training part after it, measured as validation
is. Imports nothing of dlrun.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

_Value = TypeVar("_Value")

NOT_METRICS = ("epoch", "epoch_seconds", "learning_rate")
"""Columns that measure something else than the model."""

VALIDATION = "val_"
TRAIN_EVAL = "train_eval_"


def metric_of(column: str) -> str:
    """Returns the metric that a column holds: its name without `val_` or `train_eval_`."""
    for prefix in (VALIDATION, TRAIN_EVAL):
        if column.startswith(prefix):
            return column.removeprefix(prefix)
    return column


def is_running_mean(column: str) -> bool:
    """Returns whether a column is Keras's own training metric, as `fit` reports it."""
    return column not in NOT_METRICS and metric_of(column) == column


def shown_columns(values: Mapping[str, _Value]) -> dict[str, _Value]:
    """Returns the validation columns, or Keras's running means where nothing validates."""
    found = {name: value for name, value in values.items() if name.startswith(VALIDATION)}
    return found or {name: value for name, value in values.items() if is_running_mean(name)}
