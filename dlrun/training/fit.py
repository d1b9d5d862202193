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
from dlrun.errors import DivergedError
from dlrun.events import EpochEnded, Message, Report, StepsDone, ignore
from dlrun.model import BuiltModel
from dlrun.prepare import PreparedData
from dlrun.training.batches import batch_order
from dlrun.training.best import BestWeights
from dlrun.training.callbacks import callbacks_needing_batches, callbacks_watching_validation
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
    model, training, rows = built.model, data.config.training, data.splits.train
    batch_size = len(rows) if training.batch_size == "full" else int(training.batch_size)
    batch_size = min(batch_size, len(rows))
    steps = math.ceil(len(rows) / batch_size)
    watching = keras.callbacks.CallbackList(
        list(built.callbacks),
        add_history=True,
        model=model,
        epochs=training.epochs,
        steps=steps,
        verbose=0,
    )
    run_epoch = _choose_epoch(built.callbacks, watching, report)
    train_pass = make_train_pass(model, tensors, len(rows), batch_size)
    validate = _make_validation(model, tensors, data.splits.validation, watching)
    history: list[dict[str, float]] = []
    model.stop_training = False
    watching.on_train_begin()
    for epoch in range(training.epochs):
        started = time.perf_counter()
        watching.on_epoch_begin(epoch)
        model.reset_metrics()
        order = rows[batch_order(data.config.seed, epoch, len(rows))]
        for step in run_epoch(train_pass, order, batch_size, lambda: read_metrics(model)):
            logs = read_metrics(model)
            report(StepsDone(epoch + 1, training.epochs, step, steps, logs))
        logs |= validate()
        logs["learning_rate"] = float(model.optimizer.learning_rate)
        watching.on_epoch_end(epoch, logs)
        logs = _with_additions(model, logs)
        logs["epoch_seconds"] = round(time.perf_counter() - started, 4)
        history.append(logs)
        report(EpochEnded(epoch + 1, training.epochs, logs))
        _check_finite(logs, epoch + 1)
        if best is not None:
            best.see(model, epoch + 1, logs)
        if model.stop_training:
            report(Message(f"stopped after epoch {epoch + 1} of {training.epochs} by a callback"))
            break
    model.optimizer.finalize_variable_values(model.trainable_variables)  # averages, if it keeps any
    watching.on_train_end()
    kept = _restored_epoch(built.callbacks, len(history)) if best is None else best.restore(model)
    return Fitted(history, kept)


def _with_additions(model: Any, logs: dict[str, float]) -> dict[str, float]:
    """What callbacks added to the epoch's logs, which Keras keeps in the model's history."""
    told = {name: values[-1] for name, values in model.history.history.items()}
    return logs | {name: float(value) for name, value in told.items() if name not in logs}


Steps = Iterator[int]
"""Trains as it is iterated; yields how many steps of the epoch are done."""


def _choose_epoch(callbacks: Sequence[Any], watching: Any, report: Report) -> Callable[..., Steps]:
    for name in callbacks_watching_validation(callbacks):
        text = f"{name}: its on_test_batch_* methods are not called, validation is one pass"
        report(Message(text, level="warning"))
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
        fitting = int(CHUNK_SECONDS * self.steps / max(seconds, 1e-6))
        self.steps = max(1, min(self.steps * 64, fitting))


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
