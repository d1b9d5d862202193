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


def callbacks_needing_batches(callbacks: Sequence[Any]) -> list[str]:
    """Returns the class names of the callbacks that must be called around every step."""
    return [type(callback).__name__ for callback in callbacks if _needs_batches(callback)]


def _needs_batches(callback: Any) -> bool:
    base: Any = keras.callbacks.Callback
    # These two override the batch methods, and do nothing there in their usual settings.
    if isinstance(callback, keras.callbacks.ModelCheckpoint):
        base = keras.callbacks.ModelCheckpoint
        if callback.save_freq != "epoch":
            return True
    elif isinstance(callback, keras.callbacks.TensorBoard):
        base = keras.callbacks.TensorBoard
        traces = getattr(callback, "_should_trace", False)
        if callback.update_freq != "epoch" or callback.write_steps_per_second or traces:
            return True
    return _overrides(callback, _BATCH_METHODS, base)


def callbacks_hear_evaluations(callbacks: Sequence[Any]) -> bool:
    """Returns whether a callback is told when an evaluation begins or ends, and does something."""
    methods = ("on_test_begin", "on_test_end")
    return any(_overrides(callback, methods, keras.callbacks.Callback) for callback in callbacks)


def _overrides(callback: Any, methods: Sequence[str], base: Any) -> bool:
    return any(
        getattr(type(callback), method) is not getattr(base, method)
        or method in vars(callback)  # LambdaCallback sets them on the instance
        for method in methods
    )
