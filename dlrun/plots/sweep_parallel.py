"""Parallel coordinates: a line for each trial through its hyperparameters to the objective."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.ticker import LogLocator, MaxNLocator

from dlrun.evaluation.sweep_rows import NOT_USED, SweepRows, TrialRow, level_of
from dlrun.evaluation.sweep_rows import Axis as Parameter
from dlrun.plots import labels
from dlrun.plots.figure import DPI, GREY, INK, figure_file
from dlrun.plots.sweep_scale import (
    BEST,
    Scale,
    best_text,
    find_scale,
    objective_label,
    shades,
    short_texts,
    title_of,
)

HEIGHT = 4.9  # inches, as all lengths here
STEP = 1.55
"""From one axis to the next."""

LEFT, RIGHT = 0.85, 0.85
"""Left of the first axis at least, and right of the last."""

UNUSED = -0.13
"""Where a line goes that has no value on an axis, which reaches from 0 to 1."""

MAX_AXES = 10
MOST_LEVELS = 14
"""More categories of one hyperparameter are not all named."""


@dataclass(frozen=True)
class ParallelAxis:
    """One upright axis.

    Attributes:
        title: Over it.
        ticks: Place, from 0 to 1, and text of each.
        is_unused: Whether some trial has no value on it.
    """

    title: str
    ticks: tuple[tuple[float, str], ...]
    is_unused: bool = False


@dataclass(frozen=True)
class ParallelLine:
    """One trial's line.

    Attributes:
        trial: Its number.
        places: On each axis, the objective's the last: from 0 to 1, or `UNUSED`.
        shade: From 0 for the worst to 1 for the best.
        is_best: Whether it is the best trial's.
    """

    trial: int
    places: tuple[float, ...]
    shade: float
    is_best: bool


def parallel_axes(rows: SweepRows, scale: Scale) -> list[ParallelAxis]:
    """Returns the axes from left to right, the objective's the last."""
    names = rows.labels
    found = []
    for axis in rows.axes[:MAX_AXES]:
        is_unused = any(axis.key not in trial.values for trial in rows.results)
        found.append(ParallelAxis(names[axis.key], _ticks(axis), is_unused))
    log = ", log scale" if scale.is_log else ""
    ticks = _number_ticks(scale.low, scale.high, scale.is_log)
    return [*found, ParallelAxis(f"{objective_label(rows)}{log}", ticks)]


def parallel_lines(rows: SweepRows, scale: Scale) -> list[ParallelLine]:
    """Returns a line for each finished trial, the worst first, so that better ones lie above."""
    lines = []
    for trial in rows.results:
        places = [_place(trial, axis, len(rows.results)) for axis in rows.axes[:MAX_AXES]]
        y, shade = scale.place(trial.score), scale.shade(trial.score)
        is_best = trial.number == rows.best
        lines.append(ParallelLine(trial.number, (*places, y), shade, is_best))
    return sorted(lines, key=lambda line: (line.is_best, line.shade))


def _place(trial: TrialRow, axis: Parameter, num_trials: int) -> float:
    if axis.key not in trial.values:
        return UNUSED
    if axis.is_number:
        return _position(axis, float(trial.values[axis.key]))
    level = level_of(trial, axis)
    if level is None:
        return UNUSED
    # A little off the level, else the lines of a category would be one.
    room = 0.5 / max(len(axis.levels), 4) if num_trials > len(axis.levels) else 0.0
    jitter = room * ((trial.number * 0.618034) % 1 - 0.5)
    return min(max(_spread(level, len(axis.levels)) + jitter, 0.0), 1.0)


def _position(axis: Parameter, value: float) -> float:
    low, high = float(axis.levels[0]), float(axis.levels[-1])
    if high <= low:
        return 0.5
    if axis.is_log:
        low, high, value = (math.log(number) for number in (low, high, max(value, low)))
    return min(max((value - low) / (high - low), 0.0), 1.0)


