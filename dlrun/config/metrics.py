"""The list of metrics: `accuracy` stays a word, everything else is named and spelled out."""

# ruff: noqa: D102 (the methods of a check are described once, at `Check`)

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dlrun.catalog import snake_case
from dlrun.config import words
from dlrun.config.checks import Check
from dlrun.config.component import build_component, plain_component
from dlrun.config.components import read_component
from dlrun.config.reading import At, Reader

_TAKEN = ("loss", "epoch", "epoch_seconds", "learning_rate")


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
            if name in seen:
                message = f"the name {name!r} is taken by another metric; write {{name: …}} to it"
                reader.problem(spot, message)
            elif name in _TAKEN or name.startswith("val_"):
                reader.problem(spot, f"a metric cannot be named {name!r}; give another name")
            seen.add(name)
        return result

    def build(self, normal: Any) -> Any:
        if normal == "auto":
            return ()
        return tuple(item if isinstance(item, str) else build_component(item) for item in normal)

    def plain(self, built: Any) -> Any:
        return [plain_component(item) for item in built]

    def json_schema(self) -> dict[str, Any]:
        items = {"anyOf": [{"enum": ["accuracy", "acc"]}, {"$ref": "#/definitions/metric"}]}
        return {"anyOf": [{"const": "auto"}, {"type": "array", "items": items}]}


def metric_name(normal: Any) -> str:
    """Returns the name under which a metric's values are kept, from its normal form."""
    if not isinstance(normal, dict) or len(normal) != 1:
        return str(normal)
    ((class_name, arguments),) = normal.items()
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
    return {name: {**arguments, "name": metric_name(normal)}}
