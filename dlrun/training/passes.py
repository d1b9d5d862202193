"""Compiled passes over rows: many train steps, test steps or predictions in one call.

`model.fit` goes back to Python after every step, and small nets spend nine tenths of their
time there. Here one `tf.function` loops over Keras's own `train_step`, on data that stays in
memory as tensors. The numbers equal those of `fit`, under two conditions:

- `fit` sees a static batch size only where it divides the number of rows, and TensorFlow
  turns a division by a static size into a multiplication. So the batch size here is static
  in exactly those cases, and unknown for every step otherwise.
- Scaling divides by a captured tensor: a constant divisor would become a multiplication too,
  and differ from NumPy in the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlrun.backend import tf
from dlrun.prepare import PreparedData

EVALUATION_BATCH_SIZE = 1024
"""Rows a batch in validation, test and prediction; large, since nothing is learned there."""


@dataclass(frozen=True)
class TensorData:
    """The data set as tensors, whole and unscaled; batches are gathered and scaled in passing.

    Attributes:
        x: (n, *features), uint8 or float32.
        y: (n,) or (n, units), labels as the loss takes them.
        offset: Subtracted from a batch's features; None for nothing to subtract.
        divisor: Divides them after; None for nothing to divide by.
    """

    x: Any
    y: Any
    offset: Any
    divisor: Any

    @classmethod
    def from_prepared(cls, data: PreparedData) -> TensorData:
        """Copies the prepared arrays into tensors, features in the type they came in."""
        scaling = data.scaling
        return cls(
            x=tf.constant(data.dataset.x),
            y=tf.constant(data.labels),
            offset=tf.constant(scaling.offset, tf.float32) if np.any(scaling.offset) else None,
            divisor=tf.constant(scaling.divisor, tf.float32),
        )

    def gather(self, rows: Any) -> tuple[Any, Any]:
        """Returns scaled features and labels of some rows."""
        x = tf.cast(tf.gather(self.x, rows), tf.float32)
        if self.offset is not None:
            x = x - self.offset
        return x / self.divisor, tf.gather(self.y, rows)


Pass = Callable[[np.ndarray], None]
"""Takes row numbers in order, a whole number of batches (the pass's last may be smaller)."""


def make_train_pass(model: Any, data: TensorData, num_rows: int, batch_size: int) -> Pass:
    """Returns a function that trains on the rows it is given, batch by batch.

    Args:
        model: Compiled, its optimizer and metrics built.
        data: The tensors that rows are gathered from.
        num_rows: Rows in an epoch; decides whether the batch size is static.
        batch_size: Rows a step.
    """
    return _make_pass(model.train_step, data, num_rows, batch_size)


def evaluate_rows(
    model: Any, data: TensorData, rows: np.ndarray, batch_size: int = EVALUATION_BATCH_SIZE
) -> Mapping[str, float]:
    """Returns loss and metrics over some rows, as `model.evaluate(batch_size=…)` gives them."""
    return make_evaluation(model, data, rows, batch_size)()


def make_evaluation(
    model: Any, data: TensorData, rows: np.ndarray, batch_size: int = EVALUATION_BATCH_SIZE
) -> Callable[[], dict[str, float]]:
    """Returns a function that evaluates the model, as it then is, on these rows."""
    test_pass = _make_pass(model.test_step, data, len(rows), batch_size)

    def evaluate() -> dict[str, float]:
        model.reset_metrics()
        test_pass(rows)
        return read_metrics(model)

    return evaluate


def read_metrics(model: Any) -> dict[str, float]:
    """Returns the model's metrics as they stand, `loss` first."""
    return {name: float(value) for name, value in model.get_metrics_result().items()}


def predict_rows(
    model: Any, data: TensorData, rows: np.ndarray, batch_size: int = EVALUATION_BATCH_SIZE
) -> np.ndarray:
    """Returns the model's outputs for some rows, (rows, *output) float32, in inference mode."""

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec([None], tf.int64)], autograph=False
    )
    def predict(batch: Any) -> Any:
        return model(data.gather(batch)[0], training=False)

    starts = range(0, len(rows), batch_size)
    outputs = [predict(tf.constant(rows[a : a + batch_size])).numpy() for a in starts]
    return np.concatenate(outputs)


def _make_pass(
    step: Callable[[Any], Any], data: TensorData, num_rows: int, batch_size: int
) -> Pass:
    static = num_rows % batch_size == 0
    shape = [None, batch_size] if static else [None]

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec(shape, tf.int64)], autograph=False
    )
    def run(rows: Any) -> None:
        length = tf.shape(rows)[0]
        num_steps = length if static else (length + batch_size - 1) // batch_size

        def body(i: Any) -> Any:
            start = i * batch_size
            batch = rows[i] if static else rows[start : tf.minimum(start + batch_size, length)]
            step(data.gather(batch))
            return i + 1

        tf.while_loop(lambda i: i < num_steps, body, [tf.constant(0)], parallel_iterations=1)

    return lambda rows: run(tf.constant(rows.reshape(-1, batch_size) if static else rows))