def _spread(level: int, count: int) -> float:
    """Evenly spaced, with half a step at each end."""
    return (level + 0.5) / count


def _ticks(axis: Parameter) -> tuple[tuple[float, str], ...]:
    levels = axis.levels
    if not axis.is_number:
        texts = short_texts(levels, 17)
        every = -(-len(levels) // MOST_LEVELS)
        found = [(_spread(i, len(levels)), text) for i, text in enumerate(texts)]
        return tuple(found[::every])
    texts = [labels.format_tick(level) for level in levels]
    if len(levels) <= 8 and max(map(len, texts)) <= 6:  # longer ones were drawn, not listed
        places = [_position(axis, float(level)) for level in levels]
        if all(b - a > 0.05 for a, b in pairwise(places)):
            return tuple(zip(places, texts, strict=True))
    return _number_ticks(float(levels[0]), float(levels[-1]), axis.is_log)


def _number_ticks(low: float, high: float, is_log: bool) -> tuple[tuple[float, str], ...]:
    if high <= low:
        return ((0.5, f"{low:.4g}"),)
    if is_log:
        is_narrow = high / low < 300
        found = LogLocator(subs=(1, 2, 5) if is_narrow else (1,), numticks=7).tick_values(low, high)
    else:
        found = MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high)
    scaled = np.log if is_log else np.asarray
    ends = scaled(low), scaled(high)
    tolerance = 1e-9 * (high - low)
    inside = [float(tick) for tick in found if low - tolerance <= tick <= high + tolerance]
    places = [float((scaled(tick) - ends[0]) / (ends[1] - ends[0])) for tick in inside]
    texts = [labels.format_tick(tick) for tick in inside]
    if not is_log and all(text.lstrip("-").replace(".", "").isdigit() for text in texts):
        decimals = max((len(text.partition(".")[2]) for text in texts), default=0)
        texts = [f"{tick:.{decimals}f}" for tick in inside]
    return tuple(zip(places, texts, strict=True))


def draw_parallel(rows: SweepRows, path: Path, *, dpi: int = DPI) -> None:
    """Draws parallel coordinates into a PNG, PDF or SVG file; of more than 10 axes the first 10.

    The darker a line, the better its trial; the best is bold. A line through "not used" has no
    value there. Only finished trials are drawn.

    Args:
        rows: At least one axis, and one trial with a result.
        path: Ends in .png, .pdf or .svg; its folder exists.
        dpi: Pixels an inch, for PNG.

    Raises:
        RunError: the path has another suffix.
        StorageError: the file cannot be written.
    """
    scale = find_scale(rows, [trial.score for trial in rows.results])
    axes_rows = parallel_axes(rows, scale)
    lines = parallel_lines(rows, scale)
    num_steps = len(axes_rows) - 1
    left = max([LEFT, *(0.15 + 0.066 * len(text) for _, text in axes_rows[0].ticks)])
    width = max(left + STEP * num_steps + RIGHT, 6.4)
    step = (width - left - RIGHT) / num_steps
    has_unused = any(axis.is_unused for axis in axes_rows)
    bottom, top = 0.5, HEIGHT - 0.95
    with figure_file(path, (width, HEIGHT), dpi) as figure:
        span = step * num_steps / width
        box = (left / width, bottom / HEIGHT, span, (top - bottom) / HEIGHT)
        axes = figure.add_axes(
            box, xlim=(0, num_steps), ylim=(UNUSED - 0.03 if has_unused else 0, 1)
        )
        axes.set_axis_off()
        _draw_lines(axes, lines)
        for x, axis in enumerate(axes_rows):
            _draw_axis(axes, x, axis, is_last=x == num_steps)
        _draw_shades(axes, num_steps, scale, step)
        title = labels.wrap(title_of(rows), width - 0.4, 11.5)
        figure.suptitle(title, x=0.15 / width, y=1 - 0.1 / HEIGHT, ha="left", va="top")
        note = labels.wrap(_note(rows, scale), width - 0.4, 7)
        figure.text(0.15 / width, 0.08 / HEIGHT, note, fontsize=7.5, color=GREY)


