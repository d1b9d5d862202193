"""One epoch: order, train pass, validation, callbacks, and its row of the history."""

from __future__ import annotations

import math
import numbers
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlrun.backend import keras
from dlrun.columns import TRAIN_EVAL, VALIDATION
from dlrun.errors import ModelError
from dlrun.events import EngineChosen, Report, StepsDone
from dlrun.model import BuiltModel
from dlrun.prepare import PreparedData
from dlrun.runs.checkpoints import TrainingState
from dlrun.runs.history import MAX_NAME, can_name_column
from dlrun.training.batches import batch_order
from dlrun.training.callbacks import callbacks_hear_evaluations
from dlrun.training.engine import Engine
from dlrun.training.evaluation import (
    Evaluation,
    Evaluator,
    make_evaluator,
    metrics_kept,
    read_metrics,
)
from dlrun.training.passes import Pass, make_pass, make_step_pass
from dlrun.training.state import diverged
from dlrun.training.steps import Steps, steps_of_epoch
from dlrun.training.tensors import TensorData
from dlrun.training.train_eval import train_eval_rows
from dlrun.training.xla import Fallback, make_xla_pass


@dataclass(frozen=True)
class Loop:
    """What stays the same from epoch to epoch.

    Attributes:
        is_heard: Whether a callback is told of evaluations, which then are not stopped inside:
            it would be told of one's beginning twice.
    """

    model: Any
    data: PreparedData
    num_steps: int
    watching: Any
    train_pass: Pass
    steps_of: Callable[..., Steps]
    evaluator: Evaluator
    evaluations: Sequence[Evaluation]
    is_heard: bool
    report: Report


def prepare_loop(
    built: BuiltModel, data: PreparedData, tensors: TensorData, engine: Engine, report: Report
) -> Loop:
    """Returns what the epochs of one training have in common; nothing is traced yet."""
    training, num_rows = data.config.training, len(data.splits.train)
    batch_size = training.rows_of_step(num_rows)
    num_steps = math.ceil(num_rows / batch_size)
    watching = keras.callbacks.CallbackList(
        list(built.callbacks),
        add_history=True,
        model=built.model,
        epochs=training.epochs,
        steps=num_steps,
        verbose=0,
    )

    def train(rows: Any) -> Any:
        return built.model.train_step(tensors.train_batch(rows))

    if engine.name == "compiled+xla":
        train_pass = make_xla_pass(train, num_rows, batch_size, _tell_fallback(report))
    else:
        make = make_step_pass if engine.name == "stepwise" else make_pass
        train_pass = make(train, num_rows, batch_size)
    evaluator = make_evaluator(built.model, tensors, in_loop=engine.name != "stepwise")
    watched = make_evaluator(built.model, tensors, watching=watching)
    validator = watched if engine.every_batch else evaluator
    return Loop(
        model=built.model,
        data=data,
        num_steps=num_steps,
        watching=watching,
        train_pass=train_pass,
        steps_of=steps_of_epoch(engine, watching, built.model),
        evaluator=evaluator,
        evaluations=_make_evaluations(data, validator, evaluator, watching),
        is_heard=callbacks_hear_evaluations(built.callbacks),
        report=report,
    )


def _tell_fallback(report: Report) -> Fallback:
    def tell(reason: str) -> None:
        reason = f"XLA cannot compile this net: {reason}"
        report(EngineChosen("compiled", reason, level="warning"))

    return tell


def _nothing_between(_step: int, _seconds: float) -> None:
    """For an epoch that nobody watches."""


