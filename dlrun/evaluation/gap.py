"""Why validation may look better than training: what the running mean explains, what remains."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from dlrun.columns import TRAIN_EVAL, VALIDATION
from dlrun.evaluation.intervals import normal_quantile


@dataclass(frozen=True)
class Gap:
    """Validation ahead of Keras's training value, taken apart.

    Attributes:
        metric: "accuracy" or "loss".
        running: Keras's running mean over the epoch, with dropout on.
        training: The same metric of training rows after the epoch, as validation is measured.
        validation: Of the validation rows.
        chance: How far apart the last two would lie by chance (95 times in 100); None
            where that is not known.
    """

    metric: str
    running: float
    training: float
    validation: float
    chance: float | None

    @property
    def by_measuring(self) -> float:
        """What the running mean and dropout make of it, in the direction of validation."""
        return self._sign * (self.training - self.running)

    @property
    def by_rows(self) -> float:
        """What remains: other rows."""
        return self._sign * (self.validation - self.training)

    @property
    def _sign(self) -> int:
        return 1 if self.metric == "accuracy" else -1

    def __str__(self) -> str:
        way = "above" if self.metric == "accuracy" else "below"
        text = (
            f"validation {self.metric} {self.validation:.4f} lies {way} the training "
            f"{self.metric} {self.running:.4f} that Keras reports, by "
            f"{self.by_measuring + self.by_rows:.4f}: the running mean over the epoch (and "
            f"dropout) makes {self.by_measuring:.4f} of it, and {self.by_rows:.4f} remains where "
            "both are measured alike"
        )
        if self.chance is not None and abs(self.by_rows) <= self.chance:
            return f"{text}, which chance alone may make (± {self.chance:.4f})"
        if self.by_rows <= 0:
            return text
        chance = "" if self.chance is None else f" (chance makes ± {self.chance:.4f})"
        return f"{text}: these validation rows are easier{chance}"


def find_gaps(row: Mapping[str, float], num_training: int, num_validation: int) -> list[Gap]:
    """Returns the gaps of one epoch: of accuracy and of loss, where validation is ahead.

    Args:
        row: The epoch's values by column.
        num_training: Rows that `train_eval_*` are measured on.
        num_validation: Validation rows.
    """
    found = []
    for metric in ("accuracy", "loss"):
        names = (metric, TRAIN_EVAL + metric, VALIDATION + metric)
        if not all(name in row for name in names):
            continue
        running, training, validation = (row[name] for name in names)
        chance = None
        if metric == "accuracy":
            share = training * (1 - training) * (1 / num_training + 1 / num_validation)
            chance = normal_quantile() * math.sqrt(share)
        gap = Gap(metric, running, training, validation, chance)
        if gap.by_measuring + gap.by_rows > 0:
            found.append(gap)
    return found
