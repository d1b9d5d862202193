"""What the kept model says of rows that were held out: metrics as Keras evaluates them, outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlrun.prepare import PreparedData
from dlrun.training import Evaluator, TensorData, make_predictor


@dataclass
class Scores:
    """What was found out about the held-out parts.

    Attributes:
        metrics: By part, loss and metrics; "train" among them where training rows are measured.
        arrays: What `predictions.npz` holds: each part's rows, outputs, labels and losses.
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
        parts: Of "validation" and "test"; a test set is looked at where it is named here alone.
    """
    scores, predict = Scores(), make_predictor(model, tensors)
    if data.config.training.train_eval != "off":  # all of them, once: a sample has noise
        scores.metrics["train"] = evaluator(data.rows["train"])()
    for part in parts:
        if part not in data.rows:
            continue
        rows = data.rows[part]
        outputs, losses = predict(rows)
        scores.metrics[part] = evaluator(rows)()
        scores.arrays[f"{part}_rows"] = rows
        scores.arrays[f"{part}_outputs"] = outputs.astype(np.float32)  # NumPy knows no bfloat16
        scores.arrays[f"{part}_labels"] = data.dataset.y[rows]
        if losses is not None:
            scores.arrays[f"{part}_losses"] = losses.astype(np.float32)
    return scores
