"""A sweep's folder as the plain rows that pictures and reports start from."""

from __future__ import annotations

from collections.abc import Sequence

from dlrun.evaluation.sweep_rows import SweepRows, TrialRow, make_axis
from dlrun.runs import Run, Sweep, Trial
from dlrun.sweeping.results import curve_of


def rows_of(sweep: Sweep) -> SweepRows:
    """Returns a sweep's trials with their curves; reads each trial's history.

    Raises:
        RunError: `sweep.json` cannot be read.
    """
    trials = sweep.trials
    best = sweep.best
    axes = []
    for parameter in sweep.info["parameters"]:
        key = str(parameter["key"])
        values = [trial.values[key] for trial in trials if key in trial.values]
        axes.append(make_axis(key, values, True if parameter.get("is_log") else None))
    return SweepRows(
        name=str(sweep.info["name"]),
        metric=sweep.metric,
        higher_is_better=sweep.higher_is_better,
        axes=tuple(axes),
        trials=tuple(_row(sweep, trial) for trial in trials),
        best=None if best is None else best.number,
    )


def _row(sweep: Sweep, trial: Trial) -> TrialRow:
    return TrialRow(
        number=trial.number,
        values=dict(trial.values),
        state=trial.state,
        value=trial.value,
        sd=trial.sd,
        curve=_curve(sweep, trial),
    )


def _curve(sweep: Sweep, trial: Trial) -> tuple[float | None, ...]:
    """The objective by epoch; of several members the mean of those that have come so far."""
    run = sweep.run(trial.number)
    curves = [curve_of(one, sweep.metric) for one in _parts(run)]
    longest = max(map(len, curves), default=0)
    means: list[float | None] = []
    for epoch in range(longest):
        known = [value for one in curves if epoch < len(one) and (value := one[epoch]) is not None]
        means.append(sum(known) / len(known) if known else None)
    return tuple(means)


def _parts(run: Run) -> Sequence[Run]:
    return run.members or [run]
