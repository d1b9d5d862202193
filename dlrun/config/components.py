"""Keras components in a config: any spelling in, `{Name: {argument: value}}` out.

Names and arguments are looked up in the catalog, so nothing here imports Keras. Components
inside components (`kernel_regularizer: l2`, `learning_rate: {ExponentialDecay: …}`,
`Bidirectional: {layer: {LSTM: 8}}`) are treated alike, at any depth.
"""

# ruff: noqa: D102 (the methods of a check are described once, at `Check`)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dlrun.catalog import (
    KINDS,
    ComponentCard,
    argument_kind,
    component_names,
    find_component,
    snake_case,
)
from dlrun.config import words
from dlrun.config.arguments import check_argument
from dlrun.config.checks import Check
from dlrun.config.component import build_component, is_normal, plain_component
from dlrun.config.reading import At, Reader
from dlrun.config.refused import REFUSED, unlearned_message

ACTIVATION_LAYERS = ("Activation", "ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax")

_LAYER_OF_FUNCTION = {"elu": "ELU", "leaky_relu": "LeakyReLU", "relu": "ReLU", "softmax": "Softmax"}


@dataclass(frozen=True)
class ComponentCheck(Check):
    """A component of one kind; `none` stands for no component where `optional`."""

    kind: str = "layer"
    optional: bool = False

    def read(self, value: Any, at: At, reader: Reader) -> Any:
        if self.optional and value in (None, "none"):
            return "none"
        return read_component(self.kind, value, at, reader)

    def accepts(self, value: Any) -> bool:
        return isinstance(value, str | dict) or (self.optional and value is None)

    def build(self, normal: Any) -> Any:
        return None if normal == "none" else build_component(normal)

    def plain(self, built: Any) -> Any:
        return "none" if built is None else plain_component(built)

    def json_schema(self) -> dict[str, Any]:
        own = {"$ref": f"#/definitions/{self.kind}"}
        return {"anyOf": [{"enum": ["none", None]}, own]} if self.optional else own


def component(kind: str, *, optional: bool = False) -> ComponentCheck:
    """Returns the check for a component of this kind."""
    return ComponentCheck(f"{_article(kind)}, by name or with arguments", kind, optional)


def read_component(kind: str, value: Any, at: At, reader: Reader) -> Any:
    """Returns a component's normal form; notes what is wrong with name and arguments."""
    named = _name_and_arguments(kind, value, at, reader)
    if named is None:
        return value
    name, given = named
    card = _find_card(kind, name, given)
    inner = at.within(name) if isinstance(value, dict) else at
    if card is None:
        return _read_own(kind, name, given, value, at, reader)
    if card.name in REFUSED:
        reader.problem(at, REFUSED[card.name])
        return value
    if card.kind == "activation" and given:
        message = f"{card.name} takes no arguments in a config, received {words.shown(given)}"
        reader.problem(inner, f"{message}; write your own in a module of imports")
        return value
    return {card.name: _read_arguments(card, given, inner, reader)}


def _read_own(kind: str, name: str, given: Any, value: Any, at: At, reader: Reader) -> Any:
    """Reads a component that Keras does not have, which may be the user's own."""
    if not reader.allow_own:
        reader.problem(at, _unknown(kind, name))
        return value
    normal = {name: {} if given is None else given}
    if is_normal(normal):
        return normal
    noun = KIND_WORDS.get(kind, kind)
    message = f"Keras has no {noun} {name!r}, and your own needs the names of its arguments"
    reader.problem(at, f"{message}; write {{{name}: {{argument: …}}}}")
    return value


def _name_and_arguments(kind: str, value: Any, at: At, reader: Reader) -> tuple[str, Any] | None:
    if isinstance(value, str):
        return value, None
    if isinstance(value, dict) and len(value) == 1:
        ((name, given),) = value.items()
        if isinstance(name, str):
            return name, given
    if isinstance(value, dict) and len(value) > 1:
        name, *more = map(str, value)
        what = _article(kind)
        example = f"{{{name}: {{…, {more[0]}: …}}}}"
        reader.problem(
            at,
            f"must be {what}: one name with its arguments below it, received the keys "
            f"{', '.join(map(repr, value))}; write {example}",
        )
    else:
        reader.problem(at, words.wrong_value(f"{_article(kind)}, by name", value))
    return None


