"""A run's history as rows of a figure: plain values, nothing drawn, no matplotlib."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from dlrun.columns import NOT_METRICS, TRAIN_EVAL, VALIDATION, metric_of
from dlrun.errors import RunError, did_you_mean
from dlrun.evaluation.intervals import standard_deviation

History = Mapping[str, Sequence[float | None]]

X_AXES = ("epoch", "updates", "seconds")
LARGEST_DRAWN = 1e100
"""A value beyond this is a gap: a diverged loss, and more than an axis can hold."""


@dataclass(frozen=True)
class Curve:
    """One line of a figure.

    Attributes:
        label: What the run is called; empty where there is only one.
        x: Epochs counted from 1, updates, or seconds.
        y: The metric; NaN is a gap. As long as `x`.
        role: "running" (Keras's running mean while training), "train" (the training rows after the
            epoch, measured as validation is) or "validation".
        run: Which run, counted from 0; decides the colour.
        best: (x, y) at the best epoch, on one curve a run: validation where there is one.
        spread: Of a mean over members, their standard deviation at each x; empty otherwise.
        is_member: Whether it is one of those members.
    """

    label: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    role: str
    run: int
    best: tuple[float, float] | None
    spread: tuple[float, ...] = ()
    is_member: bool = False


def metric_names(history: History) -> tuple[str, ...]:
    """Returns what a history has curves of, "loss" first: metrics, without times and rates."""
    names = dict.fromkeys(metric_of(name) for name in history if name not in NOT_METRICS)
    return tuple(sorted(names, key=lambda name: name != "loss"))


def curve_rows(
    history: History,
    metric: str,
    *,
    x_axis: str = "epoch",
    steps_per_epoch: int = 1,
    best_epoch: int | None = None,
    run: int = 0,
    label: str = "",
) -> tuple[Curve, ...]:
    """Returns a metric's curves of one run, in the order of `Curve.role`; those that there are.

    Args:
        history: Keras's dict of lists, with `epoch_seconds`; None, NaN and infinities are gaps.
        metric: A name without `val_` or `train_eval_`.
        x_axis: "epoch" (counted from 1), "updates" (epoch × steps_per_epoch), or "seconds"
            (`epoch_seconds` summed up).
        steps_per_epoch: Updates of the weights in an epoch.
        best_epoch: The best epoch, counted from 1; None to mark none.
        run: Which run, counted from 0.
        label: What to call the run.

    Raises:
        RunError: the history has no such metric, or no times to draw against; x_axis is unknown.
    """
    if x_axis not in X_AXES:
        hint = did_you_mean(x_axis, X_AXES) or f"; one of {', '.join(X_AXES)}"
        raise RunError(f"x axis: unknown, {x_axis!r}{hint}")
    names = metric_names(history)
    if metric not in names:
        hint = did_you_mean(metric, names) or f"; there are {', '.join(names) or 'none'}"
        raise RunError(f"{label or 'history'}: no metric {metric!r}{hint}")
    found = [(role, name) for role, name in _columns(metric) if name in history]
    length = max(len(history[name]) for _, name in found)
    where = _positions(history, x_axis, steps_per_epoch, length, label)
    curves = []
    for role, name in found:
        values = [_finite(value) for value in history[name]]
        points = [(x, y) for x, y in zip(where, values, strict=False) if not math.isnan(x)]
        best = None
        if name == found[-1][1] and best_epoch is not None and 1 <= best_epoch <= len(values):
            best = (where[best_epoch - 1], values[best_epoch - 1])
        if best is not None and any(math.isnan(value) for value in best):
            best = None
        xs, ys = tuple(x for x, _ in points), tuple(y for _, y in points)
        curves.append(Curve(label, xs, ys, role, run, best))
    return tuple(curves)


def member_rows(
    histories: Sequence[History],
    metric: str,
    *,
    x_axis: str = "epoch",
    steps_per_epoch: int = 1,
    run: int = 0,
    label: str = "",
) -> tuple[Curve, ...]:
    """Returns a metric's curves of a run with members: each member's, then their means.

    A mean reaches as far as the shortest member does; it stands at the mean of their x.

    Args:
        histories: One a member.
        metric: A name without `val_` or `train_eval_`.
        x_axis: As of `curve_rows`.
        steps_per_epoch: Updates of the weights in an epoch.
        run: Which run, counted from 0.
        label: What to call it.

    Raises:
        RunError: as `curve_rows`.
    """
    options = {"x_axis": x_axis, "steps_per_epoch": steps_per_epoch, "run": run, "label": label}
    by_role: dict[str, list[Curve]] = {}
    for history in histories:
        for curve in curve_rows(history, metric, **options):  # type: ignore[arg-type]
            by_role.setdefault(curve.role, []).append(replace(curve, is_member=True))
    if "train" in by_role:
        by_role.pop("running", None)
    members = [curve for curves in by_role.values() for curve in curves]
    return (*members, *(_mean_curve(curves) for curves in by_role.values()))


def _mean_curve(curves: Sequence[Curve]) -> Curve:
    length = min(len(curve.x) for curve in curves)
    columns = [[curve.y[i] for curve in curves] for i in range(length)]
    places = tuple(math.fsum(curve.x[i] for curve in curves) / len(curves) for i in range(length))
    return Curve(
        label=curves[0].label,
        x=places,
        y=tuple(math.fsum(values) / len(values) for values in columns),
        role=curves[0].role,
        run=curves[0].run,
        best=None,
        spread=tuple(standard_deviation(values) for values in columns),
    )


def _columns(metric: str) -> list[tuple[str, str]]:
    return [
        ("running", metric),
        ("train", TRAIN_EVAL + metric),
        ("validation", VALIDATION + metric),
    ]


def _finite(value: float | None) -> float:
    return math.nan if value is None or not abs(value) < LARGEST_DRAWN else float(value)


def _positions(
    history: History, x_axis: str, steps_per_epoch: int, length: int, label: str
) -> list[float]:
    if x_axis == "epoch":
        return [float(epoch) for epoch in range(1, length + 1)]
    if x_axis == "updates":
        return [float(epoch * steps_per_epoch) for epoch in range(1, length + 1)]
    seconds = history.get("epoch_seconds")
    if seconds is None:
        raise RunError(
            f"{label or 'history'}: no 'epoch_seconds' in it; draw against epoch or updates"
        )
    # An epoch of unknown time makes all later times unknown: they are left out.
    known = [_finite(value) for value in seconds][:length]
    return list(accumulate(known)) + [math.nan] * (length - len(known))
