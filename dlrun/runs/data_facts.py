"""`dataset.json` as it is read: whether what it says of the data fits together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

LARGEST_SAMPLE = 10**8
"""Numbers in a sample, far beyond what any net here takes."""

_LARGEST_FLOAT = 3.4e38


def contradictions(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yields what no data set is like; the types of the values are right already.

    Args:
        facts: Of the file; what is left out is not judged.
    """
    shape = facts.get("input_shape")
    if shape is not None:
        yield from _of_shape(shape, facts)
    names = facts.get("class_names") or []
    if len(names) == 1:
        yield "class_names has a single name"
    if names and facts.get("num_classes", len(names)) != len(names):
        yield f"num_classes is {facts['num_classes']}, and class_names has {len(names)}"
    for part, sizes in facts.get("parts", {}).items():
        known = part if part in ("train", "validation", "test") else "of another name"
        yield from _of_part(f"parts.{known}", sizes, len(names))
    looks = facts.get("looks")
    if looks is not None and shape is not None:
        yield from _of_looks(looks, shape)


def _of_shape(shape: list[int], facts: Mapping[str, Any]) -> Iterator[str]:
    size = math.prod(shape)
    if not shape or not 0 < size <= LARGEST_SAMPLE:
        yield f"input_shape has {len(shape)} sides and holds {size:,} numbers"
        return
    features = facts.get("feature_names") or []
    if features and len(features) != size:
        yield f"feature_names has {len(features)}, and a sample has shape {tuple(shape)}"
    scaling = facts.get("scaling", {})
    if isinstance(scaling.get("offset"), list) != isinstance(scaling.get("divisor"), list):
        yield "scaling.offset and scaling.divisor are of unequal lengths"
    for key in ("offset", "divisor"):
        given = scaling.get(key, 1.0)
        values = given if isinstance(given, list) else [given]
        if isinstance(given, list) and (len(shape) != 1 or len(given) != size):
            yield f"scaling.{key} has {len(given)} numbers, and a sample has shape {tuple(shape)}"
        if any(abs(value) > _LARGEST_FLOAT or (key == "divisor" and not value) for value in values):
            yield f"scaling.{key} is nothing to scale by"


def _of_part(key: str, sizes: Mapping[str, Any], num_classes: int) -> Iterator[str]:
    rows, counts = sizes.get("num_rows"), sizes.get("class_counts")
    if rows == 0:
        yield f"{key}.num_rows is 0"
    if counts is None:
        return
    if len(counts) != num_classes:
        yield f"{key}.class_counts has {len(counts)}, and class_names {num_classes}"
    if rows is not None and sum(counts) != rows:
        yield f"{key}.class_counts come to {sum(counts):,}, and num_rows is {rows:,}"


def _of_looks(looks: Mapping[str, Any], shape: list[int]) -> Iterator[str]:
    if looks.get("pixel_max", math.inf) <= looks.get("pixel_min", -math.inf):
        yield "looks.pixel_max is not above looks.pixel_min"
    if not 1 <= looks.get("box", 1) <= max(shape):
        yield f"looks.box is {looks['box']}, and a sample has shape {tuple(shape)}"
    if looks.get("ground", 0) >= looks.get("pixel_max", math.inf):
        yield "looks.ground is not below looks.pixel_max"
