"""The data as tensors that stay in memory, and the batches gathered from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from dlrun.backend import tf
from dlrun.prepare import PreparedData


@dataclass(frozen=True)
class TensorData:
    """The data set as tensors, whole and unscaled; batches are gathered and scaled in passing.

    Scaling divides by a captured tensor: inside a compiled function a constant divisor would
    become a multiplication, and differ from NumPy in the last bit.

    Attributes:
        x: (n, *features), uint8 or float32.
        y: (n,) or (n, units), labels as the loss takes them.
        offset: Subtracted from a batch's features; None for nothing to subtract.
        divisor: Divides them after.
        sample_weight: (n,) float32, the data's own weights, or None.
        train_weight: (n,) float32, what training weighs each row's loss by, or None.
    """

    x: Any
    y: Any
    offset: Any
    divisor: Any
    sample_weight: Any = None
    train_weight: Any = None

    @classmethod
    def from_prepared(cls, data: PreparedData) -> TensorData:
        """Copies the prepared arrays into tensors, features in the type they came in.

        Trainings that share a store share the large ones.
        """
        scaling, section = data.scaling, data.config.dataset
        asked = [section.name, dict(section.options), section.duplicates]
        return cls(
            x=data.store.get(["tensor x", asked], lambda: tf.constant(data.dataset.x)),
            y=data.store.get(["tensor y", asked, data.encoding], lambda: tf.constant(data.labels)),
            offset=tf.constant(scaling.offset, tf.float32) if np.any(scaling.offset) else None,
            divisor=tf.constant(scaling.divisor, tf.float32),
            sample_weight=_tensor(data.sample_weight),
            train_weight=_tensor(data.train_weight),
        )

    def features(self, rows: Any) -> Any:
        """Returns the scaled features of some rows, float32."""
        x = tf.cast(tf.gather(self.x, rows), tf.float32)
        if self.offset is not None:
            x = x - self.offset
        return x / self.divisor

    def train_batch(self, rows: Any) -> tuple[Any, ...]:
        """Returns some rows as Keras's `train_step` takes them: x, y and weights if any."""
        return self._batch(rows, self.train_weight)

    def test_batch(self, rows: Any) -> tuple[Any, ...]:
        """Returns some rows as Keras's `test_step` takes them: x, y and weights if any."""
        return self._batch(rows, self.sample_weight)

    def _batch(self, rows: Any, weight: Any) -> tuple[Any, ...]:
        batch = (self.features(rows), tf.gather(self.y, rows))
        return batch if weight is None else (*batch, tf.gather(weight, rows))


def _tensor(array: np.ndarray | None) -> Any:
    return None if array is None else tf.constant(array)
