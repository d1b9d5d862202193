"""How long an epoch takes, as far as a few of its steps tell."""

from __future__ import annotations

import time
from dataclasses import dataclass

from dlrun.backend import custom_gradients_forgotten
from dlrun.events import ignore
from dlrun.model import BuiltModel
from dlrun.prepare import PreparedData
from dlrun.training.batches import batch_order
from dlrun.training.engine import Engine
from dlrun.training.loop import prepare_loop
from dlrun.training.tensors import TensorData

MEASURED_SECONDS = 0.5
"""So long steps are trained, or one chunk of them, if that takes longer."""


@dataclass(frozen=True)
class EpochTime:
    """What was measured.

    Attributes:
        epoch_seconds: Of one epoch with its evaluations, once all is traced.
        measured_seconds: What measuring took, without tracing.
    """

    epoch_seconds: float
    measured_seconds: float


@custom_gradients_forgotten()
def time_epoch(
    built: BuiltModel, data: PreparedData, tensors: TensorData, engine: Engine
) -> EpochTime:
    """Trains some steps of a model, and evaluates it twice as after an epoch.

    Args:
        built: The model, changed in place; its callbacks are called around steps that they watch.
        data: Prepared.
        tensors: The same data.
        engine: How epochs run.
    """
    loop = prepare_loop(built, data, tensors, engine, ignore)
    loop.watching.on_train_begin()
    rows = data.splits.train
    run = loop.train_pass(rows[batch_order(data.config.seed, 0, len(rows))])
    steps = iter(loop.steps_of(run, range(loop.num_steps)))
    first = next(steps)  # traces
    started, last = time.perf_counter(), first
    while last < loop.num_steps and time.perf_counter() - started < MEASURED_SECONDS:
        last = next(steps)
    seconds = time.perf_counter() - started
    a_step = seconds / (last - first) if last > first else 0.0
    for evaluate in loop.evaluations:
        evaluate()
    again = time.perf_counter()
    for evaluate in loop.evaluations:
        evaluate()
    evaluation = time.perf_counter() - again
    return EpochTime(a_step * loop.num_steps + evaluation, seconds + evaluation)
