"""Parameter counts as the lecture works them out: one row a layer, with its formula.

Reads built Keras layers by their public attributes, and never imports Keras itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

Shape = tuple[int | None, ...]


@dataclass(frozen=True)
class LayerCount:
    """One layer's row.

    Attributes:
        name: The layer's name, unique in its model.
        kind: Keras's class name.
        output_shape: Without the batch; None where a length varies.
        activation: Name of the layer's own activation; None for none or linear.
        num_parameters: All of them.
        num_trainable: Those that training changes.
        formula: The count worked out, such as `(784 + 1) × 100`; None where there is none.
        added: Put in by dlrun (a `Flatten` before the first `Dense`), not by the config.
    """

    name: str
    kind: str
    output_shape: Shape
    activation: str | None
    num_parameters: int
    num_trainable: int
    formula: str | None
    added: bool = False


@dataclass(frozen=True)
class ModelCount:
    """All layers' rows and their totals; `input_shape` is without the batch."""

    input_shape: Shape
    layers: tuple[LayerCount, ...]
    total: int
    trainable: int
    non_trainable: int

    def to_dict(self) -> dict[str, Any]:
        """Returns plain data, as `parameters.json` holds it."""
        return asdict(self)


def count_from_dict(data: Mapping[str, Any]) -> ModelCount:
    """Returns the ModelCount that `to_dict` made; keys that it does not know are passed over.

    Raises:
        KeyError: one is missing, or what `data` raises then.
    """
    names = [
        field.name for field in fields(LayerCount) if field.name not in ("output_shape", "added")
    ]
    return ModelCount(
        input_shape=tuple(data["input_shape"]),
        layers=tuple(
            LayerCount(
                **{name: row[name] for name in names},
                output_shape=tuple(row["output_shape"]),
                added=row.get("added", False),
            )
            for row in data["layers"]
        ),
        total=data["total"],
        trainable=data["trainable"],
        non_trainable=data["non_trainable"],
    )


def count_parameters(
    layers: Sequence[Any], input_shape: Shape, added: frozenset[str] = frozenset()
) -> ModelCount:
    """Counts the parameters of built Keras layers.

    Args:
        layers: Keras layers in their order, each called on the output of the one before it.
        input_shape: Of the first layer, without the batch.
        added: Names of the layers that dlrun put in itself.
    """
    rows = [
        _count_layer(layer, tuple(layer.output.shape)[1:], layer.name in added) for layer in layers
    ]
    total = sum(row.num_parameters for row in rows)
    trainable = sum(row.num_trainable for row in rows)
    return ModelCount(tuple(input_shape), tuple(rows), total, trainable, total - trainable)


def _count_layer(layer: Any, output_shape: Shape, added: bool) -> LayerCount:
    kind = type(layer).__name__
    counted = int(layer.count_params())
    formula = _FORMULAS[kind](layer) if kind in _FORMULAS and counted else None
    if formula is None or _value(formula) != counted:
        formula = None  # an unusual setting that the formula does not know: better none than wrong
    return LayerCount(
        name=layer.name,
        kind=kind,
        output_shape=output_shape,
        activation=_activation(layer),
        num_parameters=counted,
        num_trainable=sum(math.prod(weight.shape) for weight in layer.trainable_weights),
        formula=None if formula is None else _text(formula),
        added=added,
    )


def _activation(layer: Any) -> str | None:
    activation = getattr(layer, "activation", None)
    if type(layer).__name__ == "Activation" or activation is None:
        return getattr(activation, "__name__", None)
    name = getattr(activation, "__name__", None) or getattr(activation, "name", None)
    return None if name == "linear" else name


Formula = int | list["Formula"] | tuple["Formula", ...]
"""Arithmetic as data: a number, a sum as a list, a product as a tuple."""


def _value(formula: Formula) -> int:
    if isinstance(formula, int):
        return formula
    parts = [_value(part) for part in formula]
    return sum(parts) if isinstance(formula, list) else math.prod(parts)


def _text(formula: Formula, inside_product: bool = False) -> str:
    if isinstance(formula, int):
        return str(formula)
    if isinstance(formula, tuple):
        return " × ".join(_text(part, inside_product=True) for part in formula)
    text = " + ".join(_text(part) for part in formula)
    return f"({text})" if inside_product and len(formula) > 1 else text


