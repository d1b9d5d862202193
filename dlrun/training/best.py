"""The best epoch's weights, kept in memory while training goes on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dlrun.config import TrainingConfig
from dlrun.events import Message, Report
from dlrun.model import BuiltModel
from dlrun.monitor import is_better
from dlrun.runs.checkpoints import BestState
from dlrun.training.state import check_weights


class BestWeights:
    """Collects the weights of the best epoch so far.

    Attributes:
        epoch: Which it was, counted from 1; 0 before any.
    """

    def __init__(self, monitor: str, *, higher_is_better: bool) -> None:
        self.epoch = 0
        self._monitor = monitor
        self._higher_is_better = higher_is_better
        self._value: float | None = None
        self._weights: list[np.ndarray] = []

    def see(self, model: Any, epoch: int, logs: Mapping[str, float]) -> bool:
        """Copies the model's weights where this epoch is the best so far; returns whether it is.

        Raises:
            DivergedError: a weight is NaN or infinite.
        """
        value = logs[self._monitor]
        if not is_better(value, self._value, higher_is_better=self._higher_is_better):
            return False
        check_weights(model, epoch)
        self._value, self.epoch = value, epoch
        self._weights = model.get_weights()
        return True

    @property
    def state(self) -> BestState | None:
        """What there is so far, for a checkpoint."""
        if self._value is None:
            return None
        return BestState(self.epoch, self._value, self._weights)

    def go_on_from(self, state: BestState) -> None:
        """Takes up what an earlier process had collected."""
        self.epoch, self._value = state.epoch, state.value
        self._weights = list(state.weights)

    def restore(self, model: Any, last: int) -> int:
        """Gives the model the best weights; returns their epoch: `last` where none was the best."""
        if not self._weights:
            return last
        model.set_weights(self._weights)
        return self.epoch


def choose_best(built: BuiltModel, training: TrainingConfig, report: Report) -> BestWeights | None:
    """Returns what collects the best weights; None where the last ones are kept."""
    if training.keep == "last":
        return None
    optimizer = built.model.optimizer
    if getattr(optimizer, "inner_optimizer", optimizer).use_ema:  # loss scaling wraps it
        text = "the optimizer averages weights (use_ema): their average is kept, not the best epoch"
        report(Message(text))
        return None
    return BestWeights(training.monitor, higher_is_better=built.higher_is_better)
