"""What a model's outputs mean: a class with its probability and the runners-up, or a number."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from dlrun.evaluation.meaning import Meaning, class_one_scores, predicted_classes

CLEAR_MARGIN = 0.2
"""By which the first probability must lead the second one to be clear."""

TOP = 3
"""Classes that are named."""


@dataclass(frozen=True)
class Answer:
    """What the model says of one sample.

    Attributes:
        predicted: Name of the class, or the number.
        top: The most likely classes and their probabilities, likeliest first; scores where the
            outputs are no probabilities; empty for numbers.
        is_clear: Whether the first leads the second clearly.
    """

    predicted: str | float
    top: tuple[tuple[str, float], ...] = ()
    is_clear: bool = True


def answers_of(outputs: np.ndarray, meaning: Meaning) -> list[Answer]:
    """Returns what outputs mean, one answer a row.

    Args:
        outputs: (n, units) float32.
        meaning: Of the run.
    """
    if not meaning.class_names:
        return [Answer(float(row[0]) if row.size == 1 else _joined(row)) for row in outputs]
    if not len(outputs):
        return []
    shares, names = class_shares(outputs, meaning), meaning.class_names
    predicted = predicted_classes(outputs, meaning.threshold)
    answers = []
    for share, label in zip(shares, predicted, strict=True):
        order = sorted(range(len(share)), key=lambda i: (i != label, -share[i]))[:TOP]
        top = tuple((names[i], float(share[i])) for i in order)
        is_clear = len(top) < 2 or top[0][1] - top[1][1] >= CLEAR_MARGIN
        answers.append(Answer(names[label], top, is_clear))
    return answers


def class_shares(outputs: np.ndarray, meaning: Meaning) -> np.ndarray:
    """Returns a probability for each class, (n, num_classes) float64.

    Outputs that are neither probabilities nor logits are given as they are, a score each.
    """
    found = outputs.astype(np.float64)
    if found.shape[1] == 1:
        scores = class_one_scores(found, meaning)
        values = scores.values
        if meaning.are_logits:
            values = special.expit(values)
        elif not scores.are_probabilities:  # a hinge loss: the share of the way from -1 to 1
            values = np.clip((values + 1) / 2, 0, 1)
        return np.stack([1 - values, values], axis=1)
    if meaning.are_logits:
        shares: np.ndarray = special.softmax(found, axis=1)
        return shares
    return found


def _joined(row: np.ndarray) -> str:
    return " ".join(f"{float(value):.6g}" for value in row.ravel())
