"""Python source of a config's components, in the form that `ruff format` leaves alone."""

from __future__ import annotations

import json
import keyword
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dlrun.catalog import argument_kind, find_component
from dlrun.config import Component
from dlrun.config.component import keras_value
from dlrun.errors import ExportError

WIDTH = 88
"""Of a line: the default of formatters."""


@dataclass(frozen=True)
class Call:
    """A call, or with an empty name a list: arguments by keyword, or without.

    Attributes:
        name: What is called.
        arguments: Pairs of keyword, empty for none, and expression.
    """

    name: str
    arguments: Sequence[tuple[str, Expression]]


Expression = Call | str
"""A call, or source as it is."""

FindOwn = Callable[[str], tuple[str, bool]]
"""From the name of a user's own component to its source, and whether it is a class."""

_MODULES = {
    "layer": "layers",
    "loss": "losses",
    "metric": "metrics",
    "optimizer": "optimizers",
    "schedule": "optimizers.schedules",
    "regularizer": "regularizers",
    "initializer": "initializers",
    "constraint": "constraints",
    "callback": "callbacks",
    "activation": "layers",  # with arguments an activation is the layer of that name
}


def listed(items: Sequence[Expression]) -> Call:
    """Returns a list of expressions."""
    return Call("", [("", item) for item in items])


def component_source(kind: str, component: Component, own: FindOwn) -> Expression:
    """Returns the call that makes a component, its arguments by keyword.

    Args:
        kind: "layer", "loss", …, one of `catalog.KINDS`.
        component: Name and arguments in normal form.
        own: Asked for what Keras does not have.

    Raises:
        ExportError: an argument cannot be written.
    """
    name, is_class = component.name, True
    if kind == "activation" and not component.arguments and _is_keras(kind, name):
        return literal(name)
    source = f"keras.{_MODULES[kind]}.{name}"
    if not _is_keras("layer" if kind == "activation" else kind, name):
        source, is_class = own(name)
    if not is_class and not component.arguments:
        return source
    for key in component.arguments:
        if not key.isidentifier() or keyword.iskeyword(key):
            raise ExportError(f"{name}: {key!r} is no name that Python takes for an argument")
    arguments = [
        (key, _argument(kind, key, value, own)) for key, value in component.arguments.items()
    ]
    return Call(source, arguments)


def _is_keras(kind: str, name: str) -> bool:
    card = find_component(kind, name)
    return card is not None and card.name == name


def _argument(kind: str, key: str, value: Any, own: FindOwn) -> Expression:
    if isinstance(value, Component):
        return component_source(argument_kind(key) or "layer", value, own)
    value = keras_value(kind, key, value)
    if isinstance(value, list | tuple):
        return listed([_argument(kind, key, item, own) for item in value])
    return literal(value)


def literal(value: Any) -> str:
    """Returns plain data as source: strings in double quotes, everything else as Python has it."""
    if isinstance(value, str):
        return repr(value) if '"' in value else json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{literal(k)}: {literal(v)}" for k, v in value.items()) + "}"
    if (isinstance(value, float) and value != value) or value in (float("inf"), -float("inf")):
        return f'float("{value}")'
    return repr(value)


def render(expression: Expression, indent: int = 0, taken: int = 0) -> str:
    """Returns the source, on one line where it fits, else an argument a line.

    Args:
        expression: To write.
        indent: Of the line that it begins on.
        taken: Characters of that line before it and after it, the indent apart.
    """
    line = _one_line(expression)
    if isinstance(expression, str) or indent + taken + len(line) <= WIDTH:
        return line
    inner, is_list = indent + 4, not expression.name
    lines = [expression.name + ("[" if is_list else "(")]
    for key, argument in expression.arguments:
        before = f"{key}=" if key else ""
        text = render(argument, inner, len(before) + 1)
        is_only = len(expression.arguments) == 1 and "\n" in text and not is_list
        lines.append(" " * inner + before + text + ("" if is_only else ","))
    return "\n".join([*lines, " " * indent + ("]" if is_list else ")")])


def _one_line(expression: Expression) -> str:
    if isinstance(expression, str):
        return expression
    inside = ", ".join(
        (f"{key}=" if key else "") + _one_line(argument) for key, argument in expression.arguments
    )
    return f"{expression.name}({inside})" if expression.name else f"[{inside}]"
