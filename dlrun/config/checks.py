"""The kinds of values that a key can hold: what is accepted, its normal form, its JSON Schema.

A check reads a value from a file: it returns the normal form, plain data that a check reads
again to the same, and notes what is wrong with the reader. `build` makes of the normal form
what a `Config` holds.
"""

# ruff: noqa: D102 (the methods are described once, at `Check`)

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dlrun.config.reading import At, Reader
from dlrun.config.words import listed, wrong_value


@dataclass(frozen=True)
class Check:
    """A kind of value; this one lets everything through.

    Attributes:
        wanted: Words that follow "must be" in a problem.
    """

    wanted: str = "anything"

    def accepts(self, value: Any) -> bool:
        """Returns whether the value, as YAML gives it, is of this kind."""
        return value is value

    def read(self, value: Any, at: At, reader: Reader) -> Any:
        """Returns the value's normal form; notes a problem and returns it as it is if wrong."""
        if not self.accepts(value):
            reader.problem(at, wrong_value(self.wanted, value))
            return value
        return self.normal(value)

    def normal(self, value: Any) -> Any:
        """Returns the normal form of a value that is accepted."""
        return value

    def build(self, normal: Any) -> Any:
        """Returns what a `Config` holds for a normal form."""
        return normal

    def plain(self, built: Any) -> Any:
        """Returns the normal form of what a `Config` holds: the way back from `build`."""
        return built

    def json_schema(self) -> dict[str, Any]:
        """Returns the JSON Schema of what is accepted."""
        return {}


@dataclass(frozen=True)
class Text(Check):
    """A string, matching `pattern` whole if there is one."""

    wanted: str = "text"
    pattern: str | None = None

    def accepts(self, value: Any) -> bool:
        return isinstance(value, str) and (
            self.pattern is None or re.fullmatch(self.pattern, value) is not None
        )

    def read(self, value: Any, at: At, reader: Reader) -> Any:
        if isinstance(value, int | float) and self.accepts(json.dumps(value)):
            hint = f"put it in quotes, {json.dumps(value)!r}"
            reader.problem(at, wrong_value(self.wanted, value, hint))
            return value
        return super().read(value, at, reader)

    def json_schema(self) -> dict[str, Any]:
        pattern = {"pattern": f"^(?:{self.pattern})$"} if self.pattern is not None else {}
        return {"type": "string", **pattern}


@dataclass(frozen=True)
class Whole(Check):
    """A whole number from `low` to `high`, both included; never true or false."""

    wanted: str = "a whole number"
    low: int = 0
    high: int | None = None

    def accepts(self, value: Any) -> bool:
        return (
            isinstance(value, int)
            and not isinstance(value, bool)
            and value >= self.low
            and (self.high is None or value <= self.high)
        )

    def json_schema(self) -> dict[str, Any]:
        most = {"maximum": self.high} if self.high is not None else {}
        return {"type": "integer", "minimum": self.low, **most}


@dataclass(frozen=True)
class Number(Check):
    """A finite number for which `fits` holds."""

    wanted: str = "a number"
    fits: Callable[[float], bool] = math.isfinite
    bounds: Mapping[str, float] = field(default_factory=dict)

    def accepts(self, value: Any) -> bool:
        return (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and abs(value) <= sys.float_info.max  # neither NaN nor infinite
            and self.fits(value)
        )

    def json_schema(self) -> dict[str, Any]:
        return {"type": "number", **self.bounds}


@dataclass(frozen=True)
class Flag(Check):
    """True or false."""

    wanted: str = "true or false"

    def accepts(self, value: Any) -> bool:
        return isinstance(value, bool)

    def json_schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Word(Check):
    """One of a few words; where `none` is one of them, YAML's null is read as it."""

    words: tuple[str, ...] = ()

    def accepts(self, value: Any) -> bool:
        return value in self.words if isinstance(value, str) else self._is_null(value)

    def normal(self, value: Any) -> Any:
        return "none" if value is None else value

    def json_schema(self) -> dict[str, Any]:
        null: list[str | None] = [None] if "none" in self.words else []
        return {"enum": [*self.words, *null]}

    def _is_null(self, value: Any) -> bool:
        return value is None and "none" in self.words


def word(*words: str) -> Word:
    """Returns the check for one of these words."""
    return Word(listed([repr(word) for word in words]), words)


@dataclass(frozen=True)
class Null(Check):
    """YAML's null: nothing given."""

    wanted: str = "null"

    def accepts(self, value: Any) -> bool:
        return value is None

    def json_schema(self) -> dict[str, Any]:
        return {"type": "null"}


@dataclass(frozen=True)
class Either(Check):
    """A value of one of several kinds."""

    options: tuple[Check, ...] = ()

    def accepts(self, value: Any) -> bool:
        return any(option.accepts(value) for option in self.options)

    def normal(self, value: Any) -> Any:
        return next(option for option in self.options if option.accepts(value)).normal(value)

    def build(self, normal: Any) -> Any:
        return next(option for option in self.options if option.accepts(normal)).build(normal)

    def json_schema(self) -> dict[str, Any]:
        return {"anyOf": [option.json_schema() for option in self.options]}


def either(*options: Check) -> Either:
    """Returns the check for a value of any of these kinds."""
    return Either(", or ".join(option.wanted for option in options), options)


@dataclass(frozen=True)
class ListOf(Check):
    """A list whose items are of one kind."""

    wanted: str = "a list"
    item: Check = field(default_factory=Check)
    min_items: int = 0

    def read(self, value: Any, at: At, reader: Reader) -> Any:
        if not isinstance(value, list | tuple) or len(value) < self.min_items:
            reader.problem(at, wrong_value(self.wanted, value))
            return value
        for index in range(len(value)):
            reader.visit(at.child(index))
        return [self.item.read(item, at.child(index), reader) for index, item in enumerate(value)]

    def accepts(self, value: Any) -> bool:
        return (
            isinstance(value, list | tuple)
            and len(value) >= self.min_items
            and all(self.item.accepts(item) for item in value)
        )

    def normal(self, value: Any) -> Any:
        return [self.item.normal(item) for item in value]

    def build(self, normal: Any) -> Any:
        return tuple(self.item.build(item) for item in normal)

    def plain(self, built: Any) -> Any:
        return [self.item.plain(item) for item in built]

    def json_schema(self) -> dict[str, Any]:
        least = {"minItems": self.min_items} if self.min_items else {}
        return {"type": "array", "items": self.item.json_schema(), **least}
