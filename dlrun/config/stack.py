"""The stack of layers: `repeat` blocks in a file, and the plain sequence that they stand for."""

# ruff: noqa: D102 (the methods of a check are described once, at `Check`)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dlrun.catalog import find_component
from dlrun.config import words
from dlrun.config.checks import Check
from dlrun.config.component import Component, build_component, plain_component
from dlrun.config.components import ACTIVATION_LAYERS, read_component
from dlrun.config.reading import At, Reader
from dlrun.files import KeyPath

MAX_LAYERS = 10_000
"""More layers than any honest config repeats; a slip of the keyboard in `repeat` has more."""


@dataclass(frozen=True)
class Repeat:
    """A block of layers, several times one after another, each time with weights of its own."""

    times: int
    layers: tuple[Component | Repeat, ...]


@dataclass(frozen=True)
class PlacedLayer:
    """A layer of the expanded stack.

    Attributes:
        path: Its key path; the same for each copy that a `repeat` block makes.
        component: The layer, with `model.activation` where that applies.
    """

    path: KeyPath
    component: Component


class _Model(Protocol):
    @property
    def activation(self) -> Component | None: ...

    @property
    def layers(self) -> tuple[Component | Repeat, ...]: ...


@dataclass(frozen=True)
class Layers(Check):
    """A list of layers and `{repeat: n, layers: […]}` blocks, one at least."""

    wanted: str = "a list of layers, one at least"

    def read(self, value: Any, at: At, reader: Reader) -> Any:
        if not isinstance(value, list) or not value:
            reader.problem(at, words.wrong_value(self.wanted, value))
            return value
        result = []
        for index, item in enumerate(value):
            reader.visit(at.child(index))
            result.append(self._read_item(item, at.child(index), reader))
        return result

    def build(self, normal: Any) -> tuple[Component | Repeat, ...]:
        return tuple(
            Repeat(item["repeat"], self.build(item["layers"]))
            if "repeat" in item
            else build_component(item)
            for item in normal
        )

    def plain(self, built: Any) -> Any:
        return [
            {"repeat": item.times, "layers": self.plain(item.layers)}
            if isinstance(item, Repeat)
            else plain_component(item)
            for item in built
        ]

    def json_schema(self) -> dict[str, Any]:
        return {"$ref": "#/definitions/layers"}

    def _read_item(self, item: Any, at: At, reader: Reader) -> Any:
        if not (isinstance(item, dict) and "repeat" in item):
            if _is_input(item):
                reader.problem(at, "the input is no layer; write its shape to model.input_shape")
                return item
            return read_component("layer", item, at, reader)
        for name in item:
            reader.visit(at.child(name))
            if name not in ("repeat", "layers"):
                reader.problem(at.child(name), words.unknown_key(name, ["repeat", "layers"]))
        times = item["repeat"]
        if not isinstance(times, int) or isinstance(times, bool) or times < 1:
            message = words.wrong_value("a whole number, 1 or more", times)
            reader.problem(at.child("repeat"), message)
        if "layers" not in item:
            if any(words.means(name, "layers", ["repeat", "layers"]) for name in item):
                return item
            reader.problem(at.child("layers"), words.missing("the layers to repeat"))
            return item
        return {**item, "layers": self.read(item["layers"], at.child("layers"), reader)}


def flatten_layers(model: _Model) -> tuple[PlacedLayer, ...]:
    """Returns the layers one after another, `repeat` blocks written out.

    `model.activation` is given to Dense and Conv layers that name no activation and have no
    activation layer right after them (BatchNormalization and Dropout in between do not count).
    The output layer, the last one with units or filters, is never given it.
    """
    placed = tuple(place_layers(model.layers, ("model", "layers")))
    output = output_index(placed)
    if model.activation is None:
        return placed
    return tuple(
        PlacedLayer(layer.path, _with_activation(layer.component, model.activation))
        if index != output and _wants_activation(placed, index)
        else layer
        for index, layer in enumerate(placed)
    )


def place_layers(layers: Sequence[Component | Repeat], path: KeyPath) -> Iterator[PlacedLayer]:
    """Yields the layers one after another, as they are written."""
    for index, item in enumerate(layers):
        here = (*path, index)
        if isinstance(item, Repeat):
            for _ in range(item.times):
                yield from place_layers(item.layers, (*here, "layers"))
        else:
            yield PlacedLayer(here, item)


def count_layers(layers: Sequence[Component | Repeat]) -> int:
    """Returns how many layers the stack has, `repeat` blocks written out."""
    return sum(
        item.times * max(1, count_layers(item.layers)) if isinstance(item, Repeat) else 1
        for item in layers
    )


def output_index(placed: Sequence[PlacedLayer]) -> int | None:
    """Returns which layer makes the output: the last one with units or filters."""
    for index in range(len(placed) - 1, -1, -1):
        card = find_component("layer", placed[index].component.name)
        if card is not None and ({"units", "filters"} & set(card.arguments)):
            return index
    return None


def output_layer(placed: Sequence[PlacedLayer]) -> PlacedLayer:
    """Returns the layer that makes the output; the last one where none has units or filters."""
    index = output_index(placed)
    return placed[-1 if index is None else index]


def following_activation(placed: Sequence[PlacedLayer], index: int) -> Component | None:
    """Returns the activation layer right after a layer, or None."""
    for layer in placed[index + 1 :]:
        if layer.component.name in ACTIVATION_LAYERS:
            return layer.component
        if layer.component.name not in ("BatchNormalization", "Dropout"):
            return None
    return None


def _wants_activation(placed: Sequence[PlacedLayer], index: int) -> bool:
    layer = placed[index].component
    if not ("Dense" in layer.name or "Conv" in layer.name) or "activation" in layer.arguments:
        return False
    card = find_component("layer", layer.name)
    if card is None or card.defaults.get("activation", "") is not None:
        return False
    return following_activation(placed, index) is None


def _with_activation(layer: Component, activation: Component) -> Component:
    return Component(layer.name, {**layer.arguments, "activation": activation})


def _is_input(item: Any) -> bool:
    name = next(iter(item)) if isinstance(item, dict) and len(item) == 1 else item
    return name in ("Input", "InputLayer") if isinstance(name, str) else False
