"""Cards of what there is, without loading it: Keras's components, the built-in data sets."""

from __future__ import annotations

from dlrun.catalog.components import (
    KINDS,
    WRITERS,
    ComponentCard,
    argument_kind,
    component_names,
    component_spellings,
    find_component,
    snake_case,
)

__all__ = [
    "KINDS",
    "WRITERS",
    "ComponentCard",
    "argument_kind",
    "component_names",
    "component_spellings",
    "find_component",
    "snake_case",
]
