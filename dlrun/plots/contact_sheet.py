"""Predicted images: what came in, what the net sees pixel by pixel, what it says of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from dlrun.plots import labels as words
from dlrun.plots.figure import DPI, FAINT, GREY, INK, figure_file, sheet

TILE = 1.0  # inches, as all lengths below
BARS = 1.25
GAP = 0.09
MARGIN = 0.25
COLUMNS = 2
BELOW = 0.34

RIGHT, WRONG, UNKNOWN = "#009e73", "#d55e00", "#0072b2"


@dataclass(frozen=True, eq=False)
class Tile:
    """One image on a contact sheet.

    Attributes:
        name: Shown below it.
        source: (height, width, 3) uint8, as it came.
        seen: (height, width) or (height, width, channels), 0 to 1, as the model was given it.
        top: Classes and their probabilities, likeliest first.
        label: What it is, where that is known.
        remark: What may have misled the model; empty without.
    """

    name: str
    source: np.ndarray
    seen: np.ndarray
    top: tuple[tuple[str, float], ...]
    label: str | None = None
    remark: str = ""


def draw_contact_sheet(
    tiles: Sequence[Tile], path: Path, *, title: str = "", note: str = "", dpi: int = DPI
) -> None:
    """Draws images in two columns into a PNG, PDF or SVG file, the wrong ones marked.

    Args:
        tiles: In order; one at least.
        path: Ends in .png, .pdf or .svg; its folder exists.
        title: Over the figure.
        note: A line below the title.
        dpi: Pixels an inch, for PNG.

    Raises:
        RunError: the path has another suffix.
        StorageError: the file cannot be written.
    """
    columns = min(COLUMNS, len(tiles))
    cell = 2 * TILE + BARS + 3 * GAP
    width = max(2 * MARGIN + columns * cell + (columns - 1) * 0.3, 4.5)
    head = MARGIN + 0.3 + (0.22 if note else 0.0)
    rows = -(-len(tiles) // columns)
    height = head + rows * (TILE + BELOW) + 0.12
    with figure_file(path, (width, height), dpi) as figure:
        axes = sheet(figure)
        axes.text(MARGIN, 0.3, words.shorten(title, int(width * 9)), fontsize=11, weight="bold")
        if note:
            axes.text(MARGIN, 0.52, words.shorten(note, int(width * 14)), fontsize=8.5, color=GREY)
        for i, tile in enumerate(tiles):
            left = MARGIN + i % columns * (cell + 0.3)
            _draw_tile(axes, tile, left, head + i // columns * (TILE + BELOW))


def _draw_tile(axes: Axes, tile: Tile, left: float, top: float) -> None:
    is_wrong = tile.label is not None and tile.top and tile.top[0][0] != tile.label
    color = WRONG if is_wrong else UNKNOWN if tile.label is None else RIGHT
    _draw_image(axes, tile.source, left, top, GREY)
    _draw_image(axes, tile.seen, left + TILE + GAP, top, color if is_wrong else GREY)
    _draw_bars(axes, tile.top, left + 2 * (TILE + GAP) + 0.05, top, color)
    known = "" if tile.label is None else f" · is {tile.label}" if is_wrong else " · right"
    text = words.shorten(tile.name, 44 - len(known)) + known
    axes.text(left, top + TILE + 0.13, text, fontsize=7, color=WRONG if is_wrong else INK)
    if tile.remark:
        axes.text(left, top + TILE + 0.25, words.shorten(tile.remark, 62), fontsize=6, color=GREY)


def _draw_image(axes: Axes, image: np.ndarray, left: float, top: float, color: str) -> None:
    """Fitted into a square, its pixels as they are."""
    height, width = image.shape[:2]
    scale = TILE / max(height, width)
    shown_width, shown_height = width * scale, height * scale
    x, y = left + (TILE - shown_width) / 2, top + (TILE - shown_height) / 2
    extent = (x, x + shown_width, y + shown_height, y)
    way = "antialiased" if max(height, width) > 64 else "nearest"
    axes.imshow(image, extent=extent, aspect="auto", interpolation=way, cmap="gray", vmin=0, vmax=1)
    frame = Rectangle((x, y), shown_width, shown_height, fill=False, edgecolor=color)
    frame.set_linewidth(0.5 if color == GREY else 1.6)
    axes.add_patch(frame)


def _draw_bars(
    axes: Axes, top: Sequence[tuple[str, float]], left: float, upper: float, color: str
) -> None:
    for i, (name, share) in enumerate(top):
        y = upper + 0.12 + i * 0.31
        weight = "bold" if i == 0 else "normal"
        axes.text(left, y, words.shorten(name, 13), fontsize=8 if i else 9.5, weight=weight)
        axes.text(left + BARS - 0.1, y, f"{share:.3f}", fontsize=7, color=GREY, ha="right")
        full, length = BARS - 0.1, (BARS - 0.1) * min(max(share, 0.0), 1.0)
        axes.add_patch(Rectangle((left, y + 0.05), full, 0.07, color=FAINT, linewidth=0))
        bar = Rectangle((left, y + 0.05), length, 0.07, color=color if i == 0 else GREY)
        bar.set_linewidth(0)
        axes.add_patch(bar)
