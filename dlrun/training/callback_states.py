"""What callbacks remember from epoch to epoch: taken out for a checkpoint, and put back.

Keras's own callbacks have no way to do either, and forget everything in `on_train_begin`. So
theirs are known by name; a user's own has `get_state()` and `set_state(state)`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from dlrun.backend import keras

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


def keeps_state(callback: Any) -> bool:
    """Returns whether it hands out what it remembers, and takes it back."""
    return hasattr(callback, "get_state") and hasattr(callback, "set_state")


def is_known(callback: Any) -> bool:
    """Returns whether it is one of Keras's own; a class made from one may remember more."""
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
    if keeps_state(callback):
        return {"own": callback.get_state()}
    names = _remembered(callback)
    if names or is_known(callback):
        state = {name: getattr(callback, name) for name in names if hasattr(callback, name)}
        return state | ({_LIKE: _made_with(callback)} if names else {})
    return None


def _made_with(callback: Any) -> dict[str, Any]:
    found = {name: getattr(callback, name) for name in _TELLING if hasattr(callback, name)}
    return {name: v for name, v in found.items() if v is None or isinstance(v, str | int | float)}


def changed_settings(callback: Any, state: State) -> list[tuple[str, Any, Any]]:
    """Returns what a callback was made with otherwise than the one that left a state.

    Returns:
        Attribute, and its value then and now.
    """
    then, here = (state[1] or {}).get(_LIKE) or {}, _made_with(callback)
    both = [name for name in _TELLING if name in then and name in here]
    return [(name, then[name], here[name]) for name in both if then[name] != here[name]]


def set_states(callbacks: Sequence[Any], states: Sequence[State]) -> None:
    """Gives each callback what one of its class remembered."""
    for callback, (_, state) in pairs(callbacks, states):
        _set_state(callback, state or {})


def pairs(callbacks: Sequence[Any], states: Sequence[State]) -> Iterator[tuple[Any, State]]:
    """Yields each callback and the state that is its own; those without one are left out.

    That is one that was made alike, so that taking a callback away moves no other's state; where
    there is none, the likest of its class that is left, and the first of several.
    """
    waiting, left = list(callbacks), list(states)
    for is_alike in (True, False):
        for callback in [*waiting]:
            of_class = [one for one in left if one[0] == type(callback).__name__]
            found = min(
                of_class, key=lambda one: len(changed_settings(callback, one)), default=None
            )
            if found is not None and not (is_alike and changed_settings(callback, found)):
                waiting = [one for one in waiting if one is not callback]
                left = [one for one in left if one is not found]
                yield callback, found


def _set_state(callback: Any, state: Mapping[str, Any]) -> None:
    if "own" in state and keeps_state(callback):
        callback.set_state(state["own"])
        return
    for attribute in _remembered(callback):  # a file from elsewhere may hold others
        if attribute in state:
            setattr(callback, attribute, state[attribute])
