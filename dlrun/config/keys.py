"""Keys of a section: each is a dataclass field whose metadata hold check, default and doc line.

Parsing, defaults, error words and the JSON Schema all follow from this metadata, so that a key
is written down once.
"""

# ruff: noqa: D102 (the methods of a check are described once, at `Check`)

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from dlrun.config import words
from dlrun.config.checks import Check
from dlrun.config.reading import At, Reader

REQUIRED: Any = object()
"""Stands for the default of a key that must be given."""


@dataclass(frozen=True)
class Key:
    """What a key holds.

    Attributes:
        name: The key, and the dataclass field.
        check: What is accepted.
        default: As a file would give it; `REQUIRED` without one.
        doc: One line for the README, the JSON Schema and "is missing" problems.
    """

    name: str
    check: Check
    default: Any
    doc: str


def key(check: Check, doc: str, default: Any = REQUIRED, *, compare: bool = True) -> Any:
    """Returns the dataclass field of a key; `compare` is whether it counts for equality."""
    metadata = {"check": check, "doc": doc, "default": default}
    if default is REQUIRED:
        return field(metadata=metadata, compare=compare)
    return field(
        default_factory=lambda: built_default(check, default), metadata=metadata, compare=compare
    )


def built_default(check: Check, default: Any) -> Any:
    """Returns what a `Config` holds for a default as a file would give it."""
    return check.build(check.read(default, At(), Reader({})))


def keys_of(section: type) -> tuple[Key, ...]:
    """Returns the keys of a section's dataclass, in order."""
    return tuple(
        Key(f.name, f.metadata["check"], f.metadata["default"], f.metadata["doc"])
        for f in dataclasses.fields(section)
        if "check" in f.metadata
    )


@dataclass(frozen=True)
class Section(Check):
    """A mapping with the keys of a dataclass.

    Attributes:
        of: The dataclass.
        short: The key that a plain value stands for: `dataset: mnist` means its `name`.
    """

    wanted: str = "a section of keys"
    of: type = object
    short: str | None = None

    def read(self, value: Any, at: At, reader: Reader) -> Any:
        if isinstance(value, str) and self.short is not None:
            reader.places.setdefault((*at.key, self.short), reader.places.get(at.key, (1, 1)))
            return self._read_keys({self.short: value}, At(at.key, at.raw), reader)
        if not isinstance(value, dict):
            reader.problem(at, words.wrong_value(f"{self.wanted} ({self._names()})", value))
            return value
        return self._read_keys(value, at, reader)

    def _read_keys(self, value: dict[Any, Any], at: At, reader: Reader) -> dict[str, Any]:
        keys = {found.name: found for found in keys_of(self.of)}
        unknown = [name for name in value if name not in keys]
        for name in unknown:
            reader.visit(at.child(name))
            reader.problem(at.child(name), words.unknown_key(name, list(keys), reader.all_keys))
        result: dict[str, Any] = {}
        for name, found in keys.items():
            if name in value:
                reader.visit(at.child(name))
                result[name] = found.check.read(value[name], at.child(name), reader)
            elif found.default is not REQUIRED:
                result[name] = found.check.read(found.default, at.child(name), reader)
            elif not any(words.means(wrong, name, list(keys)) for wrong in unknown):
                reader.problem(at.child(name), words.missing(found.doc))
        return {**result, **{name: item for name, item in value.items() if name not in keys}}

    def accepts(self, value: Any) -> bool:
        return isinstance(value, dict)

    def build(self, normal: Any) -> Any:
        return self.of(
            **{found.name: found.check.build(normal[found.name]) for found in keys_of(self.of)}
        )

    def plain(self, built: Any) -> Any:
        return plain_section(built)

    def json_schema(self) -> dict[str, Any]:
        keys = keys_of(self.of)
        schema = {
            "type": "object",
            "properties": {found.name: _described(found) for found in keys},
            "required": [found.name for found in keys if found.default is REQUIRED],
            "additionalProperties": False,
        }
        if self.short is None:
            return schema
        short = next(found for found in keys if found.name == self.short)
        return {"anyOf": [short.check.json_schema(), schema]}

    def _names(self) -> str:
        return ", ".join(found.name for found in keys_of(self.of))


def plain_section(built: Any) -> dict[str, Any]:
    """Returns the normal form of a section's dataclass."""
    return {
        found.name: found.check.plain(getattr(built, found.name)) for found in keys_of(type(built))
    }


def _described(found: Key) -> dict[str, Any]:
    default = {} if found.default is REQUIRED else {"default": found.default}
    return {"description": found.doc, **default, **found.check.json_schema()}
