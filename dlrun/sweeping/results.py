"""What a trial's folder says of it: state, value, curve; and the config that it repeats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from dlrun.config import Config, Loaded, parse_config
from dlrun.errors import DlrunError
from dlrun.files import Document
from dlrun.members import plan_members
from dlrun.members.aggregation import is_finished
from dlrun.pruning import Threshold, pruned_after
from dlrun.runs import Run, Sweep, Trial


def load_trial(trial: Trial, source: str) -> Loaded:
    """Returns the config of a trial's entry.

    Args:
        trial: As planned.
        source: Name of the sweep's file, for messages.

    Raises:
        ConfigError: this dlrun does not take it any more.
    """
    return parse_config(Document(source, dict(trial.config)))


def runs_of(sweep: Sweep, trial: Trial, config: Config) -> list[Run]:
    """Returns the runs that are trained for a trial: itself, or its members."""
    path = sweep.path / trial.name
    if not config.has_members:
        return [Run(path)]
    return [Run(path / member.name) for member in plan_members(config)]


def with_result(sweep: Sweep, trial: Trial, config: Config) -> Trial:
    """Returns a trial with what its folder says of its epochs; its state is left as it is."""
    runs = [run for run in runs_of(sweep, trial, config) if _has_values(run, sweep.metric)]
    if not runs:
        return trial
    seconds = [_seconds(run) for run in runs]
    best = [run.metrics["best"] for run in runs]
    values = [float(one[sweep.metric]) for one in best]
    spread = _sd(values) if len(values) > 1 else None
    counted = None
    with suppress(DlrunError):
        counted = runs[0].parameters.total
    return replace(
        trial,
        value=sum(values) / len(values),
        sd=spread,
        num_members=len(runs) if config.has_members else None,
        best_epoch=runs[0].metrics.get("best_epoch") if len(runs) == 1 else None,
        epochs=max(run.metrics["epochs"] for run in runs),
        metrics=_means(best),
        num_parameters=counted,
        duration_seconds=round(sum(seconds), 3),
    )


def _seconds(run: Run) -> float:
    with suppress(DlrunError):
        return float(run.info.get("duration_seconds") or 0.0)
    return 0.0


def _means(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """The mean of every metric that all have."""
    names = sorted(set.intersection(*(set(row) for row in rows)))
    known = [name for name in names if all(row[name] is not None for row in rows)]
    return {name: sum(row[name] for row in rows) / len(rows) for name in known}


def _sd(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return float((sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5)


def _has_values(run: Run, metric: str) -> bool:
    with suppress(DlrunError):
        value = (run.metrics.get("best") or {}).get(metric)
        return isinstance(value, int | float)
    return False


def curve_of(run: Run, metric: str) -> tuple[float | None, ...]:
    """Returns a metric of a run epoch by epoch; empty where there is no epoch."""
    with suppress(DlrunError):
        return tuple(run.read_history().get(metric, ()))
    return ()


def epochs_done(run: Run) -> int:
    """Returns how many epochs a finished run was trained; 0 for one that has not finished."""
    return int(run.metrics["epochs"]) if is_finished(run) else 0


def was_pruned(run: Run, threshold: Threshold | None) -> bool:
    """Returns whether a run ended because of this threshold."""
    if threshold is None or not is_finished(run):
        return False
    curve = curve_of(run, threshold.metric)
    return pruned_after(curve, threshold) == len(curve)
