"""Scales: where an axis begins and ends, and which numbers stand on it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from dlrun.plots.labels import format_power, format_tick

X_LABELS = {"epoch": "epoch", "updates": "updates of the weights", "seconds": "training time (s)"}


def epoch_ticks(last: int) -> tuple[int, ...]:
    """Returns the epochs that an axis up to epoch `last` names: the first, then round ones.

    >>> epoch_ticks(40)
    (1, 5, 10, 15, 20, 25, 30, 35, 40)
    """
    step = next(step for step in _round_numbers() if last / step <= 10)
    ticks = [epoch for epoch in range(step, last + 1, step) if epoch - 1 >= step / 2]
    return (1, *ticks) if step > 1 else tuple(range(1, max(last, 1) + 1))


def _round_numbers() -> Sequence[int]:
    return [digit * 10**power for power in range(12) for digit in (1, 2, 5)]


def set_x(axes: Axes, x_axis: str, values: Sequence[float]) -> None:
    """Labels the x axis and sets its range: from epoch 1, or from nothing done."""
    axes.set_xlabel(X_LABELS[x_axis])
    last = max(values, default=1.0)
    if x_axis == "epoch":
        margin = max(0.02 * (last - 1), 0.5 if last < 2 else 0.0, 0.05 if last < 5 else 0.0)
        axes.set_xlim(1 - margin, last + margin)
        axes.xaxis.set_major_locator(FixedLocator(epoch_ticks(int(last))))
        return
    axes.set_xlim(0, 1.02 * last if last > 0 else 1.0)
    axes.xaxis.set_major_locator(MaxNLocator(6 if last >= 1e4 else 8, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.6g}"))


def set_y(axes: Axes, values: Sequence[float], log_scale: bool) -> None:
    """Sets the y axis to hold `values`; logarithmic where asked for and any is above zero."""
    positive = [value for value in values if value > 0]
    if log_scale and positive:
        axes.set_yscale("log", nonpositive="mask")
        low, high = min(positive), max(positive)
        spread = max(high / low, 1.5) ** 0.06
        axes.set_ylim(low / spread, high * spread)
        within = math.log10(high / low) < 2.5  # so little that powers of ten name too little
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if within else (1,), numticks=9))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: format_tick(y)))
        return
    low, high = min(values, default=0.0), max(values, default=1.0)
    # Equal values need room above and below; so do those that differ only by rounding.
    margin = max(0.06 * (high - low), 1e-4 * max(abs(low), abs(high)), 1e-12)
    if high - low <= margin:
        margin = 0.1 * max(abs(low), abs(high)) or 1.0
    axes.set_ylim(low - margin, high + margin)
    largest = max(abs(low), abs(high))
    if largest >= 1e6 or largest < 1e-3:
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: format_power(y)))
    else:
        axes.ticklabel_format(axis="y", useOffset=False, style="plain")
