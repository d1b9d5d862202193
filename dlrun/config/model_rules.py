"""Rules on the layers: their number and names, and the output against data set and loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from dlrun.config.component import Component
from dlrun.config.components import ACTIVATION_LAYERS
from dlrun.config.draft import Draft
from dlrun.config.findings import Findings
from dlrun.config.stack import (
    MAX_LAYERS,
    PlacedLayer,
    count_layers,
    following_activation,
    output_index,
)
from dlrun.config.task import BINARY_LOSSES, INDEX_LOSSES, ONE_HOT_LOSSES
from dlrun.config.words import counted
from dlrun.files import KeyPath

_KEEP_WIDTH = frozenset({*ACTIVATION_LAYERS, "BatchNormalization", "Dropout", "Identity"})

_DEFAULT_SLOPES = {"leaky_relu": 0.2, "LeakyReLU": 0.3}


def judge_layers(draft: Draft, found: Findings) -> None:
    """Judges what can be told from the layers alone."""
    num_layers = count_layers(draft.stack)
    if num_layers > MAX_LAYERS:
        message = f"{num_layers:,} layers with the repeats; the most is {MAX_LAYERS:,}"
        found.error(("model", "layers"), message)
    seen: set[str] = set()
    for layer in draft.layers:
        name = layer.component.arguments.get("name")
        if isinstance(name, str) and name in seen:
            path = (*layer.path, "name")
            if not any(finding.path == path for finding in found.errors):
                message = f"{name!r} is the name of another layer, too; each needs its own"
                found.error(path, message)
        seen.add(str(name))


def note_slopes(draft: Draft, found: Findings) -> None:
    """Says which slope a leaky relu has that names none: Keras has two defaults."""
    named: dict[KeyPath, Component | None] = {
        ("model", "activation"): draft.component("model", "activation")
    }
    for layer in draft.layers:
        own = layer.component.arguments.get("activation")
        named[layer.path] = layer.component
        named[(*layer.path, "activation")] = own if isinstance(own, Component) else None
    for path, component in named.items():
        slope = _DEFAULT_SLOPES.get(component.name) if component is not None else None
        if component is not None and slope is not None and not component.arguments:
            message = f"{component.name} has Keras's slope {slope}; to choose another, write "
            found.note(path, message + "{LeakyReLU: {negative_slope: 0.01}}")


def judge_output(draft: Draft, found: Findings) -> None:
    """Judges the model's two ends against the data set, and its output against the loss."""
    _input_shape(draft, found)
    layers = draft.layers
    index = output_index(layers) if layers else None
    if index is None or any(one.component.name not in _KEEP_WIDTH for one in layers[index + 1 :]):
        return
    layer = layers[index]
    units = layer.component.arguments.get("units")
    if not isinstance(units, int) or isinstance(units, bool) or units < 1:
        return
    activation = _activation_name(layers, index)
    if activation == "softmax" and units == 1:
        message = "softmax over 1 unit is always 1; write sigmoid, or as many units as classes"
        found.error(_activation_path(layer), message)
        return
    if not _fits_classes(draft, layer, units, found):
        return
    loss = draft.component("loss")
    if loss is not None:
        _activation_and_loss(layer, activation, loss, found)


def _input_shape(draft: Draft, found: Findings) -> None:
    given = draft.get("model", "input_shape")
    wanted = draft.card.input_shape if draft.card is not None else None
    if wanted is None or not isinstance(given, list):
        return
    if all(isinstance(size, int) for size in given) and math.prod(given) != math.prod(wanted):
        found.error(
            ("model", "input_shape"),
            f"{tuple(given)} does not fit {draft.get('dataset', 'name')}, which has {wanted}; "
            "leave the key out to take the data's",
        )


def _fits_classes(draft: Draft, layer: PlacedLayer, units: int, found: Findings) -> bool:
    """Says where the output's units do not fit the classes; returns whether they may."""
    loss, card = draft.component("loss"), draft.card
    path = (*layer.path, "units")
    if loss is None or card is None or card.task not in ("multiclass", "binary"):
        return True
    if card.num_classes is None or card.num_classes < 2:
        return True
    wanted = card.num_classes
    if loss.name in BINARY_LOSSES:
        if card.task == "multiclass":
            return False  # said of the loss
        wanted = 1
    elif loss.name not in ONE_HOT_LOSSES | INDEX_LOSSES and card.task == "binary" and units == 1:
        wanted = 1
    if units == wanted:
        return True
    classes = f"{card.name} has {card.num_classes} classes"
    hint = f"write {wanted}"
    if card.task == "binary" and units == 1:
        hint += ", or the loss binary_crossentropy"
    elif card.task == "binary" and units == 2 and wanted == 1:
        hint += ", or the loss categorical_crossentropy"
    found.error(
        path,
        f"{classes}, which {loss.name} takes as {counted(wanted, 'unit')}, not {units}; {hint}",
    )
    return False


def _activation_and_loss(
    layer: PlacedLayer, activation: str | None, loss: Component, found: Findings
) -> None:
    """Warns where a loss of probabilities is given something else, or the reverse."""
    if activation is None or loss.name not in {*ONE_HOT_LOSSES, *INDEX_LOSSES, *BINARY_LOSSES}:
        return
    if "rossentropy" not in loss.name:
        return
    wanted = "sigmoid" if loss.name in BINARY_LOSSES else "softmax"
    makes_probabilities = activation in ("softmax", "sigmoid")
    path = _activation_path(layer)
    if loss.arguments.get("from_logits") is True:
        if makes_probabilities:
            message = f"{activation} makes probabilities, and from_logits is true; remove one"
            found.warn(path, message)
    elif activation != wanted:
        message = f"{loss.name} expects probabilities, and the output is {activation}"
        found.warn(path, f"{message}; write {wanted}")


def _activation_name(layers: Sequence[PlacedLayer], index: int) -> str | None:
    """Returns what the output goes through; None where that is not a plain function."""
    layer = layers[index].component
    own: Any = layer.arguments.get("activation")
    after = following_activation(layers, index)
    if after is not None:
        inner = after.arguments.get("activation")
        return inner.name if isinstance(inner, Component) else after.name.lower()
    if own is None and layer.name == "Dense":
        return "linear"
    return own.name.lower() if isinstance(own, Component) else None


def _activation_path(layer: PlacedLayer) -> tuple[str | int, ...]:
    return (*layer.path, "activation") if "activation" in layer.component.arguments else layer.path
