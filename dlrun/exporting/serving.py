"""The model that is handed on: a run's layers, and before them the scaling of its data."""

from __future__ import annotations

from typing import Any

import numpy as np

from dlrun.backend import keras
from dlrun.data import Scaling
from dlrun.prepare import PreparedData


def make_serving_model(model: Any, data: PreparedData) -> Any:
    """Returns a plain `keras.Sequential` that takes rows as they came, of Keras's layers alone.

    Its layers are those of the run's model, not copies.

    Args:
        model: The run's own, which takes scaled rows.
        data: Its scaling is the recorded one.
    """
    x = data.dataset.x
    layers = [keras.Input(x.shape[1:], dtype=str(x.dtype), name="input")]
    scaling = scaling_layer(data.scaling, is_bytes=x.dtype == np.uint8)
    if scaling is not None:
        layers.append(scaling)
    made = keras.Sequential([*layers, *model.layers], name=model.name)
    made(x[:1], training=False)  # before a first call Keras refuses to export to ONNX
    return made


def scaling_layer(scaling: Scaling, *, is_bytes: bool) -> Any:
    """Returns the Keras layer that computes `(x - offset) / divisor`; None for nothing to do.

    Normalization divides by the root of a variance, and the root of a squared float32 is that
    float32 again; Rescaling would multiply by an inverse, and differ in the last digits. Only
    divisors below Normalization's smallest, or whose square no float32 holds, are left to it.
    """
    offset = np.asarray(scaling.offset, np.float32)
    divisor = np.asarray(scaling.divisor, np.float32)
    if not offset.any() and (divisor == 1).all():
        return keras.layers.Rescaling(1.0, dtype="float32", name="scaling") if is_bytes else None
    if divisor.min() > keras.config.epsilon() and divisor.max() < 1e18:
        return keras.layers.Normalization(
            axis=-1 if divisor.ndim else None,
            mean=offset.tolist(),
            variance=np.square(divisor.astype(np.float64)).tolist(),
            dtype="float32",
            name="scaling",
        )
    inverse = 1 / divisor.astype(np.float64)
    return keras.layers.Rescaling(
        inverse.tolist(), (-offset * inverse).tolist(), dtype="float32", name="scaling"
    )
