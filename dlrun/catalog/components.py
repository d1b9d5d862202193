"""Cards of Keras's layers, losses, optimizers and so on: their names and arguments.

A card is made from Keras's source the first time its name is looked up. A name may be given
as Keras's class (`CategoricalCrossentropy`) in any case, in snake case
(`categorical_crossentropy`) or as one of Keras's own aliases (`mse`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from dlrun.catalog import keras_source

WRITERS = frozenset(
    {"CSVLogger", "ModelCheckpoint", "OrbaxCheckpoint", "RemoteMonitor", "TensorBoard"}
)
"""Keras's callbacks that write files or send values, and change nothing else."""


@dataclass(frozen=True)
class ComponentCard:
    """What a Keras component is called and what it takes.

    Attributes:
        kind: One of `KINDS`.
        name: Keras's own name: a class (`CategoricalCrossentropy`), or for activations a
            function (`relu`).
        arguments: All that it accepts, base classes' included, in Keras's order.
        required: Those without a default.
        first_argument: The one that `Dense: 100` gives; None where there is none.
        accepts_any: Whether arguments beyond `arguments` must be let through.
        doc: First sentence of Keras's docstring.
        defaults: Literal defaults by argument; `keras_source.UNKNOWN` for any other.
    """

    kind: str
    name: str
    arguments: tuple[str, ...]
    required: tuple[str, ...]
    first_argument: str | None
    accepts_any: bool
    doc: str
    defaults: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class _Kind:
    """Where Keras keeps the names of a kind, and which of them no config can use."""

    module: str
    excluded: frozenset[str]


def _kind(module: str, excluded: str = "") -> _Kind:
    return _Kind(module, frozenset(excluded.split()))


_KINDS: Mapping[str, _Kind] = {
    # Left out: base classes, and what takes Python functions or whole models.
    "layer": _kind(
        "layers",
        "Layer Wrapper Input InputLayer InputSpec TFSMLayer Lambda "
        "FlaxLayer JaxLayer TorchModuleWrapper",
    ),
    "loss": _kind("losses", "Loss"),
    "optimizer": _kind("optimizers", "Optimizer OptimizerMap MultiOptimizer"),
    "metric": _kind("metrics", "Metric MeanMetricWrapper"),
    "schedule": _kind("optimizers.schedules", "LearningRateSchedule"),
    "regularizer": _kind("regularizers", "Regularizer"),
    "initializer": _kind("initializers", "Initializer"),
    "constraint": _kind("constraints", "Constraint"),
    "activation": _kind("activations"),
    "callback": _kind(
        "callbacks",
        "Callback CallbackList History LambdaCallback LearningRateScheduler ProgbarLogger",
    ),
}
KINDS: tuple[str, ...] = tuple(_KINDS)

_ARGUMENT_KINDS: Mapping[str, str] = {
    "activation": "activation",
    "recurrent_activation": "activation",
    "learning_rate": "schedule",
    "inner_optimizer": "optimizer",
    "layer": "layer",
    "backward_layer": "layer",
    "layers": "layer",
    "cell": "layer",
    "cells": "layer",
}

_EXPORTED_FUNCTIONS = {"get", "serialize", "deserialize"}


def component_names(kind: str) -> tuple[str, ...]:
    """Returns Keras's names of a kind, sorted: classes, for activations functions."""
    return tuple(sorted(set(_spellings(kind).values())))


def component_spellings(kind: str) -> dict[str, str]:
    """Returns what a config may call the components of a kind: spelling → Keras's name.

    Keras's names, their snake case, and Keras's own aliases; other cases are accepted, too.
    """
    names = component_names(kind)
    return {
        **{name: name for name in names},
        **{snake_case(name): name for name in names},
        **_aliases(kind),
    }


def find_component(kind: str, spelling: str) -> ComponentCard | None:
    """Returns the card of a component, by any of its spellings; None if Keras has none such."""
    name = _spellings(kind).get(plain_name(spelling))
    return _card(kind, name) if name is not None else None


def snake_case(name: str) -> str:
    """Returns a class name as Keras spells it in snake case: `AUC` → `auc`.

    Source: keras.src.utils.naming.to_snake_case.
    """
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def argument_kind(name: str) -> str | None:
    """Returns the kind of component that an argument of this name holds; None for plain values.

    `kernel_initializer` holds an initializer, `learning_rate` a number or a schedule, and
    `layer` (of `Bidirectional`) a layer.
    """
    if name in _ARGUMENT_KINDS:
        return _ARGUMENT_KINDS[name]
    ending = name.rpartition("_")[2]
    return ending if ending in ("initializer", "regularizer", "constraint") else None


def plain_name(name: str) -> str:
    """Returns a name without upper case and underscores, by which spellings are compared."""
    return name.lower().replace("_", "")


@cache
def _definitions(kind: str) -> dict[str, tuple[str, str]]:
    """Returns exported name → (module, name there), of classes or of activation functions."""
    wants_class = kind != "activation"
    place = _KINDS[kind]
    return {
        name: found
        for name, found in keras_source.imported_names(f"keras.{place.module}").items()
        if name not in place.excluded | _EXPORTED_FUNCTIONS and name[0].isupper() == wants_class
    }


@cache
def _names(kind: str) -> dict[str, str]:
    """Returns exported name → the name to use: the definition's own where that is exported."""
    definitions = _definitions(kind)
    return {name: own if own in definitions else name for name, (_, own) in definitions.items()}


@cache
def _aliases(kind: str) -> dict[str, str]:
    """Returns Keras's other names, such as "mse" or "MaxPool2D", → the name to use."""
    names = _names(kind)
    by_plain_name = {plain_name(name): own for name, own in names.items()}
    table = keras_source.alias_table(f"keras.src.{_KINDS[kind].module}")
    found = {alias: by_plain_name.get(plain_name(target)) for alias, target in table.items()}
    return {
        **{name: own for name, own in names.items() if name != own},
        **{alias: own for alias, own in found.items() if own is not None},
    }


@cache
def _spellings(kind: str) -> dict[str, str]:
    """Returns plain spelling → the name to use."""
    aliases = {plain_name(alias): own for alias, own in _aliases(kind).items()}
    return {**aliases, **{plain_name(name): own for name, own in _names(kind).items()}}


@cache
def _card(kind: str, name: str) -> ComponentCard:
    module, own_name = _definitions(kind)[name]
    read = keras_source.function_signature if kind == "activation" else keras_source.class_signature
    signature = read(module, own_name)
    if signature is None:
        return ComponentCard(kind, name, (), (), None, True, "")
    return ComponentCard(
        kind,
        name,
        signature.arguments,
        signature.required,
        signature.arguments[0] if signature.arguments else None,
        signature.is_open,
        signature.doc,
        signature.defaults,
    )