def _draw_lines(axes: Axes, lines: Sequence[ParallelLine]) -> None:
    colors = shades()
    others = [line for line in lines if not line.is_best]
    width, alpha = (0.6, 0.35) if len(lines) > 150 else (1.1, 0.75)
    axes.add_collection(
        LineCollection(
            [list(enumerate(line.places)) for line in others],
            colors=[colors(line.shade) for line in others],
            linewidths=width,
            alpha=alpha,
            clip_on=False,
        ),
        autolim=False,
    )
    for line in lines:
        if line.is_best:
            style: dict[str, Any] = {
                "color": BEST,
                "linewidth": 2.8,
                "marker": "D",
                "markersize": 5.0,
            }
            axes.plot(range(len(line.places)), line.places, clip_on=False, zorder=5, **style)


def _draw_axis(axes: Axes, x: int, axis: ParallelAxis, *, is_last: bool) -> None:
    axes.plot([x, x], [0, 1], color=INK, linewidth=1.0, zorder=3, clip_on=False)
    ticks = [*axis.ticks, (UNUSED, NOT_USED)] if axis.is_unused else axis.ticks
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6}
    for place, text in ticks:
        axes.annotate(
            text,
            (x, place),
            (16 if is_last else -5, 0),
            textcoords="offset points",
            ha="left" if is_last else "right",
            va="center_baseline",
            fontsize=7.5,
            color=GREY if place == UNUSED else INK,
            bbox=box,
            zorder=6,
            annotation_clip=False,
        )
        if place != UNUSED:
            axes.plot([x], [place], marker="_", color=INK, markersize=5, zorder=3, clip_on=False)
    title = _title(axis.title)
    axes.annotate(
        title,
        (x, 1),
        (0, 9),
        textcoords="offset points",
        ha="center",
        va="bottom",
        fontsize=8.5,
        fontweight="bold",
        annotation_clip=False,
    )


def _title(text: str) -> str:
    """Returns a title in at most two lines, broken at spaces and after underlines and dots."""
    width = int(STEP * 72 / (0.66 * 8.5))
    lines = [""]
    for part in text.replace("_", "_\0").replace(".", ".\0").replace(" ", " \0").split("\0"):
        if lines[-1] and len(lines[-1]) + len(part.rstrip()) > width:
            lines.append("")
        lines[-1] += part
    kept = lines if len(lines) <= 2 else [lines[0], "".join(lines[1:])]
    return "\n".join(labels.shorten(line.rstrip(), width) for line in kept)


def _draw_shades(axes: Axes, x: int, scale: Scale, step: float) -> None:
    """Draws what the lines' shades mean as a bar along the objective's axis."""
    if scale.high <= scale.low:
        return
    sides = [x + 0.05 / step, x + 0.16 / step]
    values = np.linspace(0, 1, 65)
    shown = values if scale.higher_is_better else 1 - values
    colors = shades()
    for low, high, shade in zip(values, values[1:], shown, strict=False):
        axes.fill_between(sides, low, high, color=colors(shade), linewidth=0, clip_on=False)


def _note(rows: SweepRows, scale: Scale) -> str:
    notes = ["the darker, the better"]
    if rows.best_trial:
        notes.insert(0, f"bold, {best_text(rows)}")
    if len(rows.results) < len(rows.trials):
        notes.append("finished trials alone")
    if scale.num_outside:
        edge = "lower" if rows.higher_is_better else "upper"
        notes.append(f"{scale.num_outside} much worse ones end at the {edge} end of the last axis")
    if len(rows.axes) > MAX_AXES:
        notes.append(f"the first {MAX_AXES} of {len(rows.axes)} hyperparameters")
    return "; ".join(notes)
