"""How good the kept model is on rows that were held out: predictions, and the report on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dlrun.evaluation.meaning import Meaning
from dlrun.events import Message, Report
from dlrun.prepare import PreparedData
from dlrun.training import Evaluator, TensorData, make_predictor


@dataclass
class Scores:
    """What was found out about the held-out parts.

    Attributes:
        metrics: By part, loss and metrics as Keras evaluates them.
        reports: By part, what `evaluation.json` holds.
        arrays: What `predictions.npz` holds.
    """

    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


def score_parts(
    model: Any,
    data: PreparedData,
    tensors: TensorData,
    evaluator: Evaluator,
    parts: Sequence[str],
    meaning: Meaning,
    report: Report,
) -> Scores:
    """Evaluates the model on parts of the data; those that are empty are passed over.

    Args:
        model: Compiled, with the weights to judge.
        data: Prepared.
        tensors: The same data.
        evaluator: Of this model and these tensors.
        parts: Of "validation" and "test"; a test set is looked at where it is named here alone.
        meaning: Of outputs and labels.
        report: Told where outputs cannot be judged.
    """
    from dlrun.evaluation.report import Predictions, evaluate_part  # scikit-learn: 1 s

    scores, predict = Scores(), make_predictor(model, tensors)
    for part in parts:
        if part not in data.rows:
            continue
        rows, labels = data.rows[part], data.dataset.y[data.rows[part]]
        outputs, losses = predict(rows)
        outputs = outputs.astype(np.float32)  # NumPy cannot store bfloat16
        scores.metrics[part] = evaluator(rows)()
        named = {"rows": rows, "outputs": outputs, "labels": labels}
        scores.arrays |= {f"{part}_{name}": array for name, array in named.items()}
        penalty = 0.0
        if losses is not None:
            scores.arrays[f"{part}_losses"] = losses.astype(np.float32)
            penalty = scores.metrics[part]["loss"] - float(losses.mean(dtype=np.float64))
        if np.isfinite(outputs).all():
            found = Predictions(outputs, labels, losses)
            scores.reports[part] = evaluate_part(found, meaning, penalty)
        else:
            text = f"{part}: outputs are NaN or infinite; there is no report on them"
            report(Message(text, level="warning"))
    return scores
