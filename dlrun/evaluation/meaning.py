"""What a model's outputs and a data set's labels stand for, as a run folder says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from dlrun.config import Config

_AROUND_ZERO = ("Hinge", "SquaredHinge")
"""Losses whose outputs stand for classes -1 and 1."""


@dataclass(frozen=True)
class Meaning:
    """What outputs and labels stand for.

    Attributes:
        class_names: In the order of the labels; empty where numbers are predicted.
        threshold: Above which a single output means class 1.
        baseline: Of classes, the share of training rows of each; of numbers, their means.
    """

    class_names: tuple[str, ...]
    threshold: float
    baseline: tuple[float, ...]


def meaning_of(facts: Mapping[str, Any], config: Config) -> Meaning:
    """Returns the meaning of a run's outputs and labels.

    Args:
        facts: What its `dataset.json` holds.
        config: Its config; the loss decides the threshold: 0 between logits and for hinge
            losses, else 0.5.
    """
    train = facts["parts"]["train"]
    if not facts["class_names"]:
        means = train["label_mean"]
        means = means if isinstance(means, list) else [means]
        return Meaning((), 0.5, tuple(float(mean) for mean in means))
    shares = [count / train["num_rows"] for count in train["class_counts"]]
    is_around_zero = config.loss.name in _AROUND_ZERO or config.loss.arguments.get("from_logits")
    return Meaning(tuple(facts["class_names"]), 0.0 if is_around_zero else 0.5, tuple(shares))


def predicted_classes(outputs: np.ndarray, threshold: float) -> np.ndarray:
    """Returns the class of each row, (n,) int64: the largest output, or 1 above the threshold.

    Args:
        outputs: (n, num_classes) or (n, 1).
        threshold: For a single output; as Keras's accuracy, a value equal to it is class 0.
    """
    if outputs.shape[1] == 1:
        return np.where(outputs[:, 0] > threshold, 1, 0)
    found: np.ndarray = np.argmax(outputs, axis=1)
    return found


def positive_scores(outputs: np.ndarray) -> np.ndarray:
    """Returns the output for class 1, (n,) float64."""
    scores: np.ndarray = outputs[:, -1].astype(np.float64)
    return scores
