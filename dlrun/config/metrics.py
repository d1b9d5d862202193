"""The list of metrics: `accuracy` stays a word, everything else is named and spelled out."""

# ruff: noqa: D102 (the methods of a check are described once, at `Check`)

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from dlrun.catalog import find_component, snake_case
from dlrun.columns import NOT_METRICS, metric_of
from dlrun.config import words
from dlrun.config.checks import Check
from dlrun.config.component import build_component, plain_component
from dlrun.config.components import read_component
from dlrun.config.reading import At, Reader

_TAKEN = ("loss", *NOT_METRICS)
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}"


@dataclass(frozen=True)
class Metrics(Check):
    """`auto`, or a list of metrics, each with a name of its own.

    `accuracy` (or `acc`) means what Keras means by the word in `compile`: the accuracy that
    fits the loss, not the class `Accuracy`.
    """

    wanted: str = "a list of metrics, such as [accuracy], or 'auto'"

    def read(self, value: Any, at: At, reader: Reader) -> Any:
        if value == "auto":
            return value
        if not isinstance(value, list):
            reader.problem(at, words.wrong_value(self.wanted, value))
            return value
        result: list[Any] = []
        seen: set[str] = set()
        for index, item in enumerate(value):
            spot = at.child(index)
            reader.visit(spot)
            result.append(_read_metric(item, spot, reader))
            name = metric_name(result[-1])
            if name is None:
                continue
            if name.lower() in seen:  # plots are named by metrics, in any case of their letters
                message = f"the name {name!r} is taken by another metric; write {{name: …}} to it"
                reader.problem(spot, message)
            elif name in _TAKEN or metric_of(name) != name:
                reader.problem(spot, f"a metric cannot be named {name!r}; give another name")
            elif re.fullmatch(_NAME, name) is None:
                message = f"a metric's name must be letters, digits, _ and -, received {name!r}"
                reader.problem(spot, message)
            seen.add(name.lower())
        return result

    def build(self, normal: Any) -> Any:
        if normal == "auto":
            return normal
        return tuple(item if isinstance(item, str) else build_component(item) for item in normal)

    def plain(self, built: Any) -> Any:
        return built if built == "auto" else [plain_component(item) for item in built]

    def json_schema(self) -> dict[str, Any]:
        items = {"anyOf": [{"enum": ["accuracy", "acc"]}, {"$ref": "#/definitions/metric"}]}
        return {"anyOf": [{"const": "auto"}, {"type": "array", "items": items}]}


def metric_name(normal: Any) -> str | None:
    """Returns the name under which a metric's values are kept, from its normal form.

    None where it is the user's own: that may be a class or a function, named as it likes.
    """
    if not isinstance(normal, dict) or len(normal) != 1:
        return str(normal)
    ((class_name, arguments),) = normal.items()
    if find_component("metric", str(class_name)) is None:
        return None
    given = arguments.get("name") if isinstance(arguments, dict) else None
    return str(given if given is not None else snake_case(str(class_name)))


def _read_metric(item: Any, at: At, reader: Reader) -> Any:
    if isinstance(item, str) and item.lower() in ("accuracy", "acc"):
        return "accuracy"
    num_problems = len(reader.problems)
    normal = read_component("metric", item, at, reader)
    if len(reader.problems) > num_problems or not isinstance(normal, dict):
        return normal
    ((name, arguments),) = normal.items()
    if name == "Accuracy":
        message = "Keras's class Accuracy compares labels for equality; write accuracy, the word"
        reader.problem(at, message)
    kept_name = metric_name(normal)
    return normal if kept_name is None else {name: {**arguments, "name": kept_name}}
