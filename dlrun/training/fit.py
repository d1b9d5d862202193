"""The loop over epochs, best weights, and what ends it early."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dlrun.backend import custom_gradients_forgotten, keras
from dlrun.events import EpochEnded, Message, Report, ignore
from dlrun.model import BuiltModel
from dlrun.prepare import PreparedData
from dlrun.runs.checkpoints import TrainingState, plain_config
from dlrun.runs.environment import machine_facts
from dlrun.training.best import BestWeights
from dlrun.training.callback_tables import begin_inside, prepare_to_go_on
from dlrun.training.engine import Engine, choose_engine
from dlrun.training.evaluation import Evaluator
from dlrun.training.keeping import Keeping
from dlrun.training.loop import Loop, prepare_loop, run_epoch
from dlrun.training.state import capture_state, check_weights, restore_state
from dlrun.training.tensors import TensorData


@dataclass(frozen=True)
class Fitted:
    """What training left.

    Attributes:
        history: One mapping an epoch, Keras's names, plus `learning_rate` and `epoch_seconds`.
        kept_epoch: Epoch, counted from 1, whose weights the model now holds.
        evaluator: Evaluates the model on other rows, by what is traced already.
    """

    history: Sequence[Mapping[str, float]]
    kept_epoch: int
    evaluator: Evaluator


@custom_gradients_forgotten()
def fit_model(
    built: BuiltModel,
    data: PreparedData,
    tensors: TensorData,
    *,
    engine: Engine | None = None,
    best: BestWeights | None = None,
    keeping: Keeping | None = None,
    state: TrainingState | None = None,
    learning_rate: float | None = None,
    report: Report = ignore,
) -> Fitted:
    """Trains a compiled model as `model.fit` would on batches in the order of `batch_order`.

    Args:
        built: The model, changed in place.
        data: The prepared data.
        tensors: The same data as tensors.
        engine: How epochs run; None: as the config and the callbacks have it.
        best: Collects the best epoch's weights, which the model is given at the end.
        keeping: Writes checkpoints; None: none are written.
        state: Where to go on from; None: from the model as it is.
        learning_rate: Takes the place of the state's.
        report: Told of steps, epochs and whatever is worth knowing.

    Raises:
        DivergedError: the loss or a weight became NaN or infinite; that epoch is not reported.
        Stopped: someone asked to stop, and the checkpoint is written.
    """
    model, epochs = built.model, data.config.training.epochs
    loop = prepare_loop(built, data, tensors, engine or choose_engine(data.config, built), report)
    history = list(_begin(loop, state))
    capture = _capturing(loop, history, best)
    if learning_rate is not None:
        model.optimizer.learning_rate = learning_rate

    def between(step: int, seconds: float) -> None:
        if keeping is not None and not model.stop_training:  # else the epoch ends here
            keeping.after_chunk(lambda: capture(step, seconds))

    def train(epoch: int) -> None:
        inside = state if state is not None and state.epoch == epoch else None
        logs = run_epoch(loop, epoch, between, inside)
        is_best = best is not None and best.see(model, epoch + 1, logs)
        history.append(logs)
        report(EpochEnded(epoch + 1, epochs, logs))
        if keeping is not None:
            is_last = epoch + 1 == epochs or model.stop_training
            keeping.after_epoch(
                capture, epoch + 1, logs["epoch_seconds"], is_best=is_best, is_last=is_last
            )

    with _kept_on_errors(keeping, capture, state):
        for epoch in range(len(history), epochs if state is None or not state.stopped else 0):
            train(epoch)
            if model.stop_training:
                report(Message(f"stopped after epoch {epoch + 1} of {epochs} by a callback"))
                break
    return _end(loop, built, best, history)


def _capturing(
    loop: Loop, history: Sequence[Mapping[str, float]], best: BestWeights | None
) -> Callable[..., TrainingState]:
    """Returns what takes the training's state, as it then is; `history` grows meanwhile."""
    config = plain_config(loop.data.config)
    machine = machine_facts(loop.data.config.imports)

    def capture(step: int = 0, seconds: float = 0.0) -> TrainingState:
        check_weights(loop.model, len(history) + bool(step))
        return capture_state(
            loop.model,
            loop.watching.callbacks,
            history,
            epoch=len(history),
            step=step,
            epoch_seconds=seconds,
            best=best.state if best is not None else None,
            config=config,
            machine=machine,
        )

    return capture


@contextmanager
def _kept_on_errors(
    keeping: Keeping | None, capture: Callable[[], TrainingState], state: TrainingState | None
) -> Iterator[None]:
    """Writes the first checkpoint, and the newest epoch's where an error ends the training."""
    if keeping is None:
        yield
        return
    if state is None:
        keeping.keep(capture)
    else:
        keeping.go_on_from(state)
    try:
        yield
    except Exception as error:
        keeping.keep_remembered(error)
        raise


def _begin(loop: Loop, state: TrainingState | None) -> Sequence[Mapping[str, float]]:
    """Tells the callbacks that training begins; returns the epochs that there are already."""
    callbacks = loop.watching.callbacks
    loop.model.stop_training = False
    if state is None:
        loop.watching.on_train_begin()
        return ()
    prepare_to_go_on(callbacks, state.epoch)
    loop.watching.on_train_begin()  # which has them forget
    restore_state(state, loop.model, callbacks)
    if state.step:
        begin_inside(callbacks, state.epoch)
    return state.history


def _end(
    loop: Loop,
    built: BuiltModel,
    best: BestWeights | None,
    history: Sequence[Mapping[str, float]],
) -> Fitted:
    model = loop.model
    check_weights(model, len(history))
    model.optimizer.finalize_variable_values(model.trainable_variables)  # averages, if it keeps any
    loop.watching.on_train_end(dict(history[-1]))
    last = len(history)
    kept = _restored_epoch(built.callbacks, last) if best is None else best.restore(model, last)
    return Fitted(history, kept, loop.evaluator)


def _restored_epoch(callbacks: Sequence[Any], last: int) -> int:
    """The epoch whose weights Keras's EarlyStopping put back, else the last one."""
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.EarlyStopping) and (
            callback.restore_best_weights and callback.best_weights is not None
        ):
            return int(callback.best_epoch) + 1
    return last
