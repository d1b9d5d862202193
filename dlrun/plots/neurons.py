"""A small dense net drawn neuron by neuron, as on a lecture's slide."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Circle

from dlrun.plots import labels
from dlrun.plots.figure import DPI, GREY, INK, figure_file, sheet
from dlrun.plots.model_rows import NeuronColumn

RADIUS, STEP = 0.155, 0.42  # inches, as all lengths below
SMALL_STEP = 0.36  # where a layer has more than 12 neurons
COLUMN = 1.75
MARGIN = 0.95
PAGE = 6.9
INPUT, HIDDEN, OUTPUT = "#ffffff", "#dcebf5", "#fbe6d6"
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def draw_neurons(
    columns: Sequence[NeuronColumn],
    total: Sequence[str],
    path: Path,
    *,
    title: str = "",
    dpi: int = DPI,
) -> None:
    """Draws a small dense net: a circle a neuron, a line a weight, the count under each layer.

    Args:
        columns: From `neuron_columns`, the input first.
        total: The lines at the bottom.
        path: Ends in .png, .pdf or .svg; its folder exists.
        title: Over the figure; may be empty.
        dpi: Pixels an inch, for PNG.

    Raises:
        RunError: the path has another suffix.
        StorageError: the file cannot be written.
    """
    widest = max(column.num_neurons for column in columns)
    step = STEP if widest <= 12 else SMALL_STEP
    body = step * max(widest - 1, 2) + 2 * RADIUS
    num_gaps = len(columns) - 1
    # Wider where the columns are tall, so that lines do not pass over the circles below.
    gap = max(min(0.45 * body, (PAGE - 2 * MARGIN) / num_gaps), COLUMN if num_gaps < 5 else 1.45)
    width = max(2 * MARGIN + gap * num_gaps, 4.2)
    left = (width - gap * num_gaps) / 2
    heading = labels.wrap(title, width - 0.5, 12)
    top = 0.35 + 0.22 * len(heading.splitlines())
    under = top + body + 0.3
    with figure_file(path, (width, under + 1.1 + 0.2 * len(total)), dpi) as figure:
        axes = sheet(figure)
        axes.text(0.25, 0.2, heading, fontsize=12, fontweight="bold", va="top")
        places = [
            [
                (left + i * gap, top + body / 2 + (j - (column.num_neurons - 1) / 2) * step)
                for j in range(column.num_neurons)
            ]
            for i, column in enumerate(columns)
        ]
        _connections(axes, places)
        for i, column in enumerate(columns):
            _circles(axes, places[i], i, len(columns))
            _words(axes, column, left + i * gap, under, gap)
        note = "a circle is a neuron, a line a weight"
        if any("+ 1)" in column.formula for column in columns):
            note += "; + 1 is each neuron’s bias"
        axes.text(width / 2, under + 0.88, total[0], ha="center", fontsize=10.5, fontweight="bold")
        for i, line in enumerate([*total[1:], note]):
            y = under + 1.08 + 0.2 * i
            axes.text(width / 2, y, line, ha="center", fontsize=8, color=GREY)


def _connections(axes: Axes, places: Sequence[Sequence[tuple[float, float]]]) -> None:
    lines = [
        (start, end) for before, after in pairwise(places) for start in before for end in after
    ]
    dense = max(len(a) * len(b) for a, b in pairwise(places))
    width = 0.7 if dense <= 64 else 0.4
    axes.add_collection(LineCollection(lines, colors="#555555", linewidths=width, zorder=1))


def _circles(
    axes: Axes, places: Sequence[tuple[float, float]], column: int, num_columns: int
) -> None:
    last = column == num_columns - 1
    fill = INPUT if column == 0 else OUTPUT if last else HIDDEN
    for i, place in enumerate(places):
        axes.add_patch(
            Circle(place, RADIUS, facecolor=fill, edgecolor=INK, linewidth=1.1, zorder=2)
        )
        if column == 0 or last:
            letter = "x" if column == 0 else "ŷ"
            name = letter + (str(i + 1).translate(SUBSCRIPTS) if len(places) > 1 else "")
            style: dict[str, Any] = {"ha": "center", "va": "center", "fontstyle": "italic"}
            axes.text(*place, name, fontsize=8.5, zorder=3, **style)


def _words(axes: Axes, column: NeuronColumn, x: float, y: float, gap: float) -> None:
    """Writes what a layer is, its activation, and its parameters, under it."""
    axes.text(x, y, column.name, ha="center", fontsize=10, fontweight="bold")
    unit = {"input": "feature"}.get(column.name, "neuron")
    plural = "" if column.num_neurons == 1 else "s"
    size = f"{column.num_neurons} {unit}{plural}"
    if column.activation:
        size += f" · {labels.shorten(column.activation, 20)}"
    axes.text(x, y + 0.2, size, ha="center", fontsize=_fitting(size, 8.5, gap), color=GREY)
    if column.name == "input":
        return
    equals = f"{column.formula} = {column.num_parameters:,}".removeprefix(" = ")
    axes.text(x, y + 0.45, equals, ha="center", fontsize=_fitting(equals, 9.5, gap))


def _fitting(text: str, points: float, inches: float) -> float:
    """Returns the font size, at most `points`, at which `text` is about `inches` wide."""
    return min(points, inches * 72 / (0.62 * len(text)))
