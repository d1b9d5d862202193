"""A run's numbers: best and final values from its history, and the comparison with no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dlrun.columns import NOT_METRICS
from dlrun.monitor import best_epoch

HIGHER_IS_BETTER, START, EPOCH = "higher_is_better", "start_seconds", "epoch_seconds"
"""What trying a model out finds, by name."""


def summarize_history(
    history: Sequence[Mapping[str, float]],
    monitor: str,
    *,
    higher_is_better: bool,
    planned_epochs: int,
) -> dict[str, Any]:
    """Returns what `metrics.json` says of the epochs.

    Args:
        history: One mapping an epoch, Keras's names.
        monitor: The metric that defines "best".
        higher_is_better: Its direction.
        planned_epochs: The config's `training.epochs`.
    """
    values = [logs.get(monitor) for logs in history]
    best = best_epoch(values, higher_is_better=higher_is_better)
    return {
        "monitor": monitor,
        "monitor_mode": monitor_mode(higher_is_better=higher_is_better),
        "planned_epochs": planned_epochs,
        "epochs": len(history),
        "best_epoch": best,
        "best": _metrics_of(history[best - 1]) if best is not None else None,
        "final": _metrics_of(history[-1]) if history else None,
    }


def monitor_mode(*, higher_is_better: bool) -> str:
    """Returns the direction of "best" as Keras calls it: "max" or "min"."""
    return "max" if higher_is_better else "min"


def headline_metric(names: Sequence[str]) -> str:
    """Returns the metric to show first: accuracy where there is one, else the loss.

    Args:
        names: Metric names without `val_`, in Keras's order.
    """
    return "accuracy" if "accuracy" in names else "loss"


def _metrics_of(logs: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in logs.items() if name not in NOT_METRICS}
