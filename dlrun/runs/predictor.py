"""A run's kept model, ready to be given rows as its data set has them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from dlrun.data.preprocessing import Scaling
from dlrun.errors import InputError

if TYPE_CHECKING:
    from dlrun.runs.run import Run

BATCH_SIZE = 1024
"""Rows a call of the model, as in evaluation."""


@dataclass(frozen=True, eq=False)
class Predictor:
    """What predicts with a run's kept model.

    Attributes:
        facts: What the run's `dataset.json` holds.
        compute: The compiled model, from unscaled rows to outputs.
    """

    facts: Mapping[str, Any]
    compute: Any

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return tuple(self.facts["input_shape"])

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Returns the model's outputs, (n, *output) float32.

        Args:
            x: (n, *input_shape), as the data set has them, not scaled.

        Raises:
            InputError: another shape, or values that are no numbers.
        """
        rows = self._checked(x)
        if not len(rows):
            return np.zeros((0, *self.compute.output_shape), np.float32)
        starts = range(0, len(rows), BATCH_SIZE)
        outputs = [self.compute(rows[first : first + BATCH_SIZE]) for first in starts]
        return np.concatenate(outputs).astype(np.float32)  # NumPy knows no bfloat16

    def _checked(self, x: np.ndarray) -> np.ndarray:
        rows = np.asarray(x)
        if rows.dtype.kind not in "biuf":
            raise InputError(f"x has dtype {rows.dtype}; it must hold numbers")
        if rows.shape[1:] != self.input_shape:
            raise InputError(
                f"x has shape {rows.shape}; this model takes {('n', *self.input_shape)}, "
                "rows as its data set has them"
            )
        if rows.dtype.kind == "f" and not np.isfinite(rows).all():
            row = int(np.argwhere(~np.isfinite(rows.reshape(len(rows), -1)).all(axis=1))[0, 0])
            raise InputError(f"x holds NaN or infinity, first in row {row}; fill it in")
        full = (self.facts.get("looks") or {}).get("pixel_max") or 0
        if rows.dtype.kind == "f" and full > 2 and rows.size and 0 < rows.max() <= 1:
            raise InputError(
                f"x holds values from {rows.min():g} to {rows.max():g}, and the model was trained "
                f"on 0 to {full:g}; give rows as the data set has them, not scaled"
            )
        return rows


@dataclass(frozen=True, eq=False)
class _Compiled:
    """Scaling and model as one function, traced once."""

    output_shape: tuple[int, ...]
    function: Any
    constant: Any

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        outputs: np.ndarray = self.function(self.constant(rows.astype(np.float32))).numpy()
        return outputs


def load_predictor(run: Run) -> Predictor:
    """Returns what predicts with a run's kept model; loads TensorFlow.

    Numbers are those of training and evaluation: the same scaling in the same arithmetic.

    Raises:
        RunError: the run has no readable model.
    """
    from dlrun.backend import tf, use_threads

    threads = run.config.training.threads
    if isinstance(threads, int):  # they decide the last digits
        use_threads(threads)
    model, scaling = run.model(), Scaling.from_dict(run.dataset["scaling"])
    offset = tf.constant(scaling.offset, tf.float32) if np.any(scaling.offset) else None
    divisor = tf.constant(scaling.divisor, tf.float32)  # captured: a constant would be inverted
    shape = tuple(run.dataset["input_shape"])

    @tf.function(  # type: ignore[untyped-decorator]
        input_signature=[tf.TensorSpec([None, *shape], tf.float32)], autograph=False
    )
    def compute(rows: Any) -> Any:
        x = rows if offset is None else rows - offset
        return model(x / divisor, training=False)

    output = tuple(int(side) for side in model.output_shape[1:])
    return Predictor(run.dataset, _Compiled(output, compute, tf.constant))
