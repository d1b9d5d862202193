"""Validation, test and prediction: compiled passes with large batches, nothing is learned."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

from dlrun.backend import tf
from dlrun.training.passes import Ends, Pass, Run, make_pass, make_step_pass
from dlrun.training.steps import Pace, numbers_of, run_chunk
from dlrun.training.tensors import TensorData

EVALUATION_BATCH_SIZE = 1024
"""Rows a batch; `model.evaluate(batch_size=1024)` gives the same numbers."""


Evaluation = Callable[..., dict[str, float]]
"""Evaluates the model, as it then is, on rows that were named before; metrics by name.

Given a function, it calls that between its parts, which take about `CHUNK_SECONDS` each.
"""

Evaluator = Callable[[np.ndarray], Evaluation]
"""Takes row numbers, (num_rows,) int64; returns their evaluation."""


def _nothing() -> None:
    """For a pass that begins with nothing, and an evaluation that nobody stops."""


def make_evaluator(
    model: Any,
    data: TensorData,
    batch_size: int = EVALUATION_BATCH_SIZE,
    *,
    in_loop: bool = False,
    watching: Any = None,
) -> Evaluator:
    """Returns what evaluates any rows of the data; parts of the data share what is traced.

    Args:
        model: Compiled.
        data: The tensors that rows are gathered from.
        batch_size: Rows a batch.
        in_loop: Whether many batches are one call, which is what the compiled engine wants.
        watching: Keras's `CallbackList`; given, its `on_test_batch_*` are called around each
            batch.
    """
    passes: dict[bool, Pass] = {}  # by whether the batch size is static

    def evaluation_of(rows: np.ndarray) -> Evaluation:
        is_static = len(rows) % batch_size == 0
        if is_static not in passes:
            make = _make_loop_pass if in_loop else _make_step_pass
            passes[is_static] = make(model, data, len(rows), batch_size)
        run, pace = passes[is_static](rows), Pace()
        num_steps = math.ceil(len(rows) / batch_size)

        def evaluate(pause: Callable[[], None] = _nothing) -> dict[str, float]:
            if watching is not None:
                return _watched(run, num_steps, model, watching)
            done, logs = 0, dict[str, Any]()
            while done < num_steps:  # a chunk ends where Ctrl-C is heard
                if done:
                    pause()
                done, logs = run_chunk(pace, run, done, num_steps)
            return numbers_of(logs)

        return evaluate

    return evaluation_of


def _make_loop_pass(model: Any, data: TensorData, num_rows: int, batch_size: int) -> Pass:
    """Many batches a call, which sets the metrics back at first and returns them at last.

    A metric of the user's own is set back outside: it may do so in Python.
    """
    in_graph = all(type(metric).__module__.startswith("keras.") for metric in _metrics_of(model))
    begin = model.reset_metrics if in_graph else _nothing
    run_pass = make_pass(
        _test_step(model, data), num_rows, batch_size, Ends(begin, model.get_metrics_result)
    )
    return run_pass if in_graph else _reset_outside(model, run_pass)


def _make_step_pass(model: Any, data: TensorData, num_rows: int, batch_size: int) -> Pass:
    run_pass = make_step_pass(_test_step(model, data), num_rows, batch_size)
    return _reset_outside(model, run_pass)


def _test_step(model: Any, data: TensorData) -> Callable[[Any], Any]:
    return lambda rows: model.test_step(data.test_batch(rows))


def _reset_outside(model: Any, run_pass: Pass) -> Pass:
    def begin(rows: np.ndarray) -> Run:
        run = run_pass(rows)

        def run_steps(first: int, last: int) -> Any:
            if first == 0:
                model.reset_metrics()
            return run(first, last)

        return run_steps

    return begin


def _metrics_of(model: Any) -> list[Any]:
    return [
        inner for metric in model.metrics for inner in getattr(metric, "metrics", None) or [metric]
    ]


def _watched(run: Run, num_steps: int, model: Any, watching: Any) -> dict[str, float]:
    for i in range(num_steps):
        watching.on_test_batch_begin(i)
        watching.on_test_batch_end(i, numbers_of(run(i, i + 1)))
    return read_metrics(model)


def metrics_kept(model: Any) -> Callable[[], AbstractContextManager[None]]:
    """Keeps a model's metrics as they stand; returns what puts them back for a while.

    An evaluation uses the same variables as the train pass before it.
    """
    variables = model.metrics_variables
    kept = [variable.numpy() for variable in variables]

    @contextmanager
    def put_back() -> Iterator[None]:
        now = [variable.numpy() for variable in variables]
        _assign(variables, kept)
        yield
        _assign(variables, now)

    return put_back


def _assign(variables: Sequence[Any], values: Sequence[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def read_metrics(model: Any) -> dict[str, float]:
    """Returns the model's metrics as they stand, `loss` first."""
    return numbers_of(model.get_metrics_result())


Predictor = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]
"""Takes row numbers; returns outputs, (rows, *output), and the loss of each row, (rows,)."""


def make_predictor(
    model: Any, data: TensorData, batch_size: int = EVALUATION_BATCH_SIZE
) -> Predictor:
    """Returns what predicts rows in inference mode; parts of the data share what is traced.

    Losses are without what regularizers add, times the rows' own weights; None where the loss
    is no mean over rows.
    """

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec([None], tf.int64)], autograph=False
    )
    def predict(rows: Any) -> Any:
        x, y, *weight = data.test_batch(rows)
        outputs = model(x, training=False)
        return outputs, _row_losses(model.loss, y, outputs, *weight)

    def predictor(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        starts = range(0, len(rows), batch_size)
        batches = [predict(tf.constant(rows[a : a + batch_size])) for a in starts]
        outputs = np.concatenate([batch[0].numpy() for batch in batches])
        if any(batch[1] is None for batch in batches):
            return outputs, None
        return outputs, np.concatenate([batch[1].numpy() for batch in batches])

    return predictor


def _row_losses(loss: Any, y: Any, outputs: Any, weight: Any = None) -> Any:
    """The loss of each row, of which Keras takes the mean; None where it does something else."""
    if getattr(loss, "reduction", None) != "sum_over_batch_size":
        return None
    values = loss.call(tf.cast(y, loss.dtype), tf.cast(outputs, loss.dtype))
    if not values.shape.rank:  # Dice and Tversky look at the batch as a whole
        return None
    values = tf.reduce_mean(tf.reshape(values, [tf.shape(values)[0], -1]), axis=1)
    return values if weight is None else values * tf.cast(weight, values.dtype)
