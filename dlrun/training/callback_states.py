"""What callbacks remember from epoch to epoch: taken out for a checkpoint, and put back.

Keras's own callbacks have no way to do either, and forget everything in `on_train_begin`. So
theirs are known by name; a user's own has `get_state()` and `set_state(state)`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dlrun.backend import keras
from dlrun.errors import ModelError

State = tuple[str, Mapping[str, Any] | None]
"""A callback's class name, and what it remembers; None where that is not known."""

# Attributes of Keras 3.12 to 3.15 that change while training; none for what remembers nothing.
_REMEMBERED: dict[str, tuple[str, ...]] = {
    "CSVLogger": (),
    "EarlyStopping": ("wait", "stopped_epoch", "best", "best_epoch", "best_weights"),
    "History": (),
    "LearningRateScheduler": (),
    "ModelCheckpoint": (
        "best",
        "_current_epoch",
        "_batches_seen_since_last_saving",
        "_last_batch_seen",
    ),
    "ProgbarLogger": (),
    "ReduceLROnPlateau": ("wait", "best", "cooldown_counter"),
    "RemoteMonitor": (),
    "SwapEMAWeights": ("_ema_weights_in_model",),
    "TensorBoard": ("_global_train_batch", "_global_test_batch"),
    "TerminateOnNaN": (),
}


def callbacks_without_state(callbacks: Sequence[Any]) -> list[str]:
    """Returns the class names of callbacks that may remember what a checkpoint cannot keep."""
    return [type(c).__name__ for c in callbacks if not _keeps_state(c) and not _is_known(c)]


def callbacks_gone(callbacks: Sequence[Any], states: Sequence[State]) -> list[str]:
    """Returns the class names of callbacks that a checkpoint speaks of and that are not there."""
    left = [type(callback).__name__ for callback in callbacks]
    gone = []
    for name, _ in states:
        if name in left:
            left.remove(name)
        elif name != "History":  # Keras adds it to every training
            gone.append(name)
    return gone


def _keeps_state(callback: Any) -> bool:
    return hasattr(callback, "get_state") and hasattr(callback, "set_state")


def _is_known(callback: Any) -> bool:
    """Whether it is one of Keras's own; a class made from one may remember more."""
    name = type(callback).__name__
    return name in _REMEMBERED and type(callback) is getattr(keras.callbacks, name, None)


def _remembered(callback: Any) -> tuple[str, ...]:
    """Names of the attributes of the Keras callback that this one is, or is made from."""
    names = [cls.__name__ for cls in type(callback).__mro__ if cls.__module__.startswith("keras.")]
    return next((_REMEMBERED[name] for name in names if name in _REMEMBERED), ())


def get_states(callbacks: Sequence[Any]) -> list[State]:
    """Returns what each callback remembers, as it stands."""
    return [(type(callback).__name__, _state_of(callback)) for callback in callbacks]


def _state_of(callback: Any) -> Mapping[str, Any] | None:
    if _keeps_state(callback):
        return {"own": callback.get_state()}
    names = _remembered(callback)
    if names or _is_known(callback):
        return {name: getattr(callback, name) for name in names if hasattr(callback, name)}
    return None


def set_states(callbacks: Sequence[Any], states: Sequence[State]) -> None:
    """Gives each callback what one of its class remembered, the first of a class to the first."""
    left = list(states)
    for callback in callbacks:
        name = type(callback).__name__
        found = next((state for state in left if state[0] == name), None)
        if found is None:
            continue
        left.remove(found)
        if found[1] is not None and "own" in found[1] and _keeps_state(callback):
            callback.set_state(found[1]["own"])
        else:
            for attribute, value in (found[1] or {}).items():
                setattr(callback, attribute, value)


def prepare_to_go_on(callbacks: Sequence[Any], epoch: int) -> None:
    """Has callbacks that write a table append to it, after the rows of the finished epochs.

    Args:
        callbacks: Before their `on_train_begin`, which would begin the table anew.
        epoch: Finished epochs.

    Raises:
        ModelError: the table cannot be read or written.
    """
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.CSVLogger):
            callback.append = True
            try:
                _cut_table(Path(callback.filename), callback.sep, epoch)
            except (OSError, ValueError, csv.Error) as error:
                raise ModelError(
                    f"{callback.filename}: CSVLogger cannot go on with it, {error}; move it away"
                ) from error


def _cut_table(path: Path, separator: str, epoch: int) -> None:
    if not path.is_file():
        return
    with path.open(encoding="utf-8", newline="") as stream:
        header, *rows = list(csv.reader(stream, delimiter=separator)) or [[]]
    kept = [row for row in rows if len(row) == len(header) and int(row[0]) < epoch]
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=separator).writerows([header, *kept] if header else kept)
