"""What belongs to an exported model: what it takes, what it gives, and where it came from."""

from __future__ import annotations

import json
from typing import Any

import dlrun
from dlrun.evaluation.meaning import Meaning, meaning_of
from dlrun.prepare import PreparedData
from dlrun.runs import Run


def make_card(run: Run, data: PreparedData) -> dict[str, Any]:
    """Returns the facts that a user of the model needs; plain data.

    Args:
        run: A single run.
        data: Its data.
    """
    dataset = data.dataset
    scaling = data.scaling.to_dict()
    return {
        "name": run.config.name,
        "run": run.id,
        "dataset": dataset.name,
        "input": {
            "name": "input",
            "shape": [None, *dataset.input_shape],
            "dtype": str(dataset.x.dtype),
            "meaning": describe_input(data),
            "features": list(dataset.feature_names),
        },
        "scaling": {**scaling, "formula": "(input - offset) / divisor, inside the model"},
        "output": {"meaning": describe_output(meaning_of(run.dataset, run.config), data)},
        "class_names": list(dataset.class_names),
        "precision": run.config.training.precision,
        "made_by": f"dlrun {dlrun.__version__}",
    }


def describe_input(data: PreparedData) -> str:
    """Returns what the model takes, such as `(n, 28, 28) uint8, as in mnist, not scaled`."""
    shape = ", ".join(["n", *map(str, data.dataset.input_shape)])
    x = data.dataset.x
    return f"({shape}) {x.dtype}, rows as {data.dataset.name} has them, not scaled"


def describe_output(meaning: Meaning, data: PreparedData) -> str:
    """Returns what the model's numbers stand for."""
    names = meaning.class_names
    if not names:
        return "predicted values"
    kind = "a logit" if meaning.are_logits else "a score"
    if data.encoding == "column":
        return f"{kind} of {names[1]!r}; above {meaning.threshold:g} it is taken for that class"
    return f"{kind} a class, in the order of class_names; the largest is the class"


def as_metadata(card: dict[str, Any]) -> dict[str, str]:
    """Returns a card as text by key, which is what ONNX's metadata holds; lists are JSON."""
    return {
        key: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for key, value in card.items()
    }
