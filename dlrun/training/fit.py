"""The loop over epochs: order, train pass, validation, callbacks, best weights."""

from __future__ import annotations

import math
import numbers
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlrun.backend import keras
from dlrun.errors import DivergedError
from dlrun.events import EpochEnded, Message, Report, StepsDone, ignore
from dlrun.model import BuiltModel
from dlrun.prepare import PreparedData
from dlrun.training.batches import batch_order
from dlrun.training.best import BestWeights
from dlrun.training.epochs import Steps, choose_epoch
from dlrun.training.passes import (
    Pass,
    TensorData,
    make_evaluation,
    make_train_pass,
    read_metrics,
)


@dataclass(frozen=True)
class Fitted:
    """What training left.

    Attributes:
        history: One mapping an epoch, Keras's names, plus `learning_rate` and `epoch_seconds`.
        kept_epoch: Epoch, counted from 1, whose weights the model now holds.
    """

    history: Sequence[Mapping[str, float]]
    kept_epoch: int


def fit_model(
    built: BuiltModel,
    data: PreparedData,
    tensors: TensorData,
    *,
    best: BestWeights | None = None,
    report: Report = ignore,
) -> Fitted:
    """Trains a compiled model as `model.fit` would on batches in the order of `batch_order`.

    Args:
        built: The model, changed in place.
        data: The prepared data.
        tensors: The same data as tensors.
        best: Collects the best epoch's weights, which the model is given at the end.
        report: Told of steps, epochs and whatever is worth knowing.

    Raises:
        DivergedError: the loss is NaN or infinite at an epoch's end; that epoch was reported.
    """
    model, epochs = built.model, data.config.training.epochs
    loop = _prepare_loop(built, data, tensors, report)
    history: list[dict[str, float]] = []
    model.stop_training = False
    loop.watching.on_train_begin()
    for epoch in range(epochs):
        logs = _run_epoch(loop, epoch)
        history.append(logs)
        report(EpochEnded(epoch + 1, epochs, logs))
        _check_finite(logs, epoch + 1)
        if best is not None:
            best.see(model, epoch + 1, logs)
        if model.stop_training:
            report(Message(f"stopped after epoch {epoch + 1} of {epochs} by a callback"))
            break
    model.optimizer.finalize_variable_values(model.trainable_variables)  # averages, if it keeps any
    loop.watching.on_train_end()
    kept = _restored_epoch(built.callbacks, len(history)) if best is None else best.restore(model)
    return Fitted(history, kept)


@dataclass(frozen=True)
class _Loop:
    """What stays the same from epoch to epoch."""

    model: Any
    data: PreparedData
    batch_size: int
    watching: Any
    train_pass: Pass
    steps_of: Callable[..., Steps]
    validate: Callable[[], dict[str, float]]
    report: Report


def _prepare_loop(
    built: BuiltModel, data: PreparedData, tensors: TensorData, report: Report
) -> _Loop:
    training, num_rows = data.config.training, len(data.splits.train)
    batch_size = num_rows if training.batch_size == "full" else int(training.batch_size)
    batch_size = min(batch_size, num_rows)
    watching = keras.callbacks.CallbackList(
        list(built.callbacks),
        add_history=True,
        model=built.model,
        epochs=training.epochs,
        steps=math.ceil(num_rows / batch_size),
        verbose=0,
    )
    return _Loop(
        model=built.model,
        data=data,
        batch_size=batch_size,
        watching=watching,
        train_pass=make_train_pass(built.model, tensors, num_rows, batch_size),
        steps_of=choose_epoch(built.callbacks, watching, report),
        validate=_make_validation(built.model, tensors, data.splits.validation, watching),
        report=report,
    )


def _run_epoch(loop: _Loop, epoch: int) -> dict[str, float]:
    """Trains an epoch, counted from 0, and validates; returns its row of the history."""
    model, config, rows = loop.model, loop.data.config, loop.data.splits.train
    started = time.perf_counter()
    loop.watching.on_epoch_begin(epoch)
    model.reset_metrics()
    order = rows[batch_order(config.seed, epoch, len(rows))]
    num_steps = math.ceil(len(rows) / loop.batch_size)
    logs: dict[str, float] = {}
    for step in loop.steps_of(loop.train_pass, order, loop.batch_size, lambda: read_metrics(model)):
        logs = read_metrics(model)
        loop.report(StepsDone(epoch + 1, config.training.epochs, step, num_steps, logs))
    logs |= loop.validate()
    logs["learning_rate"] = float(model.optimizer.learning_rate)
    loop.watching.on_epoch_end(epoch, logs)
    logs = _with_additions(model, logs)
    logs["epoch_seconds"] = round(time.perf_counter() - started, 4)
    return logs


def _with_additions(model: Any, logs: dict[str, float]) -> dict[str, float]:
    """What callbacks added to the epoch's logs, which Keras keeps in the model's history."""
    told = {name: values[-1] for name, values in model.history.history.items()}
    added = {name: value for name, value in told.items() if name not in logs}
    return logs | {name: float(v) for name, v in added.items() if isinstance(v, numbers.Real)}


def _make_validation(
    model: Any, tensors: TensorData, rows: np.ndarray, watching: Any
) -> Callable[[], dict[str, float]]:
    if not len(rows):
        return dict
    evaluate = make_evaluation(model, tensors, rows)

    def validate() -> dict[str, float]:
        watching.on_test_begin()
        logs = evaluate()
        watching.on_test_end(logs)
        return {f"val_{name}": value for name, value in logs.items()}

    return validate


def _check_finite(logs: Mapping[str, float], epoch: int) -> None:
    wrong = [name for name in ("loss", "val_loss") if not math.isfinite(logs.get(name, 0.0))]
    if wrong:
        raise DivergedError(
            f"{wrong[0]} became {logs[wrong[0]]} in epoch {epoch}; likely causes, in order: "
            f"a learning rate too large ({logs['learning_rate']:g}), features that are not scaled, "
            f"a logarithm of 0; try optimizer.learning_rate={logs['learning_rate'] / 10:g}"
        )


def _restored_epoch(callbacks: Sequence[Any], last: int) -> int:
    """The epoch whose weights Keras's EarlyStopping put back, else the last one."""
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.EarlyStopping) and (
            callback.restore_best_weights and callback.best_weights is not None
        ):
            return int(callback.best_epoch) + 1
    return last
