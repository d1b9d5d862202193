"""What a model's outputs and a data set's labels stand for, as a run folder says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from dlrun.config import Config
from dlrun.config.task import parts_at_zero


@dataclass(frozen=True)
class Meaning:
    """What outputs and labels stand for.

    Attributes:
        class_names: In the order of the labels; empty where numbers are predicted.
        threshold: Above which a single output means class 1.
        baseline: Of classes, the share of training rows of each; of numbers, their means.
        are_logits: Whether outputs are what a sigmoid or softmax would make probabilities of.
    """

    class_names: tuple[str, ...]
    threshold: float
    baseline: tuple[float, ...]
    are_logits: bool = False


@dataclass(frozen=True, eq=False)
class Scores:
    """How much each row looks like class 1 of two.

    Attributes:
        values: (n,) float64.
        threshold: Above which a row is taken for class 1.
        are_probabilities: Whether they may be called probabilities of class 1.
    """

    values: np.ndarray
    threshold: float
    are_probabilities: bool


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
    return Meaning(
        class_names=tuple(facts["class_names"]),
        threshold=0.0 if parts_at_zero(config.loss) else 0.5,
        baseline=tuple(shares),
        are_logits=config.loss.arguments.get("from_logits") is True,
    )


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


def class_one_scores(outputs: np.ndarray, meaning: Meaning) -> Scores:
    """Returns by what rows of two classes are told apart, alike for one output and for two.

    Two outputs part at equality: probabilities at 0.5, others where their difference is 0.

    Args:
        outputs: (n, 1) or (n, 2).
        meaning: Of two classes.
    """
    found = outputs.astype(np.float64)
    is_single = found.shape[1] == 1
    if meaning.are_logits and not is_single:
        return Scores(special.expit(found[:, 1] - found[:, 0]), 0.5, True)
    is_share = not meaning.are_logits and found.min() >= 0 and found.max() <= 1
    if is_single:
        return Scores(found[:, 0], meaning.threshold, is_share and meaning.threshold == 0.5)
    if is_share and np.allclose(found.sum(axis=1), 1, atol=1e-3):
        return Scores(found[:, 1], 0.5, True)
    return Scores(found[:, 1] - found[:, 0], 0.0, False)
