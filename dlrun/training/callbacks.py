"""Keras's callbacks beside the compiled epoch: which of them need to see every batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlrun.backend import keras

_BATCH_METHODS = (
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_batch_begin",
    "on_batch_end",
    "on_test_batch_begin",
    "on_test_batch_end",
)

# These override the batch methods and do nothing there in their usual settings.
_EPOCH_SETTINGS = {"ModelCheckpoint": "save_freq"}


def callbacks_needing_batches(callbacks: Sequence[Any]) -> list[str]:
    """Returns the class names of the callbacks that must be called around every step."""
    return [type(callback).__name__ for callback in callbacks if _needs_batches(callback)]


def _needs_batches(callback: Any) -> bool:
    name = type(callback).__name__
    if name in _EPOCH_SETTINGS:
        return getattr(callback, _EPOCH_SETTINGS[name], "epoch") != "epoch"
    if name == "TensorBoard":
        return callback.update_freq != "epoch" or bool(getattr(callback, "_should_trace", False))
    return any(
        getattr(type(callback), method, None) is not getattr(keras.callbacks.Callback, method)
        or method in vars(callback)  # LambdaCallback sets them on the instance
        for method in _BATCH_METHODS
    )
