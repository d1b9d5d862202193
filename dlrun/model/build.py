"""The layer stack, compiled: what Keras refuses becomes a ModelError with its place in the file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlrun.backend import keras
from dlrun.config import (
    Component,
    Config,
    ModelConfig,
    ModelOnly,
    PlacedLayer,
    flatten_layers,
)
from dlrun.config.imports import import_modules
from dlrun.errors import ModelError
from dlrun.model.instantiate import first_sentence, instantiate
from dlrun.parameters import ModelCount, count_parameters
from dlrun.prepare import PreparedData

# Rank, without the batch, of what a layer of this name takes.
_RANKS = {"1D": 2, "2D": 3, "3D": 4}


@dataclass(frozen=True)
class BuiltModel:
    """A compiled Keras model with fresh weights, and its parameter counts."""

    model: Any
    count: ModelCount


def build_model(config: Config, data: PreparedData) -> BuiltModel:
    """Builds and compiles the config's model; equal seeds give equal initial weights.

    Sets Keras's, NumPy's and Python's global random seeds, as Keras's own reproducibility
    guide does: initializers and Dropout draw from them.

    Raises:
        ModelError: Keras refused a layer, the loss, a metric or the optimizer.
    """
    import_modules(config.imports)
    keras.backend.clear_session()
    keras.utils.set_random_seed(config.seed)
    model, count = build_layers(config.model, data.dataset.input_shape, config.name, config.place)
    loss = _make(config, "loss", config.loss, ("loss",))
    optimizer = _make(config, "optimizer", config.optimizer, ("optimizer",))
    metrics = [
        metric if isinstance(metric, str) else _make(config, "metric", metric, ("metrics", i))
        for i, metric in enumerate(config.metrics)
    ]
    model.compile(optimizer=optimizer, loss=loss, metrics=metrics, jit_compile=False)
    _check_output(config, data, model)
    _build_state(config, data, model)
    return BuiltModel(model, count)


def build_layers(
    config: ModelConfig,
    data_shape: Sequence[int],
    name: str = "model",
    place: Any = lambda _path: "config",
) -> tuple[Any, ModelCount]:
    """Builds the layer stack alone, not compiled.

    Args:
        config: The model section.
        data_shape: Shape of one sample, as the data set gives it.
        name: The model's name.
        place: From a key path to the words that name its place in messages.

    Returns:
        A built `keras.Sequential`, and its parameter counts.
    """
    placed = flatten_layers(config)
    inputs = keras.Input(tuple(data_shape), name="input")
    layers: list[Any] = []
    added: set[str] = set()
    tensor = inputs
    bridges = _bridges(config, placed, data_shape)
    for index, layer in enumerate(placed):
        if index in bridges:
            tensor = bridges[index](tensor)
            layers.append(bridges[index])
            added.add(bridges[index].name)
        made = _make_layer(layer, _layer_name(layer.component, placed[:index]), place)
        try:
            tensor = made(tensor)
        except Exception as error:  # Keras raises many kinds for one cause: the shapes do not fit
            shape = tuple(tensor.shape[1:])
            raise ModelError(
                f"{place(layer.path)}: layer {index + 1}, {layer.component.name}, cannot take an "
                f"input of shape {shape}: {first_sentence(error)}"
            ) from error
        layers.append(made)
    model = keras.Sequential([inputs, *layers], name=_identifier(name))
    return model, count_parameters(layers, tuple(data_shape), frozenset(added))


def count_model(config: Config | ModelOnly, data_shape: Sequence[int]) -> ModelCount:
    """Builds a config's layers, not compiled, and counts their parameters."""
    import_modules(config.imports)
    return build_layers(config.model, data_shape, config.name, config.place)[1]


def _bridges(
    config: ModelConfig, placed: Sequence[PlacedLayer], data_shape: Sequence[int]
) -> dict[int, Any]:
    """Layers that dlrun puts in so that the data fits the first layer that minds its shape."""
    if config.input_shape is not None and tuple(config.input_shape) != tuple(data_shape):
        if np.prod(config.input_shape) != np.prod(data_shape):
            raise ModelError(
                f"model.input_shape: {tuple(config.input_shape)} given, and the data set has "
                f"{tuple(data_shape)}; leave the key out to take the data's"
            )
        return {0: keras.layers.Reshape(tuple(config.input_shape), name="reshape_input")}
    for index, layer in enumerate(placed):
        kind = layer.component.name
        if kind == "Dense":
            wanted = 1
        elif kind[-2:] in _RANKS:
            wanted = _RANKS[kind[-2:]]
        elif kind.startswith("Random"):  # Keras's image augmentation layers
            wanted = 3
        else:
            continue
        if wanted == 1 and len(data_shape) > 1:
            return {index: keras.layers.Flatten(name="flatten_input")}
        if wanted == len(data_shape) + 1:
            return {index: keras.layers.Reshape((*data_shape, 1), name="reshape_input")}
        break
    return {}


def _make_layer(layer: PlacedLayer, name: str, place: Any) -> Any:
    component = layer.component
    named = Component(component.name, {"name": name, **component.arguments})
    return instantiate("layer", named, lambda: place(layer.path))


def _layer_name(component: Component, before: Sequence[PlacedLayer]) -> str:
    same = sum(layer.component.name == component.name for layer in before)
    snake = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", component.name).lower()
    return f"{_identifier(snake)}_{same + 1}"


def _make(config: Config, kind: str, component: Component, path: tuple[str | int, ...]) -> Any:
    return instantiate(kind, component, lambda: config.place(path))


def _check_output(config: Config, data: PreparedData, model: Any) -> None:
    """Compares the model's output with the labels, so that no loss broadcasts one silently."""
    output = tuple(model.output_shape[1:])
    last = flatten_layers(config.model)[-1]
    classes = data.dataset.num_classes
    wanted = (classes,) if data.encoding == "index" else tuple(data.labels.shape[1:])
    if output != wanted and not (output[:1] == () or None in output):
        raise ModelError(
            f"{config.place(last.path)}: the model's output has shape {output}, and "
            f"{data.dataset.name} with {config.loss.name} needs {wanted}"
            + ("; put Flatten before the first Dense" if len(output) > len(wanted) else "")
        )


def _build_state(config: Config, data: PreparedData, model: Any) -> None:
    """Makes the variables of loss, metrics and optimizer, as the first step of `fit` would."""
    rows = data.splits.train[:2]
    x = keras.ops.convert_to_tensor(data.scaling.apply(data.dataset.x[rows]))
    y = keras.ops.convert_to_tensor(data.labels[rows])
    try:
        outputs = model(x, training=False)
        model.compute_loss(x=x, y=y, y_pred=outputs)
        model.compute_metrics(x, y, outputs, None)
        model.optimizer.build(model.trainable_variables)
    except Exception as error:  # a loss or metric that cannot take these outputs
        raise ModelError(
            f"{config.place(('loss',))}: {config.loss.name} or a metric cannot compare labels of "
            f"shape {tuple(y.shape[1:])} with outputs of shape {tuple(model.output_shape[1:])}: "
            f"{first_sentence(error)}"
        ) from error
    model.reset_metrics()


def _identifier(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.]", "_", name)


def build_callbacks(config: Config) -> list[Any]:
    """Makes the config's Keras callbacks.

    Raises:
        ModelError: a callback is unknown, refused its arguments, or needs a missing package.
    """
    return [
        _make(config, "callback", component, ("training", "callbacks", index))
        for index, component in enumerate(config.training.callbacks)
    ]
