"""`training.class_weight`: what is accepted, which classes it names, and what is wrong with it."""

# ruff: noqa: D102 (the methods of a check are described once, at `Check`)

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from dlrun.config import words
from dlrun.config.checks import Check, Number
from dlrun.config.draft import Draft
from dlrun.config.findings import Findings
from dlrun.config.reading import At, Reader
from dlrun.errors import did_you_mean
from dlrun.files import KeyPath

ClassWeight = Literal["balanced"] | Mapping[int | str, float] | None
"""What a `Config` holds: None for `none`, else `balanced` or a number a class."""

PATH: KeyPath = ("training", "class_weight")

_WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")
_WEIGHT = Number(
    "a number, 0 or more (1e30 at most)",
    lambda weight: 0 <= weight <= 1e30,
    {"minimum": 0, "maximum": 1e30},
)


@dataclass(frozen=True)
class ClassWeights(Check):
    """`none`, `balanced`, or weights by class: a class's name or its label's number."""

    wanted: str = "'none', 'balanced', or a number a class such as {0: 1, 1: 3}"

    def accepts(self, value: Any) -> bool:
        if not isinstance(value, dict):
            return value is None or value in ("none", "balanced")
        return len(value) > 0 and all(_WEIGHT.accepts(weight) for weight in value.values())

    def read(self, value: Any, at: At, reader: Reader) -> Any:
        if not isinstance(value, dict) or not value:
            return super().read(value, at, reader)
        result: dict[int | str, Any] = {}
        for written, weight in value.items():
            name = written if isinstance(written, int) else str(written)
            inner = At((*at.key, _class_key(written)), (*at.raw, name))
            reader.visit(inner)
            result[_class_key(written)] = _WEIGHT.read(weight, inner, reader)
        return result

    def normal(self, value: Any) -> Any:
        return "none" if value is None else value

    def build(self, normal: Any) -> Any:
        return None if normal == "none" else normal

    def plain(self, built: Any) -> Any:
        return "none" if built is None else built

    def json_schema(self) -> dict[str, Any]:
        weights = {
            "type": "object",
            "additionalProperties": _WEIGHT.json_schema(),
            "minProperties": 1,
        }
        return {"anyOf": [{"enum": ["none", "balanced", None]}, weights]}


def _class_key(written: Any) -> int | str:
    """Returns a class's key in the normal form: JSON and config.yaml write 0 as '0', too."""
    text = str(written)
    return int(text) if _WHOLE.fullmatch(text) else text


def judge_class_weight(draft: Draft, found: Findings) -> None:
    """Judges class weights against what the card knows of the classes."""
    asked = draft.get("training", "class_weight")
    if asked in (None, "none") or draft.card is None:
        return
    if draft.task == "regression":
        found.error(PATH, no_classes(draft.card.name))
    elif isinstance(asked, dict) and draft.card.class_names:
        for path, message in weight_problems(asked, draft.card.class_names):
            found.error(path, message)


def no_classes(name: str) -> str:
    """Says that a data set has no classes to weigh."""
    return f"{name} has numbers to predict, and no classes to weigh; write none"


def weight_problems(
    weights: Mapping[Any, Any], class_names: Sequence[str]
) -> Iterator[tuple[KeyPath, str]]:
    """Yields what is wrong with the classes that are weighed: key path and message."""
    seen: dict[int, Any] = {}
    for key in weights:
        label = label_of(key, class_names)
        if label is None:
            yield (*PATH, key), _unknown(key, class_names)
        elif label in seen:
            message = f"is the same class as {seen[label]!r}; remove one of the two"
            yield (*PATH, key), message
        else:
            seen[label] = key
    if len(seen) == len(class_names) and not any(weights.values()):
        yield PATH, "every class weighs 0, so that nothing is learned; give one a larger weight"


def label_of(key: int | str, class_names: Sequence[str]) -> int | None:
    """Returns the label that a key names, or None.

    A class's name comes first; where no name is a whole number, numbers are labels from 0.
    """
    if str(key) in class_names:
        return class_names.index(str(key))
    by_number = isinstance(key, int) and _are_words(class_names)
    return int(key) if by_number and 0 <= int(key) < len(class_names) else None


def _unknown(key: int | str, class_names: Sequence[str]) -> str:
    hint = did_you_mean(key, class_names) if isinstance(key, str) else ""
    if not hint:
        names = ", ".join(class_names) if len(class_names) <= 30 else f"{class_names[0]}, …"
        numbers = f" (or 0 to {len(class_names) - 1})" if _are_words(class_names) else ""
        hint = f"; there are {names}{numbers}"
    return f"unknown class {words.shown(key)}{hint}"


def _are_words(class_names: Sequence[str]) -> bool:
    return not any(_WHOLE.fullmatch(name) for name in class_names)
