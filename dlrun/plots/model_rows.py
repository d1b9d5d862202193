"""A model's parameter count as rows of a diagram: plain values, nothing drawn, no matplotlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from dlrun.plots.labels import format_shape

MAX_ROWS = 60
"""More layers than this do not become readable by a taller picture: the middle is left out."""
MAX_WIDTH = 24
"""The widest layer that is drawn neuron by neuron: 23 features and one sigmoid still are."""
MAX_CONNECTIONS = 16 * 16
"""Between two layers; with more, the lines are a grey patch."""
MAX_COLUMNS = 9
ACTIVATION_LAYERS = frozenset({"Activation", "ELU", "LeakyReLU", "ReLU", "Softmax"})


@dataclass(frozen=True)
class LayerRow:
    """One box of the diagram.

    Attributes:
        kind: Keras's class name; "input" for the first row.
        activation: In the layer itself; empty for none and for "linear".
        shape: Of the output, `28 × 28 × 32`, without the batch.
        formula: `(784 + 1) × 100`, or empty.
        num_parameters: Of this layer.
        added: Put in by dlrun.
        num_skipped: Of a row that stands for layers left out: how many.
    """

    kind: str
    activation: str
    shape: str
    formula: str
    num_parameters: int
    added: bool = False
    num_skipped: int = 0


@dataclass(frozen=True)
class NeuronColumn:
    """One layer of a small dense net: how many neurons, and what is written under them."""

    num_neurons: int
    name: str
    activation: str
    formula: str
    num_parameters: int


def layer_rows(count: Mapping[str, Any], max_rows: int = MAX_ROWS) -> tuple[LayerRow, ...]:
    """Returns the boxes of a model from top to bottom, the input first.

    Args:
        count: As `ModelCount.to_dict()` gives it.
        max_rows: With more layers, those in the middle become one row.
    """
    first = LayerRow("input", "", format_shape(count["input_shape"]), "", 0)
    layers = [layer for layer in count["layers"] if layer["kind"] != "InputLayer"]
    rows = [
        LayerRow(
            kind=layer["kind"],
            activation=_activation(layer),
            shape=format_shape(layer["output_shape"]),
            formula=layer.get("formula") or "",
            num_parameters=layer["num_parameters"],
            added=bool(layer.get("added")),
        )
        for layer in layers
    ]
    if len(rows) > max_rows:
        tail = max_rows // 4
        head = max_rows - tail - 1
        skipped = rows[head : len(rows) - tail]
        total = sum(row.num_parameters for row in skipped)
        middle = LayerRow("…", "", "", "", total, num_skipped=len(skipped))
        rows = [*rows[:head], middle, *rows[len(rows) - tail :]]
    return (first, *rows)


def neuron_columns(count: Mapping[str, Any]) -> tuple[NeuronColumn, ...] | None:
    """Returns the layers of a small dense net from left to right, the input first.

    None where it is none: a layer that is not Dense (an activation of its own counts to the
    layer before it), a layer too wide, or too many layers to draw neuron by neuron.
    """
    shape = count["input_shape"]
    if len(shape) != 1 or shape[0] is None:
        return None
    columns = [NeuronColumn(shape[0], "input", "", "", 0)]
    for layer in count["layers"]:
        if layer["kind"] in ACTIVATION_LAYERS and len(columns) > 1 and not columns[-1].activation:
            name = _activation(layer) or layer["kind"]
            columns[-1] = replace(columns[-1], activation=name)
        elif layer["kind"] == "Dense" and len(layer["output_shape"]) == 1:
            num, formula = layer["output_shape"][0], layer.get("formula") or ""
            parameters = layer["num_parameters"]
            columns.append(NeuronColumn(num, "", _activation(layer), formula, parameters))
        elif layer["kind"] != "InputLayer":
            return None
    widths = [column.num_neurons for column in columns]
    if len(columns) < 2 or len(columns) > MAX_COLUMNS or max(widths) > MAX_WIDTH:
        return None
    return None if any(a * b > MAX_CONNECTIONS for a, b in pairwise(widths)) else _named(columns)


def _named(columns: Sequence[NeuronColumn]) -> tuple[NeuronColumn, ...]:
    last = len(columns) - 1
    names = ["input", *(f"hidden {i}" if last > 2 else "hidden" for i in range(1, last)), "output"]
    return tuple(replace(c, name=name) for name, c in zip(names, columns, strict=True))


def total_lines(count: Mapping[str, Any]) -> tuple[str, ...]:
    """Returns what stands at the bottom: the total, and how much of it is not trained."""
    total, fixed = count["total"], count.get("non_trainable", 0)
    noun = "parameter" if total == 1 else "parameters"
    lines = [f"{total:,} {noun} in all"]
    if fixed:
        lines.append(f"{count['trainable']:,} trainable, {fixed:,} non-trainable")
    return tuple(lines)


def _activation(layer: Mapping[str, Any]) -> str:
    name = layer.get("activation") or ""
    return "" if name == "linear" else str(name).replace("_", " ")
