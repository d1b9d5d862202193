"""From a component's name and arguments to the Keras object it stands for.

Names are Keras's own, then those that the config's `imports` registered with Keras.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from dlrun.backend import keras
from dlrun.catalog import argument_kind
from dlrun.config import Component
from dlrun.config.component import keras_value
from dlrun.errors import ModelError, did_you_mean

_NAMESPACES: Mapping[str, Any] = {
    "layer": keras.layers,
    "loss": keras.losses,
    "metric": keras.metrics,
    "optimizer": keras.optimizers,
    "schedule": keras.optimizers.schedules,
    "regularizer": keras.regularizers,
    "initializer": keras.initializers,
    "constraint": keras.constraints,
    "callback": keras.callbacks,
}


def instantiate(kind: str, component: Component, place: Callable[[], str]) -> Any:
    """Makes the Keras object that a component names, its arguments made first.

    Args:
        kind: "layer", "loss", "optimizer", …, one of `catalog.KINDS`.
        component: Name and arguments in normal form.
        place: Called without arguments for the words that name the place in messages.

    Raises:
        ModelError: nothing of that name is known, or Keras refused its arguments.
    """
    arguments = {
        name: _make_argument(argument_kind(name) or "layer", value, place)
        for name, value in component.arguments.items()
    }
    arguments = {name: keras_value(kind, name, value) for name, value in arguments.items()}
    if kind == "activation" and not arguments and hasattr(keras.activations, component.name):
        return getattr(keras.activations, component.name)
    maker = _find(kind, component.name, place)
    if not isinstance(maker, type) and not arguments:
        return maker  # a function of the user's own, which Keras takes as it is
    try:
        return maker(**arguments)
    except Exception as error:  # a constructor may raise anything; all of it is the user's to mend
        raise ModelError(
            f"{place()}: {component.name} refused its arguments {_show(arguments)}: "
            f"{first_sentence(error)}"
        ) from error


def _make_argument(kind: str, value: Any, place: Callable[[], str]) -> Any:
    if isinstance(value, Component):
        return instantiate(kind, value, place)
    if isinstance(value, list | tuple):
        return [_make_argument(kind, item, place) for item in value]
    return value


def _find(kind: str, name: str, place: Callable[[], str]) -> Any:
    # An activation with arguments is Keras's layer of that name (LeakyReLU, ELU, …).
    namespace = _NAMESPACES.get(kind, keras.layers)
    if isinstance(found := getattr(namespace, name, None), type):
        return found
    registered = keras.saving.get_custom_objects()
    for full_name, thing in registered.items():
        if name in (full_name, full_name.rpartition(">")[2]):
            return thing
    known = [n for n in dir(namespace) if isinstance(getattr(namespace, n), type)]
    known += [full_name.rpartition(">")[2] for full_name in registered]
    raise ModelError(
        f"{place()}: unknown {kind} {name!r}{did_you_mean(name, known)}; neither Keras nor the "
        "modules named in `imports` have it (register yours with "
        "keras.saving.register_keras_serializable)"
    )


def first_sentence(error: Exception) -> str:
    """Returns the first paragraph of Keras's message on one line."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip() or type(error).__name__
    paragraphs = [re.sub(r"\s+", " ", part).strip() for part in text.split("\n\n")]
    preambles = ("Exception encountered when calling", "Error when deserializing")
    if len(paragraphs) > 1 and paragraphs[0].startswith(preambles):
        paragraphs = paragraphs[1:]  # the reason comes after it
    return paragraphs[0].removeprefix("Exception encountered: ")[:300].removesuffix(".")


def _show(arguments: Mapping[str, Any]) -> str:
    shown = {k: v for k, v in arguments.items() if k != "name"}
    return "{" + ", ".join(f"{k}: {v!r}" for k, v in shown.items()) + "}"
