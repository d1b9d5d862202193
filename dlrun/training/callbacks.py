"""Callbacks beside the compiled epoch: which need to see every batch, and which cannot write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from dlrun.backend import keras
from dlrun.config import Config
from dlrun.errors import StorageError

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


@contextmanager
def callbacks_told(config: Config) -> Iterator[None]:
    """Turns what a callback raises that cannot write its file into an error in words.

    Raises:
        StorageError: the disk is full, or the file's folder is missing or read-only.
    """
    try:
        yield
    except OSError as error:
        name = _callback_in(error.__traceback__)
        if name is None:
            raise
        reason = (error.strerror or str(error)).lower()
        file = "" if error.filename is None else f" {error.filename}"
        raise StorageError(
            f"{config.place(('training', 'callbacks'))}: {name} cannot write{file}, {reason}; "
            "free some space or name another file"
        ) from error


def _callback_in(trace: TracebackType | None) -> str | None:
    """The class name of the callback in whose method an error was raised; None: in none."""
    while trace is not None:
        owner = trace.tb_frame.f_locals.get("self")
        is_list = isinstance(owner, keras.callbacks.CallbackList)  # which is a callback, too
        if isinstance(owner, keras.callbacks.Callback) and not is_list:
            return type(owner).__name__
        trace = trace.tb_next
    return None


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
