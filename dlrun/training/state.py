"""The state of a training: taken from a model and its callbacks, and given back to new ones."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dlrun.backend import keras
from dlrun.errors import DivergedError, RunError
from dlrun.runs import Run
from dlrun.runs.checkpoints import BestState, TrainingState
from dlrun.training.callback_states import get_states, set_states


def capture_state(
    model: Any,
    callbacks: Sequence[Any],
    history: Sequence[Mapping[str, float]],
    *,
    epoch: int,
    step: int,
    epoch_seconds: float = 0.0,
    best: BestState | None = None,
    config: Mapping[str, Any] | None = None,
    machine: Mapping[str, Any] | None = None,
) -> TrainingState:
    """Returns all that decides how the training goes on from here.

    Args:
        model: Between two steps.
        callbacks: Between two steps, too.
        history: A row for each finished epoch.
        epoch: Finished epochs.
        step: Steps done of the next.
        epoch_seconds: How long those took.
        best: The best weights so far; None for none.
        config: As `plain_config` has it.
        machine: As `machine_facts` has it.
    """
    return TrainingState(
        epoch=epoch,
        step=step,
        history=list(history),
        variables=[np.asarray(v.numpy()) for v in variables_of(model)],
        epoch_seconds=epoch_seconds,
        callbacks=get_states(callbacks),
        random=_random_states(),
        stopped=bool(model.stop_training),
        best_epoch=best.epoch if best is not None else 0,
        config=config or {},
        machine=machine or {},
        best=best,
    )


def check_state(run: Run, model: Any, state: TrainingState, best: BestState | None) -> None:
    """Finds out whether a model can be given a state, and the best weights with it.

    Raises:
        RunError: they are another model's.
    """
    fits = _shapes(variables_of(model)) == [array.shape for array in state.variables]
    if best is not None:
        fits &= _shapes(model.weights) == [array.shape for array in best.weights]
    if not fits:
        raise RunError(
            f"{run.path}: its checkpoint does not fit the model, which another Keras, or changed "
            "modules of your own, build otherwise; put back what it was trained with, or train anew"
        )


def _shapes(variables: Sequence[Any]) -> list[tuple[int, ...]]:
    return [tuple(variable.shape) for variable in variables]


def restore_state(state: TrainingState, model: Any, callbacks: Sequence[Any]) -> None:
    """Gives a model and callbacks, just made and begun, the state that others had.

    Args:
        state: One that `check_state` has found to fit.
        model: Changed in place.
        callbacks: Likewise.
    """
    for variable, array in zip(variables_of(model), state.variables, strict=True):
        variable.assign(array)
    set_states(callbacks, state.callbacks)
    _restore_history(model.history, state.history)
    _restore_random(state.random)


def variables_of(model: Any) -> list[Any]:
    """Returns every variable that a step reads or changes, each once, in a fixed order."""
    every = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    return list({id(variable): variable for variable in every}.values())


def check_weights(model: Any, epoch: int) -> None:
    """Raises `DivergedError` where a weight is NaN or infinite, in an epoch counted from 1."""
    for variable in model.weights:
        array = variable.numpy()
        if array.dtype.kind not in "biu" and not np.isfinite(array).all():
            raise diverged(f"the weight {variable.path}", "NaN or infinite", epoch, model)


def diverged(what: str, value: object, epoch: int, model: Any) -> DivergedError:
    """Returns the error that says when it happened, why it may have, and what to try."""
    rate = float(model.optimizer.learning_rate)
    suggestion = _smaller_rate(model.optimizer, rate)
    return DivergedError(
        f"{what} became {value} in epoch {epoch}; likely causes, in order: a learning rate too "
        f"large ({rate:g}), features that are not scaled, a logarithm of 0; try "
        f"{suggestion or 'a schedule with smaller rates'}",
        suggestion,
    )


def _smaller_rate(optimizer: Any, rate: float) -> str | None:
    """The override for a tenth of the learning rate, or of the largest that a schedule has.

    That is the one to which it warms up, else the one with which it begins.
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)  # loss scaling wraps it
    schedule = inner.get_config().get("learning_rate")
    if not isinstance(schedule, dict):
        return f"optimizer.learning_rate={rate / 10:g}"
    for name in ("warmup_target", "initial_learning_rate"):
        largest = schedule["config"].get(name)
        if largest is not None:
            return f"optimizer.learning_rate.{name}={float(largest) / 10:g}"
    return None


def _random_states() -> dict[str, Any]:
    """The generators that callbacks and layers of a user's own may draw from."""
    version, numbers, gauss = random.getstate()
    keras_state = _global_generator()
    return {
        "python": [version, np.asarray(numbers, np.uint64), gauss],
        "numpy": np.random.get_state(legacy=False),
        "keras": None if keras_state is None else np.asarray(keras_state.state.numpy()),
    }


def _restore_random(states: Mapping[str, Any]) -> None:
    version, numbers, gauss = states["python"]
    random.setstate((version, tuple(int(number) for number in numbers), gauss))
    np.random.set_state(states["numpy"])
    if states["keras"] is not None:
        keras.src.random.seed_generator.global_seed_generator().state.assign(states["keras"])


def _global_generator() -> Any:
    """Keras's generator for layers that draw without a seed of their own; None before its use."""
    attribute = keras.src.random.seed_generator.GLOBAL_SEED_GENERATOR
    return keras.src.backend.common.global_state.get_global_attribute(attribute)


def _restore_history(history: Any, rows: Sequence[Mapping[str, float]]) -> None:
    """Fills Keras's own History, which callbacks may read as `model.history`."""
    history.epoch = list(range(len(rows)))
    history.history = {}
    for row in rows:
        for name, value in row.items():
            if name != "epoch_seconds":
                history.history.setdefault(name, []).append(value)
