"""Several runs in one figure: a name for each at the right, where its curve ends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dlrun.plots.figure import GREY, PADDING, PALETTE
from dlrun.plots.labels import shorten

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*", "d", "p")
"""A second sign beside the colour, for print in black and white."""


def color_of(run: int) -> str:
    """Returns the colour of a run, counted from 0; after twelve they come again."""
    return PALETTE[run % len(PALETTE)]


def marker_of(run: int) -> str:
    """Returns the marker of a run, counted from 0; other than before where colours come again."""
    return MARKERS[(run + run // len(PALETTE)) % len(MARKERS)]


def spread_markers(num_points: int, run: int) -> list[int]:
    """Returns which points of a curve carry its run's marker: about eight, not all runs' alike."""
    if num_points <= 8:
        return list(range(num_points))
    step = num_points / 8
    return sorted({int((i + (run * 0.37) % 1) * step) for i in range(8)})


def spread_labels(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Returns positions near the `wanted` ones, at least `gap` apart, from `low` to `high`.

    The order is kept. Where there are too many for the gap, they are spread evenly.
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    gap = min(gap, (high - low) / max(len(wanted) - 1, 1))
    groups: list[list[float]] = []  # of neighbours that touch: [sum of wished starts, count]
    for i in order:
        groups.append([wanted[i], 1])
        while len(groups) > 1 and _start(groups[-1], gap, low, high) < (
            _start(groups[-2], gap, low, high) + groups[-2][1] * gap
        ):
            total, count = groups.pop()
            groups[-1][0] += total - count * groups[-1][1] * gap
            groups[-1][1] += count
    placed = [0.0] * len(wanted)
    rank = 0
    for group in groups:
        start = _start(group, gap, low, high)
        for step in range(int(group[1])):
            placed[order[rank]] = start + step * gap
            rank += 1
    return placed


def _start(group: Sequence[float], gap: float, low: float, high: float) -> float:
    """Returns where a group begins: the mean of its members' wishes, inside the bounds."""
    total, count = group
    return min(max(total / count, low), high - (count - 1) * gap)


@dataclass(frozen=True)
class RunEnd:
    """Where a run's curve ends, in the data's numbers, and what is written beside it."""

    text: str
    run: int
    x: float
    y: float


SAMPLE = 0.30  # inches: the piece of line before a name
LEADER = 0.22


def label_runs(figure: Figure, axes: Axes, ends: Sequence[RunEnd]) -> None:
    """Writes the runs' names right of the axes, in the order in which their curves end.

    It lays the figure out, with room for the names, and freezes that layout.
    """
    lines = [shorten(end.text, 46) for end in ends]
    points = 9.0 if len(ends) <= 16 else 7.0
    texts = [figure.text(0, 0, line, fontsize=points, va="center_baseline") for line in lines]
    widest = max(text.get_window_extent().width for text in texts) / figure.dpi
    width, height = figure.get_size_inches()
    room = min((widest + LEADER + SAMPLE + 0.15) / width, 0.6)
    figure.set_layout_engine("constrained", rect=(0.0, 0.0, 1.0 - room, 1.0), **PADDING)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    box = axes.get_position()
    low, high = box.y0 * height + 0.05, box.y1 * height - 0.05
    data = axes.transData.transform([(end.x, end.y) for end in ends]) / figure.dpi  # inches
    # A run without a value has no place of its own: below all others.
    wanted = [min(max(float(y), low), high) if math.isfinite(y) else low for y in data[:, 1]]
    places = spread_labels(wanted, points / 72 * 1.55, low, high)
    right = box.x1 * width
    for end, text, x, y, place in zip(ends, texts, data[:, 0], wanted, places, strict=True):
        start = right + LEADER
        text.set(transform=figure.dpi_scale_trans, position=(start + SAMPLE + 0.07, place))
        _line(figure, [start, start + SAMPLE / 2, start + SAMPLE], [place] * 3, end.run)
        if x > right - 0.06 * width:  # else the leader would cross other curves
            _line(figure, [float(x) + 0.05, start - 0.04], [y, place])


def _line(figure: Figure, x: Sequence[float], y: Sequence[float], run: int | None = None) -> None:
    """Draws a run's piece of line with its marker, or (without run) a thin leader; in inches."""
    line = Line2D(x, y, color=GREY, linewidth=0.6, transform=figure.dpi_scale_trans)
    if run is not None:
        line.set(color=color_of(run), linewidth=1.8, marker=marker_of(run), markersize=5.0)
        line.set_markevery([1])
    figure.add_artist(line)