def _find_card(kind: str, name: str, given: Any) -> ComponentCard | None:
    """Looks a name up; an activation with arguments, or spelled as a layer, is that layer."""
    if kind == "activation":
        layer = find_component("layer", _LAYER_OF_FUNCTION.get(name, name))
        function = find_component("activation", name)
        written_as_layer = layer is not None and layer.name == name and name != "Activation"
        if (
            layer is not None
            and layer.name in ACTIVATION_LAYERS
            and (given or (written_as_layer and name in ("LeakyReLU", "PReLU")) or function is None)
        ):
            return layer if layer.name != "Activation" else None
        return function
    return find_component(kind, name)


def _read_arguments(card: ComponentCard, given: Any, at: At, reader: Reader) -> dict[str, Any]:
    if given is None:
        given = {}
    elif not isinstance(given, dict) or _is_nested_first(card, given):
        if card.first_argument is None:
            reader.problem(at, f"{card.name} takes no arguments, received {words.shown(given)}")
            return {}
        spot = at.shortened(card.first_argument)
        reader.visit(spot)
        alone = {card.first_argument: given}
        result = {name: _read_argument(card, name, alone, spot, reader) for name in alone}
        _check_complete(card, result, at, reader)
        return result
    result = {}
    for name in given:
        reader.visit(at.child(name))
        result[name] = _read_argument(card, name, given, at.child(name), reader)
    _check_complete(card, result, at, reader)
    return result


def _is_nested_first(card: ComponentCard, given: Mapping[Any, Any]) -> bool:
    """Whether `Bidirectional: {LSTM: 8}` gives the first argument, a component itself."""
    first = card.first_argument
    kind = argument_kind(first) if first is not None else None
    if kind is None or len(given) != 1:
        return False
    name = str(next(iter(given)))
    return name not in card.arguments and find_component(kind, name) is not None


def _read_argument(
    card: ComponentCard, name: Any, given: Mapping[Any, Any], at: At, reader: Reader
) -> Any:
    value = given[name]
    if name not in card.arguments and not card.accepts_any:
        if card.kind == "layer" and name in ("input_shape", "input_dim", "batch_input_shape"):
            reader.problem(at, f"no argument of {card.name}; the shape goes to model.input_shape")
        else:
            reader.problem(at, words.unknown_argument(str(name), card.name, card.arguments))
        return value
    kind = argument_kind(name)
    if kind is None:
        wrong = check_argument(card, name, value, given)
        if wrong is not None:
            reader.problem(at, wrong)
        return value
    return _read_nested(card, kind, name, given, at, reader)


def _read_nested(
    card: ComponentCard, kind: str, name: str, given: Mapping[str, Any], at: At, reader: Reader
) -> Any:
    value = given[name]
    if kind == "activation" and value in (None, "none"):
        return {"linear": {}}
    if value is None:
        return None
    is_plain = not isinstance(value, str | dict) or (
        isinstance(value, str) and words.is_number(value)
    )
    if kind == "schedule" and is_plain:
        wrong = check_argument(card, name, value, given)
        if wrong is not None:
            reader.problem(at, wrong)
        return value
    if isinstance(value, list) and name in ("layers", "cell", "cells"):
        for index in range(len(value)):
            reader.visit(at.child(index))
        return [
            read_component(kind, item, at.child(index), reader) for index, item in enumerate(value)
        ]
    return read_component(kind, value, at, reader)


def _check_complete(card: ComponentCard, given: Mapping[str, Any], at: At, reader: Reader) -> None:
    _check_required(card, given, at, reader)
    unlearned = unlearned_message(card.kind, card.name, given)
    if unlearned is not None:
        reader.problem(at, unlearned)


def _check_required(card: ComponentCard, given: Mapping[str, Any], at: At, reader: Reader) -> None:
    lacking = [
        name
        for name in card.required
        if name not in given
        and not any(words.means(wrong, name, card.arguments) for wrong in given)
    ]
    if lacking:
        named = " and ".join(map(repr, lacking))
        reader.problem(at, f"{card.name} needs {named}; write {{{card.name}: {{{lacking[0]}: …}}}}")


def _unknown(kind: str, name: str) -> str:
    names = component_names(kind)
    if kind not in ("layer", "callback", "schedule", "activation") and name.islower():
        names = tuple(snake_case(known) for known in names)
    others = {found.kind: found.name for other in KINDS if (found := find_component(other, name))}
    exact = [other for other, own in others.items() if own == name]
    also = f"; that is {_article([*exact, *others][0])}" if others else ""
    return words.unknown_name(KIND_WORDS.get(kind, kind), name, names, also)


KIND_WORDS = {"schedule": "learning-rate schedule"}


def _article(kind: str) -> str:
    noun = KIND_WORDS.get(kind, kind)
    return f"an {noun}" if noun[0] in "aeio" else f"a {noun}"
