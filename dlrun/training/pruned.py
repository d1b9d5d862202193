"""The callback that ends a training which stays behind others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dlrun.backend import keras
from dlrun.pruning import Threshold, pruned_after


class EndBehind(keras.callbacks.Callback):  # type: ignore[misc]
    """Ends the training after the first epoch whose best value so far misses a threshold."""

    def __init__(self, threshold: Threshold) -> None:
        super().__init__()
        self._threshold = threshold
        self._values: list[float | None] = []

    def on_epoch_end(self, _epoch: int, logs: Mapping[str, float] | None = None) -> None:
        """Notes an epoch's value, and ends the training where it is not enough."""
        self._values.append((logs or {}).get(self._threshold.metric))
        if pruned_after(self._values, self._threshold) is not None:
            self.model.stop_training = True

    def get_state(self) -> dict[str, Any]:
        """Returns what a checkpoint keeps."""
        return {"values": list(self._values)}

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Goes on from what a checkpoint kept."""
        self._values = list(state["values"])
