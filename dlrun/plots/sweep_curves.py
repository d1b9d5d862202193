"""The learning curves of all trials of a sweep, in one figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from dlrun.evaluation.sweep_rows import NOT_USED, SweepRows, TrialRow, level_of, spans_decades
from dlrun.evaluation.sweep_rows import Axis as Parameter
from dlrun.plots import axes as scales
from dlrun.plots import labels
from dlrun.plots.figure import DPI, GREY, PADDING, PALETTE, figure_file
from dlrun.plots.history import LARGEST_DRAWN
from dlrun.plots.sweep_scale import (
    BEST,
    BEST_SIGN,
    Scale,
    best_text,
    find_scale,
    objective_label,
    short_texts,
    steps,
    title_of,
)

SIZE = (7.4, 4.8)
MOST_COLORS = 12

_ENDS = {"pruned": "o", "diverged": "x", "failed": "x", "crashed": "x", "timed_out": "x"}
"""With what a curve ends that was ended early."""


@dataclass(frozen=True)
class TrialCurve:
    """One trial's line.

    Attributes:
        trial: Its number.
        y: The objective by epoch, from epoch 1; NaN is a gap.
        level: Which level of the hyperparameter that colours the lines; None for grey.
        end: The marker at its end, such as of a pruned trial; empty for none.
        is_best: Whether it is the best trial's.
    """

    trial: int
    y: tuple[float, ...]
    level: int | None
    end: str
    is_best: bool

    @property
    def last(self) -> tuple[float, float] | None:
        """Epoch and value where it ends; None of a curve without values."""
        found = [(float(i), y) for i, y in enumerate(self.y, start=1) if not math.isnan(y)]
        return found[-1] if found else None


def coloring(rows: SweepRows) -> Parameter | None:
    """Returns the hyperparameter that colours the curves: the only one, of 12 values or fewer."""
    if len(rows.axes) == 1 and 1 < len(rows.axes[0].levels) <= MOST_COLORS:
        return rows.axes[0]
    return None


def trial_curves(rows: SweepRows) -> list[TrialCurve]:
    """Returns the curves that have a value, in the order of the trials."""
    axis = coloring(rows)
    found = []
    for trial in rows.trials:
        y = tuple(_finite(value) for value in trial.curve)
        if all(math.isnan(value) for value in y):
            continue
        level = None if axis is None else _level(trial, axis)
        is_best = trial.number == rows.best and trial.has_result
        found.append(TrialCurve(trial.number, y, level, _ENDS.get(trial.state, ""), is_best))
    return found


def _level(trial: TrialRow, axis: Parameter) -> int:
    level = level_of(trial, axis)
    return len(axis.levels) if level is None else level


def _finite(value: float | None) -> float:
    return math.nan if value is None or not abs(value) < LARGEST_DRAWN else float(value)


def draw_learning_curves(rows: SweepRows, path: Path, *, dpi: int = DPI) -> None:
    """Draws the objective by epoch, a thin line for each trial, into a PNG, PDF or SVG file.

    The best trial's is bold, with a dot at its best epoch. Where one hyperparameter was searched,
    of 12 values or fewer, it gives the colours; else all others are grey. Pruned trials end in a
    ring, those that ended without a result in a cross. Losses that span more than a decade have
    a logarithmic scale.

    Args:
        rows: At least one trial with a curve.
        path: Ends in .png, .pdf or .svg; its folder exists.
        dpi: Pixels an inch, for PNG.

    Raises:
        RunError: the path has another suffix.
        StorageError: the file cannot be written.
    """
    curves = trial_curves(rows)
    scale, is_log = _scale(rows, curves)
    with figure_file(path, SIZE, dpi) as figure:
        figure.set_layout_engine("constrained", **PADDING)
        axes = figure.add_subplot()
        longest = max((len(curve.y) for curve in curves), default=1)
        scales.set_x(axes, "epoch", [float(longest)])
        scales.set_y(axes, [scale.low, scale.high], is_log)
        if not is_log:
            axes.yaxis.set_major_locator(MaxNLocator(7))
        axes.set_ylabel(f"{objective_label(rows)}{', log scale' * is_log}")
        _draw_lines(axes, rows, curves)
        _draw_best(axes, rows, curves)
        num_outside = sum(scale.is_outside(y) for y in _worst_of_each(rows, curves))
        _head(figure, axes, rows, curves, num_outside)


def _scale(rows: SweepRows, curves: Sequence[TrialCurve]) -> tuple[Scale, bool]:
    """Returns the range that holds all curves but the very bad parts of a few."""
    values = [y for curve in curves for y in curve.y if not math.isnan(y)]
    usual = find_scale(rows, _worst_of_each(rows, curves))
    better = max(values, default=1.0) if rows.higher_is_better else min(values, default=0.0)
    low, high = min(usual.low, better), max(usual.high, better)
    is_log = not rows.higher_is_better and spans_decades([y for y in values if low <= y <= high])
    return Scale(low, high, is_log, 0, rows.higher_is_better), is_log


def _worst_of_each(rows: SweepRows, curves: Sequence[TrialCurve]) -> list[float]:
    worst = min if rows.higher_is_better else max
    return [worst(y for y in curve.y if not math.isnan(y)) for curve in curves]


def _colors(rows: SweepRows) -> list[Any]:
    """The colour of each level; numbers from pale to dark, as they have an order."""
    axis = coloring(rows)
    if axis is None:
        return []
    count = len(axis.levels)
    found = list(steps(count)) if axis.is_number else list(PALETTE[:count])
    return [*found, GREY]  # where the hyperparameter is not used


def _draw_lines(axes: Axes, rows: SweepRows, curves: Sequence[TrialCurve]) -> None:
    colors = _colors(rows)
    many = len(curves) > 100
    width, alpha = (0.6, 0.25) if many else (1.0, 0.8 if colors else 0.5)
    others = [curve for curve in curves if not curve.is_best]
    tints = [_tint(curve, colors) for curve in others]
    segments = [list(enumerate(curve.y, start=1)) for curve in others]
    axes.add_collection(LineCollection(segments, colors=tints, linewidths=width, alpha=alpha))
    for curve, tint in zip(others, tints, strict=True):
        if curve.end and curve.last is not None:
            size = 2.4 if many else 4.0
            face: dict[str, Any] = {"markerfacecolor": "none"} if curve.end == "o" else {}
            style: dict[str, Any] = {
                "marker": curve.end,
                "markersize": size,
                "markeredgewidth": 0.8,
                **face,
            }
            axes.plot(*curve.last, color=tint, alpha=min(1.0, 2 * alpha), **style)
        elif sum(not math.isnan(y) for y in curve.y) == 1 and curve.last is not None:
            axes.plot(*curve.last, color=tint, marker="o", markersize=3.2, alpha=alpha)


def _tint(curve: TrialCurve, colors: Sequence[Any]) -> Any:
    return GREY if curve.level is None else colors[curve.level]


def _draw_best(axes: Axes, rows: SweepRows, curves: Sequence[TrialCurve]) -> None:
    for curve in curves:
        if curve.is_best:
            color = _best_color(rows, curve)
            epochs = range(1, len(curve.y) + 1)
            axes.plot(epochs, curve.y, color=color, linewidth=2.6, zorder=4)
            epoch = _best_epoch(rows, curve)
            sign = BEST_SIGN | {"color": color}
            axes.plot(epoch, curve.y[epoch - 1], clip_on=False, zorder=5, **sign)


def _best_color(rows: SweepRows, curve: TrialCurve) -> Any:
    return BEST if curve.level is None else _colors(rows)[curve.level]


def _best_epoch(rows: SweepRows, curve: TrialCurve) -> int:
    found = [(y, i) for i, y in enumerate(curve.y, start=1) if not math.isnan(y)]
    return (max if rows.higher_is_better else min)(found, key=lambda pair: pair[0])[1]


def _head(
    figure: Figure, axes: Axes, rows: SweepRows, curves: Sequence[TrialCurve], num_outside: int
) -> None:
    """Puts the title over the figure, below it what the lines mean."""
    figure.suptitle(labels.wrap(title_of(rows), SIZE[0] - 0.4, 11.5), x=0.02, ha="left")
    ends = [curve.end for curve in curves if not curve.is_best]
    entries = _level_entries(rows, curves)
    if not entries and any(not curve.is_best for curve in curves):
        entries.append(Line2D([], [], color=GREY, alpha=0.7, label="a trial"))
    for marker, words in (("o", "pruned here"), ("x", "ended without a result")):
        if marker in ends:
            ring: dict[str, Any] = {"linestyle": "none", "color": GREY, "markerfacecolor": "none"}
            entries.append(Line2D([], [], marker=marker, label=words, **ring))
    for curve in curves:
        if curve.is_best:
            text = f"{best_text(rows)} in epoch {_best_epoch(rows, curve)}"
            sign = BEST_SIGN | {"color": _best_color(rows, curve)}
            entries.insert(0, Line2D([], [], label=text, linewidth=2.6, **sign))
    if num_outside:
        edge = "bottom" if rows.higher_is_better else "top"
        leave = "1 curve leaves" if num_outside == 1 else f"{num_outside} curves leave"
        entries.append(Line2D([], [], linestyle="none", label=f"{leave} the picture at its {edge}"))
    _place_legend(figure, axes, entries)


def _level_entries(rows: SweepRows, curves: Sequence[TrialCurve]) -> list[Line2D]:
    axis = coloring(rows)
    if axis is None:
        return []
    present = {curve.level for curve in curves}
    names = [*short_texts(axis.levels, 30), NOT_USED]
    return [
        Line2D([], [], color=color, linewidth=1.8, label=name)
        for level, (color, name) in enumerate(zip(_colors(rows), names, strict=True))
        if level in present
    ]


def _place_legend(figure: Figure, axes: Axes, entries: Sequence[Line2D]) -> None:
    """Puts the legend over the axes, in as few rows as fit."""
    for columns in range(min(len(entries), 6), 0, -1):
        legend = axes.legend(
            handles=list(entries),
            loc="lower left",
            bbox_to_anchor=(0.0, 1.02),
            ncol=columns,
            columnspacing=1.5,
            fontsize=8.5,
        )
        if legend.get_window_extent().width / figure.dpi <= SIZE[0] - 0.9:
            break
