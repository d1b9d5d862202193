"""What callbacks remember from epoch to epoch: taken out for a checkpoint, and put back.

Keras's own callbacks have no way to do either, and forget everything in `on_train_begin`. So
theirs are known by name; a user's own has `get_state()` and `set_state(state)`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dlrun.backend import keras
from dlrun.catalog import WRITERS
from dlrun.errors import ModelError
from dlrun.files import write_text
from dlrun.training.callbacks import callbacks_needing_batches

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

_ONLY_WATCH = WRITERS | {"History", "ProgbarLogger"}
"""Those of Keras's that change neither a number of the training nor its end."""

_LIKE = "made with"
"""In a callback's state, beside what it remembers: what it was made with."""

_TELLING = (
    "monitor",
    "mode",
    "patience",
    "baseline",
    "start_from_epoch",
    "restore_best_weights",
    "factor",
    "cooldown",
    "min_lr",
    "momentum",
    "overwrite_frequency",
    "swap_on_epoch",
    "filepath",
)
"""Attributes by which one of Keras's callbacks is told from another of its class.

`min_delta` is none of them: it changes its sign while training.
"""


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


def callbacks_added(
    given: Sequence[Any], others: Sequence[Any], states: Sequence[State], *, wants_xla: bool
) -> list[Any]:
    """Returns callbacks from Python that a checkpoint does not speak of, and that may matter.

    Args:
        given: Those from Python.
        others: Those of the config, which take their place in the checkpoint first.
        states: Of the checkpoint.
        wants_xla: Whether a callback that must see every batch costs the training its XLA.
    """
    left = [name for name, _ in states]
    added = []
    for callback in [*others, *given]:
        name = type(callback).__name__
        if name in left:
            left.remove(name)
        elif any(callback is one for one in given):
            added.append(callback)
    return [
        callback
        for callback in added
        if not _only_watches(callback) or (wants_xla and callbacks_needing_batches([callback]))
    ]


def callbacks_changed(
    given: Sequence[Any], others: Sequence[Any], states: Sequence[State]
) -> list[tuple[str, str, Any, Any]]:
    """Returns what callbacks from Python are made with otherwise than a checkpoint says.

    Only those of Keras's that may change a number or the end of the training are compared.

    Args:
        given: As of `callbacks_added`.
        others: Likewise.
        states: Likewise.

    Returns:
        Class name, attribute, and its value then and now.
    """
    changed = []
    for callback, (name, state) in _pairs([*others, *given], states):
        if any(callback is one for one in given) and not _only_watches(callback):
            then, here = (state or {}).get(_LIKE) or {}, _made_with(callback)
            both = [key for key in _TELLING if key in then and key in here]
            changed += [(name, k, then[k], here[k]) for k in both if then[k] != here[k]]
    return changed


def _only_watches(callback: Any) -> bool:
    return _is_known(callback) and type(callback).__name__ in _ONLY_WATCH


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
        state = {name: getattr(callback, name) for name in names if hasattr(callback, name)}
        return state | ({_LIKE: _made_with(callback)} if names else {})
    return None


def _made_with(callback: Any) -> dict[str, Any]:
    found = {name: getattr(callback, name) for name in _TELLING if hasattr(callback, name)}
    return {name: v for name, v in found.items() if v is None or isinstance(v, str | int | float)}


def set_states(callbacks: Sequence[Any], states: Sequence[State]) -> None:
    """Gives each callback what one of its class remembered."""
    for callback, (_, state) in _pairs(callbacks, states):
        _set_state(callback, state or {})


def _pairs(callbacks: Sequence[Any], states: Sequence[State]) -> Iterator[tuple[Any, State]]:
    """Each callback and the state that is its own; those without one are left out.

    That is one that was made alike, so that taking a callback away moves no other's state; where
    there is none, the first of a class that is left goes to the first.
    """
    waiting, left = dict(enumerate(callbacks)), dict(enumerate(states))
    for fits in (_is_alike, _is_of_class):
        for number, callback in [*waiting.items()]:
            found = next((n for n, state in left.items() if fits(callback, state)), None)
            if found is not None:
                yield waiting.pop(number), left.pop(found)


def _is_of_class(callback: Any, state: State) -> bool:
    return state[0] == type(callback).__name__


def _is_alike(callback: Any, state: State) -> bool:
    is_alike = (state[1] or {}).get(_LIKE) == _made_with(callback)
    return is_alike and _is_of_class(callback, state)


def _set_state(callback: Any, state: Mapping[str, Any]) -> None:
    if "own" in state and _keeps_state(callback):
        callback.set_state(state["own"])
        return
    for attribute in _remembered(callback):  # a file from elsewhere may hold others
        if attribute in state:
            setattr(callback, attribute, state[attribute])


def prepare_to_go_on(callbacks: Sequence[Any], epoch: int) -> None:
    """Has callbacks that write a table append to it, after the rows of the finished epochs.

    Args:
        callbacks: Before their `on_train_begin`, which would begin the table anew.
        epoch: Finished epochs.

    Raises:
        ModelError: the table cannot be read.
        StorageError: it cannot be written, and stays as it was.
    """
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.CSVLogger):
            is_shared, callback.append = callback.append, True
            try:
                _cut_table(Path(callback.filename), callback.sep, epoch, is_shared=is_shared)
            except (OSError, ValueError, csv.Error) as error:
                raise ModelError(
                    f"{callback.filename}: CSVLogger cannot go on with it, {error}; move it away"
                ) from error


def begin_inside(callbacks: Sequence[Any], epoch: int) -> None:
    """Has callbacks that take the time of an epoch begin to, inside one.

    Args:
        callbacks: With a model, which has been given its state.
        epoch: Counted from 0; the callbacks have heard its beginning in an earlier process.
    """
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.TensorBoard):
            # Keras's own part alone: a class made from it may do more as an epoch begins.
            keras.callbacks.TensorBoard.on_epoch_begin(callback, epoch)


def _cut_table(path: Path, separator: str, epoch: int, *, is_shared: bool) -> None:
    """Cuts a table to the finished epochs; rows of earlier trainings in a shared one stay.

    Where there is nothing to cut the file is left alone.
    """
    if not path.is_file():
        return
    with path.open(encoding="utf-8", newline="") as stream:
        before = stream.read()
    header, *rows = list(csv.reader(io.StringIO(before, newline=""), delimiter=separator)) or [[]]
    first = _last_beginning(rows, epoch) if is_shared else 0
    earlier, own = rows[:first], rows[first:]
    kept = [row for row in own if len(row) == len(own[0]) and int(row[0]) < epoch]
    if kept == own and before.endswith(("\n", "\r")):
        return
    after = io.StringIO(newline="")
    lines = [header, *earlier, *kept] if header else []
    csv.writer(after, delimiter=separator).writerows(lines)
    write_text(path.resolve(), after.getvalue())  # the file itself where the path is a link


def _last_beginning(rows: Sequence[Sequence[str]], epoch: int) -> int:
    """Where the last training of a table begins, with its epoch 0.

    A training that has finished no epoch may have no row there yet: then no row is its own.
    """
    if epoch == 0:
        return len(rows)
    return max((index for index, row in enumerate(rows) if row[:1] == ["0"]), default=0)