def run_epoch(
    loop: Loop,
    epoch: int,
    between: Callable[[int, float], None] = _nothing_between,
    inside: TrainingState | None = None,
) -> dict[str, float]:
    """Trains an epoch, counted from 0, and evaluates; returns its row of the history.

    Args:
        loop: What epochs have in common.
        epoch: Which one.
        between: Called between parts of it, with the steps done and the seconds they took.
        inside: Where an earlier process stopped inside it, if one did.

    Raises:
        DivergedError: the loss became NaN or infinite.
        ModelError: a callback adds to the logs what no history can hold.
    """
    first_step, seconds = (inside.step, inside.epoch_seconds) if inside else (0, 0.0)
    model, config, rows = loop.model, loop.data.config, loop.data.splits.train
    started = time.perf_counter() - seconds
    if not first_step:
        loop.watching.on_epoch_begin(epoch)
        model.reset_metrics()
    run = loop.train_pass(rows[batch_order(config.seed, epoch, len(rows))])
    logs = read_metrics(model) if first_step else {}
    for step in loop.steps_of(run, range(first_step, loop.num_steps)):
        logs = read_metrics(model)
        loop.report(StepsDone(epoch + 1, config.training.epochs, step, loop.num_steps, logs))
        _check_finite("loss", logs, epoch, model)
        between(step, time.perf_counter() - started)
    as_trained = metrics_kept(model)

    def pause() -> None:
        if not loop.is_heard:
            with as_trained():  # a checkpoint is that of the train pass, just done
                between(loop.num_steps, time.perf_counter() - started)

    for evaluate in loop.evaluations:
        logs |= evaluate(pause)
    for name in (VALIDATION, TRAIN_EVAL):
        _check_finite(f"{name}loss", logs, epoch, model)
    logs["learning_rate"] = float(model.optimizer.learning_rate)
    logs |= _told_additions(loop, epoch, logs)
    logs["epoch_seconds"] = round(time.perf_counter() - started, 4)
    return logs


def _check_finite(name: str, logs: Mapping[str, float], epoch: int, model: Any) -> None:
    if not math.isfinite(logs.get(name, 0.0)):
        raise diverged(name, logs[name], epoch + 1, model)


def _told_additions(loop: Loop, epoch: int, logs: Mapping[str, float]) -> dict[str, float]:
    """Tells the callbacks that an epoch ends; returns what they added to its logs.

    Keras passes them a copy of the logs, and keeps what it then holds in the model's history.

    Raises:
        ModelError: a history cannot have a column of that name.
    """
    history = loop.model.history.history
    before = {name: len(values) for name, values in history.items()}
    loop.watching.on_epoch_end(epoch, logs)
    new = [name for name, values in history.items() if len(values) > before.get(name, 0)]
    added = {name: history[name][-1] for name in new if name not in logs}
    added = {name: float(v) for name, v in added.items() if isinstance(v, numbers.Real)}
    for name in added:
        if not can_name_column(name):
            place = loop.data.config.place(("training", "callbacks"))
            raise ModelError(
                f"{place}: a callback adds {name!r:.60} to its logs, which cannot name a column of "
                f"history.csv; give it a name of 1 to {MAX_NAME} printable characters without "
                "comma and quotation mark, other than epoch"
            )
    return added


def _make_evaluations(
    data: PreparedData, validator: Evaluator, evaluator: Evaluator, watching: Any
) -> list[Evaluation]:
    """What is evaluated after each epoch: the validation part, and training rows like it."""
    found = []
    if len(data.splits.validation):
        evaluate = validator(data.splits.validation)
        found.append(_named(VALIDATION, _told_to(watching, evaluate)))
    if len(rows := train_eval_rows(data)):
        found.append(_named(TRAIN_EVAL, evaluator(rows)))
    return found


def _told_to(watching: Any, evaluate: Evaluation) -> Evaluation:
    def told(*pause: Callable[[], None]) -> dict[str, float]:
        watching.on_test_begin()
        logs = evaluate(*pause)
        watching.on_test_end(logs)
        return logs

    return told


def _named(prefix: str, evaluate: Evaluation) -> Evaluation:
    def named(*pause: Callable[[], None]) -> dict[str, float]:
        return {prefix + name: value for name, value in evaluate(*pause).items()}

    return named
