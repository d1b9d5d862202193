"""The JSON Schema of a config, by which editors complete and check the YAML.

Sections come from the key table in `schema`, components from the catalog. The schema is for
typing: what depends on several keys at once is told by `dlrun check` only.
"""

from __future__ import annotations

from typing import Any

from dlrun.catalog import (
    KINDS,
    ComponentCard,
    argument_kind,
    component_names,
    component_spellings,
    find_component,
)
from dlrun.catalog.datasets import CARDS
from dlrun.config.arguments import argument_check
from dlrun.config.components import ACTIVATION_LAYERS
from dlrun.config.keys import Section
from dlrun.config.refused import REFUSED
from dlrun.config.schema import Config, ModelOnly

_OWN_NAME = r"^[^>]+>[^>]+$"
"""Keras's form for a user's registered classes, `package>Name`."""


def json_schema() -> dict[str, Any]:
    """Returns the JSON Schema (draft 7) of a config, whole or with only `name` and `model`."""
    whole = Section(of=Config).json_schema()
    model_only = Section(of=ModelOnly).json_schema()
    dataset = whole["properties"]["dataset"]
    dataset["anyOf"][0] = {"anyOf": [{"enum": sorted(CARDS)}, dataset["anyOf"][0]]}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "dlrun config",
        "type": "object",
        "properties": whole["properties"],
        "additionalProperties": False,
        "anyOf": [
            {"required": whole["required"]},
            {
                "required": model_only["required"],
                "propertyNames": {"enum": list(model_only["properties"])},
            },
        ],
        "definitions": _definitions(),
    }


def _definitions() -> dict[str, Any]:
    result: dict[str, Any] = {"layers": _layers()}
    for kind in KINDS:
        result[kind] = _kind(kind)
        for name in component_names(kind):
            card = find_component(kind, name)
            if card is not None:
                result[f"{kind}.{name}"] = _arguments(card)
    return result


def _layers() -> dict[str, Any]:
    layers = {"$ref": "#/definitions/layers"}
    repeat = {
        "type": "object",
        "description": "a block of layers, several times one after another",
        "properties": {"repeat": {"type": "integer", "minimum": 1}, "layers": layers},
        "required": ["repeat", "layers"],
        "additionalProperties": False,
    }
    items = {"anyOf": [{"$ref": "#/definitions/layer"}, repeat]}
    return {"type": "array", "items": items, "minItems": 1}


def _kind(kind: str) -> dict[str, Any]:
    """Returns the schema of a component: its name, or its name with arguments."""
    owners = {
        spelling: f"{kind}.{name}"
        for spelling, name in component_spellings(kind).items()
        if name not in REFUSED
    }
    if kind == "activation":
        owners |= {name: f"layer.{name}" for name in ACTIVATION_LAYERS if name != "Activation"}
    properties = {
        spelling: {"$ref": f"#/definitions/{owner}"} for spelling, owner in owners.items()
    }
    with_arguments = {
        "type": "object",
        "properties": properties,
        "patternProperties": {_OWN_NAME: {}},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    by_name = [{"enum": list(owners)}, {"type": "string", "pattern": _OWN_NAME}]
    return {"anyOf": [*by_name, with_arguments]}


def _arguments(card: ComponentCard) -> dict[str, Any]:
    """Returns the schema of what follows a component's name."""
    properties = {name: _argument(card, name) for name in card.arguments}
    accepted: list[dict[str, Any]] = [
        {
            "type": "object",
            "properties": properties,
            "additionalProperties": card.accepts_any,
            "required": list(card.required),
        }
    ]
    first = card.first_argument
    if first is not None and len(card.required) <= 1:
        accepted.append({"allOf": [_argument(card, first), {"not": {"type": "null"}}]})
    if not card.required:
        accepted.append({"type": "null"})
    return {"description": card.doc, "anyOf": accepted}


def _argument(card: ComponentCard, name: str) -> dict[str, Any]:
    kind = argument_kind(name)
    plain = argument_check(card, name).json_schema()
    if kind is None:
        may_be_null = name not in card.required and card.defaults.get(name) is None
        return {"anyOf": [plain, {"type": "null"}]} if plain and may_be_null else plain
    one = {"$ref": f"#/definitions/{kind}"}
    if kind == "schedule":
        return {"anyOf": [plain, one]}
    return {"anyOf": [one, {"type": "array", "items": one}, {"enum": ["none", None]}]}
