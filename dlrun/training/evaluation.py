"""Validation, test and prediction: compiled passes with large batches, nothing is learned."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dlrun.backend import tf
from dlrun.training.passes import make_pass, make_step_pass
from dlrun.training.steps import Pace, numbers_of, steps_in_chunks
from dlrun.training.tensors import TensorData

EVALUATION_BATCH_SIZE = 1024
"""Rows a batch; `model.evaluate(batch_size=1024)` gives the same numbers."""


def evaluate_rows(
    model: Any, data: TensorData, rows: np.ndarray, batch_size: int = EVALUATION_BATCH_SIZE
) -> Mapping[str, float]:
    """Returns loss and metrics over some rows, as `model.evaluate(batch_size=…)` gives them."""
    return make_evaluation(model, data, rows, batch_size)()


def make_evaluation(
    model: Any,
    data: TensorData,
    rows: np.ndarray,
    batch_size: int = EVALUATION_BATCH_SIZE,
    *,
    in_loop: bool = False,
    watching: Any = None,
) -> Callable[[], dict[str, float]]:
    """Returns a function that evaluates the model, as it then is, on these rows.

    Args:
        model: Compiled.
        data: The tensors that rows are gathered from.
        rows: Row numbers, (num_rows,) int64.
        batch_size: Rows a batch.
        in_loop: Whether many batches are one call, which is what the compiled engine wants.
        watching: Keras's `CallbackList`; given, its `on_test_batch_*` are called around each
            batch.
    """

    def step(batch: Any) -> Any:
        return model.test_step(data.test_batch(batch))

    make = make_pass if in_loop else make_step_pass
    run, pace = make(step, len(rows), batch_size)(rows), Pace()
    num_steps = math.ceil(len(rows) / batch_size)

    def evaluate() -> dict[str, float]:
        model.reset_metrics()
        if watching is None:
            for _ in steps_in_chunks(pace, run, range(num_steps)):
                pass  # a chunk ends where Ctrl-C is heard
            return read_metrics(model)
        for i in range(num_steps):
            watching.on_test_batch_begin(i)
            watching.on_test_batch_end(i, numbers_of(run(i, i + 1)))
        return read_metrics(model)

    return evaluate


def read_metrics(model: Any) -> dict[str, float]:
    """Returns the model's metrics as they stand, `loss` first."""
    return numbers_of(model.get_metrics_result())


def predict_rows(
    model: Any, data: TensorData, rows: np.ndarray, batch_size: int = EVALUATION_BATCH_SIZE
) -> np.ndarray:
    """Returns the model's outputs for some rows, (rows, *output), in inference mode."""

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec([None], tf.int64)], autograph=False
    )
    def predict(batch: Any) -> Any:
        return model(data.features(batch), training=False)

    starts = range(0, len(rows), batch_size)
    outputs = [predict(tf.constant(rows[a : a + batch_size])).numpy() for a in starts]
    return np.concatenate(outputs)
