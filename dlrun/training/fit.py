"""The loop over epochs: order, train pass, validation, callbacks, best weights."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlrun.backend import keras
from dlrun.config import TrainingConfig
from dlrun.errors import DivergedError
from dlrun.events import EpochEnded, Message, Report, StepsDone, ignore
from dlrun.monitor import is_better
from dlrun.prepare import PreparedData
from dlrun.training.batches import batch_order
from dlrun.training.callbacks import callbacks_needing_batches
from dlrun.training.passes import (
    Pass,
    TensorData,
    make_evaluation,
    make_train_pass,
    read_metrics,
)

CHUNK_SECONDS = 0.3
"""About how long a part of an epoch may run before progress is told and Ctrl-C is heard."""


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
    model: Any,
    data: PreparedData,
    tensors: TensorData,
    training: TrainingConfig,
    *,
    seed: int,
    callbacks: Sequence[Any] = (),
    report: Report = ignore,
) -> Fitted:
    """Trains a compiled model as `model.fit` would on batches in the order of `batch_order`.

    Raises:
        DivergedError: the loss is NaN or infinite at an epoch's end; that epoch was reported.
    """
    rows = data.splits.train
    batch_size = len(rows) if training.batch_size == "full" else training.batch_size
    batch_size = min(batch_size, len(rows))
    steps = math.ceil(len(rows) / batch_size)
    watching = keras.callbacks.CallbackList(
        list(callbacks), model=model, epochs=training.epochs, steps=steps, verbose=0
    )
    epoch_of = _choose_epoch(callbacks, watching, report)
    train_pass = make_train_pass(model, tensors, len(rows), batch_size)
    validate = _make_validation(model, tensors, data.splits.validation)
    best = _Best(training.monitor) if training.keep == "best" else None
    history: list[dict[str, float]] = []
    model.stop_training = False
    watching.on_train_begin()
    for epoch in range(training.epochs):
        started = time.perf_counter()
        watching.on_epoch_begin(epoch)
        model.reset_metrics()
        order = rows[batch_order(seed, epoch, len(rows))]
        for step in epoch_of(train_pass, order, batch_size, lambda: read_metrics(model)):
            logs = read_metrics(model)
            report(StepsDone(epoch + 1, training.epochs, step, steps, logs))
        logs |= validate()
        logs["learning_rate"] = float(model.optimizer.learning_rate)
        watching.on_epoch_end(epoch, dict(logs))
        logs["epoch_seconds"] = round(time.perf_counter() - started, 4)
        history.append(logs)
        report(EpochEnded(epoch + 1, training.epochs, logs))
        _check_finite(logs, epoch + 1)
        if best is not None:
            best.see(model, epoch + 1, logs)
        if model.stop_training:
            report(Message(f"stopped after epoch {epoch + 1} of {training.epochs} by a callback"))
            break
    watching.on_train_end()
    return Fitted(history, len(history) if best is None else best.restore(model))


Steps = Iterator[int]
"""Trains as it is iterated; yields how many steps of the epoch are done."""


def _choose_epoch(callbacks: Sequence[Any], watching: Any, report: Report) -> Callable[..., Steps]:
    names = callbacks_needing_batches(callbacks)
    if not names:
        return functools.partial(_epoch_in_chunks, _Pace())
    report(Message(f"training step by step, since {', '.join(names)} must see every batch"))
    return functools.partial(_epoch_in_steps, watching)


@dataclass
class _Pace:
    """How many steps a chunk has; starts at one, since the first call also traces."""

    steps: int = 1

    def adapt(self, seconds: float) -> None:
        fitting = int(CHUNK_SECONDS / (seconds / self.steps))
        self.steps = max(self.steps, min(self.steps * 64, fitting))


def _epoch_in_chunks(
    pace: _Pace, train_pass: Pass, order: np.ndarray, batch_size: int, _logs: Any
) -> Steps:
    """Many steps a call; as many as fit into `CHUNK_SECONDS`, measured on the way."""
    steps = math.ceil(len(order) / batch_size)
    done = 0
    while done < steps:
        chunk = pace.steps
        started = time.perf_counter()
        train_pass(order[done * batch_size : (done + chunk) * batch_size])
        if done + chunk <= steps:
            pace.adapt(time.perf_counter() - started)
        done = min(done + chunk, steps)
        yield done


def _epoch_in_steps(
    watching: Any,
    train_pass: Pass,
    order: np.ndarray,
    batch_size: int,
    logs: Callable[[], Mapping[str, float]],
) -> Steps:
    """One step a call, with the callbacks' batch methods around it."""
    for step, start in enumerate(range(0, len(order), batch_size)):
        watching.on_train_batch_begin(step)
        train_pass(order[start : start + batch_size])
        watching.on_train_batch_end(step, logs())
        yield step + 1


def _make_validation(
    model: Any, tensors: TensorData, rows: np.ndarray
) -> Callable[[], dict[str, float]]:
    if not len(rows):
        return dict
    evaluate = make_evaluation(model, tensors, rows)
    return lambda: {f"val_{name}": value for name, value in evaluate().items()}


def _check_finite(logs: Mapping[str, float], epoch: int) -> None:
    wrong = [name for name in ("loss", "val_loss") if not math.isfinite(logs.get(name, 0.0))]
    if wrong:
        raise DivergedError(
            f"{wrong[0]} became {logs[wrong[0]]} in epoch {epoch}; likely causes, in order: "
            f"a learning rate too large ({logs['learning_rate']:g}), features that are not scaled, "
            f"a logarithm of 0; try optimizer.learning_rate={logs['learning_rate'] / 10:g}"
        )


class _Best:
    """The weights of the best epoch so far."""

    def __init__(self, monitor: str) -> None:
        self._monitor = monitor
        self._value: float | None = None
        self._epoch = 0
        self._weights: list[np.ndarray] = []

    def see(self, model: Any, epoch: int, logs: Mapping[str, float]) -> None:
        if is_better(logs[self._monitor], self._value, self._monitor):
            self._value, self._epoch = logs[self._monitor], epoch
            self._weights = model.get_weights()

    def restore(self, model: Any) -> int:
        if self._weights:
            model.set_weights(self._weights)
        return self._epoch
