"""Kinds of values that only configs have: parts of a split, the shape of a sample, options."""

# ruff: noqa: D102 (the methods of a check are described once, at `Check`)

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dlrun.config.checks import Check, Number, Whole
from dlrun.config.reading import At, Reader


@dataclass(frozen=True)
class Part(Check):
    """A part of a split: a share, `official` (the official test rows), `none`, or `auto`."""

    wanted: str = "a share from 0 to 1 such as 0.15, 'official', 'none' or 'auto'"

    def accepts(self, value: Any) -> bool:
        if isinstance(value, str) or value is None:
            return value in ("official", "auto", "none", None)
        return Number(fits=lambda share: 0 <= share <= 1).accepts(value)

    def normal(self, value: Any) -> Any:
        return "none" if value in (None, 0) else value

    def build(self, normal: Any) -> Any:
        return None if normal == "none" else normal

    def plain(self, built: Any) -> Any:
        return "none" if built is None else built

    def json_schema(self) -> dict[str, Any]:
        share = {"type": "number", "minimum": 0, "maximum": 1}
        return {"anyOf": [share, {"enum": ["official", "none", "auto", None]}]}


@dataclass(frozen=True)
class TrainPart(Check):
    """The share that trains, or `auto`: what the other parts leave."""

    wanted: str = "a share above 0 up to 1 such as 0.7, or 'auto'"

    def accepts(self, value: Any) -> bool:
        return value == "auto" or Number(fits=lambda share: 0 < share <= 1).accepts(value)

    def build(self, normal: Any) -> Any:
        return None if normal == "auto" else normal

    def plain(self, built: Any) -> Any:
        return "auto" if built is None else built

    def json_schema(self) -> dict[str, Any]:
        share = {"type": "number", "exclusiveMinimum": 0, "maximum": 1}
        return {"anyOf": [share, {"const": "auto"}]}


@dataclass(frozen=True)
class Shape(Check):
    """The shape of one sample, or `auto`; a single number is a vector's length."""

    wanted: str = "a list of whole numbers, 1 or more, such as [28, 28], or 'auto'"

    def accepts(self, value: Any) -> bool:
        sizes = value if isinstance(value, list | tuple) else [value]
        return value == "auto" or (
            len(sizes) > 0 and all(Whole(low=1).accepts(size) for size in sizes)
        )

    def normal(self, value: Any) -> Any:
        return [value] if isinstance(value, int) else value

    def build(self, normal: Any) -> Any:
        return None if normal == "auto" else tuple(normal)

    def plain(self, built: Any) -> Any:
        return "auto" if built is None else list(built)

    def json_schema(self) -> dict[str, Any]:
        size = {"type": "integer", "minimum": 1}
        return {"anyOf": [{"const": "auto"}, size, {"type": "array", "items": size, "minItems": 1}]}


@dataclass(frozen=True)
class OrNone(Check):
    """A value of some kind, or `none`; made by `or_none`.

    Attributes:
        kind: The check of the value.
    """

    wanted: str = "a value, or 'none'"
    kind: Check = field(default_factory=Check)

    def accepts(self, value: Any) -> bool:
        return value in (None, "none") or self.kind.accepts(value)

    def normal(self, value: Any) -> Any:
        return "none" if value is None else value

    def build(self, normal: Any) -> Any:
        return None if normal == "none" else normal

    def plain(self, built: Any) -> Any:
        return "none" if built is None else built

    def json_schema(self) -> dict[str, Any]:
        return {"anyOf": [self.kind.json_schema(), {"enum": ["none", None]}]}


def or_none(kind: Check) -> OrNone:
    """Returns the check for a value of this kind, or `none`."""
    return OrNone(f"{kind.wanted}, or 'none'", kind)


@dataclass(frozen=True)
class Target(Check):
    """Metrics with the value that would be enough, or `none`."""

    wanted: str = "metrics with a number each, such as {val_accuracy: 0.8}, or 'none'"

    def accepts(self, value: Any) -> bool:
        if not isinstance(value, dict):
            return value in (None, "none")
        are_names = all(isinstance(name, str) for name in value)
        return len(value) > 0 and are_names and all(map(Number().accepts, value.values()))

    def normal(self, value: Any) -> Any:
        return "none" if value is None else value

    def read(self, value: Any, at: At, reader: Reader) -> Any:
        for name in value if isinstance(value, dict) else ():
            reader.visit(at.child(name))
        return super().read(value, at, reader)

    def build(self, normal: Any) -> Any:
        return None if normal == "none" else normal

    def plain(self, built: Any) -> Any:
        return "none" if built is None else dict(built)

    def json_schema(self) -> dict[str, Any]:
        values = {"type": "object", "additionalProperties": {"type": "number"}, "minProperties": 1}
        return {"anyOf": [values, {"enum": ["none", None]}]}


@dataclass(frozen=True)
class Options(Check):
    """A mapping with keys of its own, such as a data set's options."""

    wanted: str = "keys with values"

    def accepts(self, value: Any) -> bool:
        return value is None or isinstance(value, dict)

    def normal(self, value: Any) -> Any:
        return dict(value or {})

    def read(self, value: Any, at: At, reader: Reader) -> Any:
        for name in value if isinstance(value, dict) else ():
            reader.visit(at.child(name))
        return super().read(value, at, reader)

    def json_schema(self) -> dict[str, Any]:
        return {"type": ["object", "null"]}
