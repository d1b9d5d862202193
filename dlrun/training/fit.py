"""The loop over epochs, best weights, and what ends it early."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlrun.backend import keras
from dlrun.errors import DivergedError
from dlrun.events import EpochEnded, Message, Report, ignore
from dlrun.model import BuiltModel
from dlrun.prepare import PreparedData
from dlrun.training.best import BestWeights
from dlrun.training.engine import Engine, choose_engine
from dlrun.training.loop import prepare_loop, run_epoch
from dlrun.training.tensors import TensorData


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
    engine: Engine | None = None,
    best: BestWeights | None = None,
    report: Report = ignore,
) -> Fitted:
    """Trains a compiled model as `model.fit` would on batches in the order of `batch_order`.

    Args:
        built: The model, changed in place.
        data: The prepared data.
        tensors: The same data as tensors.
        engine: How epochs run; None: as the config and the callbacks have it.
        best: Collects the best epoch's weights, which the model is given at the end.
        report: Told of steps, epochs and whatever is worth knowing.

    Raises:
        DivergedError: the loss is NaN or infinite at an epoch's end; that epoch was reported.
    """
    model, epochs = built.model, data.config.training.epochs
    engine = engine or choose_engine(data.config, built)
    loop = prepare_loop(built, data, tensors, engine, report)
    history: list[dict[str, float]] = []
    model.stop_training = False
    loop.watching.on_train_begin()
    for epoch in range(epochs):
        logs = run_epoch(loop, epoch)
        history.append(logs)
        report(EpochEnded(epoch + 1, epochs, logs))
        _check_finite(logs, epoch + 1)
        if best is not None:
            best.see(model, epoch + 1, logs)
        if model.stop_training:
            report(Message(f"stopped after epoch {epoch + 1} of {epochs} by a callback"))
            break
    model.optimizer.finalize_variable_values(model.trainable_variables)  # averages, if it keeps any
    loop.watching.on_train_end(dict(history[-1]))
    kept = _restored_epoch(built.callbacks, len(history)) if best is None else best.restore(model)
    return Fitted(history, kept)


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
