"""Small multiples: many small panels on one page, under one title and one legend."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from dlrun.plots import labels
from dlrun.plots.figure import GREY, figure_file

Panel = tuple[str, Callable[[Axes], None]]
"""A panel's title, and what draws into its axes."""

WIDTH = 7.4  # inches, as all lengths below
MARGIN = 0.2
LINE = 0.21  # of the title
COLUMNS = ((1, 1, 3.2), (2, 2, 2.6), (3, 3, 2.4), (9, 3, 1.9), (16, 4, 1.5), (99, 5, 1.3))
"""Up to so many panels: so many columns, so high a panel."""


def draw_panels(
    panels: Sequence[Panel],
    path: Path,
    *,
    legend: Sequence[Line2D],
    note: str,
    title: str,
    dpi: int,
    layout: tuple[int, float] | None = None,
) -> None:
    """Draws panels row by row, the note at the bottom.

    Args:
        panels: Each with its title; drawn from left to right.
        path: Ends in .png, .pdf or .svg; its folder exists.
        legend: One for all panels, below the title; may be empty.
        note: May be empty.
        title: Over the figure.
        dpi: Pixels an inch, for PNG.
        layout: Columns, and a panel's height in inches; None for what `COLUMNS` says.

    Raises:
        RunError: the path's suffix is not .png, .pdf or .svg.
        StorageError: the file cannot be written.
    """
    found = next((many, height) for most, many, height in COLUMNS if len(panels) <= most)
    columns, panel_height = layout or found
    num_rows = -(-len(panels) // columns)
    heading = labels.wrap(title, WIDTH - 0.5, 12)
    words = labels.wrap(note, WIDTH, 7.0, max_lines=3)
    legend_top = 0.15 + LINE * len(heading.splitlines())
    top = legend_top + 0.19 * -(-len(legend) // 5) + 0.1
    bottom = 0.1 + 0.14 * len(words.splitlines())
    height = top + num_rows * panel_height + bottom
    left = MARGIN / WIDTH
    with figure_file(path, (WIDTH, height), dpi) as figure:
        y = 1 - 0.12 / height
        figure.text(left, y, heading, fontsize=12, fontweight="bold", va="top")
        figure.text(left, 0.06 / height, words, fontsize=7.5, color=GREY)
        _shared_legend(figure, legend, legend_top)
        rect = (0.7 * left, bottom / height, 1 - 1.4 * left, 1 - (top + bottom) / height)
        figure.set_layout_engine("constrained", rect=rect, w_pad=0.06, h_pad=0.05)
        grid = figure.subplots(num_rows, columns, squeeze=False).ravel()
        for axes, (name, draw) in zip(grid, panels, strict=False):
            _prepare(axes, labels.shorten(name, int(WIDTH / columns * 10.5)), columns)
            draw(axes)
        for axes in grid[len(panels) :]:
            axes.set_axis_off()


def _prepare(axes: Axes, title: str, columns: int) -> None:
    axes.set_title(title, fontsize=8.5, pad=3)
    axes.tick_params(labelsize=7, length=2.5, pad=2)
    axes.xaxis.set_major_locator(MaxNLocator(4 if columns < 5 else 3, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: labels.format_tick(x)))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: labels.format_tick(y)))


def _shared_legend(figure: Figure, entries: Sequence[Line2D], top: float) -> None:
    if entries:
        width, height = figure.get_size_inches()
        anchor = (MARGIN / width, 1 - (top + 0.02) / height)
        style = {"loc": "upper left", "ncol": min(5, len(entries)), "fontsize": 9}
        figure.legend(handles=list(entries), bbox_to_anchor=anchor, **style)
