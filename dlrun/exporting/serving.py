"""The model that is handed on: a run's layers, and before them the scaling of its data."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from dlrun.backend import keras
from dlrun.data import Scaling
from dlrun.errors import ExportError
from dlrun.prepare import PreparedData


def make_serving_model(model: Any, data: PreparedData, *, in_graph: bool = False) -> Any:
    """Returns a plain Keras model that takes rows as they came, made of Keras's layers alone.

    Its layers are those of the run's model, not copies, and each is told that nothing is trained:
    augmentation layers would go on augmenting where nobody says so, as in a SavedModel.

    Args:
        model: The run's own, which takes scaled rows.
        data: Its scaling is the recorded one.
        in_graph: As of `scaling_layers`.

    Raises:
        ExportError: the model is none that dlrun has built.
    """
    if not isinstance(model, keras.Sequential):
        raise ExportError(
            f"the model is a {type(model).__name__}, and dlrun builds each as a Sequential; "
            "put the run's own model.keras back, or train the run anew"
        )
    x = data.dataset.x
    scaling = scaling_layers(data.scaling, is_bytes=x.dtype == np.uint8, in_graph=in_graph)
    taken = tensor = keras.Input(x.shape[1:], dtype=str(x.dtype), name="input")
    for layer in (*scaling, *model.layers):
        learns = "training" in inspect.signature(layer.call).parameters
        tensor = layer(tensor, training=False) if learns else layer(tensor)
    made = keras.Model(taken, tensor, name=model.name)
    made(x[:1], training=False)  # before a first call Keras refuses to export to ONNX
    return made


def scaling_layers(scaling: Scaling, *, is_bytes: bool, in_graph: bool = False) -> list[Any]:
    """Returns the Keras layers that compute `(x - offset) / divisor`; none for nothing to do.

    Normalization divides by the root of a variance, and the root of a squared float32 is that
    float32 again, so that the numbers are those of training. Rescaling multiplies by an inverse
    and may differ in the last digit; it takes a layer to subtract and another to multiply, since
    `x * a + b` loses more where offsets are large.

    Args:
        scaling: Of a run.
        is_bytes: Whether rows are uint8, which become float32 in any case.
        in_graph: Whether the numbers must be constants of the graph: tf2onnx makes inputs of
            those that Normalization holds as tensors. Divisors that Normalization takes for 0,
            or whose square no float32 holds, are left to Rescaling, too.
    """
    offset = np.asarray(scaling.offset, np.float32)
    divisor = np.asarray(scaling.divisor, np.float32)
    is_trivial = not offset.any() and bool((divisor == 1).all())
    is_usual = divisor.min() > keras.config.epsilon() and divisor.max() < 1e18
    if not is_trivial and is_usual and not in_graph:
        return [
            keras.layers.Normalization(
                axis=-1 if divisor.ndim else None,
                mean=offset.tolist(),
                variance=np.square(divisor.astype(np.float64)).tolist(),
                dtype="float32",
                name="scaling",
            )
        ]
    layers = []
    if offset.any():
        offsets = (-offset).tolist()
        layers.append(keras.layers.Rescaling(1.0, offsets, dtype="float32", name="centering"))
    if is_bytes or not (divisor == 1).all():
        inverse = (1 / divisor.astype(np.float64)).tolist()
        layers.append(keras.layers.Rescaling(inverse, dtype="float32", name="scaling"))
    return layers