def _bias(layer: Any) -> list[Formula]:
    return [1] if getattr(layer, "use_bias", False) else []


def _dense(layer: Any) -> Formula:
    inputs, units = layer.kernel.shape
    return ([inputs, *_bias(layer)], units)


def _convolution(layer: Any) -> Formula:
    *window, channels, filters = layer.kernel.shape
    return ([(*window, channels), *_bias(layer)], filters)


def _transposed_convolution(layer: Any) -> Formula:
    *window, filters, channels = layer.kernel.shape
    return ([(*window, channels), *_bias(layer)], filters)


def _depthwise_convolution(layer: Any) -> Formula:
    *window, channels, multiplier = layer.kernel.shape
    return ([tuple(window), *_bias(layer)], channels * multiplier)


def _separable_convolution(layer: Any) -> Formula:
    *window, channels, multiplier = layer.depthwise_kernel.shape
    filters = layer.pointwise_kernel.shape[-1]
    outputs = channels * multiplier
    return [(*window, outputs), ([outputs, *_bias(layer)], filters)]


def _per_feature(layer: Any) -> Formula:
    return (len(layer.weights), math.prod(layer.weights[0].shape))


def _embedding(layer: Any) -> Formula:
    return (layer.input_dim, layer.output_dim)


def _recurrent(gates: int) -> Callable[[Any], Formula]:
    def formula(layer: Any) -> Formula:
        bias = getattr(layer.cell, "bias", None)
        # Keras's GRU keeps two biases a unit (`reset_after`), one of them for the state.
        biases: list[Formula] = [] if bias is None else [2 if len(bias.shape) == 2 else 1]
        return (gates, [layer.cell.kernel.shape[0], layer.units, *biases], layer.units)

    return formula


_FORMULAS: dict[str, Callable[[Any], Formula]] = {
    "Dense": _dense,
    "Conv1D": _convolution,
    "Conv2D": _convolution,
    "Conv3D": _convolution,
    "Conv1DTranspose": _transposed_convolution,
    "Conv2DTranspose": _transposed_convolution,
    "Conv3DTranspose": _transposed_convolution,
    "DepthwiseConv1D": _depthwise_convolution,
    "DepthwiseConv2D": _depthwise_convolution,
    "SeparableConv1D": _separable_convolution,
    "SeparableConv2D": _separable_convolution,
    "BatchNormalization": _per_feature,
    "LayerNormalization": _per_feature,
    "GroupNormalization": _per_feature,
    "Embedding": _embedding,
    "SimpleRNN": _recurrent(1),
    "LSTM": _recurrent(4),
    "GRU": _recurrent(3),
}


def count_lines(count: ModelCount) -> list[str]:
    """Returns the table as plain text, as `summary.txt` holds it."""
    header = ("layer", "output shape", "parameters", "worked out")
    rows = [("input", format_shape(count.input_shape), "", "")]
    rows += [
        (
            layer_label(layer),
            format_shape(layer.output_shape),
            f"{layer.num_parameters:,}",
            layer.formula or "",
        )
        for layer in count.layers
    ]
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(4)]
    lines = []
    for row in [header, *rows]:
        cells = [
            cell.rjust(width) if i == 2 else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return [*lines, "", *total_lines(count)]


def total_lines(count: ModelCount) -> list[str]:
    """Returns the totals in words."""
    if not count.non_trainable:
        return [f"total: {count.total:,} parameters, all trainable"]
    return [
        f"total: {count.total:,} parameters",
        f"trainable {count.trainable:,}, non-trainable {count.non_trainable:,}",
    ]


def layer_label(layer: LayerCount) -> str:
    """Returns `Dense relu`, or `Flatten (added)` for a layer that dlrun put in."""
    own = f" {layer.activation}" if layer.activation and layer.kind != "Activation" else ""
    own = f" {layer.activation}" if layer.kind == "Activation" else own
    return f"{layer.kind}{own}{' (added)' if layer.added else ''}"


def format_shape(shape: Shape) -> str:
    """Returns `28 × 28 × 1`; a varying length is `?`."""
    return " × ".join("?" if size is None else str(size) for size in shape) or "1"
