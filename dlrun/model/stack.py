"""The layer stack: a config's layers, and those that dlrun puts in so that the data fits."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from dlrun.backend import keras
from dlrun.config import Component, Config, ModelConfig, ModelOnly, PlacedLayer, flatten_layers
from dlrun.config.imports import import_modules
from dlrun.errors import ModelError
from dlrun.files import KeyPath, dotted
from dlrun.model.instantiate import first_sentence, instantiate
from dlrun.parameters import ModelCount, count_parameters

Place = Callable[[KeyPath], str]
"""From a key path to the words that name its place in messages."""

# Rank, without the batch, of what a layer whose name ends so takes.
_RANKS = {"1D": 2, "2D": 3, "3D": 4}

# Layers that leave the shape alone: the one that minds it comes after them.
_PASS_THROUGH = {
    "Activation",
    "AlphaDropout",
    "BatchNormalization",
    "Dropout",
    "GaussianDropout",
    "GaussianNoise",
    "LayerNormalization",
    "Normalization",
    "Rescaling",
}

_DENSE_NET = {"Dense", "ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax"}


def count_model(config: Config | ModelOnly, data_shape: Sequence[int]) -> ModelCount:
    """Builds a config's layers, not compiled, and counts their parameters."""
    import_modules(config.imports, config.source)
    return build_layers(config.model, data_shape, config.name, config.place)[1]


def build_layers(
    config: ModelConfig, data_shape: Sequence[int], name: str, place: Place
) -> tuple[Any, ModelCount]:
    """Builds the layer stack alone, not compiled.

    Args:
        config: The model section.
        data_shape: Shape of one sample, as the data set gives it.
        name: The model's name.
        place: Names places in messages.

    Returns:
        A built `keras.Sequential`, and its parameter counts.

    Raises:
        ModelError: Keras refused a layer or its input.
    """
    placed = flatten_layers(config)
    position, bridge = _bridge(config, placed, data_shape)
    tensor = inputs = keras.Input(tuple(data_shape), name="input")
    layers: list[Any] = []
    for index, (layer, layer_name) in enumerate(zip(placed, _layer_names(placed), strict=True)):
        if bridge is not None and index == position:
            tensor = bridge(tensor)
            layers.append(bridge)
        made = _make_layer(layer, layer_name, place)
        tensor = _connect(made, tensor, f"{place(layer.path)}: {dotted(layer.path)}")
        layers.append(made)
    added = frozenset() if bridge is None else frozenset({bridge.name})
    model = keras.Sequential([inputs, *layers], name=_identifier(name))
    own = [layer for layer in layers if layer is not bridge]
    with _randomness_kept():
        for made, layer in zip(own, placed, strict=True):  # last: it takes names for variables
            _check_loadable(made, f"{place(layer.path)}: {dotted(layer.path)}")
    return model, count_parameters(layers, tuple(data_shape), added)


def _connect(layer: Any, tensor: Any, where: str) -> Any:
    try:
        return layer(tensor)
    except Exception as error:  # Keras raises many kinds for one cause: the shapes do not fit
        raise ModelError(
            f"{where}: {type(layer).__name__} cannot take an input of shape "
            f"{tuple(tensor.shape[1:])}: {first_sentence(error)}"
        ) from error


def _check_loadable(layer: Any, where: str) -> None:
    """Makes a layer of the arguments that a saved one holds, as whoever loads the model will.

    That takes 3 ms, so of nets without a user's own components it is left out for the layers with
    which Keras itself is tested so; those that change images are newer, and one of them fails.
    """
    kind = type(layer)
    if not keras.saving.get_custom_objects() and ".preprocessing." not in kind.__module__:
        return
    try:
        kind.from_config(layer.get_config())
    except Exception as error:  # a constructor may raise anything
        raise ModelError(
            f"{where}: a saved {kind.__name__} cannot be loaded again: {first_sentence(error)}; "
            "give it other arguments, take another layer, or, if it is your own, have its "
            "get_config() return all that its __init__() needs"
        ) from error


@contextmanager
def _randomness_kept() -> Iterator[None]:
    """What is made meanwhile leaves no trace in what is drawn afterwards."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)


def _bridge(
    config: ModelConfig, placed: Sequence[PlacedLayer], data_shape: Sequence[int]
) -> tuple[int, Any]:
    """Returns the layer that dlrun puts in, if any, and before which layer it goes."""
    shape = tuple(data_shape)
    if config.input_shape is not None and tuple(config.input_shape) != shape:
        if math.prod(config.input_shape) != math.prod(shape):
            raise ModelError(
                f"model.input_shape: {tuple(config.input_shape)} given, and the data set has "
                f"{shape}; leave the key out to take the data's"
            )
        return 0, keras.layers.Reshape(tuple(config.input_shape), name="reshape_input")
    for index, layer in enumerate(placed):
        if layer.component.name in _PASS_THROUGH:
            continue
        rank = _wanted_rank(layer.component.name)
        if rank == 1 and len(shape) > 1 and _all_flat(placed[index + 1 :]):
            return index, keras.layers.Flatten(name="flatten_input")
        if rank == len(shape) + 1 and rank > 2:  # grey images: the channel that Keras wants
            return index, keras.layers.Reshape((*shape, 1), name="reshape_input")
        break
    return 0, None


def _all_flat(placed: Sequence[PlacedLayer]) -> bool:
    """Whether what follows a first Dense is a plain dense net, not one for sequences."""
    return all(layer.component.name in _PASS_THROUGH | _DENSE_NET for layer in placed)


def _wanted_rank(kind: str) -> int | None:
    if kind == "Dense":
        return 1
    if kind.startswith("Random"):  # Keras's image augmentation
        return 3
    return _RANKS.get(kind[-2:])


def _make_layer(layer: PlacedLayer, name: str, place: Place) -> Any:
    component = layer.component
    named = Component(component.name, {"name": name, **component.arguments})
    return instantiate("layer", named, lambda: place(layer.path))


def _layer_names(placed: Sequence[PlacedLayer]) -> list[str]:
    """Names such as `dense_1`, the same in every run, and none that the config has given."""
    taken = {layer.component.arguments.get("name") for layer in placed}
    names = []
    for layer in placed:
        if "name" in layer.component.arguments:
            names.append(layer.component.arguments["name"])
            continue
        stem, number = _identifier(_snake_case(layer.component.name)), 1
        while f"{stem}_{number}" in taken:
            number += 1
        names.append(f"{stem}_{number}")
        taken.add(names[-1])
    return names


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


def _identifier(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.]", "_", name)
