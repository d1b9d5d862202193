"""A Keras component in a config: its name and its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlrun.catalog import argument_kind

_FLOATS = {
    "optimizer": ("learning_rate", "momentum", "rho"),
    "schedule": ("initial_learning_rate", "values"),
}
"""Arguments that Keras takes no whole numbers for, or computes a schedule of whole rates from."""


@dataclass(frozen=True)
class Component:
    """A Keras component by its own name, with the arguments given to it.

    Attributes:
        name: Keras's name (`Dense`, `SGD`; of activations `relu`), or the user's own.
        arguments: By keyword; values are plain data or components in their turn.
    """

    name: str
    arguments: Mapping[str, Any]


def build_component(normal: Any) -> Component:
    """Makes the component of a normal form, those in its arguments too."""
    ((name, arguments),) = normal.items()
    return Component(name, {key: _build_argument(key, item) for key, item in arguments.items()})


def plain_component(value: Any) -> Any:
    """Returns the normal form of a component, or of a value in its arguments."""
    if isinstance(value, Component):
        return {value.name: {key: plain_component(item) for key, item in value.arguments.items()}}
    return [plain_component(item) for item in value] if isinstance(value, list | tuple) else value


def _build_argument(name: str, value: Any) -> Any:
    if argument_kind(name) is None:
        return value
    if isinstance(value, list):
        return tuple(_build_argument(name, item) for item in value)
    return build_component(value) if is_normal(value) else value


def keras_value(kind: str, name: str, value: Any) -> Any:
    """Returns an argument's value as Keras takes it: `learning_rate: 1` means 1.0."""
    if name not in _FLOATS.get(kind, ()):
        return value
    if isinstance(value, list | tuple):
        return [keras_value(kind, name, item) for item in value]
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return float(value) if is_whole else value


def is_normal(value: Any) -> bool:
    """Returns whether a value is `{Name: {argument: value}}`."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    ((name, arguments),) = value.items()
    has_arguments = isinstance(arguments, dict) and all(isinstance(key, str) for key in arguments)
    return isinstance(name, str) and has_arguments
