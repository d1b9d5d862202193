"""Callbacks that are not those of the checkpoint from which a training goes on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dlrun.catalog import WRITERS
from dlrun.training.callback_states import State, changed_settings, is_known, keeps_state, pairs
from dlrun.training.callbacks import callbacks_needing_batches

_ONLY_WATCH = WRITERS | {"History", "ProgbarLogger"}
"""Those of Keras's that change neither a number of the training nor its end."""


def callback_changes(
    given: Sequence[Any], callbacks: Sequence[Any], states: Sequence[State], *, wants_xla: bool
) -> list[str]:
    """Returns in words how a training's callbacks are not those of a checkpoint.

    Those of the config are new only where `training.callbacks` was changed, which a plan says.

    Args:
        given: Those from Python.
        callbacks: All there are, `given` the last of them.
        states: Of the checkpoint.
        wants_xla: Whether a callback that must see every batch costs the training its XLA.
    """
    others = callbacks[: len(callbacks) - len(given)]
    added = callbacks_added(given, others, states, wants_xla=wants_xla)
    known = [callback for callback in callbacks if not any(callback is one for one in added)]
    return [
        *[
            f"what the callback {name} remembers is in no checkpoint"
            for name in callbacks_without_state(known)
        ],
        *[
            f"the callback {name} that the run had is not there"
            for name in callbacks_gone(callbacks, states)
        ],
        *[f"the callback {type(one).__name__} was not there before" for one in added],
        *[
            f"the callback {name} had {key} {old} and has {new}"
            for name, key, old, new in callbacks_changed(given, others, states)
        ],
    ]


def callbacks_without_state(callbacks: Sequence[Any]) -> list[str]:
    """Returns the class names of callbacks that may remember what a checkpoint cannot keep."""
    return [type(c).__name__ for c in callbacks if not keeps_state(c) and not is_known(c)]


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
    """Returns what callbacks from Python were made with otherwise than a checkpoint says.

    Only those of Keras's that may change a number or the end of the training are compared.

    Args:
        given: As of `callbacks_added`.
        others: Likewise.
        states: Likewise.

    Returns:
        Class name, attribute, and its value then and now.
    """
    return [
        (state[0], *change)
        for callback, state in pairs([*others, *given], states)
        if any(callback is one for one in given) and not _only_watches(callback)
        for change in changed_settings(callback, state)
    ]


def _only_watches(callback: Any) -> bool:
    return is_known(callback) and type(callback).__name__ in _ONLY_WATCH
