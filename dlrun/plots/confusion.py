"""The confusion matrix: which classes are taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dlrun.plots import labels
from dlrun.plots.figure import DPI, GREY, INK, PADDING, figure_file

MAX_CLASSES = 60
"""More cannot be told apart on a page."""

MOST_WITH_NUMBERS = 20
"""Up to here each cell has room for its number of rows."""


def draw_confusion(
    matrix: Sequence[Sequence[int]],
    class_names: Sequence[str],
    path: Path,
    *,
    title: str = "",
    note: str = "",
    dpi: int = DPI,
) -> None:
    """Draws a confusion matrix into a PNG, PDF or SVG file.

    A row is what an image or line is, a column what it was taken for. Cells hold numbers of
    rows; their shade is the share of the row, so that rare classes can be read as well.

    Args:
        matrix: Counts, true classes by predicted ones; at most `MAX_CLASSES`.
        class_names: In the matrix's order.
        path: Ends in .png, .pdf or .svg; its folder exists.
        title: Over the figure; may be empty.
        note: A line below the title.
        dpi: Pixels an inch, for PNG.

    Raises:
        RunError: the path has another suffix.
        StorageError: the file cannot be written.
    """
    counts = np.asarray(matrix, np.float64)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [labels.shorten(name, 16) for name in class_names]
    cell = 0.46 if len(names) <= MOST_WITH_NUMBERS else 0.2  # inches, as all lengths below
    longest = 0.085 * max(len(name) for name in names)
    side = max(1.9, cell * len(names))
    upright = longest > side / len(names) * 0.95
    size = (side + longest + 1.1, side + (longest if upright else 0.15) + 1.15)
    with figure_file(path, size, dpi) as figure:
        figure.set_layout_engine("constrained", **PADDING)
        axes = figure.add_subplot()
        axes.grid(visible=False)
        axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
        _name_axes(axes, names, upright=upright)
        if len(names) <= MOST_WITH_NUMBERS:
            _write_numbers(axes, counts, shares)
        _head(figure, axes, title, note, size[0])


def _name_axes(axes: Axes, names: Sequence[str], *, upright: bool) -> None:
    places = range(len(names))
    points = 9.0 if len(names) <= MOST_WITH_NUMBERS else 6.5
    axes.set_xticks(places, names, rotation=90 if upright else 0, fontsize=points)
    axes.set_yticks(places, names, fontsize=points)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")


def _write_numbers(axes: Axes, counts: np.ndarray, shares: np.ndarray) -> None:
    for row, column in np.ndindex(counts.shape):
        if counts[row, column]:
            number = labels.format_tick(float(counts[row, column]))
            color = "white" if shares[row, column] > 0.55 else INK
            axes.text(column, row, number, ha="center", va="center", fontsize=7.5, color=color)


def _head(figure: Figure, axes: Axes, title: str, note: str, width: float) -> None:
    figure.suptitle(labels.wrap(title, width - 0.3, 10.5), x=0.02, ha="left", fontsize=10.5)
    axes.set_title(labels.wrap(note, width - 0.3, 8), fontsize=8, fontweight="normal", color=GREY)
