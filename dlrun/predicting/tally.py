"""How right predictions are where labels are known, added up sample by sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dlrun.evaluation.intervals import wilson
from dlrun.predicting.samples import Sample


class Tally:
    """Counts samples, failures, and what was taken for what."""

    def __init__(self, class_names: Sequence[str]) -> None:
        self.num_samples = 0
        self.num_failed = 0
        self._names = tuple(class_names)
        self._places = {name: i for i, name in enumerate(self._names)}
        self._matrix = np.zeros((len(self._names), len(self._names)), np.int64)
        self._errors = np.zeros(3)  # rows, sum of absolute and of squared errors

    def add(self, samples: Sequence[Sample]) -> None:
        """Adds samples."""
        for sample in samples:
            self.num_samples += 1
            self.num_failed += sample.error is not None
            if sample.answer is None or sample.label is None:
                continue
            if self._names:
                row, column = str(sample.label), str(sample.answer.predicted)
                if row in self._places:
                    self._matrix[self._places[row], self._places[column]] += 1
            elif isinstance(sample.label, float) and isinstance(sample.answer.predicted, float):
                error = sample.answer.predicted - sample.label
                self._errors += (1, abs(error), error * error)

    def report(self) -> dict[str, Any] | None:
        """Returns what is known of how right they are; None where no label was."""
        if self._names:
            num_rows = int(self._matrix.sum())
            if not num_rows:
                return None
            accuracy = wilson(int(np.trace(self._matrix)), num_rows)
            return {
                "num_rows": num_rows,
                "num_right": int(np.trace(self._matrix)),
                "metrics": {"accuracy": accuracy.to_dict()},
                "class_names": list(self._names),
                "confusion_matrix": self._matrix.tolist(),
            }
        rows, absolute, squared = self._errors
        if not rows:
            return None
        metrics = {"mae": absolute / rows, "rmse": float(np.sqrt(squared / rows))}
        return {"num_rows": int(rows), "metrics": {n: {"value": v} for n, v in metrics.items()}}
