"""What the kept model says of rows: metrics as Keras evaluates them, outputs of held-out ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlrun.prepare import PreparedData
from dlrun.training import Evaluator, TensorData, make_predictor


@dataclass
class Scores:
    """What was found out about the parts of the data.

    Attributes:
        metrics: By part, loss and metrics.
        arrays: What `predictions.npz` holds of held-out parts: rows, outputs, labels and losses.
    """

    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    def of_part(self, part: str) -> dict[str, np.ndarray]:
        """Returns one part's arrays by their name alone, as `Run.predictions` does."""
        start = f"{part}_"
        return {n.removeprefix(start): a for n, a in self.arrays.items() if n.startswith(start)}


def score_parts(
    model: Any, data: PreparedData, tensors: TensorData, evaluator: Evaluator, parts: Sequence[str]
) -> Scores:
    """Evaluates the model on parts of the data; those that are empty are passed over.

    Args:
        model: Compiled, with the weights to judge.
        data: Prepared.
        tensors: The same data.
        evaluator: Of this model and these tensors.
        parts: Of "train" (measured alone, all rows of it: a sample has noise), "validation" and
            "test"; a test set is looked at where it is named here alone.
    """
    scores, predict = Scores(), make_predictor(model, tensors)
    for part in parts:
        if part not in data.rows:
            continue
        rows = data.rows[part]
        scores.metrics[part] = evaluator(rows)()
        if part == "train":
            continue
        outputs, losses = predict(rows)
        scores.arrays[f"{part}_rows"] = rows
        scores.arrays[f"{part}_outputs"] = outputs.astype(np.float32)  # NumPy knows no bfloat16
        scores.arrays[f"{part}_labels"] = data.dataset.y[rows]
        if losses is not None:
            scores.arrays[f"{part}_losses"] = losses.astype(np.float32)
    return scores
